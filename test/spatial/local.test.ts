import { join } from "node:path";
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
  selectColumns,
  toSparse,
} from "../../src/model/index.ts";
import {
  localBivariateMoran,
  localG,
  localGeary,
  localLee,
  localMoran,
  losh,
} from "../../src/spatial/index.ts";
import { adjustPValues } from "../../src/stats/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";
import { worst } from "../support/close.ts";
import {
  average,
  centred,
  esda,
  genesWithoutPattern,
  hexagons,
  matrix,
  orders,
  varianceOf,
} from "../support/definitions.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";
import * as spots from "../support/spots.ts";

const column = (x: Dense, j: number): number[] =>
  Array.from({ length: x.rows }, (_, i) => x.data[i * x.cols + j]);
const folded = (p: ArrayLike<number>): number[] => Array.from(p, (v) => Math.min(v, 1 - v));

describe.skipIf(oracles === null)("agrees with esda 2.10", () => {
  const input = oracles === null ? {} : readNpz(join(oracles, "core", "input.npz"));
  const want = oracles === null ? {} : readNpz(join(oracles, "core", "local_stats.npz"));
  const values = (name: string): Float64Array => Float64Array.from(want[name].data as Float64Array, Number);
  const sample = (): { x: Expression<Dense>; graph: Graph } => {
    const array = Int32Array.from(input["array"].data as BigInt64Array, Number);
    const counts = readCsr(input, "X");
    const x = new Float32Array(counts.rows * 5);
    for (let i = 0; i < counts.rows; i++) {
      const total = counts.data.subarray(counts.indptr[i], counts.indptr[i + 1]).reduce((s, v) => s + v, 0);
      for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) {
        const j = counts.indices[e] - 6;
        if (j >= 0 && j < 5) x[i * 5 + j] = Math.log1p(Math.fround((counts.data[e] * 1e4) / total));
      }
    }
    const row = array.filter((_, e) => e % 2 === 0);
    const col = array.filter((_, e) => e % 2 === 1);
    return { x: expression(dense(counts.rows, 5, x), "log"), graph: gridGraph(row, col) };
  };

  it("local Moran's I, quadrants and p", async () => {
    const { x, graph } = sample();
    const found = await localMoran(x, graph, { permutations: 0 });
    expect(worst(found.i.data, values("local_moran_I"), 1)).toBeLessThan(1e-6);
    const quadrants = found.quadrants.map(({ codes }) => codes);
    const q = Float64Array.from(found.i.data, (_, e) => quadrants[e % 5][Math.floor(e / 5)] + 1);
    expect(worst(q, values("local_moran_q"))).toBe(0);
    const one = { alternative: "greater", permutations: 999, seed: 2 } as const;
    const first = expression(selectColumns(x, [0]), "log");
    const { pPermutation } = await localMoran(first, graph, one);
    const off = folded(pPermutation.data).map((p, i) => Math.abs(p - values("gene0_p_sim")[i]));
    expect(Math.max(...off)).toBeLessThan(0.08); // two samples of 999: standard error up to 0.022
    expect(average(off)).toBeLessThan(0.015);
  });

  it.each([
    ["G", false],
    ["Gstar", true],
  ] as const)("%s and, of binary weights, its z", async (name, star) => {
    const { x, graph } = sample();
    const binary = await localG(x, graph, { star, rowStandardize: false, permutations: 0 });
    expect(worst(binary.z.data, values(`getis_${name}_B_Zs`), 1)).toBeLessThan(1e-5);
    expect(worst(binary.g.data, values(`getis_${name}_B_Gs`))).toBeLessThan(1e-5);
    const standardized = await localG(x, graph, { star, permutations: 0 });
    expect(worst(standardized.g.data, values(`getis_${name}_R_Gs`))).toBeLessThan(1e-5);
    expect(worst(standardized.z.data, binary.z.data, 1)).toBeLessThan(1e-9);
  });
});

