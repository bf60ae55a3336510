import type * as Zarrita from "zarrita";
import { SpatialError } from "../core/errors.ts";
import type { Raster, SampleType } from "../model/image.ts";
import type { Elements } from "./elements.ts";
import type { H5Attribute, H5Info } from "./hdf5.ts";
import { narrow, wholeNumbers } from "./hdf5-values.ts";
import { SAMPLE_TYPES } from "./pyramid.ts";
import type { Source } from "./source.ts";
import { checkPiece, checkRoom, packings } from "./zarr-guard.ts";
import { zstdCodec } from "./zstd.ts";

type Json = Readonly<Record<string, unknown>>;

/** A zarr store (version 2 or 3) as a tree of elements, plus its attributes as they stand. */
export interface ZarrTree extends Elements {
  readonly json: (path: string) => Json;
  /** What an array of pixels holds; null for other kinds of numbers. */
  readonly samples: (path: string) => SampleType | null;
  /** A part of each axis of an array of pixels, the last axis fastest; only chunks that it touches are read. */
  readonly pixels: (path: string, parts: readonly Interval[]) => Promise<Raster["data"]>;
}

/** From a first index to one past the last. */
type Interval = readonly [first: number, last: number];

/** Metadata files of both versions; what else lies in a store are chunks (or, in SpatialData, parquet). */
const METADATA = /(^|\/)(zarr\.json|\.zgroup|\.zarray|\.zattrs|\.zmetadata|zmetadata)$/;
/** Values read at once at most; a store can claim any shape. */
const MOST = 200_000_000;

/** The outermost folders of a source that are zarr stores, "" or ending in "/". */
export function findZarr(source: Source): string[] {
  const folders = source.names.filter((n) => METADATA.test(n)).map((n) => n.slice(0, n.lastIndexOf("/") + 1));
  const roots = new Set<string>();
  for (const folder of [...new Set(folders)].sort())
    if (![...roots].some((root) => folder.startsWith(root))) roots.add(folder);
  return [...roots];
}

interface Node {
  readonly attributes: Json;
  /** The description of an array; null for a group. */
  readonly array: Json | null;
}

/**
 * Opens a zarr store in a folder of a source. Its description is read at once, from the consolidated file where there
 * is one (`.zmetadata`, `zmetadata` or inside zarr.json) and from single ones besides; chunks are read when
 * asked for.
 */
