import type { Sparse } from "../model/index.ts";

/** Running sums per column over blocks of rows. */
export interface ColumnSums {
  rows: number;
  /** stored entries that are not 0, length cols */
  readonly nonzero: Float64Array;
  /** length cols */
  readonly sum: Float64Array;
  /** sum of squares, length cols */
  readonly squares: Float64Array;
}

export function startColumns(cols: number): ColumnSums {
  return {
    rows: 0,
    nonzero: new Float64Array(cols),
    sum: new Float64Array(cols),
    squares: new Float64Array(cols),
  };
}

/** Adds rows, each value first put through `f` (which must keep 0). */
export function addRows(sums: ColumnSums, block: Sparse, f: (value: number) => number = same): void {
  const { indices, data } = block;
  const { nonzero, sum, squares } = sums;
  for (let e = 0; e < data.length; e++) {
    const v = f(data[e]);
    if (v === 0) continue;
    const j = indices[e];
    nonzero[j]++;
    sum[j] += v;
    squares[j] += v * v;
  }
  sums.rows += block.rows;
}

const same = (value: number): number => value;

/**
 * Mean and variance (divided by rows - 1) per column; a variance within rounding of 0 is 0, so constant columns
 * are found.
 */
export function columnMoments(sums: ColumnSums): {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
} {
  const { rows, sum, squares } = sums;
  const mean = sum.map((s) => s / rows);
  const variance = squares.map((q, j) => sampleVariance(rows, sum[j], q));
  return { mean, variance };
}

/** Variance (divided by n - 1) from a sum and a sum of squares; 0 where it is lost in rounding, NaN for n < 2. */
export function sampleVariance(n: number, sum: number, squares: number): number {
  const spread = squares - (sum * sum) / n;
  return n < 2 ? NaN : spread > 1e-13 * squares ? spread / (n - 1) : 0;
}
