import { checkOptions, either, literal, number, oneOf, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import {
  dataset,
  type DatasetParts,
  type Observation,
  positions,
  type Positions,
  type ReadReport,
  type SpatialDataset,
} from "../model/dataset.ts";
import { transpose, type Values } from "../model/matrix.ts";
import { withColumns } from "../model/table.ts";
import { assemble, checkFinite, GENES, type VendorMatrix } from "./assemble.ts";
import { type LongColumns, longColumns, longMatrix, wideMatrix } from "./column-matrix.ts";
import { columnarKind, csvColumns, readColumns } from "./columns.ts";
import {
  type CoordinateColumns,
  type Coordinates,
  coordinatesOf,
  parseCoordinates,
  withCorner,
} from "./coordinates.ts";
import { dropUnplaced, joinPositions } from "./positions.ts";
import { counted, type Draft, draft, finished, sample } from "./report.ts";
import { gunzip, isGzip } from "./source.ts";
import { fieldEnd, parseCsv } from "./text.ts";
import { parseMatrix, type TextMatrix } from "./text-matrix.ts";
import { openSource } from "./url.ts";

const LINE_FEED = 10;

/** Which way a table of values lies. */
export type Orientation = "auto" | "cells-by-genes" | "genes-by-cells";

/** Options of `readTable`. */
export interface ReadTableOptions extends RunOptions {
  /** Default "auto": the side whose names are in the table of coordinates, or whose length it has. */
  readonly orientation?: Orientation;
  /**
   * The columns of a long table of values, a row per cell and gene (without `count` each row counts one). Default: seen where
   * they are named like cell, gene and count.
   */
  readonly long?: LongColumns;
  /** Names of the columns of ids, x and y in the table of coordinates, where they are not the usual ones. */
  readonly columns?: CoordinateColumns;
  /** What coordinates are measured in. Default "um" where the names of the columns say so, else "px". */
  readonly unit?: Positions["unit"];
  /** Micrometres per unit, if known. Default 1 for "um", else null (unknown). */
  readonly micronsPerUnit?: number | null;
  /** What a row is. Default "cell". */
  readonly observation?: Observation;
  /** What the values are, where their looks deceive. */
  readonly values?: Values;
}

/** What `readTable` returns. */
export interface ReadTableResult {
  readonly dataset: SpatialDataset;
  readonly report: ReadReport;
  /** The options after defaults. */
  readonly params: {
    readonly orientation: Orientation;
    readonly long: LongColumns | null;
    readonly columns: CoordinateColumns;
    readonly unit: Positions["unit"];
    readonly micronsPerUnit: number | null;
    readonly observation: Observation;
    readonly values: Values | null;
  };
}

const columnRule = such(
  "an object with id, x or y, each a name",
  (v) =>
    typeof v === "object" &&
    v !== null &&
    Object.entries(v).every(([k, name]) => ["id", "x", "y"].includes(k) && typeof name === "string"),
);
const longRule = such(
  "an object with cell, gene and perhaps count, each a name",
  (v) =>
    typeof v === "object" &&
    v !== null &&
    "cell" in v &&
    "gene" in v &&
    Object.entries(v).every(([k, name]) => ["cell", "gene", "count"].includes(k) && typeof name === "string"),
);
const rules = {
  orientation: oneOf("auto", "cells-by-genes", "genes-by-cells"),
  long: longRule,
  columns: columnRule,
  unit: oneOf("um", "px", "array"),
  micronsPerUnit: either(number(1e-9), literal(null)),
  observation: oneOf("cell", "spot", "bin"),
  values: oneOf("counts", "normalized", "log", "scaled"),
  ...runRules,
};

/**
 * Reads any table of counts with a table of coordinates, as text (comma, tab, semicolon or space between fields,
 * packed with gzip or not, with a header that may lack the corner), parquet or Arrow (Feather 2; LZ4 or not packed); cells x genes,
 * genes x cells, or long (a row per cell and gene). Which it is, is seen from its content. Observations are
 * joined by id; only where the coordinates name none, and are as many, by order. Names of genes lose single
 * quotes around them; blanks and negative controls, told by name, are kept apart from genes.
 *
 * @param counts the values, n x p or p x n: a path, or bytes
 * @param coordinates x and y of the observations: a path, or bytes
 * @throws {SpatialError} `format` for damaged tables; `join` where no name agrees, or lengths do not where there are no
 * names; `input` where both sides fit and `orientation` does not say which is meant
 *
 * Cost: one pass over the text; memory about 8 bytes per value that is not 0, three times that where it is turned.
 * Checked against pandas on published tables of osmFISH, seqFISH and STARmap PLUS.
 *
 * @example
 * ```ts
 * import { readTable } from "tissular/io";
 * const text = (s: string) => new TextEncoder().encode(s);
 * const counts = text("a b c\nActb 1 0 2\nGad1 0 5 0\n");
 * const { dataset } = await readTable(counts, text("cell,left,top\nc,5,6\na,1,2\nb,3,4\n"), {
 *   columns: { id: "cell", x: "left", y: "top" },
 *   unit: "um",
 * });
 * if (dataset.genes.ids.length !== 2 || dataset.positions?.data.join() !== "1,2,3,4,5,6") throw new Error("turned and joined");
 * ```
 */
export async function readTable(
  counts: string | Uint8Array,
  coordinates: string | Uint8Array,
  options: ReadTableOptions = {},
): Promise<ReadTableResult> {
  checkOptions("readTable", options, rules);
  checkAborted(options.signal);
  const report = draft();
  const countsFile = await load(counts, "counts");
  const placeFile = await load(coordinates, "coordinates");
  report.files.push(countsFile.name, placeFile.name);
  const read =
    columnarKind(placeFile.bytes) === null
      ? parseCoordinates(placeFile.bytes, placeFile.name, options.columns)
      : coordinatesOf(await readColumns(placeFile.bytes, placeFile.name, options), options.columns);
  const unit = options.unit ?? read.unit;
  const micronsPerUnit =
    options.micronsPerUnit !== undefined ? options.micronsPerUnit : unit === "um" ? 1 : null;
  const { orientation = "auto", observation = "cell", values } = options;
  const places = { ...read, unit, micronsPerUnit };
  const layout = { orientation, observation, values };
  const { matrix, long } = await readValues(countsFile.bytes, countsFile.name, options.long ?? null, options);
  const ds = placed(
    matrix,
    countsFile.name,
    places,
    long === null ? layout : { ...layout, orientation: "cells-by-genes" },
    report,
  );
  return {
    dataset: ds,
    report: finished(report, ds.platform),
    params: {
      orientation,
      long,
      columns: options.columns ?? {},
      unit,
      micronsPerUnit,
      observation,
      values: values ?? null,
    },
  };
}

async function load(input: string | Uint8Array, what: string): Promise<{ name: string; bytes: Uint8Array }> {
  if (input instanceof Uint8Array)
    return { name: what, bytes: isGzip(input) ? await gunzip(input, what) : input };
  const source = await openSource(input);
  if (source.names.length !== 1 || input.endsWith("/"))
    throw new SpatialError("input", `${what} must be one file, found the folder ${input}.`, {
      subject: what,
    });
  const bytes = await source.bytes(source.names[0]);
  return { name: source.names[0], bytes: isGzip(bytes) ? await gunzip(bytes, source.names[0]) : bytes };
}

/** How a pair of tables is to be understood. */
export interface TableLayout {
  readonly orientation: Orientation;
  readonly observation: Observation;
  readonly values: Values | undefined;
}

/** The values of a table of any kind, and which columns of a long one they are from. */
async function readValues(
  bytes: Uint8Array,
  subject: string,
  asked: LongColumns | null,
  run: RunOptions,
): Promise<{ readonly matrix: TextMatrix; readonly long: LongColumns | null }> {
  if (columnarKind(bytes) !== null) {
    const columns = await readColumns(bytes, subject, run);
    const long = asked ?? longColumns(columns.names);
    return {
      matrix: await (long === null ? wideMatrix(columns, run) : longMatrix(columns, long, run)),
      long,
    };
  }
  const line = bytes.subarray(0, fieldEnd(bytes, 0, LINE_FEED));
  const { header } = parseCsv(line, subject);
  const long = asked ?? longColumns(header);
  if (long === null) return { matrix: await parseMatrix(withCorner(bytes), subject, run), long };
  return { matrix: await longMatrix(csvColumns(parseCsv(bytes, subject), header), long, run), long };
}

/** Reads a table of values as text and places its observations. */
export async function readTables(
  bytes: Uint8Array,
  subject: string,
  places: Coordinates,
  layout: TableLayout,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  return placed(await parseMatrix(withCorner(bytes), subject, run), subject, places, layout, report);
}

function placed(
  read: TextMatrix,
  subject: string,
  places: Coordinates,
  layout: TableLayout,
  report: Draft,
): SpatialDataset {
  const turned = isTurned(read, subject, places, layout);
  const vendor = vendorMatrix(turned ? turn(read) : read, subject);
  if (turned) report.found.push(`${subject} has genes as rows; it was turned.`);
  const parts = assemble(vendor, layout.observation, layout.values, report);
  const whole =
    places.ids === null
      ? placeByOrder(parts, places, report)
      : joinPositions(parts, { ...places, ids: places.ids }, report);
  return dataset({ ...whole, platform: "table" });
}

function turn(read: TextMatrix): TextMatrix {
  return { ...read, rowNames: read.colNames, colNames: read.rowNames, matrix: transpose(read.matrix) };
}

/** Are genes the rows? Said, or told by which side's names (or length) the coordinates have. */
function isTurned(read: TextMatrix, subject: string, places: Coordinates, layout: TableLayout): boolean {
  if (layout.orientation !== "auto") return layout.orientation === "genes-by-cells";
  const known = places.ids === null ? null : new Set(places.ids);
  const fits = (names: readonly string[]): number =>
    known === null
      ? Number(names.length === places.x.length)
      : names.reduce((n, name) => n + (known.has(name.trim()) ? 1 : 0), 0);
  const rows = fits(read.rowNames);
  const columns = fits(read.colNames);
  if (rows !== columns) return columns > rows;
  const sides = `${counted(read.rowNames.length, "row")} (${sample(read.rowNames)}) and ${counted(read.colNames.length, "column")} (${sample(read.colNames)})`;
  if (rows > 0) {
    throw new SpatialError(
      "input",
      `${subject} has ${sides}: both fit ${places.subject}, so which are the ${layout.observation}s cannot be told.`,
      { subject, hint: "Say it with readTable's option orientation." },
    );
  }
  throw new SpatialError(
    "join",
    `${subject} has ${sides}; ${places.subject} has ${places.ids === null ? `${counted(places.x.length, "place")} without ids` : sample(places.ids)}.`,
    { subject, hint: "The two files must come from one sample and name observations alike." },
  );
}

/** A table of values as a vendor's matrix: names without quotes, controls by their names. */
export function vendorMatrix(read: TextMatrix, subject: string): VendorMatrix {
  checkFinite(subject, read.matrix.data);
  const names = read.colNames.map((name) => name.trim().replace(/^'(.*)'$/, "$1"));
  return {
    subject,
    cellIds: read.rowNames.map((name) => name.trim()),
    cellColumns: {},
    featureIds: names,
    featureNames: names,
    featureKinds: names.map(kindByName),
    featureColumns: {},
    matrix: read.matrix,
  };
}

const CONTROLS: readonly (readonly [RegExp, string])[] = [
  [/^negcontrolcodeword/i, "Negative Control Codeword"],
  [/^antisense_/i, "Negative Control Probe"],
  [/^unassignedcodeword/i, "Unassigned Codeword"],
  [/^deprecatedcodeword/i, "Deprecated Codeword"],
  [/^intergenic_region/i, "Genomic Control"],
  [/^blank([-_. ]?\d|$)/i, "Blank"],
  [/^(negprb|negprobe|negativeprobe|negative([-_. ]|\d|$)|negcontrol)/i, "Negative Control Probe"],
  [/^(systemcontrol|falsecode)/i, "System Control"],
];

/** What a feature is by its name, where no file says it. */
export function kindByName(name: string): string {
  return CONTROLS.find(([pattern]) => pattern.test(name))?.[1] ?? GENES;
}

/** Places observations in the order of a table that does not name them. */
function placeByOrder(parts: DatasetParts, places: Coordinates, report: Draft): SpatialDataset {
  const whole = dataset(parts);
  const n = whole.cells.ids.length;
  if (places.x.length !== n) {
    throw new SpatialError(
      "join",
      `${places.subject} names no ${whole.observation}s, so it must have one line for each of ${n}, found ${places.x.length}.`,
      { subject: places.subject, hint: "Add a column of ids to it." },
    );
  }
  const xy = Float64Array.from({ length: 2 * n }, (_, k) => (k % 2 === 0 ? places.x : places.y)[k >> 1]);
  report.joined.push(`Positions by order: ${counted(n, whole.observation)}.`);
  report.warnings.push(
    `${places.subject} names no ${whole.observation}s: they were taken to be in the order of the matrix.`,
  );
  const placed = dataset({
    ...whole,
    cells: withColumns(whole.cells, places.columns),
    positions: positions(xy, places.unit, places.micronsPerUnit),
  });
  return dropUnplaced(placed, report);
}
