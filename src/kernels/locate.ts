import { orient2d } from "robust-predicates";
import { atOnce } from "../core/progress.ts";
import type { Shapes } from "../model/shapes.ts";

/**
 * Which polygon holds a point? The plane is cut into strips of equal height. A piece is what one shape has in one strip:
 * the edges that reach into it. A point is tried against the pieces of its strip whose range of x is near, each by
 * the even-odd rule over the piece's few edges.
 *
 * Exact: the side of an edge is decided by its sign alone, in adaptive precision where rounding could turn it. A point on an
 * edge belongs to the shape that lies on the side of greater x (of a horizontal edge: greater y), so shapes that share an
 * edge never both have it, nor neither.
 */
export interface PolygonIndex {
  /**
   * Writes the owner of the first shape around each of points [start, end) into `out`, -1 where there is none.
   * Returns how many points lie in shapes of several owners.
   */
  readonly locate: (x: Float64Array, y: Float64Array, start: number, end: number, out: Int32Array) => number;
}

/** Entries of the index per edge, at most (beyond a fixed number): long edges make strips and columns wider. */
const MOST = 8;
const FIXED = 1_000_000;
/** Largest number of buckets. */
const BUCKETS = 16_777_216;

/** Indexes shapes with finite corners; `owner[s]` is what is said of a point in shape s. Cost O(corners + shapes). */
export const polygonIndex = (shapes: Shapes, owner: Uint32Array): PolygonIndex =>
  atOnce(polygonIndexInParts(shapes, owner));

/** The same in parts of some 30 ms at 50,000 shapes. */
export function* polygonIndexInParts(shapes: Shapes, owner: Uint32Array): Generator<void, PolygonIndex> {
  const edges = listEdges(shapes);
  const { x, y, of, shapeEdges } = edges;
  if (of.length === 0) return { locate: (_x, _y, start, end, out) => (out.fill(-1, start, end), 0) };
  const count = owner.length;
  const [left, right] = extent(x);
  const [low, high] = extent(y);
  const box = boxes(edges, count);
  yield;
  let height = 0;
  let width = 0;
  for (const e of of) height += Math.abs(y[e + 1] - y[e]);
  for (let s = 0; s < count; s++) width += box[4 * s + 2] < box[4 * s] ? 0 : box[4 * s + 2] - box[4 * s];
  const most = MOST * of.length + FIXED;
  const strip = stepFor((2 * height) / of.length, high - low, most, (step) => {
    let n = 0;
    for (const e of of)
      n += Math.abs(Math.floor((y[e + 1] - low) / step) - Math.floor((y[e] - low) / step)) + 1;
    return n;
  });
  yield;
  const strips = Math.floor((high - low) / strip) + 1;
  const at = (v: number): number => Math.floor((v - low) / strip);

  const firstStrip = new Uint32Array(count);
  const firstPiece = new Uint32Array(count + 1);
  for (let s = 0; s < count; s++) {
    const none = shapeEdges[s + 1] === shapeEdges[s];
    firstStrip[s] = none ? 0 : at(box[4 * s + 1]);
    firstPiece[s + 1] = firstPiece[s] + (none ? 0 : at(box[4 * s + 3]) - firstStrip[s] + 1);
  }
  const pieces = firstPiece[count];
  const pieceEdges = new Uint32Array(pieces + 1);
  const pieceOwner = new Uint32Array(pieces);
  const pieceStrip = new Uint32Array(pieces);
  const range = new Float64Array(2 * pieces);
  const eachEntry = (visit: (piece: number, edge: number) => void): void => {
    for (let s = 0; s < count; s++) {
      for (let k = shapeEdges[s]; k < shapeEdges[s + 1]; k++) {
        const [a, b] = [at(y[of[k]]), at(y[of[k] + 1])];
        const first = firstPiece[s] - firstStrip[s];
        for (let r = Math.min(a, b); r <= Math.max(a, b); r++) visit(first + r, of[k]);
      }
    }
  };
  for (let s = 0; s < count; s++) {
    for (let p = firstPiece[s]; p < firstPiece[s + 1]; p++) {
      pieceOwner[p] = owner[s];
      pieceStrip[p] = firstStrip[s] + p - firstPiece[s];
      range[2 * p] = Infinity;
      range[2 * p + 1] = -Infinity;
    }
  }
  yield;
  eachEntry((p, e) => {
    pieceEdges[p + 1]++;
    range[2 * p] = Math.min(range[2 * p], x[e], x[e + 1]);
    range[2 * p + 1] = Math.max(range[2 * p + 1], x[e], x[e + 1]);
  });
  for (let p = 0; p < pieces; p++) pieceEdges[p + 1] += pieceEdges[p];
  yield;
  const entries = new Uint32Array(pieceEdges[pieces]);
  const next = pieceEdges.slice(0, pieces);
  eachEntry((p, e) => void (entries[next[p]++] = e));

  yield;
  const least = Math.max(width / (2 * count), ((right - left) * strips) / BUCKETS);
  const column = stepFor(least, right - left, most, (step) => {
    let n = 0;
    for (let p = 0; p < pieces; p++)
      if (range[2 * p] <= range[2 * p + 1])
        n += Math.floor((range[2 * p + 1] - left) / step) - Math.floor((range[2 * p] - left) / step) + 1;
    return n;
  });
  yield;
  const columns = Math.floor((right - left) / column) + 1;
  const bucketPieces = new Uint32Array(strips * columns + 1);
  const eachBucket = (visit: (bucket: number, piece: number) => void): void => {
    for (let p = 0; p < pieces; p++) {
      if (range[2 * p] > range[2 * p + 1]) continue;
      const last = Math.floor((range[2 * p + 1] - left) / column);
      for (let c = Math.floor((range[2 * p] - left) / column); c <= last; c++)
        visit(pieceStrip[p] * columns + c, p);
    }
  };
  eachBucket((b) => void bucketPieces[b + 1]++);
  for (let b = 0; b < strips * columns; b++) bucketPieces[b + 1] += bucketPieces[b];
  yield;
  const listed = new Uint32Array(bucketPieces[strips * columns]);
  const free = bucketPieces.slice(0, strips * columns);
  eachBucket((b, p) => void (listed[free[b]++] = p));

  const isInside = (piece: number, px: number, py: number): boolean => {
    let inside = false;
    const end = pieceEdges[piece + 1];
    for (let k = pieceEdges[piece]; k < end; k++) {
      const e = entries[k];
      const ay = y[e];
      const by = y[e + 1];
      if (ay > py === by > py) continue;
      const ax = x[e];
      const bx = x[e + 1];
      if (px < ax && px < bx) inside = !inside;
      else if ((px < ax || px < bx) && isLeft(ax, ay, bx, by, px, py)) inside = !inside;
    }
    return inside;
  };
  const locate: PolygonIndex["locate"] = (px, py, start, end, out) => {
    let several = 0;
    for (let i = start; i < end; i++) {
      out[i] = -1;
      const [u, v] = [px[i], py[i]];
      if (!(u >= left && u <= right && v >= low && v <= high)) continue;
      const bucket = Math.floor((v - low) / strip) * columns + Math.floor((u - left) / column);
      const last = bucketPieces[bucket + 1];
      for (let k = bucketPieces[bucket]; k < last; k++) {
        const piece = listed[k];
        if (u < range[2 * piece] || u > range[2 * piece + 1]) continue;
        const who = pieceOwner[piece];
        if (who === out[i] || !isInside(piece, u, v)) continue;
        if (out[i] >= 0) {
          several++;
          break;
        }
        out[i] = who;
      }
    }
    return several;
  };
  return { locate };
}

