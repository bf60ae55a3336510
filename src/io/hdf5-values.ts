import type * as H5wasm from "h5wasm";
import { SpatialError } from "../core/errors.ts";
import type { Records } from "./hdf5.ts";
import type { Module } from "./hdf5-module.ts";

/** One member of compound rows; null where it is neither number nor text. */
export function memberOf(
  module: Module,
  bytes: Uint8Array,
  stride: number,
  member: H5wasm.CompoundMember,
  path: string,
  name: string,
): Records[string] | null {
  const rows = bytes.length / stride;
  const packed = new Uint8Array(rows * member.size);
  for (let i = 0, to = 0; i < rows; i++) {
    const from = i * stride + member.offset;
    for (let b = 0; b < member.size; b++) packed[to++] = bytes[from + b];
  }
  const { type, size, signed } = member.array_type ?? member;
  if (member.type === 3)
    return member.vlen ? textsAt(module, new Uint32Array(packed.buffer)) : fixedStrings(packed, member.size);
  const whole = type === 8 ? (member.enum_type?.type ?? 0) : type;
  if (whole !== 0 && whole !== 1) return null;
  const values = numbersAt(packed, whole, size, signed, path, name);
  if (isTruth(member)) return Uint8Array.from(values);
  if (values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array)
    return values;
  return values instanceof Uint32Array ? Float64Array.from(values) : Int32Array.from(values);
}

/** Is this how Python's HDF5 library keeps truth values, an enumeration of FALSE and TRUE? */
export function isTruth(meta: H5wasm.Metadata): boolean {
  const members = Object.keys(meta.enum_type?.members ?? {});
  return meta.type === 8 && members.length === 2 && members.includes("FALSE") && members.includes("TRUE");
}

/** Numbers as they are stored. */
export type Typed =
  Float64Array | Float32Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array;

/** The stored numbers of bytes (aligned to 8) without a copy where they are 32 bits wide or floats: `type` 0 is whole, 1 is float. */
export function numbersAt(
  bytes: Uint8Array,
  type: number,
  size: number,
  signed: boolean,
  path: string,
  name: string,
): Typed {
  const { buffer, byteOffset: at } = bytes;
  const n = bytes.length / size;
  if (type === 1 && size === 8) return new Float64Array(buffer, at, n);
  if (type === 1 && size === 4) return new Float32Array(buffer, at, n);
  if (type === 0 && size === 4)
    return signed ? new Int32Array(buffer, at, n) : new Uint32Array(buffer, at, n);
  if (type === 0 && size === 2)
    return signed ? new Int16Array(buffer, at, n) : new Uint16Array(buffer, at, n);
  if (type === 0 && size === 1) return signed ? new Int8Array(buffer, at, n) : new Uint8Array(buffer, at, n);
  if (type === 0 && size === 8) return narrow(bytes, path, name);
  throw new SpatialError(
    "format",
    `"${path}" of ${name} holds numbers of ${size} bytes of an unknown kind.`,
    {
      subject: name,
    },
  );
}

/** 64-bit integers as 32-bit pairs: no BigInt per value. Int32 where all fit, else exact doubles below 2^53. */
export function narrow(bytes: Uint8Array, path: string, name: string): Int32Array | Float64Array {
  const pairs = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
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
export function lowHalves(bytes: Uint8Array, path: string, name: string): Uint32Array {
  const pairs = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
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

/** Stored numbers as whole ones in [0, 2^32), copied. */
export function wholeNumbers(values: Typed, path: string, name: string): Uint32Array {
  if (values instanceof Uint32Array) return values.slice();
  const out = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    out[i] = v;
    if (out[i] !== v) throw notWhole(v, path, name);
  }
  return out;
}

/** Has the library fill room of its own and works on that: what is to stay must be copied. */
export function withRoom<T>(
  module: Module,
  bytes: number,
  noRoom: () => SpatialError,
  fill: (pointer: bigint) => unknown,
  use: (bytes: Uint8Array) => T,
): T {
  const pointer = module._malloc(bytes);
  if (pointer === 0) throw noRoom();
  try {
    fill(BigInt(pointer));
    return use(module.HEAPU8.subarray(pointer, pointer + bytes));
  } finally {
    module._free(pointer);
  }
}

/** Strings of any length: the library fills in pointers, which are read and given back only if all went well. */
export function variableStrings(
  module: Module,
  file: bigint,
  path: string,
  length: number,
  name: string,
): string[] {
  return pointedAt(module, file, path, "", length, name, (pointer) =>
    module.get_dataset_data(file, `/${path}`, null, null, null, pointer),
  );
}

/** Texts of a dataset or, where it has a name, of an attribute. */
function pointedAt(
  module: Module,
  file: bigint,
  path: string,
  key: string,
  length: number,
  name: string,
  fill: (pointer: bigint) => unknown,
): string[] {
  return withRoom(
    module,
    4 * length,
    () => noText(path, name),
    fill,
    (pointers) => {
      const texts = textsAt(module, new Uint32Array(pointers.buffer, pointers.byteOffset, length));
      module.reclaim_vlen_memory(file, `/${path}`, key, BigInt(pointers.byteOffset));
      return texts;
    },
  );
}

function noText(path: string, name: string): SpatialError {
  return new SpatialError("memory", `There is no room for the texts of "${path}" of ${name}.`, {
    subject: name,
  });
}

/** The values of an attribute, or null where they are no texts, numbers or truth values. */
export function attributeValues(
  module: Module,
  file: bigint,
  path: string,
  key: string,
  meta: H5wasm.Metadata,
  name: string,
): readonly string[] | readonly number[] | readonly boolean[] | null {
  if (meta.shape === null) return null;
  const fill = (pointer: bigint): unknown => module.get_attribute_data(file, `/${path}`, key, pointer);
  if (meta.type === 3 && meta.vlen) return pointedAt(module, file, path, key, meta.total_size, name, fill);
  const type = meta.enum_type?.type ?? meta.type;
  if (meta.type !== 3 && type !== 0 && type !== 1) return null;
  const use = (bytes: Uint8Array): readonly string[] | readonly number[] | readonly boolean[] => {
    if (meta.type === 3) return fixedStrings(bytes, meta.size);
    const values = Array.from(numbersAt(bytes, type, meta.size, meta.signed, path, name));
    return isTruth(meta) ? values.map((v) => v === meta.enum_type?.members["TRUE"]) : values;
  };
  return withRoom(module, meta.total_size * meta.size, () => noText(path, name), fill, use);
}

function textsAt(module: Module, pointers: Uint32Array): string[] {
  const heap = module.HEAPU8;
  return Array.from(pointers, (start) =>
    start === 0 ? "" : decoder.decode(heap.subarray(start, heap.indexOf(0, start))),
  );
}

const decoder = new TextDecoder();

/** Bytes decoded at a time. */
const PIECE = 1_048_576;

/** Texts of a fixed size, filled up with zeros. Plain ASCII is decoded many at a time. */
export function fixedStrings(bytes: Uint8Array, size: number): string[] {
  const out = new Array<string>(bytes.length / size);
  const step = Math.max(1, Math.floor(PIECE / size));
  for (let start = 0; start < out.length; start += step) {
    const end = Math.min(out.length, start + step);
    const text = decoder.decode(bytes.slice(start * size, end * size));
    const isAscii = text.length === (end - start) * size;
    for (let i = start; i < end; i++) {
      const first = i * size;
      let last = first;
      while (last < first + size && bytes[last] !== 0) last++;
      out[i] = isAscii
        ? text.slice(first - start * size, last - start * size)
        : decoder.decode(bytes.slice(first, last));
    }
  }
  return out;
}
