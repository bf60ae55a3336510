import { addRows, columnMoments, startColumns } from "../kernels/accumulate.ts";
import { expm1, log, log1p } from "../kernels/math.ts";
import type { Passes } from "../kernels/passes.ts";
import { mean as meanOf, median, quantile, variance as varianceOf } from "../stats/index.ts";
import type { GeneScores } from "./clipped-variance.ts";

const BINS = 20;
/** A normal distribution's median absolute deviation, in standard deviations. */
const MAD = 0.6744897501960817;

/**
 * Dispersion (variance / mean), standardized among genes of like mean; NaN for genes that do not vary. "seurat": the logarithm of
 * that of expm1, by mean and standard deviation within bins of equal width in log1p(mean). "cell_ranger": that of the values, by
 * median and median absolute deviation within bins of equally many genes. Of one sample of several, genes it lacks make no bins.
 */
export function* byDispersion(
  p: number,
  flavor: "seurat" | "cell_ranger",
  isPart: boolean,
): Passes<GeneScores> {
  const sums = startColumns(p);
  const isSeurat = flavor === "seurat";
  yield (block) => (isSeurat ? addRows(sums, block, expm1) : addRows(sums, block));
  const { mean, variance } = columnMoments(sums);
  const score = new Float64Array(p).fill(NaN);
  const genes = Uint32Array.from(mean.keys()).filter((j) => !isPart || mean[j] > 0);
  const means = Float64Array.from(genes, (j) => (mean[j] === 0 ? 1e-12 : mean[j]));
  const bin = isSeurat ? equalWidths(means.map(log1p)) : equalNumbers(means);
  const raw = (j: number): number => variance[j] / Math.max(mean[j], 1e-12);
  const dispersion = Float64Array.from(genes, (j) =>
    isSeurat ? (variance[j] > 0 ? log(raw(j)) : NaN) : raw(j),
  );
  for (let b = 0; b < BINS; b++) {
    const members = Uint32Array.from(bin.keys()).filter((at) => bin[at] === b);
    const values = Float64Array.from(members, (at) => dispersion[at]);
    const [center, spread] = isSeurat ? meanAndDeviation(values) : medianAndDeviation(values);
    for (const at of members) score[genes[at]] = (dispersion[at] - center) / spread;
  }
  for (let j = 0; j < p; j++) if (!(variance[j] > 0)) score[j] = NaN;
  return { means: mean, variances: variance, score };
}

/** A gene alone in its bin scores 1, as in Seurat. */
function meanAndDeviation(values: Float64Array): [center: number, spread: number] {
  const center = meanOf(values);
  const spread = Math.sqrt(varianceOf(values));
  return spread === spread ? [center, spread] : [0, center];
}

function medianAndDeviation(values: Float64Array): [center: number, spread: number] {
  const center = median(values);
  return [center, median(values.map((v) => Math.abs(v - center))) / MAD];
}

/** The bin of each value among `BINS` of equal width, closed on the right. */
function equalWidths(values: Float64Array): Uint8Array {
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

/** The bin of each value: up to the 10th percentile, the 15th and so on to the 100th, closed on the right. */
function equalNumbers(values: Float64Array): Uint8Array {
  const edges = Array.from({ length: BINS - 1 }, (_, b) => quantile(values, (10 + 5 * b) / 100));
  return Uint8Array.from(values, (v) => edges.filter((edge) => edge < v).length);
}