/** Relative error of a difference of two products of differences. */
const DOUBT = 3.3306690738754716e-16;

/** Is the point left of the edge, at its height? */
function isLeft(ax: number, ay: number, bx: number, by: number, px: number, py: number): boolean {
  const up = by > ay;
  const [lx, ly, ux, uy] = up ? [ax, ay, bx, by] : [bx, by, ax, ay];
  const across = (ux - lx) * (py - ly);
  const along = (px - lx) * (uy - ly);
  const side = across - along;
  if (Math.abs(side) > DOUBT * (Math.abs(across) + Math.abs(along))) return side > 0;
  return orient2d(lx, ly, ux, uy, px, py) < 0;
}

/** Corners with every ring closed, and which of them begin an edge that is not horizontal. */
interface Edges {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly of: Uint32Array;
  /** length shapes + 1; shape s owns edges shapeEdges[s] to shapeEdges[s + 1] of `of` */
  readonly shapeEdges: Uint32Array;
}

function listEdges({ shapeOffsets, ringOffsets, coordinates }: Shapes): Edges {
  const most = coordinates.length / 2 + ringOffsets.length - 1;
  const x = new Float64Array(most);
  const y = new Float64Array(most);
  const of = new Uint32Array(most);
  const shapeEdges = new Uint32Array(shapeOffsets.length);
  let [at, edges] = [0, 0];
  for (let s = 0; s + 1 < shapeOffsets.length; s++) {
    for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
      const [from, to] = [ringOffsets[r], ringOffsets[r + 1]];
      for (let c = from; c <= to && to > from; c++) {
        const corner = c === to ? from : c;
        x[at] = coordinates[2 * corner];
        y[at] = coordinates[2 * corner + 1];
        if (c > from && y[at] !== y[at - 1]) of[edges++] = at - 1;
        at++;
      }
    }
    shapeEdges[s + 1] = edges;
  }
  return { x: x.subarray(0, at), y: y.subarray(0, at), of: of.subarray(0, edges), shapeEdges };
}

function extent(values: Float64Array): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

/** Least x, least y, largest x, largest y over the edges of each shape. */
function boxes({ x, y, of, shapeEdges }: Edges, count: number): Float64Array {
  const box = new Float64Array(4 * count);
  for (let s = 0; s < count; s++) {
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let k = shapeEdges[s]; k < shapeEdges[s + 1]; k++) {
      for (let c = of[k]; c <= of[k] + 1; c++) {
        x0 = Math.min(x0, x[c]);
        y0 = Math.min(y0, y[c]);
        x1 = Math.max(x1, x[c]);
        y1 = Math.max(y1, y[c]);
      }
    }
    box.set([x0, y0, x1, y1], 4 * s);
  }
  return box;
}

/** The least step from `wanted` on, doubled, of which no more than `most` entries come. */
function stepFor(wanted: number, whole: number, most: number, entries: (step: number) => number): number {
  let step = wanted > 0 ? wanted : 1;
  while (step < whole && (whole / step > BUCKETS || entries(step) > most)) step *= 2;
  return step;
}
