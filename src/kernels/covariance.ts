import { checkAborted, type RunOptions } from "../core/progress.ts";
import type { Sparse } from "../model/index.ts";
import type { BlockProduct } from "./lanczos.ts";
import { rowBlocks } from "./spmm.ts";
import { type Call, threadsFor, withThreads } from "./wasm/threads.ts";

/** Stored entries that stay in memory between products; of a larger matrix each batch is copied anew. */
const RESIDENT_ENTRIES = 33554432;
/** The least entries of a block of rows, and how many blocks there are at most where it has more. */
const BLOCK_ENTRIES = 65536;
const BLOCKS = 64;
/** Blocks that are multiplied before their products are added up. */
const BATCH = 32;

/**
 * Runs `work` with the covariance (divisor n - 1) of the columns of x as an operator on blocks of up to `block` vectors.
 * Each product passes over x once: a block of rows is multiplied, centred, and multiplied back while it is at hand, on any
 * thread. Products are in f32 within a block of rows; the blocks are added up in f64, in order.
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
  const entries = Math.max(BLOCK_ENTRIES, Math.ceil(x.data.length / BLOCKS));
  const { starts, mostRows } = rowBlocks(x, entries);
  const blocks = starts.length - 1;
  const firstEntry = (t: number): number => x.indptr[starts[Math.min(t, blocks)]];
  const resident = x.data.length <= residentEntries;
  const batches = Array.from({ length: Math.ceil(blocks / BATCH) }, (_, k) => k * BATCH);
  const held = resident
    ? x.data.length
    : batches.reduce((most, t) => Math.max(most, firstEntry(t + BATCH) - firstEntry(t)), 0);
  const width = Math.ceil(block / 4) * 4;
  const slots = Math.min(BATCH, blocks);
  const perRow = 4 * mostRows * width;
  const bytes =
    4 * (n + 1) + 8 * held + 4 * width * p * (1 + slots) + 8 * width * (1 + slots) + perRow * threadsFor(run);
  return await withThreads(bytes, { ...run, onProgress: undefined }, (arena) => {
    const indptr = arena.u32(n + 1);
    const indices = arena.u32(held);
    const data = arena.f32(held);
    const v = arena.f32(p * width);
    const shift = arena.f64(width);
    const y = arena.f32(mostRows * width * arena.threads);
    const z = arena.f32(p * width * slots);
    const sums = arena.f64(width * slots);
    indptr.set(x.indptr);
    if (resident) {
      indices.set(x.indices);
      data.set(x.data);
    }
    const product: BlockProduct = async (vectors, b) => {
      checkAborted(run.signal);
      const lanes = Math.ceil(b / 4) * 4;
      v.fill(0);
      shift.fill(0);
      for (let c = 0; c < b; c++) {
        for (let j = 0; j < p; j++) {
          v[j * lanes + c] = vectors[c * p + j];
          shift[c] += mean[j] * v[j * lanes + c];
        }
      }
      const sum = new Float64Array(lanes);
      const total = new Float64Array(p * lanes);
      for (const first of batches) {
        const last = Math.min(blocks, first + BATCH);
        const from = firstEntry(first);
        if (!resident) {
          indices.set(x.indices.subarray(from, firstEntry(last)));
          data.set(x.data.subarray(from, firstEntry(last)));
        }
        // Row offsets count from the first entry of x, so the kernel is given where that would be.
        const before = resident ? 0 : 4 * from;
        const calls: Call[] = [];
        for (let t = first; t < last; t++)
          calls.push([
            starts[t + 1] - starts[t],
            p,
            indptr.byteOffset + 4 * starts[t],
            indices.byteOffset - before,
            data.byteOffset - before,
            v.byteOffset,
            4 * lanes,
            shift.byteOffset,
            y.byteOffset,
            z.byteOffset + 4 * p * lanes * (t - first),
            sums.byteOffset + 8 * lanes * (t - first),
          ]);
        await arena.spread("product", "centredProduct32", calls, { 8: perRow });
        for (let t = 0; t < calls.length; t++) {
          const part = z.subarray(p * lanes * t, p * lanes * (t + 1));
          for (let e = 0; e < part.length; e++) total[e] += part[e];
          for (let c = 0; c < lanes; c++) sum[c] += sums[lanes * t + c];
        }
      }
      const out = new Float64Array(b * p);
      for (let j = 0; j < p; j++) {
        for (let c = 0; c < b; c++) out[c * p + j] = (total[j * lanes + c] - mean[j] * sum[c]) / (n - 1);
      }
      return out;
    };
    return work(product);
  });
}
