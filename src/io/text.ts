import { SpatialError } from "../core/errors.ts";
import { type Categorical, categories, type Column, type Ids, isCategorical } from "../model/table.ts";

/** A table as text: where each field lies in the bytes, so that nothing becomes a string or number before it is asked for. */
export interface Csv {
  readonly subject: string;
  /** Names of the columns; empty strings where the table has no header. */
  readonly header: readonly string[];
  readonly rows: number;
  readonly text: (row: number, column: number) => string;
  readonly number: (row: number, column: number) => number;
}

/** How to read a table. */
export interface CsvOptions {
  /** Does the table begin with names? A function decides from the first line. */
  readonly header?: boolean | ((first: readonly string[]) => boolean);
  /** What stands between fields; without it the most frequent of tab, comma and semicolon in the first line, or else a space. */
  readonly delimiter?: "," | "\t" | ";" | " ";
}

const QUOTE = 34;
const LF = 10;
const CR = 13;
const decoder = new TextDecoder();

/**
 * Reads comma-, tab-, semicolon- or space-separated text: quotes, doubled quotes, CRLF, byte order mark.
 *
 * @throws {SpatialError} `format` where a line has more or fewer fields than the first, naming the line
 *
 * @example
 * ```ts
 * import { csvColumn, csvNumbers, csvStrings, parseCsv } from "tissular/io";
 * const csv = parseCsv(new TextEncoder().encode('id,"x, um"\na,1.5\nb,NA\n'), "cells.csv");
 * if (csvStrings(csv, 0).join() !== "a,b" || csvNumbers(csv, 1)[0] !== 1.5) throw new Error("two rows");
 * if (!(csvColumn(csv, 1) instanceof Float64Array)) throw new Error("numbers with one missing");
 * ```
 */
export function parseCsv(bytes: Uint8Array, subject: string, options: CsvOptions = {}): Csv {
  const start = textStart(bytes);
  const delimiter = options.delimiter?.charCodeAt(0) ?? sniffDelimiter(bytes, start);
  let fields: Uint32Array = new Uint32Array(1024);
  let count = 0;
  let width = 0;
  let lines = 0;
  let at = start;
  while (at < bytes.length) {
    if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF)) {
      at += bytes[at] === CR ? 2 : 1;
      continue;
    }
    const first = count;
    for (;;) {
      const end = fieldEnd(bytes, at, delimiter);
      if (count + 2 > fields.length) fields = grow(fields);
      fields[count] = at;
      fields[count + 1] = end;
      count += 2;
      at = end + 1;
      if (bytes[end] !== delimiter) break;
    }
    const found = (count - first) / 2;
    if (lines === 0) width = found;
    else if (found !== width) {
      throw new SpatialError(
        "format",
        `${subject}: every line must have ${width} fields as the first has, found ${found} in line ${lines + 1}.`,
        { subject },
      );
    }
    lines++;
  }
  if (lines === 0)
    throw new SpatialError("format", `${subject} must hold a table, but it is empty.`, { subject });
  const field = (line: number, column: number): string =>
    fieldText(bytes, fields[2 * (line * width + column)], fields[2 * (line * width + column) + 1]);
  const firstLine = Array.from({ length: width }, (_, j) => field(0, j));
  const named = typeof options.header === "function" ? options.header(firstLine) : (options.header ?? true);
  const skip = named ? 1 : 0;
  return {
    subject,
    header: named ? firstLine : firstLine.map(() => ""),
    rows: lines - skip,
    text: (row, column) => field(row + skip, column),
    number: (row, column) => {
      const f = 2 * ((row + skip) * width + column);
      return fieldNumber(bytes, fields[f], fields[f + 1]);
    },
  };
}

