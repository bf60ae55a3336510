import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rng } from "../../src/core/index.ts";
import { delaunayGraph, gridGraph } from "../../src/graph/index.ts";
import { poisson } from "../../src/kernels/random.ts";
import { categorical, dense, expression, positions, toSparse } from "../../src/model/index.ts";
import { binSpect, joinCounts } from "../../src/spatial/index.ts";
import { calibrationOf, expectCalibrated, nullPValues } from "../support/calibration.ts";

const side = 20;
const n = side * side;
const graph = gridGraph(
  Int32Array.from({ length: n }, (_, i) => Math.floor(i / side)),
  Int32Array.from({ length: n }, (_, i) => i % side),
  { lattice: "square" },
);

describe("binSpect", () => {
  it("counts and tests as joinCounts does, sparse or full, and its odds are those of the table of neighbors", async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), async (stream) => {
        const draw = (): number => stream.next().value as number;
        const { graph: around } = delaunayGraph(positions(Float64Array.from({ length: 60 }, draw), "um", 1));
        const x = dense(
          30,
          1,
          Float32Array.from({ length: 30 }, () => Math.floor(draw() * 4)),
        );
        const found = await binSpect(expression(x, "counts"), around, { split: "rank", highest: 0.5 });
        const sparse = await binSpect(expression(toSparse(x), "counts"), around, {
          split: "rank",
          highest: 0.5,
        });
        expect(sparse).toEqual(found);
        const sorted = Array.from(x.data).sort((a, b) => b - a);
        const bound = sorted.find(
          (v) =>
            v > 0 &&
            sorted.filter((w) => w >= v).length <= 15 &&
            !sorted.some((w) => w < v && w > 0 && sorted.filter((u) => u >= w).length <= 15),
        );
        const codes = Int32Array.from(x.data, (v) => Number(bound !== undefined && v >= bound));
        expect(found.high[0]).toBe(codes.reduce((a, b) => a + b, 0));
        if (found.high[0] === 0) return;
        const want = joinCounts(categorical(codes, ["low", "high"]), around);
        expect(found.joined[0]).toBeCloseTo(want.counts[3], 9);
        expect(found.expected[0]).toBeCloseTo(want.expected[3], 9);
        if (want.variance[3] > 0) expect(found.z[0]).toBeCloseTo(want.z[3], 7);
        const odds = (want.counts[3] * want.counts[0]) / (want.counts[1] / 2) ** 2;
        if (want.counts[1] > 0) expect(found.oddsRatio[0]).toBeCloseTo(odds, 7);
      }),
      { numRuns: 60 },
    );
  });

  it("parts values where no other parting has smaller squares", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 9, maxLength: 9 }),
        async (values) => {
          const three = gridGraph(
            Int32Array.from(values, (_, i) => Math.floor(i / 3)),
            Int32Array.from(values, (_, i) => i % 3),
          );
          const { high } = await binSpect(
            expression(toSparse(dense(9, 1, Float32Array.from(values))), "counts"),
            three,
          );
          const within = (part: readonly number[]): number => {
            const mean = part.reduce((a, b) => a + b, 0) / part.length;
            return part.reduce((s, v) => s + (v - mean) ** 2, 0);
          };
          const sorted = [...values].sort((a, b) => a - b);
          const cost = (m: number): number => within(sorted.slice(0, 9 - m)) + within(sorted.slice(9 - m));
          if (sorted[0] === sorted[8]) expect(high[0]).toBe(0);
          else for (let m = 1; m < 9; m++) expect(cost(high[0])).toBeLessThanOrEqual(cost(m) + 1e-9);
        },
      ),
    );
  });

  it("p of tissues without pattern are calibrated for common genes and never too small for rare ones", async () => {
    const p = (mean: number): Promise<Float64Array> =>
      nullPValues(async (rng: Rng) => {
        const data = Float32Array.from({ length: n * 20 }, () => poisson(rng, mean));
        const found = await binSpect(expression(toSparse(dense(n, 20, data)), "counts"), graph);
        return found.p.filter((v) => v === v);
      });
    for (const mean of [3, 0.5]) expectCalibrated(await p(mean));
    const rare = calibrationOf(await p(0.03));
    expect(rare.outside).toBe(0);
    expect(rare.rejected).toBeLessThanOrEqual(0.07);
    expect(rare.tooMany).toBeGreaterThan(0.001);
  }, 60_000);

  it("has no answer for genes that do not vary, and refuses what it cannot use", async () => {
    const x = expression(dense(4, 2, Float32Array.of(1, 0, 1, 5, 1, 5, 1, 0)), "counts");
    const line = gridGraph(new Int32Array(4), Int32Array.of(0, 1, 2, 3));
    const { p, order, high } = await binSpect(x, line);
    expect(p[0]).toBeNaN();
    expect([...high]).toEqual([0, 2]);
    expect([...order]).toEqual([1, 0]);
    await expect(binSpect(x, graph)).rejects.toThrow(/found 4 rows and 400 nodes/);
    const scaled = expression(dense(4, 1, Float32Array.of(-1, 0, 1, 0)), "scaled");
    await expect(binSpect(scaled, line)).rejects.toThrow(/scaled/);
  });
});
