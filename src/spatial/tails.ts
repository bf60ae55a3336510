import { LN2 } from "../kernels/math.ts";
import { logNormalUpperTail, normalUpperTail } from "../kernels/special.ts";

/** Which deviations from chance a p-value counts. */
export type Alternative = "greater" | "less" | "two-sided";

/** P of a standard normal beyond z. */
export function tail(z: number, alternative: Alternative): number {
  if (alternative === "two-sided") return Math.min(1, 2 * normalUpperTail(Math.abs(z)));
  return normalUpperTail(alternative === "greater" ? z : -z);
}

/** log of `tail`. */
export function logTail(z: number, alternative: Alternative): number {
  if (alternative === "two-sided") return Math.min(0, LN2 + logNormalUpperTail(Math.abs(z)));
  return logNormalUpperTail(alternative === "greater" ? z : -z);
}

/**
 * p by rank among random orders, of which `upper` were at least and `lower` at most as large as the observed one. The observed
 * order counts as one of them, so that p is never 0 (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).
 */
export function rankTail(
  upper: number,
  lower: number,
  permutations: number,
  alternative: Alternative,
): number {
  if (permutations === 0) return NaN;
  const [above, below] = [(1 + upper) / (1 + permutations), (1 + lower) / (1 + permutations)];
  if (alternative === "two-sided") return Math.min(1, 2 * Math.min(above, below));
  return alternative === "greater" ? above : below;
}
