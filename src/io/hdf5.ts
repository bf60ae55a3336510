import type * as H5wasm from "h5wasm";
import { SpatialError } from "../core/errors.ts";
import { isSafe } from "./hdf5-guard.ts";
import { EIO, libraryAge, loadHdf5, type Module, shielded, type VirtualFiles } from "./hdf5-module.ts";
import {
  attributeValues,
  fixedStrings,
  isTruth,
  lowHalves,
  memberOf,
  type Typed,
  variableStrings,
  numbersAt,
  wholeNumbers,
  withRoom,
} from "./hdf5-values.ts";
import { type Source, syncBytes, type SyncFile } from "./source.ts";

/** What a dataset holds, as far as the readers care. */
export interface H5Info {
  readonly type: "integer" | "float" | "string" | "boolean" | "other";
  /** null for an empty dataspace */
  readonly shape: readonly number[] | null;
  readonly length: number;
}

export type H5Attribute =
  string | number | boolean | readonly string[] | readonly number[] | readonly boolean[] | null;

/** An open HDF5 file; paths are absolute without the first "/". Valid until the work it was opened for ends. */
export interface H5File {
  readonly name: string;
  readonly has: (path: string) => boolean;
  readonly isGroup: (path: string) => boolean;
  readonly keys: (path: string) => string[];
  readonly attribute: (path: string, name: string) => H5Attribute;
  readonly attributes: (path: string) => string[];
  readonly info: (path: string) => H5Info;
  /** The same of what is about to be read whole: refused where it holds more values than the file can. */
  readonly whole: (path: string) => H5Info;
  /** Rows [start, end) of a dataset (all without them), row-major; 64-bit integers are checked below 2^53. */
  readonly numbers: (path: string, start?: number, end?: number) => Float64Array | Float32Array | Int32Array;
  /** The same as whole numbers in [0, 2^32), whatever type they are stored as. */
  readonly offsets: (path: string, start?: number, end?: number) => Uint32Array;
  /** The same as 32-bit floats. */
  readonly floats: (path: string, start?: number, end?: number) => Float32Array;
  readonly strings: (path: string) => string[];
  /** The columns of a table of compound rows, rows [start, end); {} where it is none. Others than numbers and texts are left out. */
  readonly records: (path: string, start?: number, end?: number) => Records;
  /** Names of the filters that a dataset is packed with. */
  readonly filters: (path: string) => string[];
}

/** The columns of a table of compound rows. A member of several numbers has that many values per row. */
export type Records = Readonly<
  Record<string, Float64Array | Float32Array | Int32Array | Uint8Array | readonly string[]>
>;

let count = 0;

/** Opens a file of a source, does the work and closes it, whatever happens. */
export async function withHdf5<T>(
  source: Source,
  name: string,
  work: (file: H5File) => T | Promise<T>,
): Promise<T> {
  const { file, close } = await openHdf5(source, name);
  try {
    return await work(file);
  } finally {
    close();
  }
}

/** Bytes of the largest file that is read whole: 512 MB on a browser's page, where more would freeze it. */
const LARGEST = "document" in globalThis ? 536_870_912 : 2_000_000_000;

/**
 * Opens a file of a source; the caller closes it. A file on disk, and in a browser's Worker a blob, is read where it lies,
 * others are in memory.
 */
export async function openHdf5(source: Source, name: string): Promise<{ file: H5File; close: () => void }> {
  const h5 = await loadHdf5();
  const files = h5.Module.FS as unknown as VirtualFiles;
  const virtual = `read-${count++}.h5`;
  const opened = source.open(name);
  if (opened === null && source.size(name) > LARGEST)
    throw new SpatialError(
      "memory",
      `${name} has ${source.size(name)} bytes, too many to be read whole here.`,
      {
        subject: name,
        hint: "Read it in a Worker, where parts of a file can be read, or in Node from disk.",
      },
    );
  const direct = opened ?? syncBytes(await source.bytes(name));
  const reading = { pointers: false };
  mountDirect(files, virtual, direct, reading);
  const age = libraryAge();
  const called: Call = (what, work, room = 0) => {
    if (libraryAge() !== age) throw lost(name);
    try {
      return shielded(h5.Module, ROOM + 4 * direct.size + 2 * room, work);
    } catch (cause) {
      if (cause instanceof SpatialError) throw cause;
      throw damaged(name, what, cause);
    }
  };
  let file: H5wasm.File | null = null;
  const close = (): void => {
    try {
      if (libraryAge() === age) called("it cannot be closed", () => file?.close());
    } finally {
      direct.close();
      files.unlink(virtual);
    }
  };
  try {
    file = called("it cannot be opened", () => new h5.File(virtual, "r"));
  } catch (cause) {
    close();
    throw cause;
  }
  return { file: reader(h5.Module, file.file_id, name, direct.size, reading, called), close };
}

