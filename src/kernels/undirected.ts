import type { Graph } from "../model/index.ts";

/** Which nodes are joined, whatever the direction: rows ascending, each neighbor once in both rows. */
export type Joined = Pick<Graph, "nodes" | "indptr" | "indices">;

/** The entries of a graph both ways; of an undirected one its own. Cost O(n + edges). */
export function joined(graph: Graph): Joined {
  if (!graph.directed) return graph;
  const { nodes: n, indptr, indices } = graph;
  const backStarts = new Uint32Array(n + 1);
  for (const j of indices) backStarts[j + 1]++;
  for (let i = 0; i < n; i++) backStarts[i + 1] += backStarts[i];
  const back = new Uint32Array(indices.length);
  const next = backStarts.slice(0, n);
  for (let i = 0; i < n; i++) for (let e = indptr[i]; e < indptr[i + 1]; e++) back[next[indices[e]]++] = i;

  const starts = new Uint32Array(n + 1);
  const both = new Uint32Array(2 * indices.length);
  let count = 0;
  for (let i = 0; i < n; i++) {
    let [e, f] = [indptr[i], backStarts[i]];
    while (e < indptr[i + 1] || f < backStarts[i + 1]) {
      const out = e < indptr[i + 1] ? indices[e] : n;
      const into = f < backStarts[i + 1] ? back[f] : n;
      both[count++] = Math.min(out, into);
      if (out <= into) e++;
      if (into <= out) f++;
    }
    starts[i + 1] = count;
  }
  return { nodes: n, indptr: starts, indices: both.slice(0, count) };
}
