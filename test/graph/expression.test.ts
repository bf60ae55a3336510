import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { neighborGraph } from "../../src/graph/expression.ts";
import {
  dense,
  type Dense,
  type Expression,
  type Graph,
  selectRows,
  type Sparse,
} from "../../src/model/index.ts";
import { readSample } from "../../src/io/index.ts";
import { log1p, normalizeTotal } from "../../src/preprocess/index.ts";
import { pca } from "../../src/reduce/index.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles, realData } from "../support/shared.ts";

function randomPoints(n: number, dims: number, seed: number): Dense {
  const rng = stream(seed);
  return dense(
    n,
    dims,
    Float32Array.from({ length: n * dims }, () => rng.uniform()),
  );
}

function weightOf(graph: Graph, i: number, j: number): number {
  const row = graph.indices.subarray(graph.indptr[i], graph.indptr[i + 1]);
  const at = row.indexOf(j);
  return at < 0 ? 0 : graph.weights[graph.indptr[i] + at];
}

const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/neighbors.json", import.meta.url), "utf8"),
) as Record<"points" | "knn" | "indptr" | "indices" | "weights", number[]> & {
  neighbors: number;
  dims: number;
};

describe("neighborGraph agrees with umap-learn", () => {
  it("on points of which some coincide", async () => {
    const { points, dims, neighbors, knn, indptr, indices, weights } = fixture;
    const result = await neighborGraph(dense(points.length / dims, dims, Float64Array.from(points)), {
      neighbors,
    });
    const others = neighbors - 1;
    const nearest = Array.from(knn, (_, t) => knn.slice(t * others, (t + 1) * others).sort((a, b) => a - b));
    expect(Array.from(result.knn.indices)).toEqual(nearest.flat());
    expect(Array.from(result.graph.indptr)).toEqual(indptr);
    expect(Array.from(result.graph.indices)).toEqual(indices);
    weights.forEach((w, e) => expect(Math.abs(result.graph.weights[e] - w)).toBeLessThan(1e-5));
  });
});

describe.skipIf(oracles === null)("neighborGraph agrees with scanpy", () => {
  for (const [name, key, cols] of [
    ["neighbors", "rep", 20],
    ["pbmc_hvg_pca_nn", "X_pca", 30],
  ] as const) {
    it(`on ${name}`, async () => {
      const npz = readNpz(join(oracles!, "core", `${name}.npz`));
      const data = npz[key].data as Float32Array | Float64Array;
      const { knn, graph, params } = await neighborGraph(dense(data.length / cols, cols, data));
      expect(params).toEqual({ neighbors: 15, exact: true, seed: 0 });
      const distances = readCsr(npz, "distances");
      expect(knn.indptr).toEqual(distances.indptr);
      expect(knn.indices).toEqual(distances.indices);
      distances.data.forEach((d, e) => expect(knn.distances[e]).toBeCloseTo(d, 4));
      const connectivities = readCsr(npz, "connectivities");
      expect(graph.indptr).toEqual(connectivities.indptr);
      expect(graph.indices).toEqual(connectivities.indices);
      let worst = 0;
      connectivities.data.forEach((w, e) => (worst = Math.max(worst, Math.abs(graph.weights[e] - w))));
      expect(worst).toBeLessThan(1e-5);
    });
  }
});

describe.skipIf(realData === null)("neighborGraph without all pairs agrees with all pairs", () => {
  it("on a cortex, Visium", async () => {
    const path = join(realData!, "st", "visium_dlpfc_151673");
    const { dataset } = await readSample(path);
    const { scores } = await pca(log1p(normalizeTotal(dataset.counts as Expression<Sparse>)), {
      components: 30,
    });
    const all = await neighborGraph(scores);
    const near = await neighborGraph(scores, { exact: false });
    const found = near.knn.distances.filter((d, e) => {
      const i = Math.floor(e / 14);
      return d <= all.knn.distances.subarray(14 * i, 14 * i + 14).reduce((a, b) => Math.max(a, b));
    }).length;
    expect(near.recall).toBeGreaterThan(0.95);
    expect(Math.abs(found / near.knn.indices.length - near.recall)).toBeLessThan(0.02);
    expect(all.recall).toBe(1);
  });
});

