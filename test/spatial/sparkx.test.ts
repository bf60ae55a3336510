import { describe, expect, it } from "vitest";
import { type Rng, stream } from "../../src/core/index.ts";
import { gridGraph } from "../../src/graph/index.ts";
import { normal, poisson } from "../../src/kernels/random.ts";
import {
  categorical,
  dense,
  expression,
  positions,
  type Positions,
  toSparse,
} from "../../src/model/index.ts";
import { moran, sparkX } from "../../src/spatial/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";
import { cortex, layerGenes } from "../support/cortex.ts";
import { realData } from "../support/shared.ts";

const scattered = (rng: Rng, n: number): Positions =>
  positions(
    Float64Array.from({ length: 2 * n }, () => 100 * rng.uniform()),
    "um",
    1,
  );

/** What least squares on an intercept and columns explains of y, by elimination on the normal equations. */
function explainedBy(columns: readonly (readonly number[])[], y: readonly number[]): number {
  const X = [y.map(() => 1), ...columns];
  const A = X.map((a) => [...X.map((b) => dot(a, b)), dot(a, y)]);
  for (let c = 0; c < X.length; c++) {
    for (let r = c + 1; r < X.length; r++) {
      const f = A[r][c] / A[c][c];
      for (let k = c; k <= X.length; k++) A[r][k] -= f * A[c][k];
    }
  }
  const beta = new Array<number>(X.length).fill(0);
  for (let c = X.length - 1; c >= 0; c--)
    beta[c] = (A[c][X.length] - beta.reduce((s, b, k) => (k > c ? s + b * A[c][k] : s), 0)) / A[c][c];
  const mean = dot(X[0], y) / y.length;
  const total = y.reduce((s, v) => s + (v - mean) ** 2, 0);
  const left = y.reduce((s, v, i) => s + (v - beta.reduce((f, b, k) => f + b * X[k][i], 0)) ** 2, 0);
  return 1 - left / total;
}
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, i) => s + v * b[i], 0);

describe("sparkX", () => {
  it("agrees with least squares on the kernels' columns", async () => {
    const rng = stream(3);
    const places = scattered(rng, 60);
    const x = dense(
      60,
      2,
      Float32Array.from({ length: 120 }, () => poisson(rng, 2)),
    );
    const { explained, kernels, kernelLogP } = await sparkX(expression(toSparse(x), "counts"), places);
    const s = [0, 1].map((axis) => {
      const values = Array.from({ length: 60 }, (_, i) => places.data[2 * i + axis]);
      const mean = values.reduce((a, b) => a + b) / 60;
      return values.map((v) => v - mean);
    });
    const width = (values: readonly number[], q: number): number => {
      const sorted = values.map(Math.abs).sort((a, b) => a - b);
      const at = q * 59;
      return sorted[Math.floor(at)] + (at % 1) * (sorted[Math.ceil(at)] - sorted[Math.floor(at)]);
    };
    const of = (name: string): number[][] => {
      const q = Number(/\d+/.exec(name)?.[0]) / 100;
      if (name === "linear") return s;
      return s.map((values) => {
        const w = width(values, q);
        return values.map((v) =>
          name.startsWith("cos") ? Math.cos((2 * Math.PI * v) / w) : Math.exp(-(v * v) / (2 * w * w)),
        );
      });
    };
    for (let j = 0; j < 2; j++) {
      const y = Array.from({ length: 60 }, (_, i) => x.data[2 * i + j]);
      kernels.forEach((name, c) => {
        const r = explainedBy(of(name), y);
        expect(explained[11 * j + c], name).toBeCloseTo(r, 10);
        expect(kernelLogP[11 * j + c], name).toBeCloseTo(28.5 * Math.log(1 - r), 8);
      });
    }
  });

  it("is the same for scaled, shifted and mirrored places, and for any order of cells", async () => {
    const rng = stream(5);
    const places = scattered(rng, 80);
    const x = dense(
      80,
      3,
      Float32Array.from({ length: 240 }, () => poisson(rng, 1)),
    );
    const of = async (at: Float64Array, data: Float32Array): Promise<Float64Array> =>
      (await sparkX(expression(dense(80, 3, data), "counts"), positions(at, "um", 1))).logP;
    const base = await of(places.data, x.data as Float32Array);
    const moved = await of(
      places.data.map((v, k) => (k % 2 ? 7 - 0.01 * v : 3 + 0.01 * v)),
      x.data as Float32Array,
    );
    const turned = await of(
      Float64Array.from({ length: 160 }, (_, k) => places.data[159 - (k ^ 1)]),
      Float32Array.from({ length: 240 }, (_, k) => x.data[3 * (79 - Math.floor(k / 3)) + (k % 3)]),
    );
    base.forEach((l, j) => {
      expect(moved[j]).toBeCloseTo(l, 8);
      expect(turned[j]).toBeCloseTo(l, 8);
    });
  });

  it("p of tissues without pattern are uniform for counts, sparse counts and normal values", async () => {
    const draws: Record<string, (rng: Rng) => number> = {
      "counts of mean 2": (rng) => poisson(rng, 2),
      "counts of mean .2": (rng) => poisson(rng, 0.2),
      normal,
    };
    for (const draw of Object.values(draws)) {
      const p = await nullPValues(async (rng) => {
        const places = scattered(rng, 200);
        const values = Float32Array.from({ length: 200 * 10 }, () => draw(rng));
        const { p: found } = await sparkX(expression(dense(200, 10, values), "counts"), places);
        return found.filter((v) => v === v);
      });
      expectCalibrated(p);
    }
  }, 60_000);

  it("compares within samples only", async () => {
    const rng = stream(8);
    const places = scattered(rng, 200);
    const sample = categorical(
      Int32Array.from({ length: 200 }, (_, i) => i & 1),
      ["s", "t"],
    );
    const apart = positions(
      places.data.map((v, k) => v + 1e4 * ((k >> 1) & 1)),
      "um",
      1,
    );
    const level = dense(
      200,
      1,
      Float32Array.from({ length: 200 }, (_, i) => poisson(rng, i & 1 ? 20 : 2)),
    );
    const x = expression(level, "counts");
    expect((await sparkX(x, apart)).p[0]).toBeLessThan(1e-10);
    expect((await sparkX(x, apart, { sample })).p[0]).toBeGreaterThan(0.01);
  });

  it("has no answer for genes that do not vary, and refuses places it cannot use", async () => {
    const x = expression(dense(5, 2, Float32Array.of(1, 0, 1, 1, 1, 0, 1, 2, 1, 0)), "counts");
    const line = positions(Float64Array.of(0, 0, 1, 0, 2, 0, 3, 0, 5, 0), "um", 1);
    const { p, order } = await sparkX(x, line);
    expect(p[0]).toBeNaN();
    expect(p[1]).toBeGreaterThan(0);
    expect([...order]).toEqual([1, 0]);
    await expect(sparkX(x, positions(new Float64Array(4), "um", 1))).rejects.toThrow(/found 5 observations/);
    const all = categorical(Int32Array.of(0, 0, 0, 1, 1), ["a", "b"]);
    await expect(sparkX(x, line, { sample: all })).rejects.toThrow(/at least 4/);
  });
});

