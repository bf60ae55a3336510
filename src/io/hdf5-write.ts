import type * as H5wasm from "h5wasm";
import { SpatialError } from "../core/errors.ts";
import { type ElementWriter, safe, type WriteAttributes } from "./elements-write.ts";
import { loadHdf5 } from "./hdf5-module.ts";

let written = 0;

/**
 * Makes an HDF5 file in memory from groups and arrays, large ones packed if asked. `room` is how long the file is
 * going to be, about: without it, its memory is copied again and again as it grows.
 */
export async function createHdf5(
  build: (writer: ElementWriter) => void | Promise<void>,
  compression: "gzip" | null = null,
  room: number = 0,
): Promise<Uint8Array> {
  const booleans = { count: 0 };
  const bytes = await newHdf5((file) => build(writer(file, compression, booleans)), room);
  bless(bytes, booleans.count);
  return bytes;
}

/** Makes an HDF5 file in memory by the library itself. */
export async function newHdf5(
  build: (file: H5wasm.File) => void | Promise<void>,
  room: number = 0,
): Promise<Uint8Array> {
  const h5 = await loadHdf5();
  const virtual = `write-${written++}.h5`;
  const files = h5.Module.FS as unknown as {
    lookupPath(name: string): { readonly node: { readonly contents: Uint8Array } };
    truncate(name: string, length: number): void;
    unlink(name: string): void;
  };
  // The oldest layout of object headers: every reader knows it, and it has no checksums (see `bless`).
  const file = new h5.File(virtual, "w", { libver: ["earliest", "latest"] });
  let open = true;
  try {
    if (room > 0) files.truncate(virtual, room);
    await build(file);
    file.close();
    open = false;
    // The memory of the file itself, not a copy: nothing else knows it from here on.
    const bytes = files.lookupPath(virtual).node.contents;
    return bytes.subarray(0, endOf(bytes));
  } catch (cause) {
    if (cause instanceof SpatialError) throw cause;
    throw new SpatialError("output", `The HDF5 file could not be made: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    if (open) file.close();
    files.unlink(virtual);
  }
}

/** Where a file ends, by its own head of the oldest layout: there may be room after it. */
function endOf(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(40, true));
}

/** Values up to which a dataset is never packed. */
const PLAIN = 1024;
/** Values of a packed piece. */
const CHUNK = 131_072;

function writer(file: H5wasm.File, compression: "gzip" | null, booleans: { count: number }): ElementWriter {
  const split = (path: string): [H5wasm.Group, string] => {
    const cut = path.lastIndexOf("/");
    return [file.root.get(cut < 0 ? "/" : `/${path.slice(0, cut)}`) as H5wasm.Group, path.slice(cut + 1)];
  };
  const describe = (target: H5wasm.Group | H5wasm.Dataset, attributes: WriteAttributes = {}): void => {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "string") target.create_attribute(name, value, []);
      else if (typeof value === "boolean") {
        booleans.count++;
        target.create_attribute(name, asBoolean(Uint8Array.of(value ? 1 : 0)), []);
      } else if (value instanceof BigInt64Array) target.create_attribute(name, value);
      else if (value.length === 0) target.create_attribute(name, new Float64Array(0));
      else target.create_attribute(name, value as string[]);
    }
  };
  const create = (
    path: string,
    data: H5wasm.GuessableDataTypes,
    length: number,
    shape: readonly number[],
    attributes?: WriteAttributes,
  ): void => {
    const [group, name] = split(path);
    const isPacked = compression !== null && length > PLAIN;
    const packed = isPacked ? { chunks: chunks(shape), compression, compression_opts: 1 } : {};
    describe(
      group.create_dataset({
        name,
        data,
        shape: [...shape],
        ...(packed as { chunks: number[]; compression: "gzip" }),
      }),
      attributes,
    );
  };
  return {
    group: (path, attributes) => {
      if (path === "") return describe(file.root, attributes);
      const [parent, name] = split(path);
      describe(parent.create_group(name), attributes);
    },
    numbers: (path, data, attributes, shape = [data.length]) =>
      create(path, data, data.length, shape, attributes),
    booleans: (path, data, attributes, shape = [data.length]) => {
      booleans.count++;
      create(path, asBoolean(data), data.length, shape, attributes);
    },
    strings: (path, data, attributes) => {
      const [group, name] = split(path);
      const args = data.length === 0 ? { dtype: "S" as const } : {};
      describe(
        group.create_dataset({ name, data: data as string[], shape: [data.length], ...args }),
        attributes,
      );
    },
    name: safe,
    text: (path, value, attributes) => {
      const [group, name] = split(path);
      describe(group.create_dataset({ name, data: value, shape: [] }), attributes);
    },
  };
}

function chunks(shape: readonly number[]): number[] {
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  return [Math.max(1, Math.min(shape[0], Math.floor(CHUNK / Math.max(1, width)))), ...shape.slice(1)];
}

/** The name that marks a truth value until the file is finished. */
const MARK = "tissular:bool";
/** Bytes of a compound type with one member of that name in the oldest layout. */
const MARKED_LENGTH = 68;

/** One byte per value under a compound type that `bless` turns into a truth type. */
function asBoolean(data: Uint8Array): Map<string, Uint8Array> {
  return new Map([[MARK, data]]);
}

/**
 * Gives marked datasets and attributes the type in which Python's HDF5 library keeps truth values: an enumeration of
 * FALSE = 0 and TRUE = 1 over signed bytes. The library used here cannot make enumerations, so they are written as a compound of
 * one byte, and the description of that type, which is longer, is replaced in the finished file. Values
 * stay as they are; headers of the oldest layout have no checksum.
 */
function bless(bytes: Uint8Array, expected: number): void {
  const encoder = new TextEncoder();
  const compound = Uint8Array.of(0x16, 1, 0, 0, 1, 0, 0, 0);
  const truth = new Uint8Array(MARKED_LENGTH);
  truth.set([0x18, 2, 0, 0, 1, 0, 0, 0]);
  truth.set([0x10, 8, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0], 8);
  truth.set(encoder.encode("FALSE"), 20);
  truth.set(encoder.encode("TRUE"), 28);
  truth.set([0, 1], 36);
  const mark = encoder.encode(`${MARK}\0\0\0`);
  let found = 0;
  for (let at = bytes.indexOf(mark[0], 8); at >= 0; at = bytes.indexOf(mark[0], at + 1)) {
    if (!mark.every((b, k) => bytes[at + k] === b) || !compound.every((b, k) => bytes[at - 8 + k] === b))
      continue;
    bytes.set(truth, at - 8);
    found++;
  }
  if (found !== expected) {
    throw new SpatialError(
      "output",
      `Of ${expected} truth columns of the HDF5 file ${found} were found again: the library writes another layout.`,
    );
  }
}
