import fc from "fast-check";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import {
  delaunayGraph,
  gabrielGraph,
  gridGraph,
  relativeNeighborGraph,
  sphereOfInfluenceGraph,
} from "../../src/graph/index.ts";
import { type Graph, positions, type Positions } from "../../src/model/index.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

const points = (...xy: number[]): Positions => positions(Float64Array.from(xy), "um", 1);
const edges = (g: Graph): string[] =>
  Array.from({ length: g.nodes }, (_, i) => i).flatMap((i) =>
    Array.from(g.indices.slice(g.indptr[i], g.indptr[i + 1]), (j) => `${i}-${j}`),
  );

/** n places: anywhere, or on a small lattice (many ties and duplicates). */
function places(n: number, seed: number, lattice: boolean): Positions {
  const rng = stream(seed, n);
  return points(...Array.from({ length: 2 * n }, () => (lattice ? rng.below(6) : 100 * rng.uniform())));
}

const square = (p: Positions, i: number, j: number): number =>
  (p.data[2 * i] - p.data[2 * j]) ** 2 + (p.data[2 * i + 1] - p.data[2 * j + 1]) ** 2;

/** Edges between first observations of places that hold by `rule`, and of every other observation to its first. */
function bruteForce(
  p: Positions,
  rule: (i: number, j: number, others: readonly number[]) => boolean,
): string[] {
  const all = Array.from({ length: p.rows }, (_, i) => i);
  const first = all.map((i) => all.findIndex((j) => square(p, i, j) === 0));
  const distinct = all.filter((i) => first[i] === i);
  return all.flatMap((i) =>
    all
      .filter((j) => {
        if (i === j) return false;
        if (first[i] === first[j]) return first[i] === i || first[j] === j;
        if (first[i] !== i || first[j] !== j) return false;
        return rule(
          i,
          j,
          distinct.filter((r) => r !== i && r !== j),
        );
      })
      .map((j) => `${i}-${j}`),
  );
}

const nearest = (p: Positions, i: number): number =>
  Math.min(
    ...Array.from({ length: p.rows }, (_, r) => square(p, i, r))
      .filter((s) => s > 0)
      .map(Math.sqrt),
  );

describe.each([
  [
    "gabrielGraph",
    gabrielGraph,
    (p: Positions) =>
      bruteForce(p, (i, j, others) =>
        others.every((r) => square(p, i, j) < square(p, i, r) + square(p, j, r)),
      ),
  ],
  [
    "relativeNeighborGraph",
    relativeNeighborGraph,
    (p: Positions) =>
      bruteForce(p, (i, j, others) =>
        others.every((r) => square(p, i, j) <= Math.max(square(p, i, r), square(p, j, r))),
      ),
  ],
  [
    "sphereOfInfluenceGraph",
    sphereOfInfluenceGraph,
    (p: Positions) => {
      const natural = new Set(edges(delaunayGraph(p, { maxLength: Infinity }).graph));
      return bruteForce(
        p,
        (i, j) => natural.has(`${i}-${j}`) && Math.sqrt(square(p, i, j)) < nearest(p, i) + nearest(p, j),
      );
    },
  ],
] as const)("%s", (_, build, want) => {
  it("agrees with brute force, ties and duplicates included", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 45 }), fc.boolean(), (seed, n, lattice) => {
        const p = places(n, seed, lattice);
        const { graph, coincident } = build(p);
        expect(edges(graph)).toEqual(want(p));
        expect(coincident).toBe(n - new Set(edgesOfPlaces(p)).size);
      }),
      { numRuns: 120 },
    );
  });

  it("agrees with brute force on more places, clusters among them", () => {
    const p = places(400, 3, false);
    for (let i = 0; i < 200; i++) {
      p.data[2 * i] = 50 + p.data[2 * i] / 500; // a dense cluster: lunes across it are searched far
      p.data[2 * i + 1] /= 500;
    }
    expect(edges(build(p).graph)).toEqual(want(p));
  });

  it("is a part of the triangulation, never joins samples, and refuses three columns", () => {
    const p = places(90, 5, false);
    const whole = new Set(edges(delaunayGraph(p, { maxLength: Infinity }).graph));
    expect(edges(build(p).graph).every((e) => whole.has(e))).toBe(true);
    const codes = Int32Array.from({ length: 90 }, (_, i) => i % 3);
    const { graph } = build(p, { sample: { kind: "categorical", codes, categories: ["a", "b", "c"] } });
    for (const e of edges(graph)) expect(new Set(e.split("-").map((i) => codes[Number(i)])).size).toBe(1);
    const deep = positions(new Float64Array(9), "um", 1, 3);
    try {
      build(deep);
      expect.unreachable();
    } catch (error) {
      expect((error as SpatialError).code).toBe("input");
      expect((error as SpatialError).hint).toMatch(/kNearestGraph/);
    }
    expect(() => build(p, { maxLength: 3 } as object)).toThrow(SpatialError);
  });
});