/** Where the text begins: after a byte order mark. */
export function textStart(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** The most frequent of tab, comma and semicolon outside quotes in the first line; a space where there is none of them. */
export function sniffDelimiter(bytes: Uint8Array, start: number): number {
  const counts = new Map([
    [9, 0],
    [44, 0],
    [59, 0],
    [32, 0],
  ]);
  let quoted = false;
  for (let at = start; at < bytes.length && (quoted || bytes[at] !== LF); at++) {
    if (bytes[at] === QUOTE) quoted = !quoted;
    const n = counts.get(bytes[at]);
    if (!quoted && n !== undefined) counts.set(bytes[at], n + 1);
  }
  const spaces = counts.get(32) as number;
  counts.delete(32);
  let best = 44;
  for (const [delimiter, n] of counts) if (n > (counts.get(best) as number)) best = delimiter;
  return counts.get(best) === 0 && spaces > 0 ? 32 : best;
}

/** The position after a field: of its delimiter, its line feed or the end. */
export function fieldEnd(bytes: Uint8Array, at: number, delimiter: number): number {
  if (bytes[at] === QUOTE) {
    at++;
    while (at < bytes.length && (bytes[at] !== QUOTE || bytes[at + 1] === QUOTE))
      at += bytes[at] === QUOTE ? 2 : 1;
  }
  while (at < bytes.length && bytes[at] !== delimiter && bytes[at] !== LF) at++;
  return at;
}

/** A field as text, without its quotes. */
export function fieldText(bytes: Uint8Array, start: number, end: number): string {
  if (end > start && bytes[end - 1] === CR) end--;
  if (end - start >= 2 && bytes[start] === QUOTE && bytes[end - 1] === QUOTE) {
    const text = decoder.decode(bytes.subarray(start + 1, end - 1));
    return text.includes('""') ? text.replaceAll('""', '"') : text;
  }
  return decoder.decode(bytes.subarray(start, end));
}

const TENS: readonly number[] = Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

/** A field as a number; NaN where it is none. Plain decimals of up to 15 digits are read exactly from the bytes. */
export function fieldNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end > start && bytes[end - 1] === CR) end--;
  if (end - start >= 2 && bytes[start] === QUOTE && bytes[end - 1] === QUOTE) {
    start++;
    end--;
  }
  const negative = bytes[start] === 45;
  let significant = 0;
  let seen = 0;
  let value = 0;
  let decimals = -1;
  let at = negative ? start + 1 : start;
  for (; at < end; at++) {
    const c = bytes[at] - 48;
    if (c >= 0 && c <= 9) {
      value = value * 10 + c;
      seen++;
      if (value > 0) significant++;
      if (decimals >= 0) decimals++;
    } else if (c === -2 && decimals < 0) decimals = 0;
    else break;
  }
  if (at === end && seen > 0 && significant <= 15 && decimals <= 22) {
    const magnitude = decimals > 0 ? value / TENS[decimals] : value;
    return negative ? -magnitude : magnitude;
  }
  const text = decoder.decode(bytes.subarray(start, end)).trim();
  return /^[+-]?\.?\d[\d.eE+-]*$|^[+-]?Infinity$/.test(text) ? Number(text) : NaN;
}

function grow(fields: Uint32Array): Uint32Array {
  const larger = new Uint32Array(fields.length * 2);
  larger.set(fields);
  return larger;
}

/** All fields of a column as text. */
export function csvStrings(csv: Csv, column: number): string[] {
  return Array.from({ length: csv.rows }, (_, i) => csv.text(i, column));
}

/** All fields of a column as numbers; NaN where a field is none. */
export function csvNumbers(csv: Csv, column: number): Float64Array {
  return Float64Array.from({ length: csv.rows }, (_, i) => csv.number(i, column));
}

const MISSING: ReadonlySet<string> = new Set(["", "NA", "NaN", "nan", "None", "null", "N/A"]);
const TRUTH: ReadonlyMap<string, number> = new Map([
  ["True", 1],
  ["TRUE", 1],
  ["true", 1],
  ["False", 0],
  ["FALSE", 0],
  ["false", 0],
]);

/**
 * A column by content: whole numbers, numbers (missing = NaN), truth values, categories, else text. Numbers of more
 * than 15 digits are names, not amounts, and stay text.
 */
