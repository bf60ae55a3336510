import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import {
  type Dense,
  dense,
  type Expression,
  expression,
  type Graph,
  positions,
  type Sparse,
  toSparse,
} from "../../src/model/index.ts";
import { geary, getisOrdG, moran } from "../../src/spatial/index.ts";
import { adjustPValues } from "../../src/stats/index.ts";
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
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";
import * as spots from "../support/spots.ts";

describe.skipIf(oracles === null)("agrees with squidpy 1.8.3 and esda 2.10", () => {
  const input = oracles === null ? {} : readNpz(join(oracles, "core", "input.npz"));
  const want = oracles === null ? {} : readNpz(join(oracles, "core", "autocorr.npz"));
  const values = (name: string): Float64Array => Float64Array.from(want[name].data as Float64Array);
  const sample = (): { x: Expression<Sparse>; graph: Graph } => {
    const array = Int32Array.from(input["array"].data as BigInt64Array, Number);
    const counts = readCsr(input, "X");
    const data = new Float32Array(counts.data.length);
    for (let i = 0; i < counts.rows; i++) {
      const total = counts.data.subarray(counts.indptr[i], counts.indptr[i + 1]).reduce((s, v) => s + v, 0);
      for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++)
        data[e] = Math.log1p(Math.fround((counts.data[e] * 1e4) / total));
    }
    const row = array.filter((_, e) => e % 2 === 0);
    const col = array.filter((_, e) => e % 2 === 1);
    return { x: expression({ ...counts, data }, "log"), graph: gridGraph(row, col) };
  };

  it.each([
    ["rownorm", true],
    ["binary", false],
  ] as const)("%s weights: C, variance and, folded as squidpy does, p", async (name, rowStandardize) => {
    const { x, graph } = sample();
    const found = await geary(x, graph, { rowStandardize });
    expect(worst(found.c, values(`geary_${name}_C`), 1)).toBeLessThan(1e-6);
    expect(worst(found.variance, values(`geary_${name}_var_norm`))).toBeLessThan(1e-5);
    const folded = found.p.map((p) => Math.min(p, 1 - p));
    expect(worst(folded, values(`geary_${name}_pval_norm`), 1)).toBeLessThan(1e-5);
    expect(worst(adjustPValues(folded), values(`geary_${name}_pval_norm_fdr_bh`), 1)).toBeLessThan(1e-5);
  });

  it("esda's C and z, and its Moran's I by random orders within their sampling error", async () => {
    const { x, graph } = sample();
    const found = await geary(x, graph);
    expect(worst(found.c.subarray(0, 60), values("esda_first60_C"), 1)).toBeLessThan(1e-6);
    expect(worst(found.z.subarray(0, 60), values("esda_first60_C_z_norm"), 1)).toBeLessThan(1e-4);
    const random = await moran(x, graph, { assumption: "randomization", permutations: 400 });
    const ratio = random.variancePermutation.map((v, j) => v / random.variance[j]);
    expect(Math.abs(average([...ratio]) - 1)).toBeLessThan(0.02);
    expect(Math.max(...ratio)).toBeLessThan(1.35);
    expect(Math.min(...ratio)).toBeGreaterThan(0.65);
  });
});

describe("agrees with esda 2.10 on a small tissue", () => {
  const graph = gridGraph(spots.row, spots.col);
  const sparse = expression(toSparse(spots.x), "log");

  it.each([spots.x, sparse])("C with both variances, G (%#)", async (x) => {
    const normal = await geary(x, graph);
    expect(worst(normal.c, esda.geary["c"])).toBeLessThan(1e-7);
    expect(worst(normal.z, esda.geary["z_normality"], 1)).toBeLessThan(1e-6);
    const random = await geary(x, graph, { assumption: "randomization" });
    expect(worst(random.z, esda.geary["z_randomization"], 1)).toBeLessThan(1e-6);
    const general = await getisOrdG(x, graph);
    expect(worst(general.g, esda.g["g"])).toBeLessThan(1e-7);
    expect(worst(general.z, esda.g["z"], 1)).toBeLessThan(1e-6);
  });
});

const definitions = {
  C: (x: readonly number[], w: readonly (readonly number[])[]): number => {
    const z = centred(x);
    const total = sumPairs(x.length, (i, j) => w[i][j]);
    const differences = sumPairs(x.length, (i, j) => w[i][j] * (x[i] - x[j]) ** 2);
    return ((x.length - 1) * differences) / (2 * total * z.reduce((s, v) => s + v * v, 0));
  },
  G: (x: readonly number[], w: readonly (readonly number[])[]): number =>
    sumPairs(x.length, (i, j) => w[i][j] * x[i] * x[j]) /
    sumPairs(x.length, (i, j) => (i === j ? 0 : x[i] * x[j])),
};

