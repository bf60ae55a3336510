import Delaunator from "delaunator";
import { nearestOthers, placeIndex, pointTree } from "../kernels/geometry.ts";
import type { Categorical, Positions } from "../model/index.ts";
import { coordinates, type Pairs, sampleRows } from "./assemble.ts";

/** The Delaunay triangulation of the distinct places of one sample, each edge once. */
export interface Triangulation {
  /** the first observation at each place */
  readonly rows: Uint32Array;
  /** x, y of each place */
  readonly places: Float64Array;
  /** both places of each edge, length 2 m */
  readonly ends: Uint32Array;
  /** third corners of the triangles on either side of each edge, -1 where there is none (rim, line); length 2 m */
  readonly opposite: Int32Array;
  /** length m */
  readonly lengths: Float64Array;
}

export interface Triangulations {
  readonly parts: readonly Triangulation[];
  /** Observations at the very place of an earlier one of their sample. */
  readonly coincident: number;
}

/** Triangulates each sample; an observation at the place of an earlier one is joined to the first there, at distance 0. */
export function triangulate(
  verb: string,
  positions: Positions,
  sample: Categorical | undefined,
  pairs: Pairs,
): Triangulations {
  let coincident = 0;
  const parts = sampleRows(verb, positions.rows, sample).map((all) => {
    const points = coordinates(
      verb,
      positions,
      all,
      [2],
      "In three dimensions use kNearestGraph or radiusGraph, or triangulate each section of a stack: keep x and y and give the section as option sample.",
    );
    const { first } = placeIndex(points);
    const distinct = all.map((_, r) => r).filter((r) => first[r] === r);
    for (let r = 0; r < all.length; r++) if (first[r] !== r) pairs.push(all[first[r]], all[r], 0);
    coincident += all.length - distinct.length;
    const places = distinct.length === all.length ? points : selectPoints(points, distinct);
    const { ends, opposite } = planarEdges(places);
    return { rows: distinct.map((r) => all[r]), places, ends, opposite, lengths: edgeLengths(places, ends) };
  });
  return { parts, coincident };
}

function selectPoints(points: Float64Array, rows: Uint32Array): Float64Array {
  const places = new Float64Array(2 * rows.length);
  for (let r = 0; r < rows.length; r++) {
    places[2 * r] = points[2 * rows[r]];
    places[2 * r + 1] = points[2 * rows[r] + 1];
  }
  return places;
}

/** The edges of the triangulation of distinct points, or of the line they lie on. */
function planarEdges(places: Float64Array): Pick<Triangulation, "ends" | "opposite"> {
  const line = orderOnLine(places);
  if (line !== null) {
    const size = 2 * Math.max(0, line.length - 1);
    return {
      ends: Uint32Array.from({ length: size }, (_, e) => line[(e + 1) >> 1]),
      opposite: new Int32Array(size).fill(-1),
    };
  }
  const { triangles, halfedges } = new Delaunator(places);
  const ends = new Uint32Array(triangles.length * 2 + places.length);
  const opposite = new Int32Array(ends.length).fill(-1);
  let count = 0;
  const joined = new Uint8Array(places.length / 2);
  for (let e = 0; e < triangles.length; e++) {
    joined[triangles[e]] = 1;
    const twin = halfedges[e];
    if (e < twin) continue; // the twin will add it
    opposite[count] = triangles[before(e)];
    if (twin >= 0) opposite[count + 1] = triangles[before(twin)];
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
  return { ends: ends.slice(0, count), opposite: opposite.slice(0, count) };
}

/** The half-edge before e in its triangle; it begins at the corner opposite of e. */
function before(e: number): number {
  return e % 3 === 0 ? e + 2 : e - 1;
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
