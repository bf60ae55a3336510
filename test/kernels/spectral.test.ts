import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { withArena } from "../../src/kernels/wasm/arena.ts";

const [n, m, k] = [50, 230, 8];

describe("the kernels of subspace iteration", () => {
  it("agree with plain sums bit for bit", async () => {
    const rng = stream(4);
    await withArena(4 * (n + 1 + 2 * m) + 8 * (3 * n * k + 2 * k * k), ({ kernels, ...arena }) => {
      const [indptr, indices, data] = [arena.u32(n + 1), arena.u32(m), arena.f32(m)];
      const [x, before, out] = [arena.f64(n * k), arena.f64(n * k), arena.f64(n * k)];
      const [sums, matrix] = [arena.f64(k * k), arena.f64(k * k)];
      for (let i = 1; i < n; i++)
        indptr[i] = i % 6 === 0 ? indptr[i - 1] : rng.below(m / n) + 1 + indptr[i - 1];
      indptr[n] = m;
      for (let e = 0; e < m; e++) indices[e] = rng.below(n);
      for (let e = 0; e < m; e++) data[e] = rng.uniform();
      for (const array of [x, before, matrix])
        for (let t = 0; t < array.length; t++) array[t] = rng.uniform() - 0.5;
      const [factor, center, half] = [2, -0.07, 0.93];
      const product = Array.from({ length: n * k }, (_, t) => {
        let sum = 0;
        const i = Math.floor(t / k);
        for (let e = indptr[i]; e < indptr[i + 1]; e++) sum += data[e] * x[indices[e] * k + (t % k)];
        return sum;
      });
      const step = product.map((sum, t) => (factor * (sum - center * x[t])) / half);
      const addresses = [indptr, indices, data].map((array) => array.byteOffset);
      const [a, b, c] = addresses;

      kernels.filterRows(0, 20, a, b, c, factor, center, half, x.byteOffset, 0, out.byteOffset);
      kernels.filterRows(20, n, a, b, c, factor, center, half, x.byteOffset, 0, out.byteOffset);
      expect(Array.from(out)).toEqual(step);
      out.set(before);
      kernels.filterRows(0, n, a, b, c, factor, center, half, x.byteOffset, out.byteOffset, out.byteOffset);
      expect(Array.from(out)).toEqual(step.map((v, t) => v - before[t]));

      for (let row = 0; row < k; row += 2)
        kernels.crossRows(n, row, x.byteOffset, before.byteOffset, sums.byteOffset);
      const cross = Array.from({ length: k * k }, (_, t) => {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += x[i * k + Math.floor(t / k)] * before[i * k + (t % k)];
        return sum;
      });
      expect(Array.from(sums)).toEqual(cross);

      const combined = Array.from({ length: n * k }, (_, t) => {
        let sum = 0;
        for (let r = 0; r < k; r++) sum += x[Math.floor(t / k) * k + r] * matrix[r * k + (t % k)];
        return sum;
      });
      kernels.combineRows(0, 13, x.byteOffset, matrix.byteOffset);
      kernels.combineRows(13, n, x.byteOffset, matrix.byteOffset);
      expect(Array.from(x)).toEqual(combined);
    });
  });
});
