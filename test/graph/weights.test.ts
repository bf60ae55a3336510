import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import { kNearestGraph, radiusGraph, weighEdges, type WeighEdgesOptions } from "../../src/graph/index.ts";
import { type Graph, positions } from "../../src/model/index.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

const rng = stream(4);
const places = positions(
  Float64Array.from({ length: 240 }, () => 100 * rng.uniform()),
  "um",
  1,
);
const near = radiusGraph(places, { radius: 20 });
const nearest = kNearestGraph(places, { k: 5 });
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    if (error instanceof SpatialError) return `${error.code} ${error.subject}`;
    throw error;
  }
  return "none";
};

it.skipIf(oracles === null)("agrees with liana's Gaussian weights", () => {
  const core = join(oracles as string, "core");
  const want = readNpz(join(core, "liana_spatial_weights.npz"));
  const input = readNpz(join(core, "input.npz"));
  const spots = positions(input["spatial"].data as Float64Array, "px", null);
  const graph = weighEdges(radiusGraph(spots, { radius: 1e4 }), { kernel: "gaussian", bandwidth: 200 });
  const { indptr, indices, weights } = graph;
  const at = want["W__indptr"].data;
  let compared = 0;
  for (let i = 0; i < 600; i++) {
    for (let q = Number(at[i]); q < Number(at[i + 1]); q++) {
      const j = Number(want["W__indices"].data[q]);
      const w = Number(want["W__data"].data[q]);
      if (j === i || w === 0) continue; // its own weight 1; those below the cutoff
      const e = indices.subarray(indptr[i], indptr[i + 1]).indexOf(j) + indptr[i];
      expect(Math.abs(weights[e] - w)).toBeLessThan(1e-6);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(5000);
});

describe("weighEdges", () => {
  const formulas: Record<string, (t: number) => number> = {
    gaussian: (t) => Math.exp(-0.5 * t ** 2),
    exponential: (t) => Math.exp(-t),
    uniform: (t) => Number(t <= 1),
    triangular: (t) => (t < 1 ? 1 - t : 0),
    quadratic: (t) => (t < 1 ? 1 - t ** 2 : 0),
    quartic: (t) => (t < 1 ? (1 - t ** 2) ** 2 : 0),
    tricube: (t) => (t < 1 ? (1 - t ** 3) ** 3 : 0),
    cosine: (t) => (t < 1 ? Math.cos((Math.PI / 2) * t) : 0),
  };
  it.each(Object.keys(formulas))("%s, fixed and adaptive", (name) => {
    const kernel = name as WeighEdgesOptions["kernel"];
    const fixed = weighEdges(near, { kernel, bandwidth: 14 });
    fixed.weights.forEach((w, e) => expect(w).toBeCloseTo(formulas[name](near.distances[e] / 14), 6));
    expect(fixed.directed).toBe(false);
    const own = weighEdges(near, { kernel, bandwidth: "adaptive" });
    expect(own.directed).toBe(true);
    for (let i = 0; i < near.nodes; i++) {
      const row = near.distances.subarray(near.indptr[i], near.indptr[i + 1]);
      row.forEach((d, t) =>
        expect(own.weights[near.indptr[i] + t]).toBeCloseTo(formulas[name](d / Math.max(...row)), 6),
      );
    }
  });

  it("binary and inverse distance", () => {
    expect(weighEdges(weighEdges(near, { kernel: "inverse" }))).toEqual(near);
    weighEdges(near, { kernel: "inverse", power: 2 }).weights.forEach((w, e) =>
      expect(w / (1 / near.distances[e] ** 2)).toBeCloseTo(1, 6),
    );
    weighEdges(near, { kernel: "inverse", minDistance: 10 }).weights.forEach((w, e) =>
      expect(w).toBeCloseTo(1 / Math.max(10, near.distances[e]), 6),
    );
  });

  it("standardized rows add up to 1 and keep their proportions; the graph becomes directed", () => {
    const plain = weighEdges(near, { kernel: "gaussian", bandwidth: 9 });
    const got = weighEdges(near, { kernel: "gaussian", bandwidth: 9, rowStandardize: true });
    expect(got.directed).toBe(true);
    for (let i = 0; i < near.nodes; i++) {
      const row = (g: Graph): Float32Array => g.weights.subarray(near.indptr[i], near.indptr[i + 1]);
      if (row(got).length === 0) continue;
      expect(row(got).reduce((s, w) => s + w, 0)).toBeCloseTo(1, 5);
      row(got).forEach((w, t) => expect(w / row(got)[0]).toBeCloseTo(row(plain)[t] / row(plain)[0], 3));
    }
    expect({ ...got, weights: near.weights, directed: false }).toEqual(near);
  });

  it("several observations at one place: an inverse needs a least distance, an adaptive bandwidth of 0 weighs 1", () => {
    const twins = kNearestGraph(positions(Float64Array.of(0, 0, 0, 0, 3, 4), "um", 1), { k: 1 });
    expect(code(() => weighEdges(twins, { kernel: "inverse" }))).toBe("input graph");
    expect([...weighEdges(twins, { kernel: "inverse", minDistance: 0.5 }).weights]).toEqual([
      2,
      2,
      Math.fround(0.2),
    ]);
    expect([...weighEdges(twins, { kernel: "triangular", bandwidth: "adaptive" }).weights]).toEqual([
      1, 1, 0,
    ]);
  });

  it("refuses options that do not belong together", () => {
    expect(code(() => weighEdges(nearest, { kernel: "gaussian" }))).toBe("option bandwidth");
    expect(code(() => weighEdges(nearest, { kernel: "inverse", bandwidth: 3 }))).toBe("option bandwidth");
    expect(code(() => weighEdges(nearest, { power: 2 }))).toBe("option power");
    expect(code(() => weighEdges(nearest, { kernel: "gaussian", bandwidth: 0 }))).toBe("option bandwidth");
    expect(code(() => weighEdges(nearest, { kernel: "normal" } as object))).toBe("option kernel");
  });
});