/** Area under the curve of precision over recall. */
function auprc(score: Float64Array, planted: (j: number) => boolean): number {
  const order = [...score.keys()].sort((a, b) => score[b] - score[a]);
  let [found, sum] = [0, 0];
  order.forEach((j, at) => {
    if (!planted(j)) return;
    found++;
    sum += found / (at + 1);
  });
  return sum / found;
}

describe("planted genes are found", () => {
  it.each([
    ["a gradient", (u: number) => 0.5 + u, 0.95, 0.5],
    [
      "a spot in the middle",
      (u: number, v: number) => ((u - 0.5) ** 2 + (v - 0.5) ** 2 < 0.04 ? 2.5 : 1),
      0.95,
      0.95,
    ],
    ["stripes", (u: number) => (Math.floor(u * 6) % 2 ? 1.4 : 0.7), 0.3, 0.8],
  ])("%s", async (_, rate, least, leastMoran) => {
    const rng = stream(21);
    const [side, genes] = [30, 200];
    const n = side * side;
    const row = Int32Array.from({ length: n }, (_, i) => Math.floor(i / side));
    const col = Int32Array.from({ length: n }, (_, i) => i % side);
    const places = positions(
      Float64Array.from({ length: 2 * n }, (_, k) => (k % 2 ? row : col)[k >> 1]),
      "um",
      1,
    );
    const data = Float32Array.from({ length: n * genes }, (_, e) => {
      const [i, j] = [Math.floor(e / genes), e % genes];
      return poisson(rng, 0.8 * (j < 20 ? rate(col[i] / side, row[i] / side) : 1));
    });
    const x = expression(toSparse(dense(n, genes, data)), "counts");
    const spark = await sparkX(x, places);
    const { z } = await moran(x, gridGraph(row, col, { lattice: "square" }));
    const planted = (j: number): boolean => j < 20;
    expect(
      auprc(
        spark.logP.map((l) => -l),
        planted,
      ),
    ).toBeGreaterThan(least);
    expect(auprc(z, planted)).toBeGreaterThan(leastMoran);
  });
});

describe.skipIf(realData === null)("layers of the cortex (DLPFC 151673)", () => {
  it("genes known to mark a layer rank high by either method", async () => {
    const { counts, x, names, positions: places, graph } = await cortex(100);
    const known = [...layerGenes, "CARTPT"];
    const found = (score: Float64Array): number[] => {
      const order = [...score.keys()].sort((a, b) => score[b] - score[a]);
      return known.map((gene) => order.indexOf(names.indexOf(gene)) / order.length);
    };
    const spark = await sparkX(counts, places);
    for (const at of [found(spark.logP.map((l) => -l)), found((await moran(x, graph)).z)]) {
      expect(at.filter((part) => part < 0.1).length).toBeGreaterThanOrEqual(10);
      expect(Math.min(...at)).toBeGreaterThanOrEqual(0);
    }
  }, 60_000);
});
