import { describe, expect, it } from "vitest";
import { type Progress, stream } from "../../src/core/index.ts";
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

/** Independent coordinates: the more, the harder to search. */
function noise(n: number, dims: number): Dense {
  const rng = stream(12);
  return dense(
    n,
    dims,
    Float32Array.from({ length: n * dims }, () => rng.uniform() + rng.uniform() + rng.uniform()),
  );
}

describe("neighbors by descent", () => {
  it.each([
    ["groups", grouped(9000, 20, 1)],
    ["one group", grouped(9000, 1, 1)],
    ["30 dimensions of noise", noise(9000, 30)],
    ["a plane", noise(9000, 2)],
    [
      "a line, other columns constant",
      dense(
        9000,
        4,
        noise(9000, 4).data.map((v, t) => (t % 4 === 2 ? v : 7)),
      ),
    ],
  ])("in %s: the share found is at least 95 % and as estimated", async (_, points) => {
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
    expect(alone.recall).toBe(1);
    for (const threads of [2, 3]) expect(await nearbyNeighbors(points, 10, 3, { threads })).toEqual(alone);
  });

  it("of points far apart and of those around them", async () => {
    const points = grouped(3000, 4, 1);
    for (const i of [5, 900, 2999]) for (let d = 0; d < 12; d++) points.data[12 * i + d] *= 1e4;
    const [near, all] = [await nearbyNeighbors(points, 8, 0), await exactNeighbors(points, 8)];
    expect(share(near, all)).toBeGreaterThan(0.99);
  });

  it("come with progress that never goes back and ends at 1", async () => {
    const fractions: number[] = [];
    const onProgress = ({ fraction }: Progress): void => void fractions.push(fraction);
    await nearbyNeighbors(grouped(5000, 9, 1), 14, 0, { onProgress });
    expect(fractions.every((f, t) => t === 0 || f >= fractions[t - 1])).toBe(true);
    expect(fractions.at(-1)).toBe(1);
    expect(new Set(fractions).size).toBeGreaterThan(5);
  });

  it("are refused for coordinates that are not finite, or more than there are", async () => {
    await expect(nearbyNeighbors(dense(600, 1, new Float32Array(600).fill(NaN)), 3, 0)).rejects.toThrow(
      "finite",
    );
    await expect(nearbyNeighbors(dense(600, 1), 600, 0)).rejects.toThrow("at most 599");
  });
});
