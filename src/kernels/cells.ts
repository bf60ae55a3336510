import type { Rng } from "../core/rng.ts";
import type { Call, ThreadArena } from "./wasm/threads.ts";

/** Points that a cell has at most. */
const LARGEST = 512;
/** Parts that are made at once. */
const PARTS = 16;
/** Points of a cell that its parts are sought on, and how often their centers move. */
const SAMPLE = 256;
const MOVES = 3;
/** Points per call. */
const BLOCK = 65536;

/** What `cellsOf` works in, all in the arena. */
export interface CellRoom {
  /** n numbers */
  readonly order: Uint32Array;
  /** n numbers */
  readonly parts: Uint8Array;
  /** As many centers as a level can have: see `centerCount`. */
  readonly centers: Int16Array;
  readonly lengths: Int32Array;
}

/** Bytes of a `CellRoom`. */
export function cellBytes(n: number, width: number): number {
  return 5 * n + centerCount(n) * (2 * width + 4);
}

/** Centers that a level has at most. */
function centerCount(n: number): number {
  return PARTS * Math.ceil((n + 1) / LARGEST);
}

export function cellRoom(arena: ThreadArena, n: number, width: number): CellRoom {
  const parts = arena.u32(Math.ceil(n / 4));
  return {
    order: arena.u32(n),
    parts: new Uint8Array(parts.buffer, parts.byteOffset, n),
    centers: arena.i16(centerCount(n) * width),
    lengths: arena.i32(centerCount(n)),
  };
}

/**
 * Puts points into cells of up to 512 that lie together: k-means into up to 16 parts, of each part again, and so on. Where
 * points coincide and cannot be told apart a cell is cut by number. Cost O(n d log n).
 *
 * @param rows n x width, points on the lattice, in the arena
 * @param room of which `order` has the points cell by cell afterwards, those of a cell ascending
 * @returns where cells begin in `order`, and n
 */
export async function cellsOf(
  arena: ThreadArena,
  rows: Int16Array,
  width: number,
  room: CellRoom,
  rng: Rng,
): Promise<Uint32Array> {
  const { order, parts, centers, lengths } = room;
  const n = order.length;
  for (let i = 0; i < n; i++) order[i] = i;
  const starts = [n];
  let level: (readonly [number, number])[] = [[0, n]];
  while (level.length > 0) {
    const large = level.filter(([start, end]) => end - start > LARGEST);
    for (const [start, end] of level) if (end - start <= LARGEST) starts.push(start);
    const calls: Call[] = [];
    large.forEach(([start, end], t) => {
      const count = Math.min(PARTS, Math.ceil((2 * (end - start)) / LARGEST));
      const found = centersOf(rows, width, order.subarray(start, end), count, rng);
      const at = t * PARTS;
      writePanels(found, count, width, centers.subarray(at * width), lengths.subarray(at));
      const [to, sizes] = [centers.byteOffset + 2 * at * width, lengths.byteOffset + 4 * at];
      for (let from = start; from < end; from += BLOCK) {
        const until = Math.min(end, from + BLOCK);
        calls.push([rows.byteOffset, width, order.byteOffset, from, until, to, sizes, parts.byteOffset]);
      }
    });
    await arena.spread(null, "nearestCenter", calls);
    level = large.flatMap(([start, end]) => sortByPart(order, parts, start, end));
  }
  return Uint32Array.from(starts).sort();
}

/** Centers (count x width) by k-means on a sample of the points. */
function centersOf(
  rows: Int16Array,
  width: number,
  points: Uint32Array,
  count: number,
  rng: Rng,
): Float64Array {
  const chosen = Uint32Array.from({ length: SAMPLE }, () => points[rng.below(points.length)]);
  const centers = new Float64Array(count * width);
  for (let c = 0; c < count; c++)
    for (let d = 0; d < width; d++) centers[c * width + d] = rows[chosen[c] * width + d];
  for (let move = 0; move < MOVES; move++) {
    const sums = new Float64Array(count * width);
    const sizes = new Uint32Array(count);
    for (const point of chosen) {
      let least = Infinity;
      let best = 0;
      for (let c = 0; c < count; c++) {
        let square = 0;
        for (let d = 0; d < width && square < least; d++) {
          const difference = rows[point * width + d] - centers[c * width + d];
          square += difference * difference;
        }
        if (square < least) {
          least = square;
          best = c;
        }
      }
      sizes[best]++;
      for (let d = 0; d < width; d++) sums[best * width + d] += rows[point * width + d];
    }
    for (let c = 0; c < count; c++)
      if (sizes[c] > 0)
        for (let d = 0; d < width; d++) centers[c * width + d] = sums[c * width + d] / sizes[c];
  }
  return centers;
}

/** Writes rounded centers in panels of 4, as the kernel takes them, and their squared lengths; none is beyond `count`. */
function writePanels(
  found: Float64Array,
  count: number,
  width: number,
  panels: Int16Array,
  lengths: Int32Array,
): void {
  panels.fill(0, 0, PARTS * width);
  lengths.fill(0x7fffffff, 0, PARTS);
  for (let c = 0; c < count; c++) {
    let length = 0;
    for (let d = 0; d < width; d++) {
      const v = Math.round(found[c * width + d]);
      panels[(c >> 2) * 4 * width + (d >> 1) * 8 + (c & 3) * 2 + (d & 1)] = v;
      length += v * v;
    }
    lengths[c] = length;
  }
}

/** Sorts order[start, end) by part; where the parts begin and end. Parts that hold nearly all are cut in equal pieces. */
function sortByPart(
  order: Uint32Array,
  parts: Uint8Array,
  start: number,
  end: number,
): (readonly [number, number])[] {
  const size = end - start;
  const at = new Uint32Array(PARTS + 1);
  for (let i = start; i < end; i++) at[parts[i] + 1]++;
  if (at.some((s) => s > 0.95 * size)) {
    const pieces = Math.ceil(size / LARGEST);
    return Array.from({ length: pieces }, (_, t) => [
      start + Math.floor((size * t) / pieces),
      start + Math.floor((size * (t + 1)) / pieces),
    ]);
  }
  for (let c = 0; c < PARTS; c++) at[c + 1] += at[c];
  const next = at.slice();
  const before = order.slice(start, end);
  for (let i = 0; i < size; i++) order[start + next[parts[start + i]]++] = before[i];
  return Array.from({ length: PARTS }, (_, c) => [start + at[c], start + at[c + 1]] as const).filter(
    ([a, b]) => b > a,
  );
}
