import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjustedRandIndex, normalizedMutualInformation } from "../../src/cluster/index.ts";
import { categorical, type Categorical } from "../../src/model/index.ts";

const names = ["a", "b", "c", "d"];
const labelling = (n: number): fc.Arbitrary<Categorical> =>
  fc
    .array(fc.integer({ min: -1, max: 3 }), { minLength: n, maxLength: n })
    .map((codes) => categorical(Int32Array.from(codes), names));

/** The index by counting all pairs of rows. */
function byPairs(a: Categorical, b: Categorical): number {
  const rows = [...a.codes.keys()].filter((i) => a.codes[i] >= 0 && b.codes[i] >= 0);
  let together = 0;
  let inA = 0;
  let inB = 0;
  let all = 0;
  for (const i of rows) {
    for (const j of rows) {
      if (j >= i) continue;
      all++;
      const x = a.codes[i] === a.codes[j];
      const y = b.codes[i] === b.codes[j];
      if (x) inA++;
      if (y) inB++;
      if (x && y) together++;
    }
  }
  const expected = all === 0 ? 0 : (inA * inB) / all;
  const most = (inA + inB) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}

const pair = fc.integer({ min: 0, max: 25 }).chain((n) => fc.tuple(labelling(n), labelling(n)));

describe("adjustedRandIndex", () => {
  it("agrees with counting pairs", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(adjustedRandIndex(a, b)).toBeCloseTo(byPairs(a, b), 10);
      }),
    );
  });

  it("agrees with scikit-learn on the example of its manual", () => {
    const a = categorical(Int32Array.from([0, 0, 1, 1]), names);
    expect(adjustedRandIndex(a, categorical(Int32Array.from([0, 0, 1, 2]), names))).toBeCloseTo(0.5714286, 6);
    expect(adjustedRandIndex(a, categorical(Int32Array.from([0, 1, 0, 1]), names))).toBeCloseTo(-0.5, 12);
  });
});

describe("normalizedMutualInformation", () => {
  it("agrees with the definition", () => {
    const a = categorical(Int32Array.from([0, 0, 0, 1, 1, 1]), names);
    const b = categorical(Int32Array.from([0, 0, 1, 1, 2, 2]), names);
    const mutual = (2 / 6) * Math.log((6 * 2) / (3 * 2)) * 2 + (1 / 6) * Math.log((6 * 1) / (3 * 2)) * 2;
    const mean = (Math.log(2) + Math.log(3)) / 2;
    expect(normalizedMutualInformation(a, b)).toBeCloseTo(mutual / mean, 12);
  });

  it("leaves missing rows out and is 1 where there is nothing to tell", () => {
    const none = categorical(new Int32Array(5).fill(-1), names);
    expect(normalizedMutualInformation(none, none)).toBe(1);
    expect(adjustedRandIndex(none, none)).toBe(1);
  });
});

describe("both measures always", () => {
  it("are symmetric, blind to names, and 1 for the same partition", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const renamed = { ...b, codes: b.codes.map((c) => (c < 0 ? c : 3 - c)) };
        for (const measure of [adjustedRandIndex, normalizedMutualInformation]) {
          expect(measure(a, b)).toBeCloseTo(measure(b, a), 10);
          expect(measure(a, renamed)).toBeCloseTo(measure(a, b), 10);
          expect(measure(a, a)).toBeCloseTo(1, 10);
        }
      }),
    );
  });

  it("refuse different lengths", () => {
    const a = categorical(new Int32Array(2), names);
    const b = categorical(new Int32Array(3), names);
    expect(() => adjustedRandIndex(a, b)).toThrow(/two labels per row/);
    expect(() => normalizedMutualInformation(a, b)).toThrow(/two labels per row/);
  });
});