/** Calls into the library, which may take that much room for what is asked. */
type Call = <T>(what: string, work: () => T, room?: number) => T;

/** Bytes that the library may take for itself. */
const ROOM = 268_435_456;

/** Shows a file to the library without copying it into its memory; parts it cannot stand are not given to it. */
function mountDirect(
  files: VirtualFiles,
  virtual: string,
  direct: SyncFile,
  reading: { readonly pointers: boolean },
): void {
  const node = files.createFile("/", virtual, {}, true, false);
  node.usedBytes = direct.size;
  const read = (_: unknown, heap: Uint8Array, offset: number, length: number, position: number): number => {
    const part = new Uint8Array(heap.buffer, heap.byteOffset + offset, length);
    const found = direct.read(part, position);
    if (!isSafe(direct, part.subarray(0, found), position, reading.pointers)) throw new files.ErrnoError(EIO);
    return found;
  };
  node.stream_ops = { ...node.stream_ops, read };
}

function lost(name: string): SpatialError {
  return new SpatialError("format", `${name} was closed, because another HDF5 file is damaged.`, {
    subject: name,
    hint: "Open it again.",
  });
}

function damaged(name: string, what: string, cause: unknown): SpatialError {
  const text = String((cause as Error)?.message ?? cause);
  const filter = /required filter '([^']*)'/.exec(text)?.[1];
  if (filter !== undefined) {
    return new SpatialError(
      "unsupported",
      `${name} is packed with "${filter}", which cannot be unpacked here.`,
      {
        subject: name,
        hint: "Write the file again with gzip or no compression.",
        cause,
      },
    );
  }
  const truncated = /truncated/.test(text);
  return new SpatialError(
    "format",
    `${name} must be a whole HDF5 file, but ${truncated ? "it is truncated" : what}.`,
    { subject: name, hint: "The file is incomplete or damaged: copy or download it again.", cause },
  );
}

/** Values take at most this much more room than the file that holds them: deflate packs no better. */
const RATIO = 1040;
const SMALL = 67_108_864;
/** The most that is read at once. */
const MOST = 1_900_000_000;

