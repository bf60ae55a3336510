import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { cellsOf } from "../../src/kernels/cells.ts";
import { withThreads } from "../../src/kernels/wasm/threads.ts";
import { nearestCenter, squaredInLanes } from "./twins/cells.ts";

const [n, dims, count] = [50, 8, 11];

describe("kernels of cells", () => {
  it("agree with their twins bit for bit", async () => {
    const rng = stream(2);
    await withThreads(4 * (n * dims + 16 * (dims + 1) + 3 * n), { threads: 1 }, async (arena) => {
      const rows = arena.f32(n * dims);
      const centers = arena.f32(16 * dims);
      const norms = arena.f32(16).fill(Infinity);
      const order = arena.u32(n);
      const out = arena.u32(n);
      const squares = arena.f32(n);
      for (let t = 0; t < rows.length; t++) rows[t] = rng.uniform() - 0.5;
      for (let i = 0; i < n; i++) order[i] = (i * 7) % n;
      const plain = Array.from({ length: count }, () =>
        Float32Array.from({ length: dims }, () => rng.uniform() - 0.5),
      );
      plain.forEach((center, c) => {
        norms[c] = center.reduce((sum, v) => sum + v * v, 0) / 2;
        center.forEach((v, d) => (centers[(c >> 3) * dims * 8 + d * 8 + (c & 7)] = v));
      });
      const [r, o, c, h] = [rows, order, centers, norms].map((array) => array.byteOffset);
      arena.kernels.nearestCenter(r, dims, o, 3, n, c, h, 2, out.byteOffset);
      arena.kernels.distancesTo(r, dims, 5, 1, n, squares.byteOffset);
      const row = (i: number): Float32Array => rows.slice(i * dims, (i + 1) * dims);
      for (let i = 3; i < n; i++) expect(out[i]).toBe(nearestCenter(row(order[i]), plain, norms));
      for (let j = 1; j < n; j++) expect(squares[j]).toBe(squaredInLanes(row(5), row(j)));
    });
  });
});

describe("cellsOf", () => {
  it.each([1, 700, 5000])(
    "puts each of %i points into one cell of at most 512, near ones together",
    async (size) => {
      const rng = stream(size);
      await withThreads(4 * (size * 4 + 2 * size + 16 * 5), { threads: 2 }, async (arena) => {
        const rows = arena.f32(size * 4);
        for (let i = 0; i < size; i++) rows[4 * i] = 100 * rng.below(20) + rng.uniform();
        const { order, starts } = await cellsOf(
          arena,
          rows,
          4,
          arena.u32(size),
          arena.u32(size),
          arena.f32(16 * 5),
          1,
        );
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
        for (let c = 0; c + 1 < starts.length; c++) {
          expect(starts[c + 1] - starts[c]).toBeLessThanOrEqual(512);
          expect(starts[c + 1]).toBeGreaterThan(starts[c]);
          if (size < 5000) continue;
          const groups = new Set(
            Array.from(order.subarray(starts[c], starts[c + 1]), (i) => Math.floor(rows[4 * i] / 100)),
          );
          expect(groups.size).toBeLessThanOrEqual(6);
        }
      });
    },
  );
});
