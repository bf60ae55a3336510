import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { type ElementWriter, safe, type WriteNumbers } from "./elements-write.ts";

type Json = Readonly<Record<string, unknown>>;

/** A zarr store being written: attributes may be any JSON, and files that are no arrays may lie in it. */
export interface ZarrWriter extends ElementWriter {
  readonly group: (path: string, attributes?: Json) => void;
  readonly file: (path: string, bytes: Uint8Array) => void;
}

/** Bytes of a chunk before packing. */
const CHUNK = 2_097_152;
/** Texts of a chunk. */
const TEXTS = 65_536;
/** How numcodecs calls the packing; every runtime and zarr library has it. */
const GZIP = { id: "gzip", level: 1 } as const;
const DTYPES = {
  Float64Array: "<f8",
  Float32Array: "<f4",
  Int32Array: "<i4",
  Int16Array: "<i2",
  Int8Array: "|i1",
  Uint8Array: "|u1",
  BigInt64Array: "<i8",
} as const;

/** A chunk that is packed when the store is finished. */
interface Chunk {
  readonly key: string;
  readonly bytes: () => Uint8Array;
}

/**
 * Makes a zarr store of version 2, the one that every zarr library reads, as files by relative name; its description is
 * consolidated. Equal content is equal bytes, whatever the runtime.
 */
export async function createZarr(
  build: (writer: ZarrWriter) => void | Promise<void>,
  run: RunOptions,
): Promise<Map<string, Uint8Array>> {
  const { gzipSync } = await import("fflate");
  const documents = new Map<string, Json>();
  const files = new Map<string, Uint8Array>();
  const chunks: Chunk[] = [];
  await build(writer(documents, files, chunks));
  for (const [key, document] of documents) files.set(key, json(document));
  for (const [k, { key, bytes }] of chunks.entries()) {
    checkAborted(run.signal);
    files.set(key, gzipSync(bytes(), { level: GZIP.level, mtime: 0 }));
    run.onProgress?.({ step: "pack", fraction: (k + 1) / chunks.length });
    await breathe();
  }
  files.set(".zmetadata", json({ zarr_consolidated_format: 1, metadata: Object.fromEntries(documents) }));
  return files;
}

function json(document: Json): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document, null, 2));
}

function writer(documents: Map<string, Json>, files: Map<string, Uint8Array>, chunks: Chunk[]): ZarrWriter {
  const inside = (path: string, name: string): string => (path === "" ? name : `${path}/${name}`);
  const describe = (path: string, kind: ".zgroup" | ".zarray", document: Json, attributes?: Json): void => {
    if (documents.has(inside(path, ".zgroup")) || documents.has(inside(path, ".zarray")))
      throw new SpatialError("output", `"${path}" stands twice in the store.`, { subject: path });
    documents.set(inside(path, kind), { zarr_format: 2, ...document });
    if (attributes !== undefined) documents.set(inside(path, ".zattrs"), plain(attributes));
  };
  const array = (
    path: string,
    dtype: string,
    shape: readonly number[],
    chunk: readonly number[],
    fill: unknown,
    attributes?: Json,
  ): void =>
    describe(
      path,
      ".zarray",
      {
        shape,
        chunks: chunk,
        dtype,
        compressor: GZIP,
        fill_value: fill,
        order: "C",
        filters: dtype === "|O" ? [{ id: "vlen-utf8" }] : null,
        dimension_separator: "/",
      },
      attributes,
    );
  /** Rows of an array in chunks of whole rows; the last is filled up. */
  const stored = (
    path: string,
    data: WriteNumbers,
    dtype: string,
    fill: unknown,
    attributes: Json | undefined,
    shape: readonly number[],
  ): void => {
    const width = shape.slice(1).reduce((a, b) => a * b, 1);
    const most = Math.max(1, Math.floor(CHUNK / Math.max(1, width * data.BYTES_PER_ELEMENT)));
    const rows = Math.max(1, Math.min(shape[0] ?? 1, most));
    const chunk = shape.map((size, axis) => (axis === 0 ? rows : Math.max(1, size)));
    array(path, dtype, shape, chunk, fill, attributes);
    const size = rows * width;
    for (let k = 0; k * size < data.length; k++) {
      const key = shape.length === 0 ? "0" : [k, ...shape.slice(1).map(() => 0)].join("/");
      chunks.push({ key: `${path}/${key}`, bytes: () => padded(data, k * size, size) });
    }
  };
  const strings = (
    path: string,
    data: readonly string[],
    shape: readonly number[],
    attributes?: Json,
  ): void => {
    const rows = Math.max(1, Math.min(data.length, TEXTS));
    array(
      path,
      "|O",
      shape,
      shape.map(() => rows),
      "",
      attributes,
    );
    for (let k = 0; k * rows < data.length; k++)
      chunks.push({ key: `${path}/${k}`, bytes: () => texts(data.slice(k * rows, (k + 1) * rows), rows) });
  };
  return {
    group: (path, attributes) => describe(path, ".zgroup", {}, attributes),
    numbers: (path, data, attributes, shape = [data.length]) => {
      const dtype = DTYPES[data[Symbol.toStringTag]];
      stored(path, data, dtype, 0, attributes, shape);
    },
    booleans: (path, data, attributes, shape = [data.length]) =>
      stored(path, data, "|b1", false, attributes, shape),
    strings: (path, data, attributes) => strings(path, data, [data.length], attributes),
    name: safe,
    text: (path, value, attributes) => strings(path, [value], [], attributes),
    file: (path, bytes) => void files.set(path, bytes),
  };
}

/** Attributes as JSON has them. */
function plain(attributes: Json): Json {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, v]) => [
      key,
      v instanceof BigInt64Array ? Array.from(v, Number) : v,
    ]),
  );
}

function padded(data: WriteNumbers, start: number, size: number): Uint8Array {
  const part = data.subarray(start, start + size);
  const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  if (part.length === size) return bytes;
  const whole = new Uint8Array(size * data.BYTES_PER_ELEMENT);
  whole.set(bytes);
  return whole;
}

/** Texts as the codec vlen-utf8 has them: how many, then of each its length and its bytes. */
function texts(values: readonly string[], count: number): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = values.map((v) => encoder.encode(v));
  const length = encoded.reduce((sum, bytes) => sum + 4 + bytes.length, 4 + 4 * (count - values.length));
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  view.setUint32(0, count, true);
  let at = 4;
  for (const bytes of encoded) {
    view.setUint32(at, bytes.length, true);
    out.set(bytes, at + 4);
    at += 4 + bytes.length;
  }
  return out;
}
