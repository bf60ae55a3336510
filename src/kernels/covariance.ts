import { checkAborted, forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Sparse } from "../model/index.ts";
import type { BlockProduct } from "./lanczos.ts";
import { rowBlocks } from "./spmm.ts";
import { withArena } from "./wasm/arena.ts";

/** Stored entries that stay in memory between products; of a larger matrix each block is copied anew. */
const RESIDENT_ENTRIES = 33554432;

/**
 * Runs `work` with the covariance (divisor n - 1) of the columns of x as an operator on blocks of up to `block` vectors.
 * Each product passes over x once: a block of rows is multiplied, centred, and multiplied back while it is at hand. Products
 * are in f32 within a block of rows, their sum over the blocks in f64.
 *
 * @param x sparse, n x p
 * @param mean length p, of the columns of x
 */
export async function withCovariance<T>(
  x: Sparse,
  mean: Float64Array,
  block: number,
  work: (product: BlockProduct) => Promise<T>,
  run: RunOptions,
  residentEntries: number = RESIDENT_ENTRIES,
): Promise<T> {
  const { rows: n, cols: p } = x;
  const { starts, mostRows, mostEntries } = rowBlocks(x);
  const resident = x.data.length <= residentEntries;
  const held = resident ? x.data.length : mostEntries;
  const width = Math.ceil(block / 4) * 4;
  const bytes = 4 * (n + 1) + 8 * held + 4 * width * (2 * p + mostRows);
  return await withArena(bytes, (arena) => {
    const indptr = arena.u32(n + 1);
    const indices = arena.u32(held);
    const data = arena.f32(held);
    const v = arena.f32(p * width);
    const y = arena.f32(mostRows * width);
    const z = arena.f32(p * width);
    indptr.set(x.indptr);
    if (resident) {
      indices.set(x.indices);
      data.set(x.data);
    }
    const product: BlockProduct = async (vectors, b) => {
      checkAborted(run.signal);
      const lanes = Math.ceil(b / 4) * 4;
      const shift = new Float64Array(b);
      v.fill(0);
      for (let c = 0; c < b; c++) {
        for (let j = 0; j < p; j++) {
          v[j * lanes + c] = vectors[c * p + j];
          shift[c] += mean[j] * v[j * lanes + c];
        }
      }
      const sums = new Float64Array(b);
      const total = new Float64Array(p * lanes);
      const rowsOf = (t: number): void => {
        const start = starts[t];
        const rows = starts[t + 1] - start;
        const first = x.indptr[start];
        if (!resident) {
          indices.set(x.indices.subarray(first, x.indptr[start + rows]));
          data.set(x.data.subarray(first, x.indptr[start + rows]));
        }
        // Row offsets count from the first entry of x, so the kernels are given where that would be.
        const before = resident ? 0 : 4 * first;
        const at = [
          indptr.byteOffset + 4 * start,
          indices.byteOffset - before,
          data.byteOffset - before,
        ] as const;
        arena.kernels.sparseTimesDense32(rows, ...at, v.byteOffset, 4 * lanes, y.byteOffset);
        for (let i = 0; i < rows; i++) {
          for (let c = 0; c < b; c++) sums[c] += y[i * lanes + c] -= shift[c];
        }
        z.fill(0);
        arena.kernels.transposeTimesDense32(rows, ...at, y.byteOffset, 4 * lanes, z.byteOffset);
        for (let e = 0; e < total.length; e++) total[e] += z[e];
      };
      await forEachBlock("product", starts.length - 1, 1, rowsOf, { signal: run.signal });
      const out = new Float64Array(b * p);
      for (let j = 0; j < p; j++) {
        for (let c = 0; c < b; c++) out[c * p + j] = (total[j * lanes + c] - mean[j] * sums[c]) / (n - 1);
      }
      return out;
    };
    return work(product);
  });
}
