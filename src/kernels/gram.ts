import { checkMemory } from "../core/memory.ts";
import type { RunOptions } from "../core/progress.ts";
import type { BlockedMatrix, Sparse } from "../model/index.ts";
import { forEachRows } from "./passes.ts";

/** Covariance of the columns of a matrix. */
export interface Covariance {
  /** length p */
  readonly mean: Float64Array;
  /** symmetric, p x p, divisor n - 1 */
  readonly covariance: Float64Array;
  /** the sum of the columns' variances */
  readonly total: number;
}

/**
 * The covariance of the columns in f64, from X'X and the columns' sums, in one pass. Cost: half the sum over rows of squared
 * entries per row.
 */
export async function covarianceOf(x: BlockedMatrix, step: string, run: RunOptions): Promise<Covariance> {
  const { rows: n, cols: p } = x;
  checkMemory(`The covariance of ${p} genes`, 8 * p * p, 'Use fewer genes, or the solver "lanczos".');
  const gram = new Float64Array(p * p);
  const mean = new Float64Array(p);
  await forEachRows(step, x, (block) => addProducts(gram, mean, block), run, rowsOfProducts);
  for (let j = 0; j < p; j++) mean[j] /= n;
  let total = 0;
  for (let i = 0; i < p; i++) {
    for (let j = i; j < p; j++) {
      gram[i * p + j] = gram[j * p + i] = (gram[i * p + j] - n * mean[i] * mean[j]) / (n - 1);
    }
    total += Math.max(0, gram[i * p + i]);
  }
  return { mean, covariance: gram, total };
}

/** Adds the products of the entries of each row to the upper triangle, and the entries to the sums. */
function addProducts(gram: Float64Array, sum: Float64Array, x: Sparse): void {
  const { rows, cols: p, indptr, indices, data } = x;
  for (let i = 0; i < rows; i++) {
    const last = indptr[i + 1];
    for (let a = indptr[i]; a < last; a++) {
      const v = data[a];
      const row = indices[a] * p;
      sum[indices[a]] += v;
      for (let b = a; b < last; b++) gram[row + indices[b]] += v * data[b];
    }
  }
}

/** Rows of which the products take some ten milliseconds. */
function rowsOfProducts(block: Sparse): number {
  const perRow = block.data.length / Math.max(1, block.rows);
  return Math.floor(2e7 / (1 + perRow * perRow));
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
