import { checkOptions, either, integer, literal, number } from "../core/check.ts";
import { keepEntries } from "../kernels/edges.ts";
import type { Graph } from "../model/index.ts";
import { quantile } from "../stats/index.ts";

export interface FilterEdgesOptions {
  /** Shorter edges are dropped; default 0. */
  readonly minDistance?: number;
  /** Longer edges are dropped; default `Infinity`. */
  readonly maxDistance?: number;
  /** Edges longer than this percentile of the distances are dropped, from 0 to 100; default 100. */
  readonly percentile?: number;
}

/**
 * Which edges are of a sensible length? Keeps the edges with minDistance <= distance <= maxDistance and at most the given
 * percentile of all distances of the graph (over its entries, interpolated as NumPy).
 *
 * @param graph any graph with distances
 * @returns the same nodes with the edges that are left, their weights and distances; a node that lost all has an empty row
 * @throws {SpatialError} `option`
 *
 * Cost: O(edges), with `percentile` O(edges log edges).
 *
 * @example
 * ```ts
 * import { filterEdges, kNearestGraph } from "tissular/graph";
 * import { positions } from "tissular/model";
 * const graph = kNearestGraph(positions(Float64Array.of(0, 0, 1, 0, 9, 0), "um", 1), { k: 1 }); // 0 <-> 1 <- 2
 * if (filterEdges(graph, { maxDistance: 5 }).indices.join() !== "1,0") throw new Error("2 is too far away");
 * ```
 */
export function filterEdges(graph: Graph, options: FilterEdgesOptions = {}): Graph {
  checkOptions("filterEdges", options, {
    minDistance: number(0),
    maxDistance: either(number(0), literal(Infinity)),
    percentile: number(0, 100),
  });
  const { minDistance = 0, maxDistance = Infinity, percentile = 100 } = options;
  const { distances } = graph;
  const most =
    percentile === 100 || distances.length === 0
      ? maxDistance
      : Math.min(maxDistance, quantile(distances, percentile / 100));
  return keepEntries(graph, (_, e) => distances[e] >= minDistance && distances[e] <= most);
}

export interface ConnectedComponentsResult {
  /** Component of each node, length n; 0 is the largest, equal sizes go by their first node. */
  readonly component: Int32Array;
  /** Nodes of each component, descending. */
  readonly sizes: Uint32Array;
}

/**
 * Which pieces does the tissue fall into? Nodes are in one component where a path of edges joins them, whatever its direction
 * (weak components of a directed graph). A node without edges is a component of its own.
 *
 * @param graph n nodes
 *
 * Cost: O(n + edges). Checked against brute force.
 *
 * @example
 * ```ts
 * import { connectedComponents, gridGraph } from "tissular/graph";
 * const { component, sizes } = connectedComponents(gridGraph(new Int32Array(5), Int32Array.of(0, 1, 5, 6, 7)));
 * if (component.join() !== "1,1,0,0,0" || sizes.join() !== "3,2") throw new Error("three spots and two");
 * ```
 */
export function connectedComponents(graph: Graph): ConnectedComponentsResult {
  const { nodes: n, indptr, indices } = graph;
  const parent = Uint32Array.from({ length: n }, (_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (let i = 0; i < n; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const [a, b] = [root(i), root(indices[e])];
      parent[Math.max(a, b)] = Math.min(a, b);
    }
  }
  const size = new Uint32Array(n);
  for (let i = 0; i < n; i++) size[root(i)]++;
  const firsts = parent.map((_, i) => i).filter((i) => parent[i] === i);
  firsts.sort((a, b) => size[b] - size[a] || a - b);
  const number = new Int32Array(n);
  firsts.forEach((first, c) => (number[first] = c));
  return {
    component: Int32Array.from({ length: n }, (_, i) => number[root(i)]),
    sizes: firsts.map((first) => size[first]),
  };
}

export interface FilterComponentsOptions {
  /** Components of fewer nodes lose their edges; default 1. */
  readonly minSize?: number;
  /** How many of the largest components keep their edges; default `Infinity`. */
  readonly largest?: number;
}

/**
 * Which pieces are worth keeping? Drops the edges of components that are small or not among the largest; the nodes stay, with
 * empty rows, so that the graph still fits its observations. To drop the observations too, select those whose
 * `connectedComponents(graph).component` is kept.
 *
 * @param graph n nodes
 * @returns the same nodes with the edges of the components that are kept
 * @throws {SpatialError} `option`
 *
 * Cost: O(n + edges).
 *
 * @example
 * ```ts
 * import { filterComponents, gridGraph } from "tissular/graph";
 * const graph = gridGraph(new Int32Array(5), Int32Array.of(0, 1, 5, 6, 7));
 * if (filterComponents(graph, { largest: 1 }).indices.join() !== "3,2,4,3") throw new Error("2 - 3 - 4");
 * ```
 */
export function filterComponents(graph: Graph, options: FilterComponentsOptions = {}): Graph {
  checkOptions("filterComponents", options, {
    minSize: integer(1),
    largest: either(integer(0), literal(Infinity)),
  });
  const { minSize = 1, largest = Infinity } = options;
  const { component, sizes } = connectedComponents(graph);
  return keepEntries(graph, (i) => component[i] < largest && sizes[component[i]] >= minSize);
}
