import fc from "fast-check";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import { delaunayGraph, gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import {
  type Dense,
  dense,
  type Expression,
  expression,
  type Graph,
  positions,
  type Sparse,
  sparse,
  toDense,
  toSparse,
} from "../../src/model/index.ts";
import { moran } from "../../src/spatial/index.ts";
import { adjustPValues } from "../../src/stats/index.ts";
import { matrix, orders } from "../support/definitions.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";
import * as tissue from "../support/spots.ts";

/** log1p of counts per 10,000, in single precision. */
function logNormalized(counts: Sparse): Expression<Sparse> {
  const data = new Float32Array(counts.data.length);
  for (let i = 0; i < counts.rows; i++) {
    let total = 0;
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) total += counts.data[e];
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++)
      data[e] = Math.log1p(Math.fround((counts.data[e] * 1e4) / total));
  }
  return expression({ ...counts, data }, "log");
}

function within(found: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  for (let j = 0; j < want.length; j++) expect(Math.abs(found[j] - want[j])).toBeLessThanOrEqual(tolerance);
}

describe.skipIf(oracles === null)("agrees with squidpy 1.8.3 and esda 2.10", () => {
  const input = oracles === null ? {} : readNpz(join(oracles, "core", "input.npz"));
  const want = oracles === null ? {} : readNpz(join(oracles, "core", "autocorr.npz"));
  const values = (name: string): Float64Array => Float64Array.from(want[name].data as Float64Array);
  const sample = (): { x: Expression<Sparse>; graph: Graph } => {
    const array = Int32Array.from(input["array"].data as BigInt64Array, Number);
    return {
      x: logNormalized(readCsr(input, "X")),
      graph: gridGraph(
        array.filter((_, e) => e % 2 === 0),
        array.filter((_, e) => e % 2 === 1),
      ),
    };
  };

  it.each([
    ["rownorm", true],
    ["binary", false],
  ] as const)("%s weights: I, variance and, folded as squidpy does, p", async (name, rowStandardize) => {
    const { x, graph } = sample();
    const found = await moran(x, graph, { rowStandardize });
    within(found.i, values(`moran_${name}_I`), 1e-6);
    const variances = values(`moran_${name}_var_norm`);
    found.variance.forEach((v, j) => expect(Math.abs(v / variances[j] - 1)).toBeLessThan(1e-5));
    const folded = found.p.map((p) => Math.min(p, 1 - p));
    within(folded, values(`moran_${name}_pval_norm`), 1e-5);
    within(adjustPValues(folded), values(`moran_${name}_pval_norm_fdr_bh`), 1e-5);
  });

  it("both variances of esda", async () => {
    const { x, graph } = sample();
    const normal = await moran(x, graph);
    const random = await moran(x, graph, { assumption: "randomization" });
    within(normal.i, values("esda_first60_I"), 1e-6);
    within(normal.z, values("esda_first60_z_norm"), 1e-4);
    within(random.z, values("esda_first60_z_rand"), 1e-4);
  });
});

it("agrees with esda 2.10 and squidpy 1.8.3 on a small tissue", async () => {
  const graph = gridGraph(tissue.row, tissue.col);
  for (const x of [tissue.x, asSparse(tissue.x)]) {
    const normal = await moran(x, graph);
    // esda holds these weights in single precision
    within(normal.i, tissue.moran["i"], 1e-8);
    within(normal.z, tissue.moran["z_normality"], 1e-6);
    const random = await moran(x, graph, { assumption: "randomization" });
    within(random.z, tissue.moran["z_randomization"], 1e-6);
    within(
      normal.p.map((p) => Math.min(p, 1 - p)),
      tissue.moran["squidpy_p"],
      1e-5,
    );
  }
});

/** The definition, word by word. */
function bruteForce(x: readonly number[], w: readonly (readonly number[])[]): number {
  const n = x.length;
  const mean = x.reduce((s, v) => s + v, 0) / n;
  const z = x.map((v) => v - mean);
  let [weights, products] = [0, 0];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      weights += w[i][j];
      products += w[i][j] * z[i] * z[j];
    }
  return ((n / weights) * products) / z.reduce((s, v) => s + v * v, 0);
}

function places(n: number, seed: number): ReturnType<typeof positions> {
  const rng = stream(seed);
  return positions(
    Float64Array.from({ length: 2 * n }, () => rng.uniform()),
    "um",
    1,
  );
}

/** Values of which about `full` are not zero. */
function genes(n: number, p: number, full: number, seed: number): Expression<Dense> {
  const rng = stream(seed, 1);
  const data = Float32Array.from({ length: n * p }, () => (rng.uniform() < full ? 3 * rng.uniform() : 0));
  return expression(dense(n, p, data), "log");
}

const asSparse = (x: Expression<Dense>): Expression<Sparse> => expression(toSparse(x), x.values);

