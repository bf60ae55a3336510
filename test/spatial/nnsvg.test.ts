import { describe, expect, it } from "vitest";
import { type Rng, stream } from "../../src/core/index.ts";
import { normal, poisson } from "../../src/kernels/random.ts";
import {
  categorical,
  dense,
  type Dense,
  expression,
  positions,
  type Positions,
  toSparse,
} from "../../src/model/index.ts";
import { conditioningSets } from "../../src/spatial/conditioning.ts";
import { designOf } from "../../src/spatial/design.ts";
import { nnSvg } from "../../src/spatial/index.ts";
import { withLikelihoods } from "../../src/spatial/nngp.ts";
import { median } from "../../src/stats/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";
import { denseStatistic } from "../support/gaussian-process.ts";
import { cortex, layerGenes } from "../support/cortex.ts";
import { realData } from "../support/shared.ts";

const scattered = (rng: Rng, n: number, dimensions: 2 | 3 = 2): Positions =>
  positions(
    Float64Array.from({ length: dimensions * n }, () => 10 * rng.uniform()),
    "um",
    1,
    dimensions,
  );
const lattice = (side: number): Positions =>
  positions(
    Float64Array.from({ length: 2 * side * side }, (_, k) =>
      k % 2 ? (k >> 1) % side : Math.floor((k >> 1) / side),
    ),
    "um",
    1,
  );
const distance = ({ cols, data }: Positions, i: number, j: number): number =>
  Math.hypot(...Array.from({ length: cols }, (_, d) => data[i * cols + d] - data[j * cols + d]));
const extent = (v: Float64Array): number => Math.max(...v) - Math.min(...v);
const matrix = (n: number, p: number, value: (i: number, j: number) => number): Dense =>
  dense(
    n,
    p,
    Float32Array.from({ length: n * p }, (_, e) => value(Math.floor(e / p), e % p)),
  );
const column = (x: Dense, j: number): number[] =>
  Array.from({ length: x.rows }, (_, i) => x.data[i * x.cols + j]);

describe("neighbors before a place", () => {
  it.each([2, 3] as const)(
    "are the nearest of them, in %i dimensions and within samples",
    async (dimensions) => {
      const rng = stream(2);
      const places = scattered(rng, 300, dimensions);
      places.data.copyWithin(50 * dimensions, 40 * dimensions, 45 * dimensions);
      const groups = [0, 1].map((s) => Uint32Array.from({ length: 150 }, (_, t) => 2 * t + s));
      const sets = await conditioningSets(places, groups, 4, {});
      const whole = await conditioningSets(places, groups, 149, {});
      let full = 0;
      for (let i = 0; i < 300; i++) {
        const before = Array.from(whole.subarray(149 * i, 149 * (i + 1))).filter((j) => j !== i);
        expect(before.every((j) => j % 2 === i % 2)).toBe(true);
        const byDistance = before.sort((a, b) => distance(places, i, a) - distance(places, i, b) || a - b);
        const found = Array.from(sets.subarray(4 * i, 4 * i + 4)).filter((j) => j !== i);
        expect(found).toEqual(byDistance.slice(0, 4));
        full += before.length;
      }
      // Each pair of a sample is there once: it is an order.
      expect(full).toBe(150 * 149);
    },
  );
});

describe("likelihoods", () => {
  it.each(["exponential", "gaussian"] as const)(
    "with all places before as neighbors are those of the full covariance (%s)",
    async (kernel) => {
      const rng = stream(4);
      const n = 40;
      const places = scattered(rng, n);
      places.data.copyWithin(6, 0, 4);
      const sample = categorical(
        Int32Array.from({ length: n }, (_, i) => Number(i >= 25)),
        ["s", "t"],
      );
      const covariates = matrix(n, 2, (_, j) => (j === 0 ? normal(rng) : 3));
      const x = matrix(n, 9, (i, j) => normal(rng) + j * Math.sin(places.data[2 * i]));
      const design = designOf("test", n, places, sample, covariates);
      expect(design.columns).toBe(3);
      const columns = [
        Array.from({ length: n }, (_, i) => Number(i < 25)),
        Array.from({ length: n }, (_, i) => Number(i >= 25)),
        column(covariates, 0),
      ];
      await withLikelihoods(
        places,
        design,
        kernel,
        n - 1,
        { genes: 9, values: 9 * n },
        {},
        async (likelihoods) => {
          await likelihoods.load({
            indptr: Uint32Array.from({ length: 10 }, (_, j) => j * n),
            rows: Uint32Array.from({ length: 9 * n }, (_, e) => e % n),
            values: Float32Array.from({ length: 9 * n }, (_, e) => x.data[(e % n) * 9 + Math.floor(e / n)]),
          });
          const covariances = [
            { length: 0.3, share: 0.9 },
            { length: 2, share: 0.3 },
            { length: 30, share: 0.7 },
          ];
          const found = await likelihoods.evaluate(covariances, [[0, 8], [5], [1, 2, 3]]);
          [[0, 8], [5], [1, 2, 3]].forEach((list, c) =>
            list.forEach((j, g) => {
              const { length, share } = covariances[c];
              const want = denseStatistic(
                column(x, j),
                columns,
                (a, b) => {
                  const d = distance(places, a, b) / length;
                  if (a < 25 !== b < 25) return 0;
                  return Math.exp(kernel === "gaussian" ? (-d * d) / 2 : -d);
                },
                share,
              );
              expect(Math.abs(found[c][g] - want)).toBeLessThan(1e-8);
            }),
          );
        },
      );
    },
  );
});

