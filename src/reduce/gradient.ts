import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { type Call, type ThreadArena, withThreads } from "../kernels/wasm/threads.ts";
import type { Sparse } from "../model/index.ts";
import { alongCurve, scattered } from "./curve.ts";

/** Points of a leaf of the tree, and nodes of a level to a node above. */
const LEAF = 8;
const BRANCH = 4;
/** Points are arranged anew when leaves have become so many times looser. */
const LOOSE = 2;
/** Leaves of one call: about 2 ms. */
const BLOCK = 256;
/** Points from which threads are worth their while. */
const THREADED = 2000;

/** A layout on its way down the gradient of t-SNE. */
export interface Gradient {
  /**
   * The forces at where the points are now; sums w over all pairs. A node stands for its points where a whole leaf sees it under
   * `angle` at most (width / distance).
   */
  readonly evaluate: (angle: number) => Promise<number>;
  /** Takes a step by the forces. */
  readonly move: (exaggeration: number, sum: number, momentum: number, rate: number) => void;
  /** Forgets the steps taken. */
  readonly restart: () => void;
  /** n x 2 */
  readonly layout: () => Float32Array;
  /** sum of p w (y_i - y_j) over the neighbors, n x 2, and of w^2 (y_i - y_j) over all points; w = 1 / (1 + d^2) */
  readonly forces: () => { readonly pulls: Float32Array; readonly pushes: Float32Array };
}

/** Runs `work` with a layout, n x 2, whose points attract each other by `strengths`, n x n symmetric. */
export async function withGradient<T>(
  strengths: Sparse,
  start: Float32Array,
  run: RunOptions,
  work: (gradient: Gradient) => Promise<T>,
): Promise<T> {
  const n = strengths.rows;
  const threads = n < THREADED ? 1 : run.threads;
  const padded = LEAF * Math.ceil(n / LEAF);
  // Each point's entries begin at a multiple of 4.
  const m = strengths.indices.length + 3 * n;
  const counts = levelsOf(padded / LEAF);
  const nodes = counts.reduce((a, b) => a + b);
  const bytes = 4 * (13 * padded + 2 * m + n + 1 + 8 * nodes + 2 * counts.length);
  return await withThreads(bytes, { ...run, threads, onProgress: undefined }, (arena) =>
    work(gradientOver(arena, strengths, start, padded, m, counts, run.signal)),
  );
}

/** How many nodes each level of the tree has, from the leaves up. */
function levelsOf(leaves: number): number[] {
  const counts = [leaves];
  while (counts[counts.length - 1] > BRANCH) counts.push(Math.ceil(counts[counts.length - 1] / BRANCH));
  return counts;
}

