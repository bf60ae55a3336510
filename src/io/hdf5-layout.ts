import type { WriteNumbers } from "./elements-write.ts";

/**
 * The parts of an HDF5 file in its oldest layout, which every reader knows, after the HDF5 File Format Specification
 * (version 3.0, "superblock version 0"): offsets and lengths are of 8 bytes, numbers little-endian.
 */

/** Stands for an address where nothing is. */
export const NOWHERE = 0xffffffffffffffffn;
/** Entries of a leaf of a group, and children of a node of its tree, by half. */
const LEAF = 4;
const GROUP_NODE = 16;
/** Children of a node of a tree of chunks, by half. */
const CHUNK_NODE = 32;
/** Bytes of the head of the file. */
export const HEAD = 96;

/** A file that grows at its end; `put` returns where the bytes came to lie. */
export interface Space {
  readonly end: () => number;
  readonly put: (bytes: Uint8Array) => number;
}

/** Numbers of so many bytes each. */
export const u8 = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
export const u16 = (...values: readonly number[]): Uint8Array => raw(Uint16Array.from(values));
export const u32 = (...values: readonly number[]): Uint8Array => raw(Uint32Array.from(values));
export const u64 = (...values: readonly (number | bigint)[]): Uint8Array =>
  raw(BigUint64Array.from(values, (v) => BigInt(v)));

