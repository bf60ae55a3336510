import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { pow } from "../kernels/math.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";
import type { Graph } from "../model/index.ts";
import { alongCurve, scattered } from "./curve.ts";
import { FORCE_PIECES, tabulate } from "./force-table.ts";

/** Stored edges from which blocks of nodes move at once; below, one after the other. */
const THREADED = 262144;
/** Stored edges of a block: about 1 ms. */
const BLOCK = 65536;
/** Edges that the kernel has waiting at most. */
const QUEUE = 264;
/** How often in the course of a descent blocks are chosen anew. */
const GROUPINGS = 4;

/** The choices of a descent; a and b make the curve 1 / (1 + a d^(2 b)) that strengths follow. */
export interface Descent {
  readonly epochs: number;
  readonly negativeSamples: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly a: number;
  readonly b: number;
}

/**
 * Moves the layout along the edges for all epochs; a new array. In each epoch every edge that is due moves its two ends, one
 * after the other: first as their heads, with negative samples, then as their tails. Nodes that lie together make up a block.
 * A block moves its nodes one after the other, by where those of the other blocks stood before, so that blocks can move at once
 * and the layout does not depend on threads.
 */
export async function descend(
  graph: Graph,
  layout: Float32Array,
  how: Descent,
  run: RunOptions,
): Promise<Float32Array> {
  const n = graph.nodes;
  const entries = graph.indices.length;
  const blocks = entries < THREADED ? 1 : Math.ceil(entries / BLOCK);
  // Each block begins at a multiple of 4.
  const m = entries + 4 * blocks;
  const threads = blocks === 1 ? 1 : run.threads;
  const { most, strongest } = extremes(graph);
  const own = (most + 1) * threadsFor({ threads });
  const bytes = 4 * (4 * FORCE_PIECES + 3 * m + 2 * entries + 7 * n + 1 + (4 + QUEUE) * blocks + own);
  return await withThreads(bytes, { ...run, threads, onProgress: undefined }, async (arena) => {
    const pulls = arena.f32(2 * FORCE_PIECES);
    const pushes = arena.f32(2 * FORCE_PIECES);
    const indptr = arena.u32(n + 1);
    const indices = arena.u32(entries);
    const weights = arena.f32(entries);
    const order = arena.u32(n);
    const places = arena.u32(n);
    const slots = arena.u32((most + 1) * arena.threads);
    const edges = { heads: arena.u32(m), tails: arena.u32(m), rates: arena.f32(m) };
    let now = arena.f32(2 * n);
    let next = arena.f32(2 * n);
    const random = arena.u32(4 * blocks);
    const queues = arena.u32(QUEUE * blocks);
    indptr.set(graph.indptr);
    indices.set(graph.indices);
    weights.set(graph.weights);
    const listed = [order, places, indptr, indices, weights].map((array) => array.byteOffset);
    const written = [edges.heads, edges.tails, edges.rates].map((array) => array.byteOffset);
    const { a, b } = how;
    pulls.set(tabulate((q) => (-2 * a * b * pow(q, b - 1)) / (1 + a * pow(q, b))));
    pushes.set(tabulate((q) => (2 * b) / ((0.001 + q) * (1 + a * pow(q, b)))));
    await breathe();
    for (let t = 0; t < blocks; t++) {
      const rng = stream(how.seed, 3, t);
      for (let lane = 4 * t; lane < 4 * t + 4; lane++) while (random[lane] === 0) random[lane] = rng.u32();
    }
    const often = Math.ceil(how.epochs / GROUPINGS);
    let grouped: readonly Block[] = [];
    for (let epoch = 1; epoch <= how.epochs; epoch++) {
      if (epoch % often === 1 || often === 1) {
        const moved = epoch === 1 ? layout : scattered(now, order);
        order.set(alongCurve(moved));
        await breathe();
        for (let p = 0; p < n; p++) places[order[p]] = p;
        for (let t = 0; t < 2 * n; t++) now[t] = moved[2 * order[t >> 1] + (t & 1)];
        grouped = await group(graph, order, blocks, run.signal);
        const calls = grouped.map(({ from, to, start, end }): Call => [
          from,
          to,
          ...listed,
          strongest,
          start,
          end,
          slots.byteOffset,
          ...written,
        ]);
        await arena.spread(null, "listEdges", calls, { 10: 4 * (most + 1) });
      }
      for (const negatives of [how.negativeSamples, 0]) {
        const calls = grouped.map(({ from, to, start, end }, t): Call => [
          start,
          end,
          epoch,
          how.learningRate * (1 - (epoch - 1) / how.epochs),
          n,
          from,
          to - from,
          ...written,
          now.byteOffset,
          next.byteOffset,
          pulls.byteOffset,
          pushes.byteOffset,
          negatives,
          random.byteOffset + 16 * t,
          queues.byteOffset + 4 * QUEUE * t,
        ]);
        await arena.spread("UMAP", "umapEpoch", calls);
        [now, next] = [next, now];
      }
      run.onProgress?.({ step: "UMAP", fraction: epoch / how.epochs });
      await breathe();
    }
    return how.epochs === 0 ? layout : scattered(now, order);
  });
}

/** A run of places and its edges. */
interface Block {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
}

/** The most edges that a node has, and the largest weight. */
function extremes({ nodes, indptr, weights }: Graph): { readonly most: number; readonly strongest: number } {
  let [most, strongest] = [0, 0];
  for (let i = 0; i < nodes; i++) most = Math.max(most, indptr[i + 1] - indptr[i]);
  for (const w of weights) strongest = Math.max(strongest, w);
  return { most, strongest };
}

/** Divides the nodes in this order into blocks with about as many edges. */
async function group(
  { indptr, indices }: Graph,
  order: Uint32Array,
  blocks: number,
  signal: AbortSignal | undefined,
): Promise<Block[]> {
  const grouped: Block[] = [];
  let [from, start, passed] = [0, 0, 0];
  for (let t = 0; t < blocks; t++) {
    await breathe();
    checkAborted(signal);
    let to = from;
    let count = 0;
    for (; to < order.length && (passed + count) * blocks < (t + 1) * indices.length; to++)
      count += indptr[order[to] + 1] - indptr[order[to]];
    if (t === blocks - 1) to = order.length;
    const end = start + 4 * Math.ceil(count / 4);
    grouped.push({ from, to, start, end });
    [from, start, passed] = [to, end, passed + count];
  }
  return grouped;
}
