import { checkOptions, integer, oneOf, runRules, such } from "../core/check.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import type { Categorical, Positions } from "../model/index.ts";
import { closestSquares } from "./closest.ts";
import { checkShuffles, measurePatterns, type NullModel, patternOf } from "./patterns.ts";
import { logTail, rankTail, tail } from "./tails.ts";
import { isWindow, type WindowOption } from "./window.ts";

export interface ClarkEvansOptions extends RunOptions {
  /** Where points could have been seen, default "hull". With several samples the ids of polygons are the samples' names. */
  readonly window?: WindowOption;
  /** For points whose nearest one may lie beyond the edge: default "donnelly", from the window's perimeter. */
  readonly correction?: "none" | "donnelly";
  /** What is random in the simulations, as in `ripley`; default "csr". */
  readonly null?: NullModel;
  /** How many random patterns, default 199; 0 leaves `pSimulated` NaN. */
  readonly simulations?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Sample of each observation: each has a window of its own; sums are pooled over samples. */
  readonly sample?: Categorical;
}

/** Lists have one value per type. */
export interface ClarkEvansResult {
  readonly categories: readonly string[];
  /** How many points have a nearest one of their type. */
  readonly sizes: Float64Array;
  /** Mean distance to the nearest other point of the type, in the positions' unit. */
  readonly meanDistance: Float64Array;
  /** What it is where places are random. */
  readonly expected: Float64Array;
  /** meanDistance / expected: below 1 clustered, above 1 apart, 2.149 at most (a triangular lattice). */
  readonly index: Float64Array;
  /** (meanDistance - expected) / standard error, about normal from some 20 points on where places are random. */
  readonly z: Float64Array;
  /** Two-sided, of z. */
  readonly p: Float64Array;
  /** log(p), also where p is below the smallest number. */
  readonly logP: Float64Array;
  /** Two-sided, by rank of the mean distance among all patterns; never 0. */
  readonly pSimulated: Float64Array;
  readonly params: {
    readonly correction: "none" | "donnelly";
    readonly null: NullModel;
    readonly simulations: number;
    readonly seed: number;
    readonly area: number;
    readonly perimeter: number;
  };
}

/**
 * Do the points of a type keep nearer to each other than chance has it, or farther? The nearest-neighbor index of Clark and Evans:
 * mean distance to the nearest point over what complete spatial randomness has.
 *
 * With n points, area A and perimeter P: expected 1/2 sqrt(A / n), variance of the mean 0.0683 A / n^2. Points near the edge lack
 * neighbors, which makes that too small; Donnelly's correction adds (0.0514 + 0.041 / sqrt(n)) P / n and has the variance
 * (0.0703 A + 0.037 P sqrt(A / n)) / n^2. It was made for compact windows: for a ragged one trust `pSimulated`, which needs no formula.
 * `null: "labels"` asks whether a type lies otherwise than cells do.
 *
 * Observations without a label, a sample (-1) or a place (NaN) are left out, as are samples with one point of the type; a type
 * without two points in any has NaN.
 *
 * @param labels k types over n observations; null: all are one type
 * @param positions n x 2, in any unit
 * @throws {SpatialError} as `ripley`
 *
 * Cost: O(n log n) per pattern, 50,000 cells about 0.1 s. Checked by hand on lattices and by rejection rates over 1000 random tissues. Sources: Clark
 * and Evans 1954 (doi:10.2307/1931034), Donnelly 1978 in Hodder (ed.), Simulation Studies in Archaeology.
 *
 * @example
 * ```ts
 * import { positions } from "tissular/model";
 * import { clarkEvans } from "tissular/spatial";
 * const lattice = Float64Array.from({ length: 200 }, (_, t) => (t % 2 === 0 ? (t / 2) % 10 : Math.floor(t / 20)) + 0.5);
 * const { index, p } = await clarkEvans(null, positions(lattice, "um", 1), {
 *   window: [0, 0, 10, 10],
 *   correction: "none",
 *   simulations: 0,
 * });
 * if (index[0] !== 2 || !(p[0] < 1e-10)) throw new Error("nearest at 1, expected at 1/2");
 * ```
 */
