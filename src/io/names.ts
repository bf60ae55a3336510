import { fieldText } from "./text.ts";

/** Names that are numbered as they come, from bytes without a text for each. */
export interface Names {
  /** All so far, by number; the same array as long as none is new. */
  readonly list: () => readonly string[];
  readonly ofText: (name: string) => number;
  /** Of a field of a text file, or of bytes as parquet has them. */
  readonly ofBytes: (bytes: Uint8Array, start: number, end: number) => number;
}

/** Starts without names; those for which `isMissing` holds have the number -1. */
export function startNames(isMissing: (name: string) => boolean = () => false): Names {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  let listed: readonly string[] = [];
  const ofText = (name: string): number => {
    let number = numbers.get(name);
    if (number === undefined) {
      number = isMissing(name) ? -1 : names.push(name) - 1;
      numbers.set(name, number);
    }
    return number;
  };

  let arena = new Uint8Array(4096);
  let used = 0;
  let entries = 0;
  let slots = new Int32Array(256).fill(-1);
  let starts = new Uint32Array(129);
  let known = new Int32Array(128);
  const hash = (bytes: Uint8Array, start: number, end: number): number => {
    let h = 0x811c9dc5;
    for (let at = start; at < end; at++) h = Math.imul(h ^ bytes[at], 0x01000193);
    return (h ^ (h >>> 15)) >>> 0;
  };
  const isEntry = (entry: number, bytes: Uint8Array, start: number, end: number): boolean => {
    const from = starts[entry];
    if (starts[entry + 1] - from !== end - start) return false;
    for (let k = 0; k < end - start; k++) if (arena[from + k] !== bytes[start + k]) return false;
    return true;
  };
  const find = (bytes: Uint8Array, start: number, end: number): number => {
    let slot = hash(bytes, start, end) & (slots.length - 1);
    while (slots[slot] >= 0 && !isEntry(slots[slot], bytes, start, end))
      slot = (slot + 1) & (slots.length - 1);
    return slot;
  };
  const grow = (): void => {
    slots = new Int32Array(2 * slots.length).fill(-1);
    for (let entry = 0; entry < entries; entry++)
      slots[find(arena, starts[entry], starts[entry + 1])] = entry;
    known = enlarged(known, slots.length / 2);
    starts = enlarged(starts, slots.length / 2 + 1);
  };
  const ofBytes = (bytes: Uint8Array, start: number, end: number): number => {
    let slot = find(bytes, start, end);
    if (slots[slot] >= 0) return known[slots[slot]];
    if (2 * (entries + 1) > slots.length) {
      grow();
      slot = find(bytes, start, end);
    }
    if (used + end - start > arena.length) arena = enlarged(arena, 2 * (used + end - start));
    arena.set(bytes.subarray(start, end), used);
    used += end - start;
    starts[entries + 1] = used;
    slots[slot] = entries;
    return (known[entries++] = ofText(fieldText(bytes, start, end)));
  };
  const list = (): readonly string[] => {
    if (listed.length < names.length) listed = names.slice();
    return listed;
  };
  return { list, ofText, ofBytes };
}

function enlarged<T extends Uint8Array | Int32Array | Uint32Array>(values: T, length: number): T {
  const larger = new (values.constructor as new (length: number) => T)(length);
  larger.set(values);
  return larger;
}