export async function openZarr(source: Source, root: string): Promise<ZarrTree> {
  const zarr = await import("zarrita");
  for (const codec of ["zstd", "numcodecs.zstd"]) zarr.registry.set(codec, async () => zstdCodec);
  const name = (root === "" ? source.label : root).replace(/\/+$/, "").replace(/^.*\//, "");
  const documents = await readDocuments(source, root);
  const nodes = toNodes(documents);
  const children = toChildren(nodes);
  /** Whose piece a file is. */
  const arrayOf = (path: string): string => {
    let folder = path;
    do folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")));
    while (folder !== "" && !nodes.get(folder)?.array);
    return folder;
  };
  const listed = listPieces(source, root, arrayOf);
  const isListed = [...listed.keys()].some((array) => nodes.get(array)?.array);
  /** A piece of an array, or nothing where it is not stored. */
  const piece = async (
    path: string,
    get: (file: string) => Promise<Uint8Array>,
  ): Promise<Uint8Array | undefined> => {
    const array = arrayOf(path);
    if (listed.get(array)?.has(root + path) === false) return undefined;
    const bytes = await orMissing(() => get(root + path));
    if (bytes !== undefined) checkPiece(nodes.get(array)?.array ?? null, bytes, root + path);
    return bytes;
  };
  const store = {
    get: async (key: `/${string}`): Promise<Uint8Array | undefined> => {
      const path = key.slice(1);
      const document = documents.get(path);
      if (document !== undefined) return new TextEncoder().encode(JSON.stringify(document));
      return METADATA.test(path) ? undefined : piece(path, (file) => source.bytes(file));
    },
    getRange: (key: `/${string}`, range: Range): Promise<Uint8Array | undefined> =>
      piece(key.slice(1), async (file) => {
        await source.probe?.(file);
        const size = source.size(file);
        const start = "offset" in range ? range.offset : Math.max(0, size - range.suffixLength);
        return source.slice(file, start, "offset" in range ? start + range.length : size);
      }),
  };
  const fail = (path: string, what: string, cause?: unknown): SpatialError =>
    new SpatialError("format", `"${path}" of ${name} ${what}.`, {
      subject: name,
      hint: "The store is incomplete or damaged: copy or write it again.",
      cause,
    });

  const whole = zarr.defineArrayExtension((array) => ({
    async getChunk(...at) {
      const chunk = await array.getChunk(...at);
      if ((chunk.data as ArrayLike<unknown>).length !== chunk.shape.reduce((a, b) => a * b, 1))
        throw new RangeError("a chunk of another size");
      return chunk;
    },
  }));
  const room = (path: string, shape: readonly number[], chunks: readonly number[]): void => {
    try {
      checkRoom(source, listed.get(path) ?? (isListed ? new Set() : undefined), shape, chunks);
    } catch (cause) {
      throw fail(path, (cause as Error).message, cause);
    }
  };
  const open = async (path: string): Promise<Zarrita.Array<Zarrita.DataType>> => {
    const described = nodes.get(path)?.array ?? null;
    if (described === null) throw fail(path, "must be an array, but it is not");
    // Of several that it does not know the library reports one in a way that nobody can catch.
    for (const packing of packings(described)) {
      if (packing === null) throw fail(path, "must name what it is packed with, but does not");
      if (
        packing !== "sharding_indexed" &&
        !zarr.registry.has(packing) &&
        !zarr.registry.has(`numcodecs.${packing}`)
      )
        throw new zarr.UnknownCodecError(packing);
    }
    // The array is the root of a store of its own: a name such as "100%" is no part of an address there.
    const at = zarr.root({
      get: (key: `/${string}`) => store.get(`/${path}${key}`),
      getRange: (key: `/${string}`, range: Range) => store.getRange(`/${path}${key}`, range),
    });
    return whole(
      documents.has(`${path}/zarr.json`)
        ? await zarr.open.v3(at, { kind: "array" })
        : await zarr.open.v2(at, { kind: "array" }),
    );
  };
  /** Values of an array, or of a part of each of its axes. */
  const read = async (path: string, parts: readonly Interval[] = []): Promise<ArrayLike<unknown>> => {
    try {
      const array = await open(path);
      const { shape } = array;
      room(path, shape, array.chunks);
      if (shape.length === 0) return (await array.getChunk([])).data as ArrayLike<unknown>;
      const ranges = shape.map((size, axis) => {
        const [first, last] = parts[axis] ?? [0, size];
        return [first, Math.max(first, Math.min(last, size))] as const;
      });
      const length = ranges.reduce((all, [first, last]) => all * (last - first), 1);
      if (length === 0) return [];
      if (length > MOST) {
        throw new SpatialError(
          "memory",
          `"${path}" of ${name} has ${length} values, more than can be read at once.`,
          { subject: name, hint: "Write the table as h5ad and read it in blocks with openMatrix." },
        );
      }
      const part = await zarr.get(
        array,
        ranges.map(([first, last]) => zarr.slice(first, last)),
      );
      return rowMajor(part as Part);
    } catch (cause) {
      if (cause instanceof SpatialError) throw cause;
      if (zarr.isZarritaError(cause, "UnknownCodecError", "UnsupportedError")) {
        throw new SpatialError(
          "unsupported",
          `"${path}" of ${name} cannot be unpacked here: ${cause.message}.`,
          { subject: name, hint: "Write the store again with the usual compressors.", cause },
        );
      }
      throw fail(path, "cannot be read", cause);
    }
  };
  const numbers = async (path: string, start?: number, end?: number): Promise<Numbers> =>
    toNumbers(await read(path, [[start ?? 0, end ?? Infinity]]), path, name, (what) => fail(path, what));
  const dtypeOf = (path: string): unknown => {
    const array = nodes.get(path)?.array ?? null;
    if (array === null) throw fail(path, "must be an array, but it is not");
    return array["data_type"] ?? array["dtype"];
  };
  const info = (path: string): H5Info => {
    const array = nodes.get(path)?.array ?? {};
    const type = typeOf(dtypeOf(path));
    const shape = Array.isArray(array["shape"]) ? array["shape"].map(Number) : null;
    if (shape !== null) room(path, shape, []);
    return {
      type,
      shape,
      length: shape === null ? 0 : shape.reduce((a, b) => a * b, 1),
    };
  };
  return {
    name,
    json: (path) => nodes.get(path)?.attributes ?? {},
    has: (path) => nodes.has(path),
    isGroup: (path) => nodes.get(path)?.array === null,
    keys: (path) => children.get(path) ?? [],
    attribute: (path, key) => (nodes.get(path)?.attributes[key] ?? null) as H5Attribute,
    info,
    whole: info,
    numbers,
    floats: async (path, start, end) => {
      const values = await numbers(path, start, end);
      return values instanceof Float32Array ? values : new Float32Array(values);
    },
    offsets: async (path, start, end) => {
      return wholeNumbers(await numbers(path, start, end), path, name);
    },
    strings: async (path) => {
      if (info(path).type !== "string") throw fail(path, "must hold text, but it does not");
      return Array.from(await read(path), (v) => (typeof v === "string" ? v : ""));
    },
    records: () => ({}),
    samples: (path) => sampleType(dtypeOf(path)),
    pixels: async (path, parts) => {
      const values = await read(path, parts);
      if (values instanceof BigInt64Array || values instanceof BigUint64Array || !ArrayBuffer.isView(values))
        return Float64Array.from(toNumbers(values, path, name, (what) => fail(path, what)));
      return values as Raster["data"];
    },
  };
}

type Range = { readonly offset: number; readonly length: number } | { readonly suffixLength: number };

/** The files of each array that are listed; of a store on disk or at an address only descriptions are. */
function listPieces(
  source: Source,
  root: string,
  arrayOf: (path: string) => string,
): Map<string, Set<string>> {
  const listed = new Map<string, Set<string>>();
  for (const name of source.names) {
    if (!name.startsWith(root) || METADATA.test(name)) continue;
    const array = arrayOf(name.slice(root.length));
    const files = listed.get(array) ?? new Set();
    listed.set(array, files.add(name));
  }
  return listed;
}

/** A chunk that is not there holds the fill value. */
async function orMissing(read: () => Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SpatialError && error.code === "not-found") return undefined;
    throw error;
  }
}

