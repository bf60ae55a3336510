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

/** The graph of the entries (node, entry) that are kept. */
export function keepEntries(graph: Graph, keep: (i: number, e: number) => boolean): Graph {
  const { nodes, indptr } = graph;
  const starts = new Uint32Array(nodes + 1);
  const kept = new Uint32Array(graph.indices.length);
  let count = 0;
  for (let i = 0; i < nodes; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) if (keep(i, e)) kept[count++] = e;
    starts[i + 1] = count;
  }
  const entries = kept.subarray(0, count);
  const indices = entries.map((e) => graph.indices[e]);
  const weights = Float32Array.from(entries, (e) => graph.weights[e]);
  const distances = Float64Array.from(entries, (e) => graph.distances[e]);
  return { ...graph, indptr: starts, indices, weights, distances };
}
