import { checkOptions, integer, runRules } from "../core/check.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { type Joined, joined } from "../kernels/undirected.ts";
import type { Categorical, Graph } from "../model/index.ts";
import { checkLabels } from "./entries.ts";

export interface CentralityScoresOptions extends RunOptions {
  /** From how many observations betweenness is estimated, drawn at random; default 100, all where there are fewer; 0 leaves it NaN. */
  readonly pivots?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** Arrays have one value per category (length k) or per observation (length n, under `nodes`). */
export interface CentralityScoresResult {
  readonly categories: readonly string[];
  /** Share of the observations outside a category that touch it (group degree centrality). */
  readonly degree: Float64Array;
  /** Inverse of the mean number of steps from the observations outside to the category (group closeness centrality). */
  readonly closeness: Float64Array;
  /** Mean clustering coefficient of the category's observations. */
  readonly clustering: Float64Array;
  /** Mean number of neighbors of the category's observations. */
  readonly neighbors: Float64Array;
  /** Mean betweenness of the category's observations. */
  readonly betweenness: Float64Array;
  readonly nodes: {
    /** Number of neighbors. */
    readonly degree: Uint32Array;
    /** Share of the pairs of neighbors that are neighbors of each other; 0 below two neighbors. */
    readonly clustering: Float64Array;
    /** Share of shortest paths between two others that pass through, estimated from `pivots` ends. */
    readonly betweenness: Float64Array;
  };
  readonly params: { readonly pivots: number; readonly seed: number };
}

/** Nodes whose triangles one block counts. */
const BLOCK = 20_000;

/**
 * How does each category lie in the network of cells: spread or apart, in the middle or at the rim, in dense patches?
 *
 * Over the unweighted graph, directions dropped, with S the n_S observations of a category:
 * - `degree` = |neighbors of S outside S| / (n - n_S);
 * - `closeness` = (r / sum of steps) * (r / (n - n_S)), where r observations outside S can be reached from it and the steps
 *   are to the nearest of S. On a connected graph r = n - n_S and this is (n - n_S) / sum of steps, squidpy's score; else what cannot be reached
 *   lowers it (Wasserman and Faust), where NetworkX counts 0 steps;
 * - `clustering`, `neighbors`, `betweenness`: means over S of the values in `nodes`.
 *
 * Betweenness of v = 2 / ((n - 1)(n - 2)) * sum over pairs s, t of the share of shortest paths from s to t through v; by Brandes'
 * accumulation from random pivots s, times n / pivots: unbiased, exact where all observations are pivots. Observations without a label (-1) are part
 * of the network, of no category. An empty category has NaN, one that is all has degree and closeness NaN. Of several samples that are not joined, score each on
 * its own.
 *
 * @param labels k categories over n observations
 * @param graph over the same n observations
 * @throws {SpatialError} `input` where labels and graph differ in n; `option`; `aborted`
 *
 * Cost: O((k + pivots) * (n + edges)). Checked against squidpy 1.8.3 `centrality_scores` (degree, closeness,
 * clustering to 1e-9); betweenness against all shortest paths of small graphs. Everett and Borgatti 1999, doi:10.1080/0022250X.1999.9990219; Brandes and
 * Pich 2007, doi:10.1142/S0218127407018403.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { categories } from "tissular/model";
 * import { centralityScores } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(5), Int32Array.of(0, 1, 2, 3, 4)); // a - a - b - a - a
 * const { degree, closeness, nodes } = await centralityScores(categories(["a", "a", "b", "a", "a"]), graph);
 * // Two of four touch b; they are 1, 1, 2, 2 steps away; 4 of the 6 pairs of others meet through it.
 * if (degree[1] !== 0.5 || closeness[1] !== 4 / 6 || Math.abs(nodes.betweenness[2] - 4 / 6) > 1e-12) throw new Error("wrong");
 * ```
 */
export async function centralityScores(
  labels: Categorical,
  graph: Graph,
  options: CentralityScoresOptions = {},
): Promise<CentralityScoresResult> {
  checkOptions("centralityScores", options, { pivots: integer(0), seed: integer(), ...runRules });
  checkLabels("centralityScores", labels, graph);
  const { seed = 0 } = options;
  const n = graph.nodes;
  const pivots = Math.min(options.pivots ?? 100, n);
  const both = joined(graph);
  const k = labels.categories.length;

  const clustering = new Float64Array(n);
  const mark = new Int32Array(n).fill(-1);
  const block = (start: number, end: number): void => addClustering(both, mark, start, end, clustering);
  await forEachBlock("clustering coefficients", n, BLOCK, block, options);
  const [groupDegree, closeness] = [new Float64Array(k), new Float64Array(k)];
  const walk = newWalk(n);
  const reach = (a: number): void => {
    const { outside, touching, reached, steps } = stepsFrom(both, labels.codes, a, walk);
    groupDegree[a] = outside < n && outside > 0 ? touching / outside : NaN;
    closeness[a] =
      outside < n && outside > 0 ? (reached === 0 ? 0 : (reached / steps) * (reached / outside)) : NaN;
  };
  await forEachBlock("closeness", k, 1, reach, options);

  const betweenness = new Float64Array(n);
  const from = choose(n, pivots, seed);
  await forEachBlock("betweenness", pivots, 1, (p) => addPaths(both, from[p], walk, betweenness), options);
  const scale = pivots === 0 ? NaN : n > 2 ? n / pivots / ((n - 1) * (n - 2)) : 0;
  for (let i = 0; i < n; i++) betweenness[i] *= scale;

  const degree = Uint32Array.from({ length: n }, (_, i) => both.indptr[i + 1] - both.indptr[i]);
  const mean = (values: ArrayLike<number>): Float64Array => meanOf(values, labels);
  return {
    categories: labels.categories,
    degree: groupDegree,
    closeness,
    clustering: mean(clustering),
    neighbors: mean(degree),
    betweenness: mean(betweenness),
    nodes: { degree, clustering, betweenness },
    params: { pivots, seed },
  };
}

function meanOf(values: ArrayLike<number>, { codes, categories }: Categorical): Float64Array {
  const sums = new Float64Array(categories.length);
  const sizes = new Float64Array(categories.length);
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] < 0) continue;
    sums[codes[i]] += values[i];
    sizes[codes[i]]++;
  }
  return sums.map((s, a) => s / sizes[a]);
}

