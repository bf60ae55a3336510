import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { exactNeighbors } from "../../src/kernels/nearest.ts";
import { dense, type Dense } from "../../src/model/index.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

function randomPoints(n: number, dims: number, seed: number, levels = 0): Dense {
  const rng = stream(seed, 9);
  const draw = (): number => (levels > 0 ? rng.below(levels) : rng.uniform() * 10 - 3);
  return dense(n, dims, Float64Array.from({ length: n * dims }, draw));
}

function bruteForce(points: Dense, k: number): { indices: number[][]; distances: number[][] } {
  const { rows, cols, data } = points;
  const lists = Array.from({ length: rows }, (_, i) => {
    const others = Array.from({ length: rows }, (_, j) => {
      let sum = 0;
      for (let d = 0; d < cols; d++) sum += (data[i * cols + d] - data[j * cols + d]) ** 2;
      return { j, distance: Math.sqrt(sum) };
    });
    return others
      .filter((o) => o.j !== i)
      .sort((a, b) => a.distance - b.distance || a.j - b.j)
      .slice(0, k);
  });
  return {
    indices: lists.map((l) => l.map((o) => o.j)),
    distances: lists.map((l) => l.map((o) => o.distance)),
  };
}

const rowsOf = (flat: ArrayLike<number>, k: number): number[][] =>
  Array.from({ length: flat.length / k }, (_, i) => Array.from({ length: k }, (_, t) => flat[i * k + t]));

describe("exact neighbors", () => {
  for (const [n, dims, k] of [
    [2, 1, 1],
    [9, 3, 8],
    [30, 2, 4],
    [263, 5, 1],
    [700, 30, 14],
  ]) {
    it(`agree with brute force, ${n} points in ${dims} dimensions, k = ${k}`, async () => {
      const points = randomPoints(n, dims, n);
      const found = await exactNeighbors(points, k);
      const expected = bruteForce(points, k);
      expect(rowsOf(found.indices, k)).toEqual(expected.indices);
      expect(rowsOf(found.distances, k)).toEqual(expected.distances);
    });
  }

  it("agree with brute force whatever the shape, with many ties", async () => {
    const shape = fc.record({
      n: fc.integer({ min: 2, max: 70 }),
      dims: fc.integer({ min: 1, max: 9 }),
      levels: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ n, dims, levels, seed, part }) => {
        const points = randomPoints(n, dims, seed, levels);
        const k = 1 + Math.floor(part * (n - 2));
        const found = await exactNeighbors(points, k);
        const expected = bruteForce(points, k);
        expect(rowsOf(found.indices, k)).toEqual(expected.indices);
        expect(rowsOf(found.distances, k)).toEqual(expected.distances);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it("order ties by index, on a lattice full of duplicates", async () => {
    const points = randomPoints(600, 2, 5, 6); // 36 places, about 17 points on each
    const found = await exactNeighbors(points, 20);
    expect(rowsOf(found.indices, 20)).toEqual(bruteForce(points, 20).indices);
  });

  it("hold where single precision cannot tell points apart", async () => {
    const rng = stream(8);
    // Pairs of tight groups a million times as far apart as their points are.
    const data = Float64Array.from({ length: 400 * 3 }, (_, t) => ((t / 3) & 1) * 1e6 + rng.uniform());
    const points = dense(400, 3, data);
    const found = await exactNeighbors(points, 6);
    expect(rowsOf(found.indices, 6)).toEqual(bruteForce(points, 6).indices);
  });

  it("hold for constant points and for extreme scales", async () => {
    const constant = await exactNeighbors(dense(40, 2, new Float32Array(80).fill(7)), 3);
    expect(rowsOf(constant.indices, 3).slice(0, 4)).toEqual([
      [1, 2, 3],
      [0, 2, 3],
      [0, 1, 3],
      [0, 1, 2],
    ]);
    expect(constant.distances.every((d) => d === 0)).toBe(true);
    for (const scale of [1e-30, 1e30, 1e150]) {
      const small = randomPoints(50, 3, 2);
      const scaled = dense(
        50,
        3,
        Float64Array.from(small.data, (v) => v * scale),
      );
      expect((await exactNeighbors(scaled, 5)).indices).toEqual((await exactNeighbors(small, 5)).indices);
    }
  });

  it("are none for k = 0, and refused beyond n - 1 or for NaN", async () => {
    expect((await exactNeighbors(dense(1, 2), 0)).indices.length).toBe(0);
    expect((await exactNeighbors(dense(0, 2), 0)).indices.length).toBe(0);
    await expect(exactNeighbors(dense(3, 2), 3)).rejects.toMatchObject({ code: "input" });
    await expect(exactNeighbors(dense(2, 1, Float32Array.of(1, NaN)), 1)).rejects.toMatchObject({
      code: "input",
    });
  });

  it("stop when asked to, and say how far they are", async () => {
    const points = randomPoints(3000, 40, 1);
    const fractions: number[] = [];
    const stop = new AbortController();
    const onProgress = (p: { fraction: number }): void => {
      fractions.push(p.fraction);
      stop.abort();
    };
    const run = exactNeighbors(points, 5, { signal: stop.signal, onProgress });
    await expect(run).rejects.toMatchObject({ code: "aborted" });
    expect(fractions.length).toBe(1);
    expect(fractions[0]).toBeGreaterThan(0);
    expect(fractions[0]).toBeLessThan(1);
  });
});

describe.skipIf(oracles === null)("exact neighbors agree with scikit-learn", () => {
  it("on the toy", async () => {
    const npz = readNpz(join(oracles!, "core", "neighbors.npz"));
    const points = dense(600, 20, npz["rep"].data as Float64Array);
    const found = await exactNeighbors(points, 14);
    const others = (flat: ArrayLike<number>): number[][] => rowsOf(flat, 15).map((row) => row.slice(1));
    expect(rowsOf(found.indices, 14)).toEqual(others(npz["knn_indices"].data as Int32Array));
    const expected = others(npz["knn_dist"].data as Float64Array).flat();
    found.distances.forEach((d, t) => expect(d).toBeCloseTo(expected[t], 9));
  });
});