describe("agrees with esda 2.10 on a small tissue", () => {
  const graph = gridGraph(spots.row, spots.col);
  const two = expression(selectColumns(spots.x, [0, 2]), "log");
  const want = (name: string): number[] => {
    const list = esda.local[name];
    return list.map((_, e) => list[(e % 2) * spots.row.length + Math.floor(e / 2)]);
  };

  it.each([two, expression(toSparse(two), "log")])("every statistic (%#)", async (x) => {
    const n = x.rows;
    const none = { permutations: 0 };
    const i = await localMoran(x, graph, none);
    expect(worst(i.i.data, want("i"), 1)).toBeLessThan(1e-6);
    // esda gives the moments of I n / (n - 1)
    const z = want("i").map(
      (v, e) => ((v * n) / (n - 1) - want("i_expected")[e]) / Math.sqrt(want("i_variance")[e]),
    );
    expect(worst(i.z.data, z, 1)).toBeLessThan(1e-6);
    expect(i.quadrants[1].codes.map((c) => c + 1)).toEqual(Int32Array.from(esda.local["quadrant"].slice(n)));
    const c = await localGeary(x, graph, none);
    expect(worst(c.c.data, want("c"), 1)).toBeLessThan(1e-6);
    for (const [star, name] of [
      [false, "g_B"],
      [true, "g_star_B"],
    ] as const) {
      const g = await localG(x, graph, { star, rowStandardize: false, ...none });
      expect(worst(g.z.data, want(name), 1)).toBeLessThan(1e-6);
    }
    const h = await losh(x, graph, none);
    expect(worst(h.h.data, want("losh"), 1)).toBeLessThan(1e-6);
    expect(worst(h.p.data, want("losh_p"), 1)).toBeLessThan(1e-6);
  });

  it("bivariate Moran's I and Lee's L", async () => {
    const pairs = [
      [0, 1],
      [0, 2],
    ] as const;
    const { i } = await localBivariateMoran(spots.x, pairs, graph, { permutations: 0 });
    expect(worst(i.data, want("moran_bv"), 1)).toBeLessThan(1e-6);
    const { l } = await localLee(spots.x, pairs, graph, { permutations: 0 });
    expect(worst(l.data, want("lee"), 1)).toBeLessThan(1e-6);
  });
});

/** Seven places with a directed graph of uneven weights; the last has no neighbor. */
function seven(): Graph {
  const rng = stream(8);
  const at = positions(
    Float64Array.from({ length: 14 }, () => rng.uniform()),
    "um",
    1,
  );
  const knn = kNearestGraph(at, { k: 2 });
  const end = knn.indptr[6];
  return {
    ...knn,
    indptr: Uint32Array.from(knn.indptr, (e) => Math.min(e, end)),
    indices: knn.indices.slice(0, end),
    weights: Float32Array.from({ length: end }, (_, e) => 1 + (e % 3)),
  };
}

/** The statistic of node i over all ways to put the other six values. */
function conditional(x: readonly number[], i: number, of: (order: readonly number[]) => number): number[] {
  const rest = x.filter((_, j) => j !== i);
  return orders(rest).map((order) => of([...order.slice(0, i), x[i], ...order.slice(i)]));
}

