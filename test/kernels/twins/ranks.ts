import type { Sparse } from "../../../src/model/index.ts";

/** Rank sums by group and tie sums of each column, from all values of the rows that take part, zeros among them. */
export function rankSums(
  x: Sparse,
  codes: Int32Array,
  k: number,
): { sums: Float64Array; ties: Float64Array } {
  const sums = new Float64Array(x.cols * k);
  const ties = new Float64Array(x.cols);
  const columns = Array.from({ length: x.cols }, () => new Float64Array(x.rows));
  for (let i = 0; i < x.rows; i++)
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) columns[x.indices[e]][i] = x.data[e];
  const taking = Array.from(codes.keys()).filter((i) => codes[i] >= 0);
  for (const [j, values] of columns.entries()) {
    const order = [...taking].sort((a, b) => values[a] - values[b]);
    for (let start = 0, end = 0; start < order.length; start = end) {
      while (end < order.length && values[order[end]] === values[order[start]]) end++;
      for (const i of order.slice(start, end)) sums[j * k + codes[i]] += (start + 1 + end) / 2;
      ties[j] += (end - start) ** 3 - (end - start);
    }
  }
  return { sums, ties };
}
