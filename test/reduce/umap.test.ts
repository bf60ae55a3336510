import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { neighborGraph } from "../../src/graph/expression.ts";
import { dense, type Dense, type Graph } from "../../src/model/index.ts";
import { umap } from "../../src/reduce/umap.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";
import { trustworthiness } from "./trustworthiness.ts";

const fixture = JSON.parse(readFileSync(new URL("../fixtures/neighbors.json", import.meta.url), "utf8")) as {
  curves: { spread: number; minDist: number; ab: [number, number] }[];
};

/** `groups` clouds of `size` points in 5 dimensions, `apart` from each other. */
function clouds(groups: number, size: number, apart: number, seed: number): Dense {
  const rng = stream(seed, 5);
  const data = Float32Array.from({ length: groups * size * 5 }, (_, t) => {
    const group = Math.floor(t / (5 * size));
    return rng.uniform() + rng.uniform() + (t % 5 === group % 5 ? apart * (1 + Math.floor(group / 5)) : 0);
  });
  return dense(groups * size, 5, data);
}

const graphOf = async (points: Dense, neighbors = 15): Promise<Graph> =>
  (await neighborGraph(points, { neighbors })).graph;

const edgeless = (nodes: number): Graph => ({
  kind: "graph",
  nodes,
  directed: false,
  indptr: new Uint32Array(nodes + 1),
  indices: new Uint32Array(0),
  weights: new Float32Array(0),
  distances: new Float64Array(0),
});

/** Rings of nodes taken in turn, each joined to the `reach` nearest on either side. */
function rings(groups: number, size: number, reach: number): Graph {
  const [n, k] = [groups * size, 2 * reach];
  const shifts = Array.from({ length: k }, (_, t) => (t < reach ? t - reach : t - reach + 1));
  const indices = Uint32Array.from({ length: n * k }, (_, e) => {
    const [group, place] = [Math.floor(e / k) % groups, Math.floor(e / k / groups)];
    return ((place + shifts[e % k] + size) % size) * groups + group;
  });
  for (let i = 0; i < n; i++) indices.subarray(i * k, (i + 1) * k).sort();
  return {
    kind: "graph",
    nodes: n,
    directed: false,
    indptr: Uint32Array.from({ length: n + 1 }, (_, i) => i * k),
    indices,
    weights: new Float32Array(n * k).fill(1),
    distances: new Float64Array(n * k),
  };
}

describe("umap agrees with umap-learn", () => {
  for (const { spread, minDist, ab } of fixture.curves) {
    it(`on the curve for spread ${spread} and minDist ${minDist}`, async () => {
      const { a, b } = await umap(edgeless(1), { spread, minDist, epochs: 0 });
      expect(Math.abs(a / ab[0] - 1)).toBeLessThan(1e-3);
      expect(Math.abs(b / ab[1] - 1)).toBeLessThan(1e-3);
    });
  }

  it.skipIf(oracles === null)("on how faithful the toy's layout is", async () => {
    const rep = readNpz(join(oracles!, "core", "neighbors.npz"))["rep"].data as Float64Array;
    const npz = readNpz(join(oracles!, "core", "umap.npz"));
    const points = dense(600, 20, rep);
    const expected = npz["trustworthiness"].data[0] as number;
    const theirs = dense(600, 2, npz["X_umap"].data as Float32Array);
    expect(trustworthiness(points, theirs, 15)).toBeCloseTo(expected, 9);
    const graph = await graphOf(points);
    for (const options of [{}, { seed: 1 }, { seed: 2 }, { init: points }]) {
      const { embedding, a, b } = await umap(graph, options);
      expect(Math.abs(trustworthiness(points, embedding, 15) - expected)).toBeLessThan(0.01);
      expect(Math.abs(a / (npz["ab"].data[0] as number) - 1)).toBeLessThan(1e-3);
      expect(Math.abs(b / (npz["ab"].data[1] as number) - 1)).toBeLessThan(1e-3);
    }
  });
});

describe("umap agrees with umap-learn on groups that no edge joins", () => {
  it("which stay as near to each other, though blocks of nodes move at once", async () => {
    const want = JSON.parse(readFileSync(new URL("../fixtures/layout.json", import.meta.url), "utf8")) as {
      [key in "groups" | "size" | "reach" | "epochs"]: number;
    } & { apart: number[]; within: number[] };
    // 300,000 entries.
    const { groups, size, reach, epochs } = want;
    const graph = rings(groups, size, reach);
    const n = graph.nodes;
    const start = Array.from({ length: n }, (_, i) => {
      const [group, place] = [i % groups, Math.floor(i / groups)];
      return [(group % 6) + place / 1000, Math.floor(group / 6) + ((place * 37) % size) / 1000];
    });
    const { data } = (await umap(graph, { init: dense(n, 2, Float32Array.from(start.flat())), epochs }))
      .embedding;

    const centers = new Float64Array(2 * groups);
    for (let t = 0; t < 2 * n; t++) centers[((2 * (t >> 1)) % (2 * groups)) + (t & 1)] += data[t] / size;
    let apart = 0;
    for (let g = 0; g < groups; g++)
      for (let h = 0; h < groups; h++)
        apart += Math.hypot(centers[2 * g] - centers[2 * h], centers[2 * g + 1] - centers[2 * h + 1]);
    apart /= groups * (groups - 1);
    let within = 0;
    for (let t = 0; t < 2 * n; t++)
      within += (data[t] - centers[((2 * (t >> 1)) % (2 * groups)) + (t & 1)]) ** 2 / n;
    const mean = (values: number[]): number => values.reduce((x, y) => x + y) / values.length;
    expect(Math.abs(apart / mean(want.apart) - 1)).toBeLessThan(0.05);
    expect(Math.abs(Math.sqrt(within) / mean(want.within) - 1)).toBeLessThan(0.2);
  });
});

