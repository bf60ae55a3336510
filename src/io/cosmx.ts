import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import { selectRows, type Sparse, type Values } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { type Column, ids } from "../model/table.ts";
import { assemble } from "./assemble.ts";
import { joinPositions, type PositionTable } from "./positions.ts";
import { counted, type Draft, sample } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { vendorMatrix } from "./table.ts";
import { type Csv, csvColumn, csvNumbers, csvStrings, parseCsv } from "./text.ts";
import { parseMatrix } from "./text-matrix.ts";

/** The flat files of one CosMx slide. */
export interface CosmxFiles {
  readonly folder: string;
  /** What stands before the vendor's names, e.g. "Lung9_Rep1". */
  readonly prefix: string;
  readonly counts: string;
  readonly cells: string;
  readonly fields: string | null;
  readonly polygons: string | null;
}

/** All CosMx slides of a source: an exprMat_file with a metadata_file of the same prefix beside it. */
export function findCosmx(source: Source): CosmxFiles[] {
  const slides: CosmxFiles[] = [];
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*?)[_-]?exprMat_file\.csv(\.gz)?$/.exec(name);
    if (match === null) continue;
    const [, folder = "", prefix] = match;
    const find = (what: string): string | null =>
      ["_", "-", ""]
        .flatMap((gap) => [".csv", ".csv.gz"].map((end) => `${folder}${prefix}${gap}${what}${end}`))
        .find((n) => source.names.includes(n)) ?? null;
    const cells = find("metadata_file");
    if (cells === null) continue;
    const fields = find("fov_positions_file");
    slides.push({ folder, prefix, counts: name, cells, fields, polygons: find("polygons") });
  }
  return slides;
}

/** Names of columns, in lower case, that tell cells apart and hold no counts. */
const LABELS: readonly string[] = ["fov", "cell_id", "cellid", "cell", "slide", "slide_id"];

/**
 * Reads a CosMx slide. A cell is field of view and number within it ("12_345"); number 0, what lies in no cell, is left
 * out. Coordinates are the global ones, y turned down where the file has it upward, micrometres per pixel where the
 * files show them.
 */
export async function readCosmx(
  source: Source,
  files: CosmxFiles,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(files.counts, files.cells);
  let labels: readonly string[] = [];
  const read = await parseMatrix(await unpacked(source, files.counts), files.counts, run, (header) => {
    const lower = header.map((h) => h.trim().toLowerCase());
    const end = lower.findIndex((h) => !LABELS.includes(h));
    labels = lower.slice(0, end < 0 ? lower.length : end);
    return labels.length;
  });
  const texts = (name: string): readonly string[] => read.labels[labels.indexOf(name)] ?? [];
  const numbers = texts("cell_id");
  if (numbers.length === 0 || texts("fov").length === 0) {
    throw new SpatialError(
      "format",
      `${files.counts} must begin with the columns fov and cell_ID, found ${sample(labels)}.`,
      { subject: files.counts },
    );
  }
  const keys = numbers.map((id, i) => `${texts("fov")[i]}_${id}`);
  const cells = numbers.flatMap((id, i) => (Number(id) === 0 ? [] : [i]));
  if (cells.length < keys.length) {
    report.dropped.push({
      what: "row",
      count: keys.length - cells.length,
      why: "cell_ID 0 is what lies in no cell",
    });
  }
  const vendor = vendorMatrix(read, files.counts);
  const parts = assemble(
    {
      ...vendor,
      cellIds: cells.map((i) => keys[i]),
      matrix: selectRows<Sparse>(vendor.matrix, cells),
    },
    "cell",
    values,
    report,
  );
  const table = await readCells(source, files, report);
  const joined = joinPositions(parts, table, report);
  const polygons = await readPolygons(source, files.polygons, table, report);
  return dataset({ ...joined, platform: "cosmx", ...(polygons && { shapes: { cells: polygons } }) });
}

/** Columns by their names in lower case; -1 where there is none. */
function finder(csv: Csv): (name: string) => number {
  const lower = csv.header.map((h) => h.trim().toLowerCase());
  return (name) => lower.indexOf(name);
}

