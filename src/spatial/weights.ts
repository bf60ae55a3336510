import type { Graph } from "../model/index.ts";

/**
 * The symmetric part of a weight matrix, each pair of nodes once: what Moran's I and its moments depend on.
 * For i < j the pair's weight is h_ij = w_ij + w_ji, so that sum_ij w_ij z_i z_j = sum_{i<j} h_ij z_i z_j.
 */
export interface PairWeights {
  /** length nodes + 1; node i owns its pairs with later nodes */
  readonly indptr: Uint32Array;
  /** the later node of each pair */
  readonly indices: Uint32Array;
  /** h_ij of each pair */
  readonly weights: Float64Array;
  /** row sum plus column sum of each node, length nodes */
  readonly totals: Float64Array;
  /** sum of all weights */
  readonly s0: number;
  /** sum over ordered pairs of (w_ij + w_ji)^2 / 2 */
  readonly s1: number;
  /** sum over nodes of totals squared */
  readonly s2: number;
}

/** Weights of a graph's entries; row-standardized, those of a node with neighbors add up to 1. */
export function entryWeights({ nodes, indptr, weights }: Graph, rowStandardize: boolean): Float64Array {
  const w = Float64Array.from(weights);
  for (let i = 0; rowStandardize && i < nodes; i++) {
    let sum = 0;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) sum += w[e];
    for (let e = indptr[i]; sum !== 0 && e < indptr[i + 1]; e++) w[e] /= sum;
  }
  return w;
}

/** Pairs and sums of a graph's weights; row-standardized, the weights of a node with neighbors add up to 1. */
export function pairWeights(graph: Graph, rowStandardize: boolean): PairWeights {
  const { nodes: n, indptr, indices } = graph;
  const w = entryWeights(graph, rowStandardize);
  const back = transposed(graph, w);
  const starts = new Uint32Array(n + 1);
  const later = new Uint32Array(indices.length);
  const weights = new Float64Array(indices.length);
  const totals = new Float64Array(n);
  let [s0, s1, s2, count] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    let e = indptr[i];
    let f = back.indptr[i];
    while (e < indptr[i + 1] || f < back.indptr[i + 1]) {
      const out = e < indptr[i + 1] ? indices[e] : n;
      const into = f < back.indptr[i + 1] ? back.indices[f] : n;
      const other = Math.min(out, into);
      let h = 0;
      if (out === other) h += w[e++];
      if (into === other) h += back.weights[f++];
      totals[i] += h;
      if (other > i) {
        later[count] = other;
        weights[count++] = h;
        s0 += h;
        s1 += h * h;
      }
    }
    s2 += totals[i] * totals[i];
    starts[i + 1] = count;
  }
  return {
    indptr: starts,
    indices: later.slice(0, count),
    weights: weights.slice(0, count),
    totals,
    s0,
    s1,
    s2,
  };
}

function transposed(
  { nodes, indptr, indices }: Graph,
  w: Float64Array,
): { indptr: Uint32Array; indices: Uint32Array; weights: Float64Array } {
  const starts = new Uint32Array(nodes + 1);
  for (let e = 0; e < indices.length; e++) starts[indices[e] + 1]++;
  for (let i = 0; i < nodes; i++) starts[i + 1] += starts[i];
  const next = starts.slice(0, nodes);
  const from = new Uint32Array(indices.length);
  const weights = new Float64Array(indices.length);
  for (let i = 0; i < nodes; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const at = next[indices[e]]++;
      from[at] = i;
      weights[at] = w[e];
    }
  }
  return { indptr: starts, indices: from, weights };
}