describe("nnSvg", () => {
  it("finds the largest likelihood to within 0.1 or 0.1 %, where a finer search finds it", async () => {
    const rng = stream(9);
    const n = 60;
    const places = scattered(rng, n);
    const x = matrix(n, 6, (i, j) => normal(rng) + 0.6 * j * Math.sin(places.data[2 * i] / (0.5 + j / 3)));
    const { statistic, propSV, lengthScale } = await nnSvg(expression(x, "log"), places, {
      neighbors: n - 1,
      draws: 100,
    });
    const before = await conditioningSets(places, [Uint32Array.from({ length: n }, (_, i) => i)], 1, {});
    const nearest = Array.from(before, (j, i) => distance(places, i, j)).filter((d) => d > 0);
    const shortest = median(Float64Array.from(nearest)) / 2;
    const longest = Math.hypot(...[0, 1].map((d) => extent(places.data.filter((_, k) => k % 2 === d))));
    for (let j = 0; j < 6; j++) {
      const of = (length: number, share: number): number =>
        denseStatistic(
          column(x, j),
          [new Array<number>(n).fill(1)],
          (a, b) => Math.exp(-distance(places, a, b) / length),
          share,
        );
      let [top, length, share] = [0, NaN, 0];
      for (let l = shortest; l < longest; l *= 1.6)
        for (let s = 0.05; s < 1; s += 0.1) {
          const v = of(l, s);
          if (v > top) [top, length, share] = [v, l, s];
        }
      for (let step = 0.5; top > 0 && step > 0.004; step /= 2)
        for (let moved = true; moved;) {
          moved = false;
          for (const [a, b] of [
            [1, 0],
            [-1, 0],
            [0, 1],
            [0, -1],
          ]) {
            const [l, s] = [
              Math.max(shortest, Math.min(longest, length * (1 + step * a))),
              Math.min(0.999, share + step * b * 0.2),
            ];
            if (s <= 0) continue;
            const v = of(l, s);
            if (v > top + 1e-9) [top, length, share, moved] = [v, l, s, true];
          }
        }
      expect(Math.abs(statistic[j] - top), `gene ${j}: ${statistic[j]}, ${top}`).toBeLessThan(
        Math.max(0.1, 0.001 * top),
      );
      if (top > 10) {
        expect(Math.abs(propSV[j] - share)).toBeLessThan(0.03);
        expect(Math.abs(Math.log(lengthScale[j] / length))).toBeLessThan(0.15);
      }
    }
  }, 60_000);

  it("is the same for moved and scaled places, genes in any order, sparse or full, and any number of threads", async () => {
    const rng = stream(5);
    const places = lattice(12);
    const x = matrix(144, 5, (i, j) => poisson(rng, j + 0.4 * (i % 12)));
    const base = await nnSvg(expression(x, "log"), places, { draws: 100 });
    const sparse = await nnSvg(expression(toSparse(x), "log"), places, { draws: 100, threads: 1 });
    expect(await nnSvg(expression(toSparse(x), "log"), places, { draws: 100, threads: 3 })).toEqual(sparse);
    const moved = positions(
      places.data.map((v) => 7 + 3 * v),
      "um",
      1,
    );
    const mirrored = matrix(144, 5, (i, j) => x.data[5 * i + 4 - j]);
    const other = await nnSvg(expression(mirrored, "log"), moved, { draws: 100 });
    for (let j = 0; j < 5; j++) {
      expect(sparse.statistic[j]).toBeCloseTo(base.statistic[j], 9);
      expect(other.statistic[4 - j]).toBeCloseTo(base.statistic[j], 7);
      expect(other.propSV[4 - j]).toBeCloseTo(base.propSV[j], 6);
      if (base.propSV[j] > 0) expect(other.lengthScale[4 - j] / base.lengthScale[j]).toBeCloseTo(3, 5);
    }
  });

  it("p of tissues without pattern are calibrated, for normal values, counts and rare counts, with covariates too", async () => {
    const places = lattice(20);
    const covariates = matrix(400, 2, (i, j) => (j === 0 ? i % 20 : Math.floor(i / 20)));
    const draws: Record<string, [(rng: Rng) => number, { covariates?: Dense }]> = {
      normal: [normal, {}],
      "counts of mean 1": [(rng) => poisson(rng, 1), { covariates }],
      "counts of mean .1": [(rng) => poisson(rng, 0.1), {}],
    };
    for (const [draw, options] of Object.values(draws)) {
      const p = await nullPValues(async (rng) => {
        const x = matrix(400, 1000, () => draw(rng));
        return (await nnSvg(expression(x, "log"), places, options)).p;
      });
      expectCalibrated(p);
    }
  }, 120_000);

  it("finds planted patterns, and how large and wide they are", async () => {
    const rng = stream(12);
    const places = lattice(20);
    const x = matrix(400, 200, (i, j) => normal(rng) + (j < 100 ? 0.45 * Math.SQRT2 * Math.sin(i / 50) : 0));
    const { p, order } = await nnSvg(expression(x, "log"), places);
    const power = p.subarray(0, 100).filter((v) => v <= 0.05).length / 100;
    expect(power).toBeGreaterThan(0.9);
    expect(order.subarray(0, 80).every((j) => j < 100)).toBe(true);
  });

  it("asks beside levels of samples and covariates", async () => {
    const rng = stream(8);
    const places = lattice(14);
    const side = (i: number): number => Number(i % 14 >= 7);
    const x = expression(
      matrix(196, 1, (i) => normal(rng) + 4 * side(i)),
      "log",
    );
    const sample = categorical(
      Int32Array.from({ length: 196 }, (_, i) => side(i)),
      ["left", "right"],
    );
    expect((await nnSvg(x, places, { draws: 100 })).p[0]).toBeLessThan(1e-20);
    expect((await nnSvg(x, places, { draws: 100, sample })).p[0]).toBeGreaterThan(0.01);
    const covariates = matrix(196, 2, (i, j) => (j === 0 ? 1 : side(i)));
    expect((await nnSvg(x, places, { draws: 100, covariates })).p[0]).toBeGreaterThan(0.01);
  });

  it("has no answer for genes that do not vary, takes places that repeat, and refuses what it cannot use", async () => {
    const places = positions(Float64Array.of(0, 0, 0, 0, 1, 0, 1, 0, 5, 2, 5, 2), "um", 1);
    const x = matrix(6, 3, (i, j) => (j === 0 ? 3 : j === 1 ? i >> 1 : i === 2 ? NaN : i));
    const { p, propSV, order, pAdjusted } = await nnSvg(expression(x, "log"), places, { draws: 100 });
    expect([p[0], propSV[0], p[2]]).toEqual([NaN, NaN, NaN]);
    expect(p[1]).toBeLessThan(0.2);
    expect(propSV[1]).toBeGreaterThan(0.9);
    expect([...order]).toEqual([1, 0, 2]);
    expect(pAdjusted[1]).toBe(p[1]);
    const at = (n: number, v = 0): Positions => positions(new Float64Array(2 * n).fill(v), "um", 1);
    await expect(nnSvg(expression(x, "log"), at(5))).rejects.toThrow(/positions of 5/);
    await expect(nnSvg(expression(x, "log"), at(6, NaN))).rejects.toThrow(/not/);
    await expect(nnSvg(expression(x, "log"), at(6))).rejects.toThrow(/one place/);
    const known = matrix(6, 3, (i, j) => Number(i % 4 === j));
    await expect(nnSvg(expression(x, "log"), places, { covariates: known })).rejects.toThrow(
      /3 observations more/,
    );
  });
});

describe.skipIf(realData === null)("layers of the cortex (DLPFC 151673)", () => {
  // Blood in Weber et al. 2023, doi:10.1038/s41467-023-39748-z.
  it("genes known to mark a layer or blood rank high, blood with shorter length scales", async () => {
    const known = [...layerGenes, "NEFH", "HBB"];
    const { x, names, positions: places } = await cortex(200, 16, known);
    const { order, lengthScale } = await nnSvg(x, places, { draws: 100 });
    const at = (gene: string): number => order.indexOf(names.indexOf(gene)) / order.length;
    for (const gene of known) expect(at(gene), gene).toBeLessThan(0.25);
    expect(lengthScale[names.indexOf("HBB")]).toBeLessThan(0.5 * lengthScale[names.indexOf("SNAP25")]);
  }, 60_000);
});
