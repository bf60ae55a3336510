import type { Dense, Sparse } from "../model/matrix.ts";
import { type Column, idList, isCategorical, type Table } from "../model/table.ts";

/** An attribute to write; whole numbers are 64-bit. */
export type WriteAttribute = string | boolean | readonly string[] | BigInt64Array;
export type WriteAttributes = Readonly<Record<string, WriteAttribute>>;

export type WriteNumbers =
  Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array | BigInt64Array;

/**
 * A tree of groups and arrays being written, as HDF5 and zarr both have it: what is below writes to either. Paths have
 * no "/" at their start; a group comes before what is in it. Values are read when the tree is finished, not at once.
 */
export interface ElementWriter {
  readonly group: (path: string, attributes?: WriteAttributes) => void;
  /** Row-major values; `shape` is [length] where it is left out and [] for one value. Long ones are packed. */
  readonly numbers: (
    path: string,
    data: WriteNumbers,
    attributes?: WriteAttributes,
    shape?: readonly number[],
  ) => void;
  readonly booleans: (
    path: string,
    data: Uint8Array,
    attributes?: WriteAttributes,
    shape?: readonly number[],
  ) => void;
  readonly strings: (path: string, data: readonly string[], attributes?: WriteAttributes) => void;
  readonly text: (path: string, value: string, attributes?: WriteAttributes) => void;
  /** A name as it may stand in a path here. */
  readonly name: (name: string) => string;
}

/** The part of a tree below one of its groups, as a tree of its own. */
export function writeBelow(w: ElementWriter, folder: string): ElementWriter {
  const at = (path: string): string => (path === "" ? folder : `${folder}/${path}`);
  return {
    group: (path, attributes) => w.group(at(path), attributes),
    numbers: (path, ...rest) => w.numbers(at(path), ...rest),
    booleans: (path, ...rest) => w.booleans(at(path), ...rest),
    strings: (path, ...rest) => w.strings(at(path), ...rest),
    text: (path, ...rest) => w.text(at(path), ...rest),
    name: w.name,
  };
}

/** Notes for `uns`: texts, numbers, truth values, lists of them, and records of these. */
export type Notes = {
  readonly [key: string]: string | number | boolean | readonly string[] | readonly number[] | Notes | null;
};

export const typed = (type: string, version: string): Readonly<Record<string, string>> => ({
  "encoding-type": type,
  "encoding-version": version,
});
export const DICT: WriteAttributes = typed("dict", "0.1.0");
export const ARRAY: WriteAttributes = typed("array", "0.2.0");
export const STRINGS: WriteAttributes = typed("string-array", "0.2.0");
const SCALAR = typed("numeric-scalar", "0.2.0");

/** A name that may stand in a path: without "/", and not one that means a folder or a description. */
export function safe(name: string): string {
  const flat = name.replaceAll("/", "|");
  return /^(\.|_index$|$)/.test(flat) ? `_${flat}_` : flat;
}

/** A name of letters, digits, "_", "." and "-", as SpatialData demands. */
function plain(name: string): string {
  return safe(name.replaceAll(/[^\w.-]/g, "_").replace(/^__+/, "x_"));
}

/**
 * How each of some names is written, no two alike; with `isPlain` in letters, digits, "_", "." and "-" only, no two alike
 * whatever the case of their letters.
 */
export function naming(names: readonly string[], isPlain: boolean): (name: string) => string {
  const rule = isPlain ? plain : safe;
  const key = (written: string): string => (isPlain ? written.toLowerCase() : written);
  const chosen = new Map<string, string>();
  const taken = new Set<string>();
  // Names that stay as they are come first, so that none has to give way to a changed one.
  const order = [
    ...names.filter((name) => rule(name) === name),
    ...names.filter((name) => rule(name) !== name),
  ];
  for (const name of new Set(order)) {
    let written = rule(name);
    while (taken.has(key(written))) written += "_";
    taken.add(key(written));
    chosen.set(name, written);
  }
  return (name) => chosen.get(name) ?? rule(name);
}

export function writeMatrix(w: ElementWriter, path: string, x: Sparse | Dense): void {
  if (x.kind === "dense") w.numbers(path, x.data, ARRAY, [x.rows, x.cols]);
  else writeRows(w, path, x.rows, x.cols, x.indptr, x.indices, x.data);
}

/** Compressed rows; offsets and columns are 32-bit where they fit. */
export function writeRows(
  w: ElementWriter,
  path: string,
  rows: number,
  cols: number,
  indptr: Uint32Array,
  indices: Uint32Array,
  data: Float32Array | Float64Array,
): void {
  const shape = BigInt64Array.of(BigInt(rows), BigInt(cols));
  w.group(path, { ...typed("csr_matrix", "0.1.0"), shape });
  const wide = indices.length >= 2147483648;
  const integers = (v: Uint32Array): WriteNumbers =>
    wide ? BigInt64Array.from(v, BigInt) : new Int32Array(v.buffer, v.byteOffset, v.length);
  w.numbers(`${path}/data`, data);
  w.numbers(`${path}/indices`, integers(indices));
  w.numbers(`${path}/indptr`, integers(indptr));
}

export function writeFrame(w: ElementWriter, path: string, frame: Table): void {
  const names = Object.keys(frame.columns);
  w.group(path, {
    ...typed("dataframe", "0.2.0"),
    _index: "_index",
    "column-order": names.map(w.name),
  });
  w.strings(`${path}/_index`, idList(frame.ids), STRINGS);
  for (const name of names) writeColumn(w, `${path}/${w.name(name)}`, frame.columns[name]);
}

function writeColumn(w: ElementWriter, path: string, column: Column): void {
  if (isCategorical(column)) {
    w.group(path, { ...typed("categorical", "0.2.0"), ordered: false });
    const k = column.categories.length;
    const codes =
      k < 128 ? Int8Array.from(column.codes) : k < 32_768 ? Int16Array.from(column.codes) : column.codes;
    w.numbers(`${path}/codes`, codes, ARRAY);
    w.strings(`${path}/categories`, column.categories, STRINGS);
  } else if (column instanceof Uint8Array) w.booleans(path, column, ARRAY);
  else if (ArrayBuffer.isView(column)) w.numbers(path, column as Float64Array | Int32Array, ARRAY);
  else w.strings(path, column as readonly string[], STRINGS);
}

/** Writes notes into a group that is there; a note of null is left out. */
export function writeNotes(w: ElementWriter, path: string, notes: Notes): void {
  for (const [key, value] of Object.entries(notes)) {
    const at = `${path}/${w.name(key)}`;
    if (value === null) continue;
    if (typeof value === "string") w.text(at, value, typed("string", "0.2.0"));
    else if (typeof value === "boolean") w.booleans(at, Uint8Array.of(value ? 1 : 0), SCALAR, []);
    else if (typeof value === "number") {
      const data = Number.isSafeInteger(value) ? BigInt64Array.of(BigInt(value)) : Float64Array.of(value);
      w.numbers(at, data, SCALAR, []);
    } else if (!Array.isArray(value)) {
      w.group(at, DICT);
      writeNotes(w, at, value as Notes);
    } else if (value.every((v) => typeof v === "string")) w.strings(at, value, STRINGS);
    else w.numbers(at, Float64Array.from(value as number[]), ARRAY);
  }
}
