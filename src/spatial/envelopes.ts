import { rankTail } from "./tails.ts";

/** Curves of an observed pattern beside those of patterns made at random. Arrays are rows x r; lists have one value per row. */
export interface Envelopes {
  /** Mean over all patterns, the observed one among them. */
  readonly mean: Float64Array;
  /** At each distance: the observed value lies outside with probability `alpha` at most, where the null holds. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** (1 + patterns with a value >= the observed) / (1 + B), at each distance. */
  readonly pUpper: Float64Array;
  /** (1 + patterns with a value <= the observed) / (1 + B), at each distance. */
  readonly pLower: Float64Array;
  /** mean -/+ a number of standard deviations: the observed curve leaves it anywhere with probability `alpha` at most. */
  readonly globalLower: Float64Array;
  readonly globalUpper: Float64Array;
  /** Of the largest |value - mean| over all distances: (1 + patterns with one >= the observed) / (1 + B). */
  readonly pMad: Float64Array;
  /** The same of the largest |value - mean| / standard deviation. */
  readonly pStudentized: Float64Array;
}

/**
 * Envelopes and tests by rank: the observed pattern and B others are alike where the null holds, so each rank has the same chance.
 * Distances at which a curve has no value enter no test over all of them.
 *
 * @param curves (1 + B) x rows x r, the observed first
 */
export function envelopes(curves: Float64Array, rows: number, bins: number, alpha: number): Envelopes {
  const size = rows * bins;
  const all = curves.length / size;
  const array = (length: number): Float64Array => new Float64Array(length).fill(NaN);
  const [mean, sd, lower, upper, pUpper, pLower] = Array.from({ length: 6 }, () => array(size));
  const [globalLower, globalUpper] = [array(size), array(size)];
  const [pMad, pStudentized] = [array(rows), array(rows)];
  const result = { mean, lower, upper, pUpper, pLower, globalLower, globalUpper, pMad, pStudentized };
  if (all < 2) return result;
  // How many patterns may lie beyond a limit: on one side at one distance, on either side anywhere.
  const beyondSide = Math.floor((alpha / 2) * all);
  const beyond = Math.floor(alpha * all);
  const others = new Float64Array(all - 1);
  for (let c = 0; c < size; c++) {
    let [sum, reached, kept] = [0, 0, 0];
    for (let b = 0; b < all; b++) {
      const value = curves[b * size + c];
      sum += value;
      if (b === 0) continue;
      others[b - 1] = value;
      if (value >= curves[c]) reached++;
      if (value <= curves[c]) kept++;
    }
    if (!Number.isFinite(sum)) continue;
    mean[c] = sum / all;
    let squares = 0;
    for (let b = 0; b < all; b++)
      squares += (curves[b * size + c] - mean[c]) * (curves[b * size + c] - mean[c]);
    sd[c] = Math.sqrt(squares / (all - 1));
    others.sort();
    lower[c] = beyondSide === 0 ? -Infinity : others[beyondSide - 1];
    upper[c] = beyondSide === 0 ? Infinity : others[all - 1 - beyondSide];
    pUpper[c] = rankTail(reached, kept, all - 1, "greater");
    pLower[c] = rankTail(reached, kept, all - 1, "less");
  }
  for (let row = 0; row < rows; row++) {
    const used = Array.from({ length: bins }, (_, t) => row * bins + t).filter((c) => !Number.isNaN(sd[c]));
    if (used.length === 0) continue;
    const largest = (b: number, studentized: boolean): number => {
      let most = 0;
      for (const c of used) {
        const off = Math.abs(curves[b * size + c] - mean[c]);
        if (off > 0) most = Math.max(most, studentized ? off / sd[c] : off);
      }
      return most;
    };
    const test = (studentized: boolean): readonly [number, Float64Array] => {
      const observed = largest(0, studentized);
      const deviations = Float64Array.from(others, (_, b) => largest(b + 1, studentized)).sort();
      return [(1 + deviations.reduce((n, d) => n + (d >= observed ? 1 : 0), 0)) / all, deviations];
    };
    pMad[row] = test(false)[0];
    const [p, deviations] = test(true);
    pStudentized[row] = p;
    const wide = beyond === 0 ? Infinity : deviations[all - 1 - beyond];
    for (const c of used) {
      globalLower[c] = mean[c] - wide * sd[c];
      globalUpper[c] = mean[c] + wide * sd[c];
    }
  }
  return result;
}
