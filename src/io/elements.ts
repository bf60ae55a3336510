import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { breathe, checkAborted } from "../core/progress.ts";
import { type Dense, dense, type Sparse, transpose } from "../model/matrix.ts";
import { type Column, categorical, ids, type Table, table } from "../model/table.ts";
import { checkFinite, soundRows, soundSizes } from "./assemble.ts";
import type { H5File, Records } from "./hdf5.ts";
import type { Draft } from "./report.ts";
import { checkRoom } from "./room.ts";
import { readLong } from "./tenx.ts";

type Awaitable<T> = T | Promise<T>;

/**
 * A tree of groups and arrays with attributes, as HDF5 and zarr both have it: the readers below take either. Its
 * structure is known at once, values may have to be waited for. Paths have no "/" at their start.
 */
export interface Elements extends Pick<
  H5File,
  "name" | "has" | "isGroup" | "keys" | "attribute" | "info" | "whole"
> {
  readonly numbers: (...at: Part) => Awaitable<ReturnType<H5File["numbers"]>>;
  readonly offsets: (...at: Part) => Awaitable<Uint32Array>;
  readonly floats: (...at: Part) => Awaitable<Float32Array>;
  readonly strings: (path: string) => Awaitable<string[]>;
  readonly records: (...at: Part) => Awaitable<Records>;
}

type Part = [path: string, start?: number, end?: number];

/** The part of a tree below one of its groups, as a tree of its own. */
export function below(file: Elements, folder: string): Elements {
  const at = (path: string): string => (path === "" ? folder : `${folder}/${path}`);
  return {
    name: `${file.name}/${folder}`,
    has: (path) => file.has(at(path)),
    isGroup: (path) => file.isGroup(at(path)),
    keys: (path) => file.keys(at(path)),
    attribute: (path, name) => file.attribute(at(path), name),
    info: (path) => file.info(at(path)),
    whole: (path) => file.whole(at(path)),
    numbers: (path, ...rows) => file.numbers(at(path), ...rows),
    offsets: (path, ...rows) => file.offsets(at(path), ...rows),
    floats: (path, ...rows) => file.floats(at(path), ...rows),
    strings: (path) => file.strings(at(path)),
    records: (path, ...rows) => file.records(at(path), ...rows),
  };
}

/** The encoding of an anndata element, e.g. "csr_matrix"; "" where none is stated. */
export function encoding(file: Elements, path: string): string {
  if (!file.has(path)) return "";
  return String(file.attribute(path, "encoding-type") ?? file.attribute(path, "h5sparse_format") ?? "");
}

/** Is this an AnnData by content? */
export function isAnndata(file: Elements): boolean {
  return encoding(file, "") === "anndata" || (file.has("obs") && file.has("var") && file.has("X"));
}

/** Reads an anndata dataframe (obs, var); columns of unknown encodings are reported and left out. */
export async function readFrame(file: Elements, path: string, report: Draft): Promise<Table> {
  if (!file.has(path)) {
    throw new SpatialError("format", `${file.name} must hold "${path}", but it does not.`, {
      subject: file.name,
    });
  }
  if (!file.isGroup(path)) return readRecords(file, path, report);
  const index = String(file.attribute(path, "_index") ?? "_index");
  const names = await readTexts(file, `${path}/${index}`);
  const columns: Record<string, Column> = {};
  const order = file.attribute(path, "column-order");
  const keys = Array.isArray(order) && order.length > 0 ? order.map(String) : file.keys(path);
  for (const key of keys) {
    if (key === index || key === "__categories") continue;
    const old = [`${path}/__categories/${key}`, `uns/${key}_categories`].find((p) => file.has(p));
    const column = await readColumn(file, `${path}/${key}`, old ?? null);
    if (column === null)
      report.dropped.push({ what: `${path} column "${key}"`, count: 1, why: "its encoding is not read" });
    else columns[key] = column;
  }
  return table(ids(names), columns);
}

/** A dataframe as one table of compound rows (anndata before 0.7); categories lie in uns. */
async function readRecords(file: Elements, path: string, report: Draft): Promise<Table> {
  const { index, ...members } = await file.records(path);
  if (index === undefined) {
    throw new SpatialError(
      "format",
      `"${path}" of ${file.name} must be a group of columns or a table with an index, but it is not.`,
      { subject: file.name, hint: "Open the file with anndata and write it again." },
    );
  }
  const names = Array.from<string | number>(index).map(String);
  const columns: Record<string, Column> = {};
  for (const [key, values] of Object.entries(members)) {
    const categories = `uns/${key}_categories`;
    if (values.length !== names.length)
      report.dropped.push({
        what: `${path} column "${key}"`,
        count: 1,
        why: "it has several values per row",
      });
    else if (values instanceof Int32Array && file.has(categories))
      columns[key] = categorical(values, await readTexts(file, categories));
    else columns[key] = values instanceof Float32Array ? Float64Array.from(values) : values;
  }
  return table(ids(names), columns);
}

