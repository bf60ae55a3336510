import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { kNearestGraph, radiusGraph } from "../../src/graph/index.ts";
import {
  categories,
  type Dense,
  dense,
  expression,
  type Graph,
  positions,
  type Positions,
  toSparse,
} from "../../src/model/index.ts";
import {
  correlogram,
  distanceBands,
  geary,
  mantelCorrelogram,
  moran,
  neighborOrders,
  variogram,
} from "../../src/spatial/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";
import { worst } from "../support/close.ts";
import {
  average,
  genesWithoutPattern,
  genesWithPattern,
  hexagons,
  noise,
  orders,
  varianceOf,
} from "../support/definitions.ts";

function places(n: number, seed: number): Positions {
  const rng = stream(seed);
  return positions(
    Float64Array.from({ length: 2 * n }, () => rng.uniform()),
    "um",
    1,
  );
}
const pairsOf = (g: Graph): string[] =>
  Array.from({ length: g.nodes }, (_, i) =>
    [...g.indices.slice(g.indptr[i], g.indptr[i + 1])].map((j) => `${i} ${j}`),
  ).flat();
const distance = (p: Positions, i: number, j: number): number => {
  const [dx, dy] = [p.data[2 * i] - p.data[2 * j], p.data[2 * i + 1] - p.data[2 * j + 1]];
  return Math.sqrt(dx * dx + dy * dy);
};

describe("lags", () => {
  it("distance bands hold each pair once, by its distance, within a sample", () => {
    const at = places(40, 3);
    const ends = [0.1, 0.25, 0.3];
    const sample = categories(Array.from({ length: 40 }, (_, i) => `s${i % 2}`));
    for (const [options, one] of [
      [{}, false],
      [{ sample }, true],
    ] as const) {
      const bands = distanceBands(at, ends, options);
      bands.forEach((band, k) => {
        const want: string[] = [];
        for (let i = 0; i < 40; i++)
          for (let j = 0; j < 40; j++) {
            const d = distance(at, i, j);
            if (i !== j && d <= ends[k] && (k === 0 || d > ends[k - 1]) && (!one || i % 2 === j % 2))
              want.push(`${i} ${j}`);
          }
        expect(pairsOf(band)).toEqual(want);
        expect(
          band.distances.every(
            (d, e) => d === distance(at, Number(pairsOf(band)[e].split(" ")[0]), band.indices[e]),
          ),
        ).toBe(true);
      });
    }
  });

  it("neighbor orders are shortest paths", () => {
    const graph = radiusGraph(places(60, 5), { radius: 0.15 });
    const steps = Array.from({ length: 60 }, (_, i) =>
      Array.from({ length: 60 }, (_, j) => (i === j ? 0 : Infinity)),
    );
    pairsOf(graph).forEach((pair) => {
      const [i, j] = pair.split(" ").map(Number);
      steps[i][j] = 1;
    });
    for (let k = 0; k < 60; k++)
      for (let i = 0; i < 60; i++)
        for (let j = 0; j < 60; j++) steps[i][j] = Math.min(steps[i][j], steps[i][k] + steps[k][j]);
    neighborOrders(graph, 4).forEach((order, k) => {
      const want = steps.flatMap((row, i) => row.flatMap((s, j) => (s === k + 1 ? [`${i} ${j}`] : [])));
      expect(pairsOf(order)).toEqual(want);
      expect(new Set(order.distances)).toEqual(new Set([k + 1]));
    });
    expect(neighborOrders(hexagons(9), 3).map((g) => g.indptr[41] - g.indptr[40])).toEqual([6, 12, 18]);
  });

  it("refuse what makes no lags", () => {
    for (const ends of [[], [0], [2, 1], [1, NaN]])
      expect(() => distanceBands(places(3, 1), ends)).toThrow(/ascending/);
    for (const many of [0, 1.5, -1]) expect(() => neighborOrders(hexagons(2), many)).toThrow(/orders/);
  });
});

