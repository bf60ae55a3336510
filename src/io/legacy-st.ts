import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import type { Column } from "../model/table.ts";
import { assemble } from "./assemble.ts";
import { withCorner } from "./coordinates.ts";
import { joinPositions, type PositionTable } from "./positions.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { type Csv, csvColumn, csvNumbers, parseCsv } from "./text.ts";
import { parseMatrix } from "./text-matrix.ts";
import { vendorMatrix } from "./table.ts";

/** Micrometres between the spots of the array. */
const PITCH = 200;
const SPOT = /^(-?\d+(?:\.\d+)?)x(-?\d+(?:\.\d+)?)$/;

/** Does a name say where a spot is on the array: 10x13, 13.064x6.086? */
export function isSpotName(name: string): boolean {
  return SPOT.test(name);
}

/** Is it, by its header, a table of spots by array coordinates: x, y, new_x, new_y, pixel_x, pixel_y, selected? */
export function isSpotfile(header: readonly string[]): boolean {
  return header[0] === "x" && header[1] === "y" && header.includes("new_x") && header.includes("new_y");
}

/**
 * Reads original Spatial Transcriptomics: spots x genes, each spot named by its column and row on the array. A table of
 * selected spots (spot detector) refines the places and leaves out spots that lie off the tissue.
 */
export async function readLegacySt(
  source: Source,
  counts: string,
  spots: { readonly name: string; readonly bytes: Uint8Array } | null,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(counts);
  const read = await parseMatrix(withCorner(await unpacked(source, counts)), counts, run);
  const odd = read.rowNames.find((name) => !isSpotName(name));
  if (odd !== undefined) {
    throw new SpatialError(
      "format",
      `${counts} must name spots by their places, like 10x13, found ${JSON.stringify(odd)}.`,
      { subject: counts },
    );
  }
  const parts = assemble(vendorMatrix(read, counts), "spot", values, report);
  const own = fromNames(read.rowNames, counts);
  if (spots === null) {
    report.warnings.push(
      "There is no table of selected spots: places are those of the array, and spots off the tissue are kept.",
    );
  } else report.files.push(spots.name);
  const places = spots === null ? own : withSpotfile(own, spots.bytes, spots.name, report);
  return dataset({ ...joinPositions(parts, places, report), platform: "st" });
}

/** Places as the names say them. */
function fromNames(names: readonly string[], subject: string): PositionTable {
  const part = (k: 1 | 2): Float64Array =>
    Float64Array.from(names, (name) => Number((SPOT.exec(name) as RegExpExecArray)[k]));
  const x = part(1);
  const y = part(2);
  const whole = (a: Float64Array): Int32Array => Int32Array.from(a, (v) => Math.round(v));
  const columns: Record<string, Column> = { array_row: whole(y), array_col: whole(x) };
  return { subject, ids: names, x, y, unit: "array", micronsPerUnit: PITCH, columns };
}

/** A spotfile as places by name; spots that were not selected have none. */
function parseSpotfile(bytes: Uint8Array, subject: string): PositionTable {
  const csv = parseCsv(bytes, subject);
  const ids = Array.from({ length: csv.rows }, (_, i) => `${csv.text(i, 0)}x${csv.text(i, 1)}`);
  const selected = csv.header.indexOf("selected");
  const off = (i: number): boolean => selected >= 0 && csv.number(i, selected) === 0;
  const column = (name: string): number => csv.header.indexOf(name);
  return {
    subject,
    ids,
    x: csvNumbers(csv, column("new_x")).map((v, i) => (off(i) ? NaN : v)),
    y: csvNumbers(csv, column("new_y")),
    unit: "array",
    micronsPerUnit: PITCH,
    columns: spotColumns(csv),
  };
}

function spotColumns(csv: Csv): Record<string, Column> {
  const columns: Record<string, Column> = {};
  const whole = (k: number): Int32Array => Int32Array.from(csvNumbers(csv, k));
  columns["array_row"] = whole(1);
  columns["array_col"] = whole(0);
  csv.header.forEach((name, j) => {
    if (!["x", "y", "new_x", "new_y"].includes(name) && name !== "") columns[name] = csvColumn(csv, j);
  });
  return columns;
}

/** Refined places of the spots that were selected. */
function withSpotfile(own: PositionTable, bytes: Uint8Array, subject: string, report: Draft): PositionTable {
  const table = parseSpotfile(bytes, subject);
  const known = new Set(own.ids);
  const unused = table.ids.reduce((n, id) => n + (known.has(id) ? 0 : 1), 0);
  if (unused > 0) report.warnings.push(`${subject} has ${counted(unused, "spot")} that the matrix has not.`);
  return table;
}
