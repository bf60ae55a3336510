import type * as Zarrita from "zarrita";
import { SpatialError } from "../core/errors.ts";
import type { Raster, SampleType } from "../model/image.ts";
import type { Elements } from "./elements.ts";
import type { H5Attribute, H5Info } from "./hdf5.ts";
import { wholeNumbers } from "./hdf5-values.ts";
import type { Source } from "./source.ts";
import { type Json, METADATA, readDocuments, toChildren, toNodes } from "./zarr-documents.ts";
import { checkPiece, checkRoom, packings } from "./zarr-guard.ts";
import { type Numbers, type Part, rowMajor, sampleType, toNumbers, typeOf } from "./zarr-values.ts";
import { zstdCodec } from "./zstd.ts";

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

/** Values read at once at most; a store can claim any shape. */
const MOST = 200_000_000;

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
