import { describe, expect, it } from "vitest";
import { adjustedRandIndex } from "../../src/cluster/index.ts";
import { type Rng, stream } from "../../src/core/index.ts";
import { gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import { normal, poisson } from "../../src/kernels/random.ts";
import {
  categories,
  dense,
  type Dense,
  expression,
  type Expression,
  type Graph,
  positions,
  type Sparse,
  toSparse,
} from "../../src/model/index.ts";
import { genePatterns, moran } from "../../src/spatial/index.ts";
import { cortex } from "../support/cortex.ts";
import { realData } from "../support/shared.ts";

const side = 20;
const n = side * side;
const graph = gridGraph(
  Int32Array.from({ length: n }, (_, i) => Math.floor(i / side)),
  Int32Array.from({ length: n }, (_, i) => i % side),
  { lattice: "square" },
);
const left = (i: number): boolean => i % side < 8;
const middle = (i: number): boolean =>
  Math.abs((i % side) - 9.5) < 4 && Math.abs(Math.floor(i / side) - 9.5) < 4;
const maps = [left, (i: number): boolean => !left(i), middle];

/** Counts of 12 genes of each of three maps, and then of `noise` genes without; each spot has a depth of its own that all share. */
function planted(rng: Rng, noise: number): Expression<Sparse> {
  const p = 36 + noise;
  const data = new Float32Array(n * p);
  for (let i = 0; i < n; i++) {
    const depth = Math.exp(0.3 * normal(rng));
    for (let j = 0; j < p; j++)
      data[i * p + j] = Math.log1p(poisson(rng, depth * (j < 36 && maps[j % 3](i) ? 3 : 1)));
  }
  return expression(toSparse(dense(n, p, data)), "log");
}

describe("genePatterns", () => {
  it("groups by the definition: correlations without the diagonal, mean linkage one merge at a time", async () => {
    for (const seed of [1, 2, 3]) {
      const rng = stream(seed);
      const places = positions(
        Float64Array.from({ length: 240 }, () => rng.uniform()),
        "um",
        1,
      );
      const knn = kNearestGraph(places, { k: 5 });
      const trend = Array.from({ length: 24 }, () => [normal(rng), normal(rng), normal(rng)]);
      const x = dense(
        120,
        24,
        Float32Array.from({ length: 120 * 24 }, (_, at) => {
          const [i, [a, b, c]] = [Math.floor(at / 24), trend[at % 24]];
          const [s, t] = [places.data[2 * i], places.data[2 * i + 1]];
          return 4 * (a * s + b * t + c * s * t) + normal(rng);
        }),
      );
      const found = await genePatterns(expression(x, "scaled"), knn, { minGenes: 2, minCorrelation: 0.8 });
      const { pAdjusted } = await moran(expression(x, "scaled"), knn);
      const core = Array.from(pAdjusted.keys()).filter((j) => pAdjusted[j] <= 0.05);
      const want = byDefinition(x, knn, core, 0.8).filter((members) => members.length >= 2);
      const got = found.group.categories.map((_, g) =>
        core.filter((j) => found.group.codes[j] === g && found.isCore[j] === 1),
      );
      const text = (lists: number[][]): string[] => lists.map((l) => l.join()).sort();
      expect(core.length).toBeGreaterThan(10);
      expect(text(got)).toEqual(text(want));
      // Each correlation by the definition, without the gene itself.
      const j = got[0][0];
      const z = (g: number): number[] => scaled(Array.from({ length: 120 }, (_, i) => x.data[i * 24 + g]));
      const others = got[0].slice(1).map(z);
      const mean = others[0].map((_, i) => others.reduce((sum, o) => sum + o[i], 0) / others.length);
      const w = symmetric(knn);
      const near = scaled(w.map((row) => row.reduce((sum, v, k) => sum + v * mean[k], 0)));
      const r = z(j).reduce((sum, v, i) => sum + v * near[i], 0) / 120;
      expect(found.correlation[j]).toBeCloseTo(r, 5);
    }
  });

  it("finds planted maps, keeps a map and its negative apart, and leaves genes without pattern alone", async () => {
    const truth = Array.from({ length: 36 }, (_, j) => String(j % 3));
    let [assigned, wrong] = [0, 0];
    for (let seed = 0; seed < 10; seed++) {
      const x = planted(stream(seed, 7), 300);
      const { group, map, order, correlation, isCore } = await genePatterns(x, graph);
      expect(group.categories.length).toBe(3);
      const codes = Array.from(group.codes.subarray(0, 36), String);
      expect(adjustedRandIndex(categories(codes), categories(truth))).toBe(1);
      for (let g = 0; g < 3; g++) {
        const inside = maps.map((is) => {
          const spots = Array.from({ length: n }, (_, i) => i).filter(is);
          return spots.reduce((sum, i) => sum + map.data[i * 3 + g], 0) / spots.length;
        });
        const [member] = order.filter((j) => j < 36 && group.codes[j] === g);
        expect(inside[member % 3]).toBe(Math.max(...inside));
        expect(inside[member % 3]).toBeGreaterThan(0.6);
      }
      expect(correlation.every((r, j) => (group.codes[j] < 0 ? Number.isNaN(r) : r > 0))).toBe(true);
      expect(isCore.subarray(0, 36).filter((v) => v === 1).length).toBeGreaterThan(32);
      assigned += group.codes.filter((c) => c >= 0).length;
      wrong += group.codes.subarray(36).filter((c) => c >= 0).length;
    }
    // 5 % of the assigned genes may be false.
    expect(wrong / assigned).toBeLessThan(0.06);
  }, 60_000);

  it("has no patterns in tissues without", async () => {
    let assigned = 0;
    for (let seed = 0; seed < 20; seed++) {
      const rng = stream(seed, 9);
      const data = Float32Array.from({ length: n * 200 }, () => poisson(rng, 1));
      const found = await genePatterns(expression(toSparse(dense(n, 200, data)), "counts"), graph);
      assigned += found.group.codes.filter((c) => c >= 0).length;
      if (found.group.categories.length === 0) expect(found.p.every(Number.isNaN)).toBe(true);
    }
    expect(assigned / (20 * 200)).toBeLessThan(0.001);
  }, 60_000);

  it("cuts into as many groups as asked for, sparse or full, and leaves out what has no map", async () => {
    const rng = stream(5);
    const x: Dense = dense(
      n,
      20,
      Float32Array.from({ length: n * 20 }, (_, at) =>
        at % 20 === 19
          ? 2
          : at % 20 === 18 && at < 20
            ? NaN
            : (left(Math.floor(at / 20)) ? 2 : 0) + poisson(rng, 2),
      ),
    );
    const found = await genePatterns(expression(x, "counts"), graph, { groups: 2, minGenes: 2 });
    expect(found.params.groups).toBe(2);
    expect([...found.group.codes.subarray(18)]).toEqual([-1, -1]);
    expect([...found.p.subarray(18)]).toEqual([NaN, NaN]);
    expect([...found.order.subarray(18)]).toEqual([18, 19]);
    const one = await genePatterns(expression(x, "counts"), graph);
    expect(one.group.categories).toEqual(["pattern 1"]);
    const sparse = await genePatterns(expression(toSparse(x), "counts"), graph);
    expect(sparse.group).toEqual(one.group);
    one.correlation.forEach((r, j) => {
      if (one.group.codes[j] >= 0) expect(sparse.correlation[j]).toBeCloseTo(r, 10);
    });
    await expect(genePatterns(expression(dense(3, 1, new Float32Array(3)), "log"), graph)).rejects.toThrow(
      /3 rows/,
    );
    await expect(genePatterns(expression(x, "counts"), graph, { k: 3 } as object)).rejects.toThrow(/k/);
    const many = expression(dense(n, 0, new Float32Array(0)), "log");
    expect((await genePatterns(many, graph)).map).toEqual(dense(n, 0, new Float64Array(0)));
  });

  // Myelin genes mark white matter in this section: Maynard et al. 2021, doi:10.1038/s41593-020-00787-0.
  it.skipIf(realData === null)(
    "separates white and grey matter of cortex",
    async () => {
      const { x, names, graph: grid } = await cortex(1200);
      const { group, map } = await genePatterns(x, grid);
      const codeOf = (gene: string): number => group.codes[names.indexOf(gene)];
      const [white, grey] = [codeOf("MBP"), codeOf("SNAP25")];
      expect(white).toBeGreaterThanOrEqual(0);
      expect(grey).toBeGreaterThanOrEqual(0);
      expect(white).not.toBe(grey);
      for (const gene of ["PLP1", "MOBP", "CNP", "TF", "CRYAB"]) expect(codeOf(gene), gene).toBe(white);
      for (const gene of ["ENC1", "NRGN", "NEFL", "STMN2"]) expect(codeOf(gene), gene).toBe(grey);
      const k = map.cols;
      const product = (a: number, b: number): number =>
        Array.from({ length: map.rows }, (_, i) => map.data[i * k + a] * map.data[i * k + b]).reduce(
          (s, v) => s + v,
          0,
        );
      expect(product(white, grey) / map.rows).toBeLessThan(-0.5);
    },
    60_000,
  );
});

const scaled = (values: number[]): number[] => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const sd = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  return values.map((v) => (v - mean) / sd);
};

