import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { pow } from "../kernels/math.ts";
import { type Call, withThreads } from "../kernels/wasm/threads.ts";
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
  const bytes = 4 * (4 * FORCE_PIECES + 3 * m + 4 * n + (4 + QUEUE) * blocks);
  return await withThreads(bytes, { ...run, threads, onProgress: undefined }, async (arena) => {
    const pulls = arena.f32(2 * FORCE_PIECES);
    const pushes = arena.f32(2 * FORCE_PIECES);
    const edges = { heads: arena.u32(m), tails: arena.u32(m), rates: arena.f32(m) };
    const now = arena.f32(2 * n);
    const next = arena.f32(2 * n);
    const random = arena.u32(4 * blocks);
    const queues = arena.u32(QUEUE * blocks);
    const { a, b } = how;
    pulls.set(tabulate((q) => (-2 * a * b * pow(q, b - 1)) / (1 + a * pow(q, b))));
    pushes.set(tabulate((q) => (2 * b) / ((0.001 + q) * (1 + a * pow(q, b)))));
    for (let t = 0; t < blocks; t++) {
      const rng = stream(how.seed, 3, t);
      for (let lane = 4 * t; lane < 4 * t + 4; lane++) while (random[lane] === 0) random[lane] = rng.u32();
    }
    const often = Math.ceil(how.epochs / GROUPINGS);
    let moved = layout;
    let order: Uint32Array = new Uint32Array(0);
    let grouped: readonly Block[] = [];
    for (let epoch = 1; epoch <= how.epochs; epoch++) {
      if (epoch % often === 1 || often === 1) {
        if (epoch > 1) moved = scattered(next, order);
        order = alongCurve(moved);
        grouped = await group(graph, order, blocks, edges, run.signal);
        for (let t = 0; t < 2 * n; t++) next[t] = moved[2 * order[t >> 1] + (t & 1)];
      }
      for (const negatives of [how.negativeSamples, 0]) {
        now.set(next);
        const calls = grouped.map(({ from, to, start, end }, t): Call => [
          start,
          end,
          epoch,
          how.learningRate * (1 - (epoch - 1) / how.epochs),
          n,
          from,
          to - from,
          edges.heads.byteOffset,
          edges.tails.byteOffset,
          edges.rates.byteOffset,
          now.byteOffset,
          next.byteOffset,
          pulls.byteOffset,
          pushes.byteOffset,
          negatives,
          random.byteOffset + 16 * t,
          queues.byteOffset + 4 * QUEUE * t,
        ]);
        await arena.spread("UMAP", "umapEpoch", calls);
      }
      run.onProgress?.({ step: "UMAP", fraction: epoch / how.epochs });
      await breathe();
    }
    return how.epochs === 0 ? moved : scattered(next, order);
  });
}

/** A run of places and its edges. */
interface Block {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
}

interface Edges {
  readonly heads: Uint32Array;
  readonly tails: Uint32Array;
  readonly rates: Float32Array;
}

/** Divides the nodes in this order into blocks with about as many edges, and lists the edges by place. */
async function group(
  graph: Graph,
  order: Uint32Array,
  blocks: number,
  edges: Edges,
  signal: AbortSignal | undefined,
): Promise<Block[]> {
  const { indptr, weights } = graph;
  const places = new Uint32Array(graph.nodes);
  for (let p = 0; p < order.length; p++) places[order[p]] = p;
  let strongest = 0;
  for (const w of weights) strongest = Math.max(strongest, w);
  const grouped: Block[] = [];
  let [from, start, passed] = [0, 0, 0];
  for (let t = 0; t < blocks; t++) {
    await breathe();
    checkAborted(signal);
    let to = from;
    let count = 0;
    for (; to < order.length && (passed + count) * blocks < (t + 1) * weights.length; to++)
      count += indptr[order[to] + 1] - indptr[order[to]];
    if (t === blocks - 1) to = order.length;
    listEdges(graph, order, places, from, to, strongest, start, edges);
    const end = start + 4 * Math.ceil(count / 4);
    edges.rates.fill(0, start + count, end);
    grouped.push({ from, to, start, end });
    [from, start, passed] = [to, end, passed + count];
  }
  return grouped;
}

/**
 * Lists the edges of the nodes at [from, to): the first of every node, then the second ..., so that edges drawn together have
 * different heads.
 */
function listEdges(
  { indptr, indices, weights }: Graph,
  order: Uint32Array,
  places: Uint32Array,
  from: number,
  to: number,
  strongest: number,
  start: number,
  { heads, tails, rates }: Edges,
): void {
  // next[t + 1]: how many nodes have a t-th edge, then where those stand.
  let most = 0;
  for (let p = from; p < to; p++) most = Math.max(most, indptr[order[p] + 1] - indptr[order[p]]);
  const next = new Uint32Array(most + 1);
  for (let p = from; p < to; p++)
    for (let t = 0; t < indptr[order[p] + 1] - indptr[order[p]]; t++) next[t + 1]++;
  for (let t = 0; t < most; t++) next[t + 1] += next[t];
  for (let p = from; p < to; p++) {
    const first = indptr[order[p]];
    for (let e = first; e < indptr[order[p] + 1]; e++) {
      const at = start + next[e - first]++;
      heads[at] = p;
      tails[at] = places[indices[e]];
      rates[at] = weights[e] / strongest;
    }
  }
}
