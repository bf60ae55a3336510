import { describe, expect, it } from "vitest";
import type { SpatialError } from "../../src/core/index.ts";
import { stream } from "../../src/core/index.ts";
import { delaunayGraph, kNearestGraph, weighEdges } from "../../src/graph/index.ts";
import { categorical, dense, type Graph, positions } from "../../src/model/index.ts";
import { neighborhoodComposition } from "../../src/spatial/index.ts";

const rng = stream(5);
const places = positions(
  Float64Array.from({ length: 120 }, () => rng.uniform()),
  "um",
  1,
);
const labels = categorical(
  Int32Array.from({ length: 60 }, () => rng.below(4) - 1),
  ["a", "b", "c"],
);
const numbers = dense(
  60,
  3,
  Float64Array.from({ length: 180 }, () => rng.uniform()),
);
const graphs: [string, Graph][] = [
  ["Delaunay", delaunayGraph(places, { maxLength: 0.2 }).graph],
  ["nearest, weighted", weighEdges(kNearestGraph(places, { k: 5 }), { kernel: "gaussian", bandwidth: 0.1 })],
];

describe.each(graphs)("neighborhoodComposition, %s", (_, graph) => {
  for (const includeSelf of [false, true]) {
    for (const weighted of [false, true]) {
      const around = (i: number): [number, number][] => [
        ...(includeSelf ? [[i, 1] as [number, number]] : []),
        ...Array.from(graph.indices.slice(graph.indptr[i], graph.indptr[i + 1]), (j, t): [number, number] => [
          j,
          weighted ? graph.weights[graph.indptr[i] + t] : 1,
        ]),
      ];
      it(`agrees with brute force, includeSelf ${includeSelf}, weighted ${weighted}`, () => {
        const shares = neighborhoodComposition(labels, graph, { includeSelf, weighted });
        const means = neighborhoodComposition(numbers, graph, { includeSelf, weighted });
        for (let i = 0; i < 60; i++) {
          const all = around(i);
          const labelled = all.filter(([j]) => labels.codes[j] >= 0);
          const sum = (list: [number, number][]): number => list.reduce((s, [, w]) => s + w, 0);
          for (let c = 0; c < 3; c++) {
            const share = sum(labelled.filter(([j]) => labels.codes[j] === c)) / sum(labelled);
            expect(shares.data[3 * i + c]).toBeCloseTo(labelled.length === 0 ? 0 : share, 6);
            const mean = all.reduce((s, [j, w]) => s + w * numbers.data[3 * j + c], 0) / sum(all);
            expect(means.data[3 * i + c]).toBeCloseTo(all.length === 0 ? 0 : mean, 6);
          }
        }
      });
    }
  }
});

it("refuses other lengths, numbers that are not finite and negative weights", () => {
  const graph = graphs[0][1];
  const fails = (f: () => unknown): string => {
    try {
      f();
    } catch (error) {
      return (error as SpatialError).subject ?? "";
    }
    return "none";
  };
  expect(fails(() => neighborhoodComposition(categorical(new Int32Array(3), ["a"]), graph))).toBe("labels");
  expect(fails(() => neighborhoodComposition(dense(3, 2), graph))).toBe("abundances");
  const holes = dense(60, 3, numbers.data.slice().fill(NaN, 5, 6) as Float64Array);
  expect(fails(() => neighborhoodComposition(holes, graph))).toBe("abundances");
  const negative = { ...graph, weights: graph.weights.map((w) => -w) };
  expect(fails(() => neighborhoodComposition(labels, negative, { weighted: true }))).toBe("graph");
  expect(fails(() => neighborhoodComposition(labels, graph, { self: true } as object))).toBe("self");
});