function gradientOver(
  arena: ThreadArena,
  strengths: Sparse,
  start: Float32Array,
  padded: number,
  m: number,
  counts: readonly number[],
  signal: AbortSignal | undefined,
): Gradient {
  const n = strengths.rows;
  const [x, y] = [arena.f32(padded), arena.f32(padded)];
  const pairs = arena.f32(2 * padded);
  // Pulls and pushes in x and y, sums of w; the last steps in x and y and their gains.
  const forces = arena.f32(5 * padded);
  const state = arena.f32(4 * padded).fill(1, 2 * padded);
  const edges = { starts: arena.u32(n + 1), others: arena.u32(m), strengths: arena.f32(m) };
  const nodes = arena.f32(8 * counts.reduce((a, b) => a + b));
  const levels = arena.u32(2 * counts.length);
  let first = 0;
  for (const [level, count] of counts.entries()) {
    levels.set([first, count], 2 * level);
    first += count;
  }
  const top = counts.length - 1;
  const calls: Call[] = [];
  for (let leaf = 0; leaf < counts[0]; leaf += BLOCK)
    calls.push([
      leaf,
      Math.min(counts[0], leaf + BLOCK),
      n,
      padded,
      x.byteOffset,
      y.byteOffset,
      pairs.byteOffset,
      nodes.byteOffset,
      levels.byteOffset,
      top,
      edges.starts.byteOffset,
      edges.others.byteOffset,
      edges.strengths.byteOffset,
      forces.byteOffset,
    ]);
  let order = Uint32Array.from({ length: n }, (_, i) => i);
  const place = (layout: Float32Array): void => {
    pairs.set(layout);
    for (let p = 0; p < n; p++) [x[p], y[p]] = [layout[2 * p], layout[2 * p + 1]];
  };
  place(start);

  const arrange = async (): Promise<void> => {
    const moved = alongCurve(pairs.slice(0, 2 * n));
    for (const values of [x, y, ...[0, 1, 2, 3].map((t) => state.subarray(t * padded, t * padded + n))]) {
      const before = values.slice();
      for (let p = 0; p < n; p++) values[p] = before[moved[p]];
    }
    for (let p = 0; p < n; p++) [pairs[2 * p], pairs[2 * p + 1]] = [x[p], y[p]];
    order = moved.map((p) => order[p]);
    await listEdges(strengths, order, edges, signal);
  };
  const plant = (angle: number): number => {
    arena.kernels.tsneTree(
      n,
      x.byteOffset,
      y.byteOffset,
      nodes.byteOffset,
      levels.byteOffset,
      top,
      1 / (angle * angle),
    );
    return looseness(nodes, counts);
  };
  let fresh = 0;
  const evaluate = async (angle: number): Promise<number> => {
    if (!(plant(angle) < LOOSE * fresh)) {
      await arrange();
      fresh = plant(angle);
    }
    await arena.spread("t-SNE", "tsneForces", calls);
    // Each point is at distance 0 from itself.
    let sum = -n;
    for (let p = 4 * padded; p < 4 * padded + n; p++) sum += forces[p];
    return sum;
  };
  const move = (exaggeration: number, sum: number, momentum: number, rate: number): void =>
    arena.kernels.tsneMove(
      padded,
      x.byteOffset,
      y.byteOffset,
      pairs.byteOffset,
      forces.byteOffset,
      state.byteOffset,
      exaggeration,
      1 / sum,
      momentum,
      rate,
    );
  const restart = (): void => void state.fill(0, 0, 2 * padded).fill(1, 2 * padded);
  const byNode = (at: number): Float32Array => {
    const places = new Float32Array(2 * n);
    for (let t = 0; t < 2 * n; t++) places[t] = forces[at + (t & 1) * padded + (t >> 1)];
    return scattered(places, order);
  };
  return {
    evaluate,
    move,
    restart,
    layout: () => scattered(pairs.slice(0, 2 * n), order),
    forces: () => ({ pulls: byNode(0), pushes: byNode(2 * padded) }),
  };
}

/** The mean squared width of the leaves, as a share of that of the whole. */
function looseness(nodes: Float32Array, counts: readonly number[]): number {
  let leaves = 0;
  for (let leaf = 0; leaf < counts[0]; leaf++) leaves += nodes[8 * leaf + 7];
  let whole = 0;
  for (let t = nodes.length - 8 * counts[counts.length - 1]; t < nodes.length; t += 8)
    whole = Math.max(whole, nodes[t + 7]);
  return whole > 0 ? leaves / whole : 0;
}

/** Lists each point's edges by place, filled up to a multiple of 4 with edges to itself of strength 0. */
async function listEdges(
  { indptr, indices, data }: Sparse,
  order: Uint32Array,
  edges: { readonly starts: Uint32Array; readonly others: Uint32Array; readonly strengths: Float32Array },
  signal: AbortSignal | undefined,
): Promise<void> {
  const places = new Uint32Array(order.length);
  for (let p = 0; p < order.length; p++) places[order[p]] = p;
  const { starts, others, strengths } = edges;
  let at = 0;
  const list = (from: number, to: number): void => {
    for (let p = from; p < to; p++) {
      for (let e = indptr[order[p]]; e < indptr[order[p] + 1]; e++) {
        others[at] = places[indices[e]];
        strengths[at++] = data[e];
      }
      for (; (at & 3) !== 0; at++) {
        others[at] = p;
        strengths[at] = 0;
      }
      starts[p + 1] = at;
    }
  };
  await forEachBlock("t-SNE", order.length, 4096, list, { signal });
}