describe("agrees with the definition and all 720 neighborhoods of seven values", () => {
  const graph = seven();
  const values = [0, 0, 1, 2.5, 0.5, 7, 1];
  const other = [3, 1, 0, 0, 4, 2, 0.5];
  const x = expression(dense(7, 1, Float32Array.from(values)), "log");
  const both = expression(dense(7, 2, Float32Array.from(values.flatMap((v, i) => [v, other[i]]))), "log");
  const scaled = (v: readonly number[]): number[] => centred(v).map((a) => a / Math.sqrt(varianceOf(v)));
  const lagOf = (w: readonly number[], v: readonly number[]): number =>
    w.reduce((s, a, j) => s + a * v[j], 0);

  it.each([true, false])("row-standardized: %s", async (rowStandardize) => {
    const w = matrix(graph, rowStandardize);
    const zx = scaled(values);
    const options = { rowStandardize, permutations: 2000, alternative: "greater" } as const;
    const cases = [
      [
        await localMoran(x, graph, options),
        "i",
        values,
        1,
        (i: number, v: readonly number[]) => (6 / 7) * scaled(v)[i] * lagOf(w[i], scaled(v)),
      ],
      [
        await localBivariateMoran(both, [[0, 1]], graph, options),
        "i",
        other,
        1,
        (i: number, v: readonly number[]) => (6 / 7) * zx[i] * lagOf(w[i], scaled(v)),
      ],
      [
        await localGeary(x, graph, options),
        "c",
        values,
        -1,
        (i: number, v: readonly number[]) =>
          w[i].reduce((s, a, j) => s + a * (scaled(v)[i] - scaled(v)[j]) ** 2, 0),
      ],
      [
        await localG(x, graph, { ...options, star: false }),
        "g",
        values,
        1,
        (i: number, v: readonly number[]) => lagOf(w[i], v) / (v.reduce((s, a) => s + a, 0) - v[i]),
      ],
    ] as const;
    for (const [found, name, start, sign, of] of cases) {
      const statistic = (found as unknown as Record<string, Dense>)[name].data;
      for (let i = 0; i < 7; i++) {
        if (i === 6) {
          for (const part of [statistic, found.z.data, found.p.data, found.pPermutation.data])
            expect(part[i]).toBeNaN();
          continue;
        }
        const all = conditional(start, i, (order) => of(i, order));
        const truth = of(i, start);
        expect(statistic[i]).toBeCloseTo(truth, 6);
        expect(found.z.data[i]).toBeCloseTo((truth - average(all)) / Math.sqrt(varianceOf(all)), 6);
        const share = all.filter((v) => sign * v >= sign * truth - 1e-9).length / all.length;
        expect(Math.abs(found.pPermutation.data[i] - share)).toBeLessThan(3.5 * Math.sqrt(0.25 / 2000));
      }
    }
  });

  it("Gi* against all orders of the seven values", async () => {
    const w = matrix(graph, false);
    w.forEach((row, i) => (row[i] = Math.max(...row)));
    for (const rowStandardize of [true, false]) {
      const found = await localG(x, graph, { rowStandardize, permutations: 0 });
      for (let i = 0; i < 6; i++) {
        const row = w[i].map((a) => (rowStandardize ? a / w[i].reduce((s, b) => s + b, 0) : a));
        const of = (v: readonly number[]): number => lagOf(row, v) / v.reduce((s, a) => s + a, 0);
        const all = orders(values).map(of);
        expect(found.g.data[i]).toBeCloseTo(of(values), 6);
        expect(found.z.data[i]).toBeCloseTo((of(values) - average(all)) / Math.sqrt(varianceOf(all)), 6);
      }
    }
  });
});

const graph = hexagons(10);
const pairsOf = (x: Dense): (readonly [number, number])[] =>
  Array.from({ length: x.cols }, (_, j) => [j, (j + 1) % x.cols] as const);
type Verb = (
  x: Expression<Dense>,
  options: object,
) => Promise<{ readonly p?: Dense; readonly pPermutation: Dense }>;
const verbs: Record<string, Verb> = {
  localMoran: (x, options) => localMoran(x, graph, options),
  localGeary: (x, options) => localGeary(x, graph, options),
  localG: (x, options) => localG(x, graph, options),
  losh: (x, options) => losh(x, graph, options),
  localLee: (x, options) => localLee(x, pairsOf(x), graph, options),
  localBivariateMoran: (x, options) => localBivariateMoran(x, pairsOf(x), graph, options),
};

/** p of one observation per gene, so that no two depend on each other. */
const oneEach = (p: Dense, seed: number): Float64Array => {
  const rng = stream(seed, 5);
  return Float64Array.from({ length: p.cols }, (_, j) => p.data[rng.below(p.rows) * p.cols + j]);
};

describe("on 1,000 tissues without pattern p is uniform", () => {
  const nullP = (name: string, kind: "normal" | "counts", permutations: number): Promise<Float64Array> =>
    nullPValues(async (rng) => {
      const seed = rng.u32();
      const x = genesWithoutPattern(rng, 100, 50, kind);
      const found = await verbs[name](x, { permutations, seed });
      return oneEach(permutations > 0 ? found.pPermutation : (found.p as Dense), seed);
    });

  it.each(Object.keys(verbs))("%s by random neighborhoods", async (name) => {
    // Two-sided p of 199 permutations are a hundredth apart.
    const grain = name === "losh" ? 199 : 99;
    expectCalibrated(await nullP(name, "normal", 199), { continuous: true, permutations: grain });
    // Equal values tie with the observed one, which makes p larger.
    expectCalibrated(await nullP(name, "counts", 199), { permutations: grain, least: 0.02 });
  });

  it.each(Object.keys(verbs).filter((name) => name !== "localLee"))("%s by the moments", async (name) => {
    expectCalibrated(await nullP(name, "normal", 0));
    expectCalibrated(await nullP(name, "counts", 0));
  });
});