/** Texts, plain or (since anndata 0.13) with a mask; missing ones are empty, numbers become texts. */
export async function readTexts(file: Elements, path: string): Promise<string[]> {
  if (file.isGroup(path)) {
    const mask = await file.numbers(`${path}/mask`);
    return (await file.strings(`${path}/values`)).map((v, i) => (mask[i] !== 0 ? "" : v));
  }
  const { type } = file.info(path);
  if (type === "string") return file.strings(path);
  const values = Array.from(await file.numbers(path));
  return type === "boolean" ? values.map((v) => (v === 0 ? "False" : "True")) : values.map(String);
}

async function readColumn(
  file: Elements,
  path: string,
  oldCategories: string | null,
): Promise<Column | null> {
  if (!file.has(path)) return null;
  const kind = encoding(file, path);
  if (kind === "categorical") {
    const codes = Int32Array.from(await file.numbers(`${path}/codes`));
    return categorical(codes, await readTexts(file, `${path}/categories`));
  }
  if (kind === "nullable-integer" || kind === "nullable-boolean") {
    const values = Float64Array.from(await file.numbers(`${path}/values`));
    const mask = await file.numbers(`${path}/mask`);
    for (let i = 0; i < values.length; i++) if (mask[i] !== 0) values[i] = NaN;
    return values;
  }
  if (kind === "nullable-string-array") return readTexts(file, path);
  if (file.isGroup(path)) return null;
  const info = file.info(path);
  if (info.shape?.length !== 1) return null;
  if (info.type === "string") return file.strings(path);
  if (info.type === "boolean") return Uint8Array.from(await file.numbers(path));
  if (info.type === "other") return null;
  const values = await file.numbers(path);
  if (oldCategories !== null && values instanceof Int32Array)
    return categorical(values, await readTexts(file, oldCategories));
  return values instanceof Int32Array ? values : Float64Array.from(values);
}

/** How many rows and columns a matrix says it has; refuses what is no matrix. */
export function matrixShape(file: Elements, path: string): readonly [rows: number, cols: number] {
  const subject = `"${path}" of ${file.name}`;
  if (!file.isGroup(path)) {
    const info = file.info(path);
    if (info.shape?.length !== 2 || info.type === "string" || info.type === "other") {
      throw new SpatialError("format", `${subject} must be a matrix, but it is not.`, { subject: file.name });
    }
    return [info.shape[0], info.shape[1]];
  }
  const kind = encoding(file, path);
  const shape = file.attribute(path, "shape") ?? file.attribute(path, "h5sparse_shape");
  if (!/^cs[rc]/.test(kind) || !Array.isArray(shape)) {
    throw new SpatialError(
      "format",
      `${subject} must be a matrix, found ${kind === "" ? "a group" : kind}.`,
      {
        subject: file.name,
      },
    );
  }
  return [Number(shape[0]), Number(shape[1])];
}

/** Reads an n x p matrix: compressed rows or columns, or dense; checked and sorted. */
export async function readMatrix(
  file: Elements,
  path: string,
  report: Draft,
  run: RunOptions,
  doubles: "kept" | "narrowed" = "narrowed",
): Promise<Sparse | Dense> {
  const subject = `"${path}" of ${file.name}`;
  const [rows, cols] = matrixShape(file, path);
  if (!file.isGroup(path)) return readDense(file, path, rows, cols, doubles, run);
  const byRow = encoding(file, path).startsWith("csr");
  const length = (part: string): number => file.info(`${path}/${part}`).length;
  checkRoom(subject, length("data"), byRow ? 1 : 2);
  const indptr = await file.offsets(`${path}/indptr`);
  const [major, minor] = byRow ? [rows, cols] : [cols, rows];
  soundSizes(subject, major, minor, indptr, length("indices"), length("data"));
  const indices = await readLong(file, `${path}/indices`, "offsets", run);
  const data = await readLong(file, `${path}/data`, "floats", run);
  const stored = soundRows(subject, major, minor, indptr, indices, data, report);
  return byRow ? stored : transpose(stored);
}

async function readDense(
  file: Elements,
  path: string,
  rows: number,
  cols: number,
  doubles: "kept" | "narrowed",
  run: RunOptions,
): Promise<Dense> {
  const isDouble = doubles === "kept" && (await file.numbers(path, 0, 1)) instanceof Float64Array;
  const bytes = rows * cols * (isDouble ? 8 : 4);
  if (bytes > 4_000_000_000) {
    throw new SpatialError(
      "memory",
      `"${path}" of ${file.name} is a full ${rows} x ${cols} matrix of ${(bytes / 1e9).toFixed(1)} GB.`,
      { subject: file.name, hint: "Store it as a sparse matrix (scipy.sparse.csr_matrix)." },
    );
  }
  file.whole(path);
  const data = isDouble ? new Float64Array(rows * cols) : new Float32Array(rows * cols);
  const read = isDouble ? file.numbers : file.floats;
  const step = Math.max(1, Math.floor(4_194_304 / Math.max(1, cols)));
  for (let start = 0; start < rows; start += step) {
    checkAborted(run.signal);
    data.set(await read(path, start, Math.min(rows, start + step)), start * cols);
    run.onProgress?.({ step: `read ${path} of ${file.name}`, fraction: Math.min(1, (start + step) / rows) });
    await breathe();
  }
  checkFinite(`"${path}" of ${file.name}`, data);
  return dense(rows, cols, data);
}
