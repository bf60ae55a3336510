import { SpatialError } from "../core/errors.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Shapes } from "../model/shapes.ts";
import { type Column, ids } from "../model/table.ts";
import { geoJsonFeatures, polygonParts } from "./geojson.ts";
import { isPoint, parseWkb } from "./geometry.ts";
import { indexNames } from "./geoparquet.ts";
import { middle } from "./merscope-outlines.ts";
import { asColumn, asNumbers, asTexts, openParquet, readParquet } from "./parquet.ts";
import { type Part, shapeBuilder } from "./polygons.ts";
import { sample } from "./report.ts";
import { memorySource, type Source } from "./source.ts";
import { csvColumn, csvStrings, parseCsv, textColumn } from "./text.ts";
import { CORNERS, cornersOfParquet, cornersOfText } from "./xenium.ts";
import { object } from "./zarr-documents.ts";

/** Outlines of a file before they are reported. */
export interface Outlines {
  readonly shapes: Shapes;
  /** The row of `columns` that each shape belongs to. */
  readonly rows: Uint32Array;
  readonly columns: Readonly<Record<string, Column>>;
  /** The property that names them; null: their rows do. */
  readonly id: string | null;
  readonly geometry: string;
  /** Rows without a polygon, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Properties that are no column. */
  readonly lists: readonly string[];
}

interface Wanted extends RunOptions {
  readonly id?: string;
  readonly geometry?: string;
}

/** Names of properties that name a shape, in the order they are looked for. */
const ID_NAMES = ["cell_id", "cellid", "entityid", "id", "cell", "name", "label"];

/** Shapes row by row; every part is a shape of its own. */
function collector(): {
  readonly add: (row: number, parts: readonly Part[] | null) => void;
  readonly skip: (why: string) => void;
  readonly finish: (nameOf: (row: number) => string) => Pick<Outlines, "shapes" | "rows" | "skipped">;
} {
  const shapes = shapeBuilder();
  const rows: number[] = [];
  const skipped = new Map<string, number>();
  const skip = (why: string): void => void skipped.set(why, (skipped.get(why) ?? 0) + 1);
  return {
    add: (row, parts) => {
      if (parts === null) return skip("no polygon");
      const sound = parts.filter((part) => part.length > 0 && part[0].length > 0);
      if (sound.length === 0) skip("an empty polygon");
      for (const part of sound) {
        rows.push(row);
        shapes.add("", [part]);
      }
    },
    skip,
    finish: (nameOf) => ({
      shapes: { ...shapes.finish(), ids: ids(rows.map(nameOf)) },
      rows: Uint32Array.from(rows),
      skipped,
    }),
  };
}

