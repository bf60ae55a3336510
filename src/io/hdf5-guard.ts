import type { SyncFile } from "./source.ts";

/** How a heap of texts of any length begins: "GCOL" and its version. */
const HEAP = [0x47, 0x43, 0x4f, 0x4c, 1, 0, 0, 0];
/** The library looks at descriptions in parts no longer than this. */
const LONGEST = 1_048_576;

/**
 * Says of bytes read from an HDF5 file whether they can be given to the library. It walks heaps of texts without looking
 * where they end, on and on where a length is 0: such heaps are refused, and files whose lengths and addresses
 * are not of 8 bytes, which no writer makes.
 */
export function isSafe(file: Pick<SyncFile, "size" | "read">, part: Uint8Array, position: number): boolean {
  if (position === 0 && part.length > 15 && part[0] === 0x89 && !hasWideSizes(part)) return false;
  if (part.length > LONGEST) return true;
  for (let at = part.indexOf(HEAP[0]); at >= 0; at = part.indexOf(HEAP[0], at + 1))
    if (HEAP.every((b, k) => part[at + k] === b) && !isSoundHeap(file, position + at)) return false;
  return true;
}

/** Version 0 and 1 have the sizes of addresses and lengths in bytes 13 and 14, later ones in 9 and 10. */
function hasWideSizes(head: Uint8Array): boolean {
  const at = head[8] < 2 ? 13 : 9;
  return head[at] === 8 && head[at + 1] === 8;
}

function bytesAt(file: Pick<SyncFile, "read">, position: number, length: number): DataView {
  const bytes = new Uint8Array(length);
  file.read(bytes, position);
  return new DataView(bytes.buffer);
}

/** Objects one after the other: number, uses, length, bytes padded to 8; the free rest has number 0. */
function isSoundHeap(file: Pick<SyncFile, "size" | "read">, position: number): boolean {
  const size = Number(bytesAt(file, position, 16).getBigUint64(8, true));
  if (!(size >= 4096 && position + size <= file.size)) return false;
  const heap = bytesAt(file, position, size);
  for (let at = 16; at + 16 <= size;) {
    const length = Number(heap.getBigUint64(at + 8, true));
    const need = heap.getUint16(at, true) === 0 ? length : 16 + 8 * Math.ceil(length / 8);
    if (!(need >= 16 && at + need <= size)) return false;
    at += need;
  }
  return true;
}
