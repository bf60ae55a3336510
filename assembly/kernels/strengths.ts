// How strongly points are connected to their nearest neighbors: the strengths of a point's k neighbors sum to a goal.

import { exponential } from "./exponential";

// The search for sigma ends when the strengths sum to their goal within this, or after STEPS.
const TOLERANCE: f64 = 1e-5;
const STEPS: i32 = 64;
// sigma is at least this part of the mean distance.
const LEAST_SIGMA: f64 = 1e-3;

// For the points [from, to), from the distances of their k neighbors (f32, ascending): exp(-max(0, d - rho) / sigma), rho the first
// distance over 0. `meanOfAll` counts where all are 0.
export function strengthsOf(
  from: i32,
  to: i32,
  k: i32,
  goal: f64,
  meanOfAll: f64,
  distances: usize,
  strengths: usize,
): void {
  const size = (<usize>k) << 2;
  for (let i = <usize>from; i < <usize>to; i++) {
    const row = distances + i * size;
    const end = row + size;
    let rho: f32 = 0;
    let mean: f64 = 0;
    for (let at = row; at < end; at += 4) {
      const d = load<f32>(at);
      if (rho == 0) rho = d;
      mean += <f64>d / <f64>(k + 1);
    }
    const least = LEAST_SIGMA * (rho > 0 ? mean : meanOfAll);
    const sigma = max(least, solveSigma(row, end, rho, goal));
    const out = strengths + i * size;
    for (let t: usize = 0; t < size; t += 4) {
      const beyond = <f64>load<f32>(row + t) - <f64>rho;
      store<f32>(out + t, beyond <= 0 || sigma == 0 ? 1 : <f32>exponential(-beyond / sigma));
    }
  }
}

// By doubling and bisection.
function solveSigma(row: usize, end: usize, rho: f32, goal: f64): f64 {
  let low: f64 = 0;
  let high = Infinity;
  let sigma: f64 = 1;
  for (let step = 0; step < STEPS; step++) {
    let sum: f64 = 0;
    for (let at = row; at < end; at += 4) {
      const beyond = <f64>(load<f32>(at) - rho);
      sum += beyond > 0 ? exponential(-beyond / sigma) : 1;
    }
    if (abs(sum - goal) < TOLERANCE) break;
    if (sum > goal) {
      high = sigma;
      sigma = (low + high) / 2;
    } else {
      low = sigma;
      sigma = high == Infinity ? sigma * 2 : (low + high) / 2;
    }
  }
  return sigma;
}
