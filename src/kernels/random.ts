import type { Rng } from "../core/rng.ts";
import { exp, log, log1p } from "./math.ts";

/** A standard normal number (Marsaglia's polar method). */
export function normal(rng: Rng): number {
  for (;;) {
    const x = 2 * rng.uniform() - 1;
    const y = 2 * rng.uniform() - 1;
    const s = x * x + y * y;
    if (s > 0 && s < 1) return x * Math.sqrt((-2 * log(s)) / s);
  }
}

/** A gamma number with the given shape > 0 and scale 1 (Marsaglia and Tsang 2000, doi:10.1145/358407.358414). */
export function gamma(rng: Rng, shape: number): number {
  if (shape < 1) {
    const boost = log(1 - rng.uniform()) / shape;
    return gamma(rng, shape + 1) * exp(boost);
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(rng);
    const t = 1 + c * x;
    if (t <= 0) continue;
    const v = t * t * t;
    if (log(1 - rng.uniform()) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
  }
}

/** Below this mean, counts are drawn by adding up probabilities from 0; the work grows with the mean. */
const SMALL_MEAN = 10;

/** A Poisson count; large means by transformed rejection (Hormann 1993, doi:10.1016/0167-6687(93)90997-4). */
export function poisson(rng: Rng, mean: number): number {
  if (mean <= 0) return 0;
  if (mean < SMALL_MEAN) return invert(rng, mean, exp(-mean), mean, 0);
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const vr = 0.9277 - 3.6224 / (b - 2);
  const logMean = log(mean);
  for (;;) {
    const u = rng.uniform() - 0.5;
    const v = 1 - rng.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (log((v * inverseAlpha) / (a / (us * us) + b)) <= k * logMean - mean - logFactorial(k)) return k;
  }
}

/** A negative-binomial count with the given mean and variance mean + dispersion * mean^2; dispersion 0 is Poisson. */
export function negativeBinomial(rng: Rng, mean: number, dispersion: number): number {
  if (mean <= 0) return 0;
  if (dispersion <= 0) return poisson(rng, mean);
  if (mean >= SMALL_MEAN) return poisson(rng, gamma(rng, 1 / dispersion) * dispersion * mean);
  const odds = dispersion * mean;
  const q = odds / (1 + odds);
  return invert(rng, mean, exp(-log1p(odds) / dispersion), q / dispersion, q);
}

/** The count whose probabilities start at p0 and go on by P(k + 1) = P(k) (a + b k) / (k + 1). */
function invert(rng: Rng, mean: number, p0: number, a: number, b: number): number {
  let u = rng.uniform();
  let k = 0;
  for (let p = p0; u >= p && (k < mean || p > 1e-18); k++) {
    u -= p;
    p *= (a + b * k) / (k + 1);
  }
  return k;
}

const logFactorials: readonly number[] = [1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880].map(log);

/** log(k!), from Stirling's series above 9 (relative error below 1e-12). */
function logFactorial(k: number): number {
  if (k < 10) return logFactorials[k];
  const x = k + 1;
  const z = 1 / (x * x);
  return (
    (x - 0.5) * log(x) - x + 0.9189385332046728 + (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z / 1680))) / x
  );
}

/** Shares that add up to 1; equal weights of 1 are uniform over all shares, larger weights vary less. */
export function dirichlet(rng: Rng, weights: ArrayLike<number>): Float64Array {
  const shares = Float64Array.from(weights, (w) => gamma(rng, w));
  let sum = 0;
  for (const s of shares) sum += s;
  return shares.map((s) => s / sum);
}

/** The position drawn in proportion to the weights (not all 0). */
export function choose(rng: Rng, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += weights[k];
  let u = rng.uniform() * sum;
  let last = 0;
  for (let k = 0; k < weights.length; k++) {
    if (weights[k] <= 0) continue;
    if (u < weights[k]) return k;
    u -= weights[k];
    last = k;
  }
  return last;
}

/** Puts the items in random order, in place; every order is equally likely. */
export function shuffle<T extends { readonly length: number; [index: number]: unknown }>(
  rng: Rng,
  items: T,
): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
  return items;
}