function addClustering(
  { indptr, indices }: Joined,
  mark: Int32Array,
  start: number,
  end: number,
  clustering: Float64Array,
): void {
  for (let i = start; i < end; i++) {
    const degree = indptr[i + 1] - indptr[i];
    if (degree < 2) continue;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) mark[indices[e]] = i;
    let links = 0;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const j = indices[e];
      for (let f = indptr[j]; f < indptr[j + 1]; f++) if (mark[indices[f]] === i) links++;
    }
    clustering[i] = links / (degree * (degree - 1));
  }
}

/** Room for a walk outward over all nodes. */
interface Walk {
  /** nodes in the order they are met */
  readonly met: Uint32Array;
  /** steps from the start, -1 where not met */
  readonly steps: Int32Array;
  /** number of shortest paths, and what depends on a node */
  readonly paths: Float64Array;
  readonly share: Float64Array;
}

function newWalk(n: number): Walk {
  return {
    met: new Uint32Array(n),
    steps: new Int32Array(n),
    paths: new Float64Array(n),
    share: new Float64Array(n),
  };
}

/** Walks outward from all nodes of category a. */
function stepsFrom(
  { nodes: n, indptr, indices }: Joined,
  codes: Int32Array,
  a: number,
  { met, steps }: Walk,
): { outside: number; touching: number; reached: number; steps: number } {
  let count = 0;
  for (let i = 0; i < n; i++) {
    steps[i] = codes[i] === a ? 0 : -1;
    if (codes[i] === a) met[count++] = i;
  }
  const size = count;
  let [sum, touching] = [0, 0];
  for (let at = 0; at < count; at++) {
    const i = met[at];
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const j = indices[e];
      if (steps[j] >= 0) continue;
      steps[j] = steps[i] + 1;
      sum += steps[j];
      if (steps[j] === 1) touching++;
      met[count++] = j;
    }
  }
  return { outside: n - size, touching, reached: count - size, steps: sum };
}

/** Adds, for every node, the shares of shortest paths from `source` to all others that pass through it (Brandes). */
function addPaths(
  { indptr, indices }: Joined,
  source: number,
  { met, steps, paths, share }: Walk,
  sums: Float64Array,
): void {
  steps.fill(-1);
  steps[source] = 0;
  paths[source] = 1;
  share[source] = 0;
  met[0] = source;
  let count = 1;
  for (let at = 0; at < count; at++) {
    const i = met[at];
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const j = indices[e];
      if (steps[j] < 0) {
        steps[j] = steps[i] + 1;
        paths[j] = share[j] = 0;
        met[count++] = j;
      }
      if (steps[j] === steps[i] + 1) paths[j] += paths[i];
    }
  }
  for (let at = count - 1; at > 0; at--) {
    const j = met[at];
    const part = (1 + share[j]) / paths[j];
    for (let e = indptr[j]; e < indptr[j + 1]; e++) {
      const i = indices[e];
      if (steps[i] === steps[j] - 1) share[i] += paths[i] * part;
    }
    sums[j] += share[j];
  }
}

/** Different nodes at random; all in order where as many are wanted. */
function choose(n: number, count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const rng = stream(seed);
  for (let t = 0; count < n && t < count; t++) {
    const other = t + rng.below(n - t);
    const held = order[t];
    order[t] = order[other];
    order[other] = held;
  }
  return order.subarray(0, count);
}
