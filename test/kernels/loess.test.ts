import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loess } from "../../src/kernels/loess.ts";
import { coreFixture } from "../support/tissue.ts";

interface Case {
  readonly x: number[];
  readonly y: number[];
  readonly span: number;
  readonly fitted: number[];
}

it("agrees with scikit-misc to rounding, with and without equal x", () => {
  for (const { x, y, span, fitted } of coreFixture<{ cases: Case[] }>("loess").cases) {
    const got = loess(Float64Array.from(x), Float64Array.from(y), span);
    got.forEach((v, i) => expect(Math.abs(v - fitted[i])).toBeLessThan(1e-12));
  }
});

const points = fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -20, max: 20 })), {
  minLength: 12,
  maxLength: 80,
});

describe("always", () => {
  it("a line is its own trend", () => {
    fc.assert(
      fc.property(points, fc.double({ min: 0.3, max: 1, noNaN: true }), (list, span) => {
        const x = Float64Array.from(list, ([a]) => a / 10);
        const got = loess(
          x,
          x.map((v) => 2 - 3 * v),
          span,
        );
        // Where many x are equal a neighborhood may hold one x only, and its trend is flat.
        if (new Set(x).size < x.length) return;
        got.forEach((v, i) => expect(Math.abs(v - (2 - 3 * x[i]))).toBeLessThan(1e-6));
      }),
    );
  });

  it("does not depend on the order of the points, and leaves them unchanged", () => {
    fc.assert(
      fc.property(points, (list) => {
        const x = Float64Array.from(list, ([a], i) => a / 10 + i * 1e-6);
        const y = Float64Array.from(list, ([, b]) => b);
        const before = [x.slice(), y.slice()];
        const got = loess(x, y, 0.5);
        expect([x, y]).toEqual(before);
        expect([...loess(x.slice().reverse(), y.slice().reverse(), 0.5)].reverse()).toEqual([...got]);
      }),
    );
  });
});

describe("at the edges", () => {
  const same = (n: number, v: number): Float64Array => new Float64Array(n).fill(v);

  it("no points, one point, and all x equal give the mean", () => {
    expect(loess(same(0, 0), same(0, 0), 0.3).length).toBe(0);
    expect([...loess(same(1, 2), same(1, 5), 0.3)]).toEqual([5]);
    const got = loess(same(4, 2), Float64Array.of(1, 2, 3, 6), 1);
    got.forEach((v) => expect(v).toBeCloseTo(3, 12));
  });

  it("follows both parts where most x are equal", () => {
    const x = Float64Array.from({ length: 200 }, (_, i) => (i < 150 ? 0 : i));
    const got = loess(
      x,
      x.map((v, i) => 7 + v + (i % 2) - 0.5),
      0.3,
    );
    got.subarray(0, 150).forEach((v) => expect(v).toBeCloseTo(7, 1));
    got.subarray(170).forEach((v, i) => expect(Math.abs(v - 177 - i)).toBeLessThan(1));
  });
});