/** Six places with a directed graph of uneven weights. */
function six(): Graph {
  const rng = stream(8);
  const at = positions(
    Float64Array.from({ length: 12 }, () => rng.uniform()),
    "um",
    1,
  );
  const knn = kNearestGraph(at, { k: 2 });
  return { ...knn, weights: Float32Array.from(knn.weights, (_, e) => 1 + (e % 3)) };
}

describe("agrees with the definition and all orders of six values", () => {
  it.each([
    ["some 0", [0, 0, 1, 2.5, 0.5, 7]],
    ["none 0", [30.25, 31, 30.5, 37, 30, 33]],
  ])("%s", async (_, values) => {
    const graph = six();
    const x = expression(dense(6, 1, Float32Array.from(values)), "log");
    for (const rowStandardize of [true, false]) {
      const w = matrix(graph, rowStandardize);
      const c = await geary(x, graph, { rowStandardize, assumption: "randomization" });
      const g = await getisOrdG(x, graph, { rowStandardize });
      for (const [found, statistic, of] of [
        [c, c.c[0], definitions.C],
        [g, g.g[0], definitions.G],
      ] as const) {
        const all = orders(values).map((order) => of(order, w));
        expect(statistic / of(values, w)).toBeCloseTo(1, 10);
        expect(found.expected / average(all)).toBeCloseTo(1, 10);
        expect(found.variance[0] / varianceOf(all)).toBeCloseTo(1, 8);
      }
    }
  });

  it("random orders: mean, variance and ranks of the 720", async () => {
    const graph = six();
    const values = [0, 0, 1, 2.5, 0.5, 7];
    const x = expression(toSparse(dense(6, 1, Float32Array.from(values))), "log");
    const w = matrix(graph, true);
    const all = orders(values).map((order) => definitions.C(order, w));
    const share = all.filter((c) => c <= definitions.C(values, w) + 1e-9).length / 720;
    const found = await geary(x, graph, { permutations: 4000, seed: 3 });
    expect(Math.abs(found.pPermutation[0] - share)).toBeLessThan(
      3.5 * Math.sqrt((share * (1 - share)) / 4000),
    );
    expect(found.variancePermutation[0] / varianceOf(all)).toBeCloseTo(1, 1);
    const z = (definitions.C(values, w) - 1) / Math.sqrt(varianceOf(all));
    expect(Math.abs(found.zPermutation[0] - z)).toBeLessThan(0.06);
    const less = await geary(x, graph, { permutations: 4000, seed: 3, alternative: "less" });
    const both = await geary(x, graph, { permutations: 4000, seed: 3, alternative: "two-sided" });
    expect(both.pPermutation[0]).toBe(Math.min(1, 2 * Math.min(found.pPermutation[0], less.pPermutation[0])));
    expect(both.p[0]).toBeCloseTo(2 * Math.min(found.p[0], less.p[0]), 12);
    expect(Math.exp(both.logP[0])).toBeCloseTo(both.p[0], 12);
  });
});

const graph = hexagons(10);
type Test = { readonly p: Float64Array; readonly pPermutation: Float64Array };
const verbs: Record<string, (x: Expression<Dense>, options?: object) => Promise<Test>> = {
  moran: (x, options) => moran(x, graph, options),
  geary: (x, options) => geary(x, graph, options),
  getisOrdG: (x, options) =>
    getisOrdG(expression({ ...x, data: x.data.map((v) => v + 6) }, "log"), graph, options),
};

describe("on 1,000 tissues without pattern p is uniform", () => {
  const randomization = { assumption: "randomization" };
  it.each([
    ["moran", "normal", {}],
    ["moran", "counts", randomization],
    ["geary", "normal", {}],
    ["geary", "counts", randomization],
    ["geary", "counts", { ...randomization, alternative: "two-sided" }],
    ["geary", "normal", { alternative: "less" }],
    ["getisOrdG", "normal", {}],
    ["getisOrdG", "counts", { alternative: "two-sided" }],
  ] as const)("%s of %s values, %o", async (name, kind, options) => {
    const p = await nullPValues(
      async (rng) => (await verbs[name](genesWithoutPattern(rng, 100, 1000, kind), options)).p,
    );
    expectCalibrated(p, { continuous: true });
  });

  it.each(Object.keys(verbs))("%s by random orders", async (name) => {
    const p = await nullPValues(async (rng) => {
      const x = genesWithoutPattern(rng, 100, 250, "counts");
      return (await verbs[name](x, { permutations: 99, seed: rng.u32() })).pPermutation;
    });
    expectCalibrated(p, { continuous: true, permutations: 99 });
  });
});

it("finds a pattern with a fifth of the variance of 100 spots in this share of genes", async () => {
  const x = genesWithPattern(5, 10, 1000, 0.2);
  const power: Record<string, number> = {};
  for (const [name, verb] of Object.entries(verbs))
    power[name] = (await verb(x)).p.reduce((s, p) => s + Number(p <= 0.05), 0) / 1000;
  expect(power).toEqual({ geary: 0.586, getisOrdG: 0.151, moran: 0.6 });
});
