import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import { categorical, categories, type Categorical, type Graph, positions } from "../../src/model/index.ts";
import { interactionMatrix, joinCounts, neighborhoodEnrichment } from "../../src/spatial/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";
import { worst } from "../support/close.ts";
import { average, esda, hexagons, matrix, orders, sumPairs, varianceOf } from "../support/definitions.ts";
import * as spots from "../support/spots.ts";

const labelsOf = (codes: readonly number[], k: number): Categorical =>
  categorical(Int32Array.from(codes), ["a", "b", "c", "d"].slice(0, k));

describe("agrees with esda 2.10 and the counts of neighborhoods", () => {
  const graph = gridGraph(spots.row, spots.col);

  it("BB, BW and WW", () => {
    const black = categories(
      [...spots.labels.codes].map((c) => (spots.labels.categories[c] === "a" ? "b" : "w")),
    );
    const { counts, different } = joinCounts(black, graph);
    expect([counts[0], counts[3], counts[1], counts[2], different.count]).toEqual([
      esda.joins.bb,
      esda.joins.ww,
      esda.joins.bw,
      esda.joins.bw,
      esda.joins.bw,
    ]);
  });

  it("k categories: the same z as enrichment, which counts both ways", async () => {
    const found = joinCounts(spots.labels, graph);
    const { z, expected } = await neighborhoodEnrichment(spots.labels, graph, { permutations: 0 });
    expect(worst(found.z, z)).toBeLessThan(1e-9);
    const ways = interactionMatrix(spots.labels, graph).data;
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++) {
        const half = a === b ? 2 : 1;
        expect(found.counts[a * 3 + b]).toBe(ways[a * 3 + b] / half);
        expect(found.expected[a * 3 + b]).toBeCloseTo(expected[a * 3 + b] / half, 10);
      }
  });
});

/** Six places with a directed graph of uneven weights. */
function six(): Graph {
  const rng = stream(8);
  const at = positions(
    Float64Array.from({ length: 12 }, () => rng.uniform()),
    "um",
    1,
  );
  const knn = kNearestGraph(at, { k: 2 });
  return { ...knn, weights: Float32Array.from(knn.weights, (_, e) => 1 + (e % 3)) };
}

const joins = (w: readonly (readonly number[])[], codes: readonly number[], a: number, b: number): number =>
  sumPairs(codes.length, (i, j) =>
    (codes[i] === a && codes[j] === b) || (codes[i] === b && codes[j] === a) ? w[i][j] / 2 : 0,
  );

describe("agrees with the definition", () => {
  const graph = six();
  const w = matrix(graph, false);

  it("and all orders of six labels", () => {
    const codes = [0, 1, 0, 2, 1, 0];
    const found = joinCounts(labelsOf(codes, 3), graph);
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++) {
        const all = orders(codes).map((order) => joins(w, order, a, b));
        expect(found.counts[a * 3 + b]).toBeCloseTo(joins(w, codes, a, b), 10);
        expect(found.expected[a * 3 + b]).toBeCloseTo(average(all), 10);
        expect(found.variance[a * 3 + b]).toBeCloseTo(varianceOf(all), 10);
      }
    const all = orders(codes).map((order) =>
      sumPairs(6, (i, j) => (order[i] === order[j] ? 0 : w[i][j] / 2)),
    );
    expect(found.different.expected).toBeCloseTo(average(all), 10);
    expect(found.different.variance).toBeCloseTo(varianceOf(all), 10);
  });

  it("and all labelings with given chances", () => {
    const probabilities = [0.5, 0.3, 0.2];
    const found = joinCounts(labelsOf([0, 1, 0, 2, 1, 0], 3), graph, { probabilities });
    const every = Array.from({ length: 3 ** 6 }, (_, t) =>
      Array.from({ length: 6 }, (_, i) => Math.floor(t / 3 ** i) % 3),
    );
    const chance = every.map((codes) => codes.reduce((p, c) => p * probabilities[c], 1));
    const moments = (values: readonly number[]): [number, number] => {
      const mean = values.reduce((s, v, t) => s + v * chance[t], 0);
      return [mean, values.reduce((s, v, t) => s + (v - mean) ** 2 * chance[t], 0)];
    };
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++) {
        const [mean, variance] = moments(every.map((codes) => joins(w, codes, a, b)));
        expect(found.expected[a * 3 + b]).toBeCloseTo(mean, 10);
        expect(found.variance[a * 3 + b]).toBeCloseTo(variance, 10);
      }
    const [mean, variance] = moments(
      every.map((codes) => sumPairs(6, (i, j) => (codes[i] === codes[j] ? 0 : w[i][j] / 2))),
    );
    expect(found.different.expected).toBeCloseTo(mean, 10);
    expect(found.different.variance).toBeCloseTo(variance, 10);
  });
});

describe("on 1,000 tissues without pattern", () => {
  const graph = hexagons(14);
  it.each([
    ["non-free", undefined],
    ["free", [0.4, 0.4, 0.2]],
  ] as const)(
    "%s sampling: p of one label with itself, of two, of all that differ",
    async (_, probabilities) => {
      const draw = (u: number): number => (u < 0.4 ? 0 : u < 0.8 ? 1 : 2);
      for (const of of [0, 1, "different"] as const) {
        const p = await nullPValues((rng) => {
          const codes = Array.from({ length: 196 }, () => draw(rng.uniform()));
          const found = joinCounts(labelsOf(codes, 3), graph, { probabilities });
          return of === "different" ? found.different.p : found.p[of];
        });
        // Whole numbers, whose p has steps.
        expectCalibrated(p, { least: 0.025 });
      }
    },
  );

  it("power: labels that keep the label of the spot before with chance .3", async () => {
    const p = await nullPValues((rng) => {
      const codes: number[] = [];
      for (let i = 0; i < 196; i++)
        codes.push(i % 14 > 0 && rng.uniform() < 0.3 ? codes[i - 1] : rng.below(3));
      return joinCounts(labelsOf(codes, 3), graph, { alternative: "less" }).different.p;
    });
    expect(p.filter((v) => v <= 0.05).length / 1000).toBe(0.908);
  });
});

describe("at the edges", () => {
  const graph = gridGraph(new Int32Array(5), Int32Array.of(0, 1, 2, 3, 4));

  it("leaves out what has no label", () => {
    const found = joinCounts(labelsOf([0, 0, -1, 1, 1], 2), graph);
    const apart = gridGraph(new Int32Array(4), Int32Array.of(0, 1, 3, 4));
    const { params, ...want } = joinCounts(labelsOf([0, 0, 1, 1], 2), apart);
    expect(found).toEqual({ ...want, params });
  });

  it("has no z where a count cannot vary", () => {
    const found = joinCounts(labelsOf([0, 0, 0, 0, 0], 2), graph);
    expect([...found.counts]).toEqual([4, 0, 0, 0]);
    expect([...found.variance]).toEqual([0, 0, 0, 0]);
    expect([...found.z, ...found.p, found.different.z].every(Number.isNaN)).toBe(true);
    expect(joinCounts(labelsOf([], 2), gridGraph(new Int32Array(0), new Int32Array(0))).different.count).toBe(
      0,
    );
  });

  it("refuses what does not fit", () => {
    expect(() => joinCounts(labelsOf([0, 1], 2), graph)).toThrow(/one label per node/);
    for (const probabilities of [[1], [0.5, 0.6], [1.5, -0.5]])
      expect(() => joinCounts(labelsOf([0, 1, 0, 0, 0], 2), graph, { probabilities })).toThrow(/add up to 1/);
  });
});
