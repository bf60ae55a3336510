import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/rng.ts";
import { withArena } from "../../src/kernels/wasm/arena.ts";
import * as twin from "./twins/project.ts";

describe("projectRows", () => {
  it.each([
    [4, 0, 4, 1],
    [12, 1, 8, 3],
    [40, 0, 7, 8],
    [64, 5, 5, 2],
    [400, 3, 33, 8],
  ])(
    "agrees with its twin bit for bit: length %i, rows %i to %i, %i at a time",
    async (n, from, to, count) => {
      const rng = stream(7, n);
      const width = to + 2;
      const rows = Float64Array.from({ length: (to + count) * n }, () => rng.uniform() - 0.5);
      const sizes = Float64Array.from({ length: count * width }, () => rng.uniform());
      const got = await withArena(8 * (rows.length + sizes.length), (arena) => {
        const r = arena.f64(rows.length);
        const s = arena.f64(sizes.length);
        r.set(rows);
        s.set(sizes);
        const first = r.byteOffset;
        arena.kernels.projectRows(first, 8 * n, from, to, first + 8 * n * to, count, s.byteOffset, 8 * width);
        return { rows: r.slice(), sizes: s.slice() };
      });
      twin.projectRows(rows, n, from, to, to, count, sizes, width);
      expect(got.rows).toEqual(rows);
      expect(got.sizes).toEqual(sizes);
    },
  );

  it("leaves a row at right angles to the others and adds the sizes of what it took", async () => {
    // The rows of a Hadamard matrix, made to length 1.
    const n = 8;
    const sign = (i: number, j: number): number =>
      [0, 1, 2].filter((b) => ((i & j) >> b) & 1).length % 2 ? -1 : 1;
    const rows = Float64Array.from(
      { length: 6 * n },
      (_, e) => sign(Math.floor(e / n), e % n) / Math.sqrt(n),
    );
    const given = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 9);
    const sizes = new Float64Array(6).fill(1);
    const all = Float64Array.of(...rows, ...given);
    twin.projectRows(all, n, 0, 6, 6, 1, sizes, 6);
    for (let i = 0; i < 6; i++) {
      let left = 0;
      let was = 0;
      for (let j = 0; j < n; j++) {
        left += all[6 * n + j] * rows[i * n + j];
        was += given[j] * rows[i * n + j];
      }
      expect(Math.abs(left)).toBeLessThan(1e-13);
      expect(sizes[i]).toBeCloseTo(1 + was, 12);
    }
  });
});
