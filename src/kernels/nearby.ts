import { forEachBlock, type Progress, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import type { Dense } from "../model/matrix.ts";
import { cellBytes, cellRoom, cellsOf } from "./cells.ts";
import { latticeWidth, reorder, toLattice } from "./lattice.ts";
import { INDEX, type ListSizes, listBytes, nearestLists, type NearestLists, NONE } from "./nearest-lists.ts";
import { checkSearch, nearestList, type Neighbors, squared } from "./neighbor-list.ts";
import { type Call, type ThreadArena, threadsFor, withThreads } from "./wasm/threads.ts";

/** Neighbors that were sought near each point, and the share of the true ones among them. */
export interface NearbyNeighbors extends Neighbors {
  /** Estimated on points that were compared with all. */
  readonly recall: number;
}

/** Neighbors of neighbors kept beyond k. */
const BEYOND = 16;
/** How often the points are put into cells. */
const PARTITIONS = 4;
/** The search ends when a round brings less than this share of the lists' entries. */
const LITTLE = 0.01;
/** The part of what remains that progress takes a partition or a round for. */
const STRIDE = 0.2;
/** With a lower recall the search is done again with lists twice as long. */
const LEAST_RECALL = 0.95;
/** Points that are compared with all. */
const SAMPLE = 256;
/** Candidates whose distance is computed beyond k, so that rounding seldom loses a neighbor. */
const SPARE = 8;
/** Points whose distance to one is computed in a call. */
const MEASURED = 131072;
/** Bytes for what the threads have of their own. */
const OWN = 1e9;

/**
 * Nearest neighbors by descent: who is near is also near to a neighbor. Four times over points are put into cells of a few
 * hundred and compared within each; then, round by round, the neighbors of each point, in either direction, are compared with
 * each other, until a round changes less than 1 % of the lists. Lists are longer than k, since short ones lead astray; if fewer
 * than 95 % of the neighbors of a sample are found, as a comparison with all shows, they are made twice as long. Distances are
 * recomputed in double precision; ties go to the lower index. A seed gives the same neighbors on any number of threads.
 *
 * Cost: about (k + 16)^2 d operations per point and round, 4 to 10 rounds, and O(n d) for each point of the sample. Memory
 * n (2 d + 12 (k + 16) + 2 (k + 16) threads + 20) bytes.
 * Source of the rounds: Dong, Moses and Li 2011, doi:10.1145/1963405.1963487.
 *
 * @param points n x d, finite
 * @param k from 1 to n - 1
 */
export async function nearbyNeighbors(
  points: Dense,
  k: number,
  seed: number,
  run: RunOptions = {},
): Promise<NearbyNeighbors> {
  checkSearch(points, k);
  const kept = 8 * Math.ceil((k + BEYOND) / 8);
  let done = 0;
  const steps: Steps = {
    onProgress: ({ step, fraction }) =>
      run.onProgress?.({ step, fraction: done + (1 - done) * STRIDE * fraction }),
    end: () => void (done += (1 - done) * STRIDE),
  };
  const found = await descend(points, k, kept, seed, run, steps);
  const better = found.recall < LEAST_RECALL ? await descend(points, k, 2 * kept, seed, run, steps) : found;
  run.onProgress?.({ step: "neighbors", fraction: 1 });
  return better;
}

/** Partitions and rounds, of which nobody knows how many are to come. */
interface Steps {
  readonly onProgress: (progress: Progress) => void;
  readonly end: () => void;
}

async function descend(
  points: Dense,
  k: number,
  kept: number,
  seed: number,
  run: RunOptions,
  { onProgress, end }: Steps,
): Promise<NearbyNeighbors> {
  const n = points.rows;
  const width = latticeWidth(points);
  const sizes: ListSizes = { n, width, kept, room: 4 * Math.ceil(kept / 16) };
  const threads = Math.max(1, Math.min(threadsFor(run), Math.floor(OWN / (8 * n * sizes.room))));
  const bytes = 2 * n * width + 4 * n * (kept + 1) + cellBytes(n, width) + listBytes(sizes, threads);
  return withThreads(bytes, { ...run, threads, onProgress }, async (arena) => {
    const rows = arena.i16(n * width);
    const counts = arena.u32(n);
    const sources = arena.u32(n * kept);
    const room = cellRoom(arena, n, width);
    const lists = nearestLists(arena, rows, sizes);

    await toLattice(points, rows, run);
    let cells = await cellsOf(arena, rows, width, room, stream(seed, 7, 0));
    // Near points lie together in memory from here on: row t holds point named[t].
    const named = room.order.slice();
    await reorder(rows, named, run);
    for (let t = 0; t < n; t++) room.order[t] = t;
    for (let partition = 1; ; partition++) {
      const rectangles = sources.subarray(0, 4 * (cells.length - 1));
      for (let e = 0; e < rectangles.length; e++) rectangles[e] = cells[(e >> 2) + (e & 1)];
      await lists.compare(room.order, rectangles);
      await lists.merge();
      end();
      if (partition === PARTITIONS) break;
      cells = await cellsOf(arena, rows, width, room, stream(seed, 7, partition));
    }
    while ((await countNew(lists, run)) > LITTLE * n * kept) {
      await lists.compareNeighbors(counts, sources);
      await lists.merge();
      end();
    }
    const found = await measure(points, k, named, lists, kept, run);
    const recall = await recallOf(arena, points, rows, named, counts, found, seed);
    return { ...found, recall };
  });
}

/** How many entries of the lists came with the last merge. */
async function countNew({ lists }: NearestLists, run: RunOptions): Promise<number> {
  let count = 0;
  // The bit that marks them is the sign; distances have none.
  const add = (start: number, end: number): void => {
    for (let e = start; e < end; e++) count += lists[e] >>> 31;
  };
  await forEachBlock("neighbors", lists.length, 1 << 22, add, { signal: run.signal });
  return count;
}

/** The k nearest of each list, by distances in double precision. */
async function measure(
  points: Dense,
  k: number,
  named: Uint32Array,
  { lists }: NearestLists,
  kept: number,
  run: RunOptions,
): Promise<Neighbors> {
  const n = points.rows;
  const indices = new Uint32Array(n * k);
  const distances = new Float64Array(n * k);
  const best = nearestList(k);
  const take = (start: number, end: number): void => {
    for (let at = start; at < end; at++) {
      const own = named[at];
      best.clear();
      const list = 2 * kept * at;
      for (let c = list; c < list + k + SPARE && lists[c] < NONE; c++) {
        const other = named[lists[c + kept] & INDEX];
        best.offer(squared(points, own, other, best.worst()), other);
      }
      if (best.count() < k) {
        best.clear();
        for (let j = 0; j < n; j++) if (j !== own) best.offer(squared(points, own, j, best.worst()), j);
      }
      best.write(indices, distances, own * k);
    }
  };
  await forEachBlock("neighbors", n, 4096, take, { signal: run.signal });
  return { k, indices, distances };
}

/** The share of the neighbors found, of a sample of points, that are no further than the true k-th. */
async function recallOf(
  arena: ThreadArena,
  points: Dense,
  rows: Int16Array,
  named: Uint32Array,
  room: Uint32Array,
  { k, distances }: Neighbors,
  seed: number,
): Promise<number> {
  const n = points.rows;
  const width = latticeWidth(points);
  const squares = new Int32Array(room.buffer, room.byteOffset, n);
  const rng = stream(seed, 8);
  const near = nearestList(Math.min(k + SPARE, n - 1));
  const best = nearestList(k);
  let hits = 0;
  for (let s = 0; s < SAMPLE; s++) {
    const at = rng.below(n);
    const calls: Call[] = [];
    for (let from = 0; from < n; from += MEASURED)
      calls.push([rows.byteOffset, width, at, from, Math.min(n, from + MEASURED), squares.byteOffset]);
    await arena.spread(null, "distancesTo", calls);
    near.clear();
    let worst = Infinity;
    for (let j = 0; j < n; j++) {
      if (!(squares[j] < worst) || j === at) continue;
      near.offer(squares[j], j);
      worst = near.worst();
    }
    best.clear();
    const own = named[at];
    for (const j of near.held()) best.offer(squared(points, own, named[j], Infinity), named[j]);
    const farthest = Math.sqrt(best.worst());
    for (let e = own * k; e < (own + 1) * k; e++) if (distances[e] <= farthest) hits++;
  }
  return hits / (SAMPLE * k);
}
