import { stream, type Rng } from "../core/rng.ts";
import type { Call, ThreadArena } from "./wasm/threads.ts";

/** Points in cells of neighbors. */
export interface Cells {
  /** length n: the points, cell by cell */
  readonly order: Uint32Array;
  /** length cells + 1: cell c owns order[starts[c]] to order[starts[c + 1]] */
  readonly starts: Uint32Array;
}

/** Points that a cell should have at most. */
const LARGEST = 512;
/** Parts that are made at once. */
const PARTS = 16;
/** Points of a cell that its parts are sought on, and how often their centers move. */
const SAMPLE = 1024;
const MOVES = 6;
/** Points per call. */
const BLOCK = 16384;

/**
 * Puts points into cells of up to 512 that lie together: k-means into up to 16 parts, of each part again, and so on. Where
 * points coincide and cannot be told apart a cell is cut by number.
 *
 * @param rows n x dims (a multiple of 4), in the arena
 * @param order room for n numbers, in the arena
 * @param parts room for n numbers, in the arena
 */
export async function cellsOf(
  arena: ThreadArena,
  rows: Float32Array,
  dims: number,
  order: Uint32Array,
  parts: Uint32Array,
  centers: Float32Array,
  seed: number,
): Promise<Cells> {
  const n = order.length;
  const rng = stream(seed, 7);
  for (let i = 0; i < n; i++) order[i] = i;
  const starts: number[] = [];
  let level: (readonly [number, number])[] = [[0, n]];
  while (level.length > 0) {
    const next: (readonly [number, number])[] = [];
    for (const [start, end] of level) {
      if (end - start <= LARGEST) {
        starts.push(start);
        continue;
      }
      const count = Math.min(PARTS, Math.ceil((2 * (end - start)) / LARGEST));
      const found = centersOf(rows, dims, order.subarray(start, end), count, rng);
      await assign(arena, rows, dims, order, start, end, found, count, centers, parts);
      next.push(...sortByPart(order, parts, start, end, count));
    }
    level = next;
  }
  starts.push(n);
  return { order: order.slice(), starts: Uint32Array.from(starts).sort() };
}

/** Centers (count x dims) by k-means on a sample of the points. */
function centersOf(
  rows: Float32Array,
  dims: number,
  points: Uint32Array,
  count: number,
  rng: Rng,
): Float64Array {
  const chosen = Uint32Array.from(
    { length: Math.min(SAMPLE, points.length) },
    () => points[rng.below(points.length)],
  );
  const centers = new Float64Array(count * dims);
  for (let c = 0; c < count; c++)
    for (let d = 0; d < dims; d++) centers[c * dims + d] = rows[chosen[c] * dims + d];
  for (let move = 0; move < MOVES; move++) {
    const sums = new Float64Array(count * dims);
    const sizes = new Uint32Array(count);
    for (const point of chosen) {
      let least = Infinity;
      let best = 0;
      for (let c = 0; c < count; c++) {
        let square = 0;
        for (let d = 0; d < dims && square < least; d++) {
          const difference = rows[point * dims + d] - centers[c * dims + d];
          square += difference * difference;
        }
        if (square < least) {
          least = square;
          best = c;
        }
      }
      sizes[best]++;
      for (let d = 0; d < dims; d++) sums[best * dims + d] += rows[point * dims + d];
    }
    for (let c = 0; c < count; c++)
      if (sizes[c] > 0) for (let d = 0; d < dims; d++) centers[c * dims + d] = sums[c * dims + d] / sizes[c];
  }
  return centers;
}

/** Numbers the nearest center of each of the points order[start, end). */
async function assign(
  arena: ThreadArena,
  rows: Float32Array,
  dims: number,
  order: Uint32Array,
  start: number,
  end: number,
  found: Float64Array,
  count: number,
  room: Float32Array,
  parts: Uint32Array,
): Promise<void> {
  const panels = Math.ceil(count / 8);
  const norms = room.subarray(panels * 8 * dims, panels * 8 * (dims + 1)).fill(Infinity);
  room.subarray(0, panels * 8 * dims).fill(0);
  for (let c = 0; c < count; c++) {
    let norm = 0;
    for (let d = 0; d < dims; d++) {
      const v = (room[(c >> 3) * dims * 8 + d * 8 + (c & 7)] = found[c * dims + d]);
      norm += v * v;
    }
    norms[c] = norm / 2;
  }
  const calls: Call[] = [];
  for (let from = start; from < end; from += BLOCK)
    calls.push([
      rows.byteOffset,
      dims,
      order.byteOffset,
      from,
      Math.min(end, from + BLOCK),
      room.byteOffset,
      norms.byteOffset,
      panels,
      parts.byteOffset,
    ]);
  await arena.spread("cells", "nearestCenter", calls);
}

/** Sorts order[start, end) by part; where the parts begin and end. Parts that hold nearly all are cut in equal pieces. */
function sortByPart(
  order: Uint32Array,
  parts: Uint32Array,
  start: number,
  end: number,
  count: number,
): (readonly [number, number])[] {
  const size = end - start;
  const at = new Uint32Array(count + 1);
  for (let i = start; i < end; i++) at[parts[i] + 1]++;
  if (at.some((s) => s > 0.95 * size)) {
    const pieces = Math.ceil(size / LARGEST);
    return Array.from({ length: pieces }, (_, t) => [
      start + Math.floor((size * t) / pieces),
      start + Math.floor((size * (t + 1)) / pieces),
    ]);
  }
  for (let c = 0; c < count; c++) at[c + 1] += at[c];
  const next = at.slice();
  const before = order.slice(start, end);
  for (let i = 0; i < size; i++) order[start + next[parts[start + i]]++] = before[i];
  return Array.from({ length: count }, (_, c) => [start + at[c], start + at[c + 1]] as const).filter(
    ([a, b]) => b > a,
  );
}
