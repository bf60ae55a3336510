import { boolean, checkOptions, integer, runRules } from "../core/check.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { type BothEnds, bothEnds, bothWays } from "../kernels/both-ends.ts";
import { log2 } from "../kernels/math.ts";
import { nearbyNeighbors } from "../kernels/nearby.ts";
import { exactNeighbors } from "../kernels/nearest.ts";
import type { Neighbors } from "../kernels/neighbor-list.ts";
import { ranges, withThreads } from "../kernels/wasm/threads.ts";
import type { Dense, Graph } from "../model/index.ts";

/** Options of `neighborGraph`. */
export interface NeighborGraphOptions extends RunOptions {
  /** How many nearest cells make up a neighborhood, the cell itself among them; default 15. */
  readonly neighbors?: number;
  /** Compare all pairs; default up to 65,536 cells, beyond only neighbors of neighbors (see `recall`). */
  readonly exact?: boolean;
  /** Of the search; default 0. */
  readonly seed?: number;
}

/** Nearest neighbors of n cells, and how strongly they are connected. */
export interface NeighborGraphResult {
  /** directed: each cell to its k nearest others, k = min(neighbors, n) - 1; weights 1 */
  readonly knn: Graph;
  /** undirected: cells of which one is among the other's nearest; weights in (0, 1] */
  readonly graph: Graph;
  /** The share of the true neighbors that was found: 1 where all pairs were compared, else measured on 256 cells. */
  readonly recall: number;
  readonly params: { readonly neighbors: number; readonly exact: boolean; readonly seed: number };
}

/** Cells up to which all pairs are compared. */
const EXACT = 65536;

/**
 * Which cells are alike? The nearest neighbors of each cell and the weighted graph that UMAP and Leiden work on.
 *
 * Nearest are cells by Euclidean distance, ties by index. The strength of i for its neighbor j is
 * exp(-max(0, d_ij - rho_i) / sigma_i), where rho_i is the distance to the nearest cell that does not coincide and sigma_i
 * makes the strengths of a neighborhood sum to log2(neighbors). An edge that is a from one side and b from the other weighs
 * a + b - a b.
 *
 * @param points n x d, usually principal components; finite
 * @returns graphs over n cells: `knn` with n k entries, `graph` with up to 2 n k. With fewer cells than `neighbors`, all
 *   others are neighbors; a single cell has none
 * @throws {SpatialError} `input` if a coordinate is NaN or infinite; `memory` beyond about 7 million cells
 *
 * Up to 65,536 cells all pairs are compared (`exact`). Beyond, neighbors are sought by descent: cells are compared within
 * groups of a few hundred, then neighbors of neighbors, round by round, until little changes. `recall` says what share of the
 * true neighbors that found; if under 95 %, it is done once more, more widely.
 *
 * Cost O(n^2 d) for all pairs: 4,000 x 30 in 0.1 s, 50,000 x 30 in 2.6 s of one thread; beyond, little more than O(n):
 * 100,000 x 30 in 5 s, 1,000,000 x 30, mostly noise, in 75 s of one thread and 0.6 GB besides the result. The same bits on any
 * number of threads.
 * Checked against scanpy 1.12 (`pp.neighbors`, exact search): same neighbors, connectivities to 1e-5.
 * Source: McInnes, Healy, Saul and Grossberger 2018, doi:10.21105/joss.00861.
 *
 * @example
 * ```ts
 * import { dense } from "tissular/model";
 * import { neighborGraph } from "tissular/graph";
 * const points = dense(5, 1, Float32Array.of(0, 1, 2, 10, 11));
 * const { knn, graph } = await neighborGraph(points, { neighbors: 2 });
 * if (knn.indices.join() !== "1,0,1,4,3") throw new Error("one neighbor besides itself");
 * if (graph.indptr.join() !== "0,1,3,4,5,6") throw new Error("cell 1 is a neighbor of 0 and 2");
 * ```
 */
export async function neighborGraph(
  points: Dense,
  options: NeighborGraphOptions = {},
): Promise<NeighborGraphResult> {
  checkOptions("neighborGraph", options, {
    neighbors: integer(2),
    exact: boolean(),
    seed: integer(),
    ...runRules,
  });
  const n = points.rows;
  const k = Math.max(0, Math.min(options.neighbors ?? 15, n) - 1);
  const exact = options.exact ?? n <= EXACT;
  const seed = options.seed ?? 0;
  const { recall, ...nearest } =
    exact || k === 0
      ? { ...(await exactNeighbors(points, k, options)), recall: 1 }
      : await nearbyNeighbors(points, k, seed, options);
  const strengths = await connectionStrengths(nearest, n, options);
  const ends = await bothEnds(nearest, n, options);
  return {
    knn: await directed(nearest, ends, n, options),
    graph: await union(nearest, strengths, ends, n, options),
    recall,
    params: { neighbors: k + 1, exact, seed },
  };
}

/** Entries of a block: some 10 ms. */
const ENTRIES = 524288;
/** Points of which a call finds the strengths: some 5 ms. */
const POINTS = 2048;

/** The strength of each entry of the neighbor lists, in single precision as the reference keeps it. */
function connectionStrengths(nearest: Neighbors, n: number, run: RunOptions): Promise<Float32Array> {
  const { k } = nearest;
  return withThreads(8 * n * k, run, async (arena) => {
    const distances = arena.f32(n * k);
    const strengths = arena.f32(n * k);
    distances.set(nearest.distances);
    let total = 0;
    for (const d of distances) total += d;
    const given = [k, log2(k + 1), total / (n * (k + 1)), distances.byteOffset, strengths.byteOffset];
    const calls = ranges(n, POINTS).map(([from, to]) => [from, to, ...given]);
    await arena.spread(null, "strengthsOf", calls);
    return strengths.slice();
  });
}

/** The neighbor lists as they are, rows in ascending order of index. */
async function directed(
  { k, indices, distances }: Neighbors,
  { outgoing }: BothEnds,
  n: number,
  run: RunOptions,
): Promise<Graph> {
  const indptr = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) indptr[i + 1] = indptr[i] + k;
  const neighbors = new Uint32Array(n * k);
  const along = new Float64Array(n * k);
  const take = (from: number, to: number): void => {
    for (let t = from; t < to; t++) {
      neighbors[t] = indices[outgoing[t]];
      along[t] = distances[outgoing[t]];
    }
  };
  await forEachBlock("edges", n * k, ENTRIES, take, { signal: run.signal });
  return {
    kind: "graph",
    nodes: n,
    directed: true,
    indptr,
    indices: neighbors,
    weights: new Float32Array(n * k).fill(1),
    distances: along,
  };
}

/** Each edge both ways, with the strengths of its two sides united: a + b - a b. Edges of strength 0 are left out. */
async function union(
  nearest: Neighbors,
  strengths: Float32Array,
  ends: BothEnds,
  n: number,
  run: RunOptions,
): Promise<Graph> {
  const unite = (a: number, b: number): number => Math.fround(Math.fround(a + b) - Math.fround(a * b));
  const { indptr, indices, weights, entries } = await bothWays(nearest, strengths, ends, n, unite, run);
  const distances = new Float64Array(entries.length);
  const take = (from: number, to: number): void => {
    for (let e = from; e < to; e++) distances[e] = nearest.distances[entries[e]];
  };
  await forEachBlock("edges", entries.length, ENTRIES, take, { signal: run.signal });
  return { kind: "graph", nodes: n, directed: false, indptr, indices, weights, distances };
}
