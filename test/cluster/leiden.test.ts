import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjustedRandIndex, leiden, louvain } from "../../src/cluster/index.ts";
import { stream } from "../../src/core/rng.ts";
import type { Graph } from "../../src/model/index.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

/** An undirected graph from weighted edges, each given once. */
function graphOf(nodes: number, edges: readonly (readonly [number, number, number])[]): Graph {
  const rows: Map<number, number>[] = Array.from({ length: nodes }, () => new Map<number, number>());
  for (const [a, b, w] of edges) {
    if (a === b) continue;
    rows[a].set(b, w);
    rows[b].set(a, w);
  }
  const indptr = new Uint32Array(nodes + 1);
  const indices: number[] = [];
  const weights: number[] = [];
  rows.forEach((row, i) => {
    for (const j of [...row.keys()].sort((x, y) => x - y)) {
      indices.push(j);
      weights.push(row.get(j) as number);
    }
    indptr[i + 1] = indices.length;
  });
  return {
    kind: "graph",
    nodes,
    directed: false,
    indptr,
    indices: Uint32Array.from(indices),
    weights: Float32Array.from(weights),
    distances: new Float64Array(indices.length),
  };
}

/** Groups of equal size: dense within, sparse between. */
function planted(groups: number, size: number, seed: number, between = 0.01): Graph {
  const rng = stream(seed);
  const edges: [number, number, number][] = [];
  for (let i = 0; i < groups * size; i++)
    for (let j = 0; j < i; j++) {
      const same = Math.floor(i / size) === Math.floor(j / size);
      if (rng.uniform() < (same ? 0.3 : between)) edges.push([i, j, 0.5 + rng.uniform()]);
    }
  return graphOf(groups * size, edges);
}

/** Modularity by its definition over all pairs of nodes. */
function modularity(graph: Graph, codes: Int32Array, resolution: number): number {
  const n = graph.nodes;
  const a = new Float64Array(n * n);
  const strength = new Float64Array(n);
  let total = 0;
  for (let i = 0; i < n; i++)
    for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++) {
      a[i * n + graph.indices[e]] = graph.weights[e];
      strength[i] += graph.weights[e];
      total += graph.weights[e];
    }
  let q = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      if (codes[i] === codes[j])
        q += a[i * n + j] / total - (resolution * strength[i] * strength[j]) / total / total;
  return q;
}

/** Whether each cluster's nodes reach each other within it. */
function allConnected(graph: Graph, codes: Int32Array): boolean {
  const reached = new Set<number>();
  const seenClusters = new Set<number>();
  for (let first = 0; first < graph.nodes; first++) {
    if (reached.has(first)) continue;
    if (seenClusters.has(codes[first])) return false;
    seenClusters.add(codes[first]);
    const stack = [first];
    reached.add(first);
    while (stack.length > 0) {
      const v = stack.pop() as number;
      for (let e = graph.indptr[v]; e < graph.indptr[v + 1]; e++) {
        const u = graph.indices[e];
        if (codes[u] !== codes[v] || reached.has(u) || graph.weights[e] === 0) continue;
        reached.add(u);
        stack.push(u);
      }
    }
  }
  return true;
}

const anyGraph = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.nat(), fc.double({ min: 0.02, max: 0.4, noNaN: true }))
  .map(([n, seed, density]) => {
    const rng = stream(seed);
    const edges: [number, number, number][] = [];
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) if (rng.uniform() < density) edges.push([i, j, rng.uniform()]);
    return graphOf(n, edges);
  });

describe.skipIf(oracles === null)("leiden agrees with igraph", () => {
  it("reaches its best modularity of 10 seeds, from every seed", async () => {
    const core = join(oracles ?? "", "core");
    const c = readCsr(readNpz(join(core, "neighbors.npz")), "connectivities");
    const best = Math.max(...(readNpz(join(core, "leiden.npz"))["modularity"].data as Float64Array));
    const graph: Graph = {
      kind: "graph",
      nodes: c.rows,
      directed: false,
      indptr: c.indptr,
      indices: c.indices,
      weights: c.data,
      distances: new Float64Array(c.data.length),
    };
    for (let seed = 0; seed < 10; seed++) {
      const found = await leiden(graph, { seed });
      expect(found.modularity).toBeGreaterThan(best - 0.005);
      expect((await louvain(graph, { seed })).modularity).toBeGreaterThan(best - 0.01);
    }
  });
});