describe("correlogram", () => {
  it("is Moran's I or Geary's C of each lag", async () => {
    const x = genesWithoutPattern(stream(1), 81, 7, "counts");
    const lags = neighborOrders(hexagons(9), 3);
    for (const options of [
      {},
      { assumption: "randomization", rowStandardize: false, permutations: 19 },
    ] as const) {
      const i = await correlogram(x, lags, options);
      const c = await correlogram(expression(toSparse(x), "log"), lags, { statistic: "geary", ...options });
      for (const [k, graph] of lags.entries()) {
        const [own, other] = [await moran(x, graph, options), await geary(x, graph, options)];
        const row = (m: Dense): number[] => [...m.data.slice(7 * k, 7 * k + 7)];
        expect(row(i.value)).toEqual([...own.i]);
        expect(worst(row(c.value), other.c)).toBeLessThan(1e-9);
        for (const name of ["z", "p", "pAdjusted", "pPermutation", "variance"] as const) {
          expect(row(i[name])).toEqual([...own[name]]);
          expect(worst(row(c[name]), other[name])).toBeLessThan(1e-8);
        }
        expect([i.expected[k], c.expected[k]]).toEqual([own.expected, 1]);
      }
      expect([...i.distance]).toEqual([1, 2, 3]);
      expect([...i.pairs]).toEqual(lags.map((g) => g.indices.length / 2));
    }
  });
});

describe("variogram", () => {
  it.each(["matheron", "cressie"] as const)(
    "%s is as defined, for sparse and dense values",
    async (estimator) => {
      const at = places(50, 9);
      const ends = [0.2, 0.4];
      const x = genesWithoutPattern(stream(6), 50, 5, "counts");
      for (let i = 0; i < 50; i++) x.data[5 * i + 4] += 1; // no 0
      const bands = distanceBands(at, ends);
      const found = await variogram(x, bands, { estimator });
      expect(
        worst(
          (await variogram(expression(toSparse(x), "log"), bands, { estimator })).gamma.data,
          found.gamma.data,
        ),
      ).toBeLessThan(1e-9);
      for (const k of [0, 1])
        for (let g = 0; g < 5; g++) {
          const off: number[] = [];
          const apart: number[] = [];
          for (let i = 0; i < 50; i++)
            for (let j = 0; j < i; j++) {
              const d = distance(at, i, j);
              if (d > ends[k] || (k === 1 && d <= ends[0])) continue;
              off.push(Math.abs(x.data[5 * i + g] - x.data[5 * j + g]));
              apart.push(d);
            }
          const root = average(off.map(Math.sqrt));
          const want =
            estimator === "matheron"
              ? average(off.map((d) => d * d)) / 2
              : root ** 4 / 2 / (0.457 + 0.494 / off.length);
          expect(found.gamma.data[5 * k + g] / want).toBeCloseTo(1, 10);
          expect(found.pairs[k]).toBe(off.length);
          expect(found.distance[k]).toBeCloseTo(average(apart), 10);
        }
    },
  );

  it("estimates the variance of values without pattern, Cressie's also with one outlier in a hundred", async () => {
    const rng = stream(12);
    const x = expression(dense(400, 20, noise(rng, 8000, "normal")), "scaled");
    const bands = neighborOrders(hexagons(20), 2);
    const mean = async (estimator: "matheron" | "cressie"): Promise<number> =>
      average([...(await variogram(x, bands, { estimator })).gamma.data]);
    expect(Math.abs((await mean("matheron")) - 1)).toBeLessThan(0.05);
    expect(Math.abs((await mean("cressie")) - 1)).toBeLessThan(0.05);
    for (let e = 0; e < 8000; e += 101) x.data[e] = 10;
    expect(await mean("matheron")).toBeGreaterThan(1.8);
    expect(await mean("cressie")).toBeLessThan(1.2);
  });

  it("has 0 for constant genes, NaN without pairs, and refuses a directed graph", async () => {
    const x = expression(dense(3, 2, Float32Array.of(4.1, 0, 4.1, 1, 4.1, 5)), "log");
    const line = positions(Float64Array.of(0, 0, 1, 0, 9, 0), "um", 1);
    const { gamma, pairs } = await variogram(x, distanceBands(line, [1, 2]));
    expect([...gamma.data]).toEqual([0, 0.5, NaN, NaN]);
    expect([...pairs]).toEqual([1, 0]);
    await expect(variogram(x, [kNearestGraph(line, { k: 1 })])).rejects.toMatchObject({ code: "input" });
  });
});

