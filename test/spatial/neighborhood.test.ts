import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import { delaunayGraph, gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import { type Categorical, categorical, categories, type Graph, positions } from "../../src/model/index.ts";
import {
  interactionMatrix,
  neighborhoodEnrichment,
  neighborhoodEnrichmentPerSample,
  neighborhoodPermutations,
} from "../../src/spatial/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";
import * as tissue from "../support/spots.ts";

const letters = (codes: readonly number[]): Categorical =>
  categorical(Int32Array.from(codes), ["a", "b", "c"]);
const line = (n: number): Graph =>
  gridGraph(
    new Int32Array(n),
    Int32Array.from({ length: n }, (_, i) => i),
  );

function places(n: number, seed: number): ReturnType<typeof positions> {
  const rng = stream(seed);
  return positions(
    Float64Array.from({ length: 2 * n }, () => rng.uniform()),
    "um",
    1,
  );
}

function randomLabels(n: number, seed: number): Categorical {
  const rng = stream(seed, 1);
  return letters(Array.from({ length: n }, () => rng.below(3)));
}

describe.skipIf(oracles === null)("agrees with squidpy 1.8.3", () => {
  const input = oracles === null ? {} : readNpz(join(oracles, "core", "input.npz"));
  const want = oracles === null ? {} : readNpz(join(oracles, "core", "nhood.npz"));
  const sample = (): { labels: Categorical; graph: Graph } => {
    const array = Int32Array.from(input["array"].data as BigInt64Array, Number);
    const names = JSON.parse(readFileSync(join(oracles as string, "core", "input.json"), "utf8")) as {
      domain: string[];
    };
    return {
      labels: categories(names.domain),
      graph: gridGraph(
        array.filter((_, e) => e % 2 === 0),
        array.filter((_, e) => e % 2 === 1),
      ),
    };
  };

  it("counts exactly", async () => {
    const { labels, graph } = sample();
    expect(labels.categories).toEqual(["D0", "D1", "D2", "D3", "D4"]);
    const counts = Array.from(want["counts"].data, Number);
    expect([...interactionMatrix(labels, graph).data]).toEqual(counts);
    expect([...interactionMatrix(labels, graph).data]).toEqual(Array.from(want["interaction"].data, Number));
    const shares = want["interaction_norm"].data as Float64Array;
    interactionMatrix(labels, graph, { normalized: true }).data.forEach((v, c) =>
      expect(v).toBeCloseTo(shares[c], 12),
    );
    expect([...(await neighborhoodEnrichment(labels, graph, { permutations: 0 })).counts]).toEqual(counts);
  });

  it("z from exact moments and from random orders", async () => {
    const { labels, graph } = sample();
    const found = await neighborhoodEnrichment(labels, graph);
    const means = want["zscore_mean"].data as Float64Array;
    const single = want["zscore_sd"].data as Float64Array;
    means.forEach((mean, c) => {
      // squidpy's mean of five seeds, each of 1000 orders, itself varies: 5 % and a tenth of a z near 0
      expect(Math.abs(found.z[c] - mean)).toBeLessThan(0.05 * Math.abs(mean) + 0.1);
      expect(Math.abs(found.zPermutation[c] - mean)).toBeLessThan(
        0.05 * Math.abs(mean) + 0.1 + 3 * single[c],
      );
    });
  });
});

it("agrees with squidpy 1.8.3 on a small tissue", async () => {
  const found = await neighborhoodEnrichment(tissue.labels, gridGraph(tissue.row, tissue.col), {
    permutations: 4000,
  });
  expect([...found.counts]).toEqual(tissue.nhood.counts);
  tissue.nhood.z.forEach((z, c) => {
    expect(Math.abs(found.z[c] - z)).toBeLessThan(0.05 * Math.abs(z));
    expect(Math.abs(found.zPermutation[c] - z)).toBeLessThan(0.05 * Math.abs(z));
  });
});

function orders(of: readonly number[]): number[][] {
  if (of.length < 2) return [[...of]];
  return of.flatMap((first, k) => orders(of.filter((_, j) => j !== k)).map((rest) => [first, ...rest]));
}

/** Mean and variance of the counts over all orders of the labels. */
function allOrders(labels: Categorical, graph: Graph): { mean: number[]; variance: number[] } {
  const k = labels.categories.length;
  const all = orders([...labels.codes]).map((codes) => {
    const counts = new Array<number>(k * k).fill(0);
    for (let i = 0; i < graph.nodes; i++)
      for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++)
        counts[codes[i] * k + codes[graph.indices[e]]]++;
    return counts;
  });
  const mean = Array.from({ length: k * k }, (_, c) => all.reduce((s, v) => s + v[c], 0) / all.length);
  const variance = mean.map((m, c) => all.reduce((s, v) => s + (v[c] - m) ** 2, 0) / all.length);
  return { mean, variance };
}

