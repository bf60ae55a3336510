import { checkOptions, either, literal, number, runRules } from "../core/check.ts";
import type { RunOptions } from "../core/progress.ts";
import { addRows, columnMoments, startColumns } from "../kernels/accumulate.ts";
import { type Passes, runBlocked, runInMemory } from "../kernels/passes.ts";
import {
  type BlockedMatrix,
  type Dense,
  type Expression,
  expression,
  mapBlocks,
  requireValues,
  type Sparse,
} from "../model/index.ts";
import { fullMatrix } from "./full.ts";

export interface ScaleOptions {
  /** Larger values are cut to this; null: none are; default 10. */
  readonly maxValue?: number | null;
}

export interface ScaleResult {
  /** n x p, values "scaled"; sparse, not centered */
  readonly matrix: Expression<Sparse>;
  /** of the input, length p */
  readonly mean: Float64Array;
  /** standard deviation of the input (divided by n - 1), 1 for constant genes, length p */
  readonly std: Float64Array;
  readonly params: { readonly maxValue: number | null };
}

const scaleRules = { maxValue: either(number(Number.MIN_VALUE), literal(null)) };

/**
 * Gives every gene the same weight: divides it by its standard deviation and cuts at `maxValue`. Does not
 * center, so the matrix stays sparse; `pca` centers by itself.
 *
 * Constant genes are divided by 1. Cost: two passes over the stored entries. Checked against scanpy's
 * `scale(zero_center=False)`.
 *
 * @param x n cells x p genes, log or normalized values
 * @throws {SpatialError} `values` for counts and for values that are scaled already
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { scale } from "tissular/preprocess";
 * const { matrix, std } = scale(expression(toSparse(dense(2, 1, Float32Array.of(0, 2))), "log"));
 * if (std[0] !== Math.SQRT2 || Math.abs(matrix.data[0] - Math.SQRT2) > 1e-6) throw new Error("wrong");
 * ```
 */
export function scale(x: Expression<Sparse>, options: ScaleOptions = {}): ScaleResult {
  checkOptions("scale", options, scaleRules);
  requireValues("scale", x, "log", "normalized");
  const { maxValue = 10 } = options;
  const { mean, std } = runInMemory(x, spread(x.cols));
  return { matrix: expression(divided(x, std, maxValue), "scaled"), mean, std, params: { maxValue } };
}

export interface ScaleBlockedResult extends Omit<ScaleResult, "matrix"> {
  /** n x p, values "scaled", not centered; read from the input at each pass */
  readonly matrix: Expression<BlockedMatrix>;
}

/**
 * `scale` of a matrix that is read in blocks: one pass for the standard deviations, then a view that divides as blocks go by.
 *
 * @throws {SpatialError} `values` for counts and for values that are scaled already; `aborted`
 *
 * @example
 * ```ts
 * import { dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { scaleBlocked } from "tissular/preprocess";
 * const { std } = await scaleBlocked(toBlocked(expression(toSparse(dense(2, 1, Float32Array.of(0, 2))), "log")));
 * if (std[0] !== Math.SQRT2) throw new Error("wrong");
 * ```
 */
export async function scaleBlocked(
  x: Expression<BlockedMatrix>,
  options: ScaleOptions & RunOptions = {},
): Promise<ScaleBlockedResult> {
  checkOptions("scaleBlocked", options, { ...scaleRules, ...runRules });
  requireValues("scaleBlocked", x, "log", "normalized");
  const { maxValue = 10 } = options;
  const { mean, std } = await runBlocked("scale", x, spread(x.cols), options);
  const matrix = expression(
    mapBlocks(x, (block) => divided(block, std, maxValue)),
    "scaled",
  );
  return { matrix, mean, std, params: { maxValue } };
}

function divided(x: Sparse, std: Float64Array, maxValue: number | null): Sparse {
  const most = maxValue ?? Infinity;
  const data = new Float32Array(x.data.length);
  for (let e = 0; e < data.length; e++) data[e] = Math.min(most, x.data[e] / std[x.indices[e]]);
  return { ...x, data };
}

export interface StandardizeOptions {
  /** Values are cut to [-maxValue, maxValue]; null: none are; default 10. */
  readonly maxValue?: number | null;
  /** Refuse to build a result of more bytes than this; default 2e9. */
  readonly maxBytes?: number;
}

/**
 * Every gene with mean 0 and standard deviation 1 (divided by n - 1), cut at `maxValue`, as a full matrix.
 *
 * A full matrix takes 4 n p bytes, which is estimated before anything is allocated. Most work does not need it:
 * `pca` centers a sparse matrix on the fly. Constant genes become 0. Checked against scanpy's `scale`.
 *
 * @param x n cells x p genes, log or normalized values
 * @returns n x p, values "scaled"
 * @throws {SpatialError} `memory` above `maxBytes`; `values` for counts and for values that are scaled already
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { standardize } from "tissular/preprocess";
 * const z = standardize(expression(toSparse(dense(3, 1, Float32Array.of(0, 1, 2))), "log"));
 * if (z.data.join() !== "-1,0,1") throw new Error("wrong");
 * ```
 */
export function standardize(x: Expression<Sparse>, options: StandardizeOptions = {}): Expression<Dense> {
  checkOptions("standardize", options, { ...scaleRules, maxBytes: number(0) });
  requireValues("standardize", x, "log", "normalized");
  const { maxValue = 10, maxBytes = 2e9 } = options;
  const { cols } = x;
  const most = maxValue ?? Infinity;
  const { mean, std } = runInMemory(x, spread(cols));
  const zero = Float64Array.from(mean, (m, j) => Math.max(-most, 0 - m / std[j]));
  const fill = (block: Sparse, _: number, out: Float32Array): void => {
    for (let i = 0; i < block.rows; i++) {
      out.set(zero, i * cols);
      for (let e = block.indptr[i]; e < block.indptr[i + 1]; e++) {
        const j = block.indices[e];
        out[i * cols + j] = Math.max(-most, Math.min(most, (block.data[e] - mean[j]) / std[j]));
      }
    }
  };
  const hint = "Select variable genes first, or use scale, which stays sparse (pca centers by itself).";
  return fullMatrix("standardize", x, cols, maxBytes, fill, hint);
}

/** Mean and standard deviation per column; 1 where the column is constant. */
function* spread(cols: number): Passes<{ readonly mean: Float64Array; readonly std: Float64Array }> {
  const sums = startColumns(cols);
  yield (block) => addRows(sums, block);
  const { mean, variance } = columnMoments(sums);
  return { mean, std: variance.map((v) => (v > 0 ? Math.sqrt(v) : 1)) };
}
