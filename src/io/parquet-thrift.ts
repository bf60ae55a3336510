/** A place in bytes; reading moves it on. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** Numbers, truth values and structures of a thrift structure by field number; lists and texts are passed over. */
export type Fields = ReadonlyMap<number, unknown>;

/** Structures within structures at most; parquet has seven. */
const DEEPEST = 24;

/**
 * Reads a structure in thrift's compact form. Ends on any bytes: numbers have as many bytes as they may, lists and texts
 * as many as are left.
 */
export function thriftStruct(cursor: Cursor, depth: number = 0): Fields {
  if (depth > DEEPEST) throw new RangeError("structures without end");
  const fields = new Map<number, unknown>();
  let id = 0;
  for (;;) {
    const head = byte(cursor);
    if ((head & 15) === 0) return fields;
    id = head >> 4 === 0 ? zigzag(cursor) : id + (head >> 4);
    fields.set(id, element(cursor, head & 15, depth));
  }
}

function element(cursor: Cursor, type: number, depth: number): unknown {
  if (type === 1 || type === 2) return type === 1;
  if (type === 3) return (byte(cursor) << 24) >> 24;
  if (type === 4 || type === 5) return zigzag(cursor);
  if (type === 6) return skipVarint(cursor);
  if (type === 7) return skip(cursor, 8);
  if (type === 8) return skip(cursor, varint(cursor));
  if (type === 12) return thriftStruct(cursor, depth + 1);
  if (type !== 9) throw new RangeError(`a field of type ${type}`);
  const head = byte(cursor);
  const length = head >> 4 === 15 ? varint(cursor) : head >> 4;
  if (length > cursor.bytes.length - cursor.at) throw new RangeError(`a list of ${length}`);
  const kind = (head & 15) < 3 ? 3 : head & 15;
  for (let k = 0; k < length; k++) element(cursor, kind, depth + 1);
  return null;
}

function byte(cursor: Cursor): number {
  if (cursor.at >= cursor.bytes.length) throw new RangeError("an end too early");
  return cursor.bytes[cursor.at++];
}

function skip(cursor: Cursor, length: number): null {
  if (length > cursor.bytes.length - cursor.at) throw new RangeError(`${length} bytes beyond the end`);
  cursor.at += length;
  return null;
}

/** A whole number of at most 32 bits, the lowest seven first. */
export function varint(cursor: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const next = byte(cursor);
    value |= (next & 127) << shift;
    if (next < 128) return value >>> 0;
  }
  throw new RangeError("a number without end");
}

/** A signed number of 32 bits; the sign is in the lowest one. */
export function zigzag(cursor: Cursor): number {
  const value = varint(cursor);
  return (value >>> 1) ^ -(value & 1);
}

/** Passes over a number of at most 64 bits. */
export function skipVarint(cursor: Cursor): null {
  for (let k = 0; k < 10; k++) if (byte(cursor) < 128) return null;
  throw new RangeError("a number without end");
}
