import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { type Sparse, sparse } from "../../src/model/index.ts";

export type NpyData =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | BigInt64Array;
export interface Npy {
  readonly shape: readonly number[];
  readonly data: NpyData;
}

const types: Record<string, new (buffer: ArrayBuffer) => NpyData> = {
  "<f4": Float32Array,
  "<f8": Float64Array,
  "<i4": Int32Array,
  "<u4": Uint32Array,
  "|u1": Uint8Array,
  "|b1": Uint8Array,
  "|i1": Int8Array,
  "<i2": Int16Array,
  "<i8": BigInt64Array,
};

/** Reads a NumPy .npz archive (row-major arrays). */
export function readNpz(path: string): Record<string, Npy> {
  const bytes = readFileSync(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (view.getUint32(end, true) !== 0x06054b50) end--;
  let at = view.getUint32(end + 16, true);
  const arrays: Record<string, Npy> = {};
  for (let k = view.getUint16(end + 10, true); k > 0; k--) {
    const method = view.getUint16(at + 10, true);
    const packed = view.getUint32(at + 20, true);
    const nameLength = view.getUint16(at + 28, true);
    const local = view.getUint32(at + 42, true);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const raw = bytes.subarray(start, start + packed);
    arrays[name.replace(/\.npy$/, "")] = readNpy(method === 0 ? raw : inflateRawSync(raw));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return arrays;
}

function readNpy(bytes: Uint8Array): Npy {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] >= 2;
  const headerLength = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + headerLength;
  const header = new TextDecoder().decode(bytes.subarray(wide ? 12 : 10, start));
  const descr = /'descr': '([^']+)'/.exec(header)?.[1] ?? "";
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").filter((s) => s.trim() !== "");
  const columnMajor = header.includes("'fortran_order': True") && shape.length > 1;
  if (columnMajor && shape.length > 2) throw new Error("column-major array of more than 2 dimensions");
  const make = types[descr];
  if (make === undefined) throw new Error(`type ${descr} not read`);
  const data = new make(Uint8Array.prototype.slice.call(bytes, start).buffer);
  if (columnMajor) {
    const [rows, cols] = shape.map(Number);
    const stored = data.slice();
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) data[i * cols + j] = stored[j * rows + i];
  }
  return { shape: shape.map(Number), data };
}

/** A sparse matrix stored as `<key>__data`, `__indices`, `__indptr`, `__shape`. */
export function readCsr(npz: Record<string, Npy>, key: string): Sparse {
  const part = (name: string): Npy => npz[`${key}__${name}`];
  const [rows, cols] = Array.from(part("shape").data, Number);
  return sparse(
    rows,
    cols,
    Uint32Array.from(part("indptr").data as Int32Array),
    Uint32Array.from(part("indices").data as Int32Array),
    Float32Array.from(part("data").data as Float64Array),
  );
}
