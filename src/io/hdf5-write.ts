import { SpatialError } from "../core/errors.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import { deflate, LEVEL } from "./deflate.ts";
import {
  type ElementWriter,
  safe,
  type WriteAttribute,
  type WriteAttributes,
  type WriteNumbers,
} from "./elements-write.ts";
import {
  type Attribute,
  fileHead,
  HEAD,
  join,
  LONGEST_ATTRIBUTE,
  NOWHERE,
  putArray,
  putChunks,
  putGroup,
  type PutGroup,
  raw,
  type Space,
  type Stored,
  type Texts,
  textOf,
  texts,
  TYPES,
} from "./hdf5-layout.ts";

/** Values up to which an array is written as one plain piece. */
const PLAIN = 1024;
/** Values of a packed piece. */
const CHUNK = 131_072;
/** Pieces that are packed at a time. */
const AT_ONCE = 32;

/** An array to be written; texts are references to their heap. */
interface ArrayNode {
  readonly type: Uint8Array;
  readonly shape: readonly number[];
  readonly data: WriteNumbers;
  /** bytes of a value: of a text several elements of `data` */
  readonly valueBytes: number;
  readonly isPlain: boolean;
  readonly attributes: readonly Attribute[];
}

interface GroupNode {
  readonly members: Map<string, GroupNode | ArrayNode>;
  readonly attributes: Attribute[];
}

const isGroup = (node: GroupNode | ArrayNode): node is GroupNode => "members" in node;

/** An HDF5 file being written: it has scalar whole numbers as attributes and texts of fixed length besides. */
export interface Hdf5Writer extends ElementWriter {
  readonly group: (path: string, attributes?: Readonly<Record<string, WriteAttribute | bigint>>) => void;
  readonly fixedStrings: (path: string, data: readonly string[]) => void;
}

/** Makes an HDF5 file in memory from groups and arrays. Pieces of long arrays are packed beside other work. */
export async function createHdf5(
  build: (writer: Hdf5Writer) => void | Promise<void>,
  run: RunOptions = {},
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let end = HEAD;
  const put = (bytes: Uint8Array): number => {
    const address = end;
    const rest = -bytes.length & 7;
    parts.push(bytes, new Uint8Array(rest));
    end += bytes.length + rest;
    return address;
  };
  const space: Space = { end: () => end, put };
  const heap = texts(space);
  const root: GroupNode = { members: new Map(), attributes: [] };
  await build(writer(root, heap));
  heap.flush();
  const stored = await putValues(space, arraysOf(root), run);
  const top = putMembers(space, root, stored);
  return join([fileHead(end, top), ...parts]);
}

function arraysOf(group: GroupNode): ArrayNode[] {
  return [...group.members.values()].flatMap((node) => (isGroup(node) ? arraysOf(node) : [node]));
}

/** Puts a group after everything that is in it. */
function putMembers(space: Space, group: GroupNode, stored: ReadonlyMap<ArrayNode, Stored>): PutGroup {
  const members = new Map<string, number>();
  for (const [name, node] of group.members) {
    const address = isGroup(node)
      ? putMembers(space, node, stored).header
      : putArray(space, node.type, node.shape, stored.get(node)!, node.attributes);
    members.set(name, address);
  }
  return putGroup(space, members, group.attributes);
}

/** Puts the values of all arrays: those of short ones as they are, of long ones in packed pieces. */
async function putValues(
  space: Space,
  arrays: readonly ArrayNode[],
  run: RunOptions,
): Promise<Map<ArrayNode, Stored>> {
  const stored = new Map<ArrayNode, Stored>();
  const long = arrays.filter((array) => !array.isPlain);
  const originals = long.map((array) => long.find((other) => hasSameValues(array, other))!);
  const packed = await packAll([...new Set(originals)], run);
  for (const array of arrays.filter(({ isPlain }) => isPlain)) {
    const bytes = array.data.byteLength;
    stored.set(array, { kind: "plain", address: bytes === 0 ? NOWHERE : space.put(raw(array.data)), bytes });
  }
  for (const [k, array] of long.entries()) {
    const { shape } = array;
    const rows = rowsOfPiece(array);
    const chunks = packed
      .get(originals[k])!
      .map((bytes, c) => ({ row: c * rows, address: space.put(bytes), bytes: bytes.length }));
    stored.set(array, {
      kind: "chunks",
      chunk: [rows, ...shape.slice(1)],
      valueBytes: array.valueBytes,
      shuffled: isShuffled(array),
      level: LEVEL,
      tree: putChunks(space, shape.length, rows, chunks),
    });
  }
  return stored;
}

/** Layers share their columns as a rule: those are packed once. */
function hasSameValues(a: ArrayNode, b: ArrayNode): boolean {
  const [x, y] = [a.data, b.data];
  return (
    x.buffer === y.buffer &&
    x.byteOffset === y.byteOffset &&
    x.byteLength === y.byteLength &&
    a.type === b.type &&
    a.shape.join() === b.shape.join()
  );
}

/** The packed pieces of each array, in order; up to `AT_ONCE` are under way. */
async function packAll(arrays: readonly ArrayNode[], run: RunOptions): Promise<Map<ArrayNode, Uint8Array[]>> {
  const pieces = arrays.flatMap((array) => {
    const count = Math.ceil(array.shape[0] / rowsOfPiece(array));
    return Array.from({ length: count }, (_, k) => ({ array, k }));
  });
  const packed = new Map<ArrayNode, Uint8Array[]>(arrays.map((array) => [array, []]));
  const packing: Promise<Uint8Array>[] = [];
  try {
    for (const [done, { array }] of pieces.entries()) {
      checkAborted(run.signal);
      while (packing.length < Math.min(pieces.length, done + AT_ONCE)) {
        const next = pieces[packing.length];
        packing.push(deflate(pieceOf(next.array, next.k)));
      }
      packed.get(array)!.push(await packing[done]);
      run.onProgress?.({ step: "pack", fraction: (done + 1) / pieces.length });
    }
  } finally {
    await Promise.allSettled(packing);
  }
  return packed;
}

