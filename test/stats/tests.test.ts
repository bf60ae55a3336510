import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjustPValues, rankSumTest, welchTest } from "../../src/stats/index.ts";

const p = fc.array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.01, 1, NaN)), {
  maxLength: 40,
});

describe("adjustPValues", () => {
  it("agrees with statsmodels fdr_bh", () => {
    const got = adjustPValues(Float64Array.of(0.01, 0.02, 0.03, 0.04, 0.05, 0.9, 0.001));
    const want = [0.035, 0.046666666666666667, 0.0525, 0.056, 0.058333333333333333, 0.9, 0.007];
    got.forEach((v, i) => expect(v).toBeCloseTo(want[i], 15));
  });

  it("is its definition: the smallest p m / rank at or above, whatever the order", () => {
    fc.assert(
      fc.property(p, (values) => {
        const tested = values.filter((v) => !Number.isNaN(v));
        const got = adjustPValues(Float64Array.from(values));
        values.forEach((v, i) => {
          if (Number.isNaN(v)) return expect(got[i]).toBeNaN();
          const least = Math.min(
            ...tested
              .filter((w) => w >= v)
              .map((w) => (w * tested.length) / tested.filter((u) => u <= w).length),
          );
          return expect(got[i]).toBeCloseTo(Math.min(1, least), 14);
        });
      }),
    );
  });

  it("at the edges: none, and NaN alone", () => {
    expect([...adjustPValues(new Float64Array(0))]).toEqual([]);
    expect([...adjustPValues(Float64Array.of(NaN, 0.3))]).toEqual([NaN, 0.3]);
  });
});

describe("two-sample tests", () => {
  const a = [2.1, 3.4, 1.9, 5.6, 4.4, 3.3];
  const b = [1.2, 0.4, 2.2, 1.9, 0.3];

  it("agree with SciPy ttest_ind(equal_var=False) and mannwhitneyu(method='asymptotic', use_continuity=False)", () => {
    const t = welchTest(a, b);
    expect(t.t).toBeCloseTo(3.272114372064382, 12);
    expect(t.df).toBeCloseTo(8.39366619181008, 10);
    expect(t.pValue).toBeCloseTo(0.010601059792062384, 14);
    expect(rankSumTest(a, b).pValue).toBeCloseTo(0.022173545386486773, 14);
  });

  it("turn their sign with the groups and leave missing values out", () => {
    for (const test of [welchTest, rankSumTest]) {
      expect(test(b, a).pValue).toBeCloseTo(test(a, b).pValue, 14);
      expect(test([...a, NaN], [NaN, ...b])).toEqual(test(a, b));
    }
    expect(welchTest(b, a).t).toBe(-welchTest(a, b).t);
    expect(rankSumTest(b, a).z).toBeCloseTo(-rankSumTest(a, b).z, 14);
  });

  it("at the edges: constant, too few", () => {
    expect(welchTest([1, 1], [1, 1])).toEqual({ t: 0, df: NaN, pValue: 1 });
    expect(welchTest([1, 1], [2, 2])).toEqual({ t: -Infinity, df: NaN, pValue: 0 });
    expect(welchTest([1], [2, 3]).pValue).toBeNaN();
    expect(rankSumTest([1, 1], [1])).toEqual({ z: 0, pValue: 1 });
    expect(rankSumTest([], [1]).z).toBeNaN();
  });
});
