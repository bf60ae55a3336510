import { forEachBlock, type Progress, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import type { Dense } from "../model/matrix.ts";
import { cellBytes, cellRoom, cellsOf } from "./cells.ts";
import { latticeWidth, reorder, toLattice } from "./lattice.ts";
import { listBytes, nearestLists, NONE, SIDE } from "./nearest-lists.ts";
import { checkSearch, nearestList, type Neighbors, squared } from "./neighbor-list.ts";
import { type Call, ranges, threadsFor, withThreads } from "./wasm/threads.ts";

/** Candidates kept beyond k, so that rounding seldom leaves the k-th in doubt. */
const SPARE = 8;
/** Points whose candidates are compared anew in a call: some 10 ms. */
const REFINED = 2048;

/**
 * Exact nearest neighbors by comparing all pairs, each once. Candidates come from points on a lattice of whole numbers; their
 * distances are then recomputed in double precision from the points as given. Where the rounding cannot rule out that a true
 * neighbor was missed, that point is compared with all others in double precision. Hence the result is exact: it does not
 * depend on the order of the work, and ties go to the lower index.
 *
 * Cost O(n^2 d / 2), memory n (6 d + 24 k + 8 (k + 8) (threads + 1)) bytes. (50,000 x 30, k = 14: 2.4 s on one thread.)
 *
 * @param points n x d, finite
 * @param k from 0 to n - 1
 */
export async function exactNeighbors(points: Dense, k: number, run: RunOptions = {}): Promise<Neighbors> {
  const { rows: n, cols: dims } = points;
  checkSearch(points, k);
  const indices = new Uint32Array(n * k);
  const distances = new Float64Array(n * k);
  if (k === 0) return { k, indices, distances };

  const width = latticeWidth(points);
  const kept = 4 * Math.ceil((k + SPARE) / 4);
  const sizes = { n, width, kept, room: kept };
  const sides = Math.ceil(n / SIDE);
  const squares = (sides * (sides + 1)) / 2;
  const bytes = 2 * n * width + cellBytes(n, width) + 16 * squares + listBytes(sizes, threadsFor(run));
  const refined = n * (12 * k + points.data.BYTES_PER_ELEMENT * dims);
  let [from, to] = [0, 0];
  const onProgress = ({ step, fraction }: Progress): void =>
    run.onProgress?.({ step, fraction: (from + (to - from) * fraction) / squares });
  await withThreads(bytes + refined, { ...run, onProgress }, async (arena) => {
    const rows = arena.i16(n * width);
    const room = cellRoom(arena, n, width);
    const rectangles = arena.u32(4 * squares);
    const { lists, compare, merge } = nearestLists(arena, rows, sizes);
    const factor = await toLattice(points, rows, run);
    await cellsOf(arena, rows, width, room, stream(0, 7));
    const named = room.order.slice();
    await reorder(rows, named, run);
    for (let t = 0; t < n; t++) room.order[t] = t;
    // Near points are compared first and known to all threads, so that few others are ever taken for near.
    let e = 0;
    for (let apart = 0; apart < sides; apart++)
      for (let row = 0; row + apart < sides; row++)
        for (const side of [row, row + apart]) {
          rectangles[e++] = side * SIDE;
          rectangles[e++] = Math.min(n, (side + 1) * SIDE);
        }
    for ([from, to] of [
      [0, sides],
      [sides, squares],
    ]) {
      await compare(room.order, rectangles.subarray(4 * from, 4 * to));
      await merge();
    }

    for (let t = 0; t < n; t++) room.order[t] = named[t];
    const single = points.data instanceof Float32Array;
    const coordinates = single ? arena.f32(n * dims) : arena.f64(n * dims);
    coordinates.set(points.data);
    const [names, roots] = [arena.u32(n * k), arena.f64(n * k)];
    const before = [k, kept, lists.byteOffset, room.order.byteOffset, coordinates.byteOffset, dims];
    const calls = ranges(n, REFINED).map(([start, end]): Call => [
      start,
      end,
      ...before,
      names.byteOffset,
      roots.byteOffset,
    ]);
    await arena.spread(null, single ? "refineNearest32" : "refineNearest64", calls);
    indices.set(names);
    distances.set(roots);

    const doubtful: number[] = [];
    for (let at = 0; at < n; at++) {
      // Two points are never further apart on the lattice than in truth, plus the square root of the dimensions.
      const worst = distances[(named[at] + 1) * k - 1];
      const reach = worst * factor * (1 + 1e-9) + Math.sqrt(dims);
      const last = lists[2 * kept * at + kept - 1];
      if (last < NONE && !(Math.sqrt(last) > reach)) doubtful.push(named[at]);
    }
    const best = nearestList(k);
    const compareWithAll = (t: number): void => {
      const i = doubtful[t];
      const last = distances[(i + 1) * k - 1];
      const limit = last * last * (1 + 1e-12);
      best.clear();
      // Indices ascend, so nothing can replace k coincident points.
      for (let j = 0; j < n && best.worst() > 0; j++)
        if (j !== i) best.offer(squared(points, i, j, Math.min(limit, best.worst())), j);
      best.write(indices, distances, i * k);
    };
    await forEachBlock("neighbors", doubtful.length, 1, compareWithAll, { signal: run.signal });
  });
  return { k, indices, distances };
}
