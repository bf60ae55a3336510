import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjustedRandIndex } from "../../src/cluster/index.ts";
import { stream } from "../../src/core/rng.ts";
import { gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import { symmetricEigen } from "../../src/kernels/linalg.ts";
import {
  type Categorical,
  dense,
  type Expression,
  expression,
  type Graph,
  positions,
  selectRows,
  type Sparse,
  toDense,
  toSparse,
} from "../../src/model/index.ts";
import { chooseCount } from "../../src/modules/count.ts";
import { tissueModules } from "../../src/modules/index.ts";
import { log1p, normalizeTotal } from "../../src/preprocess/index.ts";
import { type Difficulty, type Layout, simulateTissue } from "../../src/simulate/index.ts";

/** A square of bands: each band expresses genes of its own, under noise. Positions are in rows of `side`. */
function bands(
  side: number,
  count: number,
  seed: number,
): { x: Expression<Sparse>; graph: Graph; truth: Categorical } {
  const rng = stream(seed);
  const n = side * side;
  const p = 8 * count;
  const data = new Float32Array(n * p);
  const codes = new Int32Array(n);
  const at = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    at[2 * i] = i % side;
    at[2 * i + 1] = Math.floor(i / side);
    codes[i] = Math.floor(((i % side) * count) / side);
    for (let j = 0; j < p; j++)
      if (rng.uniform() < (j % count === codes[i] ? 0.6 : 0.3)) data[i * p + j] = 0.5 + rng.uniform();
  }
  return {
    x: expression(toSparse(dense(n, p, data)), "log"),
    graph: kNearestGraph(positions(at, "um", 1), { k: 8 }),
    truth: { kind: "categorical", codes, categories: Array.from({ length: count }, (_, c) => String(c)) },
  };
}

function simulated(
  layout: Layout,
  difficulty: Difficulty,
  seed: number,
): { x: Expression<Sparse>; graph: Graph; truth: Categorical } {
  const { dataset, truth } = simulateTissue({ layout, difficulty, seed });
  const { array_row: row, array_col: col } = dataset.cells.columns;
  return {
    x: log1p(normalizeTotal(dataset.counts)),
    graph:
      layout === "visium"
        ? gridGraph(row as Int32Array, col as Int32Array)
        : kNearestGraph(dataset.positions, { k: 25 }),
    truth: truth.cells.columns["module"] as Categorical,
  };
}

describe("tissueModules on simulated tissue", () => {
  it.each([
    ["visium", "easy", 0.9],
    ["visium", "medium", 0.7],
    ["cells", "easy", 0.9],
    ["cells", "medium", 0.7],
  ] as const)("%s, %s: finds the number within 1 and the modules", async (layout, difficulty, least) => {
    const scores: number[] = [];
    for (const seed of [0, 2]) {
      const { x, graph, truth } = simulated(layout, difficulty, seed);
      const { labels, modules } = await tissueModules(x, graph);
      expect(Math.abs(modules - truth.categories.length)).toBeLessThanOrEqual(1);
      scores.push(adjustedRandIndex(labels, truth));
    }
    expect(Math.min(...scores)).toBeGreaterThanOrEqual(least);
  });
});