describe("exact moments", () => {
  const graphs: [string, Graph][] = [
    ["a line", line(7)],
    ["Delaunay", delaunayGraph(places(7, 1), { maxLength: Infinity }).graph],
    ["directed nearest", kNearestGraph(places(7, 2), { k: 2 })],
    ["directed nearest, another", kNearestGraph(places(6, 3), { k: 3 })],
    ["with lone nodes", delaunayGraph(places(7, 4), { maxLength: 0.3 }).graph],
    ["four nodes", line(4)],
    ["three nodes", line(3)],
    ["two nodes", line(2)],
  ];
  it.each(graphs)("agree with all orders of the labels: %s", async (_, graph) => {
    for (let seed = 0; seed < 6; seed++) {
      const labels = randomLabels(graph.nodes, seed);
      const want = allOrders(labels, graph);
      const found = await neighborhoodEnrichment(labels, graph, { permutations: 0 });
      want.mean.forEach((m, c) => {
        expect(found.expected[c]).toBeCloseTo(m, 10);
        expect(found.variance[c]).toBeCloseTo(want.variance[c], 10);
        if (want.variance[c] < 1e-12) expect([found.variance[c], found.z[c]]).toEqual([0, NaN]);
      });
    }
  });

  it("agree with random orders on a larger tissue", async () => {
    const found = await neighborhoodEnrichment(randomLabels(500, 3), delaunayGraph(places(500, 3)).graph, {
      permutations: 4000,
    });
    found.z.forEach((z, c) =>
      expect(Math.abs(found.zPermutation[c] - z)).toBeLessThan(0.06 * Math.abs(z) + 0.06),
    );
  });

  it("stay exact where one category is nearly all", async () => {
    // One b among a on a ring of degree 2: entries a-a are always m - 4 and cannot vary.
    const n = 100_000;
    const indices = Uint32Array.from({ length: 2 * n }, (_, e) => {
      const i = e >> 1;
      const [before, after] = [(i + n - 1) % n, (i + 1) % n];
      return e % 2 === 0 ? Math.min(before, after) : Math.max(before, after);
    });
    const ring: Graph = {
      kind: "graph",
      nodes: n,
      directed: false,
      indptr: Uint32Array.from({ length: n + 1 }, (_, i) => 2 * i),
      indices,
      weights: new Float32Array(2 * n).fill(1),
      distances: new Float64Array(2 * n).fill(1),
    };
    const codes = new Int32Array(n);
    codes[77] = 1;
    const found = await neighborhoodEnrichment(letters([...codes]), ring, { permutations: 20 });
    expect(found.counts[0]).toBe(2 * n - 4);
    expect(found.expected[0]).toBeCloseTo(2 * n - 4, 6);
    expect([...found.variance].slice(0, 2)).toEqual([0, 0]);
    expect(found.z.every(Number.isNaN)).toBe(true);
    expect(found.zPermutation.every(Number.isNaN)).toBe(true);
    expect([found.pUpper[0], found.pLower[0]]).toEqual([1, 1]);
  });
});

