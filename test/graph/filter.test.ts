import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import {
  connectedComponents,
  delaunayGraph,
  filterComponents,
  filterEdges,
  kNearestGraph,
  radiusGraph,
  weighEdges,
} from "../../src/graph/index.ts";
import { type Graph, positions } from "../../src/model/index.ts";
import { quantile } from "../../src/stats/index.ts";

function places(n: number, seed: number): ReturnType<typeof positions> {
  const rng = stream(seed);
  return positions(
    Float64Array.from({ length: 2 * n }, () => 100 * rng.uniform()),
    "um",
    1,
  );
}
const entries = (g: Graph): [number, number, number, number][] =>
  Array.from({ length: g.nodes }, (_, i) => i).flatMap((i) =>
    Array.from({ length: g.indptr[i + 1] - g.indptr[i] }, (_, t): [number, number, number, number] => {
      const e = g.indptr[i] + t;
      return [i, g.indices[e], g.weights[e], g.distances[e]];
    }),
  );

describe("filterEdges", () => {
  it("keeps an interval of distances and a percentile, weights with them", () => {
    const graph = weighEdges(kNearestGraph(places(200, 1), { k: 8 }), { kernel: "gaussian", bandwidth: 9 });
    const limit = quantile(graph.distances, 0.9);
    const got = filterEdges(graph, { minDistance: 3, maxDistance: 12, percentile: 90 });
    expect(entries(got)).toEqual(entries(graph).filter((e) => e[3] >= 3 && e[3] <= 12 && e[3] <= limit));
    expect(got.indices.length).toBeGreaterThan(0);
    expect([got.nodes, got.directed]).toEqual([200, true]);
    expect(filterEdges(graph)).toEqual(graph);
  });

  it("makes of all Delaunay edges those to a length", () => {
    const all = delaunayGraph(places(150, 2), { maxLength: Infinity }).graph;
    expect(filterEdges(all, { maxDistance: 9 })).toEqual(
      delaunayGraph(places(150, 2), { maxLength: 9 }).graph,
    );
    expect(filterEdges(all, { percentile: 70 })).toEqual(
      delaunayGraph(places(150, 2), { percentile: 70 }).graph,
    );
  });

  it("takes a graph without edges, refuses wrong bounds", () => {
    const none = radiusGraph(places(5, 1), { radius: 0 });
    expect(filterEdges(none, { percentile: 50 })).toEqual(none);
    expect(() => filterEdges(none, { percentile: 200 })).toThrow(SpatialError);
    expect(() => filterEdges(none, { minDistance: -1 })).toThrow(SpatialError);
  });
});

/** Labels spread along edges, both ways, until nothing changes. */
function spread(g: Graph): number[] {
  const label = Array.from({ length: g.nodes }, (_, i) => i);
  for (let changed = true; changed;) {
    changed = false;
    for (const [i, j] of entries(g)) {
      const least = Math.min(label[i], label[j]);
      changed ||= label[i] !== least || label[j] !== least;
      label[i] = label[j] = least;
    }
  }
  return label;
}

describe("connectedComponents and filterComponents", () => {
  it("agree with labels that spread along edges, whatever their direction", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 60 }), fc.boolean(), (seed, n, directed) => {
        const p = places(n, seed);
        const graph = directed ? kNearestGraph(p, { k: 1 }) : radiusGraph(p, { radius: 9 });
        const label = spread(graph);
        const { component, sizes } = connectedComponents(graph);
        const size = (i: number): number => label.filter((l) => l === label[i]).length;
        for (let i = 0; i < n; i++) {
          expect(sizes[component[i]]).toBe(size(i));
          for (let j = 0; j < i; j++) expect(component[i] === component[j]).toBe(label[i] === label[j]);
        }
        expect([...sizes]).toEqual([...sizes].sort((a, b) => b - a));
        // equal sizes go by their first node
        const firsts = [...sizes].map((_, c) => component.indexOf(c));
        for (let c = 1; c < sizes.length; c++)
          if (sizes[c] === sizes[c - 1]) expect(firsts[c]).toBeGreaterThan(firsts[c - 1]);
        expect(entries(filterComponents(graph, { minSize: 3 }))).toEqual(
          entries(graph).filter(([i]) => size(i) >= 3),
        );
        expect(entries(filterComponents(graph, { largest: 2 }))).toEqual(
          entries(graph).filter(([i]) => component[i] < 2),
        );
        expect(filterComponents(graph)).toEqual(graph);
      }),
      { numRuns: 60 },
    );
  });

  it("refuse wrong sizes", () => {
    const graph = radiusGraph(places(5, 1), { radius: 50 });
    expect(() => filterComponents(graph, { minSize: 0 })).toThrow(SpatialError);
    expect(() => filterComponents(graph, { largest: 1.5 })).toThrow(SpatialError);
    expect(filterComponents(graph, { largest: 0 }).indices.length).toBe(0);
  });
});
