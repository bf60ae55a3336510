import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { delaunayGraph, gridGraph, radiusGraph } from "../../src/graph/index.ts";
import {
  categorical,
  type Categorical,
  categories,
  dense,
  expression,
  ids,
  positions,
  type Positions,
  type Shapes,
  toSparse,
} from "../../src/model/index.ts";
import {
  categoryOverlap,
  coOccurrence,
  distanceGradient,
  distanceToFeature,
  diversity,
  ithScore,
  moduleBoundary,
  spatialEntropy,
} from "../../src/spatial/index.ts";
import { oracles } from "../support/shared.ts";
import { worst } from "../support/close.ts";

const labelsOf = (codes: readonly number[], k: number): Categorical =>
  categorical(
    Int32Array.from(codes),
    Array.from({ length: k }, (_, c) => `c${c}`),
  );

describe.skipIf(oracles === null)("agrees with plain formulas on 56 labelled places", () => {
  interface Sith {
    coords: number[][];
    label: number[];
    shannon_nat: number;
    gini_simpson: number;
    inv_simpson: number;
    pielou: number;
    rao_Q: { d: number[][]; Q: number };
    leibovici: Record<string, number>;
    altieri: { breaks: number[]; H_Z: number; MI: number; residual: number };
    batty: { area: number[] };
    morisita_horn_0_1: number;
    ro_e: number[][];
  }
  const want =
    oracles === null
      ? (null as never)
      : (JSON.parse(readFileSync(join(oracles, "radiology", "sith.json"), "utf8")) as Sith);
  const labels = oracles === null ? null! : labelsOf(want.label, 3);
  const places = oracles === null ? null! : positions(Float64Array.from(want.coords.flat()), "um", 1);

  it("diversity", () => {
    const got = diversity(labels, { dissimilarity: want.rao_Q.d.flat() });
    const values = [got.shannon[0], got.evenness[0], got.giniSimpson[0], got.inverseSimpson[0], got.rao[0]];
    const wanted = [want.shannon_nat, want.pielou, want.gini_simpson, want.inv_simpson, want.rao_Q.Q];
    expect(worst(values, wanted)).toBeLessThan(1e-14);
    expect(diversity(labels).rao[0]).toBeCloseTo(want.gini_simpson, 14);
  });

  it("overlap of categories over four areas", () => {
    const got = categoryOverlap(labels, labelsOf(want.batty.area, 4));
    expect(got.morisitaHorn[1]).toBeCloseTo(want.morisita_horn_0_1, 14);
    expect(worst(got.observedOverExpected, want.ro_e.flat())).toBeLessThan(1e-14);
  });

  it("entropy of pairs at distances", async () => {
    const pairs = await coOccurrence(labels, places, { thresholds: [1, 2, 3] });
    expect(worst(spatialEntropy(pairs).leibovici, Object.values(want.leibovici))).toBeLessThan(1e-14);
    const { breaks, H_Z, MI, residual } = want.altieri;
    const rings = await coOccurrence(labels, places, { thresholds: breaks.slice(1) });
    const got = spatialEntropy(rings);
    expect(worst([got.entropy, got.mutualInformation, got.residual], [H_Z, MI, residual])).toBeLessThan(
      1e-12,
    );
  });
});

const codes = fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 6, maxLength: 60 });