/** The paths that a consolidated document of either version describes. */
export function consolidated(bytes: Uint8Array, name: string): string[] {
  const document = parseJson(bytes, name);
  return Object.keys(object(document["metadata"] ?? object(document["consolidated_metadata"])["metadata"]));
}

/** Every metadata document by its name below the root. */
async function readDocuments(source: Source, root: string): Promise<Map<string, Json>> {
  const documents = new Map<string, Json>();
  const listed = source.names.filter((n) => n.startsWith(root) && METADATA.test(n));
  const isConsolidated = (n: string): boolean => /zmetadata$/.test(n) || n === `${root}zarr.json`;
  for (const file of [...listed.filter(isConsolidated), ...listed.filter((n) => !isConsolidated(n))]) {
    const path = file.slice(root.length);
    if (documents.has(path)) continue;
    const document = parseJson(await source.bytes(file), file);
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    if (/zmetadata$/.test(path)) {
      for (const [key, value] of Object.entries(object(document["metadata"])))
        if (!documents.has(folder + key)) documents.set(folder + key, object(value));
      continue;
    }
    const { consolidated_metadata: inside, ...own } = document;
    documents.set(path, own);
    for (const [key, value] of Object.entries(object(object(inside)["metadata"]))) {
      const { consolidated_metadata: _, ...rest } = object(value);
      if (!documents.has(`${folder}${key}/zarr.json`)) documents.set(`${folder}${key}/zarr.json`, rest);
    }
  }
  return documents;
}

function parseJson(bytes: Uint8Array, subject: string): Json {
  try {
    return object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new SpatialError("format", `${subject} must be JSON, but it is not.`, { subject, cause });
  }
}

