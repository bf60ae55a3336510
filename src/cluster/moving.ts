import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Rng } from "../core/rng.ts";
import { shuffle } from "../kernels/random.ts";
import type { Network } from "./network.ts";

/** The weight from one node to each community around it, without a list of all communities. */
interface Around {
  /** per community: weight from the node looked at */
  readonly weight: Float64Array;
  /** the communities met */
  readonly met: Uint32Array;
}

/**
 * Moves nodes to the neighboring community where modularity gains most, until no move pays. `community` (numbered below
 * the number of nodes) is changed in place. Nodes wait in a queue; a move brings the neighbors back that are elsewhere.
 */
export async function moveNodes(
  network: Network,
  community: Uint32Array,
  resolution: number,
  rng: Rng,
  run: RunOptions,
): Promise<void> {
  const { nodes, indptr, indices, strengths, total } = network;
  const perStrength = total > 0 ? resolution / total : 0;
  const sums = new Float64Array(nodes);
  const sizes = new Uint32Array(nodes);
  for (let v = 0; v < nodes; v++) {
    sums[community[v]] += strengths[v];
    sizes[community[v]]++;
  }
  const empty: number[] = [];
  for (let c = 0; c < nodes; c++) if (sizes[c] === 0) empty.push(c);
  const around: Around = { weight: new Float64Array(nodes), met: new Uint32Array(nodes) };
  const queue = shuffled(nodes, rng);
  const waiting = new Uint8Array(nodes).fill(1);
  let head = 0;
  let length = nodes;
  for (let steps = 0; length > 0; steps++) {
    if (steps % 32768 === 0) {
      checkAborted(run.signal);
      await breathe();
    }
    const v = queue[head];
    head = head + 1 === nodes ? 0 : head + 1;
    length--;
    waiting[v] = 0;
    const own = community[v];
    const strength = strengths[v] * perStrength;
    const count = lookAround(network, v, community, around);
    sums[own] -= strengths[v];
    let best = own;
    let gain = around.weight[own] - strength * sums[own];
    for (let k = 0; k < count; k++) {
      const c = around.met[k];
      const g = around.weight[c] - strength * sums[c];
      if (g > gain + 1e-12) {
        gain = g;
        best = c;
      }
    }
    if (gain < -1e-12 && sizes[own] > 1) best = empty.pop() as number;
    for (let k = 0; k < count; k++) around.weight[around.met[k]] = 0;
    sums[best] += strengths[v];
    if (best === own) continue;
    community[v] = best;
    sizes[best]++;
    if (--sizes[own] === 0) empty.push(own);
    for (let e = indptr[v]; e < indptr[v + 1]; e++) {
      const u = indices[e];
      if (waiting[u] || community[u] === best) continue;
      waiting[u] = 1;
      queue[head + length < nodes ? head + length : head + length - nodes] = u;
      length++;
    }
  }
}

/**
 * Splits each community into parts that hold together: from single nodes, each node that is well connected to its
 * community joins the well-connected part of it where modularity gains most. Returns the part of each node, named by
 * one of its nodes.
 */
export function refine(network: Network, community: Uint32Array, resolution: number, rng: Rng): Uint32Array {
  const { nodes, indptr, indices, weights, strengths, total } = network;
  const perStrength = total > 0 ? resolution / total : 0;
  const wholes = new Float64Array(nodes);
  for (let v = 0; v < nodes; v++) wholes[community[v]] += strengths[v];
  const part = Uint32Array.from({ length: nodes }, (_, v) => v);
  const sums = strengths.slice();
  const sizes = new Uint32Array(nodes).fill(1);
  /** weight between a part and the rest of its community */
  const cut = new Float64Array(nodes);
  for (let v = 0; v < nodes; v++) {
    for (let e = indptr[v]; e < indptr[v + 1]; e++)
      if (community[indices[e]] === community[v]) cut[v] += weights[e];
  }
  const connected = (p: number, whole: number): boolean =>
    cut[p] >= perStrength * sums[p] * (whole - sums[p]);
  const around: Around = { weight: new Float64Array(nodes), met: new Uint32Array(nodes) };
  for (const v of shuffled(nodes, rng)) {
    const whole = wholes[community[v]];
    if (sizes[part[v]] > 1 || !connected(v, whole)) continue;
    const count = lookAround(network, v, part, around, community);
    let best = v;
    let gain = 0;
    for (let k = 0; k < count; k++) {
      const p = around.met[k];
      if (p === v || !connected(p, whole)) continue;
      const g = around.weight[p] - perStrength * strengths[v] * sums[p];
      if (around.weight[p] > 0 && g >= gain) {
        gain = g;
        best = p;
      }
    }
    if (best !== v) {
      cut[best] += cut[v] - 2 * around.weight[best];
      sums[best] += strengths[v];
      sizes[best]++;
      sizes[v] = 0;
      part[v] = best;
    }
    for (let k = 0; k < count; k++) around.weight[around.met[k]] = 0;
  }
  return part;
}

/** Sums v's weights per group of its neighbors (within v's community, where given); how many groups were met. */
function lookAround(
  network: Network,
  v: number,
  group: Uint32Array,
  around: Around,
  community: Uint32Array | null = null,
): number {
  const { indptr, indices, weights } = network;
  let count = 0;
  for (let e = indptr[v]; e < indptr[v + 1]; e++) {
    const u = indices[e];
    if (weights[e] === 0 || (community !== null && community[u] !== community[v])) continue;
    const g = group[u];
    if (around.weight[g] === 0) around.met[count++] = g;
    around.weight[g] += weights[e];
  }
  return count;
}

function shuffled(n: number, rng: Rng): Uint32Array {
  return shuffle(
    rng,
    Uint32Array.from({ length: n }, (_, i) => i),
  );
}