describe("umap always", () => {
  it("gives the same for the same seed and another layout for another, and leaves its input alone", async () => {
    const points = clouds(3, 40, 4, 1);
    const graph = await graphOf(points);
    const before = structuredClone(graph);
    const first = await umap(graph, { seed: 5 });
    expect(await umap(graph, { seed: 5 })).toEqual(first);
    expect((await umap(graph, { seed: 6 })).embedding).not.toEqual(first.embedding);
    expect(graph).toEqual(before);
    expect(first.params).toEqual({
      init: "spectral",
      minDist: 0.5,
      spread: 1,
      epochs: 500,
      negativeSamples: 5,
      learningRate: 1,
      seed: 5,
    });
  });

  it("keeps neighbors together and groups apart, from either start", async () => {
    const points = clouds(4, 60, 3, 2);
    const graph = await graphOf(points);
    for (const init of [undefined, points]) {
      const { embedding } = await umap(graph, { init });
      expect(trustworthiness(points, embedding, 15)).toBeGreaterThan(0.93);
      // Of the nearest 5 in the plane, nearly all are of the same cloud.
      const { data } = embedding;
      let strangers = 0;
      for (let i = 0; i < 240; i++) {
        const near = Array.from({ length: 240 }, (_, j) => j)
          .map((j) => ({ j, d: (data[2 * i] - data[2 * j]) ** 2 + (data[2 * i + 1] - data[2 * j + 1]) ** 2 }))
          .sort((x, y) => x.d - y.d)
          .slice(1, 6);
        strangers += near.filter(({ j }) => Math.floor(j / 60) !== Math.floor(i / 60)).length;
      }
      expect(strangers).toBeLessThan(12);
    }
  });

  it("moves blocks of many edges alike on any number of threads", async () => {
    // 900,000 entries: 14 blocks.
    const graph = rings(1, 30_000, 15);
    const n = graph.nodes;
    const init = dense(
      n,
      2,
      Float32Array.from({ length: 2 * n }, (_, t) => (t * 7919) % 1000),
    );
    const { embedding: alone } = await umap(graph, { init, epochs: 4, threads: 1 });
    expect(alone.data.every((v) => Number.isFinite(v))).toBe(true);
    for (const threads of [2, 3])
      expect((await umap(graph, { init, epochs: 4, threads })).embedding).toEqual(alone);
  });
});

describe("umap at the edges", () => {
  it("takes no, one, two and three cells", async () => {
    for (const n of [0, 1, 2, 3]) {
      const { embedding } = await umap(await graphOf(clouds(1, n, 0, 3)));
      expect(embedding.data.length).toBe(2 * n);
      expect(embedding.data.every((v) => Number.isFinite(v))).toBe(true);
    }
  });

  it("separates cells that coincide", async () => {
    const points = dense(30, 2, new Float32Array(60).fill(1));
    for (const init of [undefined, points]) {
      const { embedding } = await umap(await graphOf(points), { init });
      const places = new Set(
        Array.from({ length: 30 }, (_, i) => embedding.data.slice(2 * i, 2 * i + 2).join()),
      );
      expect(places.size).toBe(30);
      expect(embedding.data.every((v) => Number.isFinite(v))).toBe(true);
    }
  });

  it("lays out graphs in many pieces, and cells without edges", async () => {
    const points = clouds(12, 8, 500, 4);
    const { embedding } = await umap(await graphOf(points, 4));
    expect(embedding.data.every((v) => Number.isFinite(v))).toBe(true);
    expect(trustworthiness(points, embedding, 5)).toBeGreaterThan(0.9);
    const { data } = (await umap(edgeless(5))).embedding;
    expect(new Set([0, 2, 4, 6, 8].map((t) => data.slice(t, t + 2).join())).size).toBe(5);
  });

  it("refuses what it cannot use", async () => {
    const graph = await graphOf(clouds(1, 10, 0, 5));
    const refusal = async (code: string, run: Promise<unknown>): Promise<void> => {
      await expect(run).rejects.toMatchObject({ name: "SpatialError", code });
    };
    await refusal("option", umap(graph, { dims: 3 } as object));
    await refusal("option", umap(graph, { minDist: 2 }));
    await refusal("option", umap(graph, { epochs: 1.5 }));
    await refusal("option", umap(graph, { init: [1, 2] as unknown as Dense }));
    await refusal("input", umap({ ...graph, directed: true }));
    await refusal("input", umap(graph, { init: dense(9, 2) }));
    await refusal("input", umap(graph, { init: dense(10, 1) }));
    await refusal("input", umap(graph, { init: dense(10, 2, new Float32Array(20).fill(NaN)) }));
  });

  it("stops when asked to, and says how far it is", async () => {
    const graph = await graphOf(clouds(2, 50, 2, 6));
    await expect(umap(graph, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    const stop = new AbortController();
    const fractions: number[] = [];
    const onProgress = (p: { fraction: number }): void => {
      fractions.push(p.fraction);
      if (p.fraction >= 0.5) stop.abort();
    };
    await expect(umap(graph, { signal: stop.signal, onProgress })).rejects.toMatchObject({ code: "aborted" });
    expect(fractions.at(-1)).toBe(0.5);
  });
});