function edgesOfPlaces(p: Positions): string[] {
  return Array.from({ length: p.rows }, (_, i) => `${p.data[2 * i] + 0},${p.data[2 * i + 1] + 0}`);
}

it("Gabriel and relative neighbors of a lattice are the lattice", () => {
  const row = Int32Array.from({ length: 30 }, (_, i) => Math.floor(i / 6));
  const col = Int32Array.from({ length: 30 }, (_, i) => i % 6);
  const grid = edges(gridGraph(row, col));
  const p = points(...Array.from(row, (r, i) => [r, col[i]]).flat());
  expect(edges(gabrielGraph(p).graph)).toEqual(grid);
  expect(edges(relativeNeighborGraph(p).graph)).toEqual(grid);
});

it("a relative neighbor graph is connected", () => {
  const { graph } = relativeNeighborGraph(places(300, 8, false));
  const seen = new Set([0]);
  for (const i of seen) graph.indices.slice(graph.indptr[i], graph.indptr[i + 1]).forEach((j) => seen.add(j));
  expect(seen.size).toBe(300);
});

describe("delaunayGraph, pruned", () => {
  it.skipIf(oracles === null)("to a percentile, as squidpy 1.8.3 to the same number of edges", () => {
    const npz = readNpz(join(oracles as string, "core", "spatial_graphs.npz"));
    const p = positions(npz["jit_coords"].data as Float64Array, "px", null);
    // squidpy counts 600 distances of 0, of each spot to itself, among the 3566 of its edges
    const percentile = (100 * (0.99 * (3566 + 600 - 1) - 600)) / (3566 - 1);
    const { graph, dropped, params } = delaunayGraph(p, { percentile });
    const want = readCsr(npz, "jit_delaunay_p99_conn");
    expect(graph.indptr).toEqual(want.indptr);
    expect(graph.indices).toEqual(want.indices);
    expect(dropped).toBe((3566 - 3524) / 2);
    expect(params).toEqual({ maxLength: Infinity, percentile, alpha: null });
  });

  it("to the alpha complex, as brute force over the radii of empty discs", () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 1, max: 60, noNaN: true }), (seed, alpha) => {
        const p = places(40, seed, false);
        const natural = new Set(edges(delaunayGraph(p, { maxLength: Infinity }).graph));
        const want = bruteForce(
          p,
          (i, j, others) => natural.has(`${i}-${j}`) && smallestEmpty(p, i, j, others) <= alpha,
        );
        const { graph, dropped } = delaunayGraph(p, { alpha });
        expect(edges(graph)).toEqual(want);
        expect(dropped).toBe((natural.size - want.length) / 2);
      }),
      { numRuns: 60 },
    );
  });

  it("follows a dent that is wider than 2 alpha", () => {
    const row = Array.from({ length: 400 }, (_, i) => [i % 20, Math.floor(i / 20)]);
    const horseshoe = row.filter(([x, y]) => !(x > 6 && x < 13 && y < 14));
    const { graph } = delaunayGraph(points(...horseshoe.flat()), { alpha: 1 });
    expect(Math.max(...graph.distances)).toBeLessThan(1.5);
    expect(graph.indices.length).toBeGreaterThan(4 * horseshoe.length);
  });

  it("by several rules at once, and says the length", () => {
    const p = places(100, 2, false);
    const a = delaunayGraph(p, { maxLength: 12, percentile: 50 });
    expect(a.maxLength).toBe(Math.min(12, delaunayGraph(p, { percentile: 50 }).maxLength));
    expect(delaunayGraph(points(), { percentile: 50 }).maxLength).toBe(0);
    expect(delaunayGraph(points(0, 0, 0, 0, 1, 1, 1, 1)).coincident).toBe(2);
    expect(() => delaunayGraph(p, { percentile: 101 })).toThrow(SpatialError);
    expect(() => delaunayGraph(p, { alpha: -1 })).toThrow(SpatialError);
  });
});

/**
 * Least radius of a disc with i and j on its rim and no other place inside: centers lie on the bisector of i and j at t from the
 * middle; each other place forbids t below or above a bound.
 */
function smallestEmpty(p: Positions, i: number, j: number, others: readonly number[]): number {
  const d = Math.sqrt(square(p, i, j));
  const [mx, my] = [0, 1].map((c) => (p.data[2 * i + c] + p.data[2 * j + c]) / 2);
  const [ux, uy] = [-(p.data[2 * j + 1] - p.data[2 * i + 1]) / d, (p.data[2 * j] - p.data[2 * i]) / d];
  let [low, high] = [-Infinity, Infinity];
  for (const r of others) {
    const [x, y] = [p.data[2 * r] - mx, p.data[2 * r + 1] - my];
    const side = x * ux + y * uy;
    const bound = (x * x + y * y - (d * d) / 4) / (2 * side); // outside where t * side <= bound * side
    if (side > 0) high = Math.min(high, bound);
    else low = Math.max(low, bound);
  }
  const t = Math.max(low, Math.min(high, 0));
  return Math.sqrt(t * t + (d * d) / 4);
}
