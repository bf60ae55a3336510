/**
 * Adjusts p-values for the number of tests: the false discovery rate at which each would just be called (Benjamini and Hochberg 1995,
 * doi:10.1111/j.2517-6161.1995.tb02031.x). With p sorted ascending, adjusted p_(i) = min over j >= i of p_(j) m / j, at most 1.
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