export async function clarkEvans(
  labels: Categorical | null,
  positions: Positions,
  options: ClarkEvansOptions = {},
): Promise<ClarkEvansResult> {
  checkOptions("clarkEvans", options, {
    window: such(`"rectangle", "hull", [least x, least y, largest x, largest y], or shapes`, isWindow),
    correction: oneOf("none", "donnelly"),
    null: oneOf("csr", "labels"),
    simulations: integer(0, 1_000_000),
    seed: integer(),
    sample: such("a categorical", (v) => (v as Categorical | null)?.kind === "categorical"),
    ...runRules,
  });
  const { correction = "donnelly", simulations = 199, seed = 0 } = options;
  const model = options.null ?? "csr";
  checkShuffles("clarkEvans", model, labels);
  checkAborted(options.signal);
  const pattern = patternOf("clarkEvans", labels, positions, options.sample, options.window ?? "hull");
  const { windows, categories, points } = pattern;
  const k = categories.length;
  const samples = windows.length;

  // Sum of the nearest distances, by pattern and type.
  const sums = await measurePatterns(
    pattern,
    model,
    simulations,
    seed,
    options,
    async (drawn, patterns, run) => {
      const pairs = Array.from({ length: patterns * samples * k }, (_, g) => [g, g] as const);
      const squares = await closestSquares(drawn, pairs, "nearest neighbors", run);
      const sum = new Float64Array(patterns * k);
      squares.forEach((list, g) => {
        if (list.length > 1)
          for (const square of list) sum[Math.floor(g / (samples * k)) * k + (g % k)] += Math.sqrt(square);
      });
      return sum;
    },
  );

  const [sizes, means, variances] = Array.from({ length: 3 }, () => new Float64Array(k));
  windows.forEach(({ area, perimeter }, s) => {
    for (let a = 0; a < k; a++) {
      const n = points.starts[s * k + a + 1] - points.starts[s * k + a];
      if (n < 2) continue;
      const isOpen = correction === "none";
      sizes[a] += n;
      means[a] += Math.sqrt(area * n) / 2 + (isOpen ? 0 : (0.0514 + 0.041 / Math.sqrt(n)) * perimeter);
      variances[a] += isOpen
        ? NEAREST_VARIANCE * area
        : 0.0703 * area + 0.037 * perimeter * Math.sqrt(area / n);
    }
  });
  const z = sizes.map((n, a) => (n > 0 ? (sums[a] - means[a]) / Math.sqrt(variances[a]) : NaN));
  const pSimulated = sizes.map((n, a) => {
    if (n === 0) return NaN;
    let [reached, kept] = [0, 0];
    for (let b = 1; b <= simulations; b++) {
      if (sums[b * k + a] >= sums[a]) reached++;
      if (sums[b * k + a] <= sums[a]) kept++;
    }
    return rankTail(reached, kept, simulations, "two-sided");
  });
  return {
    categories,
    sizes,
    meanDistance: sizes.map((n, a) => sums[a] / n),
    expected: sizes.map((n, a) => means[a] / n),
    index: sizes.map((n, a) => (n > 0 ? sums[a] / means[a] : NaN)),
    z,
    p: z.map((v) => tail(v, "two-sided")),
    logP: z.map((v) => logTail(v, "two-sided")),
    pSimulated,
    params: {
      correction,
      null: model,
      simulations,
      seed,
      area: windows.reduce((sum, w) => sum + w.area, 0),
      perimeter: windows.reduce((sum, w) => sum + w.perimeter, 0),
    },
  };
}

/** 1 / pi - 1 / 4, of the nearest distance times sqrt(intensity) where places are random. */
const NEAREST_VARIANCE = 0.06830988618379067;
