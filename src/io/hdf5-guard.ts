import type { SyncFile } from "./source.ts";

type Bytes = Pick<SyncFile, "size" | "read">;

/** How a heap of texts of any length begins: "GCOL" and its version. */
const TEXTS = [0x47, 0x43, 0x4f, 0x4c, 1, 0, 0, 0];
/** How a heap of names begins: "HEAP" and its version. */
const NAMES = [0x48, 0x45, 0x41, 0x50, 0, 0, 0, 0];
/** The library looks at descriptions in parts no longer than this. */
const LONGEST = 1_048_576;

/**
 * Says of bytes read from an HDF5 file whether they can be given to the library. It walks heaps without looking where
 * they end, on and on where a length is 0 or a list closes on itself, and makes room for a text as long as its pointer
 * says: such heaps and pointers are refused, and files whose lengths and addresses are not of 8 bytes, which no writer
 * makes.
 *
 * @param pointers whether texts of a dataset are being read, so that their pointers are among what is read
 */
export function isSafe(file: Bytes, part: Uint8Array, position: number, pointers: boolean): boolean {
  if (position === 0 && part.length > 15 && part[0] === 0x89 && !hasWideSizes(part)) return false;
  if (pointers && hasLongPointer(file, part)) return false;
  if (part.length > LONGEST) return true;
  return (
    find(part, TEXTS).every((at) => isSoundTexts(file, position + at)) &&
    find(part, NAMES).every((at) => isSoundNames(file, position + at))
  );
}

function find(part: Uint8Array, sign: readonly number[]): number[] {
  const found: number[] = [];
  for (let at = part.indexOf(sign[0]); at >= 0; at = part.indexOf(sign[0], at + 1))
    if (sign.every((b, k) => part[at + k] === b)) found.push(at);
  return found;
}

/** Version 0 and 1 have the sizes of addresses and lengths in bytes 13 and 14, later ones in 9 and 10. */
function hasWideSizes(head: Uint8Array): boolean {
  const at = head[8] < 2 ? 13 : 9;
  return head[at] === 8 && head[at + 1] === 8;
}

function bytesAt(file: Bytes, position: number, length: number): DataView {
  const bytes = new Uint8Array(length);
  file.read(bytes, position);
  return new DataView(bytes.buffer);
}

const wide = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** Objects one after the other: number, uses, length, bytes padded to 8; the free rest has number 0. */
function isSoundTexts(file: Bytes, position: number): boolean {
  const size = wide(bytesAt(file, position, 16), 8);
  if (!(size >= 4096 && position + size <= file.size)) return false;
  const heap = bytesAt(file, position, Math.min(size, LONGEST));
  for (let at = 16; at + 16 <= size;) {
    const isNear = at + 16 <= heap.byteLength;
    const [head, start] = isNear ? [heap, at] : [bytesAt(file, position + at, 16), 0];
    const length = wide(head, start + 8);
    const need = head.getUint16(start, true) === 0 ? length : 16 + 8 * Math.ceil(length / 8);
    if (!(need >= 16 && at + need <= size)) return false;
    at += need;
  }
  return true;
}

/** The size of a heap of names, its first free place (1: none) and where it lies; each free place names the next. */
function isSoundNames(file: Bytes, position: number): boolean {
  const head = bytesAt(file, position, 32);
  const [size, free, start] = [8, 16, 24].map((at) => wide(head, at));
  if (!(start + size <= file.size)) return false;
  let left = size / 16;
  for (let at = free; at !== 1; at = wide(bytesAt(file, start + at, 8), 0))
    if (!(at + 16 <= size && --left >= 0)) return false;
  return true;
}

/** A list of pointers to texts: length, address of the heap, number in it. Bytes that hold no pointer are let through. */
function hasLongPointer(file: Bytes, part: Uint8Array): boolean {
  if (part.length % 16 !== 0) return false;
  const view = new DataView(part.buffer, part.byteOffset, part.length);
  let [isLong, isList] = [false, false];
  for (let at = 0; at < part.length; at += 16) {
    const [length, address, number] = [
      view.getUint32(at, true),
      wide(view, at + 4),
      view.getUint32(at + 12, true),
    ];
    isLong ||= length > file.size;
    isList ||= address > 0 && address < file.size && number > 0 && number < 65_536;
  }
  return isLong && isList;
}