describe("agrees with the definition", () => {
  it.each([true, false])(
    "on directed and weighted graphs, isolated nodes included; row-standardized: %s",
    async (std) => {
      const knn = kNearestGraph(places(25, 3), { k: 3 });
      const rng = stream(9);
      const weighted: Graph = { ...knn, weights: knn.weights.map(() => 0.1 + rng.uniform()) };
      const x = genes(25, 12, 0.6, 4);
      const lone = delaunayGraph(places(25, 5), { maxLength: 0.15 }).graph;
      expect(Array.from({ length: 25 }, (_, i) => lone.indptr[i + 1] - lone.indptr[i])).toContain(0);
      for (const graph of [weighted, lone]) {
        const { i } = await moran(asSparse(x), graph, { rowStandardize: std });
        const w = matrix(graph, std);
        for (let j = 0; j < 12; j++) {
          const column = Array.from({ length: 25 }, (_, r) => x.data[r * 12 + j]);
          expect(i[j]).toBeCloseTo(bruteForce(column, w), 10);
        }
      }
    },
  );

  it("randomization: mean and variance over all 720 orders of six values", async () => {
    const knn = kNearestGraph(places(6, 8), { k: 2 });
    const graph: Graph = { ...knn, weights: Float32Array.from(knn.weights, (_, e) => 1 + (e % 3)) };
    const values = [0, 0, 1, 2.5, 0.5, 7];
    const x = expression(dense(6, 1, Float32Array.from(values)), "log");
    for (const rowStandardize of [true, false]) {
      const found = await moran(x, graph, { rowStandardize, assumption: "randomization" });
      const w = matrix(graph, rowStandardize);
      const all = orders(values).map((order) => bruteForce(order, w));
      const mean = all.reduce((s, v) => s + v, 0) / all.length;
      expect(found.expected).toBeCloseTo(mean, 10);
      expect(found.variance[0]).toBeCloseTo(all.reduce((s, v) => s + (v - mean) ** 2, 0) / all.length, 10);
    }
  });
});

describe("moran, always", () => {
  const graph = delaunayGraph(places(80, 1)).graph;

  it("gives the same for sparse and dense values and changes neither", async () => {
    const x = genes(80, 30, 0.3, 2);
    const s = asSparse(x);
    const before = structuredClone({ x, s, graph });
    const [a, b] = [await moran(x, graph), await moran(s, graph)];
    within(a.i, b.i, 1e-12);
    within(a.logP, b.logP, 1e-9);
    expect({ x, s, graph }).toEqual(before);
    expect(toDense(s).data).toEqual(x.data);
  });

  it("does not depend on shift, scale or order of the observations", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 20 }), async (seed, shift) => {
        const x = genes(80, 3, 0.4, seed);
        const want = await moran(asSparse(x), graph);
        const moved = expression(
          dense(
            80,
            3,
            Float64Array.from(x.data, (v) => 5 * v + shift),
          ),
          "log",
        );
        within((await moran(moved, graph)).i, want.i, 1e-9);
        const order = Array.from({ length: 80 }, (_, r) => (r * 27 + 5) % 80);
        const p = places(80, 1);
        const turned = delaunayGraph(
          positions(new Float64Array(order.flatMap((o) => [p.data[2 * o], p.data[2 * o + 1]])), "um", 1),
        );
        const rows = new Float32Array(order.flatMap((o) => [...x.data.subarray(3 * o, 3 * o + 3)]));
        const found = await moran(asSparse(expression(dense(80, 3, rows), "log")), turned.graph);
        within(found.i, want.i, 1e-9);
        within(found.p, want.p, 1e-9);
      }),
      { numRuns: 25 },
    );
  });

  it("keeps log p where p underflows", async () => {
    const p = places(4000, 2);
    const x = expression(
      dense(
        4000,
        1,
        Float32Array.from({ length: 4000 }, (_, r) => p.data[2 * r]),
      ),
      "log",
    );
    const found = await moran(x, delaunayGraph(p).graph);
    expect(found.z[0]).toBeGreaterThan(40);
    expect(found.p[0]).toBe(0);
    expect(found.logP[0]).toBeLessThan(-800);
    expect(found.logP[0]).toBeGreaterThan(-1e5);
  });

  it.each(["normality", "randomization"] as const)(
    "calls 3 to 7 % of genes without pattern at .05 (%s)",
    async (assumption) => {
      const rng = stream(2026);
      const [n, p] = [400, 1000];
      const data = new Float32Array(n * p);
      for (let j = 0; j < p; j++) {
        const mean = 0.2 + 3 * rng.uniform();
        for (let i = 0; i < n; i++) {
          // an exponentially mixed count: a geometric distribution, half of the spots at 0 for small means
          const u = 1 - rng.uniform();
          data[i * p + j] = Math.log1p(Math.floor(Math.log(u) / Math.log(mean / (1 + mean))));
        }
      }
      const side = Int32Array.from({ length: n }, (_, i) => Math.floor(i / 20));
      const across = Int32Array.from({ length: n }, (_, i) => 2 * (i % 20) + (Math.floor(i / 20) % 2));
      const found = await moran(asSparse(expression(dense(n, p, data), "log")), gridGraph(side, across), {
        assumption,
      });
      const share = found.p.filter((q) => q < 0.05).length / p;
      expect(share).toBeGreaterThan(0.03);
      expect(share).toBeLessThan(0.07);
      expect(found.pAdjusted.filter((q) => q < 0.05).length).toBeLessThan(5);
    },
  );
});

