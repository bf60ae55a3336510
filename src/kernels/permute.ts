import type { Rng } from "../core/rng.ts";
import type { Sparse } from "../model/index.ts";

/**
 * Writes a random order of `source` to `target` (same length, another array), every order equally likely.
 * One draw per element (Fisher and Yates, built from the front); `source` is not changed.
 */
export function shuffleInto(source: Int32Array, target: Int32Array, rng: Rng): void {
  const n = source.length;
  for (let i = 0; i < n; i++) {
    const j = i < EXACT ? scaled(i + 1, rng) : rng.below(i + 1);
    target[i] = target[j];
    target[j] = source[i];
  }
}

/** Up to here a product with 32 random bits is exact in a double. */
const EXACT = 2097152;

/** A number in [0, n), every value equally likely, n <= 2^21 (multiply and reject; Lemire 2019, doi:10.1145/3230636). */
function scaled(n: number, rng: Rng): number {
  let product = rng.u32() * n;
  let value = Math.floor(product / 4294967296);
  let rest = product - value * 4294967296;
  if (rest < n) {
    const least = 4294967296 % n;
    while (rest < least) {
      product = rng.u32() * n;
      value = Math.floor(product / 4294967296);
      rest = product - value * 4294967296;
    }
  }
  return value;
}

/**
 * Sums of each column over the rows of each group: `sums[g * cols + j]`, added in row order. Rows with code -1 are
 * left out. Overwrites `sums`.
 */
export function groupSums(x: Sparse, codes: Int32Array, sums: Float64Array): void {
  const { rows, cols, indptr, indices, data } = x;
  sums.fill(0);
  for (let i = 0; i < rows; i++) {
    if (codes[i] < 0) continue;
    const base = codes[i] * cols;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) sums[base + indices[e]] += data[e];
  }
}
