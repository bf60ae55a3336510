import { SpatialError } from "../core/errors.ts";
import type { Positions } from "../model/dataset.ts";
import type { Column } from "../model/table.ts";
import { type ColumnTable, csvColumns } from "./columns.ts";
import type { PositionTable } from "./positions.ts";
import { sample } from "./report.ts";
import { type Csv, fieldEnd, parseCsv, sniffDelimiter, textStart } from "./text.ts";
import { axesOf, isNumeric } from "./text-shape.ts";

/** Which columns of a table of coordinates are what, by their names. */
export interface CoordinateColumns {
  readonly id?: string;
  readonly x?: string;
  readonly y?: string;
}

/** Coordinates that name their observations, or (ids null) list them in the order of the matrix. */
export type Coordinates = Omit<PositionTable, "ids"> & { readonly ids: readonly string[] | null };

const ID_NAMES = [
  "",
  "id",
  "cell_id",
  "cellid",
  "cell",
  "barcode",
  "barcodes",
  "name",
  "label",
  "bead",
  "spot",
  "spot_id",
];

/** Puts an empty name before a header that has one field less than the lines below it, as R writes tables. */
export function withCorner(bytes: Uint8Array): Uint8Array {
  const start = textStart(bytes);
  const delimiter = sniffDelimiter(bytes, start);
  const width = (from: number): [fields: number, next: number] => {
    for (let n = 1, at = from; ; n++) {
      const end = fieldEnd(bytes, at, delimiter);
      if (bytes[end] !== delimiter) return [n, end + 1];
      at = end + 1;
    }
  };
  const [first, next] = width(start);
  if (next >= bytes.length || width(next)[0] !== first + 1) return bytes;
  const squared = new Uint8Array(bytes.length - start + 1);
  squared[0] = delimiter;
  squared.set(bytes.subarray(start), 1);
  return squared;
}

/**
 * Reads a table of coordinates as they are published: with names over its columns or without (x, y or id, x, y), with
 * or without ids, separated by tab, comma, semicolon or space, with a second row of types (Single Cell Portal).
 */
export function parseCoordinates(
  bytes: Uint8Array,
  subject: string,
  columns: CoordinateColumns = {},
): Coordinates {
  const csv = withoutTypes(
    parseCsv(withCorner(bytes), subject, { header: (first) => !first.some(isNumeric) }),
  );
  const bare = csv.header.every((h) => h === "");
  return coordinatesOf(csvColumns(csv, bare ? bareNames(csv) : csv.header.map((h) => h.trim())), columns);
}

/** Coordinates of any table, under the usual names of columns or those that are said. */
export function coordinatesOf(t: ColumnTable, columns: CoordinateColumns = {}): Coordinates {
  const { subject, names } = t;
  const named = (what: "id" | "x" | "y"): string | null => {
    const wanted = columns[what];
    if (wanted === undefined) return null;
    if (names.includes(wanted)) return wanted;
    throw new SpatialError(
      "option",
      `columns.${what} must name a column of ${subject}, found "${wanted}"; there are ${sample(names, 12)}.`,
      { subject: `columns.${what}` },
    );
  };
  const axes = axesOf(names);
  const x = named("x") ?? (axes && names[axes.x]);
  const y = named("y") ?? (axes && names[axes.y]);
  if (x === null || y === null) {
    throw new SpatialError(
      "format",
      `${subject} must have columns for x and y, found ${sample(names, 12)}.`,
      {
        subject,
        hint: "Name them x and y, or say which they are with readTable's option columns.",
      },
    );
  }
  const id = named("id") ?? t.index ?? idColumn(names, x, y);
  const kept: Record<string, Column> = {};
  for (const name of names)
    if (name !== id && name !== x && name !== y && name !== "") kept[name] = t.column(name);
  const unit: Positions["unit"] = axes?.micrometres === true && columns.x === undefined ? "um" : "px";
  return {
    subject,
    ids: id === null ? null : t.texts(id).map((name) => name.trim()),
    x: t.numbers(x),
    y: t.numbers(y),
    unit,
    micronsPerUnit: unit === "um" ? 1 : null,
    columns: kept,
  };
}

function bareNames(csv: Csv): readonly string[] {
  const width = csv.header.length;
  if (width === 2) return ["x", "y"];
  if (width === 3) return ["id", "x", "y"];
  throw new SpatialError(
    "format",
    `${csv.subject} must name its columns, or have two (x, y) or three (id, x, y), found ${width} without names.`,
    { subject: csv.subject },
  );
}

function idColumn(names: readonly string[], x: string, y: string): string | null {
  for (const known of ID_NAMES) {
    const found = names.find((name) => name.toLowerCase() === known);
    if (found !== undefined) return found;
  }
  return names[0] !== x && names[0] !== y ? names[0] : null;
}

/** The table without a second row that names types. */
function withoutTypes(csv: Csv): Csv {
  if (csv.rows === 0 || csv.text(0, 0) !== "TYPE") return csv;
  return {
    ...csv,
    rows: csv.rows - 1,
    text: (row, column) => csv.text(row + 1, column),
    number: (row, column) => csv.number(row + 1, column),
  };
}
