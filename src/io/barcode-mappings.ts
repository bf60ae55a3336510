import { checkOptions, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import type { BarcodeMappings } from "../model/barcode-mappings.ts";
import { pathSource } from "./node.ts";
import { openParquet, type ParquetFile, type ParquetValues } from "./parquet.ts";
import { sample } from "./report.ts";
import type { Source } from "./source.ts";

/** Most bins of a slide: 10x's have 11 million of 2 um. */
const MOST = 268_435_456;

/**
 * Reads which bins lie in which segmented cell and nucleus: `barcode_mappings.parquet` of Space Ranger 4, the file itself or in a
 * folder (with the sample's name before it or not). Only the finest bins are read: which larger ones they make up follows from row and column.
 * Names of columns may begin with capitals, cells be missing, numbered 0 or without the ending "-1".
 *
 * @throws {SpatialError} `not-found` where there is no such file, `input` where there are several, `format` where it holds no bins
 *
 * Cost: one pass over four columns; memory 6 bytes per bin of the slide and 9 while reading (100 MB for 11 million).
 * Checked against pandas.
 *
 * @example
 * ```ts
 * import { memorySource, readBarcodeMappings } from "tissular/io";
 * const nothing = memorySource(new Map([["web_summary.html", new Uint8Array(1)]]));
 * const error = await readBarcodeMappings(nothing).then(() => null, (e: Error) => e);
 * if (!error?.message.includes("barcode_mappings.parquet")) throw new Error("says what is missing");
 * ```
 */
export async function readBarcodeMappings(
  input: string | Source,
  options: RunOptions = {},
): Promise<BarcodeMappings> {
  checkOptions("readBarcodeMappings", options, runRules);
  const source = typeof input === "string" ? await pathSource(input) : input;
  const name = theFile(source);
  const file = await openParquet(source, name);
  const columns = columnsOf(file);
  if (file.rows > MOST)
    throw new SpatialError("memory", `${name} holds ${file.rows} bins, more than ${MOST}.`, {
      subject: name,
    });
  const rowOf = new Int32Array(file.rows);
  const colOf = new Int32Array(file.rows);
  const cellOf = new Uint32Array(file.rows);
  const flags = new Uint8Array(file.rows);
  const prefix = `s_${String(columns.micrometers).padStart(3, "0")}um_`;
  let [n, rows, cols] = [0, 0, 0];
  const wanted = [columns.bin, columns.cell, columns.nucleus, columns.inside].filter((c) => c !== null);
  for await (const group of file.groups(wanted, options)) {
    const bins = group[columns.bin];
    const cells = columns.cell === null ? null : group[columns.cell];
    const nuclei = columns.nucleus === null ? null : group[columns.nucleus];
    const insides = columns.inside === null ? null : group[columns.inside];
    for (let k = 0; k < bins.length; k++, n++) {
      const text = textAt(bins, k);
      const cut = text.indexOf("_", prefix.length);
      const row = digits(text, prefix.length, cut);
      const col = digits(text, cut + 1, endOf(text));
      if (!(row >= 0 && col >= 0 && text.toLowerCase().startsWith(prefix)))
        throw misnamed(name, `${prefix}00000_00000-1`, text);
      rowOf[n] = row;
      colOf[n] = col;
      rows = Math.max(rows, row + 1);
      cols = Math.max(cols, col + 1);
      const cell = cells === null ? 0 : cellNumber(cells, k, name);
      cellOf[n] = cell;
      const inNucleus = nuclei !== null && truthAt(nuclei, k);
      const inCell = insides === null ? cell !== 0 : truthAt(insides, k);
      flags[n] = (inNucleus ? 1 : 0) | (inCell ? 2 : 0);
    }
  }
  if (rows * cols > MOST)
    throw new SpatialError("format", `${name} must hold the bins of a slide, found ${rows} x ${cols}.`, {
      subject: name,
    });
  const cell = new Uint32Array(rows * cols);
  const inNucleus = new Uint8Array(rows * cols);
  const inCell = new Uint8Array(rows * cols);
  for (let k = 0; k < n; k++) {
    const at = rowOf[k] * cols + colOf[k];
    cell[at] = cellOf[k];
    inNucleus[at] = flags[k] & 1;
    inCell[at] = flags[k] >> 1;
  }
  const { micrometers } = columns;
  return { kind: "barcode-mappings", micrometers, rows, cols, cell, inNucleus, inCell };
}

function theFile(source: Source): string {
  const found = source.names.filter((n) => /(^|[/_.-])barcode_mappings\.parquet$/.test(n));
  const all = found.length > 0 ? found : source.names.filter((n) => n.endsWith(".parquet"));
  if (all.length === 1) return all[0];
  throw new SpatialError(
    all.length === 0 ? "not-found" : "input",
    `${source.label} must hold one barcode_mappings.parquet, found ${all.length === 0 ? "none" : sample(all)}.`,
    { subject: source.label, hint: "Space Ranger 4 writes it into the folder outs of Visium HD." },
  );
}

/** Names of the columns, the finest bins chosen. */
function columnsOf(file: ParquetFile): {
  readonly micrometers: number;
  readonly bin: string;
  readonly cell: string | null;
  readonly nucleus: string | null;
  readonly inside: string | null;
} {
  const named = (pattern: RegExp): string | null => file.columns.find((c) => pattern.test(c)) ?? null;
  const sizes = file.columns.flatMap((c) => {
    const match = /^square_(\d+)um$/i.exec(c);
    return match === null ? [] : [{ micrometers: Number(match[1]), bin: c }];
  });
  const finest = sizes.sort((a, b) => a.micrometers - b.micrometers).at(0);
  if (finest === undefined || finest.micrometers < 1) {
    throw new SpatialError(
      "format",
      `${file.name} must have a column square_002um, found ${sample(file.columns, 12)}.`,
      { subject: file.name },
    );
  }
  return {
    ...finest,
    cell: named(/^cell_id$/i),
    nucleus: named(/^in_nucleus$/i),
    inside: named(/^in_cell$/i),
  };
}

const decoder = new TextDecoder();

function textAt(values: ParquetValues, k: number): string {
  const v = values[k];
  return v instanceof Uint8Array ? decoder.decode(v) : String(v ?? "");
}

function truthAt(values: ParquetValues, k: number): boolean {
  const v = values[k];
  return typeof v === "number" ? v > 0 : /^true$/i.test(textAt(values, k));
}

/** 7 of cellid_000000007-1, cellid_000000007 or 7; 0 where there is none. */
function cellNumber(values: ParquetValues, k: number, name: string): number {
  const text = textAt(values, k);
  if (text === "" || text === "NaN") return 0;
  const number = digits(text, text.indexOf("_") + 1, endOf(text));
  if (number === number >>> 0) return number;
  throw misnamed(name, "cellid_000000007-1", text);
}

/** Where the number ends: before "-1", if that is there. */
function endOf(text: string): number {
  const dash = text.indexOf("-");
  return dash < 0 ? text.length : dash;
}

/** The whole number that stands in a part of a text, -1 where none does. */
function digits(text: string, start: number, end: number): number {
  let number = end > start ? 0 : -1;
  for (let at = start; at < end && number >= 0; at++) {
    const digit = text.charCodeAt(at) - 48;
    number = digit >= 0 && digit <= 9 ? 10 * number + digit : -1;
  }
  return number;
}

function misnamed(name: string, like: string, found: string): SpatialError {
  return new SpatialError("format", `${name} must name bins and cells like ${like}, found "${found}".`, {
    subject: name,
  });
}
