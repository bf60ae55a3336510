import { addRows, columnMoments, startColumns } from "../kernels/accumulate.ts";
import { loess } from "../kernels/loess.ts";
import { log10, pow } from "../kernels/math.ts";
import type { Passes } from "../kernels/passes.ts";

/** What one sample says about its genes; arrays of length p. */
export interface GeneScores {
  readonly means: Float64Array;
  readonly variances: Float64Array;
  readonly score: Float64Array;
}

/**
 * Variance of counts after standardization by the trend of log10 variance on log10 mean and a cut at sqrt(n)
 * expected standard deviations above the mean.
 */
export function* byClippedVariance(p: number, span: number): Passes<GeneScores> {
  const all = startColumns(p);
  yield (block) => addRows(all, block);
  const n = all.rows;
  const { mean, variance } = columnMoments(all);
  const varying = Uint32Array.from(variance.keys()).filter((j) => variance[j] > 0);
  const trend = loess(
    Float64Array.from(varying, (j) => log10(mean[j])),
    Float64Array.from(varying, (j) => log10(variance[j])),
    span,
  );
  const expected = new Float64Array(p).fill(1);
  varying.forEach((j, at) => (expected[j] = pow(10, trend[at])));
  const limit = mean.map((m, j) => m + Math.sqrt(expected[j] * n));

  const sum = new Float64Array(p);
  const squares = new Float64Array(p);
  yield ({ indices, data }) => {
    for (let e = 0; e < data.length; e++) {
      const j = indices[e];
      const v = Math.min(data[e], limit[j]);
      sum[j] += v;
      squares[j] += v * v;
    }
  };
  const score = mean.map((m, j) =>
    variance[j] > 0 ? (n * m * m + squares[j] - 2 * sum[j] * m) / ((n - 1) * expected[j]) : 0,
  );
  return { means: mean, variances: variance, score };
}
