import { checkOptions, oneOf, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { keepEntries } from "../kernels/edges.ts";
import type { Categorical, Graph } from "../model/index.ts";
import { difference } from "./autocorrelation.ts";
import { type Alternative, tail } from "./tails.ts";
import { pairWeights } from "./weights.ts";

export interface JoinCountsOptions {
  /**
   * Chance of each category, length k: each label is then drawn with these chances ("free sampling"). Without it (default) the labels
   * there are come in random order ("non-free").
   */
  readonly probabilities?: ArrayLike<number>;
  /** "greater" (default): p is small where the two are joined more often than by chance. */
  readonly alternative?: Alternative;
}

/** A count with what chance has it be. */
export interface JoinCountsResult {
  readonly categories: readonly string[];
  /** Joins between two categories, k x k, symmetric: each pair of neighbors once. */
  readonly counts: Float64Array;
  /** Expected and variance without pattern, exact, and (counts - expected) / sqrt(variance); k x k, z NaN where the count cannot vary. */
  readonly expected: Float64Array;
  readonly variance: Float64Array;
  readonly z: Float64Array;
  /** By the normal distribution, k x k. */
  readonly p: Float64Array;
  /** The same of all joins between different categories together; few of them mean that labels form patches. */
  readonly different: {
    readonly count: number;
    readonly expected: number;
    readonly variance: number;
    readonly z: number;
    readonly p: number;
  };
  readonly params: { readonly sampling: "free" | "non-free"; readonly alternative: Alternative };
}

/**
 * Do labels form patches? Join counts: how many pairs of neighbors have both one label, or these two, beside what chance has.
 *
 * J_aa = 1/2 sum_ij w_ij [i and j have a], J_ab = 1/2 sum_ij w_ij [one has a, the other b]; in an undirected graph with weights 1,
 * edges. With S0, S1, S2 as for `moran` and c(...) the chance that as many different observations have these labels: E J_aa = S0
 * c(a, a) / 2, E J_aa^2 = (S1 c(a, a) + (S2 - 2 S1) c(a, a, a) + (S0^2 + S1 - S2) c(a, a, a, a)) / 4, and so on.
 * `neighborhoodEnrichment` gives the non-free moments per direction, samples apart, and random orders. Observations without a
 * label (-1) are left out with their edges.
 *
 * @param labels k categories over n observations; two for the classical BB, BW, WW
 * @param graph over the same n observations; its weights are used, directed or not
 * @throws {SpatialError} `input` where labels and graph differ in n; `option`
 *
 * Cost: O(edges + k^2). Checked against esda 2.10 (counts), all orders and all labelings of small tissues (moments), and simulated
 * tissues without pattern. Moran 1948, doi:10.1111/j.2517-6161.1948.tb00012.x; Cliff and Ord 1981, Spatial Processes.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { categories } from "tissular/model";
 * import { joinCounts } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const { counts, different } = joinCounts(categories(["a", "a", "a", "a", "b", "b", "b", "b"]), graph);
 * if (counts.join() !== "3,1,1,3" || different.count !== 1 || different.expected !== 4) throw new Error("two patches");
 * ```
 */
export function joinCounts(
  labels: Categorical,
  graph: Graph,
  options: JoinCountsOptions = {},
): JoinCountsResult {
  const k = labels.categories.length;
  checkOptions("joinCounts", options, {
    probabilities: such(`${k} chances that add up to 1`, (v) => areChances(v, k)),
    alternative: oneOf("greater", "less", "two-sided"),
  });
  const { probabilities, alternative = "greater" } = options;
  if (labels.codes.length !== graph.nodes) {
    throw new SpatialError(
      "input",
      `joinCounts needs one label per node of the graph, found ${labels.codes.length} labels and ${graph.nodes} nodes.`,
      { subject: "labels", hint: "Build the graph on the same observations as the labels." },
    );
  }
  const { codes } = labels;
  const amongLabelled = codes.includes(-1)
    ? keepEntries(graph, (i, e) => codes[i] >= 0 && codes[graph.indices[e]] >= 0)
    : graph;
  const { indptr, indices, weights, s0, s1, s2 } = pairWeights(amongLabelled, false);
  const counts = new Float64Array(k * k);
  for (let i = 0; i < graph.nodes; i++)
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const [a, b] = [labels.codes[i], labels.codes[indices[e]]];
      counts[a * k + b] += weights[e] / 2;
      if (a !== b) counts[b * k + a] += weights[e] / 2;
    }

  const sizes = new Float64Array(k);
  for (const code of labels.codes) if (code >= 0) sizes[code]++;
  const n = sizes.reduce((s, size) => s + size, 0);
  /** The chance that different observations have so many labels a and so many b. */
  const chance = (a: number, many: number, b: number, more: number): number => {
    let c = 1;
    for (let t = 0; t < many + more; t++) {
      const [label, used] = t < many ? [a, t] : [b, t - many];
      c *=
        probabilities === undefined
          ? Math.max(0, sizes[label] - used) / Math.max(1, n - t)
          : probabilities[label];
    }
    return c;
  };
  const apart = s0 * s0 + s1 - s2;
  const expected = new Float64Array(k * k);
  const variance = new Float64Array(k * k);
  let [same, sameVariance] = [0, 0];
  for (let a = 0; a < k; a++)
    for (let b = 0; b < k; b++) {
      const own = a === b;
      const c2 = own ? chance(a, 2, b, 0) : 2 * chance(a, 1, b, 1);
      const c3 = own ? chance(a, 3, b, 0) : chance(a, 2, b, 1) + chance(a, 1, b, 2);
      const c4 = own ? chance(a, 4, b, 0) : 4 * chance(a, 2, b, 2);
      const mean = (s0 * c2) / 2;
      expected[a * k + b] = mean;
      variance[a * k + b] = difference((s1 * c2 + (s2 - 2 * s1) * c3 + apart * c4) / 4, mean * mean);
    }
  for (let a = 0; a < k; a++) {
    same += expected[a * k + a];
    for (let b = 0; b < k; b++)
      sameVariance +=
        a === b
          ? variance[a * k + a]
          : (apart * chance(a, 2, b, 2)) / 4 - expected[a * k + a] * expected[b * k + b];
  }
  const joined = counts.reduce((s, c, at) => s + (at % k === Math.floor(at / k) ? c : 0), 0);
  const score = (count: number, mean: number, spread: number): number =>
    spread > 0 ? (count - mean) / Math.sqrt(spread) : NaN;
  const different = {
    count: s0 / 2 - joined,
    expected: s0 / 2 - same,
    variance: Math.abs(sameVariance) < 1e-10 * same * same ? 0 : sameVariance,
  };
  const z = counts.map((count, at) => score(count, expected[at], variance[at]));
  const zDifferent = score(different.count, different.expected, different.variance);
  return {
    categories: labels.categories,
    counts,
    expected,
    variance,
    z,
    p: z.map((v) => tail(v, alternative)),
    different: { ...different, z: zDifferent, p: tail(zDifferent, alternative) },
    params: { sampling: probabilities === undefined ? "non-free" : "free", alternative },
  };
}

function areChances(value: unknown, k: number): boolean {
  const list = Array.from((value ?? []) as ArrayLike<number>);
  return (
    list.length === k &&
    list.every((p) => typeof p === "number" && p >= 0 && p <= 1) &&
    Math.abs(list.reduce((s, p) => s + p, 0) - 1) < 1e-6
  );
}