describe("neighborGraph always", () => {
  it("is symmetric, sorted, without loops, with weights in (0, 1] and true distances", async () => {
    const points = randomPoints(300, 4, 1);
    const { graph, knn } = await neighborGraph(points, { neighbors: 7 });
    expect(knn.indices.length).toBe(300 * 6);
    for (let i = 0; i < 300; i++) {
      for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++) {
        const j = graph.indices[e];
        if (e > graph.indptr[i]) expect(j).toBeGreaterThan(graph.indices[e - 1]);
        expect(j).not.toBe(i);
        expect(graph.weights[e]).toBeGreaterThan(0);
        expect(graph.weights[e]).toBeLessThanOrEqual(1);
        expect(weightOf(graph, j, i)).toBe(graph.weights[e]);
        let sum = 0;
        for (let d = 0; d < 4; d++) sum += (points.data[i * 4 + d] - points.data[j * 4 + d]) ** 2;
        expect(graph.distances[e]).toBeCloseTo(Math.sqrt(sum), 12);
      }
    }
  });

  it("follows the cells when they are reordered", async () => {
    const points = randomPoints(120, 3, 2);
    const order = Uint32Array.from({ length: 120 }, (_, i) => (i * 77) % 120);
    const { graph } = await neighborGraph(points, { neighbors: 6 });
    const moved = (await neighborGraph(selectRows(points, order), { neighbors: 6 })).graph;
    expect(moved.indices.length).toBe(graph.indices.length);
    for (let i = 0; i < 120; i++) {
      for (let e = moved.indptr[i]; e < moved.indptr[i + 1]; e++)
        expect(weightOf(graph, order[i], order[moved.indices[e]])).toBeCloseTo(moved.weights[e], 6);
    }
  });

  it("leaves its input alone and gives the same twice", async () => {
    const points = randomPoints(90, 3, 3);
    const before = points.data.slice();
    const first = await neighborGraph(points);
    expect(await neighborGraph(points)).toEqual(first);
    expect(points.data).toEqual(before);
  });
});

describe("neighborGraph at the edges", () => {
  it("takes no, one, two and three cells", async () => {
    for (const n of [0, 1, 2, 3]) {
      const { knn, graph, params } = await neighborGraph(randomPoints(n, 2, 4));
      const others = Math.max(0, n - 1);
      expect(knn.indices.length).toBe(n * others);
      expect(graph.indptr.length).toBe(n + 1);
      expect(graph.indices.length).toBe(n * others);
      expect(params.neighbors).toBe(others + 1);
    }
  });

  it("takes cells that coincide", async () => {
    const { graph } = await neighborGraph(dense(30, 2, new Float32Array(60).fill(3)), { neighbors: 5 });
    expect(graph.weights.every((w) => w === 1)).toBe(true);
    expect(graph.distances.every((d) => d === 0)).toBe(true);
  });

  it("keeps far groups apart", async () => {
    const data = Float32Array.from({ length: 40 }, (_, i) => (i < 20 ? i : 1000 + i));
    const { graph } = await neighborGraph(dense(40, 1, data), { neighbors: 5 });
    for (let i = 0; i < 20; i++)
      for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++) expect(graph.indices[e]).toBeLessThan(20);
  });

  it("refuses unknown options, too few neighbors and NaN", async () => {
    const points = randomPoints(5, 2, 5);
    await expect(neighborGraph(points, { k: 3 } as object)).rejects.toMatchObject({ code: "option" });
    await expect(neighborGraph(points, { neighbors: 1 })).rejects.toMatchObject({ code: "option" });
    const broken = dense(2, 1, Float32Array.of(0, NaN));
    await expect(neighborGraph(broken)).rejects.toMatchObject({ code: "input" });
  });

  it("stops when asked to", async () => {
    const run = neighborGraph(randomPoints(50, 2, 6), { signal: AbortSignal.abort() });
    await expect(run).rejects.toMatchObject({ code: "aborted" });
  });
});