it("finds hot spots of 7 among 100 spots, one standard deviation high, in this share of tissues", async () => {
  const rng = stream(21);
  const x = genesWithoutPattern(rng, 100, 500, "normal");
  const inside = [44, ...graph.indices.slice(graph.indptr[44], graph.indptr[45])];
  for (const i of inside) for (let j = 0; j < 500; j++) x.data[i * 500 + j] += 1;
  const power: Record<string, number> = {};
  for (const [name, verb] of Object.entries(verbs)) {
    const { pPermutation } = await verb(x, { permutations: 199, alternative: "greater" });
    power[name] = share(pPermutation.data.slice(44 * 500, 45 * 500));
  }
  expect(power).toEqual({
    localBivariateMoran: 0.624,
    localG: 0.758,
    localGeary: 0.336,
    localLee: 0.858,
    localMoran: 0.632,
    losh: 0.106,
  });
});
const share = (p: ArrayLike<number>): number => Array.from(p).filter((v) => v <= 0.05).length / p.length;

describe("at the edges", () => {
  const line = gridGraph(new Int32Array(5), Int32Array.of(0, 1, 2, 3, 9));
  const verbsOn = { localMoran, localGeary, localG, losh };

  it.each(Object.entries(verbsOn))("%s: lone observations, constant genes and NaN", async (_, verb) => {
    const x = expression(
      dense(5, 4, Float32Array.of(0, 4.1, NaN, 9, 1, 4.1, 1, 8, 5, 4.1, 2, 5, 3, 4.1, 0, 3, 0, 4.1, 5, 1)),
      "log",
    );
    const before = structuredClone(x);
    const found = await verb(x, line, { permutations: 19 });
    for (const part of [found.z, found.p, found.pAdjusted, found.pPermutation, found.pPermutationAdjusted]) {
      expect(column(part, 1).every(Number.isNaN)).toBe(true);
      expect(column(part, 2).every(Number.isNaN)).toBe(true);
      expect(part.data[4 * 4]).toBeNaN();
      expect(column(part, 0).filter((v) => v === v).length).toBeGreaterThan(2);
    }
    expect(column(found.pAdjusted, 3)).toEqual([...adjustPValues(Float64Array.from(column(found.p, 3)))]);
    expect(x).toEqual(before);
    expect(found.params).toMatchObject({ permutations: 19, seed: 0, rowStandardize: true });
  });

  it("gives the same for sparse values, and for a gene alone", async () => {
    const x = genesWithoutPattern(stream(3), 100, 6, "counts");
    for (const verb of Object.values(verbsOn)) {
      const all = await verb(x, graph, { permutations: 49 });
      const sparse = await verb(expression(toSparse(x), "log"), graph, { permutations: 49 });
      expect(worst(sparse.z.data, all.z.data, 1)).toBeLessThan(1e-9);
      expect(sparse.pPermutation).toEqual(all.pPermutation);
      const one = await verb(expression(selectColumns(x, [4]), "log"), graph, { permutations: 49 });
      expect([...one.pPermutation.data]).toEqual(column(all.pPermutation, 4));
    }
  });

  it("refuses what does not fit", async () => {
    const x = expression(dense(5, 1, Float32Array.of(1, 2, 4, 9, 3)), "log");
    const code = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => "none",
        (error: unknown) => (error instanceof SpatialError ? error.code : error),
      );
    expect(await code(localMoran(expression(dense(4, 1), "log"), line))).toBe("input");
    expect(await code(localBivariateMoran(x, [[0, 1]], line))).toBe("input");
    expect(await code(localG(x, line, { star: 1 as never }))).toBe("option");
    expect(await code(losh(x, line, { exponent: -1 }))).toBe("option");
    const wide = {
      kind: "sparse",
      rows: 5,
      cols: 2e7,
      indptr: new Uint32Array(6),
      indices: new Uint32Array(0),
      data: new Float32Array(0),
      values: "log",
    } as const;
    expect(await code(localMoran(wide, line))).toBe("memory");
  });

  it("takes no observations, no genes and a tissue of one", async () => {
    const none = await localMoran(expression(dense(5, 0), "log"), line);
    expect(none.i.data.length).toBe(0);
    for (const n of [0, 1, 2]) {
      const at = positions(
        Float64Array.from({ length: 2 * n }, (_, t) => t),
        "um",
        1,
      );
      const g = n > 1 ? kNearestGraph(at, { k: 1 }) : gridGraph(new Int32Array(n), new Int32Array(n));
      for (const verb of Object.values(verbsOn)) {
        const found = await verb(expression(dense(n, 1, Float32Array.of(1, 2).slice(0, n)), "log"), g);
        expect(found.z.data.every(Number.isNaN)).toBe(true);
      }
    }
  });
});