/** Which of the names is the one asked for, or looks like that of an id. */
function idName(names: readonly string[], wanted: string | undefined, subject: string): string | null {
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    throw new SpatialError(
      "not-found",
      `${subject} has nothing called "${wanted}", but ${sample(names, 12)}.`,
      {
        subject: "id",
      },
    );
  }
  for (const name of ID_NAMES) {
    const found = names.find((n) => n.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  return null;
}

/** Polygons of GeoJSON. A member of a feature besides its geometry and properties counts as a property. */
export async function fromGeoJson(bytes: Uint8Array, subject: string, options: Wanted): Promise<Outlines> {
  const which = options.geometry ?? "geometry";
  const all = collector();
  const values = new Map<string, unknown[]>();
  const lists = new Set<string>();
  let row = 0;
  const note = (name: string, value: unknown): void => {
    const column = values.get(name) ?? [];
    column[row] = value;
    values.set(name, column);
  };
  for await (const feature of geoJsonFeatures(bytes, subject, options)) {
    const isBare = "coordinates" in feature;
    const { type: _, coordinates: __, geometry: ___, properties, ...own } = feature;
    for (const [name, value] of Object.entries({ ...own, ...object(properties) })) {
      if (name === which || name === "nucleusGeometry" || name === "bbox" || value === null) continue;
      if (typeof value !== "object") note(name, value);
      else if (Array.isArray(value)) lists.add(name);
      else if ("name" in value && typeof value.name === "string") note(name, value.name);
      else {
        for (const [key, inner] of Object.entries(value))
          if (inner === null || typeof inner === "object") lists.add(name);
          else note(`${name}: ${key}`, inner);
      }
    }
    all.add(row, polygonParts(isBare ? feature : object(feature[which]), subject));
    row++;
  }
  const id = idName([...values.keys()], options.id, subject);
  const names = id === null ? null : (values.get(id) as unknown[]);
  const columns = Object.fromEntries(
    [...values].filter(([name]) => name !== id).map(([name, list]) => [name, jsonColumn(list, row)]),
  );
  return { ...all.finish((r) => String(names?.[r] ?? r)), columns, id, geometry: which, lists: [...lists] };
}

/** Values of JSON as a column: numbers (missing = NaN), truth values, else text. */
function jsonColumn(values: readonly unknown[], rows: number): Column {
  const list: unknown[] = Array.from({ length: rows }, (_, r) => values[r]);
  if (list.every((v) => typeof v === "boolean")) return Uint8Array.from(list, Number);
  if (list.every((v) => typeof v === "number" || v === undefined)) {
    const numbers = Float64Array.from(list, (v) => (v === undefined ? NaN : Number(v)));
    return numbers.every((v) => v === (v | 0)) ? Int32Array.from(numbers) : numbers;
  }
  return textColumn(list.map((v) => (v === undefined ? "" : String(v as string | number))));
}

/** Polygons of parquet: well-known binary, or a table of corners. */
export async function fromParquet(source: Source, name: string, options: Wanted): Promise<Outlines> {
  const file = await openParquet(source, name);
  const geo = object(file.note("geo"));
  const main = String(geo["primary_column"] ?? "geometry");
  const which = options.geometry ?? file.columns.find((c) => c === main || c.toLowerCase() === "geometry");
  if (which === undefined) {
    if (CORNERS.every((c) => file.columns.includes(c)))
      return corners(await cornersOfParquet(source, name, options));
    throw new SpatialError(
      "format",
      `${name} must have a column of geometry, or ${CORNERS.join(", ")}; found ${sample(file.columns, 12)}.`,
      { subject: name },
    );
  }
  const coding = String(object(object(geo["columns"])[which])["encoding"] ?? "WKB");
  if (coding !== "WKB")
    throw new SpatialError("unsupported", `${name} keeps its shapes as ${coding}, which is not read.`, {
      subject: name,
      hint: "Write it with geometry_encoding='WKB'.",
    });
  const read = await readParquet(source, name, null, options);
  if (!(which in read))
    throw new SpatialError("not-found", `${name} has no column "${which}".`, { subject: "geometry" });
  const z = file.columns.find((c) => c.toLowerCase() === "zindex");
  const planes = z === undefined ? null : asNumbers(read[z]);
  const plane = planes === null ? null : middle(new Set(planes.filter((v) => !Number.isNaN(v))));
  const all = collector();
  for (let row = 0; row < file.rows; row++) {
    const value = read[which][row];
    if (planes !== null && planes[row] !== plane) all.skip(`on other planes than ${plane}, the middle one`);
    else {
      const shape = value instanceof Uint8Array ? parseWkb(value, name) : null;
      all.add(row, shape === null || isPoint(shape) ? null : shape);
    }
  }
  const rest = file.columns.filter((c) => c !== which);
  const id = idName(rest, options.id, name);
  const names =
    id !== null
      ? asTexts(read[id])
      : indexNames(file.note("pandas"), new Map(rest.map((c) => [c, asTexts(read[c])])), file.rows);
  const kept = rest.filter((c) => c !== id && !c.startsWith("__index_level_"));
  return {
    ...all.finish((row) => names[row]),
    columns: Object.fromEntries(kept.map((c) => [c, asColumn(read[c])])),
    id,
    geometry: which,
    lists: [],
  };
}

/** Polygons of text: a column of well-known text, or a table of corners. */
export async function fromText(bytes: Uint8Array, subject: string, options: Wanted): Promise<Outlines> {
  const csv = parseCsv(bytes, subject);
  const isText = (j: number): boolean => csv.rows > 0 && /^\s*(MULTI)?POLYGON/i.test(csv.text(0, j));
  const at =
    options.geometry === undefined
      ? csv.header.findIndex((_, j) => isText(j))
      : csv.header.indexOf(options.geometry);
  if (at < 0) {
    const shapes = await cornersOfText(memorySource(new Map([[subject, bytes]])), subject);
    return corners(shapes);
  }
  const all = collector();
  await forEachBlock(
    `read ${subject}`,
    csv.rows,
    4096,
    (start, end) => {
      for (let row = start; row < end; row++) all.add(row, parseWkt(csv.text(row, at), subject));
    },
    options,
  );
  const rest = csv.header.filter((name, j) => j !== at && name !== "");
  const id = idName(rest, options.id, subject);
  const index = csv.header.indexOf(id ?? "");
  const names = index < 0 || index === at ? null : csvStrings(csv, index);
  return {
    ...all.finish((row) => names?.[row] ?? String(row)),
    columns: Object.fromEntries(
      rest.filter((name) => name !== id).map((name) => [name, csvColumn(csv, csv.header.indexOf(name))]),
    ),
    id,
    geometry: csv.header[at],
    lists: [],
  };
}

/** A table of corners, which says nothing else of its shapes. */
function corners(shapes: Shapes): Outlines {
  const rows = Uint32Array.from({ length: shapes.ids.length }, (_, s) => s);
  const [id, x, y] = CORNERS;
  return { shapes, rows, columns: {}, id, geometry: `${x}, ${y}`, skipped: new Map(), lists: [] };
}

/** The parts of a polygon or multipolygon in well-known text; null where it is anything else. */
function parseWkt(text: string, subject: string): Part[] | null {
  const [, multi, body] = /^\s*(MULTI)?POLYGON\s*[ZM]{0,2}\s*(\(.*\)|EMPTY)\s*$/is.exec(text) ?? [];
  if (body === undefined) return null;
  if (/^EMPTY$/i.test(body)) return [];
  const parts = multi === undefined ? [body] : body.slice(1, -1).split(/\)\s*\)\s*,\s*(?=\(\s*\()/);
  return parts.map((part) =>
    part.split(/\)\s*,\s*\(/).map((ring) => {
      const numbers = ring
        .replace(/[()]/g, "")
        .split(",")
        .map((corner) => corner.trim().split(/\s+/).map(Number));
      if (numbers.every((corner) => corner.length >= 2 && corner.every(Number.isFinite)))
        return Float64Array.from(numbers.flatMap(([x, y]) => [x, y]));
      throw new SpatialError("format", `Corners in ${subject} must be numbers, found ${ring.slice(0, 60)}.`, {
        subject,
      });
    }),
  );
}
