import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { cellBytes, cellRoom, cellsOf } from "../../src/kernels/cells.ts";
import { withThreads } from "../../src/kernels/wasm/threads.ts";
import { nearestCenter, squaredDistance } from "./twins/cells.ts";

describe("kernels of cells", () => {
  it("agree with their twins", async () => {
    const [n, width, count] = [50, 24, 11];
    const rng = stream(2);
    await withThreads(2 * (n + 16) * width + 4 * (3 * n + 16), { threads: 1 }, (arena) => {
      const rows = arena.i16(n * width);
      const centers = arena.i16(16 * width);
      const lengths = arena.i32(16).fill(0x7fffffff);
      const order = arena.u32(n);
      const out = new Uint8Array(arena.u32(n).buffer, arena.u32(n).byteOffset, n);
      const squares = arena.i32(n);
      const draw = (): number => rng.below(9400) - 4700;
      for (let t = 0; t < rows.length; t++) rows[t] = draw();
      for (let i = 0; i < n; i++) order[i] = (i * 7) % n;
      const plain = Array.from({ length: count }, () => Int16Array.from({ length: width }, draw));
      plain[4] = plain[3];
      plain.forEach((center, c) => {
        lengths[c] = center.reduce((sum, v) => sum + v * v, 0);
        center.forEach((v, d) => (centers[(c >> 2) * width * 4 + (d >> 1) * 8 + (c & 3) * 2 + (d & 1)] = v));
      });
      const [r, o, c, l] = [rows, order, centers, lengths].map((array) => array.byteOffset);
      arena.kernels.nearestCenter(r, width, o, 3, n, c, l, out.byteOffset);
      arena.kernels.distancesTo(r, width, 5, 1, n, squares.byteOffset);
      const row = (i: number): Int16Array => rows.slice(i * width, (i + 1) * width);
      for (let i = 3; i < n; i++) expect(out[i]).toBe(nearestCenter(row(order[i]), plain));
      for (let j = 1; j < n; j++) expect(squares[j]).toBe(squaredDistance(row(5), row(j)));
      return Promise.resolve();
    });
  });
});

describe("cellsOf", () => {
  it.each([1, 700, 5000])(
    "puts each of %i points into one cell of at most 512, near ones together",
    async (size) => {
      const rng = stream(size);
      await withThreads(2 * size * 8 + cellBytes(size, 8), { threads: 2 }, async (arena) => {
        const rows = arena.i16(size * 8);
        for (let i = 0; i < size; i++) rows[8 * i] = 1000 * rng.below(20) + rng.below(10);
        const room = cellRoom(arena, size, 8);
        const starts = await cellsOf(arena, rows, 8, room, stream(1));
        const { order } = room;
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
        for (let c = 0; c + 1 < starts.length; c++) {
          expect(starts[c + 1] - starts[c]).toBeLessThanOrEqual(512);
          expect(starts[c + 1]).toBeGreaterThan(starts[c]);
          if (size < 5000) continue;
          const groups = new Set(
            Array.from(order.subarray(starts[c], starts[c + 1]), (i) => Math.floor(rows[8 * i] / 1000)),
          );
          expect(groups.size).toBeLessThanOrEqual(6);
        }
      });
    },
  );
});