function keysOf(csv: Csv): string[] {
  const column = finder(csv);
  const fov = column("fov");
  const cell = [column("cell_id"), column("cellid")].find((j) => j >= 0) ?? -1;
  if (fov < 0 || cell < 0) {
    throw new SpatialError(
      "format",
      `${csv.subject} must have the columns fov and cell_ID, found ${sample(csv.header, 8)}.`,
      { subject: csv.subject },
    );
  }
  return Array.from({ length: csv.rows }, (_, i) => `${csv.text(i, fov)}_${csv.text(i, cell)}`);
}

/** The table of cells: global coordinates, in millimetres or pixels, or local ones put together by field of view. */
async function readCells(
  source: Source,
  files: CosmxFiles,
  report: Draft,
): Promise<PositionTable & { readonly flipped: boolean }> {
  const csv = parseCsv(await unpacked(source, files.cells), files.cells);
  const column = finder(csv);
  const numbers = (name: string): Float64Array | null =>
    column(name) < 0 ? null : csvNumbers(csv, column(name));
  const ids = keysOf(csv);
  const [localX, localY] = [numbers("centerx_local_px"), numbers("centery_local_px")];
  const [mmX, mmY] = [numbers("centerx_global_mm"), numbers("centery_global_mm")];
  let [x, y] = [numbers("centerx_global_px"), numbers("centery_global_px")];
  const fov = csvStrings(csv, column("fov"));
  const pixels = x !== null && y !== null;
  if (!pixels && mmX !== null && mmY !== null) [x, y] = [mmX, mmY].map((a) => a.map((v) => 1000 * v));
  else if (!pixels && localX !== null && localY !== null)
    [x, y] = await fromLocal(source, files, fov, localX, localY, report);
  if (x === null || y === null) {
    throw new SpatialError(
      "format",
      `${files.cells} must have centers of cells (CenterX_global_px or _mm, or CenterX_local_px), found ${sample(csv.header, 8)}.`,
      { subject: files.cells },
    );
  }
  const inMicrons = !pixels && mmX !== null && mmY !== null;
  const flipped = localY !== null && runsAgainst(fov, localY, y);
  if (flipped) {
    y = y.map((v) => 0 - v);
    report.found.push("Global y points up, against local y: it was turned down.");
  }
  const columns: Record<string, Column> = {};
  csv.header.forEach((name, j) => {
    if (name.trim() !== "") columns[name] = csvColumn(csv, j);
  });
  const micronsPerUnit = inMicrons ? 1 : pixelSize(csv, pixels ? x : null, mmX, localX, localY);
  if (micronsPerUnit === null) {
    report.warnings.push(
      "The size of a pixel is not in these files (0.12 um, or 0.18 um from the first instruments): micrometres are unknown.",
    );
  }
  const unit = inMicrons ? "um" : "px";
  return { subject: files.cells, ids, x, y, unit, micronsPerUnit, columns, flipped };
}

/** Local coordinates put together by the places of the fields of view; one field needs none. */
async function fromLocal(
  source: Source,
  files: CosmxFiles,
  fov: readonly string[],
  x: Float64Array,
  y: Float64Array,
  report: Draft,
): Promise<[Float64Array, Float64Array]> {
  if (new Set(fov).size === 1) return [x, y];
  if (files.fields === null) {
    throw new SpatialError(
      "format",
      `${files.cells} has local coordinates in several fields of view, and no fov_positions_file lies beside it.`,
      { subject: files.cells, hint: "Put fov_positions_file.csv of the same export beside it." },
    );
  }
  report.files.push(files.fields);
  const csv = parseCsv(await unpacked(source, files.fields), files.fields);
  const column = finder(csv);
  const places = ["x_global_px", "y_global_px"].map((name) => column(name));
  if (column("fov") < 0 || places.some((j) => j < 0)) {
    throw new SpatialError(
      "format",
      `${files.fields} must have the columns fov, x_global_px and y_global_px, found ${sample(csv.header, 8)}.`,
      { subject: files.fields },
    );
  }
  const rowOf = new Map(csvStrings(csv, column("fov")).map((name, i) => [name, i]));
  const shift = (axis: 0 | 1): Float64Array =>
    Float64Array.from(fov, (name) => {
      const row = rowOf.get(name);
      return row === undefined ? NaN : csv.number(row, places[axis]);
    });
  const [fx, fy] = [shift(0), shift(1)];
  report.joined.push("Local coordinates put together by the places of the fields of view.");
  return [x.map((v, i) => v + fx[i]), y.map((v, i) => v + fy[i])];
}

