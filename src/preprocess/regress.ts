import { checkOptions, number, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { atOnce, inParts, type RunOptions } from "../core/progress.ts";
import { type Passes, runBlocked, runInMemory } from "../kernels/passes.ts";
import {
  type BlockedMatrix,
  type Categorical,
  type Dense,
  type Expression,
  isCategorical,
  requireValues,
  type Sparse,
} from "../model/index.ts";
import { type FillRows, fullBlocks, fullMatrix } from "./full.ts";

/** What may explain expression away: a number per cell, or a group per cell. */
export type Covariate = Float64Array | Int32Array | Uint8Array | Categorical;

/** Part of a covariate's length that must be new, else it is a sum of earlier ones. */
const NEW = 1e-9;

/**
 * What is left of expression once covariates (total counts, mitochondrial share, batch) have explained what they can?
 *
 * For each gene the residuals of least squares on an intercept and the covariates; a categorical stands for one indicator per
 * category. Covariates that others add up to are left out, as they explain nothing more. In tissue such covariates often differ
 * by region, and then regression takes biology with it: look at `librarySizeByRegion` first.
 *
 * The result is full, 4 n p bytes: choose variable genes first, or take `regressOutBlocked`. Cost: q times the stored entries for q
 * indicators, and 2 q n p. Checked against scanpy's `regress_out`.
 *
 * @param x n cells x p genes, log or normalized values
 * @param covariates each of length n
 * @returns n x p, values "scaled"
 * @throws {SpatialError} `values` for counts and scaled values; `input` for another length, values that are not finite or a missing
 *   category; `memory` above `maxBytes` (default 2e9)
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { regressOut } from "tissular/preprocess";
 * const x = expression(toSparse(dense(3, 1, Float32Array.of(1, 3, 5))), "log");
 * const { data } = regressOut(x, [Float64Array.of(10, 20, 30)]);
 * if (data.some((v) => Math.abs(v) > 1e-6)) throw new Error("a line is explained wholly");
 * ```
 */
export function regressOut(
  x: Expression<Sparse>,
  covariates: readonly Covariate[],
  options: { readonly maxBytes?: number } = {},
): Expression<Dense> {
  checkOptions("regressOut", options, { maxBytes: number(0) });
  requireValues("regressOut", x, "log", "normalized");
  const basis = atOnce(orthonormal(x.rows, covariates));
  const fill = residuals(basis, runInMemory(x, projections(basis, x.cols)), x.cols);
  const hint = "Select variable genes first, or use regressOutBlocked with pcaBlocked.";
  return fullMatrix("regressOut", x, x.cols, options.maxBytes ?? 2e9, fill, hint);
}

/**
 * `regressOut` of a matrix that is read in blocks: one pass for the fit, then a view whose residuals are computed whenever a block is read.
 *
 * @throws {SpatialError} as `regressOut` but for `memory`; `aborted`
 *
 * @example
 * ```ts
 * import { collectBlocks, dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { regressOutBlocked } from "tissular/preprocess";
 * const x = toBlocked(expression(toSparse(dense(3, 1, Float32Array.of(1, 3, 6))), "log"));
 * const { data } = await collectBlocks(await regressOutBlocked(x, [Float64Array.of(10, 20, 30)]));
 * if (Math.abs(data[1] + 1 / 3) > 1e-6) throw new Error("a third below the line");
 * ```
 */
export async function regressOutBlocked(
  x: Expression<BlockedMatrix>,
  covariates: readonly Covariate[],
  options: RunOptions = {},
): Promise<Expression<BlockedMatrix>> {
  checkOptions("regressOutBlocked", options, runRules);
  requireValues("regressOutBlocked", x, "log", "normalized");
  const basis = await inParts(orthonormal(x.rows, covariates), options.signal);
  const found = await runBlocked("regress out", x, projections(basis, x.cols), options, basis.length);
  return fullBlocks(x, x.cols, residuals(basis, found, x.cols));
}

/** Orthonormal columns, each of length n, that span the intercept and the covariates; twice orthogonalized. */
function* orthonormal(n: number, covariates: readonly Covariate[]): Generator<void, Float64Array[]> {
  const basis: Float64Array[] = [];
  for (const column of [
    new Float64Array(n).fill(1),
    ...covariates.flatMap((c, at) => indicators(c, n, at)),
  ]) {
    yield;
    const length = norm(column);
    for (let round = 0; round < 2; round++) {
      for (const b of basis) {
        let along = 0;
        for (let i = 0; i < n; i++) along += b[i] * column[i];
        for (let i = 0; i < n; i++) column[i] -= along * b[i];
      }
    }
    const left = norm(column);
    if (left > NEW * length) basis.push(column.map((v) => v / left));
  }
  return basis;
}

function norm(values: Float64Array): number {
  let sum = 0;
  for (const v of values) sum += v * v;
  return Math.sqrt(sum);
}

/** A covariate as columns of numbers, those of a category but the first. */
function indicators(covariate: Covariate, n: number, at: number): Float64Array[] {
  const fail = (found: string): SpatialError =>
    new SpatialError("input", `Covariate ${at} must have a value for each of ${n} cells, found ${found}.`, {
      subject: "covariates",
      hint: "Leave out the cells that lack it first (selectCells).",
    });
  if (isCategorical(covariate)) {
    if (covariate.codes.length !== n) throw fail(`${covariate.codes.length}`);
    if (covariate.codes.includes(-1)) throw fail("missing ones");
    return covariate.categories.slice(1).map((_, c) => {
      const column = new Float64Array(n);
      for (let i = 0; i < n; i++) if (covariate.codes[i] === c + 1) column[i] = 1;
      return column;
    });
  }
  if (covariate.length !== n) throw fail(`${covariate.length}`);
  const values = Float64Array.from(covariate);
  if (!values.every(Number.isFinite)) throw fail("some that are not finite");
  return [values];
}

/** How far each gene goes along each column of the basis, q x p. */
function* projections(basis: readonly Float64Array[], p: number): Passes<Float64Array> {
  const along = new Float64Array(basis.length * p);
  yield ({ rows, indptr, indices, data }, start) => {
    basis.forEach((b, k) => {
      for (let i = 0; i < rows; i++) {
        for (let e = indptr[i]; e < indptr[i + 1]; e++) along[k * p + indices[e]] += b[start + i] * data[e];
      }
    });
  };
  return along;
}

function residuals(basis: readonly Float64Array[], along: Float64Array, p: number): FillRows {
  const row = new Float64Array(p);
  return ({ rows, indptr, indices, data }, first, out) => {
    for (let i = 0; i < rows; i++) {
      row.fill(0);
      for (let e = indptr[i]; e < indptr[i + 1]; e++) row[indices[e]] = data[e];
      basis.forEach((b, k) => {
        for (let j = 0; j < p; j++) row[j] -= b[first + i] * along[k * p + j];
      });
      out.set(row, i * p);
    }
  };
}
