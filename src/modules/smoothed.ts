import type { RunOptions } from "../core/progress.ts";
import { axesOfMap, centredTimes, columnsOf, type LinearMap, scoresAmongRows } from "../kernels/principal.ts";
import { sparseTimesDense, transposeTimesDense } from "../kernels/spmm.ts";
import { type Dense, dense, type Graph, type Sparse } from "../model/index.ts";

/**
 * Principal components of expression averaged over each observation and its neighbors. The average is an operator: with
 * S the n x n averaging matrix, products go S (X v) and X' (S' y), so neither S X nor anything n x p is formed.
 */
export async function smoothedComponents(
  x: Sparse,
  graph: Graph,
  components: number,
  seed: number,
  run: RunOptions,
): Promise<Dense> {
  const s = averaging(graph);
  const { rows, cols } = x;
  const map: LinearMap = {
    rows,
    cols,
    times: async (v, k, signal) => sparseTimesDense(s, await sparseTimesDense(x, v, k, signal), k, signal),
    transposeTimes: async (y, k, signal) =>
      transposeTimesDense(x, await transposeTimesDense(s, y, k, signal), k, signal),
  };
  const search = { count: components, tolerance: 1e-3, seed, step: "smoothed components" };
  if (rows < cols) return dense(rows, components, await scoresAmongRows(map, search, run));
  const mean = await columnMeans(x, s, run);
  const { axes } = await axesOfMap(map, mean, search, run);
  const scores = await centredTimes(map, mean, columnsOf(axes, cols, components), components, run.signal);
  return dense(rows, components, scores);
}

/** Means of the columns of S X, in f64. */
async function columnMeans(x: Sparse, s: Sparse, run: RunOptions): Promise<Float64Array> {
  const ones = new Float64Array(x.rows).fill(1 / x.rows);
  return transposeTimesDense(x, await transposeTimesDense(s, ones, 1, run.signal), 1, run.signal);
}

/** S: row i holds 1 / (1 + number of neighbors) at i and at each of its neighbors. */
function averaging(graph: Graph): Sparse {
  const n = graph.nodes;
  const indptr = Uint32Array.from(graph.indptr, (start, i) => start + i);
  const indices = new Uint32Array(indptr[n]);
  const data = new Float32Array(indptr[n]);
  for (let i = 0; i < n; i++) {
    const neighbors = graph.indices.subarray(graph.indptr[i], graph.indptr[i + 1]);
    let before = 0;
    while (before < neighbors.length && neighbors[before] < i) before++;
    indices.set(neighbors.subarray(0, before), indptr[i]);
    indices[indptr[i] + before] = i;
    indices.set(neighbors.subarray(before), indptr[i] + before + 1);
    data.fill(1 / (neighbors.length + 1), indptr[i], indptr[i + 1]);
  }
  return { kind: "sparse", rows: n, cols: n, indptr, indices, data };
}
