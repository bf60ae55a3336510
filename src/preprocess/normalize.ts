import { boolean, checkOptions, either, literal, number, type Rule, runRules } from "../core/check.ts";
import type { RunOptions } from "../core/progress.ts";
import { log1p as exactLog1p } from "../kernels/math.ts";
import { type Passes, runBlocked, runInMemory } from "../kernels/passes.ts";
import {
  type BlockedMatrix,
  type Expression,
  expression,
  mapBlocks,
  type Matrix,
  requireValues,
  type Sparse,
} from "../model/index.ts";
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
  checkOptions("normalizeTotal", options, rules);
  const factors = runInMemory(counts, sizeFactors("normalizeTotal", counts, options));
  return expression(timesFactors(counts, factors, 0), "normalized");
}

/**
 * `normalizeTotal` of a matrix that is read in blocks: one pass for the totals (three with `excludeHighlyExpressed`), then a
 * view that divides as blocks go by. The same numbers; memory of one block and 8 bytes per cell.
 *
 * @returns n x p, values "normalized", read from `counts` at each pass
 * @throws {SpatialError} `values` unless counts; `aborted`
 *
 * @example
 * ```ts
 * import { collectBlocks, dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { normalizeTotalBlocked } from "tissular/preprocess";
 * const counts = toBlocked(expression(toSparse(dense(2, 2, Float32Array.of(1, 3, 10, 10))), "counts"));
 * const { data } = await collectBlocks(await normalizeTotalBlocked(counts));
 * if (data.join() !== "3,9,6,6") throw new Error("wrong");
 * ```
 */
export async function normalizeTotalBlocked(
  counts: Expression<BlockedMatrix>,
  options: NormalizeTotalOptions & RunOptions = {},
): Promise<Expression<BlockedMatrix>> {
  checkOptions("normalizeTotalBlocked", options, { ...rules, ...runRules });
  const computation = sizeFactors("normalizeTotalBlocked", counts, options);
  const factors = await runBlocked("normalize", counts, computation, options);
  const normalized = mapBlocks(counts, (block, start) => timesFactors(block, factors, start));
  return expression(normalized, "normalized");
}

const rules: Readonly<Record<keyof NormalizeTotalOptions, Rule>> = {
  targetSum: either(number(Number.MIN_VALUE), literal(null)),
  excludeHighlyExpressed: boolean(),
  maxFraction: number(0, 1),
};

/** What each row is multiplied by. */
function* sizeFactors(
  verb: string,
  counts: Expression<Matrix>,
  { targetSum = null, excludeHighlyExpressed = false, maxFraction = 0.05 }: NormalizeTotalOptions,
): Passes<Float64Array> {
  requireValues(verb, counts, "counts");
  const size = new Float64Array(counts.rows);
  yield (block, start) => size.set(totals(block, null), start);
  if (excludeHighlyExpressed) {
    const leftOut = new Uint8Array(counts.cols);
    yield (block, start) => markDominant(block, size.subarray(start), maxFraction, leftOut);
    yield (block, start) => size.set(totals(block, leftOut), start);
  }
  const target = targetSum ?? median(size.filter((s) => s > 0));
  return size.map((s) => (s > 0 ? target / s : 1));
}

/** The rows of a matrix, each multiplied by its factor; the first has the factor at `first`. */
export function timesFactors(x: Sparse, factors: Float64Array, first: number): Sparse {
  const data = new Float32Array(x.data.length);
  for (let i = 0; i < x.rows; i++) {
    const factor = factors[first + i];
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) data[e] = x.data[e] * factor;
  }
  return { ...x, data };
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

/** Marks columns that exceed the fraction of the total of any row. */
function markDominant(x: Sparse, rowTotals: Float64Array, fraction: number, is: Uint8Array): void {
  for (let i = 0; i < x.rows; i++) {
    const most = rowTotals[i] * fraction;
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) if (x.data[e] > most) is[x.indices[e]] = 1;
  }
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
  return expression(logarithms(x), "log");
}

/**
 * `log1p` of a matrix that is read in blocks: a view that takes logarithms as blocks go by.
 *
 * @returns n x p, values "log", read from `x` at each pass
 * @throws {SpatialError} `values` if the values are logarithms already or scaled
 *
 * @example
 * ```ts
 * import { collectBlocks, dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { log1pBlocked } from "tissular/preprocess";
 * const x = toBlocked(expression(toSparse(dense(1, 2, Float32Array.of(0, 1))), "normalized"));
 * const { data } = await collectBlocks(log1pBlocked(x));
 * if (Math.abs(data[0] - 0.6931472) > 1e-7) throw new Error("wrong");
 * ```
 */
export function log1pBlocked(x: Expression<BlockedMatrix>): Expression<BlockedMatrix> {
  requireValues("log1pBlocked", x, "normalized", "counts");
  return expression(mapBlocks(x, logarithms), "log");
}

function logarithms(x: Sparse): Sparse {
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
  return { ...x, data };
}
