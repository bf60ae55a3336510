import Delaunator from "delaunator";
import { checkOptions, either, literal, number, oneOf, such } from "../core/check.ts";
import { nearestOthers, placeIndex, pointTree } from "../kernels/geometry.ts";
import { nthSmallest } from "../kernels/select.ts";
import type { Categorical, Graph, Positions } from "../model/index.ts";
import { coordinates, isCategorical, pairList, sampleRows } from "./assemble.ts";

export interface DelaunayGraphOptions {
  /** Longer edges are dropped: a length in the unit of the positions, or "auto" (default); `Infinity` keeps all. */
  readonly maxLength?: number | "auto";
  /** Sample of each observation; samples are never joined. */
  readonly sample?: Categorical;
}

export interface DelaunayGraphResult {
  readonly graph: Graph;
  /** The longest length allowed, in the unit of the positions. */
  readonly maxLength: number;
  /** Edges of the triangulation that were longer and dropped. */
  readonly dropped: number;
  readonly params: { readonly maxLength: number | "auto" };
}

/**
 * Who are natural neighbors, whatever the local density? Joins observations that share an edge of the Delaunay
 * triangulation, without the long edges that bridge gaps and rim.
 *
 * With `maxLength: "auto"` an edge may be as long as median + 8 * MAD of all edges (median absolute deviation),
 * and at least twice the median. Nothing is ever jittered: observations at the very same place are triangulated as one, the first of
 * them, and each other one is joined to that first one alone, at distance 0; observations on one line are
 * joined to the next along it. Where four or more observations lie on one circle (as on a lattice), the
 * triangulation is not unique, and one of the possible ones is returned.
 *
 * @param positions n x 2
 * @returns `graph`: undirected, n nodes, weights 1, distances Euclidean in the unit of the positions; and the length used
 * @throws {SpatialError} `input` for positions that are not finite or not two columns; `option`
 *
 * Cost: O(n log n); a million cells in about 2 s. Triangulation by the package delaunator. Checked against squidpy 1.8.3
 * `spatial_neighbors_delaunay` on jittered positions (neighbors exactly, distances to 1e-7).
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
    sample: such("a categorical", isCategorical),
  });
  const { maxLength: wanted = "auto", sample } = options;
  const pairs = pairList("delaunayGraph");
  const samples = sampleRows("delaunayGraph", positions.rows, sample).map((rows) => {
    const points = coordinates("delaunayGraph", positions, rows, [2]);
    const { first } = placeIndex(points);
    const distinct = rows.map((_, r) => r).filter((r) => first[r] === r);
    for (let r = 0; r < rows.length; r++) if (first[r] !== r) pairs.push(rows[first[r]], rows[r], 0);
    const places = distinct.length === rows.length ? points : selectPoints(points, distinct);
    const ends = planarEdges(places);
    return { rows, distinct, ends, lengths: edgeLengths(places, ends) };
  });
  const maxLength = wanted === "auto" ? usualLength(samples.map((s) => s.lengths)) : wanted;
  let dropped = 0;
  for (const { rows, distinct, ends, lengths } of samples) {
    for (let e = 0; e < lengths.length; e++) {
      if (lengths[e] > maxLength) dropped++;
      else pairs.push(rows[distinct[ends[2 * e]]], rows[distinct[ends[2 * e + 1]]], lengths[e]);
    }
  }
  return { graph: pairs.graph(positions.rows), maxLength, dropped, params: { maxLength: wanted } };
}

function selectPoints(points: Float64Array, rows: Uint32Array): Float64Array {
  const places = new Float64Array(2 * rows.length);
  for (let r = 0; r < rows.length; r++) {
    places[2 * r] = points[2 * rows[r]];
    places[2 * r + 1] = points[2 * rows[r] + 1];
  }
  return places;
}

/** Both ends of every edge of the triangulation of distinct points, or of the line they lie on. */
function planarEdges(places: Float64Array): Uint32Array {
  const line = orderOnLine(places);
  if (line !== null)
    return Uint32Array.from({ length: 2 * Math.max(0, line.length - 1) }, (_, e) => line[(e + 1) >> 1]);

  const { triangles, halfedges } = new Delaunator(places);
  const ends: Uint32Array = new Uint32Array(triangles.length * 2 + places.length);
  let count = 0;
  const joined = new Uint8Array(places.length / 2);
  for (let e = 0; e < triangles.length; e++) {
    joined[triangles[e]] = 1;
    if (e < halfedges[e]) continue; // the twin will add it
    ends[count++] = triangles[e];
    ends[count++] = triangles[e % 3 === 2 ? e - 2 : e + 1];
  }
  // What rounding cannot tell from its neighbor is left out of the triangulation: joined to its nearest.
  const left = joined.indexOf(0) < 0 ? null : nearestOthers(pointTree(places, 2), 1).indices;
  for (let i = 0; left !== null && i < joined.length; i++) {
    if (joined[i] === 1) continue;
    ends[count++] = i;
    ends[count++] = left[i];
    joined[left[i]] = 1; // of two left out that are nearest to each other, once
  }
  return ends.slice(0, count);
}

/** The points in order along their common line; null where they span a plane (wider than 1e-10 of their length). */
function orderOnLine(places: Float64Array): Uint32Array | null {
  const n = places.length / 2;
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  if (n < 3) return order;
  const [x0, y0] = places;
  let far = 0;
  let reach = 0;
  for (let i = 1; i < n; i++) {
    const dx = places[2 * i] - x0;
    const dy = places[2 * i + 1] - y0;
    if (dx * dx + dy * dy > reach) {
      reach = dx * dx + dy * dy;
      far = i;
    }
  }
  const ux = places[2 * far] - x0;
  const uy = places[2 * far + 1] - y0;
  const along = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const dx = places[2 * i] - x0;
    const dy = places[2 * i + 1] - y0;
    if (Math.abs(ux * dy - uy * dx) > 1e-10 * reach) return null;
    along[i] = ux * dx + uy * dy;
  }
  return order.sort((i, j) => along[i] - along[j] || i - j);
}

function edgeLengths(places: Float64Array, ends: Uint32Array): Float64Array {
  const lengths = new Float64Array(ends.length / 2);
  for (let e = 0; e < lengths.length; e++) {
    const dx = places[2 * ends[2 * e]] - places[2 * ends[2 * e + 1]];
    const dy = places[2 * ends[2 * e] + 1] - places[2 * ends[2 * e + 1] + 1];
    lengths[e] = Math.sqrt(dx * dx + dy * dy);
  }
  return lengths;
}

/** median + 8 * MAD, at least twice the median; 0 where there is no edge. */
function usualLength(perSample: readonly Float64Array[]): number {
  const lengths = new Float64Array(perSample.reduce((sum, l) => sum + l.length, 0));
  let at = 0;
  for (const l of perSample) {
    lengths.set(l, at);
    at += l.length;
  }
  if (lengths.length === 0) return 0;
  const median = middle(lengths);
  const deviation = middle(lengths.map((l) => Math.abs(l - median)));
  return Math.max(median + 8 * deviation, 2 * median);
}

/** The (upper) median; reorders what it is given. */
function middle(values: Float64Array): number {
  return nthSmallest(values, values.length >> 1);
}
