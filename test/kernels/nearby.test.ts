import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { nearbyNeighbors } from "../../src/kernels/nearby.ts";
import { exactNeighbors } from "../../src/kernels/nearest.ts";
import type { Neighbors } from "../../src/kernels/neighbor-list.ts";
import { dense, type Dense } from "../../src/model/index.ts";

/** Points around `groups` centers, in 12 dimensions. */
function grouped(n: number, groups: number, spread: number): Dense {
  const rng = stream(11);
  const normal = (): number => rng.uniform() + rng.uniform() + rng.uniform() + rng.uniform() - 2;
  const centers = Array.from({ length: groups * 12 }, () => 10 * rng.uniform());
  const data = new Float32Array(n * 12);
  for (let i = 0; i < n; i++) {
    const g = rng.below(groups);
    for (let d = 0; d < 12; d++) data[i * 12 + d] = centers[g * 12 + d] + spread * normal();
  }
  return dense(n, 12, data);
}

/** The share of b's neighbors that are in a. */
function share(a: Neighbors, b: Neighbors): number {
  let hits = 0;
  for (let i = 0; i < a.indices.length; i += a.k) {
    const own = new Set(a.indices.subarray(i, i + a.k));
    for (const j of b.indices.subarray(i, i + a.k)) if (own.has(j)) hits++;
  }
  return hits / a.indices.length;
}

describe("neighbors in nearby cells", () => {
  it.each([
    ["groups", 20, 1],
    ["noise", 1, 1],
  ])("of %s: the share found is at least 95 % and as estimated", async (_, groups, spread) => {
    const points = grouped(9000, groups, spread);
    const [near, all] = [await nearbyNeighbors(points, 14, 0), await exactNeighbors(points, 14)];
    const found = share(near, all);
    expect(found).toBeGreaterThan(0.95);
    expect(Math.abs(near.recall - found)).toBeLessThan(0.02);
    for (let i = 0; i < 9000; i++) {
      const row = near.distances.subarray(14 * i, 14 * i + 14);
      expect(row.every((d, t) => t === 0 || d >= row[t - 1])).toBe(true);
      expect(near.indices.subarray(14 * i, 14 * i + 14)).not.toContain(i);
    }
  });

  it("are bit for bit the same on any number of threads, also where points coincide", async () => {
    const points = grouped(4000, 8, 0);
    const alone = await nearbyNeighbors(points, 10, 3, { threads: 1 });
    expect(alone.distances.every((d) => d === 0)).toBe(true);
    for (const threads of [2, 3]) expect(await nearbyNeighbors(points, 10, 3, { threads })).toEqual(alone);
  });

  it("refuses coordinates that are not finite", async () => {
    await expect(nearbyNeighbors(dense(600, 1, new Float32Array(600).fill(NaN)), 3, 0)).rejects.toThrow(
      "finite",
    );
  });
});
