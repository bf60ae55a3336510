import { checkOptions, either, literal, number, oneOf, such } from "../core/check.ts";
import { nthSmallest } from "../kernels/select.ts";
import type { Categorical, Graph, Positions } from "../model/index.ts";
import { quantile } from "../stats/index.ts";
import { isCategorical, pairList } from "./assemble.ts";
import { type Triangulation, triangulate } from "./triangulation.ts";

export interface DelaunayGraphOptions {
  /**
   * Longer edges are dropped: a length in the unit of the positions, or "auto"; `Infinity` keeps all. Default "auto", or
   * `Infinity` where `percentile` or `alpha` is given.
   */
  readonly maxLength?: number | "auto";
  /** Edges longer than this percentile of all lengths are dropped, from 0 to 100. */
  readonly percentile?: number;
  /** Edges outside the alpha complex are dropped: a disc of this radius (unit of the positions) must touch both ends and hold no other observation. */
  readonly alpha?: number;
  /** Sample of each observation; samples are never joined. */
  readonly sample?: Categorical;
}

export interface DelaunayGraphResult {
  readonly graph: Graph;
  /** The longest length allowed, in the unit of the positions. */
  readonly maxLength: number;
  /** Edges of the triangulation that were longer, or outside the alpha complex, and dropped. */
  readonly dropped: number;
  /** Observations at the very place of an earlier one, joined to the first there alone. */
  readonly coincident: number;
  readonly params: {
    readonly maxLength: number | "auto";
    readonly percentile: number | null;
    readonly alpha: number | null;
  };
}

/**
 * Who are natural neighbors, whatever the local density? Joins observations that share an edge of the Delaunay
 * triangulation, without the long edges that bridge gaps and rim.
 *
 * Three ways to prune, alone or together:
 * - `maxLength`: by length. "auto" allows median + 8 * MAD of all edges (median absolute deviation), and at least twice the median.
 * - `percentile`: by rank of length, over all samples, interpolated as NumPy over the edges both ways. (squidpy counts a
 *   length of 0 for each observation too, so its 99th is nearly our 98.8th.)
 * - `alpha`: by emptiness. An edge belongs to the alpha complex where the smallest empty disc with both ends on its rim has radius
 *   <= alpha: half its length where the disc on the edge as diameter is empty, else the circumradius of the smaller
 *   triangle at the edge. What is left follows holes and dents of the tissue that are wider than 2 alpha.
 *
 * Nothing is ever jittered: observations at the very same place are triangulated as one, the first of
 * them, and each other one is joined to that first one alone, at distance 0; observations on one line are
 * joined to the next along it. Where four or more observations lie on one circle (as on a lattice), the
 * triangulation is not unique, and one of the possible ones is returned.
 *
 * @param positions n x 2
 * @returns `graph`: undirected, n nodes, weights 1, distances Euclidean in the unit of the positions; and the length used
 * @throws {SpatialError} `input` for positions that are not finite or not two columns; `option`
 *
 * Cost: O(n log n); a million cells in about 2 s. Triangulation by the package delaunator. Checked against squidpy 1.8.3
 * `spatial_neighbors_delaunay` on jittered positions (neighbors exactly, pruned to a percentile too; distances to 1e-7); alpha against brute force. Edelsbrunner, Kirkpatrick and Seidel 1983, doi:10.1109/TIT.1983.1056714.
 *
 * @example
 * ```ts
 * import { delaunayGraph } from "tissular/graph";
 * import { positions } from "tissular/model";
 * // A square of side 10 with its center, and one observation far away.
 * const places = positions(Float64Array.of(0, 0, 10, 0, 10, 10, 0, 10, 5, 5, 300, 5), "um", 1);
 * const { graph, maxLength } = delaunayGraph(places);
 * const center = graph.indices.slice(graph.indptr[4], graph.indptr[5]);
 * if (center.join() !== "0,1,2,3" || maxLength >= 290) throw new Error("the far one is left alone");
 * ```
 */
export function delaunayGraph(positions: Positions, options: DelaunayGraphOptions = {}): DelaunayGraphResult {
  checkOptions("delaunayGraph", options, {
    maxLength: either(number(0), literal(Infinity), oneOf("auto")),
    percentile: number(0, 100),
    alpha: number(0),
    sample: such("a categorical", isCategorical),
  });
  const { percentile, alpha, sample } = options;
  const wanted = options.maxLength ?? (percentile === undefined && alpha === undefined ? "auto" : Infinity);
  const pairs = pairList("delaunayGraph");
  const { parts, coincident } = triangulate("delaunayGraph", positions, sample, pairs);
  const lengths = parts.map((part) => part.lengths);
  const maxLength = Math.min(
    wanted === "auto" ? usualLength(together(lengths)) : wanted,
    percentile === undefined ? Infinity : lengthAt(together([...lengths, ...lengths]), percentile),
  );
  let dropped = 0;
  for (const part of parts) {
    for (let e = 0; e < part.lengths.length; e++) {
      if (part.lengths[e] > maxLength || (alpha !== undefined && emptyRadius(part, e) > alpha)) dropped++;
      else pairs.push(part.rows[part.ends[2 * e]], part.rows[part.ends[2 * e + 1]], part.lengths[e]);
    }
  }
  return {
    graph: pairs.graph(positions.rows),
    maxLength,
    dropped,
    coincident,
    params: { maxLength: wanted, percentile: percentile ?? null, alpha: alpha ?? null },
  };
}

/** Radius of the smallest disc that has both ends of edge e on its rim and no place inside. */
function emptyRadius({ places, ends, opposite, lengths }: Triangulation, e: number): number {
  const half = lengths[e] / 2;
  let least = Infinity;
  let attached = false;
  const [i, j] = [2 * ends[2 * e], 2 * ends[2 * e + 1]];
  for (const corner of [opposite[2 * e], opposite[2 * e + 1]]) {
    if (corner < 0) continue;
    const ax = places[i] - places[2 * corner];
    const ay = places[i + 1] - places[2 * corner + 1];
    const bx = places[j] - places[2 * corner];
    const by = places[j + 1] - places[2 * corner + 1];
    if (ax * bx + ay * by < 0) attached = true; // inside the disc on the edge
    const sides = Math.sqrt((ax * ax + ay * ay) * (bx * bx + by * by));
    least = Math.min(least, (half * sides) / Math.abs(ax * by - ay * bx));
  }
  return attached ? least : half;
}

function together(perSample: readonly Float64Array[]): Float64Array {
  const lengths = new Float64Array(perSample.reduce((sum, l) => sum + l.length, 0));
  let at = 0;
  for (const l of perSample) {
    lengths.set(l, at);
    at += l.length;
  }
  return lengths;
}

function lengthAt(lengths: Float64Array, percentile: number): number {
  return lengths.length === 0 ? 0 : quantile(lengths, percentile / 100);
}

/** median + 8 * MAD, at least twice the median; 0 where there is no edge. */
function usualLength(lengths: Float64Array): number {
  if (lengths.length === 0) return 0;
  const median = middle(lengths);
  const deviation = middle(lengths.map((l) => Math.abs(l - median)));
  return Math.max(median + 8 * deviation, 2 * median);
}

/** The (upper) median; reorders what it is given. */
function middle(values: Float64Array): number {
  return nthSmallest(values, values.length >> 1);
}