describe("moran, at the edges", () => {
  const line = gridGraph(new Int32Array(5), Int32Array.of(0, 1, 2, 3, 4));
  const code = async (f: () => Promise<unknown>): Promise<string> => {
    try {
      await f();
    } catch (error) {
      if (error instanceof SpatialError) return error.code;
      throw error;
    }
    return "none";
  };

  it("has no value for constant genes and does not count them", async () => {
    const data = Float32Array.of(0, 4.1, 1, 9, 0, 4.1, 2, 8, 0, 4.1, 3, 5, 0, 4.1, 4, 3, 0, 4.1, 5, 1);
    const x = expression(dense(5, 4, data), "log");
    for (const found of [await moran(x, line), await moran(asSparse(x), line)]) {
      for (const column of [found.i, found.z, found.p, found.logP, found.pAdjusted]) {
        expect([...column].map(Number.isNaN)).toEqual([true, true, false, false]);
      }
      expect([...found.pAdjusted.slice(2)]).toEqual([...adjustPValues(found.p.slice(2))]);
    }
  });

  it("takes stored zeros for zeros", async () => {
    const stored = sparse(
      5,
      2,
      Uint32Array.of(0, 2, 3, 5, 6, 8),
      Uint32Array.of(0, 1, 0, 0, 1, 0, 0, 1),
      Float32Array.of(0, 1, 0, 0, 2, 0, 0, 0),
    );
    const found = await moran(expression(stored, "log"), line);
    expect(found.i[0]).toBeNaN();
    expect(found.i[1]).toBeCloseTo((await moran(expression(toDense(stored), "log"), line)).i[1], 12);
  });

  it("has no p where I cannot vary, no I where there is no edge", async () => {
    const x = expression(dense(4, 1, Float32Array.of(1, 2, 4, 9)), "log");
    const complete = kNearestGraph(places(4, 1), { k: 3 });
    for (const assumption of ["normality", "randomization"] as const) {
      const found = await moran(x, complete, { assumption });
      expect(found.i[0]).toBeCloseTo(-1 / 3, 12);
      expect(found.variance[0]).toBe(0);
      expect(found.p[0]).toBeNaN();
    }
    const found = await moran(x, gridGraph(Int32Array.of(0, 5, 9, 20), new Int32Array(4)));
    expect([found.i[0], found.p[0]]).toEqual([NaN, NaN]);
  });

  it("takes no observations and no genes", async () => {
    const none = await moran(expression(toSparse(dense(5, 0)), "log"), line);
    expect(none.i.length).toBe(0);
    const empty = await moran(
      expression(toSparse(dense(0, 2)), "log"),
      gridGraph(new Int32Array(0), new Int32Array(0)),
    );
    expect([...empty.i]).toEqual([NaN, NaN]);
  });

  it("refuses a graph of another size, unknown options and an aborted signal", async () => {
    const x = expression(dense(5, 1, Float32Array.of(1, 2, 4, 9, 3)), "log");
    expect(await code(() => moran(expression(dense(4, 1), "log"), line))).toBe("input");
    expect(await code(() => moran(x, line, { permutation: 3 } as object))).toBe("option");
    expect(await code(() => moran(x, line, { signal: AbortSignal.abort() }))).toBe("aborted");
  });

  it("reports progress to the end and echoes its options", async () => {
    const steps: number[] = [];
    const x = genes(5, 40, 0.5, 1);
    const found = await moran(asSparse(x), line, { onProgress: ({ fraction }) => steps.push(fraction) });
    expect(steps.at(-1)).toBe(1);
    expect(found.params).toEqual({
      rowStandardize: true,
      assumption: "normality",
      alternative: "greater",
      permutations: 0,
      seed: 0,
    });
  });
});

it("without observations says that it is done, with whole progress", async () => {
  const none = { kind: "graph", nodes: 0, directed: false, indptr: new Uint32Array(1) } as const;
  const graph = {
    ...none,
    indices: new Uint32Array(0),
    weights: new Float32Array(0),
    distances: new Float64Array(0),
  };
  const seen: number[] = [];
  const onProgress = (p: { fraction: number }): void => void seen.push(p.fraction);
  const { i } = await moran(expression(dense(0, 3), "log"), graph, { onProgress });
  expect(Array.from(i)).toEqual([NaN, NaN, NaN]);
  expect(seen.every((f) => f >= 0 && f <= 1)).toBe(true);
});
