import { type Call, ranges, type ThreadArena } from "./wasm/threads.ts";

/** What a free place of a list holds, as distance and as index. */
export const NONE = 0x7fffffff;
/** The bits of a list entry that name the point; the highest one marks an entry that came with the last merge. */
export const INDEX = 0x7fffffff;
/** Points on a side of a rectangle at most. */
export const SIDE = 512;
/** Pairs, points whose neighbors are compared, and points whose lists are merged in one call: well under 50 ms. */
const PAIRS = 2e6;
const COMPARED = 2048;
const MERGED = 16384;
/** In how many calls lists are turned around; each reads them all. */
const TURNS = 16;

/** The nearest neighbors of n points, each among those that it was compared with, by (distance on the lattice, index). */
export interface NearestLists {
  /** n x 2 kept: squared distances of a point's neighbors, ascending, then their indices. */
  readonly lists: Int32Array;
  /** Compares the points of rectangles: first and last row, first and last column, as places in `order`. */
  readonly compare: (order: Uint32Array, rectangles: Uint32Array) => Promise<void>;
  /**
   * Compares with each other the neighbors of each point: those in its list and (of many, some) that have it in theirs, but not
   * pairs of which neither came with the last merge. Works in `counts` (n) and `sources` (n x kept).
   */
  readonly compareNeighbors: (counts: Uint32Array, sources: Uint32Array) => Promise<void>;
  /** Takes in, of what was found since the last time, the `room` nearest of each point. */
  readonly merge: () => Promise<void>;
}

/** Sizes of lists: points, coordinates of a row (a multiple of 8), places in a list and for new neighbors (multiples of 4). */
export interface ListSizes {
  readonly n: number;
  readonly width: number;
  readonly kept: number;
  readonly room: number;
}

/** Bytes that `nearestLists` takes of an arena. */
export function listBytes(sizes: ListSizes, threads: number): number {
  return 8 * sizes.n * sizes.kept + threads * threadBytes(sizes);
}

/** Bytes of a thread's own block: limits, new neighbors and two sides. */
export function threadBytes({ n, width, room }: ListSizes): number {
  return 64 * Math.ceil((4 * n * (1 + 2 * room) + 4 * SIDE * (width + 6)) / 64 + 1);
}

/** Empty lists over points on the lattice. What they come to hold depends neither on the order of the work nor on threads. */
export function nearestLists(arena: ThreadArena, points: Int16Array, sizes: ListSizes): NearestLists {
  const { n, width, kept, room } = sizes;
  const lists = arena.i32(2 * n * kept).fill(NONE);
  const bytes = threadBytes(sizes);
  const own = arena.i32((arena.threads * bytes) / 4).fill(NONE);
  const shared = [kept, lists.byteOffset, room, own.byteOffset];

  const compare = (order: Uint32Array, rectangles: Uint32Array): Promise<void> => {
    const calls: Call[] = [];
    let from = 0;
    let pairs = 0;
    const count = rectangles.length / 4;
    for (let t = 0; t < count; t++) {
      const [a, b, c, d] = rectangles.subarray(4 * t, 4 * t + 4);
      pairs += (b - a) * (d - c);
      if (pairs < PAIRS && t < count - 1) continue;
      const at = rectangles.byteOffset + 16 * from;
      calls.push([n, points.byteOffset, width, order.byteOffset, at, t + 1 - from, ...shared]);
      from = t + 1;
      pairs = 0;
    }
    return arena.spread("neighbors", "nearestRectangles", calls, { 9: bytes });
  };
  const compareNeighbors = async (counts: Uint32Array, sources: Uint32Array): Promise<void> => {
    const around = [counts.byteOffset, sources.byteOffset];
    await arena.spread(
      null,
      "turnAround",
      ranges(n, Math.ceil(n / TURNS)).map(([from, to]) => [n, kept, lists.byteOffset, from, to, ...around]),
    );
    await arena.spread(
      "neighbors",
      "nearestOfNeighbors",
      ranges(n, COMPARED).map(([from, to]) => [n, points.byteOffset, width, from, to, ...around, ...shared]),
      { 10: bytes },
    );
  };
  const merge = (): Promise<void> =>
    arena.spread(
      null,
      "mergeNearest",
      ranges(n, MERGED).map(([from, to]) => [n, from, to, ...shared, bytes, arena.threads]),
    );
  return { lists, compare, compareNeighbors, merge };
}
