import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import { gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import {
  type Dense,
  dense,
  type Expression,
  expression,
  type Graph,
  positions,
  toSparse,
} from "../../src/model/index.ts";
import { bivariateMoran, leeL, localLee, moran } from "../../src/spatial/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";
import { worst } from "../support/close.ts";
import {
  average,
  centred,
  esda,
  genesWithoutPattern,
  genesWithPattern,
  hexagons,
  matrix,
  orders,
  sumPairs,
  varianceOf,
} from "../support/definitions.ts";
import * as spots from "../support/spots.ts";

describe("agrees with esda 2.10 on a small tissue", () => {
  const graph = gridGraph(spots.row, spots.col);
  it.each([spots.x, expression(toSparse(spots.x), "log")])("I and L (%#)", async (x) => {
    expect(worst((await bivariateMoran(x, esda.pairs, graph)).i, esda.bivariate["moran"], 1)).toBeLessThan(
      1e-6,
    );
    expect(worst((await leeL(x, esda.pairs, graph)).l, esda.bivariate["lee"], 1)).toBeLessThan(1e-6);
  });

  it("the mean of the local L is L", async () => {
    const local = await localLee(spots.x, [[0, 1]], graph, { permutations: 0 });
    const { l } = await leeL(spots.x, [[0, 1]], graph);
    expect(average([...local.l.data])).toBeCloseTo(l[0], 12);
  });
});

/** Six places with a directed graph of uneven weights; one has no neighbor. */
function six(): Graph {
  const rng = stream(8);
  const at = positions(
    Float64Array.from({ length: 12 }, () => rng.uniform()),
    "um",
    1,
  );
  const knn = kNearestGraph(at, { k: 2 });
  const end = knn.indptr[5];
  return {
    ...knn,
    indptr: Uint32Array.from(knn.indptr, (e) => Math.min(e, end)),
    indices: knn.indices.slice(0, end),
    weights: Float32Array.from({ length: end }, (_, e) => 1 + (e % 3)),
  };
}

type Definition = (x: readonly number[], y: readonly number[], w: readonly (readonly number[])[]) => number;
const norm = (x: readonly number[], y: readonly number[]): number => Math.sqrt(varianceOf(x) * varianceOf(y));
const definitions: Record<string, Definition> = {
  I: (x, y, w) => {
    const [a, b] = [centred(x), centred(y)];
    const n = x.length;
    return sumPairs(n, (i, j) => w[i][j] * a[i] * b[j]) / (sumPairs(n, (i, j) => w[i][j]) * norm(x, y));
  },
  L: (x, y, w) => {
    const lags = (v: readonly number[]): number[] =>
      w.map((row) => row.reduce((s, a, j) => s + a * centred(v)[j], 0));
    const [a, b] = [lags(x), lags(y)];
    const total = w.reduce((s, row) => s + row.reduce((t, v) => t + v, 0) ** 2, 0);
    return a.reduce((s, v, i) => s + v * b[i], 0) / (total * norm(x, y));
  },
};

describe("agrees with the definition and all 720 orders of six pairs of values", () => {
  const graph = six();
  const [a, b] = [
    [0, 0, 1, 2.5, 0.5, 7],
    [3, 1, 0, 2, 4, 5],
  ];
  const x = expression(dense(6, 2, Float32Array.from(a.flatMap((v, i) => [v, b[i]]))), "log");

  it.each([true, false])("row-standardized: %s", async (rowStandardize) => {
    const w = matrix(graph, rowStandardize);
    const options = { rowStandardize, permutations: 1500 };
    const bivariate = await bivariateMoran(x, [[0, 1]], graph, options);
    const lee = await leeL(x, [[0, 1]], graph, options);
    for (const [found, statistic, of] of [
      [bivariate, bivariate.i[0], definitions["I"]],
      [lee, lee.l[0], definitions["L"]],
    ] as const) {
      const all = orders([0, 1, 2, 3, 4, 5]).map((order) =>
        of(
          order.map((o) => a[o]),
          order.map((o) => b[o]),
          w,
        ),
      );
      const truth = of(a, b, w);
      expect(statistic).toBeCloseTo(truth, 10);
      expect(found.expected[0]).toBeCloseTo(average(all), 10);
      expect(found.variance[0]).toBeCloseTo(varianceOf(all), 10);
      const above = all.filter((v) => v >= truth - 1e-9).length / 720;
      const below = all.filter((v) => v <= truth + 1e-9).length / 720;
      expect(Math.abs(found.pPermutation[0] - Math.min(1, 2 * Math.min(above, below)))).toBeLessThan(0.08);
      expect(found.variancePermutation[0] / found.variance[0]).toBeCloseTo(1, 0);
    }
  });

  it("a gene with itself is Moran's I", async () => {
    const own = await moran(x, graph, { assumption: "randomization" });
    const found = await bivariateMoran(
      x,
      [
        [0, 0],
        [1, 1],
      ],
      graph,
      { alternative: "greater" },
    );
    expect(worst(found.i, own.i)).toBeLessThan(1e-12);
    expect(worst(found.variance, own.variance)).toBeLessThan(1e-9);
    expect(worst(found.p, own.p)).toBeLessThan(1e-9);
  });
});

const graph = hexagons(10);
type Verb = (
  x: Expression<Dense>,
  pairs: readonly (readonly [number, number])[],
  options?: object,
) => Promise<{ readonly p: Float64Array; readonly pPermutation: Float64Array }>;
const verbs: Record<string, Verb> = {
  bivariateMoran: (x, pairs, options) => bivariateMoran(x, pairs, graph, options),
  leeL: (x, pairs, options) => leeL(x, pairs, graph, options),
};
/** Genes 2 k and 2 k + 1, of which the second is three quarters the first. */
function alike(x: Expression<Dense>): Expression<Dense> {
  for (let e = 0; e < x.data.length; e += 2) x.data[e + 1] = 0.75 * x.data[e] + 0.66 * x.data[e + 1];
  return x;
}
const twos = (cols: number): [number, number][] =>
  Array.from({ length: cols / 2 }, (_, k) => [2 * k, 2 * k + 1]);

describe("on 1,000 tissues without pattern p is uniform", () => {
  it.each(Object.keys(verbs))("%s, genes apart or correlated within observations", async (name) => {
    for (const kind of ["normal", "counts"] as const) {
      const apart = await nullPValues(
        async (rng) => (await verbs[name](genesWithoutPattern(rng, 100, 500, kind), twos(500))).p,
      );
      expectCalibrated(apart, { continuous: true });
      const together = await nullPValues(
        async (rng) => (await verbs[name](alike(genesWithoutPattern(rng, 100, 500, kind)), twos(500))).p,
      );
      expectCalibrated(together, { continuous: name === "bivariateMoran" });
    }
  });

  it.each(Object.keys(verbs))("%s by random orders", async (name) => {
    const p = await nullPValues(async (rng) => {
      const x = alike(genesWithoutPattern(rng, 100, 100, "counts"));
      return (await verbs[name](x, twos(100), { permutations: 199, seed: rng.u32() })).pPermutation;
    });
    expectCalibrated(p, { continuous: true, permutations: 99 });
  });
});

it("finds a shared pattern with a third of the variance in this share of pairs", async () => {
  const shared = genesWithPattern(3, 10, 500, 1);
  const rng = stream(8);
  const data = new Float64Array(100 * 1000);
  const own = genesWithoutPattern(rng, 100, 1000, "normal");
  for (let e = 0; e < data.length; e++)
    data[e] = Math.sqrt(1 / 3) * shared.data[Math.floor(e / 2)] + Math.sqrt(2 / 3) * own.data[e];
  const x = expression(dense(100, 1000, data), "scaled");
  const power: Record<string, number> = {};
  for (const [name, verb] of Object.entries(verbs)) {
    const { p } = await verb(x, twos(1000));
    power[name] = p.filter((v) => v <= 0.05).length / 500;
  }
  expect(power).toEqual({ bivariateMoran: 0.886, leeL: 0.91 });
});

describe("at the edges", () => {
  const x = expression(dense(4, 3, Float32Array.of(1, 2, NaN, 3, 2, 1, 0, 2, 4, 5, 2, 2)), "log");
  const line = gridGraph(new Int32Array(4), Int32Array.of(0, 1, 2, 3));

  it("constant genes and NaN have no value", async () => {
    const all = [
      [0, 1],
      [0, 2],
      [0, 0],
    ] as const;
    for (const verb of [bivariateMoran, leeL]) {
      const found = await verb(x, all, line, { permutations: 9, alternative: undefined });
      const { z, p, logP, pAdjusted, expected, variance, pPermutation, zPermutation } = found;
      for (const part of [z, p, logP, pAdjusted, expected, variance, pPermutation, zPermutation])
        expect([...part].map(Number.isNaN)).toEqual([true, true, false]);
      expect(found.params).toEqual({
        rowStandardize: true,
        alternative: "two-sided",
        permutations: 9,
        seed: 0,
      });
    }
  });

  it("refuses columns that are not there", async () => {
    for (const pair of [
      [0, 3],
      [-1, 0],
      [0.5, 1],
    ] as [number, number][])
      for (const verb of [bivariateMoran, leeL, localLee])
        await expect(verb(x, [pair], line)).rejects.toMatchObject({ code: "input", subject: "pairs" });
    await expect(leeL(x, [[0, 1]], six())).rejects.toBeInstanceOf(SpatialError);
    expect((await leeL(x, [], line)).l.length).toBe(0);
  });
});
