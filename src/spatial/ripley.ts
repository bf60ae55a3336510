import { checkOptions, integer, number, oneOf, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import { expm1, PI } from "../kernels/math.ts";
import type { Categorical, Positions } from "../model/index.ts";
import type { Design, EdgeCorrection, RipleyStatistic } from "./ripley-design.ts";
import { type Envelopes, envelopes } from "./envelopes.ts";
import { isAscending } from "./forest.ts";
import {
  checkShuffles,
  measurePatterns,
  nestingOf,
  type NullModel,
  type Pattern,
  patternOf,
  sizesOf,
} from "./patterns.ts";
import { summaries } from "./summaries.ts";
import { isWindow, type WindowOption } from "./window.ts";

export interface RipleyOptions extends RunOptions {
  /** Default "L". */
  readonly statistic?: RipleyStatistic;
  /** Ascending distances in the positions' unit; without them `intervals` even ones from 0 to `maxDistance`. */
  readonly distances?: ArrayLike<number>;
  /** How many distances, default 50. */
  readonly intervals?: number;
  /**
   * The last distance; default a quarter of the window's shorter side, or less where that reaches 1000 points of a type (K, L, g), or
   * where empty space beyond has a chance of 1e-5 (F, G, J).
   */
  readonly maxDistance?: number;
  /** Where points could have been seen, default "hull". With several samples the ids of polygons are the samples' names. */
  readonly window?: WindowOption;
  /** Default "translation" for K, L and g in a rectangle, else "border". F, G and J know "none" and "border". */
  readonly correction?: EdgeCorrection;
  /**
   * What is random where nothing is to be found: the places ("csr", complete spatial randomness: as many points of each type, evenly
   * and independently in the window; the default) or which place has which label ("labels").
   */
  readonly null?: NullModel;
  /** How many random patterns, default 199; 0 leaves envelopes and p NaN. */
  readonly simulations?: number;
  /** Of the envelopes, default 0.05. */
  readonly alpha?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Sample of each observation: each has a window of its own, pairs lie within one, and sums are pooled over samples. */
  readonly sample?: Categorical;
}

/** Curves are k x r (type, distance), of `crossRipley` k x k x r (type, type around it, distance); lists of p-values k, or k x k. */
export interface RipleyResult extends Envelopes {
  readonly categories: readonly string[];
  /** How many points of each type, length k. */
  readonly sizes: Float64Array;
  /** length r, in the positions' unit */
  readonly distances: Float64Array;
  readonly observed: Float64Array;
  /** What complete spatial randomness has without limit: K pi r^2, L r, g 1, F and G 1 - exp(-intensity pi r^2), J 1. */
  readonly expected: Float64Array;
  readonly params: {
    readonly statistic: RipleyStatistic;
    readonly correction: EdgeCorrection;
    readonly null: NullModel;
    readonly simulations: number;
    readonly alpha: number;
    readonly seed: number;
    /** of all windows, in square units of the positions */
    readonly area: number;
  };
}

/**
 * Do the points of a type cluster or keep apart, and at which distance? Curves of each type over distance r, beside those of random
 * patterns, with envelopes and tests.
 *
 * - **K**: points around a point within r, over their number per area: |W| / (n (n - 1)) sum of e_ij [d_ij <= r] over ordered pairs.
 *   Above pi r^2: clustered. **L** = sqrt(K / pi), with a variance that hardly depends on r. **g**, the pair correlation: the same for the
 *   ring from one distance to the next, (K(r_t) - K(r_t-1)) / (pi (r_t^2 - r_t-1^2)); unlike K it does not carry small r on to large.
 * - **G**: share of points with a nearest other point within r. **F**: the same from 10,000 even places of the window (empty space).
 *   **J** = (1 - G) / (1 - F): below 1 clustered, above 1 apart.
 *
 * Edge corrections: "border" counts around points (places) at least r away from the border only; "translation" weighs a pair by
 * e = |W| / |W moved by the pair's difference, within W|; "isotropic" (Ripley) by circumference / part in W of the circle around the
 * first point through the second; the last two in rectangles. "none" has e = 1 and is too low at large r; against random patterns
 * in the same window it tests as well.
 *
 * Tests: `pUpper` and `pLower` at one distance; `pMad` and `pStudentized` over all distances at once, as are the global envelopes:
 * use these unless one distance was chosen beforehand. No p is 0: the observed pattern counts among the random ones. For K, L and g
 * types share random patterns: the one with n points takes the first n. To each its own are as random as if it had them alone; only the
 * chance of which patterns were drawn is one for all, as where p-values are ranks among common controls (Bates et al. 2023). Cells are
 * never completely random (they have a size, and tissue has holes): to ask whether a type lies otherwise than cells do, take `null: "labels"`.
 *
 * Observations without a label, a sample (-1) or a place (NaN) are left out. A type with too few points has NaN.
 *
 * @param labels k types over n observations; null: all are one type
 * @param positions n x 2, in any unit
 * @throws {SpatialError} `input` where lengths differ, positions have three dimensions, points lie outside the window, or it has no area;
 * `option`; `aborted`
 *
 * Cost: for each pattern O(pairs within the last distance), 1 ns each without correction, 6 to 30 ns with; of the largest type alone in
 * random patterns for K, L and g. F, G and J O((n + 10,000 k) log n).
 * Memory O(n + simulations k r). Checked against squidpy 1.8.3 `ripley` (L, G, and F within its sampling error), by brute force and closed
 * forms for each correction, and by rejection rates over 1000 random tissues. Sources: Ripley 1976 (doi:10.2307/3212829),
 * Ohser 1983 (doi:10.1080/02331888308801687), van Lieshout and Baddeley 1996 (doi:10.1111/j.1467-9574.1996.tb01501.x), Myllymaki et
 * al. 2017 (doi:10.1111/rssb.12172), Bates et al. 2023 (doi:10.1214/22-AOS2244).
 *
 * @example
 * ```ts
 * import { positions } from "tissular/model";
 * import { ripley } from "tissular/spatial";
 * const lattice = Float64Array.from({ length: 200 }, (_, t) => (t % 2 === 0 ? (t / 2) % 10 : Math.floor(t / 20)) + 0.5);
 * const { observed, pMad } = await ripley(null, positions(lattice, "um", 1), {
 *   statistic: "G",
 *   distances: [0.5, 0.9],
 *   window: [0, 0, 10, 10],
 *   simulations: 99,
 * });
 * if (observed[1] !== 0 || pMad[0] !== 0.01) throw new Error("points of a lattice keep apart");
 * ```
 */
export async function ripley(
  labels: Categorical | null,
  positions: Positions,
  options: RipleyOptions = {},
): Promise<RipleyResult> {
  return pointProcess("ripley", labels, positions, options, (k) =>
    Array.from({ length: k }, (_, a) => [a, a] as const),
  );
}

export interface CrossRipleyOptions extends Omit<RipleyOptions, "statistic"> {
  /** Default "L". */
  readonly statistic?: Exclude<RipleyStatistic, "F">;
}

/**
 * Do points of one type lie around points of another more, or less, than chance has it, and at which distance? As `ripley`, for all
 * ordered pairs of types: row a, column b is about points of b around points of a; on the diagonal the observed curve is that of `ripley`.
 *
 * K_ab = |W| / (n_a n_b) sum of e_ij [d_ij <= r] over points i of a and j of b; G_ab is the share of points of a with a nearest point of b within
 * r, J_ab = (1 - G_ab) / (1 - F_b). With `null: "csr"` both types are placed anew, independently (no pattern is shared); with "labels" all places stay, so
 * that what remains is which type sits where.
 *
 * @param labels k types over n observations
 * @param positions n x 2, in any unit
 * @throws {SpatialError} as `ripley`
 *
 * Cost: as `ripley` over all n observations together. Checked as `ripley`. Source: Lotwick and Silverman 1982
 * (doi:10.1111/j.2517-6161.1982.tb01221.x).
 *
 * @example
 * ```ts
 * import { categories, positions } from "tissular/model";
 * import { crossRipley } from "tissular/spatial";
 * const at = positions(Float64Array.of(1, 1, 1.1, 1, 8, 8, 8.1, 8), "um", 1);
 * const { observed } = await crossRipley(categories(["a", "b", "a", "b"]), at, {
 *   statistic: "K",
 *   distances: [1],
 *   window: [0, 0, 10, 10],
 *   correction: "none",
 *   simulations: 0,
 * });
 * if (observed[1] !== 50 || observed[0] !== 0) throw new Error("100 / (2 * 2) * 2 pairs of a and b; none of a and a");
 * ```
 */
export async function crossRipley(
  labels: Categorical,
  positions: Positions,
  options: CrossRipleyOptions = {},
): Promise<RipleyResult> {
  return pointProcess("crossRipley", labels, positions, options, (k) =>
    Array.from({ length: k * k }, (_, c) => [Math.floor(c / k), c % k] as const),
  );
}

async function pointProcess(
  verb: "ripley" | "crossRipley",
  labels: Categorical | null,
  positions: Positions,
  options: RipleyOptions,
  rowsOf: (k: number) => Design["rows"],
): Promise<RipleyResult> {
  checkOptions(verb, options, {
    statistic: verb === "ripley" ? oneOf("K", "L", "g", "F", "G", "J") : oneOf("K", "L", "g", "G", "J"),
    distances: such("ascending numbers >= 0", isAscending),
    intervals: integer(1, 100_000),
    maxDistance: number(0),
    window: such(`"rectangle", "hull", [least x, least y, largest x, largest y], or shapes`, isWindow),
    correction: oneOf("none", "border", "translation", "isotropic"),
    null: oneOf("csr", "labels"),
    simulations: integer(0, 1_000_000),
    alpha: number(0, 1),
    seed: integer(),
    sample: such("a categorical", (v) => (v as Categorical | null)?.kind === "categorical"),
    ...runRules,
  });
  const { statistic = "L", simulations = 199, alpha = 0.05, seed = 0 } = options;
  const model = options.null ?? "csr";
  checkShuffles(verb, model, labels);
  checkAborted(options.signal);
  const pattern = patternOf(verb, labels, positions, options.sample, options.window ?? "hull");
  const { windows, categories } = pattern;
  const k = categories.length;
  const rows = rowsOf(k);
  const isNearest = statistic === "F" || statistic === "G" || statistic === "J";
  const isRectangle = windows.every((w) => w.isRectangle);
  const correction = options.correction ?? (isRectangle && !isNearest ? "translation" : "border");
  const distances =
    options.distances === undefined
      ? evenDistances(options, pattern, isNearest)
      : Float64Array.from(options.distances);
  checkCorrection(verb, correction, pattern, isNearest, distances[distances.length - 1]);
  const design: Design = { statistic, correction, distances, windows, k, rows };

  const size = rows.length * distances.length;
  const curves = await measurePatterns(
    pattern,
    model,
    simulations,
    seed,
    options,
    (drawn, patterns, run, nesting) => summaries(drawn, patterns, design, run, nesting),
    verb === "ripley" && !isNearest ? nestingOf(pattern) : null,
  );

  const sizes = sizesOf(pattern);
  const area = windows.reduce((sum, w) => sum + w.area, 0);
  return {
    categories,
    sizes,
    distances,
    observed: curves.slice(0, size),
    expected: Float64Array.from({ length: size }, (_, c) => {
      const r = distances[c % distances.length];
      const around = rows[Math.floor(c / distances.length)][1];
      return expected(statistic, r, sizes[around] / area);
    }),
    ...envelopes(curves, rows.length, distances.length, alpha),
    params: { statistic, correction, null: model, simulations, alpha, seed, area },
  };
}

function expected(statistic: RipleyStatistic, r: number, intensity: number): number {
  if (statistic === "K") return PI * r * r;
  if (statistic === "L") return r;
  if (statistic === "g" || statistic === "J") return 1;
  return -expm1(-intensity * PI * r * r);
}

function evenDistances(
  { maxDistance, intervals = 50 }: RipleyOptions,
  { windows, points, categories }: Pattern,
  isNearest: boolean,
): Float64Array {
  const side = Math.min(...windows.map(({ box }) => Math.min(box[2] - box[0], box[3] - box[1])));
  const area = windows.reduce((sum, w) => sum + w.area, 0);
  const intensity = points.at.length / 2 / categories.length / area;
  // 11.5 = -log(1e-5)
  const enough = Math.sqrt((isNearest ? 11.5 : 1000) / (PI * intensity));
  const last = maxDistance ?? Math.min(side / 4, enough);
  return Float64Array.from({ length: intervals }, (_, t) => (last * (t + 1)) / intervals);
}

function checkCorrection(
  verb: string,
  correction: EdgeCorrection,
  { windows }: Pattern,
  isNearest: boolean,
  last: number,
): void {
  if (correction === "none" || correction === "border") return;
  const refuse = (must: string): never => {
    throw new SpatialError("option", `${verb}: correction "${correction}" ${must}.`, {
      subject: "correction",
      hint: `"border" and "none" are for any window, statistic and distance.`,
    });
  };
  if (isNearest) refuse("is for K, L and g");
  if (windows.some((w) => !w.isRectangle)) refuse("needs a rectangular window");
  const most = Math.min(
    ...windows.map(({ box }) => {
      const [wide, high] = [box[2] - box[0], box[3] - box[1]];
      return correction === "translation" ? Math.min(wide, high) : Math.sqrt(wide * wide + high * high) / 2;
    }),
  );
  if (last >= most) refuse(`needs distances below ${most}, found ${last}`);
}
