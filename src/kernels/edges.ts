import type { Graph } from "../model/index.ts";

/**
 * Stored entries of a graph from each group to each group: `counts[a * k + b]` entries i -> j with codes a and b.
 * Nodes with code -1 are left out. In an undirected graph an edge between groups counts once each way, an edge within
 * a group twice.
 */
export function groupEdges(graph: Graph, codes: Int32Array, k: number): Float64Array {
  const counts = new Float64Array(k * k);
  const { indptr, indices } = graph;
  for (let i = 0; i < graph.nodes; i++) {
    if (codes[i] < 0) continue;
    const base = codes[i] * k;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const b = codes[indices[e]];
      if (b >= 0) counts[base + b]++;
    }
  }
  return counts;
}
