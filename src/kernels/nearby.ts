import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import type { Dense } from "../model/matrix.ts";
import { type Cells, cellsOf } from "./cells.ts";
import { centering, checkFinite, nearestList, type Neighbors, squared } from "./neighbor-list.ts";
import { type Call, type ThreadArena, threadsFor, withThreads } from "./wasm/threads.ts";

/** Neighbors that were sought in the cells around each point, and the share of the true ones among them. */
export interface NearbyNeighbors extends Neighbors {
  /** Estimated on points that were compared with all. */
  readonly recall: number;
}

/** The share of the neighbors that the cells around must cover. */
const COVERED = 0.97;
/** Points that are compared with all. */
const SAMPLE = 256;
/** Candidates kept beyond k, so that the rounding of single precision seldom loses a neighbor. */
const SPARE = 8;
/** Pairs that one call compares: about 20 ms. */
const PAIRS = 4e6;
/** Bytes for the lists of all threads. */
const LISTS = 1.5e9;

/**
 * Nearest neighbors among the points of nearby cells. Points are put into cells of a few hundred; two cells are compared,
 * point by point, if one is among the other's nearest, by their centers. How many that must be is read off a sample of
 * points that are compared with all: the fewest that cover 97 % of their neighbors. Distances are recomputed in double
 * precision; ties go to the lower index. A seed gives the same neighbors on any number of threads.
 *
 * Cost: the pairs of nearby cells, O(n d times the points around), and O(n d) for each point of the sample; memory
 * n (8 d + 8 (k + 8) threads + 40) bytes.
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
  const n = points.rows;
  checkFinite(points);
  const dims = Math.ceil(points.cols / 4) * 4;
  const kept = Math.min(k + SPARE, n - 1);
  const threads = Math.max(1, Math.min(threadsFor(run), Math.floor(LISTS / (8 * n * kept))));
  const { cells, rows, around, recall } = await plan(points, dims, k, seed, { ...run, threads });

  const count = cells.starts.length - 1;
  const first = new Uint32Array(count + 1);
  for (let c = 0; c < count; c++)
    first[c + 1] = first[c] + 8 * Math.ceil((cells.starts[c + 1] - cells.starts[c]) / 8);
  const padded = first[count];
  const pairs = rectangles(first, around);
  const listed = padded * kept;
  const bytes = 4 * padded * (dims + 1) + threads * 4 * (padded + 2 * listed) + 4 * pairs.corners.length;
  const indices = new Uint32Array(n * k);
  const distances = new Float64Array(n * k);
  await withThreads(bytes, { ...run, threads }, async (arena) => {
    const panels = arena.f32(padded * dims);
    const norms = arena.f32(padded).fill(Infinity);
    const limits = arena.f32(arena.threads * padded).fill(Infinity);
    const near = arena.f32(arena.threads * listed).fill(Infinity);
    const candidates = arena.u32(arena.threads * listed);
    const corners = arena.u32(pairs.corners.length);
    corners.set(pairs.corners);
    const named = new Uint32Array(padded);
    for (let c = 0; c < count; c++) {
      for (let t = cells.starts[c]; t < cells.starts[c + 1]; t++) {
        const at = first[c] + t - cells.starts[c];
        named[at] = cells.order[t];
        let norm = 0;
        for (let d = 0; d < dims; d++) {
          const v = rows[cells.order[t] * dims + d];
          panels[(at >> 3) * dims * 8 + d * 8 + (at & 7)] = v;
          norm += v * v;
        }
        norms[at] = norm;
      }
    }
    const calls = pairs.blocks.map(([from, to]): Call => [
      panels.byteOffset,
      norms.byteOffset,
      dims,
      corners.byteOffset + 16 * from,
      to - from,
      kept,
      near.byteOffset,
      candidates.byteOffset,
      limits.byteOffset,
    ]);
    await arena.spread("neighbors", "nearestRectangles", calls, {
      6: 4 * listed,
      7: 4 * listed,
      8: 4 * padded,
    });

    const merged = nearestList(kept);
    const best = nearestList(k);
    const refine = (start: number, end: number): void => {
      for (let at = start; at < end; at++) {
        if (norms[at] === Infinity) continue;
        merged.clear();
        for (let t = 0; t < arena.threads; t++) {
          const own = t * listed + at * kept;
          for (let c = own; c < own + kept && near[c] < Infinity; c++) merged.offer(near[c], candidates[c]);
        }
        best.clear();
        const own = named[at];
        for (const c of merged.held()) best.offer(squared(points, own, named[c], Infinity), named[c]);
        if (best.count() < k) {
          best.clear();
          for (let j = 0; j < n; j++) if (j !== own) best.offer(squared(points, own, j, best.worst()), j);
        }
        best.write(indices, distances, own * k);
      }
    };
    await forEachBlock("neighbors", padded, 4096, refine, { signal: run.signal });
  });
  return { k, indices, distances, recall };
}

interface Plan {
  readonly cells: Cells;
  /** n x dims, centered and scaled into [-1, 1] */
  readonly rows: Float32Array;
  /** Per cell the cells that it is compared with, itself among them. */
  readonly around: readonly Uint32Array[];
  readonly recall: number;
}

