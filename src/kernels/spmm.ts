import { forEachBlock } from "../core/progress.ts";
import type { Sparse } from "../model/matrix.ts";
import type { Kernels, SparseProduct } from "./wasm/exports.ts";
import { type Arena, withArena } from "./wasm/arena.ts";

/** Stored entries handed to the kernel at a time: with up to 64 columns, about 10 ms of work. */
const BLOCK_ENTRIES = 262144;

type Numbers = Float32Array | Float64Array;

/**
 * x times b: n x k, row-major, in the precision of `b` (single: twice as fast; double: for sums that must be accurate).
 * Each number is summed in the order of the stored entries. Stops between blocks when the signal says so.
 *
 * @param x sparse, n x p
 * @param b row-major, p x k
 */
export function sparseTimesDense(
  x: Sparse,
  b: Float32Array,
  k: number,
  signal?: AbortSignal,
): Promise<Float32Array>;
export function sparseTimesDense(
  x: Sparse,
  b: Float64Array,
  k: number,
  signal?: AbortSignal,
): Promise<Float64Array>;
export async function sparseTimesDense(
  x: Sparse,
  b: Numbers,
  k: number,
  signal?: AbortSignal,
): Promise<Numbers> {
  return await product(x, b, k, false, signal);
}

/**
 * The transpose of x times b: p x k, row-major, in the precision of `b`. Each number is summed in the order of x's rows.
 *
 * @param x sparse, n x p
 * @param b row-major, n x k
 */
export function transposeTimesDense(
  x: Sparse,
  b: Float32Array,
  k: number,
  signal?: AbortSignal,
): Promise<Float32Array>;
export function transposeTimesDense(
  x: Sparse,
  b: Float64Array,
  k: number,
  signal?: AbortSignal,
): Promise<Float64Array>;
export async function transposeTimesDense(
  x: Sparse,
  b: Numbers,
  k: number,
  signal?: AbortSignal,
): Promise<Numbers> {
  return await product(x, b, k, true, signal);
}

/** Streams the rows of x through an arena that holds the p x k operand whole. */
async function product(
  x: Sparse,
  b: Numbers,
  k: number,
  transposed: boolean,
  signal: AbortSignal | undefined,
): Promise<Numbers> {
  const wide = b instanceof Float64Array;
  const lanes = wide ? 2 : 4;
  const padded = Math.ceil(k / lanes) * lanes;
  const stride = padded * b.BYTES_PER_ELEMENT;
  const { starts, mostRows, mostEntries } = rowBlocks(x);
  const blocks = starts.length - 1;
  const length = (transposed ? x.cols : x.rows) * k;
  const result = wide ? new Float64Array(length) : new Float32Array(length);

  await withArena((x.cols + mostRows) * stride + 4 * (mostRows + 1) + 8 * mostEntries, async (arena) => {
    const perGene = numbers(arena, wide, x.cols * padded);
    const perRow = numbers(arena, wide, mostRows * padded);
    const indptr = arena.u32(mostRows + 1);
    const indices = arena.u32(mostEntries);
    const data = arena.f32(mostEntries);
    const kernel = kernelOf(arena.kernels, transposed, wide);
    if (!transposed) copyRows(b, k, perGene, padded, x.cols);
    await forEachBlock(
      "product",
      blocks,
      1,
      (t) => {
        const start = starts[t];
        const rows = starts[t + 1] - start;
        const first = x.indptr[start];
        const last = x.indptr[start + rows];
        for (let i = 0; i <= rows; i++) indptr[i] = x.indptr[start + i] - first;
        indices.set(x.indices.subarray(first, last));
        data.set(x.data.subarray(first, last));
        if (transposed) copyRows(b.subarray(start * k), k, perRow, padded, rows);
        const [from, to] = transposed ? [perRow, perGene] : [perGene, perRow];
        kernel(
          rows,
          indptr.byteOffset,
          indices.byteOffset,
          data.byteOffset,
          from.byteOffset,
          stride,
          to.byteOffset,
        );
        if (!transposed) copyRows(perRow, padded, result.subarray(start * k), k, rows);
      },
      { signal },
    );
    if (transposed) copyRows(perGene, padded, result, k, x.cols);
  });
  return result;
}

function kernelOf(kernels: Kernels, transposed: boolean, wide: boolean): SparseProduct {
  if (transposed) return wide ? kernels.transposeTimesDense64 : kernels.transposeTimesDense32;
  return wide ? kernels.sparseTimesDense64 : kernels.sparseTimesDense32;
}

function numbers(arena: Arena, wide: boolean, length: number): Numbers {
  return wide ? arena.f64(length) : arena.f32(length);
}

/** Divides rows into blocks of at most so many entries and rows (a longer row is a block of its own). */
export function rowBlocks(
  x: Sparse,
  entries: number = BLOCK_ENTRIES,
): {
  /** the first row of each block, and the number of rows */
  readonly starts: number[];
  readonly mostRows: number;
  readonly mostEntries: number;
} {
  const starts = [0];
  for (let i = 1; i <= x.rows; i++) {
    const start = starts[starts.length - 1];
    const full = x.indptr[i] - x.indptr[start] > entries || i - start > BLOCK_ENTRIES / 16;
    if (full && i - 1 > start) starts.push(i - 1);
  }
  if (x.rows > 0) starts.push(x.rows);
  let mostRows = 0;
  let mostEntries = 0;
  for (let t = 1; t < starts.length; t++) {
    mostRows = Math.max(mostRows, starts[t] - starts[t - 1]);
    mostEntries = Math.max(mostEntries, x.indptr[starts[t]] - x.indptr[starts[t - 1]]);
  }
  return { starts, mostRows, mostEntries };
}

/** Copies the first columns of `rows` rows between row-major arrays of different widths. */
function copyRows(from: Numbers, fromCols: number, to: Numbers, toCols: number, rows: number): void {
  if (fromCols === toCols) {
    to.set(from.subarray(0, rows * fromCols));
    return;
  }
  const cols = Math.min(fromCols, toCols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) to[i * toCols + j] = from[i * fromCols + j];
  }
}
