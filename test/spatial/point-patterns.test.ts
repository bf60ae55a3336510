import { describe, expect, it } from "vitest";
import { type Rng, stream } from "../../src/core/index.ts";
import {
  categorical,
  type Categorical,
  ids,
  positions,
  type Positions,
  type Shapes,
} from "../../src/model/index.ts";
import { clarkEvans, crossRipley, ripley } from "../../src/spatial/index.ts";
import { expectCalibrated, nullPValues } from "../support/calibration.ts";

const window = [0, 0, 12, 8] as const;
const triangle: Shapes = {
  kind: "shapes",
  ids: ids(["w"]),
  shapeOffsets: Uint32Array.of(0, 1),
  ringOffsets: Uint32Array.of(0, 3),
  coordinates: Float64Array.of(0, 0, 12, 0, 0, 8),
};
/** A p of rank is .05 or less in 1 of 20 patterns, as in 2 of 40: fewer make the same claim. */
const run = { simulations: 19, intervals: 12, threads: 1 };

/** n points drawn one after the other, each kept where `keeps` says so. */
function draw(
  n: number,
  point: () => readonly [number, number],
  keeps: (x: number, y: number, at: number[]) => boolean,
): Positions {
  const at: number[] = [];
  while (at.length < 2 * n) {
    const [x, y] = point();
    if (x >= 0 && x <= 12 && y >= 0 && y <= 8 && keeps(x, y, at)) at.push(x, y);
  }
  return positions(Float64Array.from(at), "um", 1);
}

const anywhere = (rng: Rng) => (): readonly [number, number] => [12 * rng.uniform(), 8 * rng.uniform()];
const csr = (rng: Rng, n: number): Positions => draw(n, anywhere(rng), () => true);
const inTriangle = (rng: Rng, n: number): Positions => draw(n, anywhere(rng), (x, y) => x / 12 + y / 8 < 1);
/** About 12 parents, children within 1 of each along both axes. */
function clustered(rng: Rng, n: number): Positions {
  const parents = Array.from({ length: 12 }, anywhere(rng));
  const child = (): readonly [number, number] => {
    const [x, y] = parents[rng.below(12)];
    return [x + 2 * rng.uniform() - 1, y + 2 * rng.uniform() - 1];
  };
  return draw(n, child, () => true);
}
/** No two points nearer than 0.7. */
const apart = (rng: Rng, n: number): Positions =>
  draw(n, anywhere(rng), (x, y, at) => {
    for (let t = 0; t < at.length; t += 2) if ((at[t] - x) ** 2 + (at[t + 1] - y) ** 2 < 0.49) return false;
    return true;
  });
const twoTypes = (n: number): Categorical =>
  categorical(
    Int32Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 0 : 1)),
    ["a", "b"],
  );

/** p-values of both tests over all distances. */
type Test = (at: Positions, seed: number, simulations?: number) => Promise<readonly [number, number]>;
const own =
  (options: Parameters<typeof ripley>[2]): Test =>
  async (at, seed, simulations = run.simulations) => {
    const { pMad, pStudentized } = await ripley(null, at, { ...run, ...options, seed, simulations });
    return [pMad[0], pStudentized[0]];
  };
const tests: Record<
  string,
  { readonly test: Test; readonly at: (rng: Rng) => Positions; readonly tissues?: number }
> = {
  "L, translation": { test: own({ window }), at: (rng) => csr(rng, 60) },
  "K, border, polygon": { test: own({ statistic: "K", window: triangle }), at: (rng) => inTriangle(rng, 60) },
  "g, isotropic": {
    test: own({ statistic: "g", correction: "isotropic", window }),
    at: (rng) => csr(rng, 60),
  },
  "G, border": { test: own({ statistic: "G", window }), at: (rng) => csr(rng, 60) },
  // 10,000 places are asked for in each pattern: fewer tissues.
  "J, border": { test: own({ statistic: "J", window }), at: (rng) => csr(rng, 60), tissues: 200 },
  "L of the smaller type, of patterns that two share": {
    at: (rng) => csr(rng, 90),
    test: async (at, seed) => {
      const { pMad, pStudentized } = await ripley(twoTypes(90), at, { ...run, window, seed });
      return [pMad[0], pStudentized[0]];
    },
  },
  "L of a type, labels, hull": {
    at: (rng) => csr(rng, 90),
    test: async (at, seed) => {
      const { pMad, pStudentized } = await ripley(twoTypes(90), at, { ...run, null: "labels", seed });
      return [pMad[0], pStudentized[0]];
    },
  },
  "L of two types, labels, clustered cells": {
    at: (rng) => clustered(rng, 90),
    test: async (at, seed) => {
      const { pMad, pStudentized } = await crossRipley(twoTypes(90), at, { ...run, null: "labels", seed });
      return [pMad[1], pStudentized[1]];
    },
  },
  "L of two types, places": {
    at: (rng) => csr(rng, 90),
    test: async (at, seed) => {
      const { pMad, pStudentized } = await crossRipley(twoTypes(90), at, { ...run, window, seed });
      return [pMad[1], pStudentized[1]];
    },
  },
  "Clark and Evans, normal and by rank": {
    at: (rng) => csr(rng, 60),
    // A two-sided rank needs 39.
    test: async (at, seed, simulations = 39) => {
      const { p, pSimulated } = await clarkEvans(null, at, { window, seed, simulations, threads: 1 });
      return [p[0], pSimulated[0]];
    },
  },
  "Clark and Evans in a polygon": {
    at: (rng) => inTriangle(rng, 60),
    test: async (at, seed) => {
      const { p, pSimulated } = await clarkEvans(null, at, {
        window: triangle,
        seed,
        simulations: 39,
        threads: 1,
      });
      return [p[0], pSimulated[0]];
    },
  },
};

describe("tests of point patterns reject 5 % of random tissues", () => {
  it.each(Object.keys(tests))(
    "%s",
    async (name) => {
      const { test, at, tissues = 1000 } = tests[name];
      const other: number[] = [];
      const first = await nullPValues(
        async (rng) => {
          const [one, two] = await test(at(rng), rng.u32());
          other.push(two);
          return one;
        },
        { tissues },
      );
      expectCalibrated(first);
      expectCalibrated(Float64Array.from(other));
    },
    120_000,
  );
});

/** How many of 100 tissues of 60 points the test over all distances (by largest deviation, studentized) or the two of Clark and Evans find. */
const power = {
  clusters: {
    "L, translation": [99, 99],
    "g, isotropic": [85, 100],
    "G, border": [96, 40],
    "Clark and Evans, normal and by rank": [100, 100],
  },
  "points that keep apart": {
    "L, translation": [100, 100],
    "g, isotropic": [1, 45],
    "G, border": [100, 87],
    "Clark and Evans, normal and by rank": [100, 100],
  },
};

describe("tests of point patterns find planted", () => {
  it.each([
    ["clusters", clustered],
    ["points that keep apart", apart],
  ] as const)(
    "%s",
    async (planted, pattern) => {
      const found: Record<string, number[]> = {};
      for (const name of Object.keys(power[planted])) {
        found[name] = [0, 0];
        for (let t = 0; t < 100; t++) {
          const rng = stream(9, t);
          const p = await tests[name].test(pattern(rng, 60), rng.u32(), 39);
          p.forEach((v, k) => (found[name][k] += Number(v <= 0.05)));
        }
      }
      expect(found).toEqual(power[planted]);
    },
    60_000,
  );
});
