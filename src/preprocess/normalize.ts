import { boolean, checkOptions, either, literal, number } from "../core/check.ts";
import { log1p as exactLog1p } from "../kernels/math.ts";
import { type Expression, expression, requireValues, type Sparse } from "../model/index.ts";
import { median } from "../stats/index.ts";

/** Logarithms that are kept while `log1p` runs. */
const KEPT_BITS = 9;
const KEPT = 1 << KEPT_BITS;

export interface NormalizeTotalOptions {
  /** What each cell's counts add up to afterwards; default null: the median total of the cells that have counts. */
  readonly targetSum?: number | null;
  /** Leave genes that dominate any one cell out of the totals; default false. */
  readonly excludeHighlyExpressed?: boolean;
  /** A gene dominates a cell with more than this share of its counts; default 0.05. */
  readonly maxFraction?: number;
}

/**
 * Makes cells comparable: divides each cell's counts by its total and multiplies by `targetSum`.
 *
 * With `excludeHighlyExpressed`, genes that hold more than `maxFraction` of the counts of any cell do not enter
 * the totals (Weinreb et al. 2018, doi:10.1093/bioinformatics/btx792) but are scaled with the rest. Cells
 * without counts stay 0. Cost: two passes over the stored entries. Checked against scanpy's `normalize_total`.
 *
 * @param counts n cells x p genes, counts
 * @returns n x p, values "normalized"; shares the places of the entries with `counts`
 * @throws {SpatialError} `values` unless counts
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { normalizeTotal } from "tissular/preprocess";
 * const counts = expression(toSparse(dense(2, 2, Float32Array.of(1, 3, 10, 10))), "counts");
 * if (normalizeTotal(counts).data.join() !== "3,9,6,6") throw new Error("wrong");
 * ```
 */
export function normalizeTotal(
  counts: Expression<Sparse>,
  options: NormalizeTotalOptions = {},
): Expression<Sparse> {
  checkOptions("normalizeTotal", options, {
    targetSum: either(number(Number.MIN_VALUE), literal(null)),
    excludeHighlyExpressed: boolean(),
    maxFraction: number(0, 1),
  });
  requireValues("normalizeTotal", counts, "counts");
  const { targetSum = null, excludeHighlyExpressed = false, maxFraction = 0.05 } = options;
  const { rows, indptr, data } = counts;
  const everything = totals(counts, null);
  const size = excludeHighlyExpressed
    ? totals(counts, dominant(counts, everything, maxFraction))
    : everything;
  const target = targetSum ?? median(size.filter((s) => s > 0));
  const normalized = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    const factor = size[i] > 0 ? target / size[i] : 1;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) normalized[e] = data[e] * factor;
  }
  return expression({ ...counts, data: normalized }, "normalized");
}

/** Row totals over the columns that are not left out. */
function totals(x: Sparse, leftOut: Uint8Array | null): Float64Array {
  const sums = new Float64Array(x.rows);
  for (let i = 0; i < x.rows; i++) {
    let sum = 0;
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) {
      if (leftOut === null || leftOut[x.indices[e]] === 0) sum += x.data[e];
    }
    sums[i] = sum;
  }
  return sums;
}

/** 1 for columns that exceed the fraction of the total of any row. */
function dominant(x: Sparse, rowTotals: Float64Array, fraction: number): Uint8Array {
  const is = new Uint8Array(x.cols);
  for (let i = 0; i < x.rows; i++) {
    const most = rowTotals[i] * fraction;
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) if (x.data[e] > most) is[x.indices[e]] = 1;
  }
  return is;
}

/**
 * log(1 + x) of every value: compresses the range so that the most abundant genes do not decide everything.
 *
 * Zero stays zero, so the matrix stays sparse. Cost: one pass over the stored entries. Checked against scanpy's
 * `log1p`.
 *
 * @param x n cells x p genes, normalized values or counts
 * @returns n x p, values "log"; shares the places of the entries with `x`
 * @throws {SpatialError} `values` if the values are logarithms already or scaled
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { log1p } from "tissular/preprocess";
 * const x = expression(toSparse(dense(1, 2, Float32Array.of(0, 1))), "normalized");
 * if (Math.abs(log1p(x).data[0] - 0.6931472) > 1e-7) throw new Error("wrong");
 * ```
 */
export function log1p(x: Expression<Sparse>): Expression<Sparse> {
  requireValues("log1p", x, "normalized", "counts");
  const data = new Float32Array(x.data.length);
  // Equal counts of a cell are equal values, so most logarithms were just taken: they are kept by a hash of their bits.
  const bits = new Uint32Array(x.data.buffer, x.data.byteOffset, x.data.length);
  const seen = new Uint32Array(KEPT);
  const logs = new Float32Array(KEPT);
  for (let e = 0; e < data.length; e++) {
    const slot = Math.imul(bits[e], 0x9e3779b1) >>> (32 - KEPT_BITS);
    if (seen[slot] !== bits[e]) {
      seen[slot] = bits[e];
      logs[slot] = exactLog1p(x.data[e]);
    }
    data[e] = logs[slot];
  }
  return expression({ ...x, data }, "log");
}