/** The cells, and how many around each must be searched. */
async function plan(points: Dense, dims: number, k: number, seed: number, run: RunOptions): Promise<Plan> {
  const n = points.rows;
  return withThreads(4 * n * (dims + 3) + 4096 * dims, run, async (arena) => {
    const rows = arena.f32(n * dims);
    const order = arena.u32(n);
    const parts = arena.u32(n);
    const out = arena.f32(n);
    center(points, rows, dims);
    const cells = await cellsOf(arena, rows, dims, order, parts, arena.f32(16 * (dims + 1)), seed);
    const nearest = cellsByDistance(cells, rows, dims);
    const count = nearest.length;
    const rank = nearest.map((list) => {
      const places = new Uint16Array(count);
      list.forEach((c, t) => (places[c] = t));
      return places;
    });
    const cellOf = new Uint32Array(n);
    for (let c = 0; c < count; c++)
      for (let t = cells.starts[c]; t < cells.starts[c + 1]; t++) cellOf[cells.order[t]] = c;
    // covered[r]: neighbors in a cell of which one is the other's r-th nearest.
    const covered = new Float64Array(count);
    const rng = stream(seed, 8);
    for (let s = 0; s < SAMPLE; s++) {
      const point = rng.below(n);
      const own = cellOf[point];
      for (const other of await compareWithAll(arena, rows, dims, point, k, out)) {
        const c = cellOf[other];
        covered[Math.min(rank[own][c], rank[c][own])]++;
      }
    }
    let width = 0;
    let share = 0;
    while (width < count && share < COVERED) share += covered[width++] / (SAMPLE * k);
    return {
      cells,
      rows: rows.slice(),
      around: nearest.map((list) => list.subarray(0, width)),
      recall: Math.min(1, share),
    };
  });
}

/** Writes the points, centered and scaled into [-1, 1]. */
function center(points: Dense, rows: Float32Array, dims: number): void {
  const { rows: n, cols, data } = points;
  const { mean, scale } = centering(points);
  for (let i = 0; i < n; i++)
    for (let d = 0; d < cols; d++) rows[i * dims + d] = (data[i * cols + d] - mean[d]) * scale;
}

/** For each cell all cells, nearest first by their centers; itself first. */
function cellsByDistance({ order, starts }: Cells, rows: Float32Array, dims: number): Uint32Array[] {
  const count = starts.length - 1;
  const centers = new Float64Array(count * dims);
  for (let c = 0; c < count; c++)
    for (let t = starts[c]; t < starts[c + 1]; t++)
      for (let d = 0; d < dims; d++)
        centers[c * dims + d] += rows[order[t] * dims + d] / (starts[c + 1] - starts[c]);
  const squares = new Float64Array(count);
  return Array.from({ length: count }, (_, a) => {
    for (let b = 0; b < count; b++) {
      let sum = 0;
      for (let d = 0; d < dims; d++) {
        const difference = centers[a * dims + d] - centers[b * dims + d];
        sum += difference * difference;
      }
      squares[b] = a === b ? -1 : sum;
    }
    return Uint32Array.from({ length: count }, (_, b) => b).sort((x, y) => squares[x] - squares[y] || x - y);
  });
}

/** The k nearest others of a point. */
async function compareWithAll(
  arena: ThreadArena,
  rows: Float32Array,
  dims: number,
  point: number,
  k: number,
  out: Float32Array,
): Promise<number[]> {
  const calls: Call[] = [];
  for (let from = 0; from < out.length; from += 131072)
    calls.push([rows.byteOffset, dims, point, from, Math.min(out.length, from + 131072), out.byteOffset]);
  await arena.spread("neighbors", "distancesTo", calls);
  const best = nearestList(k);
  let worst = Infinity;
  for (let j = 0; j < out.length; j++) {
    if (!(out[j] < worst) || j === point) continue;
    best.offer(out[j], j);
    worst = best.worst();
  }
  return best.held();
}

/** Which rows are compared with which columns, in blocks of about `PAIRS` pairs. */
function rectangles(
  first: Uint32Array,
  around: readonly Uint32Array[],
): { readonly corners: Uint32Array; readonly blocks: readonly (readonly [number, number])[] } {
  const corners: number[] = [];
  const blocks: [number, number][] = [];
  let from = 0;
  let pairs = 0;
  const near = around.map((list) => new Set(list));
  for (let a = 0; a < around.length; a++) {
    for (let b = a; b < around.length; b++) {
      if (!near[a].has(b) && !near[b].has(a)) continue;
      corners.push(first[a], first[a + 1], first[b], first[b + 1]);
      pairs += (first[a + 1] - first[a]) * (first[b + 1] - first[b]);
      if (pairs < PAIRS) continue;
      blocks.push([from, corners.length / 4]);
      from = corners.length / 4;
      pairs = 0;
    }
  }
  if (from < corners.length / 4) blocks.push([from, corners.length / 4]);
  return { corners: Uint32Array.from(corners), blocks };
}
