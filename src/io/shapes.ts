import { checkOptions, runRules, string, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import type { ReadReport } from "../model/dataset.ts";
import type { Affine } from "../model/image.ts";
import type { Shapes } from "../model/shapes.ts";
import { idList, type Table, table, withColumns, selectColumn } from "../model/table.ts";
import { moved } from "./geometry.ts";
import { fromGeoJson, fromParquet, fromText, type Outlines } from "./outlines.ts";
import { counted, draft, finished } from "./report.ts";
import { memorySource, type Source, unpacked } from "./source.ts";
import { openSource } from "./url.ts";

/** Options of `readShapes`. */
export interface ReadShapesOptions extends RunOptions {
  /** Which file of a source holds them; needed where there are several. */
  readonly file?: string;
  /**
   * The property or column that names a shape. Default: the first of cell_id, EntityID, id, cell, name, label that there is, else
   * the rows' names, else their numbers from 0.
   */
  readonly id?: string;
  /** Which geometry of a feature is meant (QuPath: "nucleusGeometry"), or which column. Default: the main one. */
  readonly geometry?: string;
  /** From the coordinates of the file to those that are wanted, e.g. pixels to micrometres `[0.5, 0, 0, 0, 0.5, 0]`. */
  readonly transform?: Affine;
}

/** What `readShapes` returns. */
export interface ReadShapesResult {
  /** The parts of a shape in several follow each other under one id. */
  readonly shapes: Shapes;
  /** What the file says of each shape, a row per shape: classification, area, ... */
  readonly properties: Table;
  readonly report: ReadReport;
  /** The options after defaults. */
  readonly params: {
    readonly file: string;
    readonly id: string | null;
    readonly geometry: string;
    readonly transform: Affine | null;
  };
}

const rules = {
  file: string(),
  id: string(),
  geometry: string(),
  transform: such(
    "six numbers [a, b, c, d, e, f]",
    (v) => Array.isArray(v) && v.length === 6 && v.every((x) => Number.isFinite(x)),
  ),
  ...runRules,
};

/**
 * Reads outlines of cells, nuclei or regions that another tool drew: GeoJSON (QuPath, Xenium Ranger, Baysor, geopandas;
 * a collection, a list, or one feature per line), GeoParquet and Vizgen's parquet (well-known binary, of several planes the
 * middle one), text with a column of well-known text, and tables of corners (`cell_id, vertex_x, vertex_y`) as parquet or text;
 * which it is, is seen from its content. For `countTranscripts` (a new segmentation) and maps.
 *
 * Holes are kept. A shape of several parts becomes as many shapes of one id, which count as one cell. What is no polygon is
 * left out and counted.
 *
 * @param input a path, an `http(s)` address, bytes, or a source
 * @throws {SpatialError} `format` for damaged files; `not-found` where there is no polygon, or no such property or file
 *
 * Cost: one pass over the file. Checked against shapely and geopandas.
 *
 * @example
 * ```ts
 * import { readShapes } from "tissular/io";
 * const feature = (id: string, x: number, name: string) =>
 *   `{"type":"Feature","id":"${id}","properties":{"classification":{"name":"${name}"}},` +
 *   `"geometry":{"type":"Polygon","coordinates":[[[${x},0],[${x + 2},0],[${x},2],[${x},0]]]}}`;
 * const text = `{"type":"FeatureCollection","features":[${feature("a", 0, "Tumor")},${feature("b", 5, "Stroma")}]}`;
 * const { shapes, properties } = await readShapes(new TextEncoder().encode(text), { transform: [0.5, 0, 0, 0, 0.5, 0] });
 * if (shapes.ids.at(1) !== "b" || shapes.coordinates[8] !== 2.5) throw new Error("two triangles in micrometres");
 * if (String(properties.columns["classification"]) !== "Tumor,Stroma") throw new Error("their classes");
 * ```
 */
export async function readShapes(
  input: string | Uint8Array | Source,
  options: ReadShapesOptions = {},
): Promise<ReadShapesResult> {
  checkOptions("readShapes", options, rules);
  checkAborted(options.signal);
  const source =
    input instanceof Uint8Array
      ? memorySource(new Map([["shapes", input]]))
      : typeof input === "string"
        ? await openSource(input, options.signal)
        : input;
  const file = options.file ?? source.names[0];
  if (options.file === undefined && source.names.length !== 1)
    throw new SpatialError("input", `${source.label} must be one file, found ${source.names.length}.`, {
      subject: source.label,
      hint: "Say which with the option file.",
    });
  const report = draft();
  report.files.push(file);
  const read = await readOutlines(source, file, options);
  const { shapes, rows, columns, skipped, lists } = read;
  if (shapes.ids.length === 0)
    throw new SpatialError("not-found", `${file} must hold polygons, but it has none.`, { subject: file });
  report.found.push(
    `${counted(new Set(rows).size, "outline")} from ${file}, named by ${read.id ?? "their rows"}.`,
  );
  const parts = shapes.ids.length - new Set(rows).size;
  if (parts > 0)
    report.found.push(`${counted(parts, "further part")} of outlines in several, under the same id.`);
  const repeated = new Set(rows).size - new Set(idList(shapes.ids)).size;
  if (repeated > 0)
    report.warnings.push(`${counted(repeated, "outline")} of ${file} repeat the id of an earlier one.`);
  for (const [why, count] of skipped) report.dropped.push({ what: "outline", count, why });
  for (const name of lists)
    report.dropped.push({ what: `property ${name}`, count: 1, why: "lists and deeper objects are not kept" });
  return {
    shapes: options.transform
      ? { ...shapes, coordinates: moved(shapes.coordinates, options.transform) }
      : shapes,
    properties: withColumns(
      table(shapes.ids),
      Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, selectColumn(column, rows)])),
    ),
    report: finished(report, "shapes"),
    params: { file, id: read.id, geometry: read.geometry, transform: options.transform ?? null },
  };
}

async function readOutlines(source: Source, file: string, options: ReadShapesOptions): Promise<Outlines> {
  const head = await source.slice(file, 0, 4);
  if (String.fromCharCode(...head) === "PAR1") return fromParquet(source, file, options);
  const bytes = await unpacked(source, file);
  const first = bytes.find((byte) => byte > 32 && byte < 128);
  return first === 0x7b || first === 0x5b
    ? fromGeoJson(bytes, file, options)
    : fromText(bytes, file, options);
}
