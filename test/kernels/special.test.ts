import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  gammaUpperTail,
  lgamma,
  logNormalUpperTail,
  logStudentTTwoSided,
  normalUpperTail,
  studentTTwoSided,
} from "../../src/kernels/special.ts";

const reference = JSON.parse(
  readFileSync(new URL("../fixtures/functions.json", import.meta.url), "utf8"),
) as Record<string, number[][]>;

const off = (a: number, b: number): number => (a === b ? 0 : Math.abs(a - b) / Math.abs(b));

it("the gamma tail agrees with SciPy 1.18", () => {
  for (const [a, x, want] of [
    [0.5, 0.1, 0.6547208460185768],
    [0.5, 3, 0.014305878435429641],
    [3, 2.5, 0.5438131158833297],
    [3, 20, 4.5551495055892125e-7],
    [40, 38, 0.6059193678811066],
    [40, 90, 1.1480803801482904e-9],
    [1000, 1010, 0.37232105526300524],
    [0.001, 2, 4.8976917830981356e-5],
    [2.5, 0, 1],
    [2.5, -1, 1],
  ])
    expect(off(gammaUpperTail(a, x), want), `${a}, ${x}`).toBeLessThan(2e-12);
  expect([gammaUpperTail(0, 1), gammaUpperTail(2, NaN), gammaUpperTail(2, Infinity)]).toEqual([NaN, NaN, 0]);
});

describe("agrees with 60-digit arithmetic", () => {
  it("lgamma", () => {
    for (const [x, want] of reference["lgamma"])
      expect(Math.abs(lgamma(x) - want), `${x}`).toBeLessThan(1e-14 * (1 + Math.abs(want)));
  });

  it("the normal tail, deep down", () => {
    for (const [z, p, logP] of reference["normal"]) {
      if (p > 1e-307) expect(off(normalUpperTail(z), p), `${z}`).toBeLessThan(1e-15);
      expect(off(logNormalUpperTail(z), logP), `log ${z}`).toBeLessThan(1e-15);
    }
  });

  it("Student's t, from 0.3 to a million degrees of freedom", () => {
    for (const [t, df, p, logP] of reference["student"]) {
      if (p > 1e-307) expect(off(studentTTwoSided(t, df), p), `${t}, ${df}`).toBeLessThan(5e-13);
      expect(Math.abs(logStudentTTwoSided(t, df) - logP), `log ${t}, ${df}`).toBeLessThan(
        5e-13 * Math.max(1, -logP),
      );
    }
  });
});

describe("always", () => {
  it("both tails of the normal make 1, and the log is that of the tail", () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (z) => {
        expect(normalUpperTail(z) + normalUpperTail(-z)).toBeCloseTo(1, 14);
        expect(logNormalUpperTail(z)).toBeCloseTo(Math.log(normalUpperTail(z)), 10);
      }),
    );
  });

  it("t falls in |t|, is even, and is continuous where its formulas change", () => {
    const df = fc.oneof(
      fc.double({ min: 0.2, max: 200, noNaN: true }),
      fc.double({ min: 200, max: 1e7, noNaN: true }),
    );
    fc.assert(
      fc.property(df, fc.double({ min: 1e-3, max: 60, noNaN: true }), (df, t) => {
        const p = logStudentTTwoSided(t, df);
        expect(logStudentTTwoSided(-t, df)).toBe(p);
        expect(logStudentTTwoSided(t * 1.001, df)).toBeLessThan(p);
        expect(Math.abs(logStudentTTwoSided(t * (1 + 1e-12), df) - p)).toBeLessThan(1e-8);
      }),
    );
  });

  it("gamma's recurrence holds", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e5, noNaN: true }), (x) => {
        expect(Math.abs(lgamma(x + 1) - lgamma(x) - Math.log(x))).toBeLessThan(1e-14 * (1 + lgamma(x + 3)));
      }),
    );
  });
});

it("at the edges", () => {
  expect([lgamma(0), lgamma(Infinity)]).toEqual([Infinity, Infinity]);
  expect(lgamma(-1)).toBeNaN();
  expect([normalUpperTail(Infinity), normalUpperTail(-Infinity), logNormalUpperTail(Infinity)]).toEqual([
    0,
    1,
    -Infinity,
  ]);
  expect(normalUpperTail(NaN)).toBeNaN();
  expect(logNormalUpperTail(NaN)).toBeNaN();
  expect([studentTTwoSided(0, 3), studentTTwoSided(-Infinity, 3)]).toEqual([1, 0]);
  expect(studentTTwoSided(1.5, Infinity)).toBeCloseTo(2 * normalUpperTail(1.5), 15);
  expect(studentTTwoSided(1, 0)).toBeNaN();
  expect(studentTTwoSided(NaN, 3)).toBeNaN();
});
