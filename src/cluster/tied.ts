import { SpatialError } from "../core/errors.ts";
import { cholesky, solveLower, solveLowerTransposed } from "../kernels/linalg.ts";
import { log, PI } from "../kernels/math.ts";
import type { Dense } from "../model/index.ts";
import type { Gather, Look, Sums } from "./gather.ts";

/** Points for a mixture: centred, with their scatter, in f64. */
export interface Points {
  readonly n: number;
  readonly d: number;
  /** length n * d, row-major, each column with mean 0 */
  readonly data: Float64Array;
  /** length d: what was subtracted */
  readonly center: Float64Array;
  /** length d * d: data' data */
  readonly scatter: Float64Array;
}

/** A model with its likelihood on the points it was fitted to. */
export interface TiedFit extends TiedModel {
  /** natural log */
  readonly logLikelihood: number;
  readonly converged: boolean;
}

export function pointsOf(x: Dense): Points {
  const { rows: n, cols: d } = x;
  const center = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let c = 0; c < d; c++) center[c] += x.data[i * d + c];
  for (let c = 0; c < d; c++) center[c] /= n;
  const data = new Float64Array(n * d);
  const scatter = new Float64Array(d * d);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < d; c++) {
      const v = x.data[i * d + c] - center[c];
      data[i * d + c] = v;
      for (let e = 0; e <= c; e++) scatter[c * d + e] += v * data[i * d + e];
    }
  }
  for (let c = 0; c < d; c++) for (let e = 0; e < c; e++) scatter[e * d + c] = scatter[c * d + e];
  if (!scatter.every(Number.isFinite))
    throw new SpatialError("input", "A mixture needs finite values with finite squares.", { subject: "x" });
  return { n, d, data, center, scatter };
}

/** Added to each variance, as a part of the mean variance: keeps the covariance invertible. */
const RIDGE = 1e-6;

/** Weights, means and shared covariance of k groups. */
export interface TiedModel {
  /** length k, sum 1 */
  readonly weights: Float64Array;
  /** length k * d, in the points' centred coordinates */
  readonly means: Float64Array;
  /** length d * d */
  readonly covariance: Float64Array;
}

/**
 * Expectation-maximization from several models at a time, each until its log-likelihood per point rises by less than
 * `tolerance`. The shared covariance makes the log-odds linear in x, so a step costs 2 n k d multiplications, and the
 * within-group scatter is the total scatter less that of the means.
 */
export async function fitTied(
  gather: Gather,
  starts: readonly { readonly points: Points; readonly model: TiedModel; readonly tolerance: number }[],
  maxIterations: number,
  onDone: (fits: number) => void,
): Promise<TiedFit[]> {
  const models = starts.map(({ model }) => model);
  const last = starts.map(() => -Infinity);
  const fits: TiedFit[] = [];
  let moving = starts.map((_, t) => t);
  for (let step = 1; moving.length > 0; step++) {
    const odds = moving.map((t) => logOdds(starts[t].points, models[t]));
    const sums = await gather(odds.map(({ look }) => look));
    const before = moving.length;
    moving = moving.filter((t, at) => {
      const { points, tolerance } = starts[t];
      const logLikelihood = sums[at].logs + odds[at].common;
      const converged = logLikelihood - last[t] < tolerance * points.n;
      if (converged || step === maxIterations) {
        fits[t] = { ...models[t], logLikelihood, converged };
        return false;
      }
      models[t] = modelOf(points, sums[at]);
      last[t] = logLikelihood;
      return true;
    });
    onDone(before - moving.length);
  }
  return fits;
}

/** The likeliest model where the points' shares in the groups have these sums. */
export function modelOf({ n, d, scatter }: Points, { mass, sums }: Pick<Sums, "mass" | "sums">): TiedModel {
  const means = sums.slice();
  const covariance = scatter.slice();
  for (let g = 0; g < mass.length; g++) {
    if (mass[g] === 0) continue;
    for (let c = 0; c < d; c++) means[g * d + c] /= mass[g];
    for (let c = 0; c < d; c++)
      for (let e = 0; e < d; e++) covariance[c * d + e] -= mass[g] * means[g * d + c] * means[g * d + e];
  }
  let trace = 0;
  for (let c = 0; c < d; c++) trace += scatter[c * d + c];
  const ridge = trace > 0 ? (RIDGE * trace) / (n * d) : 1;
  for (let e = 0; e < d * d; e++) covariance[e] /= n;
  for (let c = 0; c < d; c++) covariance[c * d + c] = Math.max(0, covariance[c * d + c]) + ridge;
  return { weights: mass.map((m) => m / n), means, covariance };
}

/** Log-odds of the groups at x are x . slope_g + offset_g, up to a term whose sum over the points is `common`. */
function logOdds(
  points: Points,
  model: TiedModel,
): { look: Look & { offsets: Float64Array }; common: number } {
  const { n, d, scatter } = points;
  const factor = cholesky(model.covariance, d);
  const k = model.weights.length;
  const rows = model.means.slice();
  const offsets = new Float64Array(k);
  for (let g = 0; g < k; g++) {
    const slope = rows.subarray(g * d, (g + 1) * d);
    solveLower(factor, d, slope);
    solveLowerTransposed(factor, d, slope);
    let half = 0;
    for (let c = 0; c < d; c++) half += slope[c] * model.means[g * d + c];
    offsets[g] = log(model.weights[g]) - half / 2;
  }
  // -1/2 sum x' covariance^-1 x = -1/2 trace(covariance^-1 scatter)
  let trace = 0;
  let logDeterminant = 0;
  const column = new Float64Array(d);
  for (let c = 0; c < d; c++) {
    for (let e = 0; e < d; e++) column[e] = scatter[e * d + c];
    solveLower(factor, d, column);
    solveLowerTransposed(factor, d, column);
    trace += column[c];
    logDeterminant += 2 * log(factor[c * d + c]);
  }
  const common = -trace / 2 - (n / 2) * (d * log(2 * PI) + logDeterminant);
  return { look: { points, rows, offsets }, common };
}

/** The likeliest group of each point. */
export function assignTied(points: Points, fit: TiedModel): Int32Array {
  const { n, d, data } = points;
  const k = fit.weights.length;
  const { rows: slopes, offsets } = logOdds(points, fit).look;
  const labels = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    let top = -Infinity;
    for (let g = 0; g < k; g++) {
      let s = offsets[g];
      for (let c = 0; c < d; c++) s += data[i * d + c] * slopes[g * d + c];
      if (s > top) {
        top = s;
        labels[i] = g;
      }
    }
  }
  return labels;
}

/** Bayesian information criterion, lower is better: k - 1 weights, k d means, d (d + 1) / 2 covariances are free. */
export function bicTied(fit: TiedFit, n: number, d: number): number {
  const k = fit.weights.length;
  const free = k - 1 + k * d + (d * (d + 1)) / 2;
  return free * log(n) - 2 * fit.logLikelihood;
}
