import { describe, expect, it } from "vitest";
import { type Rng, SpatialError, stream } from "../../src/core/index.ts";
import { delaunayGraph, gridGraph, kNearestGraph, weighEdges } from "../../src/graph/index.ts";
import { categorical, dense, type Dense, type Graph, positions } from "../../src/model/index.ts";
import { abundanceEnrichment, neighborhoodEnrichment } from "../../src/spatial/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";

function places(n: number, seed: number): ReturnType<typeof positions> {
  const rng = stream(seed);
  return positions(
    Float64Array.from({ length: 2 * n }, () => rng.uniform()),
    "um",
    1,
  );
}

/** Rows that add up to 1, uneven. */
function mixtures(n: number, k: number, rng: Rng): Dense {
  const data = new Float64Array(n * k);
  for (let i = 0; i < n; i++) {
    const parts = Array.from({ length: k }, (_, a) => (rng.uniform() ** 3 + 0.01) * (a + 1));
    const sum = parts.reduce((s, v) => s + v, 0);
    parts.forEach((v, a) => (data[i * k + a] = v / sum));
  }
  return dense(n, k, data);
}

function orders(of: readonly number[]): number[][] {
  if (of.length < 2) return [[...of]];
  return of.flatMap((first, k) => orders(of.filter((_, j) => j !== k)).map((rest) => [first, ...rest]));
}

const sumOf = (g: Graph, x: Dense, order: readonly number[], a: number, b: number): number => {
  let sum = 0;
  for (let i = 0; i < g.nodes; i++)
    for (let e = g.indptr[i]; e < g.indptr[i + 1]; e++)
      sum += g.weights[e] * x.data[order[i] * x.cols + a] * x.data[order[g.indices[e]] * x.cols + b];
  return sum;
};

describe("exact moments", () => {
  const weighted = (g: Graph): Graph => weighEdges(g, { kernel: "exponential", bandwidth: 0.3 });
  const graphs: [string, Graph][] = [
    ["Delaunay", delaunayGraph(places(7, 1), { maxLength: Infinity }).graph],
    ["Delaunay, weighted", weighted(delaunayGraph(places(6, 1), { maxLength: Infinity }).graph)],
    ["directed nearest, weighted", weighted(kNearestGraph(places(6, 2), { k: 2 }))],
    ["with lone nodes", delaunayGraph(places(7, 4), { maxLength: 0.3 }).graph],
    ...[5, 4, 3, 2, 1].map((n): [string, Graph] => [
      `a line of ${n}`,
      gridGraph(
        new Int32Array(n),
        new Int32Array(n).map((_, i) => i),
      ),
    ]),
  ];
  it.each(graphs)("agree with all orders of the rows: %s", async (_, graph) => {
    for (let seed = 0; seed < 4; seed++) {
      const x = mixtures(graph.nodes, 3, stream(seed, graph.nodes));
      const all = orders(Array.from({ length: graph.nodes }, (_, i) => i));
      const found = await abundanceEnrichment(x, graph, { permutations: 0 });
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 3; b++) {
          const values = all.map((order) => sumOf(graph, x, order, a, b));
          const mean = values.reduce((s, v) => s + v, 0) / all.length;
          const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / all.length;
          expect(found.observed[3 * a + b]).toBeCloseTo(values[0], 10);
          expect(found.expected[3 * a + b]).toBeCloseTo(mean, 10);
          expect(found.variance[3 * a + b]).toBeCloseTo(variance, 10);
          if (variance < 1e-14) expect(found.z[3 * a + b]).toBeNaN();
        }
      }
    }
  });

  it.each([
    ["undirected", delaunayGraph(places(80, 3)).graph],
    ["directed", kNearestGraph(places(80, 3), { k: 4 })],
  ])("of one type each are those of labels, by sample too: %s", async (_, joined) => {
    const rng = stream(9);
    const codes = Int32Array.from({ length: 80 }, () => rng.below(3));
    const x = dense(80, 3);
    codes.forEach((c, i) => (x.data[3 * i + c] = 1));
    const labels = categorical(codes, ["a", "b", "c"]);
    const sample = categorical(
      codes.map((_, i) => i % 2),
      ["s", "t"],
    );
    const apart = { ...delaunayGraph(places(80, 3), { sample }).graph };
    for (const [graph, options] of [
      [joined, { permutations: 0 }],
      [apart, { permutations: 0, sample }],
    ] as const) {
      const want = await neighborhoodEnrichment(labels, graph, options);
      const got = await abundanceEnrichment(x, graph, options);
      for (let c = 0; c < 9; c++) {
        expect(got.observed[c]).toBe(want.counts[c]);
        expect(got.expected[c]).toBeCloseTo(want.expected[c], 9);
        expect(got.variance[c]).toBeCloseTo(want.variance[c], 9);
        expect(got.log2Ratio[c]).toBeCloseTo(want.log2Ratio[c], 9);
      }
    }
  });
});

