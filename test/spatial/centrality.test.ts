import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import { delaunayGraph, gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import { categorical, categories, type Graph, positions } from "../../src/model/index.ts";
import { centralityScores } from "../../src/spatial/index.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

function places(n: number, seed: number): ReturnType<typeof positions> {
  const rng = stream(seed);
  return positions(
    Float64Array.from({ length: 2 * n }, () => rng.uniform()),
    "um",
    1,
  );
}
const letters = (n: number, seed: number): ReturnType<typeof categorical> => {
  const rng = stream(seed, 2);
  return categorical(
    Int32Array.from({ length: n }, () => rng.below(4) - 1),
    ["a", "b", "c"],
  );
};

it.skipIf(oracles === null)("agrees with squidpy 1.8.3", async () => {
  const core = join(oracles as string, "core");
  const array = Int32Array.from(readNpz(join(core, "input.npz"))["array"].data as BigInt64Array, Number);
  const { domain } = JSON.parse(readFileSync(join(core, "input.json"), "utf8")) as { domain: string[] };
  const graph = gridGraph(
    array.filter((_, e) => e % 2 === 0),
    array.filter((_, e) => e % 2 === 1),
  );
  const want = readNpz(join(core, "nhood.npz"));
  const found = await centralityScores(categories(domain), graph, { pivots: 0 });
  for (const score of ["degree", "closeness", "clustering"] as const)
    for (let a = 0; a < 5; a++) expect(found[score][a]).toBeCloseTo(Number(want[score].data[a]), 9);
  expect(found.betweenness.every(Number.isNaN)).toBe(true);
});

/** Every node's neighbors, both ways. */
function around(g: Graph): Set<number>[] {
  const sets = Array.from({ length: g.nodes }, () => new Set<number>());
  for (let i = 0; i < g.nodes; i++)
    for (let e = g.indptr[i]; e < g.indptr[i + 1]; e++) {
      sets[i].add(g.indices[e]);
      sets[g.indices[e]].add(i);
    }
  return sets;
}

/** Steps between all nodes, and the number of shortest paths. */
function allPaths(g: Graph): { steps: number[][]; paths: number[][] } {
  const near = around(g);
  const steps = near.map(() => near.map(() => Infinity));
  const paths = near.map(() => near.map(() => 0));
  near.forEach((_, s) => {
    steps[s][s] = 0;
    paths[s][s] = 1;
    for (let d = 0; d < g.nodes; d++)
      near.forEach((set, i) => {
        if (steps[s][i] !== d) return;
        for (const j of set) {
          if (steps[s][j] === Infinity) steps[s][j] = d + 1;
          if (steps[s][j] === d + 1) paths[s][j] += paths[s][i];
        }
      });
  });
  return { steps, paths };
}

const graphs: [string, Graph][] = [
  ["Delaunay", delaunayGraph(places(40, 1)).graph],
  ["in pieces", delaunayGraph(places(40, 2), { maxLength: 0.12 }).graph],
  ["directed nearest", kNearestGraph(places(40, 3), { k: 3 })],
];
describe.each(graphs)("agrees with brute force over all shortest paths: %s", (_, graph) => {
  const near = around(graph);
  const { steps, paths } = allPaths(graph);
  const n = graph.nodes;
  const labels = letters(n, 1);
  const all = Array.from({ length: n }, (_, i) => i);

  it("of nodes", async () => {
    const { nodes } = await centralityScores(labels, graph);
    for (const v of all) {
      expect(nodes.degree[v]).toBe(near[v].size);
      const pairs = [...near[v]].flatMap((i) => [...near[v]].filter((j) => j > i).map((j) => [i, j]));
      const closed = pairs.filter(([i, j]) => near[i].has(j)).length;
      expect(nodes.clustering[v]).toBeCloseTo(pairs.length === 0 ? 0 : closed / pairs.length, 12);
      let through = 0;
      for (const s of all)
        for (const t of all)
          if (s < t && s !== v && t !== v && steps[s][v] + steps[v][t] === steps[s][t] && paths[s][t] > 0)
            through += (paths[s][v] * paths[v][t]) / paths[s][t];
      expect(nodes.betweenness[v]).toBeCloseTo((2 * through) / ((n - 1) * (n - 2)), 12);
    }
  });

  it("of categories", async () => {
    const found = await centralityScores(labels, graph);
    for (let a = 0; a < 3; a++) {
      const group = all.filter((i) => labels.codes[i] === a);
      const others = all.filter((i) => labels.codes[i] !== a);
      const away = others.map((i) => Math.min(...group.map((s) => steps[s][i])));
      const reached = away.filter(Number.isFinite);
      const sum = reached.reduce((s, v) => s + v, 0);
      expect(found.degree[a]).toBeCloseTo(away.filter((d) => d === 1).length / others.length, 12);
      expect(found.closeness[a]).toBeCloseTo(reached.length ** 2 / (sum * others.length), 12);
      for (const [score, values] of [
        ["clustering", found.nodes.clustering],
        ["neighbors", found.nodes.degree],
        ["betweenness", found.nodes.betweenness],
      ] as const)
        expect(found[score][a]).toBeCloseTo(group.reduce((s, i) => s + values[i], 0) / group.length, 12);
    }
  });
});

it("estimates betweenness without bias, the same for the same seed", async () => {
  const graph = delaunayGraph(places(80, 5)).graph;
  const labels = letters(80, 2);
  const exact = (await centralityScores(labels, graph)).nodes.betweenness;
  const mean = new Float64Array(80);
  for (let seed = 0; seed < 200; seed++) {
    const { nodes, params } = await centralityScores(labels, graph, { pivots: 20, seed });
    expect(params).toEqual({ pivots: 20, seed });
    nodes.betweenness.forEach((v, i) => (mean[i] += v / 200));
  }
  mean.forEach((v, i) => expect(Math.abs(v - exact[i])).toBeLessThan(0.1 * exact[i] + 0.002));
  const [a, b] = [1, 1].map((seed) => centralityScores(labels, graph, { pivots: 20, seed }));
  expect(await a).toEqual(await b);
});

it("at the edges: nothing, one observation, an empty category, one that is all", async () => {
  const line = (n: number): Graph =>
    gridGraph(
      new Int32Array(n),
      new Int32Array(n).map((_, i) => i),
    );
  const none = await centralityScores(categorical(new Int32Array(0), ["a"]), line(0));
  expect([none.degree[0], none.closeness[0], none.clustering[0]]).toEqual([NaN, NaN, NaN]);
  const one = await centralityScores(categorical(new Int32Array(1), ["a", "b"]), line(1));
  expect([...one.degree, ...one.closeness]).toEqual([NaN, NaN, NaN, NaN]);
  expect(one.betweenness[0]).toBe(0);
  const all = await centralityScores(categorical(new Int32Array(4), ["a", "b"]), line(4));
  expect([all.degree[0], all.closeness[0], all.neighbors[0]]).toEqual([NaN, NaN, 1.5]);
  expect([all.degree[1], all.neighbors[1]]).toEqual([NaN, NaN]);
  const apart = gridGraph(Int32Array.of(0, 9), Int32Array.of(0, 9));
  const lone = await centralityScores(categorical(Int32Array.of(0, 1), ["a", "b"]), apart);
  expect([...lone.closeness]).toEqual([0, 0]);
  await expect(centralityScores(categorical(new Int32Array(3), ["a"]), line(2))).rejects.toThrow(
    SpatialError,
  );
  await expect(
    centralityScores(categorical(new Int32Array(2), ["a"]), line(2), { pivots: -1 }),
  ).rejects.toThrow(SpatialError);
});
