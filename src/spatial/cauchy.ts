import { atan2, cos, exp, log, PI, sin } from "../kernels/math.ts";

/** A p is taken as this at most, so that one test without any trace of the pattern does not veto the others. */
const MOST = 0.99;

/**
 * log p of p-values combined by Cauchy's rule, which holds however the tests depend on each other (Liu and Xie 2020,
 * doi:10.1080/01621459.2018.1554485), given their logarithms; NaN do not count.
 */
export function logCauchy(logs: Float64Array): number {
  const valid = logs.filter((l) => l === l);
  if (valid.length === 0) return NaN;
  const least = Math.min(...valid);
  // 1 / tan(pi p) is 1 / (pi p) for tiny p: sums of these as multiples of the largest.
  if (least < -30) return least - log(valid.reduce((sum, l) => sum + exp(least - l), 0) / valid.length);
  const mean = valid.reduce((sum, l) => {
    const angle = PI * Math.min(MOST, exp(l));
    return sum + cos(angle) / sin(angle);
  }, 0);
  return log(atan2(1, mean / valid.length) / PI);
}