describe("random orders", () => {
  const graph = delaunayGraph(places(150, 3)).graph;
  const x = mixtures(150, 3, stream(1));

  it("have the exact mean and variance, and the same for the same seed", async () => {
    const found = await abundanceEnrichment(x, graph, { permutations: 4000, seed: 2 });
    found.z.forEach((z, c) =>
      expect(Math.abs(found.zPermutation[c] - z)).toBeLessThan(0.06 * Math.abs(z) + 0.06),
    );
    const [a, b] = [2, 2].map((seed) => abundanceEnrichment(x, graph, { permutations: 40, seed }));
    expect(await a).toEqual(await b);
    expect((await a).params).toEqual({ permutations: 40, seed: 2 });
  });

  it("stay within samples", async () => {
    const sample = categorical(
      Int32Array.from({ length: 150 }, (_, i) => i % 2),
      ["s", "t"],
    );
    const apart = delaunayGraph(places(150, 3), { sample }).graph;
    const constant = dense(
      150,
      2,
      new Float64Array(300).map((_, e) => ((e >> 1) % 2 === 0 ? 1 : e % 2)),
    );
    const found = await abundanceEnrichment(constant, apart, { permutations: 20, sample });
    expect(found.z.every(Number.isNaN)).toBe(true);
    expect(found.zPermutation.every(Number.isNaN)).toBe(true);
    expect(found.pUpper.every((p) => p === 1)).toBe(true);
    await expect(abundanceEnrichment(x, graph, { sample })).rejects.toMatchObject({ subject: "graph" });
  });

  it("a planted pair of types is found, others are not", async () => {
    const rng = stream(4);
    const planted = mixtures(150, 4, rng);
    // Type 3 where x is low, in a gradient over the tissue.
    const { data } = places(150, 3);
    for (let i = 0; i < 150; i++) planted.data[4 * i + 3] += data[2 * i] < 0.4 ? 1 : 0;
    const { z, pUpper } = await abundanceEnrichment(planted, graph);
    expect(z[15]).toBeGreaterThan(5);
    expect(pUpper[15]).toBe(1 / 1001);
    expect(Math.abs(z[1])).toBeLessThan(4);
  });

  it("is calibrated over 1,000 tissues without pattern", async () => {
    const small = delaunayGraph(places(90, 6)).graph;
    const cells = [0, 1, 2, 5, 8];
    const [p, upper] = [cells.map((): number[] => []), cells.map((): number[] => [])];
    await nullPValues(async (rng) => {
      const found = await abundanceEnrichment(mixtures(90, 3, rng), small, {
        permutations: 99,
        seed: rng.u32(),
      });
      cells.forEach((c, t) => {
        p[t].push(found.p[c]);
        upper[t].push(found.pUpper[c]);
      });
      return found.p[0];
    });
    cells.forEach((_, t) => {
      expectCalibrated(Float64Array.from(p[t]));
      expectCalibrated(Float64Array.from(upper[t]), { permutations: 99, continuous: true });
    });
  });
});

it("takes no observation and none with neighbors, refuses other lengths and holes", async () => {
  const none = gridGraph(new Int32Array(0), new Int32Array(0));
  expect([...(await abundanceEnrichment(dense(0, 2), none)).observed]).toEqual([0, 0, 0, 0]);
  const lone = gridGraph(Int32Array.of(0, 9), Int32Array.of(0, 9));
  expect((await abundanceEnrichment(dense(2, 1), lone, { permutations: 3 })).z[0]).toBeNaN();
  await expect(abundanceEnrichment(dense(3, 1), lone)).rejects.toThrow(SpatialError);
  await expect(abundanceEnrichment(dense(2, 1, Float64Array.of(0, NaN)), lone)).rejects.toThrow(/row 1/);
  await expect(abundanceEnrichment(dense(2, 1), lone, { pivots: 3 } as object)).rejects.toThrow(SpatialError);
});