const peer = JSON.parse(readFileSync(new URL("../fixtures/communities.json", import.meta.url), "utf8")) as {
  nodes: number;
  edges: [number, number, number][];
  best: { objective: "modularity" | "cpm"; resolution: number; quality: number; clusters: number }[];
};

describe("leiden agrees with igraph's best of 10 runs to the end", () => {
  it.each(peer.best)("$objective at $resolution", async ({ objective, resolution, quality, clusters }) => {
    const graph = graphOf(peer.nodes, peer.edges);
    const value = objective === "cpm" ? potts : modularity;
    const slack = objective === "cpm" ? 0.01 * quality : 0.005;
    const found: number[] = [];
    for (let seed = 0; seed < 10; seed++) {
      const { labels, quality: own } = await leiden(graph, { objective, resolution, seed, iterations: 20 });
      expect(own).toBeCloseTo(value(graph, labels.codes, resolution), 9);
      expect(own).toBeGreaterThan(quality - 2 * slack);
      expect(Math.abs(labels.categories.length / clusters - 1)).toBeLessThan(0.2);
      found.push(own);
    }
    expect(found.sort((a, b) => a - b)[4]).toBeGreaterThan(quality - slack);
  });
});

/** All ways to group n nodes, as codes. */
function* groupings(n: number, codes: number[] = []): Generator<Int32Array> {
  if (codes.length === n) yield Int32Array.from(codes);
  else for (let c = 0; c <= Math.max(-1, ...codes) + 1; c++) yield* groupings(n, [...codes, c]);
}

/** The constant Potts model by its definition over pairs. */
function potts(graph: Graph, codes: Int32Array, resolution: number): number {
  let h = 0;
  for (let i = 0; i < graph.nodes; i++) {
    for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++)
      if (graph.indices[e] < i && codes[graph.indices[e]] === codes[i]) h += graph.weights[e];
    for (let j = 0; j < i; j++) if (codes[i] === codes[j]) h -= resolution;
  }
  return h;
}

describe("leiden among all groupings of small graphs", () => {
  it.each(["modularity", "cpm"] as const)(
    "%s: never above the best, mostly at it",
    async (objective) => {
      const value = objective === "cpm" ? potts : modularity;
      const resolution = objective === "cpm" ? 0.3 : 1;
      let atBest = 0;
      for (let seed = 0; seed < 12; seed++) {
        const rng = stream(seed);
        const edges: [number, number, number][] = [];
        for (let i = 0; i < 8; i++)
          for (let j = 0; j < i; j++) if (rng.uniform() < 0.5) edges.push([i, j, rng.uniform()]);
        const graph = graphOf(8, edges);
        let best = -Infinity;
        for (const codes of groupings(8)) best = Math.max(best, value(graph, codes, resolution));
        const { labels, quality } = await leiden(graph, { objective, resolution, iterations: 20 });
        expect(quality).toBeCloseTo(value(graph, labels.codes, resolution), 9);
        expect(quality).toBeLessThan(best + 1e-9);
        if (quality > best - 1e-9) atBest++;
      }
      expect(atBest).toBeGreaterThanOrEqual(9);
    },
    60_000,
  );
});

describe("louvain", () => {
  it("finds planted groups and states its modularity", async () => {
    const graph = planted(5, 40, 1);
    const { labels, modularity: q, quality } = await louvain(graph);
    expect(
      adjustedRandIndex(labels, { ...labels, codes: labels.codes.map((_, i) => Math.floor(i / 40)) }),
    ).toBe(1);
    expect(q).toBeCloseTo(modularity(graph, labels.codes, 1), 9);
    expect(quality).toBe(q);
  });
});

