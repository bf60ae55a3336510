import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { gridGraph } from "../../src/graph/index.ts";
import { poisson } from "../../src/kernels/random.ts";
import { dense, expression, toSparse } from "../../src/model/index.ts";
import { binSpect, moran, rankSpatialGenes, sepal } from "../../src/spatial/index.ts";
import { adjustPValues } from "../../src/stats/index.ts";
import { calibrationOf, nullPValues } from "../support/calibration.ts";

const SPEARMAN = 0.86144578313253;

describe("rankSpatialGenes", () => {
  it("ranks by score, log p or p, and correlates the ranks as SciPy does", () => {
    const [a, b] = [Float64Array.of(1, 5, 3, 3, 9, 2, 8, 7), Float64Array.of(2, 4, 4, 1, 8, 3, 9, 5)];
    const found = rankSpatialGenes({
      a: { score: a },
      b: { score: b, best: "lowest" },
      c: { logP: b.map((v) => -v) },
    });
    expect(found.methods).toEqual(["a", "b", "c"]);
    const column = (m: number): number[] => Array.from({ length: 8 }, (_, j) => found.rank.data[j * 3 + m]);
    expect(column(0)).toEqual([8, 4, 5.5, 5.5, 1, 7, 2, 3]);
    expect(column(1)).toEqual([2, 4.5, 4.5, 1, 7, 3, 8, 6]);
    expect(column(2)).toEqual(column(1).map((r) => 9 - r));
    const { data } = found.agreement.spearman;
    expect(data[2]).toBeCloseTo(SPEARMAN, 12); // scipy.stats.spearmanr(a, b)
    expect(data[1]).toBeCloseTo(-SPEARMAN, 12);
    expect([data[0], data[4], data[6]]).toEqual([1, 1, data[2]]);
    expect(found.medianRank[0]).toBe(7);
    expect(found.meanRank[0]).toBeCloseTo(17 / 3, 12);
    expect([...found.order].slice(0, 2)).toEqual([4, 6]); // both have median 2;
  });

  it("combines p as Cauchy's rule says, also where they are too small to be written", () => {
    const a = Float64Array.of(0.01, 0.2, 0.5, 1e-12, 0);
    const b = Float64Array.of(0.04, 0.9, 1, 0.3, 0.5);
    const found = rankSpatialGenes({ a: { p: a }, b: { p: b } });
    const rule = (p: number, q: number): number =>
      0.5 -
      Math.atan((Math.tan(Math.PI * (0.5 - p)) + Math.tan(Math.PI * (0.5 - Math.min(0.99, q)))) / 2) /
        Math.PI;
    for (let j = 0; j < 3; j++) expect(found.p[j]).toBeCloseTo(rule(a[j], b[j]), 12);
    expect(found.p[3] / 2e-12).toBeCloseTo(1, 6);
    expect(found.logP[4]).toBeCloseTo(-744.44 + Math.log(2), 1);
    expect(found.pAdjusted).toEqual(adjustPValues(found.p));
    expect(found.pAdjustedOfMethod.data[0]).toBe(adjustPValues(a)[0]);
    const { logP } = rankSpatialGenes({
      a: { p: new Float64Array(1), logP: Float64Array.of(-2000) },
      b: { p: Float64Array.of(0.5) },
    });
    expect(logP[0]).toBeCloseTo(-2000 + Math.log(2), 9);
  });

  it("leaves out what a method did not rank, and says of how many methods a rank is", () => {
    const found = rankSpatialGenes(
      {
        a: { p: Float64Array.of(0.1, NaN, 0.3, NaN) },
        b: { score: Float64Array.of(1, Infinity, NaN, NaN), p: new Float64Array(4).fill(NaN) },
      },
      { top: 1 },
    );
    expect([...found.ranked]).toEqual([2, 1, 1, 0]);
    expect([...found.meanRank]).toEqual([1.5, 1, 2, NaN]);
    expect([...found.order]).toEqual([1, 0, 2, 3]);
    expect([...found.p]).toEqual([expect.closeTo(0.1, 12), NaN, expect.closeTo(0.3, 12), NaN]);
    expect(found.agreement.spearman.data[1]).toBeNaN();
    expect(found.agreement.overlap.data[1]).toBe(1);
  });

  it("combined p of tissues without pattern are never too small; planted genes come first by all", async () => {
    const side = 15;
    const n = side * side;
    const graph = gridGraph(
      Int32Array.from({ length: n }, (_, i) => Math.floor(i / side)),
      Int32Array.from({ length: n }, (_, i) => i % side),
      { lattice: "square" },
    );
    const combined = await nullPValues(async (rng) => {
      const x = expression(
        toSparse(
          dense(
            n,
            50,
            Float32Array.from({ length: n * 50 }, () => poisson(rng, 2)),
          ),
        ),
        "counts",
      );
      return rankSpatialGenes({ moran: await moran(x, graph), binSpect: await binSpect(x, graph) }).p;
    });
    const found = calibrationOf(combined);
    expect(found.outside).toBe(0);
    expect(found.tooMany).toBeGreaterThan(0.001);
    expect(found.rejected).toBeGreaterThan(0.02);
    const rng = stream(4);
    const data = Float32Array.from({ length: n * 40 }, (_, k) =>
      poisson(rng, k % 40 < 4 && Math.floor(k / 40) % side < 7 ? 6 : 2),
    );
    const x = expression(dense(n, 40, data), "counts");
    const planted = rankSpatialGenes(
      { moran: await moran(x, graph), binSpect: await binSpect(x, graph), sepal: await sepal(x, graph) },
      { top: 4 },
    );
    expect([...planted.order.subarray(0, 4)].sort()).toEqual([0, 1, 2, 3]);
    expect(planted.agreement.overlap.data[1]).toBe(1);
    expect(planted.pAdjusted.filter((v) => v < 0.01).length).toBe(4);
  }, 60_000);

  it("refuses what does not fit", () => {
    expect(() => rankSpatialGenes({})).toThrow(/one or more methods/);
    expect(() => rankSpatialGenes({ a: {} })).toThrow(/none for a/);
    expect(() => rankSpatialGenes({ a: { p: Float64Array.of(2) } })).toThrow(/from 0 to 1/);
    expect(() => rankSpatialGenes({ a: { logP: Float64Array.of(2) } })).toThrow(/at most 0/);
    expect(() => rankSpatialGenes({ a: { p: Float64Array.of(1) }, b: { p: new Float64Array(2) } })).toThrow(
      /1 and 2 \(b\)/,
    );
    expect(() => rankSpatialGenes({ a: { p: Float64Array.of(1) } }, { k: 1 } as object)).toThrow(/k/);
  });
});
