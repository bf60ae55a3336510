import type { RunOptions } from "../core/progress.ts";
import type { Sparse } from "../model/index.ts";
import { withCovariance } from "./covariance.ts";
import { symmetricTimes } from "./gram.ts";
import { type BlockProduct, leadingEigen } from "./lanczos.ts";
import { sparseTimesDense, transposeTimesDense } from "./spmm.ts";

/** A matrix of observations by features that is only ever multiplied, in f32. */
export interface LinearMap {
  readonly rows: number;
  readonly cols: number;
  /** this times v (cols x k, row-major): rows x k */
  readonly times: (v: Float32Array, k: number, signal?: AbortSignal) => Promise<Float32Array>;
  /** the transpose of this times y (rows x k): cols x k */
  readonly transposeTimes: (y: Float32Array, k: number, signal?: AbortSignal) => Promise<Float32Array>;
}

/** Directions of largest variance of a matrix, its columns centred. */
export interface PrincipalAxes {
  /** length d, descending, with divisor rows - 1 */
  readonly variance: Float64Array;
  /** length d * cols, one unit vector per row, its largest entry positive */
  readonly axes: Float64Array;
}

export interface AxesOptions {
  readonly count: number;
  readonly tolerance: number;
  readonly seed: number;
  readonly step: string;
}

export function sparseMap(x: Sparse): LinearMap {
  return {
    rows: x.rows,
    cols: x.cols,
    times: (v, k, signal) => sparseTimesDense(x, v, k, signal),
    transposeTimes: (y, k, signal) => transposeTimesDense(x, y, k, signal),
  };
}

/** Principal axes of an implicit matrix; centring never touches it. */
export async function axesOfMap(
  map: LinearMap,
  mean: Float64Array,
  options: AxesOptions,
  run: RunOptions,
): Promise<PrincipalAxes> {
  const { rows, cols } = map;
  const apply = async (vectors: Float64Array, b: number): Promise<Float64Array> => {
    const y = await centredTimes(map, mean, columnsOf(vectors, cols, b), b, run.signal);
    const sums = new Float64Array(b);
    for (let i = 0; i < rows; i++) for (let c = 0; c < b; c++) sums[c] += y[i * b + c];
    const z = await map.transposeTimes(y, b, run.signal);
    const out = new Float64Array(b * cols);
    for (let j = 0; j < cols; j++) {
      for (let c = 0; c < b; c++) out[c * cols + j] = (z[j * b + c] - mean[j] * sums[c]) / (rows - 1);
    }
    return out;
  };
  return axes(cols, apply, 8, options, run);
}

/**
 * Coordinates of the rows along the principal axes (rows x count), found among the rows: fastest where they are fewer than
 * the columns. With M the centred matrix and u an eigenvector of M M', the axis is M'u made to length 1 and M axis lies along u.
 */
export async function scoresAmongRows(
  map: LinearMap,
  options: AxesOptions,
  run: RunOptions,
): Promise<Float32Array> {
  const { rows, cols } = map;
  const { count, step, tolerance, seed } = options;
  const back = (u: Float64Array, b: number): Promise<Float32Array> =>
    map.transposeTimes(columnsOf(centred(u, rows, b), rows, b), b, run.signal);
  const product = async (u: Float64Array, b: number): Promise<Float64Array> => {
    const y = await map.times(await back(u, b), b, run.signal);
    const out = new Float64Array(b * rows);
    for (let i = 0; i < rows; i++) for (let c = 0; c < b; c++) out[c * rows + i] = y[i * b + c];
    return centred(out, rows, b);
  };
  const { values, vectors } = await leadingEigen(
    rows,
    count,
    product,
    { block: 8, tolerance, seed, step },
    run,
  );
  const axes = await back(vectors, count);
  const scores = new Float32Array(rows * count);
  for (let k = 0; k < count; k++) {
    let largest = 0;
    for (let j = 1; j < cols; j++)
      if (Math.abs(axes[j * count + k]) > Math.abs(axes[largest * count + k])) largest = j;
    const length = Math.sqrt(Math.max(0, values[k])) * (axes[largest * count + k] < 0 ? -1 : 1);
    for (let i = 0; i < rows; i++) scores[i * count + k] = vectors[k * rows + i] * length;
  }
  return scores;
}

/** Each of b vectors of length n (rows) less its mean. */
function centred(vectors: Float64Array, n: number, b: number): Float64Array {
  const out = vectors.slice(0, b * n);
  for (let c = 0; c < b; c++) {
    let mean = 0;
    for (let i = c * n; i < (c + 1) * n; i++) mean += out[i] / n;
    for (let i = c * n; i < (c + 1) * n; i++) out[i] -= mean;
  }
  return out;
}

/** Principal axes of a sparse matrix, from products with it. */
export async function axesOfProducts(
  x: Sparse,
  mean: Float64Array,
  options: AxesOptions,
  run: RunOptions,
): Promise<PrincipalAxes> {
  const block = 4;
  return withCovariance(x, mean, block, (product) => axes(x.cols, product, block, options, run), run);
}

/** Principal axes from a covariance at hand: fastest where columns are few or rows short. */
export async function axesOfCovariance(
  covariance: Float64Array,
  cols: number,
  options: AxesOptions,
  run: RunOptions,
): Promise<PrincipalAxes> {
  const product: BlockProduct = (vectors, b) => Promise.resolve(symmetricTimes(covariance, cols, vectors, b));
  return axes(cols, product, 4, options, run);
}

/** (map - 1 mean') v, rows x k */
export async function centredTimes(
  map: LinearMap,
  mean: Float64Array,
  v: Float32Array,
  k: number,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const shift = new Float64Array(k);
  for (let j = 0; j < map.cols; j++) for (let c = 0; c < k; c++) shift[c] += mean[j] * v[j * k + c];
  const y = await map.times(v, k, signal);
  for (let i = 0; i < map.rows; i++) for (let c = 0; c < k; c++) y[i * k + c] -= shift[c];
  return y;
}

/** b vectors of length n (rows) as an n x b matrix in f32. */
export function columnsOf(vectors: Float64Array, n: number, b: number): Float32Array {
  const columns = new Float32Array(n * b);
  for (let c = 0; c < b; c++) for (let j = 0; j < n; j++) columns[j * b + c] = vectors[c * n + j];
  return columns;
}

async function axes(
  cols: number,
  apply: BlockProduct,
  block: number,
  options: AxesOptions,
  run: RunOptions,
): Promise<PrincipalAxes> {
  const { count, tolerance, seed, step } = options;
  const found = await leadingEigen(cols, count, apply, { block, tolerance, seed, step }, run);
  for (let k = 0; k < count; k++) {
    const axis = found.vectors.subarray(k * cols, (k + 1) * cols);
    let largest = 0;
    for (let j = 1; j < cols; j++) if (Math.abs(axis[j]) > Math.abs(axis[largest])) largest = j;
    if (axis[largest] < 0) for (let j = 0; j < cols; j++) axis[j] = -axis[j];
  }
  return { variance: found.values.map((v) => Math.max(0, v)), axes: found.vectors };
}
