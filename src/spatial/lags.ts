import { checkOptions, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { radiusGraph } from "../graph/index.ts";
import type { Categorical, Graph, Positions } from "../model/index.ts";

export interface DistanceBandsOptions {
  /** Sample of each observation; samples are never joined. */
  readonly sample?: Categorical;
}

/**
 * Which observations lie how far apart? One graph per band of distances, for `correlogram`, `mantelCorrelogram` and `variogram`.
 *
 * Graph k joins the pairs with thresholds[k - 1] < distance <= thresholds[k], the first one from 0 on; weights are 1. Every pair
 * within the last threshold is kept: choose it by how many neighbors lie within, not by the size of the tissue.
 *
 * @param positions n x 2 or n x 3
 * @param thresholds ascending distances above 0, in the unit of the positions
 * @throws {SpatialError} `input` for thresholds that do not ascend or positions that are not finite; `memory` for over 100 million
 * pairs; `option`
 *
 * Cost: that of `radiusGraph` for the last threshold, and the entries once more.
 *
 * @example
 * ```ts
 * import { positions } from "tissular/model";
 * import { distanceBands } from "tissular/spatial";
 * const line = positions(Float64Array.of(0, 0, 1, 0, 2, 0), "um", 1);
 * const [near, far] = distanceBands(line, [1, 2]);
 * if (near.indices.join() !== "1,0,2,1" || far.indices.join() !== "2,0") throw new Error("0-1, 1-2; 0-2");
 * ```
 */
export function distanceBands(
  positions: Positions,
  thresholds: ArrayLike<number>,
  options: DistanceBandsOptions = {},
): Graph[] {
  checkOptions("distanceBands", options, {
    sample: such("a categorical", (v) => (v as Categorical | null)?.kind === "categorical"),
  });
  const ends = Array.from(thresholds);
  if (ends.length === 0 || !ends.every((t, k) => t > (k === 0 ? 0 : ends[k - 1]) && t < Infinity)) {
    throw new SpatialError(
      "input",
      `distanceBands needs ascending thresholds above 0, found ${ends.join(", ")}.`,
      {
        subject: "thresholds",
      },
    );
  }
  const all = radiusGraph(positions, { radius: ends[ends.length - 1], sample: options.sample });
  const band = Uint16Array.from(all.distances, (d) => ends.findIndex((end) => d <= end));
  return ends.map((_, k) => part(all, (e) => band[e] === k));
}

/** The entries of a graph that are kept. */
function part(graph: Graph, kept: (entry: number) => boolean): Graph {
  const { nodes, directed, indptr } = graph;
  const starts = new Uint32Array(nodes + 1);
  const entries = Uint32Array.from(graph.indices.keys()).filter(kept);
  let at = 0;
  for (let i = 0; i < nodes; i++) {
    while (at < entries.length && entries[at] < indptr[i + 1]) at++;
    starts[i + 1] = at;
  }
  return {
    kind: "graph",
    nodes,
    directed,
    indptr: starts,
    indices: Uint32Array.from(entries, (e) => graph.indices[e]),
    weights: Float32Array.from(entries, (e) => graph.weights[e]),
    distances: Float64Array.from(entries, (e) => graph.distances[e]),
  };
}

/** More entries than this (3 GB) are refused. */
const MOST = 200_000_000;

/**
 * Which observations are neighbors of neighbors? Graph k joins the pairs whose shortest path has k + 1 steps: neighbors, their
 * neighbors, and so on.
 *
 * Weights are 1, distances the number of steps. The first graph has the entries of the given one. A directed graph is walked along
 * its entries.
 *
 * @param graph over n observations
 * @param orders how many, at least 1
 * @throws {SpatialError} `input` for another number of orders; `memory` for over 200 million entries
 *
 * Cost: the entries of all nodes within `orders` steps of each; 6, 12, 18 ... pairs per spot of a hexagonal lattice.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { neighborOrders } from "tissular/spatial";
 * const row = gridGraph(new Int32Array(4), Int32Array.of(0, 1, 2, 3));
 * const [, second] = neighborOrders(row, 2);
 * if (second.indices.join() !== "2,3,0,1") throw new Error("0-2 and 1-3 are two steps apart");
 * ```
 */
export function neighborOrders(graph: Graph, orders: number): Graph[] {
  if (!Number.isInteger(orders) || orders < 1 || orders > 1000) {
    throw new SpatialError("input", `neighborOrders needs 1 to 1000 orders, found ${orders}.`, {
      subject: "orders",
    });
  }
  const { nodes: n, directed, indptr, indices } = graph;
  const starts = Array.from({ length: orders }, () => new Uint32Array(n + 1));
  const found = Array.from({ length: orders }, () => new Uint32Array(indices.length));
  const counts = new Array<number>(orders).fill(0);
  const seen = new Uint32Array(n); // the last node (plus 1) from which a node was reached
  let total = 0;
  for (let i = 0; i < n; i++) {
    seen[i] = i + 1;
    let front: number[] = [i];
    for (let k = 0; k < orders; k++) {
      const next: number[] = [];
      for (const node of front)
        for (let e = indptr[node]; e < indptr[node + 1]; e++) {
          if (seen[indices[e]] === i + 1) continue;
          seen[indices[e]] = i + 1;
          next.push(indices[e]);
        }
      front = next.sort((a, b) => a - b);
      total += front.length;
      if (total > MOST) {
        throw new SpatialError("memory", `neighborOrders: over ${MOST} pairs within ${orders} steps.`, {
          hint: "Ask for fewer orders.",
        });
      }
      if (counts[k] + front.length > found[k].length) {
        const wider = new Uint32Array(2 * (counts[k] + front.length));
        wider.set(found[k]);
        found[k] = wider;
      }
      found[k].set(front, counts[k]);
      counts[k] += front.length;
      starts[k][i + 1] = counts[k];
    }
  }
  return starts.map((own, k) => ({
    kind: "graph",
    nodes: n,
    directed,
    indptr: own,
    indices: found[k].slice(0, counts[k]),
    weights: new Float32Array(counts[k]).fill(1),
    distances: new Float64Array(counts[k]).fill(k + 1),
  }));
}
