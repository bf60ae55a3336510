import { describe, expect, it } from "vitest";
import {
  delaunayGraph,
  gridGraph,
  kNearestGraph,
  neighborGraph,
  radiusGraph,
} from "../../src/graph/index.ts";
import { dense, type Graph, positions } from "../../src/model/index.ts";
import { worst } from "../support/close.ts";
import { coreFixture, tissue } from "../support/tissue.ts";

interface Entries {
  readonly indptr: number[];
  readonly indices: number[];
  readonly distances?: number[];
  readonly data: number[];
}

describe("agrees with squidpy on a small tissue", () => {
  const { arrayRow, arrayCol, pixels } = tissue();
  const places = positions(pixels, "px", null);
  const want = coreFixture<Record<string, Entries>>("spatial_graphs");

  it.each([
    ["grid", (): Graph => gridGraph(arrayRow, arrayCol)],
    ["delaunay", (): Graph => delaunayGraph(places, { maxLength: 1e9 }).graph],
    ["nearest4", (): Graph => kNearestGraph(places, { k: 4 })],
    ["radius120", (): Graph => radiusGraph(places, { radius: 120 })],
  ])("%s", (name, make) => {
    const got = make();
    const { indptr, indices, distances } = want[name];
    expect([...got.indptr]).toEqual(indptr);
    expect([...got.indices]).toEqual(indices);
    if (distances !== undefined) expect(worst(got.distances, distances)).toBeLessThan(1e-7);
  });
});

describe("agrees with umap-learn on a small tissue", () => {
  const want = coreFixture<{
    rep: number[];
    neighbors: number;
    knn_indices: number[];
    knn_distances: number[];
    connectivities: Entries;
  }>("neighbors");

  it("nearest neighbors and connectivities", async () => {
    const points = dense(64, 5, Float64Array.from(want.rep));
    const { knn, graph } = await neighborGraph(points, { neighbors: want.neighbors });
    const k = want.neighbors - 1;
    for (let i = 0; i < 64; i++) {
      expect([...knn.indices.subarray(i * k, (i + 1) * k)]).toEqual(
        want.knn_indices.slice(i * k, (i + 1) * k).sort((a, b) => a - b),
      );
    }
    expect(
      worst(
        knn.distances.slice().sort(),
        want.knn_distances.slice().sort((a, b) => a - b),
      ),
    ).toBeLessThan(1e-5);
    expect([...graph.indptr]).toEqual(want.connectivities.indptr);
    expect([...graph.indices]).toEqual(want.connectivities.indices);
    graph.weights.forEach((w, e) => expect(Math.abs(w - want.connectivities.data[e])).toBeLessThan(1e-4));
  });
});
