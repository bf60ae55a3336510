import { checkOptions, integer, number, oneOf, type Rule, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import {
  type BlockedMatrix,
  type Dense,
  type Sparse,
  dense,
  selectColumns,
  selectColumnsBlocked,
  toBlocked,
  toSparse,
} from "../model/index.ts";
import { covarianceOf } from "../kernels/gram.ts";
import { forEachRows } from "../kernels/passes.ts";
import {
  axesOfCovariance,
  axesOfProducts,
  centredTimes,
  columnsOf,
  sparseMap,
  type AxesOptions,
} from "../kernels/principal.ts";

/** Options of `pca`. */
export interface PcaOptions extends RunOptions {
  /** How many components d; default min(50, n - 1, p - 1). */
  readonly components?: number;
  /** The genes (columns, strictly ascending) to use; default all. */
  readonly genes?: Uint32Array;
  /** Largest relative residual of a component, |C v - variance v| <= tolerance * variance; default 1e-4. */
  readonly tolerance?: number;
  readonly seed?: number;
  /**
   * "gram": from the covariance, summed exactly in f64 (8 p^2 bytes for p genes used); "lanczos": from products with the matrix in f32. Default the cheaper one.
   */
  readonly solver?: "gram" | "lanczos";
}

/** Principal components of n cells by p genes. */
export interface PcaResult {
  /** n x d, f32: the coordinates of the cells */
  readonly scores: Dense;
  /** p x d, f32: the weight of each gene; rows of genes that were not used are 0 */
  readonly loadings: Dense;
  /** length d, descending: variance along each component, divisor n - 1 */
  readonly variance: Float64Array;
  /** length d: part of the total variance of the genes used */
  readonly varianceRatio: Float64Array;
  /** length p: mean of each gene used, 0 for the others */
  readonly mean: Float64Array;
  readonly params: {
    readonly components: number;
    readonly genes: number;
    readonly tolerance: number;
    readonly seed: number;
    readonly solver: "gram" | "lanczos";
  };
}

/**
 * Principal components: the few directions along which cells differ most.
 *
 * With C the covariance of the columns, component k is its k-th eigenvector v_k, variance its eigenvalue, and scores
 * are (x_i - mean) . v_k. Columns are centred implicitly, so a sparse matrix stays sparse; they are not scaled.
 * Signs are fixed: the largest weight of each component is positive.
 *
 * Where genes are few or rows short, C is summed exactly in f64; else block Lanczos multiplies by the matrix in f32 (see `solver`).
 * Either way the search ends when each component's residual is below `tolerance` times its variance (an error of
 * that size in the direction, of its square in the variance). Components beyond the rank of the data have variance 0.
 *
 * @param x n x p, any values (usually `log`); a dense matrix is used in f32
 * @returns d components, d = min(50, n - 1, p - 1) by default
 * @throws {SpatialError} `input` for fewer than 2 cells or genes or values that are not finite; `memory`; `option` for more
 *   components than min(n - 1, p)
 *
 * Cost: about 8 d products with the matrix, on all threads, and as many steps of orthogonalization. One thread, warm: 4,000 x 2,000 at 13 %
 * 0.4 s, 50,000 x 500 at 8 % 0.4 s, 100,000 x 2,000 at 6 % 2.0 s. Memory: the matrix, and 8 d vectors of length p.
 * Checked against scanpy 1.12 (`pp.pca`, full and arpack): variance to 1e-6, directions to |cos| > 1 - 1e-5.
 * Source: Golub and Underwood 1977, The block Lanczos method for computing eigenvalues.
 *
 * @example
 * ```ts
 * import { dense } from "tissular/model";
 * import { pca } from "tissular/reduce";
 * const x = dense(4, 3, Float32Array.from([0, 0, 1, 2, 0, 1, 4, 0, 1, 6, 0, 1]));
 * const { variance, scores } = await pca(x, { components: 1 });
 * if (Math.abs(variance[0] - 20 / 3) > 1e-6 || Math.abs(scores.data[3] - 3) > 1e-6) throw new Error("one direction");
 * ```
 */
export async function pca(x: Dense | Sparse, options: PcaOptions = {}): Promise<PcaResult> {
  checkOptions("pca", options, { ...rules, solver: oneOf("gram", "lanczos") });
  const chosen = options.genes;
  const used = chosen === undefined ? x : selectColumns(x, chosen);
  const matrix = used.kind === "dense" ? toSparse(used) : used;
  const components = howMany("pca", matrix, options);
  const solver = options.solver ?? (gramIsCheaper(matrix, components) ? "gram" : "lanczos");
  if (solver === "gram") return fromCovariance(toBlocked(matrix), x.cols, components, options);
  const { rows: n, cols: p } = matrix;
  const search = searchFor(components, options);
  const { mean, total } = columnMoments(matrix);
  checkFinite(total);
  const { variance, axes } = await axesOfProducts(matrix, mean, search, options);
  const directions = columnsOf(axes, p, components);
  const scores = await centredTimes(sparseMap(matrix), mean, directions, components, options.signal);
  const basis = { n, scores, directions, variance, total, mean, search, solver } as const;
  return result(basis, chosen, x.cols);
}

/** Options of `pcaBlocked`. */
export type PcaBlockedOptions = Omit<PcaOptions, "solver">;

/** Genes up to which a covariance is held: half a gigabyte. */
const MOST_GENES = 8192;

/**
 * `pca` of a matrix that is read in blocks, from the covariance of its genes (solver "gram"): two passes, one for the
 * covariance and one for the scores, with the same bits as `pca` with that solver.
 *
 * @returns the scores are in memory: 4 n d bytes
 * @throws {SpatialError} as `pca`; `memory` for more than 8,192 genes
 *
 * Cost: per pass the reading, and half the sum over cells of squared genes per cell. Memory: one block, 8 p^2 bytes for p genes
 * used, and the scores.
 *
 * @example
 * ```ts
 * import { dense, toBlocked, toSparse } from "tissular/model";
 * import { pcaBlocked } from "tissular/reduce";
 * const x = toBlocked(toSparse(dense(4, 3, Float32Array.from([0, 0, 1, 2, 0, 1, 4, 0, 1, 6, 0, 1]))));
 * const { variance, scores } = await pcaBlocked(x, { components: 1 });
 * if (Math.abs(variance[0] - 20 / 3) > 1e-6 || Math.abs(scores.data[3] - 3) > 1e-6) throw new Error("one direction");
 * ```
 */
export async function pcaBlocked(x: BlockedMatrix, options: PcaBlockedOptions = {}): Promise<PcaResult> {
  checkOptions("pcaBlocked", options, rules);
  const matrix = options.genes === undefined ? x : selectColumnsBlocked(x, options.genes);
  const components = howMany("pcaBlocked", matrix, options);
  if (matrix.cols > MOST_GENES) {
    throw new SpatialError(
      "memory",
      `pcaBlocked: the covariance of ${matrix.cols} genes needs ${((8 * matrix.cols * matrix.cols) / 1e9).toFixed(1)} GB; at most ${MOST_GENES} genes are used.`,
      { subject: "genes", hint: "Choose variable genes with the option genes (variableGenesBlocked)." },
    );
  }
  return fromCovariance(matrix, x.cols, components, options);
}

const rules: Readonly<Record<string, Rule>> = {
  components: integer(1),
  genes: such("a Uint32Array of columns", (v) => v instanceof Uint32Array),
  tolerance: number(1e-12, 0.1),
  seed: integer(),
  ...runRules,
};

/** The number of components that is asked for, if there can be so many. */
function howMany(
  verb: string,
  { rows: n, cols: p }: { readonly rows: number; readonly cols: number },
  options: PcaOptions,
): number {
  if (n < 2 || p < 2)
    throw new SpatialError("input", `${verb} needs at least 2 cells and 2 genes, found ${n} x ${p}.`);
  const components = options.components ?? Math.min(50, n - 1, p - 1);
  if (components > Math.min(n - 1, p)) {
    throw new SpatialError(
      "option",
      `${verb}: ${n} cells and ${p} genes have at most ${Math.min(n - 1, p)} components, asked for ${components}.`,
      { subject: "components" },
    );
  }
  return components;
}

function searchFor(count: number, { tolerance = 1e-4, seed = 0 }: PcaOptions): AxesOptions {
  return { count, tolerance, seed, step: "PCA" };
}

function checkFinite(total: number): void {
  if (Number.isFinite(total)) return;
  throw new SpatialError("input", "pca needs finite values, found NaN or Infinity.", {
    hint: "Drop or fill the cells or genes concerned first.",
  });
}

async function fromCovariance(
  x: BlockedMatrix,
  cols: number,
  components: number,
  options: PcaOptions,
): Promise<PcaResult> {
  const { rows: n, cols: p } = x;
  const search = searchFor(components, options);
  const { mean, covariance, total } = await covarianceOf(x, "PCA, covariance", options);
  checkFinite(total);
  const { variance, axes } = await axesOfCovariance(covariance, p, search, options);
  const directions = columnsOf(axes, p, components);
  const scores = new Float32Array(n * components);
  const place = async (block: Sparse, start: number): Promise<void> => {
    const part = await centredTimes(sparseMap(block), mean, directions, components, options.signal);
    scores.set(part, start * components);
  };
  await forEachRows("PCA, scores", x, place, options);
  const basis = { n, scores, directions, variance, total, mean, search, solver: "gram" } as const;
  return result(basis, options.genes, cols);
}

interface Basis extends Pick<PcaResult, "variance" | "mean"> {
  readonly n: number;
  readonly scores: Float32Array;
  readonly directions: Float32Array;
  readonly total: number;
  readonly search: AxesOptions;
  readonly solver: "gram" | "lanczos";
}

/** What was found for the genes used, put at their places among all genes. */
function result(basis: Basis, chosen: Uint32Array | undefined, cols: number): PcaResult {
  const { n, scores, directions, variance, total, mean, search, solver } = basis;
  const { count, tolerance, seed } = search;
  return {
    scores: dense(n, count, scores),
    loadings: dense(cols, count, spread(directions, count, chosen, cols)),
    variance,
    varianceRatio: variance.map((v) => (total > 0 ? v / total : 0)),
    mean: spread(mean, 1, chosen, cols),
    params: { components: count, genes: mean.length, tolerance, seed, solver },
  };
}

/** Column means, and the sum of the columns' variances. */
function columnMoments(x: Sparse): { mean: Float64Array; total: number } {
  const { rows: n, cols: p, indices, data } = x;
  const mean = new Float64Array(p);
  for (let e = 0; e < data.length; e++) mean[indices[e]] += data[e];
  for (let j = 0; j < p; j++) mean[j] /= n;
  const stored = new Float64Array(p);
  const squares = new Float64Array(p);
  for (let e = 0; e < data.length; e++) {
    const d = data[e] - mean[indices[e]];
    squares[indices[e]] += d * d;
    stored[indices[e]]++;
  }
  let total = 0;
  for (let j = 0; j < p; j++) total += squares[j] + (n - stored[j]) * mean[j] * mean[j];
  return { mean, total: total / (n - 1) };
}

/** Nanoseconds that sums in f64 may cost on top. */
const WORTH_OF_F64 = 2e8;

/**
 * Whether summing X'X in f64 and working on it costs less than multiplying by X. Nanoseconds, measured: 1.5 per pair of
 * entries in a row (12 where X'X outgrows the cache) and 1.1 per entry of X'X and product, against 0.3 per stored entry
 * and product.
 */
function gramIsCheaper(x: Sparse, components: number): boolean {
  const { rows, cols: p, indptr, indices } = x;
  if (p > 4096) return false;
  const products = 8 * components;
  let pairs = 0;
  for (let i = 0; i < rows; i++) pairs += ((indptr[i + 1] - indptr[i]) * (indptr[i + 1] - indptr[i])) / 2;
  const byGram = pairs * (p > 700 ? 12 : 1.5) + products * p * p * 1.1;
  return byGram < products * indices.length * 0.3 + WORTH_OF_F64;
}

/** Rows (of `cols` values each) for the chosen genes, put at their places among all genes. */
function spread<A extends Float32Array | Float64Array>(
  rows: A,
  cols: number,
  chosen: Uint32Array | undefined,
  total: number,
): A {
  if (chosen === undefined) return rows;
  const out = new (rows.constructor as new (length: number) => A)(total * cols);
  for (let r = 0; r < chosen.length; r++) out.set(rows.subarray(r * cols, (r + 1) * cols), chosen[r] * cols);
  return out;
}
