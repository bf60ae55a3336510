import type * as H5wasm from "h5wasm";
import { SpatialError } from "../core/errors.ts";
import type { Source } from "./source.ts";

/** What a dataset holds, as far as the readers care. */
export interface H5Info {
  readonly type: "integer" | "float" | "string" | "boolean" | "other";
  /** null for an empty dataspace */
  readonly shape: readonly number[] | null;
  readonly length: number;
}

export type H5Attribute = string | number | boolean | readonly string[] | readonly number[] | null;

/** An open HDF5 file; paths are absolute without the first "/". Valid until the work it was opened for ends. */
export interface H5File {
  readonly name: string;
  readonly has: (path: string) => boolean;
  readonly isGroup: (path: string) => boolean;
  readonly keys: (path: string) => string[];
  readonly attribute: (path: string, name: string) => H5Attribute;
  readonly attributes: (path: string) => string[];
  readonly info: (path: string) => H5Info;
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

type Module = typeof H5wasm.Module;

/** Loads the HDF5 library at first use; every HDF5 failure throws from then on. */
export async function loadHdf5(): Promise<typeof H5wasm> {
  const h5 = await import("h5wasm");
  await h5.ready;
  h5.Module.activate_throwing_error_handler();
  return h5;
}

let opened = 0;

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

/** Opens a file of a source; the caller closes it. A file on disk is read where it lies, others are in memory. */
export async function openHdf5(source: Source, name: string): Promise<{ file: H5File; close: () => void }> {
  const h5 = await loadHdf5();
  const files = h5.Module.FS as unknown as VirtualFiles;
  const virtual = `read-${opened++}.h5`;
  const direct = source.open(name);
  if (direct === null) files.writeFile(virtual, await source.bytes(name), { canOwn: true });
  else mountDirect(files, virtual, direct);
  let file: H5wasm.File | null = null;
  const close = (): void => {
    file?.close();
    direct?.close();
    files.unlink(virtual);
  };
  try {
    file = new h5.File(virtual, "r");
    return { file: reader(h5.Module, file, name), close };
  } catch (cause) {
    close();
    throw damaged(name, "it cannot be opened", cause);
  }
}

/** The few parts of Emscripten's file system that are used. */
interface VirtualFiles {
  writeFile(name: string, bytes: Uint8Array, options?: { canOwn: boolean }): void;
  readFile(name: string): Uint8Array;
  unlink(name: string): void;
  createFile(
    parent: string,
    name: string,
    properties: object,
    canRead: boolean,
    canWrite: boolean,
  ): {
    usedBytes: number;
    stream_ops: object;
  };
}

/** Shows a file on disk to the library without copying it into memory. */
function mountDirect(
  files: VirtualFiles,
  virtual: string,
  direct: { size: number; read: (into: Uint8Array, position: number) => number },
): void {
  const node = files.createFile("/", virtual, {}, true, false);
  node.usedBytes = direct.size;
  const read = (_: unknown, heap: Uint8Array, offset: number, length: number, position: number): number =>
    direct.read(new Uint8Array(heap.buffer, heap.byteOffset + offset, length), position);
  node.stream_ops = { ...node.stream_ops, read };
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

function reader(module: Module, file: H5wasm.File, name: string): H5File {
  const id = file.file_id;
  const missing = (path: string): SpatialError =>
    new SpatialError("format", `${name} must hold "${path}", but it does not.`, { subject: name });
  const guarded = <T>(path: string, work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof SpatialError) throw cause;
      throw damaged(name, `"${path}" cannot be read`, cause);
    }
  };
  const kind = (path: string): number => guarded(path, () => module.get_type(id, `/${path}`));
  const dataset = (path: string): H5wasm.Metadata => {
    if (kind(path) !== module.H5G_DATASET) throw missing(path);
    return guarded(path, () => module.get_dataset_metadata(id, `/${path}`));
  };

  /** The stored bytes of rows [start, end), little-endian. */
  const raw = (path: string, meta: H5wasm.Metadata, start = 0, end = Infinity): Uint8Array => {
    const shape = meta.shape ?? [0];
    const rows = shape.length === 0 ? 1 : shape[0];
    const last = Math.min(end, rows);
    const values = rows === 0 ? 0 : (meta.total_size / rows) * (last - start);
    const bytes = values * meta.size;
    if (bytes === 0) return new Uint8Array(0);
    if (bytes > 1_900_000_000) {
      throw new SpatialError(
        "memory",
        `"${path}" of ${name} has ${values} values, more than can be read at once.`,
        {
          subject: name,
          hint: "Read the matrix in blocks with openMatrix.",
        },
      );
    }
    const pointer = module._malloc(bytes);
    if (pointer === 0) {
      throw new SpatialError("memory", `There is no room for the ${bytes} bytes of "${path}" of ${name}.`, {
        subject: name,
        hint: "Read the matrix in blocks with openMatrix.",
      });
    }
    try {
      const whole = last - start === rows;
      const count = whole ? null : [last - start, ...shape.slice(1)].map(BigInt);
      const offset = whole ? null : [start, ...shape.slice(1).fill(0)].map(BigInt);
      const steps = whole ? null : shape.map(() => 1n);
      guarded(path, () => module.get_dataset_data(id, `/${path}`, count, offset, steps, BigInt(pointer)));
      return module.HEAPU8.slice(pointer, pointer + bytes);
    } finally {
      module._free(pointer);
    }
  };

