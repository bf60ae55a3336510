import type { Rng } from "../../../src/core/index.ts";

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
