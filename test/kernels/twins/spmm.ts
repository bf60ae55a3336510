import type { Sparse } from "../../../src/model/index.ts";

type Numbers = Float32Array | Float64Array;

/** x times b, each number one chain of additions in the order of the stored entries. */
export function sparseTimesDense<B extends Numbers>(x: Sparse, b: B, k: number): B {
  const out = (b instanceof Float64Array ? new Float64Array(x.rows * k) : new Float32Array(x.rows * k)) as B;
  const round = b instanceof Float64Array ? (v: number): number => v : Math.fround;
  for (let i = 0; i < x.rows; i++)
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++)
      for (let j = 0; j < k; j++)
        out[i * k + j] = round(out[i * k + j] + round(x.data[e] * b[x.indices[e] * k + j]));
  return out;
}

/** y = x v - 1 shift', its products back z = x' y and its column sums, as the kernel makes them for one block of rows. */
export function centredProduct(
  x: Sparse,
  v: Float32Array,
  shift: Float64Array,
  k: number,
): { z: Float32Array; sums: Float64Array } {
  const y = sparseTimesDense(x, v, k).map((value, at) => value - shift[at % k]);
  const sums = new Float64Array(k);
  y.forEach((value, at) => (sums[at % k] += value));
  return { z: transposeTimesDense(x, y, k), sums };
}

/** The transpose of x times b, each number one chain of additions in the order of the rows. */
export function transposeTimesDense<B extends Numbers>(x: Sparse, b: B, k: number): B {
  const out = (b instanceof Float64Array ? new Float64Array(x.cols * k) : new Float32Array(x.cols * k)) as B;
  const round = b instanceof Float64Array ? (v: number): number => v : Math.fround;
  for (let i = 0; i < x.rows; i++)
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++)
      for (let j = 0; j < k; j++)
        out[x.indices[e] * k + j] = round(out[x.indices[e] * k + j] + round(x.data[e] * b[i * k + j]));
  return out;
}
