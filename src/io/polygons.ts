import { SpatialError } from "../core/errors.ts";
import { ringMoments } from "../kernels/polygons.ts";
import type { Shapes } from "../model/shapes.ts";
import { ids } from "../model/table.ts";

/** Rings of a polygon, each x, y of its corners; the first is the outline, others are holes. */
export type Part = readonly ArrayLike<number>[];

/** Shapes put together one after the other. */
export interface ShapeBuilder {
  /** Of several parts the largest is kept. */
  readonly add: (name: string, parts: readonly Part[]) => void;
  readonly finish: () => Shapes;
  /** How many had several parts. */
  readonly multiple: () => number;
}

export function shapeBuilder(): ShapeBuilder {
  const names: string[] = [];
  const shapeOffsets = [0];
  const ringOffsets = [0];
  let coordinates = new Float64Array(4096);
  let length = 0;
  let multiple = 0;
  return {
    add: (name, parts) => {
      if (parts.length > 1) multiple++;
      names.push(name);
      for (const ring of largest(parts)) {
        if (length + ring.length > coordinates.length) {
          const larger = new Float64Array(2 * (length + ring.length));
          larger.set(coordinates);
          coordinates = larger;
        }
        coordinates.set(ring, length);
        length += ring.length;
        ringOffsets.push(length / 2);
      }
      shapeOffsets.push(ringOffsets.length - 1);
    },
    multiple: () => multiple,
    finish: () => ({
      kind: "shapes",
      ids: ids(names),
      shapeOffsets: Uint32Array.from(shapeOffsets),
      ringOffsets: Uint32Array.from(ringOffsets),
      coordinates: coordinates.slice(0, length),
    }),
  };
}

function largest(parts: readonly Part[]): Part {
  if (parts.length < 2) return parts[0] ?? [];
  const size = (part: Part): number => (part.length === 0 ? 0 : Math.abs(ringMoments(part[0])[0]));
  return parts.reduce((best, part) => (size(part) > size(best) ? part : best));
}

/**
 * Outlines from a table of corners: rows of one id that follow each other are one outline. Where `parts` is given, a
 * change of it begins a new outline of the same id too (nuclei of one cell).
 *
 * @throws {SpatialError} `format` where a corner is no number
 */
export function shapesFromCorners(
  names: readonly string[],
  x: Float64Array,
  y: Float64Array,
  parts: readonly string[] | null,
  subject: string,
): Shapes {
  const shapeNames: string[] = [];
  const starts: number[] = [];
  const coordinates = new Float64Array(2 * names.length);
  for (let i = 0; i < names.length; i++) {
    if (!Number.isFinite(x[i]) || !Number.isFinite(y[i]))
      throw new SpatialError(
        "format",
        `Corners in ${subject} must be numbers, found others in row ${i + 1}.`,
        {
          subject,
        },
      );
    if (i === 0 || names[i] !== names[i - 1] || (parts !== null && parts[i] !== parts[i - 1])) {
      shapeNames.push(names[i]);
      starts.push(i);
    }
    coordinates[2 * i] = x[i];
    coordinates[2 * i + 1] = y[i];
  }
  return {
    kind: "shapes",
    ids: ids(shapeNames),
    shapeOffsets: Uint32Array.from({ length: shapeNames.length + 1 }, (_, s) => s),
    ringOffsets: Uint32Array.from([...starts, names.length]),
    coordinates,
  };
}

/** Shapes of a GeoJSON file. */
export interface GeoJson {
  readonly shapes: Shapes;
  /** How many shapes had several parts, of which the largest is kept. */
  readonly multiple: number;
}

/**
 * Reads the polygons of a GeoJSON FeatureCollection, one feature after the other, so that a file may be larger than the
 * longest text. `nameOf` names a feature by its properties, among them its own `id`.
 *
 * @throws {SpatialError} `format` where the file is no whole GeoJSON, or a feature no polygon
 */
export function parseGeoJson(
  bytes: Uint8Array,
  nameOf: (properties: Readonly<Record<string, unknown>>) => string,
  subject: string,
): GeoJson {
  const shapes = shapeBuilder();
  for (const [start, end] of featureRanges(bytes, subject)) {
    const feature = parseFeature(bytes.subarray(start, end), subject);
    const { type, coordinates: found } = feature.geometry;
    const parts = (type === "Polygon" ? [found] : type === "MultiPolygon" ? found : null) as unknown;
    if (!Array.isArray(parts) || parts.length === 0) throw noPolygon(subject, String(type));
    shapes.add(
      nameOf(feature.properties),
      parts.map((part: unknown) => rings(part, subject)),
    );
  }
  return { shapes: shapes.finish(), multiple: shapes.multiple() };
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, LIST, LIST_END] = [34, 92, 123, 125, 91, 93];

/** Where each object in a list of the outermost object begins and ends: the features. */
function* featureRanges(bytes: Uint8Array, subject: string): Generator<readonly [number, number]> {
  let [objects, lists, start] = [0, 0, 0];
  let quoted = false;
  let opened = false;
  for (let at = 0; at < bytes.length; at++) {
    const c = bytes[at];
    if (quoted) {
      if (c === BACKSLASH) at++;
      else if (c === QUOTE) quoted = false;
    } else if (c === QUOTE) quoted = true;
    else if (c === OPEN) {
      if (objects === 1 && lists === 1) start = at;
      objects++;
      opened = true;
    } else if (c === CLOSE) {
      objects--;
      if (objects === 1 && lists === 1) yield [start, at + 1];
    } else if (c === LIST) lists++;
    else if (c === LIST_END) lists--;
  }
  if (!opened || quoted || objects !== 0 || lists !== 0) {
    throw new SpatialError("format", `${subject} must be a whole GeoJSON file, but it is not.`, {
      subject,
      hint: "The file is incomplete or damaged: copy or download it again.",
    });
  }
}

interface Feature {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry: Readonly<Record<string, unknown>>;
}

const decoder = new TextDecoder();

function parseFeature(bytes: Uint8Array, subject: string): Feature {
  const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null;
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (isObject(value) && isObject(value["geometry"]))
      return {
        properties: { id: value["id"], ...(isObject(value["properties"]) ? value["properties"] : {}) },
        geometry: value["geometry"],
      };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw noPolygon(subject, "something else");
}

function rings(part: unknown, subject: string): Float64Array[] {
  if (!Array.isArray(part)) throw noPolygon(subject, "something else");
  return part.map((ring: unknown) => {
    if (!Array.isArray(ring)) throw noPolygon(subject, "something else");
    const out = new Float64Array(2 * ring.length);
    ring.forEach((corner: unknown, k) => {
      const [x, y] = (Array.isArray(corner) ? corner : []) as unknown[];
      if (typeof x !== "number" || typeof y !== "number") throw noPolygon(subject, "corners without numbers");
      out[2 * k] = x;
      out[2 * k + 1] = y;
    });
    return out;
  });
}

function noPolygon(subject: string, found: string): SpatialError {
  return new SpatialError("format", `Features of ${subject} must be polygons, found ${found}.`, { subject });
}