describe("always", () => {
  it("diversity is least for one category, most for equal shares, and Rao's lies below Gini-Simpson for d <= 1", () => {
    fc.assert(
      fc.property(
        codes,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }),
        (of, upper) => {
          const d = new Float64Array(16);
          let at = 0;
          for (let a = 0; a < 4; a++)
            for (let b = a + 1; b < 4; b++) d[4 * a + b] = d[4 * b + a] = upper[at++];
          const { shannon, giniSimpson, rao, richness, counts } = diversity(labelsOf(of, 4), {
            dissimilarity: d,
          });
          if (counts.every((c) => c === 0)) return Number.isNaN(shannon[0]);
          return (
            shannon[0] >= -1e-12 &&
            shannon[0] <= Math.log(richness[0]) + 1e-12 &&
            rao[0] <= giniSimpson[0] + 1e-12 &&
            (richness[0] === 1) === Math.abs(shannon[0]) < 1e-12
          );
        },
      ),
    );
  });

  it("two categories with the same shares overlap wholly, in no common region not at all", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 30 }), (regions) => {
        const twice = labelsOf([...regions.map(() => 0), ...regions.map(() => 1)], 2);
        const same = categoryOverlap(twice, labelsOf([...regions, ...regions], 10)).morisitaHorn;
        const apart = categoryOverlap(
          twice,
          labelsOf([...regions, ...regions.map((r) => r + 5)], 10),
        ).morisitaHorn;
        return Math.abs(same[1] - 1) < 1e-12 && apart[1] === 0;
      }),
    );
  });

  it("patches are those of a flood, and the score falls as they join", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 30, maxLength: 30 }), (of) => {
        const row = Int32Array.from(of, (_, i) => Math.floor(i / 6));
        const col = Int32Array.from(of, (_, i) => i % 6);
        const graph = radiusGraph(
          positions(Float64Array.from(of.flatMap((_, i) => [col[i], row[i]])), "um", 1),
          {
            radius: 1,
          },
        );
        const { patches, largest, score } = ithScore(labelsOf(of, 3), graph);
        const seen = new Uint8Array(30);
        const [number, most] = [
          [0, 0, 0],
          [0, 0, 0],
        ];
        for (let i = 0; i < 30; i++) {
          if (seen[i]) continue;
          const stack = [i];
          let size = 0;
          seen[i] = 1;
          while (stack.length > 0) {
            const a = stack.pop()!;
            size++;
            for (const [dr, dc] of [
              [0, 1],
              [1, 0],
              [0, -1],
              [-1, 0],
            ]) {
              const [r, c] = [row[a] + dr, col[a] + dc];
              const b = 6 * r + c;
              if (r < 0 || r > 4 || c < 0 || c > 5 || seen[b] || of[b] !== of[a]) continue;
              seen[b] = 1;
              stack.push(b);
            }
          }
          number[of[i]]++;
          most[of[i]] = Math.max(most[of[i]], size);
        }
        expect([...patches]).toEqual(number);
        expect([...largest]).toEqual(most);
        const sum = number.reduce((s, m, c) => s + (m > 0 ? most[c] / m : 0), 0);
        expect(score[0]).toBeCloseTo(1 - sum / 30, 12);
      }),
    );
  });

  const coordinate = fc.double({ min: -50, max: 50, noNaN: true });
  const points = (n: number): fc.Arbitrary<Positions> =>
    fc
      .array(coordinate, { minLength: 2 * n, maxLength: 2 * n })
      .map((data) => positions(Float64Array.from(data), "um", 1));

  it("distances to points and edges are the smallest of all", () => {
    const toEdge = (x: number, y: number, [ax, ay, bx, by]: readonly number[]): number => {
      const [ux, uy] = [bx - ax, by - ay];
      const t = Math.max(0, Math.min(1, ((x - ax) * ux + (y - ay) * uy) / (ux * ux + uy * uy || 1)));
      return Math.hypot(x - ax - t * ux, y - ay - t * uy);
    };
    fc.assert(
      fc.property(points(20), points(9), (cells, corners) => {
        const toPoints = distanceToFeature(cells, corners);
        const shape: Shapes = {
          kind: "shapes",
          ids: ids(["a", "b", "c"]),
          shapeOffsets: Uint32Array.of(0, 1, 2, 3),
          ringOffsets: Uint32Array.of(0, 3, 6, 9),
          coordinates: corners.data,
        };
        const toShapes = distanceToFeature(cells, shape);
        for (let i = 0; i < 20; i++) {
          const [x, y] = [cells.data[2 * i], cells.data[2 * i + 1]];
          const near = Array.from({ length: 9 }, (_, k) =>
            Math.hypot(x - corners.data[2 * k], y - corners.data[2 * k + 1]),
          );
          expect(toPoints[i]).toBeCloseTo(Math.min(...near), 9);
          const edges = Array.from({ length: 9 }, (_, k) => {
            const next = k % 3 === 2 ? k - 2 : k + 1;
            return toEdge(x, y, [
              ...corners.data.subarray(2 * k, 2 * k + 2),
              ...corners.data.subarray(2 * next, 2 * next + 2),
            ]);
          });
          expect(Math.abs(toShapes[i])).toBeCloseTo(Math.min(...edges), 9);
        }
      }),
    );
  });

  it("the boundary lies where the graph crosses, and distances to it have the sign of the side", () => {
    fc.assert(
      fc.property(
        points(25),
        fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 25, maxLength: 25 }),
        (cells, of) => {
          const labels = labelsOf(of, 3);
          const { graph } = delaunayGraph(cells);
          const { distance, crossings, pairs } = moduleBoundary(labels, graph, cells, {
            inside: "c0",
            outside: "c1",
          });
          for (let k = 0; k < pairs.length; k += 2) expect([of[pairs[k]], of[pairs[k + 1]]]).toEqual([0, 1]);
          for (let i = 0; i < 25; i++) {
            if ((of[i] !== 0 && of[i] !== 1) || pairs.length === 0) {
              expect(distance[i]).toBeNaN();
              continue;
            }
            const all = Array.from({ length: crossings.length / 2 }, (_, m) =>
              Math.hypot(cells.data[2 * i] - crossings[2 * m], cells.data[2 * i + 1] - crossings[2 * m + 1]),
            );
            expect(distance[i]).toBeCloseTo((of[i] === 0 ? -1 : 1) * Math.min(...all), 9);
          }
        },
      ),
    );
  });

  it("gradients of a sparse matrix are those of a full one, and of the plain formulas", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 60, maxLength: 60 }),
        fc.array(fc.oneof(fc.double({ min: -9, max: 9, noNaN: true }), fc.constant(NaN)), {
          minLength: 20,
          maxLength: 20,
        }),
        async (values, distance) => {
          const x = dense(20, 3, Float32Array.from(values));
          const used = distance.map((d, i) => ({ d, i })).filter(({ d }) => d >= -5 && d <= 5);
          const options = { edges: [-5, 0, 5] };
          if (used.length === 0) {
            await expect(distanceGradient(expression(x, "log"), distance, options)).rejects.toThrow(
              /no observation/,
            );
            return;
          }
          const full = await distanceGradient(expression(x, "log"), distance, options);
          const got = await distanceGradient(expression(toSparse(x), "log"), distance, options);
          expect(worst(got.means, full.means, 1)).toBeLessThan(1e-12);
          const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
          for (let j = 0; j < 3; j++) {
            const v = ({ i }: { i: number }): number => values[3 * i + j];
            const near = used.filter(({ d }) => d < 0);
            if (near.length > 0) expect(got.means[2 * j]).toBeCloseTo(mean(near.map(v)), 9);
            const [md, mv] = [mean(used.map(({ d }) => d)), mean(used.map(v))];
            const covariance = mean(used.map((u) => (u.d - md) * (v(u) - mv)));
            const spread = mean(used.map((u) => (u.d - md) ** 2));
            const variance = mean(used.map((u) => (v(u) - mv) ** 2));
            if (spread > 1e-6) expect(got.slope[j]).toBeCloseTo(covariance / spread, 6);
            if (spread > 1e-6 && variance > 0)
              expect(got.correlation[j]).toBeCloseTo(covariance / Math.sqrt(spread * variance), 6);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("at the edges", () => {
  it("a tissue where distance says nothing has no mutual information, a split one has", async () => {
    const grid = Array.from({ length: 400 }, (_, i) => [i % 20, Math.floor(i / 20)]);
    const places = positions(Float64Array.from(grid.flat()), "um", 1);
    const options = { thresholds: [2, 5, 30] };
    const mixed = labelsOf(
      grid.map(([x, y]) => ((x * 7 + y * 13 + ((x * y) % 5)) % 11) % 2),
      2,
    );
    const split = labelsOf(
      grid.map(([x]) => Number(x > 9)),
      2,
    );
    const of = async (labels: Categorical): Promise<number> =>
      spatialEntropy(await coOccurrence(labels, places, options)).mutualInformation;
    expect(await of(mixed)).toBeLessThan(0.01);
    expect(await of(split)).toBeGreaterThan(0.03);
  });

  it("samples keep to their own boundary", () => {
    const places = positions(Float64Array.of(0, 0, 1, 0, 0, 0.1, 9, 0), "um", 1);
    const graph = gridGraph(Int32Array.of(0, 0, 1, 1), Int32Array.of(0, 1, 0, 1));
    const sample = categories(["s", "s", "t", "t"]);
    const { distance } = moduleBoundary(categories(["a", "b", "a", "b"]), graph, places, {
      inside: "a",
      sample,
    });
    expect(distance[2]).toBeCloseTo(-Math.hypot(4.5, 0.05), 12);
  });

  it("refuses what it cannot use, each with the reason", async () => {
    const labels = categories(["a", "b"]);
    const places = positions(Float64Array.of(0, 0, 1, 1), "um", 1);
    const graph = gridGraph(new Int32Array(2), Int32Array.of(0, 1));
    expect(() => diversity(labels, { dissimilarity: [0, 1, 2, 0] })).toThrow(/symmetric/);
    expect(() => diversity(labels, { regions: categories(["x"]) })).toThrow(/2 labels and 1 regions/);
    expect(() => moduleBoundary(labels, graph, places, { inside: "tumour" })).toThrow(/one of a, b/);
    expect(() => moduleBoundary(labels, graph, places, {} as never)).toThrow(/"inside" must be one of a, b/);
    expect(() => distanceToFeature(places, positions(new Float64Array(0), "um", 1))).toThrow(/found none/);
    const x = expression(dense(2, 1, Float32Array.of(1, 2)), "log");
    await expect(distanceGradient(x, [1])).rejects.toThrow(/found 1 for 2/);
    await expect(distanceGradient(x, [1, 2], { edges: [1, 1] })).rejects.toThrow(/ascending/);
  });
});