export function raw(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Bytes one after the other, filled with zeros up to `length`. */
export function join(parts: readonly Uint8Array[], length: number = 0): Uint8Array {
  const used = parts.reduce((sum, part) => sum + part.length, 0);
  const out = new Uint8Array(Math.max(length, used));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const padded = (bytes: Uint8Array): Uint8Array => join([bytes], 8 * Math.ceil(bytes.length / 8));

const integer = (size: number, signed: boolean): Uint8Array =>
  join([u8(0x10, signed ? 8 : 0, 0, 0), u32(size), u16(0, 8 * size)]);

/** Descriptions of types of values: of arrays by their kind, of truth values and of texts of any length. */
export const TYPES: Readonly<
  Record<WriteNumbers[typeof Symbol.toStringTag] | "boolean" | "text", Uint8Array>
> = {
  Float64Array: join([u8(0x11, 0x20, 63, 0), u32(8), u16(0, 64), u8(52, 11, 0, 52), u32(1023)]),
  Float32Array: join([u8(0x11, 0x20, 31, 0), u32(4), u16(0, 32), u8(23, 8, 0, 23), u32(127)]),
  BigInt64Array: integer(8, true),
  Int32Array: integer(4, true),
  Int16Array: integer(2, true),
  Int8Array: integer(1, true),
  Uint8Array: integer(1, false),
  /** What Python's HDF5 library keeps truth values in: an enumeration over signed bytes. */
  boolean: join([
    u8(0x18, 2, 0, 0),
    u32(1),
    integer(1, true),
    padded(utf8("FALSE\0")),
    padded(utf8("TRUE\0")),
    u8(0, 1),
  ]),
  text: join([u8(0x19, 1, 1, 0), u32(16), integer(1, false)]),
};

function dataspace(shape: readonly number[]): Uint8Array {
  return join([u8(1, shape.length, 0, 0, 0, 0, 0, 0), u64(...shape)]);
}

/** A text of at most so many bytes in UTF-8, zeros after it. */
export const textOf = (bytes: number): Uint8Array => join([u8(0x13, 0x11, 0, 0), u32(bytes)]);

/** A message of the header of an object. */
interface Message {
  readonly kind: number;
  readonly body: Uint8Array;
}

/** The values of an attribute may have no more bytes: it lies in a message of at most 64 KB. */
export const LONGEST_ATTRIBUTE = 65_000;

export interface Attribute {
  readonly name: string;
  readonly type: Uint8Array;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

function attributeMessage({ name, type, shape, data }: Attribute): Message {
  const title = utf8(`${name}\0`);
  const space = dataspace(shape);
  const head = u16(title.length, type.length, space.length);
  return {
    kind: 12,
    body: join([u8(1, 0), head, padded(title), padded(type), padded(space), data]),
  };
}

/** Puts the header of an object: its messages one after the other. */
function putHeader(space: Space, messages: readonly Message[], attributes: readonly Attribute[]): number {
  const all = [...messages, ...attributes.map(attributeMessage)];
  const parts = all.flatMap(({ kind, body }) => {
    const data = padded(body);
    return [u16(kind, data.length), u32(0), data];
  });
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return space.put(join([u8(1, 0), u16(all.length), u32(1, size, 0), ...parts]));
}

/** Where the values of an array lie. */
export type Stored =
  | { readonly kind: "plain"; readonly address: number | bigint; readonly bytes: number }
  | {
      readonly kind: "chunks";
      readonly chunk: readonly number[];
      readonly valueBytes: number;
      readonly shuffled: boolean;
      readonly level: number;
      readonly tree: number;
    };

export function putArray(
  space: Space,
  type: Uint8Array,
  shape: readonly number[],
  stored: Stored,
  attributes: readonly Attribute[],
): number {
  const isPlain = stored.kind === "plain";
  const messages: Message[] = [
    { kind: 1, body: dataspace(shape) },
    { kind: 3, body: type },
    { kind: 5, body: u8(2, isPlain ? 2 : 3, 2, 1, 0, 0, 0, 0) },
  ];
  if (stored.kind === "plain") {
    messages.push({ kind: 8, body: join([u8(3, 1), u64(stored.address, stored.bytes)]) });
  } else {
    const { chunk, valueBytes, shuffled, level, tree } = stored;
    const shuffle = shuffled ? [u16(2, 0, 0, 1), u32(valueBytes, 0)] : [];
    messages.push({
      kind: 11,
      body: join([u8(1, shuffled ? 2 : 1, 0, 0, 0, 0, 0, 0), ...shuffle, u16(1, 0, 0, 1), u32(level, 0)]),
    });
    messages.push({
      kind: 8,
      body: join([u8(3, 2, chunk.length + 1), u64(tree), u32(...chunk, valueBytes)]),
    });
  }
  return putHeader(space, messages, attributes);
}

/** A child of a tree and the key before it. */
interface Child {
  readonly key: Uint8Array;
  readonly address: number;
}

/** Puts a B-tree, each level after the one below it; `last` is the key after the last child. */
function putTree(
  space: Space,
  type: number,
  half: number,
  children: readonly Child[],
  last: Uint8Array,
): number {
  const width = 2 * half;
  const size = 24 + 8 * width + last.length * (width + 1);
  let below = children;
  for (let level = 0; ; level++) {
    const first = space.end();
    const count = Math.max(1, Math.ceil(below.length / width));
    const above: Child[] = [];
    for (let k = 0; k < count; k++) {
      const part = below.slice(k * width, (k + 1) * width);
      const beside = u64(
        k === 0 ? NOWHERE : first + (k - 1) * size,
        k === count - 1 ? NOWHERE : first + (k + 1) * size,
      );
      const entries = part.flatMap(({ key, address }) => [key, u64(address)]);
      const end = below[(k + 1) * width]?.key ?? last;
      const node = [utf8("TREE"), u8(type, level), u16(part.length), beside, ...entries, end];
      above.push({ key: part[0]?.key ?? last, address: space.put(join(node, size)) });
    }
    if (count === 1) return above[0].address;
    below = above;
  }
}

/** A packed chunk: where it begins in the array along the first axis, where it lies, and how long it is. */
export interface PutChunk {
  readonly row: number;
  readonly address: number;
  readonly bytes: number;
}

/** Puts the tree of the chunks of an array of so many axes, in order; each chunk has `rows` whole rows. */
export function putChunks(space: Space, axes: number, rows: number, chunks: readonly PutChunk[]): number {
  const key = (bytes: number, row: number): Uint8Array => join([u32(bytes, 0), u64(row)], 8 + 8 * (axes + 1));
  const children = chunks.map(({ row, address, bytes }) => ({ key: key(bytes, row), address }));
  return putTree(space, 1, CHUNK_NODE, children, key(0, rows * chunks.length));
}

/** What is known of a group that was put. */
export interface PutGroup {
  readonly header: number;
  readonly tree: number;
  readonly names: number;
}

/** Puts a group: the names of its members in a heap, a tree over them in order, its header. */
export function putGroup(
  space: Space,
  members: ReadonlyMap<string, number>,
  attributes: readonly Attribute[],
): PutGroup {
  const sorted = Array.from(members, ([name, address]) => ({ name: utf8(`${name}\0`), address })).sort(
    (a, b) => compare(a.name, b.name),
  );
  const heap: Uint8Array[] = [new Uint8Array(8)];
  let used = 8;
  const entries = sorted.map(({ name, address }) => {
    const place = used;
    heap.push(padded(name));
    used += heap[heap.length - 1].length;
    return { place, symbol: join([u64(place, address)], 40) };
  });
  const leaves: Child[] = [];
  for (let k = 0; k < entries.length; k += 2 * LEAF) {
    const part = entries.slice(k, k + 2 * LEAF);
    const leaf = [utf8("SNOD"), u8(1, 0), u16(part.length), ...part.map((e) => e.symbol)];
    leaves.push({
      key: u64(k === 0 ? 0 : entries[k - 1].place),
      address: space.put(join(leaf, 8 + 80 * LEAF)),
    });
  }
  const tree = putTree(space, 0, GROUP_NODE, leaves, u64(entries.at(-1)?.place ?? 0));
  const words = space.put(join(heap));
  const names = space.put(join([utf8("HEAP"), u32(0), u64(used, 1, words)]));
  const header = putHeader(space, [{ kind: 17, body: u64(tree, names) }], attributes);
  return { header, tree, names };
}

/** Order by bytes. */
function compare(a: Uint8Array, b: Uint8Array): number {
  let k = 0;
  while (k < a.length && k < b.length && a[k] === b[k]) k++;
  return (a[k] ?? -1) - (b[k] ?? -1);
}

/** The head of a file of `end` bytes. */
export function fileHead(end: number, root: PutGroup): Uint8Array {
  return join([
    u8(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0, 0, 0, 0, 0, 8, 8, 0),
    u16(LEAF, GROUP_NODE),
    u32(0),
    u64(0, NOWHERE, end, NOWHERE, 0, root.header),
    u32(1, 0),
    u64(root.tree, root.names),
  ]);
}

/** Bytes of a heap of texts after which the next is begun, and the fewest that it may have. */
const HEAP = 65_536;
const LEAST_HEAP = 4096;

/** Texts of any length, which lie in heaps beside what refers to them. */
export interface Texts {
  /** Adds a text; its reference, 16 bytes, is written into `into` at the latest by `flush`. */
  readonly add: (text: string, into: Uint8Array, at: number) => void;
  readonly flush: () => void;
}

export function texts(space: Space): Texts {
  const encoder = new TextEncoder();
  let pending: { readonly bytes: Uint8Array; readonly into: Uint8Array; readonly at: number }[] = [];
  let size = 16;
  const flush = (): void => {
    if (pending.length === 0) return;
    const length = Math.max(size, LEAST_HEAP);
    const heap = new Uint8Array(length);
    const address = space.end();
    heap.set(join([utf8("GCOL"), u32(1), u64(length)]));
    let place = 16;
    for (const [k, { bytes, into, at }] of pending.entries()) {
      heap.set(join([u16(k + 1, 1), u32(0), u64(bytes.length), bytes]), place);
      into.set(join([u32(bytes.length), u64(address), u32(k + 1)]), at);
      place += 16 + 8 * Math.ceil(bytes.length / 8);
    }
    if (length - place >= 16) heap.set(join([u32(0, 0), u64(length - place)]), place);
    space.put(heap);
    pending = [];
    size = 16;
  };
  const add = (text: string, into: Uint8Array, at: number): void => {
    const bytes = encoder.encode(text);
    const more = 16 + 8 * Math.ceil(bytes.length / 8);
    if (size + more > HEAP) flush();
    pending.push({ bytes, into, at });
    size += more;
  };
  return { add, flush };
}
