import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Neighbors } from "./neighbor-list.ts";

/** Entries of a block: some 10 ms. */
const ENTRIES = 524288;

/** The entries of the neighbor lists seen from both ends, without comparing: two passes of distribution. */
export interface BothEnds {
  /** entries by neighbor: those that name j are incoming[starts[j]] to incoming[starts[j + 1]], ascending by owner */
  readonly starts: Uint32Array;
  readonly incoming: Uint32Array;
  /** entries by owner, k each, ascending by neighbor */
  readonly outgoing: Uint32Array;
}

export async function bothEnds({ k, indices }: Neighbors, n: number, run: RunOptions): Promise<BothEnds> {
  const inBlocks = (work: (from: number, to: number) => void): Promise<void> =>
    forEachBlock("edges", n * k, ENTRIES, work, { signal: run.signal });
  const starts = new Uint32Array(n + 1);
  await inBlocks((from, to) => {
    for (let e = from; e < to; e++) starts[indices[e] + 1]++;
  });
  for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
  const incoming = new Uint32Array(n * k);
  const outgoing = new Uint32Array(n * k);
  const next = starts.slice(0, n);
  await inBlocks((from, to) => {
    for (let e = from; e < to; e++) incoming[next[indices[e]]++] = e;
  });
  next.fill(0);
  await inBlocks((from, to) => {
    for (let t = from; t < to; t++) {
      const i = Math.floor(incoming[t] / k);
      outgoing[i * k + next[i]++] = incoming[t];
    }
  });
  return { starts, incoming, outgoing };
}

/** Edges by node, ascending by neighbor. */
export interface BothWays {
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly weights: Float32Array;
  /** the entry of the neighbor lists that each is; of two, the node's own */
  readonly entries: Uint32Array;
}

/**
 * Each edge of the neighbor lists both ways, with the strengths of its two sides united; where only one names the other, the
 * other side is 0. Edges of which nothing is left are left out.
 */
export async function bothWays(
  { k, indices }: Neighbors,
  strengths: Float32Array,
  { starts, incoming, outgoing }: BothEnds,
  n: number,
  unite: (a: number, b: number) => number,
  run: RunOptions,
): Promise<BothWays> {
  const indptr = new Uint32Array(n + 1);
  const neighbors = new Uint32Array(2 * n * k);
  const weights = new Float32Array(2 * n * k);
  const entries = new Uint32Array(2 * n * k);
  let m = 0;
  const merge = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      let o = i * k;
      let t = starts[i];
      while (o < (i + 1) * k || t < starts[i + 1]) {
        const out = o < (i + 1) * k ? indices[outgoing[o]] : n;
        const into = t < starts[i + 1] ? Math.floor(incoming[t] / k) : n;
        const a = out <= into ? strengths[outgoing[o]] : 0;
        const b = into <= out ? strengths[incoming[t]] : 0;
        const weight = unite(a, b);
        if (weight > 0) {
          neighbors[m] = Math.min(out, into);
          weights[m] = weight;
          entries[m++] = out <= into ? outgoing[o] : incoming[t];
        }
        if (out <= into) o++;
        if (into <= out) t++;
      }
      indptr[i + 1] = m;
    }
  };
  await forEachBlock("edges", n, 1024, merge, { signal: run.signal });
  return {
    indptr,
    indices: neighbors.slice(0, m),
    weights: weights.slice(0, m),
    entries: entries.slice(0, m),
  };
}
