import { SpatialError } from "../core/errors.ts";
import {
  type DatasetParts,
  dataset,
  positions,
  type Positions,
  selectCells,
  type SpatialDataset,
} from "../model/dataset.ts";
import { type Column, idList, selectColumn, withColumns } from "../model/table.ts";
import { counted, type Draft, sample } from "./report.ts";
import { type Csv, csvColumn, csvNumbers, csvStrings, parseCsv } from "./text.ts";

/** Coordinates and whatever else a file says about observations, by id. */
export interface PositionTable {
  readonly subject: string;
  readonly ids: readonly string[];
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly unit: Positions["unit"];
  readonly micronsPerUnit: number | null;
  readonly columns: Readonly<Record<string, Column>>;
}

const ID_NAMES = [
  "barcode",
  "barcodes",
  "cell_id",
  "cell",
  "cellid",
  "entityid",
  "id",
  "spot",
  "spot_id",
  "bin",
  "index",
];
/** Names of x and y, by what they are measured in. */
const AXES: readonly (readonly [x: string, y: string, unit: Positions["unit"], microns: number | null])[] = [
  ["pxl_col_in_fullres", "pxl_row_in_fullres", "px", null],
  ["x_centroid", "y_centroid", "um", 1],
  ["center_x", "center_y", "um", 1],
  ["x_um", "y_um", "um", 1],
  ["x_px", "y_px", "px", null],
  ["imagecol", "imagerow", "px", null],
  ["x", "y", "px", null],
  ["x_location", "y_location", "px", null],
  ["spatial_x", "spatial_y", "px", null],
];

/**
 * Reads a table of coordinates: with a header (an id column, x and y under one of the usual names, more columns are
 * kept), or without one as id, x, y, or as Space Ranger's six columns.
 */
export function parsePositions(bytes: Uint8Array, subject: string): PositionTable {
  const csv = parseCsv(bytes, subject, {
    header: (first) =>
      !(first.length >= 3 && first.slice(1).every((f) => Number.isFinite(Number(f)) && f !== "")),
  });
  const bare = csv.header.every((h) => h === "");
  const header = bare ? bareHeader(csv) : csv.header.map((h) => h.trim());
  const { idColumn, xColumn, yColumn, unit, micronsPerUnit } = positionColumns(header, subject);
  const columns: Record<string, Column> = {};
  header.forEach((name, j) => {
    if (j !== idColumn && j !== xColumn && j !== yColumn && name !== "") columns[name] = csvColumn(csv, j);
  });
  return {
    subject,
    ids: csvStrings(csv, idColumn),
    x: csvNumbers(csv, xColumn),
    y: csvNumbers(csv, yColumn),
    unit,
    micronsPerUnit,
    columns,
  };
}

/**
 * Which columns of a table hold ids, x and y, by their names, and what these are measured in.
 *
 * @throws {SpatialError} `format` where none are named like coordinates
 */
export function positionColumns(
  header: readonly string[],
  subject: string,
): Pick<PositionTable, "unit" | "micronsPerUnit"> & Record<"idColumn" | "xColumn" | "yColumn", number> {
  const lower = header.map((h) => h.toLowerCase());
  let idColumn = ID_NAMES.map((n) => lower.indexOf(n)).find((j) => j >= 0) ?? -1;
  if (idColumn < 0) idColumn = lower.indexOf("") >= 0 ? lower.indexOf("") : 0;
  const axes = AXES.find(([x, y]) => lower.includes(x) && lower.includes(y));
  if (axes === undefined) {
    throw new SpatialError(
      "format",
      `${subject} must have columns for x and y, found ${sample(header, 12)}.`,
      {
        subject,
        hint: `Name them ${AXES.slice(0, 4)
          .map(([x, y]) => `${x}, ${y}`)
          .join(" or ")} or x, y.`,
      },
    );
  }
  const [xName, yName, unit, micronsPerUnit] = axes;
  return {
    idColumn,
    xColumn: lower.indexOf(xName),
    yColumn: lower.indexOf(yName),
    unit,
    micronsPerUnit,
  };
}

function bareHeader(csv: Csv): readonly string[] {
  const width = csv.header.length;
  if (width === 6)
    return ["barcode", "in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres"];
  if (width === 3) return ["id", "x", "y"];
  throw new SpatialError(
    "format",
    `${csv.subject} must name its columns, or have three (id, x, y) or Space Ranger's six; found ${width} without names.`,
    { subject: csv.subject },
  );
}