/** Whole numbers pack better byte by byte: their high bytes are alike. */
function isShuffled({ data }: ArrayNode): boolean {
  return data instanceof Int32Array || data instanceof BigInt64Array;
}

function rowsOfPiece({ shape }: ArrayNode): number {
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  return Math.max(1, Math.min(shape[0], Math.floor(CHUNK / Math.max(1, width))));
}

/** Piece number k of an array, ready to be packed; the last one is filled up with zeros. */
function pieceOf(array: ArrayNode, k: number): Uint8Array {
  const { shape, data, valueBytes } = array;
  const length = rowsOfPiece(array) * shape.slice(1).reduce((a, b) => a * b, 1);
  const bytes = raw(data).subarray(k * length * valueBytes, (k + 1) * length * valueBytes);
  if (!isShuffled(array)) return join([bytes], length * valueBytes);
  const out = new Uint8Array(length * valueBytes);
  for (let b = 0; b < valueBytes; b++)
    for (let i = b, to = b * length; i < bytes.length; i += valueBytes) out[to++] = bytes[i];
  return out;
}

function writer(root: GroupNode, heap: Texts): Hdf5Writer {
  const place = (path: string, node: GroupNode | ArrayNode): void => {
    const names = path.split("/");
    const last = names.pop()!;
    let group = root;
    for (const name of names) {
      const found = group.members.get(name);
      if (found === undefined || !isGroup(found))
        throw new SpatialError("output", `There is no group for "${path}" in the file.`, { subject: path });
      group = found;
    }
    if (group.members.has(last))
      throw new SpatialError("output", `"${path}" stands twice in the file.`, { subject: path });
    group.members.set(last, node);
  };
  const references = (values: readonly string[]): Uint8Array => {
    const into = new Uint8Array(16 * values.length);
    for (const [k, value] of values.entries()) heap.add(value, into, 16 * k);
    return into;
  };
  const attributesOf = (
    path: string,
    attributes: Readonly<Record<string, WriteAttribute | bigint>> = {},
  ): Attribute[] =>
    Object.entries(attributes).map(([name, value]) => {
      const attribute = { name, ...valuesOf(value, references) };
      if (attribute.data.length > LONGEST_ATTRIBUTE) {
        throw new SpatialError(
          "output",
          `"${name}" of "${path}" must have at most ${Math.floor(LONGEST_ATTRIBUTE / 16)} entries in an HDF5 file, found ${attribute.shape[0]}.`,
          { subject: path, hint: "Write fewer columns, or a zarr store." },
        );
      }
      return attribute;
    });
  const numbers = (
    path: string,
    data: WriteNumbers,
    type: Uint8Array,
    shape: readonly number[],
    attributes?: WriteAttributes,
  ): void =>
    place(path, {
      type,
      shape,
      data,
      valueBytes: data.BYTES_PER_ELEMENT,
      isPlain: data.length <= PLAIN,
      attributes: attributesOf(path, attributes),
    });
  const strings = (
    path: string,
    values: readonly string[],
    shape: readonly number[],
    attributes?: WriteAttributes,
  ): void => {
    const data = references(values);
    place(path, {
      type: TYPES.text,
      shape,
      data,
      valueBytes: 16,
      isPlain: true,
      attributes: attributesOf(path, attributes),
    });
  };
  return {
    group: (path, attributes) => {
      if (path === "") root.attributes.push(...attributesOf(path, attributes));
      else place(path, { members: new Map(), attributes: attributesOf(path, attributes) });
    },
    numbers: (path, data, attributes, shape = [data.length]) =>
      numbers(path, data, TYPES[data[Symbol.toStringTag]], shape, attributes),
    booleans: (path, data, attributes, shape = [data.length]) =>
      numbers(path, data, TYPES.boolean, shape, attributes),
    strings: (path, data, attributes) => strings(path, data, [data.length], attributes),
    text: (path, value, attributes) => strings(path, [value], [], attributes),
    fixedStrings: (path, values) => {
      const encoder = new TextEncoder();
      const encoded = values.map((value) => encoder.encode(value));
      const valueBytes = encoded.reduce((most, bytes) => Math.max(most, bytes.length), 1);
      const data = new Uint8Array(valueBytes * values.length);
      for (const [k, bytes] of encoded.entries()) data.set(bytes, k * valueBytes);
      const isPlain = values.length <= PLAIN;
      place(path, {
        type: textOf(valueBytes),
        shape: [values.length],
        data,
        valueBytes,
        isPlain,
        attributes: [],
      });
    },
    name: safe,
  };
}

function valuesOf(
  value: WriteAttribute | bigint,
  references: (values: readonly string[]) => Uint8Array,
): Omit<Attribute, "name"> {
  if (typeof value === "string") return { type: TYPES.text, shape: [], data: references([value]) };
  if (typeof value === "boolean")
    return { type: TYPES.boolean, shape: [], data: Uint8Array.of(value ? 1 : 0) };
  if (typeof value === "bigint")
    return { type: TYPES.BigInt64Array, shape: [], data: raw(BigInt64Array.of(value)) };
  const shape = [value.length];
  if (value instanceof BigInt64Array) return { type: TYPES.BigInt64Array, shape, data: raw(value) };
  if (value.length === 0) return { type: TYPES.Float64Array, shape, data: new Uint8Array() };
  return { type: TYPES.text, shape, data: references(value as readonly string[]) };
}