function reader(
  module: Module,
  id: bigint,
  name: string,
  size: number,
  reading: { pointers: boolean },
  called: Call,
): H5File {
  const missing = (path: string): SpatialError =>
    new SpatialError("format", `${name} must hold "${path}", but it does not.`, { subject: name });
  const guarded = <T>(path: string, work: () => T, room?: number): T =>
    called(`"${path}" cannot be read`, work, room);
  const kind = (path: string): number => guarded(path, () => module.get_type(id, `/${path}`));
  const dataset = (path: string): H5wasm.Metadata => {
    if (kind(path) !== module.H5G_DATASET) throw missing(path);
    return guarded(path, () => module.get_dataset_metadata(id, `/${path}`));
  };
  const checkRoom = (path: string, values: number, width: number): void => {
    if (values * width <= SMALL + RATIO * size) return;
    throw new SpatialError(
      "format",
      `"${path}" of ${name} says to hold ${values} values, more than the ${size} bytes of the file can.`,
      { subject: name, hint: "The file is damaged: copy or download it again." },
    );
  };
  const info = (path: string): H5Info => {
    const meta = dataset(path);
    const types = { 0: "integer", 1: "float", 3: "string" } as const;
    return {
      type: isTruth(meta) ? "boolean" : (types[meta.type as 0] ?? "other"),
      shape: meta.shape,
      length: meta.shape === null ? 0 : meta.total_size,
    };
  };

  /** Works on the stored values of rows [start, end) where the library unpacked them: what is to stay must be copied. */
  const read = <T>(
    path: string,
    meta: H5wasm.Metadata,
    use: (bytes: Uint8Array) => T,
    start = 0,
    end = Infinity,
  ): T => {
    const shape = meta.shape ?? [0];
    const rows = shape.length === 0 ? 1 : shape[0];
    const last = Math.min(end, rows);
    const values = rows === 0 ? 0 : (meta.total_size / rows) * (last - start);
    const bytes = values * meta.size;
    if (bytes === 0) return use(new Uint8Array(0));
    const noRoom = (): SpatialError =>
      new SpatialError(
        "memory",
        `"${path}" of ${name} has ${values} values, more than can be read at once.`,
        { subject: name, hint: "Read the matrix in blocks with openMatrix." },
      );
    if (bytes > MOST) throw noRoom();
    checkRoom(path, values, meta.size);
    const whole = last - start === rows;
    const count = whole ? null : [last - start, ...shape.slice(1)].map(BigInt);
    const offset = whole ? null : [start, ...shape.slice(1).fill(0)].map(BigInt);
    const steps = whole ? null : shape.map(() => 1n);
    const fill = (pointer: bigint): unknown =>
      module.get_dataset_data(id, `/${path}`, count, offset, steps, pointer);
    return guarded(path, () => withRoom(module, bytes, noRoom, fill, use), bytes);
  };

  /** The same, as numbers. */
  const typed = <T>(path: string, use: (values: Typed) => T, start?: number, end?: number): T => {
    const meta = dataset(path);
    if (meta.type !== 0 && meta.type !== 1 && meta.type !== 8) {
      throw new SpatialError("format", `"${path}" of ${name} must hold numbers, but it does not.`, {
        subject: name,
      });
    }
    const type = meta.enum_type?.type ?? meta.type;
    const truth = isTruth(meta) ? meta.enum_type?.members["TRUE"] : undefined;
    const numbers = (bytes: Uint8Array): T => {
      const values = numbersAt(bytes, type, meta.size, meta.signed, path, name);
      return use(truth === undefined ? values : Uint8Array.from(values, (v) => (v === truth ? 1 : 0)));
    };
    return read(path, meta, numbers, start, end);
  };

  return {
    name,
    has: (path) => path === "" || kind(path) >= 0,
    isGroup: (path) => path === "" || kind(path) === module.H5G_GROUP,
    keys: (path) => guarded(path, () => module.get_names(id, `/${path}`, false)),
    attributes: (path) => guarded(path, () => module.get_attribute_names(id, `/${path}`)),
    attribute: (path, key) =>
      guarded(path, () => {
        if (!module.get_attribute_names(id, `/${path}`).includes(key)) return null;
        const meta = module.get_attribute_metadata(id, `/${path}`, key);
        checkRoom(`${path}/${key}`, meta.total_size, meta.size);
        const values = attributeValues(module, id, path, key, meta, name);
        return values !== null && meta.shape?.length === 0 ? (values[0] ?? null) : values;
      }),
    info,
    whole: (path) => {
      const { total_size, size: width } = dataset(path);
      checkRoom(path, total_size, width);
      return info(path);
    },
    numbers: (path, start, end) =>
      typed(
        path,
        (values) => {
          if (values instanceof Uint32Array) return Float64Array.from(values);
          const is32 = values instanceof Float32Array || values instanceof Int32Array;
          return is32 || values instanceof Float64Array ? values.slice() : Int32Array.from(values);
        },
        start,
        end,
      ),
    offsets: (path, start, end) => {
      const meta = dataset(path);
      return meta.type === 0 && meta.size === 8
        ? read(path, meta, (bytes) => lowHalves(bytes, path, name), start, end)
        : typed(path, (values) => wholeNumbers(values, path, name), start, end);
    },
    floats: (path, start, end) => typed(path, (values) => new Float32Array(values), start, end),
    strings: (path) => {
      const meta = dataset(path);
      if (meta.type !== 3) {
        throw new SpatialError("format", `"${path}" of ${name} must hold text, but it does not.`, {
          subject: name,
        });
      }
      if (meta.shape === null) return [];
      checkRoom(path, meta.total_size, meta.size);
      if (!meta.vlen) return read(path, meta, (bytes) => fixedStrings(bytes, meta.size));
      reading.pointers = true;
      try {
        const { total_size: length } = meta;
        return guarded(path, () => variableStrings(module, id, path, length, name), 32 * length);
      } finally {
        reading.pointers = false;
      }
    },
    records: (path, start, end) => {
      const meta = dataset(path);
      const members = meta.compound_type?.members ?? [];
      if (members.length === 0 || meta.shape?.length !== 1) return {};
      const bytes = read(path, meta, (stored) => stored.slice(), start, end);
      const columns: Record<string, Records[string]> = {};
      for (const member of members) {
        const column = memberOf(module, bytes, meta.size, member, path, name);
        if (column !== null) columns[member.name] = column;
      }
      return columns;
    },
    filters: (path) =>
      guarded(path, () => module.get_dataset_filters(id, `/${path}`).map((filter) => filter.name)),
  };
}
