import { describe, expect, it } from "vitest";
import { gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import { normal } from "../../src/kernels/random.ts";
import { dense, expression, positions, toSparse } from "../../src/model/index.ts";
import { sepal } from "../../src/spatial/index.ts";
import fixture from "../fixtures/sepal.json" with { type: "json" };
import { expectCalibrated, nullPValues } from "../support/calibration.ts";

const square = (side: number): ReturnType<typeof gridGraph> =>
  gridGraph(
    Int32Array.from({ length: side * side }, (_, i) => Math.floor(i / side)),
    Int32Array.from({ length: side * side }, (_, i) => i % side),
    { lattice: "square" },
  );

describe("sepal", () => {
  it.each(["hex", "square"] as const)(
    "agrees with squidpy on a %s array, sparse or full",
    async (lattice) => {
      const { row, col, x, score } = fixture[lattice];
      const graph = gridGraph(Int32Array.from(row), Int32Array.from(col), { lattice });
      const counts = dense(row.length, score.length, Float32Array.from(x));
      const found = await sepal(expression(counts, "counts"), graph);
      expect(found.params.lattice).toBe(lattice);
      expect(await sepal(expression(toSparse(counts), "counts"), graph)).toEqual(found);
      const constant = score.length - 1;
      expect(found.score[constant]).toBeNaN();
      for (let j = 0; j < constant; j++)
        expect(Math.abs(found.score[j] - (score[j] ?? Infinity))).toBeLessThan(
          0.003 + 0.001 * found.score[j],
        );
      expect([...found.order].map((j) => score[j])).toEqual([
        ...score.slice(0, constant).sort((a, b) => b! - a!),
        score[constant],
      ]);
    },
  );

  it("takes as long as small steps of the definition, whatever lies beside a gene and at any scale", async () => {
    const side = 9;
    const n = side * side;
    const data = Float32Array.from({ length: n * 20 }, (_, k) => (Math.imul(k + 3, 2654435761) >>> 28) % 5);
    for (let i = 0; i < n; i++) data[i * 20 + 1] = 4 * data[i * 20];
    const { score } = await sepal(expression(dense(n, 20, data), "counts"), square(side));
    expect(score[1]).toBeCloseTo(score[0], 9);
    for (const j of [0, 7, 19]) {
      const alone = dense(
        n,
        1,
        Float32Array.from({ length: n }, (_, i) => data[i * 20 + j]),
      );
      expect((await sepal(expression(alone, "counts"), square(side))).score[0]).toBe(score[j]);
      expect(Math.abs(score[j] - bySmallSteps(alone.data, side))).toBeLessThan(0.003);
    }
  });

  it("p of noise are calibrated, and those of a pattern as small as they can be", async () => {
    const side = 9;
    const n = side * side;
    const p = await nullPValues(async (rng) => {
      const values = Float32Array.from({ length: n * 50 }, () => Math.exp(normal(rng)));
      const found = await sepal(expression(dense(n, 50, values), "normalized"), square(side), {
        permutations: 19,
        seed: rng.below(1e6),
      });
      expect(found.p.every((v) => v >= 1 / 20)).toBe(true);
      return found.p;
    });
    expectCalibrated(p, { permutations: 19 });
    const half = Float32Array.from({ length: n }, (_, i) => (i % side < 4 ? 5 : 1));
    const found = await sepal(expression(dense(n, 1, half), "log"), square(side), { permutations: 39 });
    expect(found.p[0]).toBe(1 / 40);
  }, 60_000);

  it("is Infinity where a map has not settled, and refuses what it cannot use", async () => {
    const graph = square(6);
    const x = expression(
      dense(
        36,
        1,
        Float32Array.from({ length: 36 }, (_, i) => Number(i % 6 < 3)),
      ),
      "log",
    );
    const found = await sepal(x, graph, { maxTime: 0.5, permutations: 9 });
    expect(found.score[0]).toBe(Infinity);
    expect(found.p[0]).toBeGreaterThan(0);
    const knn = kNearestGraph(
      positions(
        Float64Array.from({ length: 72 }, (_, k) => (k * 37) % 71),
        "um",
        1,
      ),
      { k: 6 },
    );
    await expect(sepal(x, knn)).rejects.toThrow(/array of spots/);
    await expect(sepal(x, square(5))).rejects.toThrow(/36 rows and 25 nodes/);
    await expect(sepal({ ...x, values: "scaled" }, graph)).rejects.toThrow(/scaled/);
    const below = expression(dense(36, 1, new Float32Array(36).fill(-1)), "log");
    await expect(sepal(below, graph)).rejects.toThrow(/0 or above/);
    await expect(sepal(x, graph, { dt: 1 } as object)).rejects.toThrow(/dt/);
  });
});

/** The definition, in steps of .001 and with entropies by logarithms of shares. */
function bySmallSteps(values: ArrayLike<number>, side: number): number {
  let c = Float64Array.from(values);
  const inner = Array.from(c.keys()).filter(
    (i) => i > side && i % side > 0 && i % side < side - 1 && i < side * (side - 1),
  );
  const isInner = new Set(inner);
  let before = 1;
  for (let step = 0; step < 30_000; step++) {
    const change = new Float64Array(c.length);
    for (const i of inner) change[i] = c[i - 1] + c[i + 1] + c[i - side] + c[i + side] - 4 * c[i];
    c.forEach((_, i) => {
      if (isInner.has(i)) return;
      const touched = [i - side, i - 1, i + 1, i + side].find(
        (k) => isInner.has(k) && (Math.abs(k - i) === side || Math.floor(k / side) === Math.floor(i / side)),
      );
      if (touched !== undefined) change[i] = change[touched];
    });
    c = c.map((v, i) => Math.max(0, v + 0.001 * change[i]));
    const total = inner.reduce((sum, i) => sum + c[i], 0);
    const entropy =
      inner.reduce((sum, i) => (c[i] > 0 ? sum - (c[i] / total) * Math.log(c[i] / total) : sum), 0) /
      inner.length;
    if (Math.abs(entropy - before) <= 1e-8) return step * 0.001;
    before = entropy;
  }
  return Infinity;
}
