import type { RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { adjustedRandIndex } from "../cluster/evaluate.ts";
import { bySize } from "../cluster/labels.ts";
import { bestFits, drawRows, drawSample, shifted, subset } from "../cluster/search.ts";
import { assignTied, bicTied, type Points } from "../cluster/tied.ts";
import { shuffle } from "../kernels/random.ts";

/** How well a number of modules fits. */
export interface ModuleCandidate {
  /** the number of modules */
  readonly k: number;
  /** adjusted Rand index between the modules found on two halves of the observations; 1 for k = 1 */
  readonly stability: number;
  /** Bayesian information criterion, lower is better */
  readonly bic: number;
}

/** Candidates go from 1 to this many modules; a bend can be seen up to two below. */
const MOST = 12;
const ROWS = 2000;
/** Rise of the log-likelihood per point at which a candidate is fitted: its BIC then errs by far less than one module adds. */
const TOLERANCE = 1e-4;

/** Fits 1, 2, ... modules to (at most 2,000 of) the points and to two halves of them. */
export async function moduleCandidates(
  points: Points,
  seed: number,
  run: RunOptions,
): Promise<ModuleCandidate[]> {
  const part = subset(points, drawRows(points.n, ROWS, seed, 3));
  const order = shuffle(
    stream(seed, 0x77d1),
    Uint32Array.from({ length: part.n }, (_, i) => i),
  );
  const middle = Math.ceil(part.n / 2);
  const halves = [subset(part, order.slice(0, middle)), subset(part, order.slice(middle))];
  const whole = await drawSample(part, seed);
  const samples = [await drawSample(halves[0], seed), await drawSample(halves[1], seed)];
  const most = Math.max(1, Math.min(MOST, Math.floor(part.n / 8)));
  const counts = Array.from({ length: most }, (_, t) => t + 1);
  const searches = counts.flatMap((k) => [
    { points: part, sample: whole, k, restarts: 4, seed, tolerance: TOLERANCE },
    ...halves.map((points, h) => ({
      points,
      sample: samples[h],
      k,
      restarts: 1,
      seed,
      tolerance: TOLERANCE,
    })),
  ]);
  const fits = await bestFits(searches, run, (fraction) =>
    run.onProgress?.({ step: "number of modules", fraction }),
  );
  return counts.map((k, t) => {
    const [a, b] = halves.map((half, h) =>
      bySize(assignTied(part, shifted(fits[3 * t + 1 + h], half, part))),
    );
    return { k, stability: adjustedRandIndex(a, b), bic: bicTied(fits[3 * t], part.n, part.d) };
  });
}

/**
 * The number of modules at the bend of the BIC curve. Averaged neighbors are not independent, so BIC goes on falling past
 * the true number, but slowly: two straight lines that meet at k fit the curve best there. Of the numbers whose lines
 * fit nearly as well (within 20 %), the most stable one is taken.
 */
export function chooseCount(candidates: readonly ModuleCandidate[]): number {
  const bic = candidates.map((c) => c.bic);
  if (bic.length < 4) return candidates[bic.indexOf(Math.min(...bic))].k;
  const errors = new Map<number, number>();
  for (let at = 1; at < bic.length - 2; at++)
    errors.set(at, lineError(bic.slice(0, at + 1)) + lineError(bic.slice(at)));
  const least = Math.min(...errors.values());
  let best = -1;
  for (const [at, error] of errors) {
    if (error > 1.2 * least) continue;
    if (best < 0 || candidates[at].stability > candidates[best].stability) best = at;
  }
  return candidates[best].k;
}

/** Sum of squares about the best straight line through equally spaced values. */
function lineError(values: readonly number[]): number {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  let slope = 0;
  let spread = 0;
  values.forEach((v, i) => {
    const t = i - (n - 1) / 2;
    slope += t * v;
    spread += t * t;
  });
  slope /= spread;
  return values.reduce((sum, v, i) => {
    const e = v - mean - slope * (i - (n - 1) / 2);
    return sum + e * e;
  }, 0);
}
