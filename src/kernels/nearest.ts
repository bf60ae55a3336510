import { SpatialError } from "../core/errors.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Dense } from "../model/matrix.ts";
import { centering, checkFinite, nearestList, type Neighbors, squared } from "./neighbor-list.ts";
import { type Call, threadsFor, withThreads } from "./wasm/threads.ts";

/** Points on a side of the square of pairs that one kernel call takes; a multiple of 8. */
const SIDE = 256;
/** Squares times dimensions between two looks at the signal: about 15 ms. */
const BLOCK = 2000;
/** Candidates kept beyond k, so that the rounding of single precision seldom leaves the k-th in doubt. */
const SPARE = 8;
/** Half the distance between 1 and the next single-precision number. */
const ROUNDING = 5.960464477539063e-8;

/**
 * Exact nearest neighbors by comparing all pairs, each once. Candidates come from single-precision tiles on centered
 * points; their distances are then recomputed in double precision from the points as given. Where a bound on the rounding
 * error cannot rule out that a true neighbor was missed, that point is compared with all others in double precision. Hence
 * the result is exact: it does not depend on the order of the work, and ties go to the lower index.
 *
 * Cost O(n^2 d / 2), memory n (4 d + 20 k + 72) bytes. (50,000 x 30, k = 14: 4 s on one thread.)
 *
 * @param points n x d, finite
 * @param k from 0 to n - 1
 */
export async function exactNeighbors(points: Dense, k: number, run: RunOptions = {}): Promise<Neighbors> {
  const { rows: n, cols: dims } = points;
  checkFinite(points);
  if (!(k >= 0 && k <= Math.max(0, n - 1)))
    throw new SpatialError(
      "input",
      `${n} points have at most ${Math.max(0, n - 1)} neighbors, asked for ${k}.`,
    );
  const indices = new Uint32Array(n * k);
  const distances = new Float64Array(n * k);
  if (k === 0) return { k, indices, distances };

  const kept = Math.min(k + SPARE, n - 1);
  const padded = Math.ceil(n / 8) * 8;
  const most = threadsFor(run);
  const listed = padded * kept;
  await withThreads(4 * padded * (dims + 1) + most * 4 * padded * (1 + 2 * kept), run, async (arena) => {
    const { threads } = arena;
    const panels = arena.f32(padded * dims);
    const norms = arena.f32(padded).fill(Infinity);
    // Each thread keeps the nearest of the pairs that it met.
    const limits = arena.f32(threads * padded).fill(Infinity);
    const near = arena.f32(threads * listed).fill(Infinity);
    const candidates = arena.u32(threads * listed);
    const scale = centerIntoPanels(points, panels, norms);

    const sides = Math.ceil(padded / SIDE);
    const total = (sides * (sides + 1)) / 2;
    const size = Math.max(1, Math.floor(BLOCK / Math.max(1, dims)));
    const calls: Call[] = [];
    let row = 0;
    let col = 0;
    for (let t = 0; t < total; t++) {
      if (t % size === 0) {
        const count = Math.min(size, total - t);
        calls.push([
          panels.byteOffset,
          norms.byteOffset,
          dims,
          padded,
          SIDE,
          row,
          col,
          count,
          kept,
          near.byteOffset,
          candidates.byteOffset,
          limits.byteOffset,
        ]);
      }
      if (++col === sides) col = ++row;
    }
    await arena.spread("neighbors", "nearestSquares", calls, {
      9: 4 * listed,
      10: 4 * listed,
      11: 4 * padded,
    });

    const best = nearestList(k);
    const doubtful: number[] = [];
    const refine = (start: number, end: number): void => {
      for (let i = start; i < end; i++) {
        best.clear();
        let limit = Infinity;
        for (let t = 0; t < threads; t++) {
          limit = Math.min(limit, limits[t * padded + i]);
          for (let c = t * listed + i * kept; c < t * listed + (i + 1) * kept; c++)
            if (near[c] < Infinity) best.offer(squared(points, i, candidates[c], Infinity), candidates[c]);
        }
        best.write(indices, distances, i * k);
        // A point at true distance^2 <= t lies within |i| + sqrt(t) of the center: so far off may its tile distance be.
        const t = best.worst() * scale * scale;
        const reach = Math.sqrt(norms[i]) + Math.sqrt(t);
        const error = (dims + 16) * ROUNDING * (norms[i] + reach * reach) + 1e-36;
        if (kept < n - 1 && !(limit > t + error)) doubtful.push(i);
      }
    };
    await forEachBlock("neighbors", n, 1024, refine, { signal: run.signal });

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

/** Writes the centered points, scaled into [-1, 1], in panels of 8, with their squared lengths; returns the scale. */
function centerIntoPanels(points: Dense, panels: Float32Array, norms: Float32Array): number {
  const { rows: n, cols: dims, data } = points;
  const { mean, scale } = centering(points);
  for (let i = 0; i < n; i++) {
    const at = (i >> 3) * dims * 8 + (i & 7);
    let norm = 0;
    for (let d = 0; d < dims; d++) {
      panels[at + d * 8] = (data[i * dims + d] - mean[d]) * scale;
      norm += panels[at + d * 8] * panels[at + d * 8];
    }
    norms[i] = norm;
  }
  return scale;
}
