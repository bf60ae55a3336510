import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Sparse } from "../model/index.ts";

/** X'X of a sparse matrix in f64: symmetric p x p. Cost: half the sum over rows of squared entries per row. */
export async function gramMatrix(x: Sparse, step: string, run: RunOptions): Promise<Float64Array> {
  const { rows, cols: p, indptr, indices, data } = x;
  const gram = new Float64Array(p * p);
  const perRow = indices.length / Math.max(1, rows);
  const size = Math.max(1, Math.floor(2e7 / (1 + perRow * perRow)));
  await forEachBlock(
    step,
    rows,
    size,
    (start, end) => {
      for (let i = start; i < end; i++) {
        const last = indptr[i + 1];
        for (let a = indptr[i]; a < last; a++) {
          const v = data[a];
          const row = indices[a] * p;
          for (let b = a; b < last; b++) gram[row + indices[b]] += v * data[b];
        }
      }
    },
    run,
  );
  for (let i = 0; i < p; i++) for (let j = 0; j < i; j++) gram[i * p + j] = gram[j * p + i];
  return gram;
}

/** A symmetric n x n matrix times each of b vectors (rows). */
export function symmetricTimes(a: Float64Array, n: number, vectors: Float64Array, b: number): Float64Array {
  const out = new Float64Array(b * n);
  let c = 0;
  for (; c + 3 < b; c += 4) {
    const v0 = vectors.subarray(c * n, (c + 1) * n);
    const v1 = vectors.subarray((c + 1) * n, (c + 2) * n);
    const v2 = vectors.subarray((c + 2) * n, (c + 3) * n);
    const v3 = vectors.subarray((c + 3) * n, (c + 4) * n);
    for (let i = 0; i < n; i++) {
      const row = i * n;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let j = 0; j < n; j++) {
        const x = a[row + j];
        s0 += x * v0[j];
        s1 += x * v1[j];
        s2 += x * v2[j];
        s3 += x * v3[j];
      }
      out[c * n + i] = s0;
      out[(c + 1) * n + i] = s1;
      out[(c + 2) * n + i] = s2;
      out[(c + 3) * n + i] = s3;
    }
  }
  for (; c < b; c++) {
    for (let i = 0; i < n; i++) {
      let s = 0;
      for (let j = 0; j < n; j++) s += a[i * n + j] * vectors[c * n + j];
      out[c * n + i] = s;
    }
  }
  return out;
}
