import type * as H5wasm from "h5wasm";
import { SpatialError } from "../core/errors.ts";
import { type ElementWriter, safe, type WriteAttributes } from "./elements-write.ts";
import { newHdf5, type Part } from "./hdf5-output.ts";
import { memoryOutput, type OutputFile } from "./source.ts";

/** Makes an HDF5 file in memory from groups and arrays, large ones packed if asked; `room` as for `memoryOutput`. */
export async function createHdf5(
  build: (writer: ElementWriter) => void | Promise<void>,
  compression: "gzip" | null = null,
  room: number = 0,
): Promise<Uint8Array> {
  const memory = memoryOutput(room);
  await writeHdf5(memory, build, compression);
  return memory.bytes();
}

/** The same into a file, of which no whole is in memory. */
export async function writeHdf5(
  output: OutputFile,
  build: (writer: ElementWriter) => void | Promise<void>,
  compression: "gzip" | null = null,
): Promise<void> {
  const booleans = { count: 0 };
  const gaps = await newHdf5(output, (file, check) => build(writer(file, compression, booleans, check)));
  bless(output, gaps, booleans.count);
}

/** Values up to which a dataset is never packed. */
const PLAIN = 1024;
/** Values of a packed piece. */
const CHUNK = 131_072;

function writer(
  file: H5wasm.File,
  compression: "gzip" | null,
  booleans: { count: number },
  check: () => void,
): ElementWriter {
  const split = (path: string): [H5wasm.Group, string] => {
    const cut = path.lastIndexOf("/");
    return [file.root.get(cut < 0 ? "/" : `/${path.slice(0, cut)}`) as H5wasm.Group, path.slice(cut + 1)];
  };
  const describe = (target: H5wasm.Group | H5wasm.Dataset, attributes: WriteAttributes = {}): void => {
    check();
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
/** Bytes that are looked through at once. */
const WINDOW = 4_194_304;

/** One byte per value under a compound type that `bless` turns into a truth type. */
function asBoolean(data: Uint8Array): Map<string, Uint8Array> {
  return new Map([[MARK, data]]);
}

/**
 * Gives marked datasets and attributes the type in which Python's HDF5 library keeps truth values: an enumeration of
 * FALSE = 0 and TRUE = 1 over signed bytes. The library used here cannot make enumerations, so they are written as a compound of
 * one byte, and the description of that type, which is longer, is replaced in the finished file. Values
 * stay as they are; headers of the oldest layout have no checksum. They lie between the large parts that hold values only.
 */
function bless(output: OutputFile, between: readonly Part[], expected: number): void {
  const encoder = new TextEncoder();
  const compound = Uint8Array.of(0x16, 1, 0, 0, 1, 0, 0, 0);
  const truth = new Uint8Array(MARKED_LENGTH);
  truth.set([0x18, 2, 0, 0, 1, 0, 0, 0]);
  truth.set([0x10, 8, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0], 8);
  truth.set(encoder.encode("FALSE"), 20);
  truth.set(encoder.encode("TRUE"), 28);
  truth.set([0, 1], 36);
  const mark = Uint8Array.of(...compound, ...encoder.encode(`${MARK}\0\0\0`));
  let found = 0;
  const room = new Uint8Array(WINDOW);
  for (const { start, end } of between) {
    for (let first = start; first < end; first += WINDOW - mark.length + 1) {
      const bytes = room.subarray(0, output.read(room.subarray(0, Math.min(WINDOW, end - first)), first));
      for (let at = bytes.indexOf(mark[8], 8); at >= 0; at = bytes.indexOf(mark[8], at + 1)) {
        if (!mark.every((b, k) => bytes[at - 8 + k] === b)) continue;
        output.write(truth, first + at - 8);
        found++;
      }
    }
  }
  if (found !== expected) {
    throw new SpatialError(
      "output",
      `Of ${expected} truth columns of the HDF5 file ${found} were found again: the library writes another layout.`,
    );
  }
}
