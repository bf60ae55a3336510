import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { exp, log2 } from "../../src/kernels/math.ts";
import { withArena } from "../../src/kernels/wasm/arena.ts";

/** Strengths of one row, by doubling and bisection for sigma. */
function twin(row: Float32Array, goal: number, meanOfAll: number): number[] {
  const rho = row.find((d) => d > 0) ?? 0;
  let mean = 0;
  for (const d of row) mean += d / (row.length + 1);
  let [low, high, sigma] = [0, Infinity, 1];
  for (let step = 0; step < 64; step++) {
    let sum = 0;
    for (const d of row) {
      const beyond = Math.fround(d - rho);
      sum += beyond > 0 ? exp(-beyond / sigma) : 1;
    }
    if (Math.abs(sum - goal) < 1e-5) break;
    if (sum > goal) high = sigma;
    else low = sigma;
    sigma = high === Infinity ? sigma * 2 : (low + high) / 2;
  }
  sigma = Math.max(1e-3 * (rho > 0 ? mean : meanOfAll), sigma);
  return Array.from(row, (d) => Math.fround(d - rho <= 0 || sigma === 0 ? 1 : exp(-(d - rho) / sigma)));
}

describe("the kernel of strengths", () => {
  for (const k of [1, 3, 14]) {
    it(`agrees with its twin bit for bit, ${k} neighbors`, async () => {
      const rng = stream(6, k);
      const n = 60;
      await withArena(8 * n * k, ({ kernels, f32 }) => {
        const [distances, strengths] = [f32(n * k), f32(n * k)];
        for (let i = 0; i < n; i++) {
          // Near and far, coincident, and hardly apart.
          const scale = [1e-6, 1, 30, 1e5, 0][i % 5];
          const row = Float32Array.from({ length: k }, () => scale * (rng.uniform() + (i % 3))).sort();
          if (i % 4 === 0) row[0] = 0;
          distances.set(row, i * k);
        }
        const [from, to] = [distances.byteOffset, strengths.byteOffset];
        const goal = log2(k + 1);
        kernels.strengthsOf(0, 11, k, goal, 0.7, from, to);
        kernels.strengthsOf(11, n, k, goal, 0.7, from, to);
        for (let i = 0; i < n; i++) {
          const own = twin(distances.slice(i * k, (i + 1) * k), goal, 0.7);
          expect(Array.from(strengths.subarray(i * k, (i + 1) * k))).toEqual(own);
        }
      });
    });
  }
});
