import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Shapes } from "../model/shapes.ts";
import { type Part, shapeBuilder } from "./polygons.ts";
import { object } from "./zarr-documents.ts";

type Json = Readonly<Record<string, unknown>>;

/** Shapes of a GeoJSON file. */
export interface GeoJson {
  readonly shapes: Shapes;
  /** How many shapes had several parts, of which the largest is kept. */
  readonly multiple: number;
}

/**
 * Reads the polygons of a GeoJSON file. `nameOf` names a feature by its properties, among them its own `id`.
 *
 * @throws {SpatialError} `format` where the file is no whole GeoJSON, or a feature no polygon
 */
export async function parseGeoJson(
  bytes: Uint8Array,
  nameOf: (properties: Json) => string,
  subject: string,
  run: RunOptions,
): Promise<GeoJson> {
  const shapes = shapeBuilder();
  for await (const feature of geoJsonFeatures(bytes, subject, run)) {
    const geometry = object(feature["geometry"]);
    const parts = polygonParts(geometry, subject);
    if (parts === null) throw noPolygon(subject, String(geometry["type"]));
    shapes.add(nameOf({ id: feature["id"], ...object(feature["properties"]) }), parts);
  }
  return { shapes: shapes.finish(), multiple: shapes.multiple() };
}

/** Features between two breaths. */
const STEP = 1024;

/**
 * The features of a GeoJSON file one after the other, so that it may be larger than the longest text: those of a
 * FeatureCollection (or geometries of a GeometryCollection), a list, one by itself, or one per line.
 *
 * @throws {SpatialError} `format` where the file is no whole GeoJSON
 */
export async function* geoJsonFeatures(
  bytes: Uint8Array,
  subject: string,
  run: RunOptions,
): AsyncGenerator<Json> {
  const decoder = new TextDecoder();
  let count = 0;
  for (const [start, end] of ranges(bytes, subject)) {
    const feature = parsed(decoder.decode(bytes.subarray(start, end)), subject);
    if (!Array.isArray(feature["features"]) && !Array.isArray(feature["geometries"])) yield feature;
    if (++count % STEP === 0 || end === bytes.length) {
      checkAborted(run.signal);
      run.onProgress?.({ step: `read ${subject}`, fraction: end / bytes.length });
      await breathe();
    }
  }
  checkAborted(run.signal);
  run.onProgress?.({ step: `read ${subject}`, fraction: 1 });
}

/**
 * The parts of a polygon or multipolygon; null where it is anything else.
 *
 * @throws {SpatialError} `format` where it says to be one and is not
 */
export function polygonParts(geometry: Json, subject: string): Part[] | null {
  const { type, coordinates } = geometry;
  if (type !== "Polygon" && type !== "MultiPolygon") return null;
  const parts: unknown = type === "Polygon" ? [coordinates] : coordinates;
  if (!Array.isArray(parts) || parts.length === 0) throw noPolygon(subject, "an empty one");
  return parts.map((part: unknown) => rings(part, subject));
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, LIST, LIST_END] = [34, 92, 123, 125, 91, 93];

/**
 * Where each feature begins and ends: the objects in a list of the outermost object or in the outermost list, and
 * outermost objects that hold none such.
 */
function* ranges(bytes: Uint8Array, subject: string): Generator<readonly [number, number]> {
  let [objects, lists, start, root] = [0, 0, 0, 0];
  let [quoted, opened, inside] = [false, false, false];
  let outer = 1;
  for (let at = 0; at < bytes.length; at++) {
    const c = bytes[at];
    if (quoted) {
      if (c === BACKSLASH) at++;
      else if (c === QUOTE) quoted = false;
    } else if (c === QUOTE) quoted = true;
    else if (c === OPEN) {
      if (objects === 0 && lists === 0) {
        root = at;
        inside = false;
      }
      if (objects === outer && lists === 1) start = at;
      objects++;
      opened = true;
    } else if (c === CLOSE) {
      objects--;
      if (objects === outer && lists === 1) {
        inside = true;
        yield [start, at + 1];
      } else if (objects === 0 && lists === 0 && !inside) yield [root, at + 1];
    } else if (c === LIST) {
      if (objects === 0 && lists === 0) outer = 0;
      opened = true;
      lists++;
    } else if (c === LIST_END) lists--;
  }
  if (!opened || quoted || objects !== 0 || lists !== 0) {
    throw new SpatialError("format", `${subject} must be a whole GeoJSON file, but it is not.`, {
      subject,
      hint: "The file is incomplete or damaged: copy or download it again.",
    });
  }
}

function parsed(text: string, subject: string): Json {
  try {
    return object(JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw noPolygon(subject, "something else");
  }
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
