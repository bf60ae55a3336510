import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { categorical, positions, type Positions } from "../../src/model/index.ts";
import { clarkEvans } from "../../src/spatial/index.ts";

const plane = (at: ArrayLike<number>): Positions => positions(Float64Array.from(at), "um", 1);
const scatter = (n: number, seed: number): Float64Array => {
  const rng = stream(seed);
  return Float64Array.from({ length: 2 * n }, () => 10 * rng.uniform());
};

describe("clarkEvans agrees with", () => {
  it("the triangular lattice's 2.1491 and the formulas of both corrections", async () => {
    const at: number[] = [];
    for (let y = 0; y < 20; y++)
      for (let x = 0; x < 20; x++) at.push(x + (y % 2) / 2, (y * Math.sqrt(3)) / 2);
    const height = 10 * Math.sqrt(3);
    const window = [-0.25, -height / 40, 19.75, height * (39 / 40)] as const;
    const open = await clarkEvans(null, plane(at), { window, correction: "none", simulations: 0 });
    expect(open.index[0]).toBeCloseTo(2.1491, 4);
    const density = 400 / (20 * height);
    expect(open.z[0]).toBeCloseTo((1 - 0.5 / Math.sqrt(density)) / (0.26136 / Math.sqrt(400 * density)), 2);
    const closed = await clarkEvans(null, plane(at), { window, simulations: 0 });
    const perimeter = 2 * (20 + height);
    expect(closed.expected[0]).toBeCloseTo(
      0.5 / Math.sqrt(density) + (0.0514 * perimeter) / 400 + (0.041 * perimeter) / 400 ** 1.5,
      12,
    );
    expect(closed.params.perimeter).toBeCloseTo(perimeter, 12);
  });

  it("brute force, by type and over samples", async () => {
    const n = 150;
    const at = scatter(n, 2);
    at.set(at.subarray(0, 2), 60); // two at one place
    const codes = Int32Array.from({ length: n }, (_, i) => i % 3);
    const sample = Int32Array.from({ length: n }, (_, i) => (i < 60 ? 0 : 1));
    const result = await clarkEvans(categorical(codes, ["a", "b", "c"]), plane(at), {
      window: [0, 0, 10, 10],
      sample: categorical(sample, ["s", "t"]),
      simulations: 19,
    });
    for (let a = 0; a < 3; a++) {
      let [sum, count] = [0, 0];
      for (let i = 0; i < n; i++) {
        if (codes[i] !== a) continue;
        let least = Infinity;
        for (let j = 0; j < n; j++)
          if (j !== i && codes[j] === a && sample[j] === sample[i])
            least = Math.min(least, Math.hypot(at[2 * i] - at[2 * j], at[2 * i + 1] - at[2 * j + 1]));
        sum += least;
        count++;
      }
      expect(result.sizes[a]).toBe(count);
      expect(result.meanDistance[a]).toBeCloseTo(sum / count, 12);
      expect(result.pSimulated[a] * 10).toBeCloseTo(Math.round(result.pSimulated[a] * 10), 9);
      expect(result.pSimulated[a]).toBeGreaterThan(0);
    }
  });
});

describe("clarkEvans, always and at the edges", () => {
  const window = [0, 0, 10, 10] as const;
  it("is the same on any number of threads and finds planted clusters and lattices", async () => {
    const rng = stream(5);
    const clusters = Float64Array.from({ length: 200 }, (_, t) => 1 + 4 * ((t >> 5) % 2) + rng.uniform());
    const alone = await clarkEvans(null, plane(clusters), { window, threads: 1 });
    expect(await clarkEvans(null, plane(clusters), { window, threads: 3 })).toEqual(alone);
    expect(alone.index[0]).toBeLessThan(0.6);
    expect([alone.p[0] < 1e-6, alone.pSimulated[0]]).toEqual([true, 0.01]);
  });

  it("a type with one point has NaN; one without labels cannot be shuffled; no place in space", async () => {
    const labels = categorical(Int32Array.of(0, 0, 1), ["a", "b", "c"]);
    const { index, p, pSimulated, sizes } = await clarkEvans(labels, plane([1, 1, 2, 2, 3, 3]), { window });
    expect([...sizes]).toEqual([2, 0, 0]);
    expect([index[1], p[1], pSimulated[1], index[2]]).toEqual([NaN, NaN, NaN, NaN]);
    expect(p[0]).toBeGreaterThan(0);
    await expect(clarkEvans(null, plane([1, 1]), { window, null: "labels" })).rejects.toMatchObject({
      code: "option",
      subject: "null",
    });
    await expect(clarkEvans(null, positions(new Float64Array(9), "um", 1, 3))).rejects.toMatchObject({
      subject: "positions",
    });
  });
});