/** Row-standardized weights and their mirror image, averaged, in full. */
function symmetric({ nodes, indptr, indices }: Graph): number[][] {
  const w = Array.from({ length: nodes }, () => new Array<number>(nodes).fill(0));
  for (let i = 0; i < nodes; i++)
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const share = 1 / (indptr[i + 1] - indptr[i]) / 2;
      w[i][indices[e]] += share;
      w[indices[e]][i] += share;
    }
  return w;
}

function byDefinition(x: Dense, graph: Graph, core: readonly number[], least: number): number[][] {
  const w = symmetric(graph);
  const z = core.map((j) => scaled(Array.from({ length: x.rows }, (_, i) => x.data[i * x.cols + j])));
  const c = z.map((a) => {
    const near = w.map((row) => row.reduce((sum, v, k) => sum + v * a[k], 0));
    return z.map((b) => b.reduce((sum, v, i) => sum + v * near[i], 0));
  });
  const r = (a: number, b: number): number =>
    Math.max(-1, Math.min(1, c[a][b] / Math.sqrt(c[a][a] * c[b][b])));
  let groups = core.map((_, a) => [a]);
  for (;;) {
    let best: readonly [number, number, number] = [-Infinity, 0, 0];
    groups.forEach((one, a) =>
      groups.slice(0, a).forEach((other, b) => {
        const mean =
          one.flatMap((i) => other.map((j) => r(i, j))).reduce((s, v) => s + v, 0) /
          (one.length * other.length);
        if (mean > best[0]) best = [mean, a, b];
      }),
    );
    if (best[0] < least) return groups.map((members) => members.map((m) => core[m]).sort((a, b) => a - b));
    const [, a, b] = best;
    groups = [...groups.filter((_, g) => g !== a && g !== b), [...groups[a], ...groups[b]]];
  }
}
