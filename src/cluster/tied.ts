import { SpatialError } from "../core/errors.ts";
import { forEachBlock } from "../core/progress.ts";
import { cholesky, solveLower, solveLowerTransposed } from "../kernels/linalg.ts";
import { exp, log, PI } from "../kernels/math.ts";
import type { Dense } from "../model/index.ts";

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

/** The model of hard labels from 0 to k - 1. */
export async function modelOf(
  points: Points,
  k: number,
  labels: Int32Array,
  signal: AbortSignal | undefined,
): Promise<TiedModel> {
  const share = new Float64Array(points.n * k);
  for (let i = 0; i < points.n; i++) share[i * k + labels[i]] = 1;
  return maximize(points, k, share, signal);
}

/** Runs `work` over the points in slices of some 10 million multiplications, so that the signal is heard in between. */
export async function inSlices(
  { n, d }: Points,
  k: number,
  signal: AbortSignal | undefined,
  work: (start: number, end: number) => void,
): Promise<void> {
  await forEachBlock("mixture", n, Math.max(1, Math.floor(1e7 / (k * d))), work, { signal });
}

/**
 * Expectation-maximization from a model, until the log-likelihood per point rises by less than `tolerance`. The shared
 * covariance makes the log-odds linear in x, so a step costs 2 n k d multiplications, and the within-group scatter is
 * the total scatter less that of the means.
 */
export async function fitTied(
  points: Points,
  start: TiedModel,
  tolerance: number,
  maxIterations: number,
  signal: AbortSignal | undefined,
): Promise<TiedFit> {
  const { n } = points;
  const k = start.weights.length;
  const share = new Float64Array(n * k);
  let model = start;
  let logLikelihood = await expect(points, model, share, signal);
  let converged = false;
  for (let step = 1; step < maxIterations && !converged; step++) {
    const last = logLikelihood;
    model = await maximize(points, k, share, signal);
    logLikelihood = await expect(points, model, share, signal);
    converged = logLikelihood - last < tolerance * n;
  }
  return { ...model, logLikelihood, converged };
}

async function maximize(
  points: Points,
  k: number,
  share: Float64Array,
  signal: AbortSignal | undefined,
): Promise<TiedModel> {
  const { n, d, data, scatter } = points;
  const mass = new Float64Array(k);
  const means = new Float64Array(k * d);
  await inSlices(points, k, signal, (start, end) => {
    for (let i = start; i < end; i++) {
      for (let g = 0; g < k; g++) {
        const r = share[i * k + g];
        if (r === 0) continue;
        mass[g] += r;
        for (let c = 0, p = g * d, q = i * d; c < d; c++) means[p + c] += r * data[q + c];
      }
    }
  });
  const covariance = scatter.slice();
  for (let g = 0; g < k; g++) {
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

/** Log-odds of the groups at x are x . slope_g + offset_g, up to a term common to all groups. */
function discriminant(
  model: TiedModel,
  d: number,
): { slopes: Float64Array; offsets: Float64Array; factor: Float64Array } {
  const factor = cholesky(model.covariance, d);
  const k = model.weights.length;
  const slopes = model.means.slice();
  const offsets = new Float64Array(k);
  for (let g = 0; g < k; g++) {
    const slope = slopes.subarray(g * d, (g + 1) * d);
    solveLower(factor, d, slope);
    solveLowerTransposed(factor, d, slope);
    let half = 0;
    for (let c = 0; c < d; c++) half += slope[c] * model.means[g * d + c];
    offsets[g] = log(model.weights[g]) - half / 2;
  }
  return { slopes, offsets, factor };
}

/** Shares below e^-25 of the largest count as 0. */
const NEGLIGIBLE = -25;

/** Fills the groups' shares of each point and returns the log-likelihood. */
async function expect(
  points: Points,
  model: TiedModel,
  share: Float64Array,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { n, d, data, scatter } = points;
  const k = model.weights.length;
  const { slopes, offsets, factor } = discriminant(model, d);
  let sum = 0;
  await inSlices(points, k, signal, (start, end) => {
    for (let i = start; i < end; i++) {
      const at = i * k;
      let top = -Infinity;
      for (let g = 0; g < k; g++) {
        let s = offsets[g];
        for (let c = 0, p = i * d, q = g * d; c < d; c++) s += data[p + c] * slopes[q + c];
        share[at + g] = s;
        if (s > top) top = s;
      }
      let total = 0;
      for (let g = 0; g < k; g++) {
        const below = share[at + g] - top;
        const e = below === 0 ? 1 : below > NEGLIGIBLE ? exp(below) : 0;
        share[at + g] = e;
        total += e;
      }
      sum += top;
      if (total === 1) continue;
      sum += log(total);
      for (let g = 0; g < k; g++) share[at + g] /= total;
    }
  });
  // The common term: -1/2 sum x' covariance^-1 x = -1/2 trace(covariance^-1 scatter).
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
  return sum - trace / 2 - (n / 2) * (d * log(2 * PI) + logDeterminant);
}

/** The likeliest group of each point. */
export function assignTied(points: Points, fit: TiedModel): Int32Array {
  const { n, d, data } = points;
  const k = fit.weights.length;
  const { slopes, offsets } = discriminant(fit, d);
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