describe("neighborhoodEnrichment, always", () => {
  const graph = delaunayGraph(places(90, 6)).graph;

  it("is the same for the same seed, and its inputs are unchanged", async () => {
    const labels = randomLabels(90, 1);
    const before = structuredClone({ labels, graph });
    const a = await neighborhoodEnrichment(labels, graph, { permutations: 50, seed: 4 });
    const b = await neighborhoodEnrichment(labels, graph, { permutations: 50, seed: 4 });
    const c = await neighborhoodEnrichment(labels, graph, { permutations: 50, seed: 5 });
    expect(a).toEqual(b);
    expect(a.zPermutation).not.toEqual(c.zPermutation);
    expect(a.z).toEqual(c.z);
    expect(a.params).toEqual({ permutations: 50, seed: 4 });
    expect({ labels, graph }).toEqual(before);
  });

  it("follows the names and order of the categories", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const labels = randomLabels(90, seed);
        const turned = categorical(
          labels.codes.map((c) => (c + 1) % 3),
          ["x", "y", "z"],
        );
        const a = await neighborhoodEnrichment(labels, graph, { permutations: 9 });
        const b = await neighborhoodEnrichment(turned, graph, { permutations: 9 });
        for (let c = 0; c < 9; c++) {
          const to = ((Math.floor(c / 3) + 1) % 3) * 3 + (((c % 3) + 1) % 3);
          expect(b.counts[to]).toBe(a.counts[c]);
          expect(b.z[to]).toBeCloseTo(a.z[c], 9);
          expect(b.zPermutation[to]).toBeCloseTo(a.zPermutation[c], 9);
          expect(b.pUpper[to]).toBe(a.pUpper[c]);
          expect(b.log2Ratio[to]).toBe(a.log2Ratio[c]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("is symmetric on an undirected graph", async () => {
    const found = await neighborhoodEnrichment(randomLabels(90, 2), graph, { permutations: 30 });
    for (const m of [
      found.counts,
      found.expected,
      found.variance,
      found.zPermutation,
      found.pUpper,
      found.pLower,
    ])
      for (const [c, d] of [
        [1, 3],
        [2, 6],
        [5, 7],
      ])
        expect(m[c]).toBeCloseTo(m[d], 12);
  });

  it("leaves out observations without a label, with their edges", async () => {
    const labels = letters([0, 1, -1, 2, 0, 1, 1]);
    const found = await neighborhoodEnrichment(labels, line(7), { permutations: 40 });
    const apart = gridGraph(new Int32Array(6), Int32Array.of(0, 1, 3, 4, 5, 6));
    expect(found).toEqual(
      await neighborhoodEnrichment(letters([0, 1, 2, 0, 1, 1]), apart, { permutations: 40 }),
    );
    expect(found.counts).toEqual(interactionMatrix(labels, line(7)).data);
  });

  it("deals labels within samples only, and adds up exact moments", async () => {
    const sample = categorical(
      Int32Array.from({ length: 90 }, (_, i) => i % 2),
      ["s", "t"],
    );
    const joined = delaunayGraph(places(90, 6), { sample }).graph;
    // Within each sample all labels are equal: nothing can change places.
    const bound = letters(Array.from({ length: 90 }, (_, i) => i % 2));
    const found = await neighborhoodEnrichment(bound, joined, { sample, permutations: 20 });
    expect(found.expected).toEqual(found.counts);
    expect(found.z.every(Number.isNaN)).toBe(true);
    const labels = randomLabels(90, 4);
    const both = await neighborhoodEnrichment(labels, joined, { sample, permutations: 2000 });
    const parts = [0, 1].map((s) =>
      neighborhoodEnrichment(letters([...labels.codes].map((c, i) => (i % 2 === s ? c : -1))), joined, {
        permutations: 0,
      }),
    );
    const [a, b] = await Promise.all(parts);
    both.variance.forEach((v, c) => expect(v).toBeCloseTo(a.variance[c] + b.variance[c], 9));
    both.expected.forEach((v, c) => expect(v).toBeCloseTo(a.expected[c] + b.expected[c], 9));
    both.z.forEach((z, c) =>
      expect(Math.abs(both.zPermutation[c] - z)).toBeLessThan(0.15 + 0.05 * Math.abs(z)),
    );
  });
});

describe("neighborhoodEnrichmentPerSample", () => {
  const sample = categorical(
    Int32Array.from({ length: 90 }, (_, i) => (i * 7) % 3),
    ["s", "t", "u", "empty"],
  );
  const graph = delaunayGraph(places(90, 6), { sample }).graph;

  it("is the enrichment of every sample alone", async () => {
    const labels = randomLabels(90, 4);
    const steps: number[] = [];
    const found = await neighborhoodEnrichmentPerSample(labels, graph, sample, {
      permutations: 30,
      seed: 3,
      onProgress: (p) => steps.push(p.fraction),
    });
    expect(found.samples).toEqual(sample.categories);
    for (let s = 0; s < 4; s++) {
      const alone = letters([...labels.codes].map((c, i) => (sample.codes[i] === s ? c : -1)));
      expect(found.results[s]).toEqual(
        await neighborhoodEnrichment(alone, graph, { permutations: 30, seed: 3 }),
      );
    }
    expect(found.results[0].counts.some((c) => c > 0)).toBe(true);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBeLessThanOrEqual(1);
  });

  it("refuses a graph that joins samples and samples of another length", async () => {
    const labels = randomLabels(90, 4);
    const joined = delaunayGraph(places(90, 6)).graph;
    await expect(neighborhoodEnrichmentPerSample(labels, joined, sample)).rejects.toThrow(/joins samples/);
    await expect(neighborhoodEnrichmentPerSample(labels, graph, letters([0]))).rejects.toThrow(SpatialError);
  });
});

describe("neighborhoodPermutations", () => {
  it.each([
    ["undirected", delaunayGraph(places(60, 6)).graph],
    ["directed", kNearestGraph(places(60, 6), { k: 3 })],
  ])("are the orders that the enrichment looks at: %s", async (_, graph) => {
    const labels = randomLabels(60, 9);
    const options = { permutations: 200, seed: 5 };
    const { counts, params } = await neighborhoodPermutations(labels, graph, options);
    const { counts: seen, pUpper, zPermutation } = await neighborhoodEnrichment(labels, graph, options);
    expect(params).toEqual(options);
    for (let c = 0; c < 9; c++) {
      const values = Array.from({ length: 200 }, (_, r) => counts[9 * r + c]);
      expect(pUpper[c]).toBeCloseTo((1 + values.filter((v) => v >= seen[c]).length) / 201, 12);
      const mean = values.reduce((s, v) => s + v, 0) / 200;
      const spread = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / 200);
      expect(zPermutation[c]).toBeCloseTo((seen[c] - mean) / spread, 9);
    }
    // every order keeps the entries
    for (let r = 0; r < 200; r++)
      expect(counts.slice(9 * r, 9 * r + 9).reduce((s, v) => s + v, 0)).toBe(graph.indices.length);
  });

  it("refuses more than fit", async () => {
    const labels = randomLabels(60, 9);
    const graph = delaunayGraph(places(60, 6)).graph;
    await expect(neighborhoodPermutations(labels, graph, { permutations: 1e7 * 3 })).rejects.toMatchObject({
      code: "option",
    });
    const many = categorical(
      labels.codes,
      Array.from({ length: 40 }, (_, c) => `c${c}`),
    );
    await expect(neighborhoodPermutations(many, graph, { permutations: 1e6 })).rejects.toMatchObject({
      code: "memory",
    });
  });
});

describe("calibration over 1,000 tissues without pattern", () => {
  const graphs: [string, Graph][] = [
    ["Delaunay", delaunayGraph(places(90, 6)).graph],
    ["directed nearest", kNearestGraph(places(90, 6), { k: 4 })],
  ];
  it.each(graphs)("p of random orders, %s", async (_, graph) => {
    let [upper, lower]: number[][] = [[], []];
    for (const c of [0, 1, 4]) {
      [upper, lower] = [[], []];
      await nullPValues(async (rng) => {
        const labels = letters(Array.from({ length: 90 }, () => rng.below(3)));
        const found = await neighborhoodEnrichment(labels, graph, { permutations: 99, seed: rng.u32() });
        upper.push(found.pUpper[c]);
        lower.push(found.pLower[c]);
        return found.pUpper[c];
      });
      expectCalibrated(Float64Array.from(upper), { permutations: 99 });
      expectCalibrated(Float64Array.from(lower), { permutations: 99 });
    }
  });

  it.each([
    ["equal sizes", [1, 1, 1]],
    ["one rare: 8 of 400", [49, 49, 2]],
  ])("p of the normal curve, %s", async (_, shares) => {
    const graph = delaunayGraph(places(400, 6)).graph;
    const whole = shares.reduce((s, v) => s + v, 0);
    const cells = [0, 1, 2, 4, 5, 8];
    const p = cells.map((): number[] => []);
    await nullPValues(async (rng) => {
      const codes = Array.from({ length: 400 }, () => {
        const at = rng.below(whole);
        return at < shares[0] ? 0 : at < shares[0] + shares[1] ? 1 : 2;
      });
      const found = await neighborhoodEnrichment(letters(codes), graph, { permutations: 0 });
      cells.forEach((c, t) => p[t].push(found.p[c]));
      return found.p[0];
    });
    cells.forEach((c, t) => {
      if (c === 8 && shares[2] === 2) return; // about 1 entry expected within: the normal curve does not hold
      expectCalibrated(Float64Array.from(p[t]));
    });
  });
});

it("has power: of tissues where every other b draws one c beside it, most are called", async () => {
  let called = 0;
  for (let t = 0; t < 100; t++) {
    const rng = stream(9, t);
    const { graph } = delaunayGraph(places(400, 100 + t));
    const codes = Array.from({ length: 400 }, () => Math.max(0, rng.below(10) - 7)); // 80 % a, 10 % b, 10 % c
    for (let i = 0; i < 400; i++) {
      if (codes[i] !== 1 || rng.uniform() > 0.5) continue;
      const beside = graph.indices[graph.indptr[i] + rng.below(graph.indptr[i + 1] - graph.indptr[i])];
      if (codes[beside] === 0) codes[beside] = 2;
    }
    const { p, z } = await neighborhoodEnrichment(letters(codes), graph, { permutations: 0 });
    called += Number(p[5] <= 0.05 && z[5] > 0);
  }
  expect(called).toBeGreaterThan(65);
});

describe("at the edges", () => {
  const code = async (f: () => unknown): Promise<string> => {
    try {
      await f();
    } catch (error) {
      if (error instanceof SpatialError) return error.code;
      throw error;
    }
    return "none";
  };

  it("one category, no edge, no observation", async () => {
    const one = await neighborhoodEnrichment(letters([0, 0, 0]), line(3), { permutations: 5 });
    expect([one.counts[0], one.expected[0], one.z[0], one.zPermutation[0], one.pUpper[0]]).toEqual([
      4,
      4,
      NaN,
      NaN,
      1,
    ]);
    expect(one.log2Ratio[0]).toBe(0);
    expect(one.log2Ratio[1]).toBeNaN();
    const lone = await neighborhoodEnrichment(letters([1]), line(1), { permutations: 5 });
    expect([...lone.counts]).toEqual(new Array(9).fill(0));
    const none = await neighborhoodEnrichment(letters([]), line(0), { permutations: 5 });
    expect(none.z.every(Number.isNaN)).toBe(true);
    const unlabelled = await neighborhoodEnrichment(letters([-1, -1]), line(2), { permutations: 5 });
    expect([...unlabelled.counts]).toEqual(new Array(9).fill(0));
  });

  it("without permutations only the exact results stand", async () => {
    const found = await neighborhoodEnrichment(letters([0, 0, 1, 1, 2]), line(5), { permutations: 0 });
    expect([found.zPermutation, found.pUpper, found.pLower].every((m) => m.every(Number.isNaN))).toBe(true);
    expect(found.z.some(Number.isFinite)).toBe(true);
  });

  it("a category without edges has no shares", () => {
    const shares = interactionMatrix(letters([0, 1]), gridGraph(Int32Array.of(0, 9), Int32Array.of(0, 9)), {
      normalized: true,
    });
    expect(shares.data.every(Number.isNaN)).toBe(true);
  });

  it("refuses labels of another length, a graph across samples, unknown options and an aborted signal", async () => {
    expect(await code(() => interactionMatrix(letters([0, 1]), line(3)))).toBe("input");
    expect(
      await code(() => interactionMatrix(letters([0, 1]), line(2), { normalised: true } as object)),
    ).toBe("option");
    expect(await code(() => neighborhoodEnrichment(letters([0, 1]), line(3)))).toBe("input");
    expect(
      await code(() => neighborhoodEnrichment(letters([0, 1]), line(2), { sample: letters([0, 1]) })),
    ).toBe("input");
    expect(
      await code(() => neighborhoodEnrichment(letters([0, 1]), line(2), { sample: letters([0, -1]) })),
    ).toBe("input");
    expect(await code(() => neighborhoodEnrichment(letters([0, 1]), line(2), { permutations: -1 }))).toBe(
      "option",
    );
    expect(
      await code(() => neighborhoodEnrichment(letters([0, 1]), line(2), { signal: AbortSignal.abort() })),
    ).toBe("aborted");
  });
});
