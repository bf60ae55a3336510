import { describe, expect, it } from "vitest";
import { gridGraph } from "../../src/graph/index.ts";
import { log1p, normalizeTotal } from "../../src/preprocess/index.ts";
import { moran, neighborhoodEnrichment } from "../../src/spatial/index.ts";
import { coreFixture, tissue } from "../support/tissue.ts";

const { counts, arrayRow, arrayCol, domain } = tissue();
const graph = gridGraph(arrayRow, arrayCol);

describe("agrees with squidpy on a small tissue", () => {
  it("Moran's I, its variance and its tail, which squidpy folds to the nearer side", async () => {
    const want = coreFixture<{ i: number[]; variance: number; p_folded: number[] }>("moran");
    const got = await moran(log1p(normalizeTotal(counts, { targetSum: 1e4 })), graph, {
      assumption: "normality",
    });
    let tested = 0;
    want.i.forEach((i, j) => {
      if (Number.isNaN(i)) return expect(got.i[j]).toBeNaN();
      tested++;
      expect(Math.abs(got.i[j] - i), `gene ${j}`).toBeLessThan(1e-5);
      expect(Math.abs(Math.min(got.p[j], 1 - got.p[j]) - want.p_folded[j])).toBeLessThan(1e-4);
      return expect(got.variance[j] / want.variance).toBeCloseTo(1, 6);
    });
    expect(tested).toBeGreaterThan(190);
  });

  it("neighborhood enrichment: counts exactly, z within its sampling error", async () => {
    const want = coreFixture<{ counts: number[]; z_mean: number[] }>("enrichment");
    const got = await neighborhoodEnrichment(domain, graph, { permutations: 2000 });
    expect([...got.counts]).toEqual(want.counts);
    want.z_mean.forEach((z, e) => {
      expect(Math.abs(got.z[e] - z)).toBeLessThan(0.05 * Math.abs(z) + 0.05);
      expect(Math.abs(got.zPermutation[e] - z)).toBeLessThan(0.1 * Math.abs(z) + 0.1);
    });
  });
});
