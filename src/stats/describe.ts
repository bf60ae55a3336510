import { SpatialError } from "../core/errors.ts";

/**
 * Mean of the values that are not NaN (missing); NaN where there are none. Cost O(n).
 *
 * @example
 * ```ts
 * import { mean } from "tissular/stats";
 * if (mean([1, NaN, 2]) !== 1.5) throw new Error("wrong");
 * ```
 */
export function mean(values: ArrayLike<number>): number {
  let n = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (v === v) {
      n++;
      sum += v;
    }
  }
  return sum / n;
}

/**
 * Sample variance (divided by n - 1) of the values that are not NaN (missing); NaN for fewer than two. Two passes.
 *
 * @example
 * ```ts
 * import { variance } from "tissular/stats";
 * if (variance([1, 2, 3, NaN]) !== 1) throw new Error("wrong");
 * ```
 */
export function variance(values: ArrayLike<number>): number {
  const center = mean(values);
  let n = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const d = values[i] - center;
    if (d === d) {
      n++;
      sum += d * d;
    }
  }
  return n < 2 ? NaN : sum / (n - 1);
}

/**
 * The value below which a fraction q of the values lies, interpolated between neighbors (position q (n - 1) in
 * the sorted values, as NumPy and R type 7). NaN values mean missing and are left out; NaN where nothing is
 * left. Cost O(n log n). Checked against NumPy.
 *
 * @param q from 0 to 1
 * @throws {SpatialError} `option` for another q
 *
 * @example
 * ```ts
 * import { quantile } from "tissular/stats";
 * if (quantile([4, 1, 3, 2], 0.25) !== 1.75) throw new Error("wrong");
 * ```
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (!(q >= 0 && q <= 1))
    throw new SpatialError("option", `quantile: q must be from 0 to 1, found ${q}.`, { subject: "q" });
  const sorted = Float64Array.from(values)
    .filter((v) => v === v)
    .sort();
  if (sorted.length === 0) return NaN;
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  const share = at - below;
  return share === 0 ? sorted[below] : sorted[below] * (1 - share) + sorted[above] * share;
}

/**
 * The middle value, or the mean of the two middle values. NaN values mean missing and are left out.
 *
 * @example
 * ```ts
 * import { median } from "tissular/stats";
 * if (median([3, NaN, 1, 2]) !== 2) throw new Error("wrong");
 * ```
 */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/**
 * Ranks from 1, ties sharing their mean rank; NaN stays NaN and is not counted. Cost O(n log n). Checked
 * against SciPy's rankdata.
 *
 * @returns length n
 *
 * @example
 * ```ts
 * import { rank } from "tissular/stats";
 * if (rank([5, 1, 5]).join() !== "2.5,1,2.5") throw new Error("wrong");
 * ```
 */
export function rank(values: ArrayLike<number>): Float64Array {
  const ranks = new Float64Array(values.length).fill(NaN);
  const order = Uint32Array.from({ length: values.length }, (_, i) => i)
    .filter((i) => values[i] === values[i])
    .sort((a, b) => values[a] - values[b]);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let r = start; r < end; r++) ranks[order[r]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}