  const typed = (path: string, start?: number, end?: number): Typed => {
    const meta = dataset(path);
    if (meta.type !== 0 && meta.type !== 1 && meta.type !== 8) {
      throw new SpatialError("format", `"${path}" of ${name} must hold numbers, but it does not.`, {
        subject: name,
      });
    }
    const buffer = raw(path, meta, start, end).buffer as ArrayBuffer;
    if (meta.type !== 8) return view(buffer, meta.type, meta.size, meta.signed, path, name);
    const { type, members } = meta.enum_type as H5wasm.EnumTypeMetadata;
    const values = view(buffer, type, meta.size, meta.signed, path, name);
    return isTruth(meta) ? Uint8Array.from(values, (v) => (v === members["TRUE"] ? 1 : 0)) : values;
  };

  return {
    name,
    has: (path) => path === "" || kind(path) >= 0,
    isGroup: (path) => path === "" || kind(path) === module.H5G_GROUP,
    keys: (path) => guarded(path, () => module.get_names(id, `/${path}`, false)),
    attributes: (path) => guarded(path, () => module.get_attribute_names(id, `/${path}`)),
    attribute: (path, attribute) =>
      guarded(path, () => {
        if (!module.get_attribute_names(id, `/${path}`).includes(attribute)) return null;
        const value = file.root.get(`/${path}`) as H5wasm.Group | null;
        return (value?.get_attribute(attribute, true) ?? null) as H5Attribute;
      }),
    info: (path) => {
      const meta = dataset(path);
      const types = { 0: "integer", 1: "float", 3: "string" } as const;
      return {
        type: isTruth(meta) ? "boolean" : (types[meta.type as 0] ?? "other"),
        shape: meta.shape,
        length: meta.shape === null ? 0 : meta.total_size,
      };
    },
    numbers: (path, start, end) => {
      const values = typed(path, start, end);
      if (values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array)
        return values;
      return values instanceof Uint32Array ? Float64Array.from(values) : Int32Array.from(values);
    },
    offsets: (path, start, end) => {
      const meta = dataset(path);
      return meta.type === 0 && meta.size === 8
        ? lowHalves(raw(path, meta, start, end).buffer as ArrayBuffer, path, name)
        : wholeNumbers(typed(path, start, end), path, name);
    },
    floats: (path, start, end) => {
      const values = typed(path, start, end);
      return values instanceof Float32Array ? values : Float32Array.from(values);
    },
    strings: (path) => {
      const meta = dataset(path);
      if (meta.type !== 3) {
        throw new SpatialError("format", `"${path}" of ${name} must hold text, but it does not.`, {
          subject: name,
        });
      }
      if (meta.shape === null) return [];
      if (!meta.vlen) return fixedStrings(raw(path, meta), meta.size);
      return guarded(path, () => variableStrings(module, id, path, meta.total_size));
    },
    records: (path, start, end) => {
      const meta = dataset(path);
      const members = meta.compound_type?.members ?? [];
      if (members.length === 0 || meta.shape?.length !== 1) return {};
      const bytes = raw(path, meta, start, end);
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

/** One member of compound rows; null where it is neither number nor text. */
function memberOf(
  module: Module,
  bytes: Uint8Array,
  stride: number,
  member: H5wasm.CompoundMember,
  path: string,
  name: string,
): Records[string] | null {
  const rows = bytes.length / stride;
  const packed = new Uint8Array(rows * member.size);
  for (let i = 0; i < rows; i++) {
    const at = i * stride + member.offset;
    packed.set(bytes.subarray(at, at + member.size), i * member.size);
  }
  const { type, size, signed } = member.array_type ?? member;
  if (member.type === 3)
    return member.vlen ? textsAt(module, new Uint32Array(packed.buffer)) : fixedStrings(packed, member.size);
  const whole = type === 8 ? (member.enum_type?.type ?? 0) : type;
  if (whole !== 0 && whole !== 1) return null;
  const values = view(packed.buffer, whole, size, signed, path, name);
  if (isTruth(member)) return Uint8Array.from(values);
  if (values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array)
    return values;
  return values instanceof Uint32Array ? Float64Array.from(values) : Int32Array.from(values);
}

/** Is this how Python's HDF5 library keeps truth values, an enumeration of FALSE and TRUE? */
function isTruth(meta: H5wasm.Metadata): boolean {
  const members = Object.keys(meta.enum_type?.members ?? {});
  return meta.type === 8 && members.length === 2 && members.includes("FALSE") && members.includes("TRUE");
}

type Typed =
  Float64Array | Float32Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array;

function view(
  buffer: ArrayBuffer,
  type: number,
  size: number,
  signed: boolean,
  path: string,
  name: string,
): Typed {
  if (type === 1 && size === 8) return new Float64Array(buffer);
  if (type === 1 && size === 4) return new Float32Array(buffer);
  if (type === 0 && size === 4) return signed ? new Int32Array(buffer) : new Uint32Array(buffer);
  if (type === 0 && size === 2) return signed ? new Int16Array(buffer) : new Uint16Array(buffer);
  if (type === 0 && size === 1) return signed ? new Int8Array(buffer) : new Uint8Array(buffer);
  if (type === 0 && size === 8) return narrow(buffer, path, name);
  throw new SpatialError(
    "format",
    `"${path}" of ${name} holds numbers of ${size} bytes of an unknown kind.`,
    {
      subject: name,
    },
  );
}

/** 64-bit integers as 32-bit pairs: no BigInt per value. Int32 where all fit, else exact doubles below 2^53. */
function narrow(buffer: ArrayBuffer, path: string, name: string): Int32Array | Float64Array {
  const pairs = new Int32Array(buffer);
  const n = pairs.length / 2;
  const small = new Int32Array(n);
  let fits = true;
  for (let i = 0; i < n && fits; i++) {
    small[i] = pairs[2 * i];
    fits = pairs[2 * i + 1] === pairs[2 * i] >> 31;
  }
  if (fits) return small;
  const wide = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const v = pairs[2 * i + 1] * 4294967296 + (pairs[2 * i] >>> 0);
    if (!Number.isSafeInteger(v)) {
      throw new SpatialError("format", `"${path}" of ${name} holds a number beyond 2^53, found ${v}.`, {
        subject: name,
      });
    }
    wide[i] = v;
  }
  return wide;
}

/** 64-bit integers in [0, 2^32). */
function lowHalves(buffer: ArrayBuffer, path: string, name: string): Uint32Array {
  const pairs = new Uint32Array(buffer);
  const out = new Uint32Array(pairs.length / 2);
  for (let i = 0; i < out.length; i++) {
    if (pairs[2 * i + 1] !== 0) throw notWhole(pairs[2 * i + 1] * 4294967296 + pairs[2 * i], path, name);
    out[i] = pairs[2 * i];
  }
  return out;
}

function notWhole(v: number, path: string, name: string): SpatialError {
  return new SpatialError("format", `"${path}" of ${name} must hold whole numbers below 2^32, found ${v}.`, {
    subject: name,
  });
}

function wholeNumbers(values: Typed, path: string, name: string): Uint32Array {
  if (values instanceof Uint32Array) return values;
  const out = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    out[i] = v;
    if (out[i] !== v) throw notWhole(v, path, name);
  }
  return out;
}

/** Strings of any length: the library fills in pointers, which are read and given back only if all went well. */
function variableStrings(module: Module, file: bigint, path: string, length: number): string[] {
  const pointer = module._malloc(4 * length);
  try {
    module.get_dataset_data(file, `/${path}`, null, null, null, BigInt(pointer));
    const texts = textsAt(module, new Uint32Array(module.HEAPU8.buffer, pointer, length));
    module.reclaim_vlen_memory(file, `/${path}`, "", BigInt(pointer));
    return texts;
  } finally {
    module._free(pointer);
  }
}

function textsAt(module: Module, pointers: Uint32Array): string[] {
  const heap = module.HEAPU8;
  return Array.from(pointers, (start) =>
    start === 0 ? "" : decoder.decode(heap.subarray(start, heap.indexOf(0, start))),
  );
}

const decoder = new TextDecoder();

function fixedStrings(bytes: Uint8Array, size: number): string[] {
  const out = new Array<string>(bytes.length / size);
  for (let i = 0; i < out.length; i++) {
    let end = i * size;
    while (end < (i + 1) * size && bytes[end] !== 0) end++;
    out[i] = decoder.decode(bytes.subarray(i * size, end));
  }
  return out;
}
