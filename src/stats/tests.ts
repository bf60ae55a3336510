import { normalUpperTail, studentTTwoSided } from "../kernels/special.ts";
import { mean, rank, variance } from "./describe.ts";

/** Size, mean and sample variance (divided by n - 1) of a group. */
export interface Moments {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

export interface WelchTestResult {
  /** Positive where the first group has the larger mean. */
  readonly t: number;
  /** Degrees of freedom (Welch and Satterthwaite); NaN where neither group varies. */
  readonly df: number;
  /** Two-sided. */
  readonly pValue: number;
}

export interface RankSumTestResult {
  /** Standardized rank sum, positive where the first group has the larger values. */
  readonly z: number;
  /** Two-sided, by the normal approximation. */
  readonly pValue: number;
}

/**
 * Do two groups differ in their mean? Welch's t-test, which lets the groups have different variances (Welch
 * 1947, doi:10.1093/biomet/34.1-2.28).
 *
 * t = (mean_a - mean_b) / sqrt(var_a / n_a + var_b / n_b). Groups of fewer than two values give NaN. Where
 * neither group varies, equal means give t = 0, p = 1 and different means t = +-Infinity, p = 0. NaN values are
 * left out. Checked against SciPy.
 *
 * @example
 * ```ts
 * import { welchTest } from "tissular/stats";
 * const { t, df } = welchTest([1, 2, 3], [2, 3, 4]);
 * if (Math.abs(t + Math.sqrt(1.5)) > 1e-12 || Math.abs(df - 4) > 1e-12) throw new Error("wrong");
 * ```
 */
export function welchTest(a: ArrayLike<number>, b: ArrayLike<number>): WelchTestResult {
  return welchFromMoments(moments(a), moments(b));
}

/** Welch's t-test from each group's size, mean and variance. */
export function welchFromMoments(a: Moments, b: Moments): WelchTestResult {
  if (!(a.n >= 2 && b.n >= 2)) return { t: NaN, df: NaN, pValue: NaN };
  const va = a.variance / a.n;
  const vb = b.variance / b.n;
  const difference = a.mean - b.mean;
  if (va + vb === 0) {
    return difference === 0
      ? { t: 0, df: NaN, pValue: 1 }
      : { t: Math.sign(difference) * Infinity, df: NaN, pValue: 0 };
  }
  const t = difference / Math.sqrt(va + vb);
  const df = ((va + vb) * (va + vb)) / ((va * va) / (a.n - 1) + (vb * vb) / (b.n - 1));
  return { t, df, pValue: studentTTwoSided(t, df) };
}

/**
 * Does one of two groups tend to larger values? Wilcoxon's rank sum test (Mann and Whitney 1947,
 * doi:10.1214/aoms/1177730491) by the normal approximation, with correction for ties and without one for
 * continuity.
 *
 * With R the rank sum of the first group among all N = n_a + n_b values, z = (R - n_a (N + 1) / 2) / sd with
 * sd^2 = n_a n_b (N + 1) / 12 (1 - sum(t^3 - t) / (N^3 - N)) over tie groups of t values. All values equal: z =
 * 0, p = 1. An empty group gives NaN. NaN values are left out. Checked against SciPy.
 *
 * @example
 * ```ts
 * import { rankSumTest } from "tissular/stats";
 * const { z } = rankSumTest([1, 2, 3], [4, 5, 6]);
 * if (Math.abs(z + 1.9639610121239315) > 1e-12) throw new Error("wrong");
 * ```
 */
export function rankSumTest(a: ArrayLike<number>, b: ArrayLike<number>): RankSumTestResult {
  const first = Float64Array.from(a).filter((v) => v === v);
  const second = Float64Array.from(b).filter((v) => v === v);
  const all = new Float64Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  const ranks = rank(all);
  let rankSum = 0;
  for (let i = 0; i < first.length; i++) rankSum += ranks[i];
  return rankSumFromRanks(rankSum, first.length, second.length, tieSum(all));
}

/**
 * The rank sum test from the first group's rank sum, the sizes, and sum(t^3 - t) over groups of t ties (0: no
 * correction).
 */
export function rankSumFromRanks(rankSum: number, na: number, nb: number, ties: number): RankSumTestResult {
  if (na === 0 || nb === 0) return { z: NaN, pValue: NaN };
  const n = na + nb;
  const correction = n > 1 ? 1 - ties / (n * n * n - n) : 0;
  const sd = Math.sqrt(((na * nb * (n + 1)) / 12) * correction);
  if (!(sd > 0)) return { z: 0, pValue: 1 };
  const z = (rankSum - (na * (n + 1)) / 2) / sd;
  return { z, pValue: 2 * normalUpperTail(Math.abs(z)) };
}

function moments(values: ArrayLike<number>): Moments {
  let n = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === values[i]) n++;
  return { n, mean: mean(values), variance: variance(values) };
}

function tieSum(values: Float64Array): number {
  const sorted = values.slice().sort();
  let sum = 0;
  for (let start = 0; start < sorted.length;) {
    let end = start + 1;
    while (end < sorted.length && sorted[end] === sorted[start]) end++;
    const t = end - start;
    sum += t * t * t - t;
    start = end;
  }
  return sum;
}

/**
 * Adjusts p-values for the number of tests: the false discovery rate at which each would just be called
 * (Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x). With p sorted ascending, adjusted
 * p_(i) = min over j >= i of p_(j) m / j, at most 1.
 *
 * A NaN means "not tested": it stays NaN and is not counted in m. Equal p-values get equal results. Cost O(m log m).
 * Checked against statsmodels and scanpy.
 *
 * @param p length m, each from 0 to 1 or NaN
 * @returns length m
 *
 * @example
 * ```ts
 * import { adjustPValues } from "tissular/stats";
 * const q = adjustPValues(new Float64Array([0.01, NaN, 0.04]));
 * if (q[0] !== 0.02 || !Number.isNaN(q[1]) || q[2] !== 0.04) throw new Error("wrong");
 * ```
 */
export function adjustPValues(p: Float64Array): Float64Array {
  const sorted = p.filter((v) => v === v).sort();
  const m = sorted.length;
  const adjusted = new Float64Array(m);
  let least = 1;
  for (let i = m - 1; i >= 0; i--) {
    least = Math.min(least, (sorted[i] * m) / (i + 1));
    adjusted[i] = least;
  }
  return p.map((v) => (v === v ? adjusted[lastOf(sorted, v)] : NaN));
}

/** Index of the last entry equal to `value` in an ascending array that holds it. */
function lastOf(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
