import { expect } from "vitest";
import { type Rng, stream } from "../../src/core/index.ts";

type PValues = number | ArrayLike<number>;

/**
 * The p-values of tissues without pattern. `pOf` draws one tissue from `rng` and gives its p-value, or draws several that do
 * not depend on each other (genes of one graph) and gives one each. Tissue t draws from `stream(seed, t)`.
 */
export async function nullPValues(
  pOf: (rng: Rng) => PValues | Promise<PValues>,
  { tissues = 1000, seed = 1 }: { readonly tissues?: number; readonly seed?: number } = {},
): Promise<Float64Array> {
  const all = new Float64Array(tissues);
  for (let t = 0; t < tissues;) {
    const p = await pOf(stream(seed, t));
    const list = typeof p === "number" ? [p] : Array.from(p);
    for (let k = 0; k < list.length && t < tissues; k++) all[t++] = list[k];
    if (list.length === 0) throw new Error("a tissue without p-value");
  }
  return all;
}

export interface Calibration {
  /** how many p-values are no numbers above 0 and up to 1 */
  readonly outside: number;
  /** share of p <= .05 */
  readonly rejected: number;
  /** the chance of so many p <= .05 and p <= .01 (the lesser of the two), were p as small as it may be */
  readonly tooMany: number;
  /** Kolmogorov-Smirnov against the uniform distribution: chance of so large a distance, and of so large a one to small p */
  readonly uniform: number;
  readonly tooSmall: number;
}

/** How p-values of tissues without pattern are distributed; possible values lie `grain` apart (0: anywhere). */
export function calibrationOf(p: Float64Array, grain: number = 0): Calibration {
  const n = p.length;
  const sorted = p.slice().sort();
  const upTo = (level: number): number => p.reduce((count, v) => count + Number(v <= level), 0);
  let above = 0;
  let below = 0;
  for (let k = 0; k < n; k++) {
    if (sorted[k] !== sorted[k + 1]) above = Math.max(above, (k + 1) / n - sorted[k]);
    if (sorted[k] !== sorted[k - 1]) below = Math.max(below, sorted[k] - grain - k / n);
  }
  const scale = Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n);
  return {
    outside: n - p.reduce((count, v) => count + Number(v > 0 && v <= 1), 0),
    rejected: upTo(0.05) / n,
    tooMany: Math.min(atLeast(upTo(0.05), n, 0.05), atLeast(upTo(0.01), n, 0.01)),
    uniform: kolmogorov(scale * Math.max(above, below)),
    tooSmall: Math.exp(-2 * (scale * above) ** 2),
  };
}

/**
 * Requires of the p-values of (as a rule 1,000) tissues without pattern: numbers, never 0; 3 to 7 % of them up to .05; nowhere
 * significantly too small (chance below .001). With `continuous` also that they are uniform; p from B permutations, which
 * are multiples of 1 / (B + 1), name them. `least` is for discrete tests that cannot reach 3 %.
 */
export function expectCalibrated(
  p: Float64Array,
  { continuous = false, permutations = 0, least = 0.03 }: CalibrationOptions = {},
): Calibration {
  const found = calibrationOf(p, permutations > 0 ? 1 / (permutations + 1) : 0);
  expect(found.outside, "p-values that are not above 0 and up to 1").toBe(0);
  expect(found.rejected, "share of p <= .05").toBeGreaterThanOrEqual(least);
  expect(found.rejected, "share of p <= .05").toBeLessThanOrEqual(0.07);
  expect(found.tooMany, "chance of so many small p").toBeGreaterThan(0.001);
  expect(found.tooSmall, "chance of so many p below a level").toBeGreaterThan(0.001);
  if (continuous) expect(found.uniform, "Kolmogorov-Smirnov").toBeGreaterThan(0.001);
  return found;
}

export interface CalibrationOptions {
  readonly continuous?: boolean;
  readonly permutations?: number;
  readonly least?: number;
}

/** P(X >= count) of a binomial X. */
function atLeast(count: number, n: number, chance: number): number {
  let term = (1 - chance) ** n;
  let below = 0;
  for (let k = 0; k < count; k++) {
    below += term;
    term *= ((n - k) / (k + 1)) * (chance / (1 - chance));
  }
  return Math.max(0, 1 - below);
}

/** P(K > x) of Kolmogorov's distribution. */
function kolmogorov(x: number): number {
  if (x < 0.3) return 1;
  let sum = 0;
  for (let k = 1; k < 100; k++) sum += 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x);
  return sum;
}