/**
 * Joins coordinates and columns to a dataset's observations by id. Observations without a position are left out and
 * reported.
 *
 * @throws {SpatialError} `join` where no id matches
 */
export function joinPositions(parts: DatasetParts, table: PositionTable, report: Draft): SpatialDataset {
  const whole = dataset(parts);
  const noun = whole.observation;
  const rowOf = rowsById(table, noun);
  const names = idList(whole.cells.ids);
  let at = names.map((id) => rowOf.get(id) ?? -1);
  if (at.every((r) => r < 0)) {
    const bare = (id: string): string => id.replace(/-\d+$/, "");
    const bareRows = new Map([...rowOf].map(([id, r]) => [bare(id), r]));
    const bareNames = new Set(names.map(bare));
    at = names.map((id) => bareRows.get(bare(id)) ?? -1);
    if (at.every((r) => r < 0) || bareRows.size < rowOf.size || bareNames.size < names.length) {
      throw new SpatialError(
        "join",
        `No ${noun} of the matrix has a position in ${table.subject}: the matrix has ${sample(names)}, the positions ${sample(table.ids) || "none"}.`,
        {
          subject: table.subject,
          hint: "The two files must come from one sample and name observations alike.",
        },
      );
    }
    report.warnings.push(`Ids agree only without their ending "-1"; they were joined so.`);
  }
  const placed = (r: number): boolean => r >= 0 && Number.isFinite(table.x[r]) && Number.isFinite(table.y[r]);
  const kept = at.flatMap((r, i) => (placed(r) ? [i] : []));
  if (kept.length === 0) throw nowhere(table.subject, noun);
  const without = at.filter((r) => r < 0).length;
  const unplaced = names.length - kept.length - without;
  report.joined.push(`Positions by id: ${counted(kept.length, noun)} of ${counted(names.length, noun)}.`);
  if (without > 0)
    report.dropped.push({ what: noun, count: without, why: `no position in ${table.subject}` });
  if (unplaced > 0)
    report.dropped.push({
      what: noun,
      count: unplaced,
      why: `coordinates in ${table.subject} are no numbers`,
    });
  const rows = Uint32Array.from(kept, (i) => at[i]);
  const xy = new Float64Array(2 * rows.length);
  rows.forEach((r, i) => {
    xy[2 * i] = table.x[r];
    xy[2 * i + 1] = table.y[r];
  });
  const columns: Record<string, Column> = {};
  for (const [name, column] of Object.entries(table.columns)) columns[name] = selectColumn(column, rows);
  const chosen = kept.length === names.length ? whole : selectCells(whole, kept);
  return dataset({
    ...chosen,
    cells: withColumns(chosen.cells, columns),
    positions: positions(xy, table.unit, table.micronsPerUnit),
  });
}

function rowsById(table: PositionTable, noun: string): Map<string, number> {
  const rowOf = new Map<string, number>();
  table.ids.forEach((id, r) => rowOf.set(id, r));
  if (rowOf.size < table.ids.length) {
    throw new SpatialError(
      "format",
      `${table.subject} must place each ${noun} once, but ${counted(table.ids.length - rowOf.size, "id")} repeat.`,
      { subject: table.subject },
    );
  }
  return rowOf;
}

function nowhere(subject: string, noun: string): SpatialError {
  return new SpatialError("input", `No coordinates of ${subject} are numbers: not one ${noun} has a place.`, {
    subject,
  });
}

/** Leaves out and reports observations whose coordinates are no numbers. */
export function dropUnplaced(ds: SpatialDataset, report: Draft): SpatialDataset {
  if (ds.positions === null) return ds;
  const { data, rows, cols } = ds.positions;
  const placed = (i: number): boolean => data.subarray(i * cols, (i + 1) * cols).every(Number.isFinite);
  const kept = Array.from({ length: rows }, (_, i) => i).filter(placed);
  if (kept.length === rows) return ds;
  if (kept.length === 0) throw nowhere("the sample", ds.observation);
  report.dropped.push({ what: ds.observation, count: rows - kept.length, why: "coordinates are no numbers" });
  return selectCells(ds, kept);
}