describe("tissueModules", () => {
  it("agrees with averaging, centring and an eigendecomposition done at length", async () => {
    const { x, graph } = bands(8, 2, 3);
    const { features } = await tissueModules(x, graph, { modules: 2, components: 3 });
    const full = toDense(x);
    const { rows: n, cols: p } = x;
    const s = new Float64Array(n * p);
    for (let i = 0; i < n; i++) {
      const around = [i, ...graph.indices.subarray(graph.indptr[i], graph.indptr[i + 1])];
      for (const k of around)
        for (let j = 0; j < p; j++) s[i * p + j] += full.data[k * p + j] / around.length;
    }
    const mean = new Float64Array(p);
    for (let e = 0; e < n * p; e++) mean[e % p] += s[e] / n;
    const c = new Float64Array(p * p);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < p; j++)
        for (let k = 0; k < p; k++)
          c[j * p + k] += ((s[i * p + j] - mean[j]) * (s[i * p + k] - mean[k])) / (n - 1);
    const { values } = symmetricEigen(c, p);
    for (let k = 0; k < 3; k++) {
      let variance = 0;
      for (let i = 0; i < n; i++) variance += features.data[i * 3 + k] ** 2 / (n - 1);
      expect(Math.abs(variance / values[k] - 1)).toBeLessThan(1e-4);
    }
  });

  it("finds bands, at a given number and by itself", async () => {
    const { x, graph, truth } = bands(24, 4, 1);
    const given = await tissueModules(x, graph, { modules: 4 });
    expect(adjustedRandIndex(given.labels, truth)).toBeGreaterThan(0.85);
    expect(given.candidates).toEqual([]);
    const auto = await tissueModules(x, graph);
    expect(auto.modules).toBe(4);
    expect(auto.candidates[0]).toMatchObject({ k: 1, stability: 1 });
    expect(auto.params).toEqual({ modules: "auto", components: 10, seed: 0 });
  });

  it("is the same for dense and sparse, twice, and leaves its input alone", async () => {
    const { x, graph } = bands(10, 3, 2);
    const before = [x.data.slice(), graph.indices.slice()];
    const a = await tissueModules(x, graph, { modules: 3 });
    expect(await tissueModules(x, graph, { modules: 3 })).toEqual(a);
    expect(await tissueModules(expression(toDense(x), "log"), graph, { modules: 3 })).toEqual(a);
    expect([x.data, graph.indices]).toEqual(before);
  });

  it("follows the observations' order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 99 }), async (shift) => {
        const { x, graph } = bands(10, 2, 5);
        const order = Uint32Array.from({ length: 100 }, (_, i) => (i * 3 + shift) % 100);
        const place = new Uint32Array(100);
        order.forEach((i, r) => (place[i] = r));
        const lists = Array.from(order, (i) =>
          Array.from(graph.indices.subarray(graph.indptr[i], graph.indptr[i + 1]), (j) => place[j]).sort(
            (a, b) => a - b,
          ),
        );
        const indptr = new Uint32Array(101);
        lists.forEach((list, r) => (indptr[r + 1] = indptr[r] + list.length));
        const moved: Graph = { ...graph, indptr, indices: Uint32Array.from(lists.flat()) };
        const a = await tissueModules(x, graph, { modules: 2 });
        const b = await tissueModules(selectRows(x, order), moved, { modules: 2 });
        const back = { ...b.labels, codes: Int32Array.from(place, (r) => b.labels.codes[r]) };
        expect(adjustedRandIndex(a.labels, back)).toBeGreaterThan(0.99);
      }),
      { numRuns: 5 },
    );
  });

  it("takes few observations and constant expression", async () => {
    const { x, graph } = bands(3, 2, 1);
    const few = await tissueModules(x, graph);
    expect(few.modules).toBeGreaterThanOrEqual(1);
    expect(few.params.components).toBe(8);
    const same = expression(dense(9, 4, new Float32Array(36).fill(1)), "log");
    expect((await tissueModules(same, graph)).modules).toBe(1);
  });

  it("refuses counts, a graph of another size, more modules than observations, unknown options; stops on a signal", async () => {
    const { x, graph } = bands(3, 2, 1);
    await expect(tissueModules(expression(x, "counts"), graph)).rejects.toMatchObject({ code: "values" });
    await expect(tissueModules(x, { ...graph, nodes: 8 })).rejects.toMatchObject({ code: "input" });
    await expect(tissueModules(x, graph, { modules: 10 })).rejects.toMatchObject({ code: "input" });
    await expect(tissueModules(x, graph, { k: 3 } as object)).rejects.toMatchObject({ code: "option" });
    await expect(tissueModules(x, graph, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("chooseCount", () => {
  const curve = (bic: readonly number[], stability: readonly number[] = []): number =>
    chooseCount(bic.map((b, i) => ({ k: i + 1, bic: b, stability: stability[i] ?? 0.5 })));

  it("finds the bend of a falling curve", () => {
    expect(curve([100, 80, 60, 40, 20, 18, 16, 14, 12, 10])).toBe(5);
    expect(curve([100, 60, 58, 56, 54, 52])).toBe(2);
  });

  it("lets stability decide between bends that fit equally well", () => {
    const bic = [100, 80, 60, 40, 30, 30, 30, 30];
    expect(curve(bic, [1, 1, 1, 0.9, 0.5])).toBe(4);
    expect(curve(bic, [1, 1, 1, 0.5, 0.9])).toBe(5);
  });

  it("takes the lowest BIC where there are too few candidates for a bend", () => {
    expect(curve([5, 3, 4])).toBe(2);
    expect(curve([5])).toBe(1);
  });
});
