import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Graph } from "../model/index.ts";

/**
 * A weighted undirected network whose nodes may stand for several: each edge both ways, no loops stored. Sought are
 * communities with the largest sum of (weight within, both ways) - penalty (sum of sizes)^2.
 */
export interface Network {
  readonly nodes: number;
  /** length nodes + 1 */
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly weights: Float64Array;
  /** length nodes: for modularity the sum of the weights at the node, for the Potts model how many nodes it stands for */
  readonly sizes: Float64Array;
  /** for modularity resolution / 2m, for the Potts model the resolution */
  readonly penalty: number;
}

/** Nodes between two looks at the signal: some 20 ms. */
const NODES = 16384;

/** The sum of the weights at each node. */
export function strengthsOf(graph: Graph): Float64Array {
  const { nodes, indptr, weights } = graph;
  const strengths = new Float64Array(nodes);
  for (let v = 0; v < nodes; v++) for (let e = indptr[v]; e < indptr[v + 1]; e++) strengths[v] += weights[e];
  return strengths;
}

/** The network whose nodes are the parts (numbered below count), edges between parts summed. */
export async function aggregate(
  network: Network,
  parts: Uint32Array,
  count: number,
  run: RunOptions,
): Promise<Network> {
  const { indptr, indices, weights } = network;
  const { starts, members } = membersOf(parts, count);
  const outPtr = new Uint32Array(count + 1);
  const outIndices = new Uint32Array(indices.length);
  const outWeights = new Float64Array(indices.length);
  const sizes = new Float64Array(count);
  const at = new Int32Array(count).fill(-1);
  let m = 0;
  const join = (start: number, end: number): void => {
    for (let c = start; c < end; c++) {
      const first = m;
      for (let k = starts[c]; k < starts[c + 1]; k++) {
        const v = members[k];
        sizes[c] += network.sizes[v];
        for (let e = indptr[v]; e < indptr[v + 1]; e++) {
          const other = parts[indices[e]];
          if (other === c) continue;
          if (at[other] < first) {
            at[other] = m;
            outIndices[m] = other;
            outWeights[m++] = 0;
          }
          outWeights[at[other]] += weights[e];
        }
      }
      outPtr[c + 1] = m;
    }
  };
  await forEachBlock("aggregation", count, NODES / 4, join, { signal: run.signal });
  return {
    nodes: count,
    indptr: outPtr,
    indices: outIndices.slice(0, m),
    weights: outWeights.slice(0, m),
    sizes,
    penalty: network.penalty,
  };
}

/** The members of part p are members[starts[p]] to members[starts[p + 1]], ascending. */
export function membersOf(parts: Uint32Array, count: number): { starts: Uint32Array; members: Uint32Array } {
  const starts = new Uint32Array(count + 1);
  for (let v = 0; v < parts.length; v++) starts[parts[v] + 1]++;
  for (let p = 0; p < count; p++) starts[p + 1] += starts[p];
  const next = starts.slice(0, count);
  const members = new Uint32Array(parts.length);
  for (let v = 0; v < parts.length; v++) members[next[parts[v]]++] = v;
  return { starts, members };
}

/** The same network with node order[i] as node i. */
export async function reordered(network: Network, order: Uint32Array, run: RunOptions): Promise<Network> {
  const { nodes, indptr, indices, weights } = network;
  const place = new Uint32Array(nodes);
  for (let i = 0; i < nodes; i++) place[order[i]] = i;
  const outPtr = new Uint32Array(nodes + 1);
  const outIndices = new Uint32Array(indices.length);
  const outWeights = new Float64Array(indices.length);
  let m = 0;
  const copy = (start: number, end: number): void => {
    for (let i = start; i < end; i++) {
      for (let e = indptr[order[i]]; e < indptr[order[i] + 1]; e++) {
        outIndices[m] = place[indices[e]];
        outWeights[m++] = weights[e];
      }
      outPtr[i + 1] = m;
    }
  };
  await forEachBlock("order", nodes, NODES, copy, { signal: run.signal });
  return {
    nodes,
    indptr: outPtr,
    indices: outIndices,
    weights: outWeights,
    sizes: Float64Array.from(order, (v) => network.sizes[v]),
    penalty: network.penalty,
  };
}

/** Numbers the connected pieces of the communities, from 0 in order of their first node. */
export function splitComponents(network: Network, community: Uint32Array): Uint32Array {
  const { nodes, indptr, indices, weights } = network;
  const piece = new Uint32Array(nodes);
  const seen = new Uint8Array(nodes);
  const stack = new Uint32Array(nodes);
  let count = 0;
  for (let first = 0; first < nodes; first++) {
    if (seen[first]) continue;
    let depth = 0;
    stack[depth++] = first;
    seen[first] = 1;
    while (depth > 0) {
      const v = stack[--depth];
      piece[v] = count;
      for (let e = indptr[v]; e < indptr[v + 1]; e++) {
        const u = indices[e];
        if (seen[u] || weights[e] === 0 || community[u] !== community[v]) continue;
        seen[u] = 1;
        stack[depth++] = u;
      }
    }
    count++;
  }
  return piece;
}
