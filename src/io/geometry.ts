import { SpatialError } from "../core/errors.ts";
import { ringMoments } from "../kernels/polygons.ts";
import type { Affine } from "../model/image.ts";
import type { Shapes } from "../model/shapes.ts";
import { type Part, shapeBuilder } from "./polygons.ts";
import { IDENTITY } from "./transforms.ts";

/** Points, circles or polygons with their names and centroids. */
export interface Geometry {
  readonly names: readonly string[];
  /** x, y of each, length 2 * names */
  readonly centroids: Float64Array;
  /** of circles, else null */
  readonly radius: Float64Array | null;
  /** of polygons, else null; of several parts the largest */
  readonly shapes: Shapes | null;
  /** How many have several parts. */
  readonly multiple: number;
}

/** Geometry from well-known binary, one value per shape. */
export function fromWkb(
  names: readonly string[],
  values: ArrayLike<unknown>,
  radius: Float64Array | null,
  subject: string,
): Geometry {
  return collect(names, radius, (s) => parseWkb(values[s], subject));
}

/**
 * Geometry from ragged arrays: coordinates (rows of `dimensions` numbers), and from inside out the offsets of rings, of
 * polygons and of groups of polygons; none for points.
 */
export function fromRagged(
  names: readonly string[],
  coordinates: Float64Array,
  dimensions: number,
  offsets: readonly Uint32Array[],
  radius: Float64Array | null,
  subject: string,
): Geometry {
  const [rings, polygons, groups] = offsets;
  const corners = (from: number, to: number): number[] => {
    const out: number[] = [];
    for (let c = from; c < to; c++) out.push(coordinates[c * dimensions], coordinates[c * dimensions + 1]);
    return out;
  };
  const sound = (list: Uint32Array, end: number): boolean =>
    list.every((v, k) => v <= end && (k === 0 || v >= list[k - 1]));
  const last = offsets.at(-1);
  const shapes = last === undefined ? coordinates.length / dimensions : last.length - 1;
  const ends = [coordinates.length / dimensions, ...offsets.map((list) => list.length - 1)];
  if (shapes !== names.length || !offsets.every((list, k) => sound(list, ends[k]))) {
    throw new SpatialError("format", `The offsets of ${subject} must fit its coordinates and names.`, {
      subject,
    });
  }
  const part = (p: number): Part => {
    const out: number[][] = [];
    for (let r = polygons[p]; r < polygons[p + 1]; r++) out.push(corners(rings[r], rings[r + 1]));
    return out;
  };
  return collect(names, radius, (s) => {
    if (polygons === undefined) return corners(s, s + 1);
    if (groups === undefined) return [part(s)];
    return Array.from({ length: groups[s + 1] - groups[s] }, (_, k) => part(groups[s] + k));
  });
}

/** A point (two numbers), or the parts of a polygon. */
export type Geometric = readonly number[] | readonly Part[];

function collect(
  names: readonly string[],
  radius: Float64Array | null,
  shapeAt: (s: number) => Geometric,
): Geometry {
  const centroids = new Float64Array(2 * names.length);
  const shapes = shapeBuilder();
  let polygons = 0;
  names.forEach((name, s) => {
    const shape = shapeAt(s);
    const point = isPoint(shape);
    centroids.set(point ? shape : centroid(shape), 2 * s);
    shapes.add(name, point ? [] : shape);
    if (!point) polygons++;
  });
  const multiple = shapes.multiple();
  return { names, centroids, radius, shapes: polygons > 0 ? shapes.finish() : null, multiple };
}

export function isPoint(shape: Geometric): shape is readonly number[] {
  return typeof shape[0] === "number";
}

/** The centroid of area of all parts, holes taken out; NaN where there is no area. */
function centroid(parts: readonly Part[]): readonly [number, number] {
  let [area, mx, my] = [0, 0, 0];
  for (const part of parts) {
    part.forEach((ring, r) => {
      const [a, x, y] = ringMoments(ring);
      const sign = (a < 0 ? -1 : 1) * (r === 0 ? 1 : -1);
      area += sign * a;
      mx += sign * x;
      my += sign * y;
    });
  }
  return [mx / area, my / area];
}

/** Well-known binary: a point, polygon or multipolygon of 2 or 3 dimensions. */
export function parseWkb(value: unknown, subject: string): Geometric {
  const fail = (what: string): SpatialError =>
    new SpatialError("format", `Shapes of ${subject} must be points or polygons, but one ${what}.`, {
      subject,
    });
  if (!(value instanceof Uint8Array)) throw fail("is missing");
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  let at = 0;
  const take = (bytes: number): number => {
    at += bytes;
    if (at > view.byteLength) throw fail("is cut off");
    return at - bytes;
  };
  const head = (): { kind: number; little: boolean; dimensions: number } => {
    const little = view.getUint8(take(1)) === 1;
    const type = view.getUint32(take(4), little);
    const flags = type >>> 28;
    const code = type & 0x0fffffff;
    if ((flags & 2) !== 0) take(4);
    const extra = Math.floor(code / 1000);
    const dimensions = 2 + (flags & 8 ? 1 : 0) + (flags & 4 ? 1 : 0) + (extra === 3 ? 2 : extra > 0 ? 1 : 0);
    return { kind: code % 1000, little, dimensions };
  };
  const corner = (little: boolean, dimensions: number): [number, number] => {
    const start = take(8 * dimensions);
    return [view.getFloat64(start, little), view.getFloat64(start + 8, little)];
  };
  const polygon = (little: boolean, dimensions: number): Part => {
    const rings: number[][] = [];
    for (let r = view.getUint32(take(4), little); r > 0; r--) {
      const ring: number[] = [];
      for (let c = view.getUint32(take(4), little); c > 0; c--) ring.push(...corner(little, dimensions));
      rings.push(ring);
    }
    return rings;
  };
  const { kind, little, dimensions } = head();
  if (kind === 1) return corner(little, dimensions);
  if (kind === 3) return [polygon(little, dimensions)];
  if (kind !== 6) throw fail(`is of kind ${kind}`);
  const parts: Part[] = [];
  for (let p = view.getUint32(take(4), little); p > 0; p--) {
    const inner = head();
    parts.push(polygon(inner.little, inner.dimensions));
  }
  return parts;
}

/** Applies an affine to pairs x, y that lie `stride` numbers apart; a new array. */
export function moved(data: Float64Array, affine: Affine, stride: number = 2): Float64Array {
  const [a, b, c, d, e, f] = affine;
  const out = data.slice();
  if (affine.every((v, k) => v === IDENTITY[k])) return out;
  for (let k = 0; k < data.length; k += stride) {
    out[k] = a * data[k] + b * data[k + 1] + c;
    out[k + 1] = d * data[k] + e * data[k + 1] + f;
  }
  return out;
}
