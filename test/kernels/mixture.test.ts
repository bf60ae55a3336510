import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/rng.ts";
import { withArena } from "../../src/kernels/wasm/arena.ts";
import * as twin from "./twins/mixture.ts";

/** Points with few decimals, some of which coincide. */
function cloud(n: number, d: number, seed: number): twin.Points {
  const rng = stream(seed, n, d);
  const data = Float64Array.from({ length: n * d }, () => rng.below(9) / 3 - 1.3);
  return { n, d, data };
}

describe("the kernels of mixtures agree with their twins bit for bit", () => {
  for (const [n, d, k] of [
    [1, 1, 1],
    [5, 2, 3],
    [6, 3, 2],
    [23, 4, 7],
    [64, 10, 12],
    [301, 3, 40],
  ]) {
    it(`${n} points of ${d} dimensions, ${k} groups`, async () => {
      const points = cloud(n, d, 1);
      const rng = stream(2, n);
      const quads = Math.ceil(n / 4);
      await withArena(8 * (4 * quads * d + k * (d + 5) + 6 + 2 * k * (d + 1)), (arena) => {
        const laid = arena.f64(4 * quads * d);
        const rows = arena.f64(k * d);
        const offsets = arena.f64(k);
        const scores = arena.f64(4 * k);
        const out = arena.f64(6 + 2 * k * (d + 1));
        for (let i = 0; i < n; i++)
          for (let c = 0; c < d; c++) laid[4 * (d * (i >> 2) + c) + (i & 3)] = points.data[i * d + c];
        for (let g = 0; g < k; g++) {
          // Scores from all alike to far apart; a group without weight; groups that are alike.
          offsets[g] = g % 5 === 4 ? -Infinity : rng.below(3);
          for (let c = 0; c < d; c++)
            rows[g * d + c] = g % 5 === 3 ? rows[(g - 1) * d + c] : rng.below(9) * 2 - 8;
        }
        const middle = quads >> 1;
        for (const [from, to] of [
          [0, middle],
          [middle, quads],
        ]) {
          const where = [from, to, n, d, k, laid.byteOffset, rows.byteOffset] as const;
          arena.kernels.gatherShares(...where, offsets.byteOffset, scores.byteOffset, out.byteOffset);
          expect(out).toEqual(twin.gatherShares(points, from, to, rows, offsets));
          arena.kernels.gatherNearest(...where, out.byteOffset);
          expect(out).toEqual(twin.gatherNearest(points, from, to, rows));
        }
      });
    });
  }

  it("the cheapest merge, where costs are alike and where none is left out", async () => {
    for (const n of [2, 3, 8, 33]) {
      const points = cloud(n, 2, 3);
      const stride = n + (n & 1);
      await withArena(8 * (3 * stride + 1), (arena) => {
        const means = arena.f64(2 * stride);
        const sizes = arena.f64(stride);
        const least = arena.f64(1);
        const rng = stream(4, n);
        for (let s = 0; s < n; s++) {
          sizes[s] = 1 + rng.below(3);
          for (const c of [0, 1]) means[c * stride + s] = points.data[2 * s + c];
        }
        for (let tip = 0; tip < n; tip++) {
          for (const before of [-1, (tip + 1) % n, (tip + 5) % n].filter((s) => s !== tip)) {
            const found = arena.kernels.nearestGroup(
              tip,
              before,
              n,
              2,
              stride,
              means.byteOffset,
              sizes.byteOffset,
              least.byteOffset,
            );
            expect([found, least[0]]).toEqual(twin.nearestGroup(points, sizes, tip, before));
          }
        }
      });
    }
  });
});
