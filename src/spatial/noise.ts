import { stream } from "../core/rng.ts";
import { exp, log } from "../kernels/math.ts";
import { normal } from "../kernels/random.ts";
import { logNormalUpperTail } from "../kernels/special.ts";
import type { GeneValues } from "./nngp.ts";

/** Where more than this part of the draws lie above, they are counted; further out the tail is a formula. */
const COUNTED = 0.1;

/** Genes of normal noise at n places; gene g is drawn from stream (seed, g). */
export function noiseGenes(n: number, from: number, to: number, seed: number): GeneValues {
  const values = new Float32Array(n * (to - from));
  for (let g = from; g < to; g++) {
    const rng = stream(seed, g);
    for (let i = 0; i < n; i++) values[(g - from) * n + i] = normal(rng);
  }
  return {
    indptr: Uint32Array.from({ length: to - from + 1 }, (_, g) => g * n),
    rows: Uint32Array.from({ length: values.length }, (_, e) => e % n),
    values,
  };
}

/**
 * log P(statistic >= x) of a likelihood ratio without pattern, by the statistics of noise. No share lies at the end of its range, and no
 * length scale belongs to it, so the limit is P(Z > sqrt(x)) + c exp(-x / 2), the largest of a process along the length scales
 * (Davies 1987, doi:10.1093/biomet/74.1.33); c is such that the mean is that of the draws, and 0 at least. Near 0 the draws above x
 * are counted.
 */
export function noiseTail(drawn: Float64Array): (x: number) => number {
  const sorted = drawn.slice().sort();
  const mean = sorted.reduce((s, v) => s + v, 0) / sorted.length;
  const c = Math.max(0, (mean - 0.5) / 2);
  return (x) => {
    if (!(x > 0)) return x === x ? 0 : NaN;
    const first = logNormalUpperTail(Math.sqrt(x));
    const tail = Math.min(0, c > 0 ? first + log(1 + c * exp(-x / 2 - first)) : first);
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < x) low = middle + 1;
      else high = middle;
    }
    const above = (1 + sorted.length - low) / (1 + sorted.length);
    return above > COUNTED ? Math.max(tail, log(above)) : tail;
  };
}