/** Mantel's r, word by word. */
function mantel(points: Dense, graph: Graph, order: readonly number[]): number {
  const n = points.rows;
  const [w, d]: number[][] = [[], []];
  const weight = new Map(pairsOf(graph).map((pair, e) => [pair, graph.weights[e]]));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      w.push(((weight.get(`${i} ${j}`) ?? 0) + (weight.get(`${j} ${i}`) ?? 0)) / 2);
      let square = 0;
      for (let a = 0; a < points.cols; a++)
        square += (points.data[order[i] * points.cols + a] - points.data[order[j] * points.cols + a]) ** 2;
      d.push(square);
    }
  const [mw, md] = [average(w), average(d)];
  return -average(w.map((v, t) => (v - mw) * (d[t] - md))) / Math.sqrt(varianceOf(w) * varianceOf(d));
}

describe("Mantel correlogram", () => {
  it("agrees with the definition and all 720 orders of six points", async () => {
    const knn = kNearestGraph(places(6, 8), { k: 2 });
    const graph = { ...knn, weights: Float32Array.from(knn.weights, (_, e) => 1 + (e % 3)) };
    const points = dense(
      6,
      3,
      noise(stream(2), 18, "normal").map((v) => v + 100),
    );
    const all = orders([0, 1, 2, 3, 4, 5]).map((order) => mantel(points, graph, order));
    const truth = mantel(points, graph, [0, 1, 2, 3, 4, 5]);
    const found = await mantelCorrelogram(points, [graph], { permutations: 3000 });
    expect(found.r[0]).toBeCloseTo(truth, 9);
    expect(average(all)).toBeCloseTo(0, 10);
    expect(found.z[0]).toBeCloseTo(truth / Math.sqrt(varianceOf(all)), 6);
    const share = all.filter((r) => r >= truth - 1e-9).length / 720;
    expect(Math.abs(found.pPermutation[0] - share)).toBeLessThan(0.03);
  });

  it("is calibrated on 1,000 tissues without pattern; power with a fifth of the variance in one", async () => {
    const graph = hexagons(8);
    const p = await nullPValues(async (rng) => {
      const points = dense(64, 3, noise(rng, 192, "normal"));
      return (await mantelCorrelogram(points, [graph], { permutations: 99, seed: rng.u32() })).pPermutation;
    });
    expectCalibrated(p, { continuous: true, permutations: 99 });
    const x = genesWithPattern(4, 8, 600, 0.2);
    let found = 0;
    for (let t = 0; t < 200; t++) {
      const points = dense(
        64,
        3,
        Float64Array.from({ length: 192 }, (_, e) => x.data[Math.floor(e / 3) * 600 + 3 * t + (e % 3)]),
      );
      found += Number(
        (await mantelCorrelogram(points, [graph], { permutations: 99 })).pPermutation[0] <= 0.05,
      );
    }
    expect(found / 200).toBe(0.655);
  });

  it("has no value where nothing varies", async () => {
    const graph = hexagons(3);
    const empty = {
      ...graph,
      indptr: new Uint32Array(10),
      indices: new Uint32Array(0),
      weights: new Float32Array(0),
      distances: new Float64Array(0),
    };
    const points = dense(9, 2, noise(stream(1), 18, "normal"));
    const all = kNearestGraph(places(9, 1), { k: 8 });
    const found = await mantelCorrelogram(points, [graph, empty, all], { permutations: 9 });
    for (const part of [found.r, found.z, found.p, found.pPermutation])
      expect([...part].map(Number.isNaN)).toEqual([false, true, true]);
    const same = await mantelCorrelogram(dense(9, 2, new Float32Array(18).fill(3.1)), [graph]);
    expect(same.r[0]).toBeNaN();
    await expect(
      mantelCorrelogram(dense(9, 1, new Float32Array(9).fill(NaN)), [graph]),
    ).rejects.toMatchObject({ code: "input" });
    await expect(mantelCorrelogram(dense(8, 1), [graph])).rejects.toMatchObject({ code: "input" });
  });
});
