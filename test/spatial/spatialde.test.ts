import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Rng, stream } from "../../src/core/index.ts";
import { normal, poisson } from "../../src/kernels/random.ts";
import { dense, type Dense, expression, positions, type Positions, toSparse } from "../../src/model/index.ts";
import { spatialDe, type SpatialDeOptions } from "../../src/spatial/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";
import { denseStatistic } from "../support/gaussian-process.ts";
import { cortex, layerGenes } from "../support/cortex.ts";
import { realData } from "../support/shared.ts";

const lattice = (side: number): Positions =>
  positions(
    Float64Array.from({ length: 2 * side * side }, (_, k) =>
      k % 2 ? (k >> 1) % side : Math.floor((k >> 1) / side),
    ),
    "um",
    1,
  );
const matrix = (n: number, p: number, value: (i: number, j: number) => number): Dense =>
  dense(
    n,
    p,
    Float32Array.from({ length: n * p }, (_, e) => value(Math.floor(e / p), e % p)),
  );
const column = (x: Dense, j: number): number[] =>
  Array.from({ length: x.rows }, (_, i) => x.data[i * x.cols + j]);
const gaussian =
  ({ data }: Positions, length: number) =>
  (i: number, j: number): number => {
    const [dx, dy] = [data[2 * i] - data[2 * j], data[2 * i + 1] - data[2 * j + 1]];
    return Math.exp(-(dx * dx + dy * dy) / (2 * length * length));
  };

describe("spatialDe", () => {
  it("agrees with SpatialDE", async () => {
    const file = new URL("../fixtures/spatialde.json", import.meta.url);
    const want = JSON.parse(readFileSync(file, "utf8")) as {
      n: number;
      places: number[];
      values: number[];
      length_scales: number[];
      llr: number[];
      fsv: number[];
      l: number[];
    };
    const x = expression(dense(want.n, want.l.length, Float64Array.from(want.values)), "log");
    const places = positions(Float64Array.from(want.places), "um", 1);
    const { statistic, fsv, lengthScale } = await spatialDe(x, places, { lengthScales: want.length_scales });
    want.l.forEach((l, j) => {
      expect(Math.abs(statistic[j] / 2 - want.llr[j]), `LLR of gene ${j}`).toBeLessThan(2e-3);
      if (want.llr[j] < 1) return;
      expect(lengthScale[j]).toBe(l);
      expect(Math.abs(fsv[j] - want.fsv[j]), `FSV of gene ${j}`).toBeLessThan(5e-3);
    });
  });

  it("is near the full covariance where more observations than 400 are given, for short and long length scales", async () => {
    const rng = stream(3);
    const places = positions(
      Float64Array.from({ length: 1800 }, () => 30 * rng.uniform()),
      "um",
      1,
    );
    const x = matrix(900, 3, (i, j) => normal(rng) + 0.9 * Math.sin(places.data[2 * i] / [0.7, 2, 8][j]));
    const ones = new Array<number>(900).fill(1);
    for (const [j, length] of [
      [0, 0.8],
      [1, 1.4],
      [1, 3],
      [2, 12],
    ]) {
      const found = await spatialDe(expression(x, "log"), places, { lengthScales: [length], draws: 100 });
      const [statistic, fsv] = [found.statistic[j], found.fsv[j]];
      const correlation = gaussian(places, length);
      let [sum, pairs] = [0, 0];
      for (let a = 0; a < 900; a++) for (let b = 0; b < a; b++, pairs++) sum += correlation(a, b);
      const factor = 1 - sum / pairs;
      const share = fsv / (fsv + factor * (1 - fsv));
      const [at, below, above] = [1, 0.7, 1.4].map((part) =>
        denseStatistic(column(x, j), [ones], correlation, Math.min(0.99, part * share)),
      );
      expect(at).toBeGreaterThan(50);
      expect(Math.abs(statistic - at), `length scale ${length}`).toBeLessThan(0.02 * at);
      expect(Math.max(below, above)).toBeLessThan(at);
    }
  }, 60_000);

  it("p of tissues without pattern are calibrated, for normal values and counts, with covariates too", async () => {
    const covariates = matrix(225, 1, (i) => i % 15);
    const draws: [(rng: Rng) => number, number, SpatialDeOptions][] = [
      [normal, 15, {}],
      [(rng) => poisson(rng, 0.2), 15, { covariates }],
      [(rng) => poisson(rng, 1), 21, { lengthScales: [0.6, 1.5, 4, 9, 20] }],
    ];
    for (const [draw, side, options] of draws) {
      const p = await nullPValues(async (rng) => {
        const x = matrix(side * side, 1000, () => draw(rng));
        return (await spatialDe(expression(x, "log"), lattice(side), options)).p;
      });
      expectCalibrated(p);
    }
  }, 300_000);

  it("finds planted patterns, the same sparse or full and on any number of threads", async () => {
    const rng = stream(12);
    const places = lattice(21);
    const x = matrix(
      441,
      40,
      (i, j) => poisson(rng, 1) + (j < 20 ? 0.6 * Math.SQRT2 * (1 + Math.sin(i / 60)) : 0),
    );
    const full = await spatialDe(expression(x, "log"), places, {
      draws: 100,
      lengthScales: [0.7, 4, 9],
      threads: 1,
    });
    expect(
      await spatialDe(expression(x, "log"), places, { draws: 100, lengthScales: [0.7, 4, 9], threads: 3 }),
    ).toEqual(full);
    const sparse = await spatialDe(expression(toSparse(x), "log"), places, {
      draws: 100,
      lengthScales: [0.7, 4, 9],
    });
    sparse.statistic.forEach((v, j) => expect(v).toBeCloseTo(full.statistic[j], 6));
    const power = full.p.filter((v, j) => j < 20 && v <= 0.05).length / 20;
    expect(power).toBeGreaterThan(0.9);
    expect(full.order.subarray(0, 16).every((j) => j < 20)).toBe(true);
  }, 120_000);

  it("has no answer for genes that do not vary, takes places that repeat, and refuses what it cannot use", async () => {
    const places = positions(Float64Array.of(0, 0, 0, 0, 1, 0, 1, 0, 5, 2, 5, 2), "um", 1);
    const x = expression(
      matrix(6, 2, (i, j) => (j === 0 ? 3 : i >> 1)),
      "log",
    );
    const { p, fsv, order } = await spatialDe(x, places, { draws: 100 });
    expect([p[0], fsv[0]]).toEqual([NaN, NaN]);
    expect(fsv[1]).toBeGreaterThan(0.9);
    expect([...order]).toEqual([1, 0]);
    await expect(spatialDe(x, positions(new Float64Array(12), "um", 1))).rejects.toThrow(/one place/);
    await expect(spatialDe(x, places, { lengthScales: [1, 0] })).rejects.toThrow(/above 0/);
    await expect(spatialDe(x, positions(new Float64Array(10), "um", 1))).rejects.toThrow(/positions of 5/);
  });
});

describe.skipIf(realData === null)("layers of the cortex (DLPFC 151673)", () => {
  it("genes known to mark a layer rank high", async () => {
    const known = [...layerGenes, "NEFH"];
    const { x, names, positions: places } = await cortex(200, 32, known);
    const { order } = await spatialDe(x, places, { draws: 100 });
    for (const gene of known)
      expect(order.indexOf(names.indexOf(gene)) / order.length, gene).toBeLessThan(0.25);
  }, 120_000);
});
