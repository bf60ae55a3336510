import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { bothEnds, bothWays } from "../kernels/both-ends.ts";
import { exp, log } from "../kernels/math.ts";
import type { Neighbors } from "../kernels/neighbor-list.ts";
import { type Sparse, sparse } from "../model/index.ts";

/** Entropies are met within this, or after `STEPS`. */
const TOLERANCE = 1e-5;
const STEPS = 200;

/**
 * How likely two points are to pick each other, n x n, symmetric, summing to 1. Point i picks its neighbor j with probability
 * p_j|i in proportion to exp(-b_i d_ij^2), b_i such that the entropy of its picks is log(perplexity); p_ij is
 * (p_j|i + p_i|j) / 2 n.
 */
export async function affinities(
  nearest: Neighbors,
  n: number,
  perplexity: number,
  run: RunOptions,
): Promise<Sparse> {
  const { k, distances } = nearest;
  const picks = new Float32Array(n * k);
  const goal = log(perplexity);
  const beyond = new Float64Array(k);
  const p = new Float64Array(k);
  const points = (start: number, end: number): void => {
    for (let i = start; i < end; i++) {
      const least = k > 0 ? distances[i * k] : 0;
      for (let t = 0; t < k; t++) beyond[t] = distances[i * k + t] * distances[i * k + t] - least * least;
      calibrate(beyond, goal, p);
      for (let t = 0; t < k; t++) picks[i * k + t] = p[t];
    }
  };
  await forEachBlock("t-SNE", n, 256, points, { signal: run.signal });
  const unite = (a: number, b: number): number => (a + b) / (2 * n);
  const ends = await bothEnds(nearest, n, run);
  const { indptr, indices, weights } = await bothWays(nearest, picks, ends, n, unite, run);
  return sparse(n, n, indptr, indices, weights);
}

/**
 * Writes the probabilities exp(-b s) / sum for squared distances s >= 0, of which one is 0: by Newton's steps on the entropy as
 * a function of log b, within bounds that close in.
 */
function calibrate(squares: Float64Array, goal: number, p: Float64Array): void {
  let mean = 0;
  for (const s of squares) mean += s / squares.length;
  let low = -Infinity;
  let high = Infinity;
  // Where all coincide any b will do.
  let logB = mean > 0 ? -log(mean) : 0;
  for (let step = 0; step < STEPS; step++) {
    const b = exp(logB);
    let sum = 0;
    let first = 0;
    let second = 0;
    for (let t = 0; t < p.length; t++) {
      const s = b * squares[t];
      p[t] = exp(-s);
      sum += p[t];
      first += p[t] * s;
      second += p[t] * s * s;
    }
    for (let t = 0; t < p.length; t++) p[t] /= sum;
    const excess = log(sum) + first / sum - goal;
    if (mean === 0 || Math.abs(excess) < TOLERANCE) return;
    if (excess > 0) low = logB;
    else high = logB;
    // The entropy falls by the variance of b s for each unit of log b.
    const variance = second / sum - (first / sum) * (first / sum);
    const next = variance > 0 ? logB + excess / variance : Infinity;
    const middle = low === -Infinity ? logB - 1 : high === Infinity ? logB + 1 : (low + high) / 2;
    logB = next > low && next < high && Math.abs(next - logB) < 3 ? next : middle;
    if (Math.abs(logB) > 600) return;
  }
}