describe("leiden", () => {
  it("never loses by another pass", async () => {
    const noisy = fc
      .tuple(fc.nat(), fc.integer({ min: 2, max: 60 }))
      .map(([seed, groups]) => planted(groups, 5, seed, 0.03));
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyGraph, noisy), fc.constantFrom(leiden, louvain), async (graph, verb) => {
        let last = -Infinity;
        for (const iterations of [1, 2, 3]) {
          const { modularity: q } = await verb(graph, { iterations });
          expect(q).toBeGreaterThanOrEqual(last - 1e-12);
          last = q;
        }
      }),
      { numRuns: 100 },
    );
  });

  it("finds small groups of a large graph by the Potts model", async () => {
    const edges: [number, number, number][] = [];
    for (let t = 0; t < 600; t += 3)
      edges.push([t, t + 1, 1], [t, t + 2, 1], [t + 1, t + 2, 1], [t + 2, (t + 3) % 600, 1]);
    const { labels } = await leiden(graphOf(600, edges), { objective: "cpm", resolution: 0.5 });
    expect(labels.codes.every((c, i) => c === labels.codes[i - (i % 3)])).toBe(true);
    expect(labels.categories.length).toBe(200);
  });

  it("does not depend on the unit of the weights, the number of threads, nor much on the order of the nodes", async () => {
    const graph = planted(6, 30, 7, 0.03);
    const found = await leiden(graph);
    const scaled = await leiden({ ...graph, weights: graph.weights.map((w) => w / 2 ** 40) });
    expect(scaled.labels).toEqual(found.labels);
    expect(await leiden(graph, { threads: 1 })).toEqual(found);
    expect(await leiden(graph, { threads: 3 })).toEqual(found);
    const turned: [number, number, number][] = [];
    for (let i = 0; i < 180; i++)
      for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++)
        turned.push([179 - i, 179 - graph.indices[e], graph.weights[e]]);
    expect((await leiden(graphOf(180, turned))).modularity).toBeCloseTo(found.modularity, 2);
  });

  it("finds planted groups", async () => {
    const graph = planted(5, 40, 1);
    const { labels } = await leiden(graph);
    const truth = { ...labels, codes: labels.codes.map((_, i) => Math.floor(i / 40)) };
    expect(adjustedRandIndex(labels, truth)).toBe(1);
    expect(labels.categories).toEqual(["0", "1", "2", "3", "4"]);
  });

  it("always states the modularity of connected clusters, ordered by size, and leaves the graph alone", async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, fc.double({ min: 0.1, max: 3, noNaN: true }), async (graph, resolution) => {
        const before = graph.weights.slice();
        const { labels, modularity: q } = await leiden(graph, { resolution });
        if (graph.weights.length > 0) expect(q).toBeCloseTo(modularity(graph, labels.codes, resolution), 9);
        expect(allConnected(graph, labels.codes)).toBe(true);
        const sizes = labels.categories.map((_, c) => labels.codes.filter((code) => code === c).length);
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
        expect(graph.weights).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it("leaves no node that would gain by moving alone to a neighbor's cluster", async () => {
    const graph = planted(3, 20, 4, 0.08);
    const { labels, modularity: q } = await leiden(graph, { iterations: 50 });
    for (let v = 0; v < graph.nodes; v++)
      for (let c = 0; c < labels.categories.length; c++) {
        const moved = labels.codes.slice();
        moved[v] = c;
        expect(modularity(graph, moved, 1)).toBeLessThanOrEqual(q + 1e-9);
      }
  });

  it("gives the same answer twice and more clusters at a higher resolution", async () => {
    const graph = planted(6, 25, 2, 0.05);
    expect(await leiden(graph, { seed: 3 })).toEqual(await leiden(graph, { seed: 3 }));
    const few = await leiden(graph, { resolution: 0.2 });
    const many = await leiden(graph, { resolution: 3 });
    expect(many.labels.categories.length).toBeGreaterThan(few.labels.categories.length);
  });

  it("puts nodes without edges apart, and takes an empty graph", async () => {
    const { labels, modularity: q } = await leiden(graphOf(3, []));
    expect(Array.from(labels.codes)).toEqual([0, 1, 2]);
    expect(q).toBe(0);
    expect((await leiden(graphOf(0, []))).labels.codes.length).toBe(0);
  });

  it("refuses directed graphs, bad weights and unknown options, and stops on a signal", async () => {
    const graph = graphOf(2, [[0, 1, 1]]);
    await expect(leiden({ ...graph, directed: true })).rejects.toMatchObject({ code: "input" });
    await expect(leiden({ ...graph, weights: Float32Array.from([1, -1]) })).rejects.toMatchObject({
      code: "input",
    });
    await expect(louvain({ ...graph, directed: true })).rejects.toMatchObject({ code: "input" });
    await expect(leiden(graph, { objective: "potts" } as object)).rejects.toMatchObject({ code: "option" });
    await expect(leiden(graph, { n_iterations: 2 } as object)).rejects.toMatchObject({ code: "option" });
    await expect(leiden(graph, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
  });
});
