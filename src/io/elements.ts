import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { breathe, checkAborted } from "../core/progress.ts";
import { type Dense, dense, type Sparse, transpose } from "../model/matrix.ts";
import { type Column, categorical, ids, type Table, table } from "../model/table.ts";
import { checkFinite, soundRows } from "./assemble.ts";
import type { H5File } from "./hdf5.ts";
import type { Draft } from "./report.ts";
import { readLong } from "./tenx.ts";

/** The encoding of an anndata element, e.g. "csr_matrix"; "" where none is stated. */
export function encoding(file: H5File, path: string): string {
  return String(file.attribute(path, "encoding-type") ?? file.attribute(path, "h5sparse_format") ?? "");
}

/** Is this an h5ad by content? */
export function isAnndata(file: H5File): boolean {
  return encoding(file, "") === "anndata" || (file.has("obs") && file.has("var") && file.has("X"));
}

/** Reads an anndata dataframe (obs, var); columns of unknown encodings are reported and left out. */
export function readFrame(file: H5File, path: string, report: Draft): Table {
  if (!file.isGroup(path)) {
    throw new SpatialError(
      "format",
      `${file.name}: "${path}" must be a group of columns, but it is one old table.`,
      {
        subject: file.name,
        hint: "Open the file with anndata 0.8 or later and write it again.",
      },
    );
  }
  const index = String(file.attribute(path, "_index") ?? "_index");
  const names = readTexts(file, `${path}/${index}`);
  const columns: Record<string, Column> = {};
  const order = file.attribute(path, "column-order");
  const keys = Array.isArray(order) && order.length > 0 ? order.map(String) : file.keys(path);
  for (const key of keys) {
    if (key === index || key === "__categories") continue;
    const column = readColumn(file, `${path}/${key}`, `${path}/__categories/${key}`);
    if (column === null)
      report.dropped.push({ what: `${path} column "${key}"`, count: 1, why: "its encoding is not read" });
    else columns[key] = column;
  }
  return table(ids(names), columns);
}

/** Texts, plain or (since anndata 0.13) with a mask; missing ones are empty, numbers become texts. */
function readTexts(file: H5File, path: string): string[] {
  if (file.isGroup(path)) {
    const mask = file.numbers(`${path}/mask`);
    return file.strings(`${path}/values`).map((v, i) => (mask[i] !== 0 ? "" : v));
  }
  const { type } = file.info(path);
  if (type === "string") return file.strings(path);
  const values = Array.from(file.numbers(path));
  return type === "boolean" ? values.map((v) => (v === 0 ? "False" : "True")) : values.map(String);
}

function readColumn(file: H5File, path: string, oldCategories: string): Column | null {
  if (!file.has(path)) return null;
  const kind = encoding(file, path);
  if (kind === "categorical") {
    return categorical(Int32Array.from(file.numbers(`${path}/codes`)), readTexts(file, `${path}/categories`));
  }
  if (kind === "nullable-integer" || kind === "nullable-boolean") {
    const values = Float64Array.from(file.numbers(`${path}/values`));
    const mask = file.numbers(`${path}/mask`);
    for (let i = 0; i < values.length; i++) if (mask[i] !== 0) values[i] = NaN;
    return values;
  }
  if (kind === "nullable-string-array") return readTexts(file, path);
  if (file.isGroup(path)) return null;
  const info = file.info(path);
  if (info.shape?.length !== 1) return null;
  if (info.type === "string") return file.strings(path);
  if (info.type === "boolean") return Uint8Array.from(file.numbers(path));
  if (info.type === "other") return null;
  const values = file.numbers(path);
  if (file.has(oldCategories)) return categorical(Int32Array.from(values), readTexts(file, oldCategories));
  return values instanceof Int32Array ? values : Float64Array.from(values);
}

/** Reads an n x p matrix: compressed rows or columns, or dense; checked and sorted. */
export async function readMatrix(
  file: H5File,
  path: string,
  report: Draft,
  run: RunOptions,
): Promise<Sparse | Dense> {
  const subject = `"${path}" of ${file.name}`;
  if (!file.isGroup(path)) {
    const info = file.info(path);
    if (info.shape?.length !== 2 || info.type === "string" || info.type === "other") {
      throw new SpatialError("format", `${subject} must be a matrix, but it is not.`, { subject: file.name });
    }
    return readDense(file, path, info.shape[0], info.shape[1], run);
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
  const [rows, cols] = shape.map(Number);
  const byRow = kind.startsWith("csr");
  const indptr = file.offsets(`${path}/indptr`);
  const indices = await readLong(file, `${path}/indices`, "offsets", run);
  const data = await readLong(file, `${path}/data`, "floats", run);
  const stored = soundRows(subject, byRow ? rows : cols, byRow ? cols : rows, indptr, indices, data, report);
  return byRow ? stored : transpose(stored);
}

async function readDense(
  file: H5File,
  path: string,
  rows: number,
  cols: number,
  run: RunOptions,
): Promise<Dense> {
  if (rows * cols * 4 > 4_000_000_000) {
    throw new SpatialError(
      "memory",
      `"${path}" of ${file.name} is a full ${rows} x ${cols} matrix of ${((rows * cols * 4) / 1e9).toFixed(1)} GB.`,
      { subject: file.name, hint: "Store it as a sparse matrix (scipy.sparse.csr_matrix)." },
    );
  }
  const data = new Float32Array(rows * cols);
  const step = Math.max(1, Math.floor(4_194_304 / Math.max(1, cols)));
  for (let start = 0; start < rows; start += step) {
    checkAborted(run.signal);
    data.set(file.floats(path, start, Math.min(rows, start + step)), start * cols);
    run.onProgress?.({ step: "read", fraction: Math.min(1, (start + step) / rows) });
    await breathe();
  }
  checkFinite(`"${path}" of ${file.name}`, data);
  return dense(rows, cols, data);
}
