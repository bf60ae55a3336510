import type { Graph } from "../model/index.ts";

/** A weighted undirected network whose nodes may stand for several: each edge both ways, no loops stored. */
export interface Network {
  readonly nodes: number;
  /** length nodes + 1 */
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly weights: Float64Array;
  /** length nodes: sum of the weights at a node, what lies inside it counted both ways */
  readonly strengths: Float64Array;
  /** sum of all strengths, 2m */
  readonly total: number;
}

export function networkOf(graph: Graph): Network {
  const { nodes, indptr, indices } = graph;
  const weights = Float64Array.from(graph.weights);
  const strengths = new Float64Array(nodes);
  let total = 0;
  for (let v = 0; v < nodes; v++) {
    for (let e = indptr[v]; e < indptr[v + 1]; e++) strengths[v] += weights[e];
    total += strengths[v];
  }
  return { nodes, indptr, indices, weights, strengths, total };
}

/** The network whose nodes are the parts (numbered below count), edges between parts summed. */
export function aggregate(network: Network, parts: Uint32Array, count: number): Network {
  const { nodes, indptr, indices, weights } = network;
  const starts = new Uint32Array(count + 1);
  for (let v = 0; v < nodes; v++) starts[parts[v] + 1]++;
  for (let c = 0; c < count; c++) starts[c + 1] += starts[c];
  const next = starts.slice(0, count);
  const members = new Uint32Array(nodes);
  for (let v = 0; v < nodes; v++) members[next[parts[v]]++] = v;

  const outPtr = new Uint32Array(count + 1);
  const outIndices = new Uint32Array(indices.length);
  const outWeights = new Float64Array(indices.length);
  const strengths = new Float64Array(count);
  const at = new Int32Array(count).fill(-1);
  let m = 0;
  for (let c = 0; c < count; c++) {
    const first = m;
    for (let k = starts[c]; k < starts[c + 1]; k++) {
      const v = members[k];
      strengths[c] += network.strengths[v];
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
  return {
    nodes: count,
    indptr: outPtr,
    indices: outIndices.slice(0, m),
    weights: outWeights.slice(0, m),
    strengths,
    total: network.total,
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
