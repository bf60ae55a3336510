/** A weighted graph in compressed rows: one structure, two values per edge. An undirected graph stores each edge both ways. */
export interface Graph {
  readonly kind: "graph";
  readonly nodes: number;
  readonly directed: boolean;
  /** length nodes + 1; node i owns entries indptr[i] to indptr[i + 1] */
  readonly indptr: Uint32Array;
  /** neighbor of each entry, ascending within a node, never the node itself; length m */
  readonly indices: Uint32Array;
  /** strength of each entry (1 in a plain graph); length m */
  readonly weights: Float32Array;
  /** distance of each entry in the units of the points the graph was built on; length m */
  readonly distances: Float64Array;
}
