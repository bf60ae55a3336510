import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Network } from "./network.ts";

/** Visits between two looks at the signal: some 20 ms. */
const VISITS = 16384;
/** A gain counts if it is above this part of the node's weights: less is rounding. */
const ROUNDING = 1e-12;

/**
 * Moves nodes to the neighboring community where the objective gains most, until no move pays or `most` nodes have been
 * looked at. `community` (numbered below the number of nodes) is changed in place. Nodes wait in a queue, at first all of
 * them in the given order; a move brings the neighbors back that are elsewhere.
 */
export async function moveNodes(
  network: Network,
  community: Uint32Array,
  order: Uint32Array,
  most: number,
  run: RunOptions,
): Promise<void> {
  const search = searchOf(network, community, order);
  for (let left = most; left > 0 && search.waiting > 0; left -= VISITS) {
    checkAborted(run.signal);
    visit(search, Math.min(left, VISITS));
    await breathe();
  }
}

interface Search {
  readonly network: Network;
  readonly community: Uint32Array;
  /** per community: the sum of its nodes' sizes, and how many they are */
  readonly sums: Float64Array;
  readonly counts: Uint32Array;
  /** the first `free` are communities without nodes */
  readonly empty: Uint32Array;
  free: number;
  /** a ring: `waiting` nodes from `head` on */
  readonly queue: Uint32Array;
  readonly queued: Uint8Array;
  head: number;
  waiting: number;
  /** per community: weight from the node looked at; all 0 between visits */
  readonly weight: Float64Array;
  /** the communities around the node looked at */
  readonly met: Uint32Array;
}

function searchOf(network: Network, community: Uint32Array, order: Uint32Array): Search {
  const { nodes, sizes } = network;
  const sums = new Float64Array(nodes);
  const counts = new Uint32Array(nodes);
  for (let v = 0; v < nodes; v++) {
    sums[community[v]] += sizes[v];
    counts[community[v]]++;
  }
  const empty = new Uint32Array(nodes);
  let free = 0;
  for (let c = 0; c < nodes; c++) if (counts[c] === 0) empty[free++] = c;
  return {
    network,
    community,
    sums,
    counts,
    empty,
    free,
    queue: order.slice(),
    queued: new Uint8Array(nodes).fill(1),
    head: 0,
    waiting: nodes,
    weight: new Float64Array(nodes),
    met: new Uint32Array(nodes),
  };
}

/** Looks at the next nodes of the queue, at most `most`. */
function visit(search: Search, most: number): void {
  const { nodes, indptr, indices, weights, sizes, penalty } = search.network;
  const { community, sums, counts, empty, queue, queued, weight, met } = search;
  let { free, head, waiting } = search;
  for (let step = 0; step < most && waiting > 0; step++) {
    const v = queue[head];
    head = head + 1 === nodes ? 0 : head + 1;
    waiting--;
    queued[v] = 0;
    const first = indptr[v];
    const end = indptr[v + 1];
    let count = 0;
    let all = 0;
    for (let e = first; e < end; e++) {
      const w = weights[e];
      if (w === 0) continue;
      const c = community[indices[e]];
      const before = weight[c];
      if (before === 0) met[count++] = c;
      weight[c] = before + w;
      all += w;
    }
    const own = community[v];
    const scale = penalty * sizes[v];
    const rounding = ROUNDING * all;
    sums[own] -= sizes[v];
    let best = own;
    let gain = weight[own] - scale * sums[own];
    for (let k = 0; k < count; k++) {
      const c = met[k];
      const g = weight[c] - scale * sums[c];
      weight[c] = 0;
      if (g > gain + rounding) {
        gain = g;
        best = c;
      }
    }
    if (gain < -rounding && counts[own] > 1) best = empty[--free];
    sums[best] += sizes[v];
    if (best === own) continue;
    community[v] = best;
    counts[best]++;
    if (--counts[own] === 0) empty[free++] = own;
    for (let e = first; e < end; e++) {
      const u = indices[e];
      if (queued[u] || community[u] === best) continue;
      queued[u] = 1;
      queue[head + waiting < nodes ? head + waiting : head + waiting - nodes] = u;
      waiting++;
    }
  }
  search.free = free;
  search.head = head;
  search.waiting = waiting;
}
