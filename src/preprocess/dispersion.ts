import { addRows, columnMoments, startColumns } from "../kernels/accumulate.ts";
import { expm1, log, log1p } from "../kernels/math.ts";
import type { Passes } from "../kernels/passes.ts";
import { mean as meanOf, variance as varianceOf } from "../stats/index.ts";
import type { GeneScores } from "./clipped-variance.ts";

const BINS = 20;

/**
 * log(variance / mean) of expm1 of log values, standardized within bins of log1p(mean); NaN for genes that do
 * not vary.
 */
export function* byDispersion(p: number): Passes<GeneScores> {
  const sums = startColumns(p);
  yield (block) => addRows(sums, block, expm1);
  const { mean, variance } = columnMoments(sums);
  const dispersion = mean.map((m, j) => (variance[j] > 0 ? log(variance[j] / m) : NaN));
  const bin = bins(mean.map((m) => log1p(m === 0 ? 1e-12 : m)));
  const score = new Float64Array(p).fill(NaN);
  for (let b = 0; b < BINS; b++) {
    const members = Uint32Array.from(bin.keys()).filter((j) => bin[j] === b);
    const values = Float64Array.from(members, (j) => dispersion[j]);
    let center = meanOf(values);
    let spread = Math.sqrt(varianceOf(values));
    if (spread !== spread) {
      spread = center;
      center = 0;
    }
    members.forEach((j) => (score[j] = (dispersion[j] - center) / spread));
  }
  return { means: mean, variances: variance, score };
}

/** The bin of each value among `BINS` of equal width, closed on the right. */
function bins(values: Float64Array): Uint8Array {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  const width = (high - low) / BINS;
  return Uint8Array.from(values, (v) => {
    let b = width > 0 ? Math.max(0, Math.min(BINS - 1, Math.ceil((v - low) / width) - 1)) : 0;
    while (b > 0 && v <= low + b * width) b--;
    while (b < BINS - 1 && v > low + (b + 1) * width) b++;
    return b;
  });
}