/** Does global y go down where local y goes up, within a field of view? */
function runsAgainst(fov: readonly string[], local: Float64Array, global: Float64Array): boolean {
  const lastOf = new Map<string, number>();
  let sign = 0;
  fov.forEach((name, i) => {
    const j = lastOf.get(name);
    if (j !== undefined) sign += Math.sign((local[i] - local[j]) * (global[i] - global[j])) || 0;
    lastOf.set(name, i);
  });
  return sign < 0;
}

/** Micrometres per pixel: from areas or coordinates in both units, or from a field too wide for the later instruments. */
function pixelSize(
  csv: Csv,
  globalX: Float64Array | null,
  mmX: Float64Array | null,
  localX: Float64Array | null,
  localY: Float64Array | null,
): number | null {
  const column = finder(csv);
  if (column("area") >= 0 && column("area.um2") >= 0) {
    for (let i = 0; i < csv.rows; i++) {
      const ratio = csv.number(i, column("area.um2")) / csv.number(i, column("area"));
      if (ratio > 0 && Number.isFinite(ratio)) return Math.sqrt(ratio);
    }
  }
  if (globalX !== null && mmX !== null) {
    const [low, high] = [globalX.indexOf(least(globalX)), globalX.indexOf(most(globalX))];
    const ratio = (1000 * (mmX[high] - mmX[low])) / (globalX[high] - globalX[low]);
    if (ratio > 0 && Number.isFinite(ratio)) return ratio;
  }
  if (localX !== null && most(localX) > WIDE) return 0.18;
  return localY !== null && most(localY) > HIGH ? 0.12 : null;
}

/** Fields of the first instruments are 5472 x 3648 pixels, of the later ones 4256 x 4256. */
const WIDE = 4256;
const HIGH = 3648;

const most = (a: Float64Array): number => a.reduce((m, v) => (v > m ? v : m), -Infinity);
const least = (a: Float64Array): number => a.reduce((m, v) => (v < m ? v : m), Infinity);

/** Outlines of cells, in the same coordinates; cells' corners stand together in the file. */
async function readPolygons(
  source: Source,
  name: string | null,
  cells: { readonly unit: string; readonly flipped: boolean },
  report: Draft,
): Promise<Shapes | null> {
  if (name === null) return null;
  const csv = parseCsv(await unpacked(source, name), name);
  const column = finder(csv);
  const [x, y] = [column("x_global_px"), column("y_global_px")];
  if (x < 0 || y < 0 || cells.unit !== "px") {
    const why = "they are not in the coordinates of the cells' centers";
    report.dropped.push({ what: `corners of ${name}`, count: csv.rows, why });
    return null;
  }
  report.files.push(name);
  const keys = keysOf(csv);
  const order = Array.from(new Set(keys));
  const cornersOf = new Map<string, number[]>(order.map((key) => [key, []]));
  keys.forEach((key, i) => (cornersOf.get(key) as number[]).push(i));
  const ringOffsets = new Uint32Array(order.length + 1);
  const coordinates = new Float64Array(2 * keys.length);
  let at = 0;
  order.forEach((key, s) => {
    for (const i of cornersOf.get(key) as number[]) {
      coordinates[2 * at] = csv.number(i, x);
      coordinates[2 * at + 1] = cells.flipped ? 0 - csv.number(i, y) : csv.number(i, y);
      at++;
    }
    ringOffsets[s + 1] = at;
  });
  report.found.push(`Outlines of ${counted(order.length, "cell")} from ${name}.`);
  return {
    kind: "shapes",
    ids: ids(order),
    shapeOffsets: Uint32Array.from({ length: order.length + 1 }, (_, s) => s),
    ringOffsets,
    coordinates,
  };
}