/** The value if it is a JSON object, else {}. */
export function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function toNodes(documents: ReadonlyMap<string, Json>): Map<string, Node> {
  const nodes = new Map<string, Node>([["", { attributes: {}, array: null }]]);
  for (const [key, document] of documents) {
    const cut = key.lastIndexOf("/");
    const path = key.slice(0, Math.max(0, cut));
    for (let up = path; up !== ""; up = up.slice(0, Math.max(0, up.lastIndexOf("/"))))
      if (!nodes.has(up)) nodes.set(up, { attributes: {}, array: null });
    const file = key.slice(cut + 1);
    const { attributes, array } = nodes.get(path) ?? { attributes: {}, array: null };
    if (file === ".zattrs") nodes.set(path, { attributes: document, array });
    else if (file === ".zarray") nodes.set(path, { attributes, array: document });
    else if (file === "zarr.json") {
      const isArray = document["node_type"] === "array";
      nodes.set(path, { attributes: object(document["attributes"]), array: isArray ? document : null });
    }
  }
  return nodes;
}

function toChildren(nodes: ReadonlyMap<string, Node>): Map<string, string[]> {
  const children = new Map<string, string[]>();
  for (const path of [...nodes.keys()].sort()) {
    if (path === "") continue;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    const list = children.get(parent) ?? [];
    list.push(path.slice(path.lastIndexOf("/") + 1));
    children.set(parent, list);
  }
  return children;
}

function typeOf(dtype: unknown): H5Info["type"] {
  const text = String(dtype);
  if (/^(u?int\d+|[<>|][iu]\d)/.test(text)) return "integer";
  if (/^(float\d+|[<>|]f\d)/.test(text)) return "float";
  if (/^(bool|\|b1)/.test(text)) return "boolean";
  return /^(string|\|O|[<>|][US]\d)/.test(text) ? "string" : "other";
}

/** 64-bit whole numbers and truth values are handed out in types that pixels have. */
function sampleType(dtype: unknown): SampleType | null {
  const text = String(dtype);
  const [, kind, bytes] = /^[<>|]([iuf])([1248])$/.exec(text) ?? [];
  const type = kind === undefined ? text : `${{ i: "int", u: "uint", f: "float" }[kind]}${8 * Number(bytes)}`;
  if (type === "int64" || type === "uint64") return "float64";
  const known: readonly string[] = SAMPLE_TYPES;
  return known.includes(type) ? (type as SampleType) : null;
}

interface Part {
  readonly data: ArrayLike<unknown>;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/** Values with the last axis fastest, whatever order the store keeps. */
function rowMajor({ data, shape, stride }: Part): ArrayLike<unknown> {
  const rank = shape.length;
  let want = 1;
  let isPlain = true;
  for (let axis = rank - 1; axis >= 0; axis--) {
    isPlain &&= shape[axis] === 1 || stride[axis] === want;
    want *= shape[axis];
  }
  if (isPlain) return data;
  const values = data as Float64Array;
  const out = Array.isArray(data)
    ? new Array<number>(want)
    : new (values.constructor as Float64ArrayConstructor)(want);
  const at = shape.map(() => 0);
  for (let k = 0, from = 0; k < want; k++) {
    out[k] = values[from];
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += stride[axis];
      if (++at[axis] < shape[axis]) break;
      from -= shape[axis] * stride[axis];
      at[axis] = 0;
    }
  }
  return out;
}

type Numbers = Float64Array | Float32Array | Int32Array;

/** 8- and 16-bit and truth values as 32-bit, 64-bit ones as floats where they do not fit. */
function toNumbers(
  values: ArrayLike<unknown>,
  path: string,
  name: string,
  fail: (what: string) => SpatialError,
): Numbers {
  if (values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array)
    return values;
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    return narrow(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), path, name);
  if (values instanceof Uint32Array) return Float64Array.from(values);
  if (ArrayBuffer.isView(values))
    return (values as Uint8Array).constructor.name.startsWith("Float")
      ? Float32Array.from(values as Uint8Array)
      : Int32Array.from(values as Uint8Array);
  const list = Array.from(values);
  if (!list.every((v) => typeof v === "boolean")) throw fail("must hold numbers, but it does not");
  return Int32Array.from(list, Number);
}