export function csvColumn(csv: Csv, column: number): Column {
  const n = csv.rows;
  const numbers = new Float64Array(n);
  let numeric = true;
  let whole = true;
  let present = 0;
  for (let i = 0; i < n && numeric; i++) {
    const v = csv.number(i, column);
    numbers[i] = v;
    if (Number.isNaN(v)) {
      numeric = MISSING.has(csv.text(i, column));
      whole = false;
    } else {
      present++;
      if (Math.abs(v) >= 1e15 && Number.isInteger(v)) numeric = false;
      if (v !== (v | 0)) whole = false;
    }
  }
  if (numeric && (present > 0 || n === 0)) return whole ? Int32Array.from(numbers) : numbers;
  const texts = csvStrings(csv, column);
  if (texts.every((t) => TRUTH.has(t))) return Uint8Array.from(texts, (t) => TRUTH.get(t) as number);
  if (numeric) return numbers;
  return textColumn(texts);
}

/** Text as categories where values repeat (at most half as many values as rows), else as it is. */
export function textColumn(texts: readonly string[]): Categorical | readonly string[] {
  return new Set(texts).size <= texts.length / 2 ? categories(texts) : texts;
}

/**
 * A number as the shortest text that reads back to the same double; missing (NaN) is empty.
 *
 * @example
 * ```ts
 * import { formatNumber } from "tissular/io";
 * if (formatNumber(0.1) !== "0.1" || formatNumber(NaN) !== "") throw new Error("shortest text");
 * ```
 */
export function formatNumber(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

/** A 32-bit float as the shortest text that reads back to the same float. */
export function formatFloat32(value: number): string {
  for (let digits = 6; digits < 10 && Number.isFinite(value); digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return formatNumber(value);
}

/** What a column of a written table may be; a Uint8Array is written as 0 and 1. */
export type CsvColumn = Column | Float32Array | Uint32Array | Ids;

/**
 * A table as comma-separated text with a header, "\n" between lines, quotes only where needed. The same values give
 * the same text in every runtime: numbers as the shortest text that reads back to the same number.
 *
 * @throws {SpatialError} `input` where columns differ in length
 *
 * @example
 * ```ts
 * import { formatCsv } from "tissular/io";
 * const text = formatCsv({ id: ["a", "b,c"], x: Float64Array.of(0.1, NaN) });
 * if (text !== 'id,x\na,0.1\n"b,c",\n') throw new Error(text);
 * ```
 */
export function formatCsv(columns: Readonly<Record<string, CsvColumn>>): string {
  return [...csvParts(columns)].join("");
}

/** Lines that are made at once. */
const LINES = 4096;

/** The same text part by part, of which no whole is made. */
export function* csvParts(columns: Readonly<Record<string, CsvColumn>>): Generator<string> {
  const names = Object.keys(columns);
  const fields = names.map((name) => formatter(columns[name]));
  const rows = fields.length === 0 ? 0 : fields[0].length;
  fields.forEach((f, j) => {
    if (f.length !== rows) {
      throw new SpatialError("input", `Column "${names[j]}" must have ${rows} values, found ${f.length}.`);
    }
  });
  yield `${names.map(quoted).join(",")}\n`;
  for (let first = 0; first < rows; first += LINES) {
    const lines: string[] = [];
    for (let i = first; i < Math.min(rows, first + LINES); i++) {
      let line = fields[0].at(i);
      for (let j = 1; j < fields.length; j++) line += `,${fields[j].at(i)}`;
      lines.push(line);
    }
    yield `${lines.join("\n")}\n`;
  }
}

function formatter(column: CsvColumn): { length: number; at: (i: number) => string } {
  if (column instanceof Float32Array) return { length: column.length, at: (i) => formatFloat32(column[i]) };
  if (ArrayBuffer.isView(column)) return { length: column.length, at: (i) => formatNumber(column[i]) };
  if (Array.isArray(column)) return { length: column.length, at: (i) => quoted(column[i] as string) };
  const other = column as Categorical | Ids;
  if ("codes" in other && isCategorical(other)) {
    const texts = other.categories.map(quoted);
    return { length: other.codes.length, at: (i) => (other.codes[i] < 0 ? "" : texts[other.codes[i]]) };
  }
  const rows = other as Ids;
  return { length: rows.length, at: (i) => quoted(rows.at(i)) };
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
