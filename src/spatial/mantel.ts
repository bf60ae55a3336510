import { checkOptions, integer, oneOf, runRules } from "../core/check.ts";
import { checkAborted, forEachBlock, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { checkFinite } from "../kernels/neighbor-list.ts";
import { shuffle } from "../kernels/random.ts";
import type { Dense, Graph } from "../model/index.ts";
import { difference } from "./autocorrelation.ts";
import { lagSizes } from "./correlogram.ts";
import { checkNodes } from "./genes.ts";
import { type Alternative, rankTail, tail } from "./tails.ts";
import { type PairWeights, pairWeights } from "./weights.ts";

export interface MantelCorrelogramOptions extends RunOptions {
  /** "greater" (default): p is small where pairs of the lag are alike; "less": unlike; "two-sided": either. */
  readonly alternative?: Alternative;
  /** How many random orders of the observations, default 999; 0 leaves `pPermutation` NaN. */
  readonly permutations?: number;
  /** Of the random orders, default 0. */
  readonly seed?: number;
}

/** Arrays have one value per lag. */
export interface MantelCorrelogramResult {
  /** Mantel's correlation, above 0 where the pairs of a lag are alike; NaN where the lag has no or all pairs, or all points are the same. */
  readonly r: Float64Array;
  /** (r - expected) / sqrt(variance) over all orders of the observations, exact. */
  readonly z: Float64Array;
  /** By the normal distribution. */
  readonly p: Float64Array;
  /** By rank among the random orders, never 0. */
  readonly pPermutation: Float64Array;
  /** Mean distance of the pairs of each lag. */
  readonly distance: Float64Array;
  readonly pairs: Float64Array;
  readonly params: {
    readonly alternative: Alternative;
    readonly permutations: number;
    readonly seed: number;
  };
}

/**
 * How far apart must two observations be to differ in all of their expression? The Mantel correlogram: over all pairs of
 * observations, the correlation between the weight in a lag (1 for its pairs, 0 for others) and how alike the two are, taken as
 * minus the squared Euclidean distance of their points (principal components, proportions).
 *
 * r = -cov(w_ij, d_ij^2) / (sd(w) sd(d^2)) over pairs i < j, with (w_ij + w_ji) / 2 in directed graphs. Sums over all pairs of
 * squared Euclidean distances follow from moments of the points, so nothing is n x n. With one graph of all neighbors this is
 * Mantel's test of that graph. The distribution of r is skewed: prefer `pPermutation` to p where they differ.
 *
 * @param points n x d
 * @param lags graphs over the same n observations, as `distanceBands` and `neighborOrders` give them
 * @throws {SpatialError} `input` where points and a graph differ in n or a point is not finite; `option`; `aborted`
 *
 * Cost: O(n d^2 + edges d) per lag, O(n + edges d) per random order and lag. Checked against the definition and all orders of
 * small tissues. Mantel 1967, Cancer Research 27:209; Oden and Sokal 1986, doi:10.2307/2413120.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense } from "tissular/model";
 * import { mantelCorrelogram, neighborOrders } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const points = dense(8, 2, Float32Array.of(0, 0, 1, 0, 2, 1, 3, 1, 4, 2, 5, 2, 6, 3, 7, 3));
 * const { r, pPermutation } = await mantelCorrelogram(points, neighborOrders(graph, 6));
 * if (!(r[0] > 0.2 && r[5] < 0 && pPermutation[0] < 0.05)) throw new Error("a gradient");
 * ```
 */
export async function mantelCorrelogram(
  points: Dense,
  lags: readonly Graph[],
  options: MantelCorrelogramOptions = {},
): Promise<MantelCorrelogramResult> {
  checkOptions("mantelCorrelogram", options, {
    alternative: oneOf("greater", "less", "two-sided"),
    permutations: integer(0, 10_000_000),
    seed: integer(),
    ...runRules,
  });
  const { alternative = "greater", permutations = 999, seed = 0 } = options;
  const n = points.rows;
  for (const graph of lags) checkNodes("mantelCorrelogram", n, graph);
  checkFinite(points);
  checkAborted(options.signal);
  const at = centredRows(points);
  const distances = distanceSums(at, n, points.cols);
  const none = (): Float64Array => new Float64Array(lags.length).fill(NaN);
  const out = { r: none(), z: none(), p: none(), pPermutation: none() };
  const place = Uint32Array.from({ length: n }, (_, i) => i);
  for (const [k, graph] of lags.entries()) {
    const weights = pairWeights(graph, false);
    const { s0, s1, s2 } = weights;
    const all = n * (n - 1);
    // Alike: minus the sum over the lag of distances less their mean.
    const alike = (order: Uint32Array): number =>
      s0 * distances.mean - sumDistances(weights, at, points.cols, order);
    place.forEach((_, i) => (place[i] = i));
    const observed = alike(place);
    const spread = difference(s1 / 2 / all, (s0 / all) * (s0 / all)) * (distances.squares / all);
    out.r[k] = spread > 0 ? observed / (all * Math.sqrt(spread)) : NaN;
    const two = distances.squares;
    const three = distances.rows - two;
    const terms = [
      (s1 * two) / all,
      ((s2 - 2 * s1) * three) / (all * (n - 2)),
      ((s0 * s0 + s1 - s2) * (-2 * two - 4 * three)) / (all * (n - 2) * (n - 3)),
    ];
    const variance = difference(
      terms[0] + Math.max(0, terms[1]) + Math.max(0, terms[2]),
      -Math.min(0, terms[1]) - Math.min(0, terms[2]),
    );
    if (n < 4 || !(spread > 0 && variance > 0)) continue;
    out.z[k] = observed / Math.sqrt(variance);
    out.p[k] = tail(out.z[k], alternative);
    let [upper, lower] = [0, 0];
    const slack = 1e-8 * Math.sqrt(variance);
    const permute = (b: number): void => {
      for (let i = 0; i < n; i++) place[i] = i;
      const d = alike(shuffle(stream(seed, b), place)) - observed;
      if (d >= -slack) upper++;
      if (d <= slack) lower++;
    };
    await forEachBlock(`Mantel correlogram, lag ${k + 1}`, permutations, 1, permute, options);
    out.pPermutation[k] = rankTail(upper, lower, permutations, alternative);
  }
  return { ...out, ...lagSizes(lags), params: { alternative, permutations, seed } };
}

/** Points less their mean, row-major; equal points are exactly 0. */
function centredRows({ rows: n, cols, data }: Dense): Float64Array {
  const mean = new Float64Array(cols);
  for (let e = 0; e < data.length; e++) mean[e % cols] += (data[e] - data[e % cols]) / n;
  return Float64Array.from(data, (v, e) => v - data[e % cols] - mean[e % cols]);
}

/** Over all ordered pairs: mean of d^2; of d^2 less that mean the sum of squares, and of squared sums per point. */
function distanceSums(
  at: Float64Array,
  n: number,
  cols: number,
): { readonly mean: number; readonly squares: number; readonly rows: number } {
  const products = new Float64Array(cols * cols);
  let [total, fourths] = [0, 0];
  for (let i = 0; i < n; i++) {
    let norm = 0;
    for (let a = 0; a < cols; a++) {
      const own = at[i * cols + a];
      norm += own * own;
      for (let b = 0; b < cols; b++) products[a * cols + b] += own * at[i * cols + b];
    }
    total += norm;
    fourths += norm * norm;
  }
  const all = n * (n - 1);
  const mean = (2 * n * total) / all;
  const inner = products.reduce((s, v) => s + v * v, 0);
  // Points have mean 0: sum_j d_ij^2 = n |a_i|^2 + total.
  const squares = difference(2 * n * fourths + 2 * total * total + 4 * inner, all * mean * mean);
  const rows = n * n * fourths + 3 * n * total * total - n * (n - 1) * (n - 1) * mean * mean;
  return { mean, squares, rows };
}

/** sum_ij w_ij d_ij^2, the point of node i being order[i]. */
function sumDistances(
  { indptr, indices, weights }: PairWeights,
  at: Float64Array,
  cols: number,
  order: Uint32Array,
): number {
  let sum = 0;
  for (let i = 0; i < order.length; i++) {
    const own = order[i] * cols;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const other = order[indices[e]] * cols;
      let square = 0;
      for (let a = 0; a < cols; a++) {
        const d = at[own + a] - at[other + a];
        square += d * d;
      }
      sum += weights[e] * square;
    }
  }
  return sum;
}
