import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as math from "../../src/kernels/math.ts";
import { stream } from "../../src/core/rng.ts";

const reference = JSON.parse(
  readFileSync(new URL("../fixtures/functions.json", import.meta.url), "utf8"),
) as Record<string, number[][]>;

type Unary = (x: number) => number;

describe("agrees with 60-digit arithmetic", () => {
  it.each([
    ["exp", math.exp, 1],
    ["expm1", math.expm1, 20],
    ["log", math.log, 1],
    ["log1p", math.log1p, 4],
    ["log2", math.log2, 3],
    ["log10", math.log10, 3],
    ["tanh", math.tanh, 20],
  ] as const)("%s within a few units of the last place", (name, f, ulps) => {
    for (const [x, want] of reference[name]) {
      const unit = Math.abs(want) * 2.220446049250313e-16;
      expect(Math.abs((f as Unary)(x) - want), `${name}(${x})`).toBeLessThanOrEqual(
        Math.max(ulps * unit, 5e-324),
      );
    }
  });

  it.each([
    ["sin", math.sin],
    ["cos", math.cos],
  ] as const)("%s to 1e-15", (name, f) => {
    for (const [x, want] of reference[name])
      expect(Math.abs(f(x) - want), `${name}(${x})`).toBeLessThan(4e-16 + 1e-19 * Math.abs(x));
  });

  it("pow and atan2 to about |exponent| units", () => {
    for (const [b, e, want] of reference["pow"])
      expect(Math.abs(math.pow(b, e) / want - 1), `${b} to ${e}`).toBeLessThan(5e-14);
    for (const [y, x, want] of reference["atan2"])
      expect(Math.abs(math.atan2(y, x) / want - 1), `atan2(${y}, ${x})`).toBeLessThan(2e-15);
  });
});

describe("always", () => {
  it("exp and log undo each other and rise", () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(Math.abs(math.log(math.exp(x)) - x)).toBeLessThan(1e-13 * Math.max(1, Math.abs(x)));
        expect(math.exp(x + 1e-9 * Math.abs(x) + 1e-9)).toBeGreaterThan(math.exp(x));
      }),
    );
  });

  it("sin and cos lie on the circle", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e5, max: 1e5, noNaN: true }), (x) => {
        expect(math.sin(x) * math.sin(x) + math.cos(x) * math.cos(x)).toBeCloseTo(1, 14);
      }),
    );
  });

  it("whole powers of 2 and 10 are exact where they can be", () => {
    for (let k = -1022; k <= 1023; k++) {
      expect(math.log2(math.pow(2, k))).toBe(k);
      if (k >= 0 && k <= 22) {
        expect(math.pow(10, k)).toBe(Number(`1e${k}`));
        expect(math.log10(Number(`1e${k}`))).toBe(k);
      }
    }
  });
});

describe("at the edges", () => {
  it("infinities, zeros and what is no number", () => {
    expect([math.exp(-Infinity), math.exp(Infinity), math.exp(0), math.exp(710), math.exp(-746)]).toEqual([
      0,
      Infinity,
      1,
      Infinity,
      0,
    ]);
    expect([math.log(0), math.log(Infinity), math.log(1)]).toEqual([-Infinity, Infinity, 0]);
    expect([math.log1p(-1), math.log1p(0), math.expm1(0), math.expm1(-Infinity)]).toEqual([
      -Infinity,
      0,
      0,
      -1,
    ]);
    expect([math.pow(0, 0.5), math.pow(0, -0.5), math.pow(5, 0), math.tanh(50), math.tanh(-50)]).toEqual([
      0,
      Infinity,
      1,
      1,
      -1,
    ]);
    for (const f of [
      math.exp,
      math.log,
      math.log1p,
      math.expm1,
      math.log2,
      math.sin,
      math.cos,
      math.tanh,
    ] as Unary[])
      expect(f(NaN)).toBeNaN();
    expect(math.log(-1)).toBeNaN();
    expect(math.log1p(-2)).toBeNaN();
    expect(math.atan2(0, -1)).toBe(math.PI);
    expect(math.atan2(0, 1)).toBe(0);
    expect(math.hypot(3, 4)).toBe(5);
  });
});

it("has the same bits in every runtime", () => {
  const rng = stream(7);
  const bits = createHash("sha256");
  const add = (values: Float64Array): void => void bits.update(new Uint8Array(values.buffer));
  for (let i = 0; i < 20000; i++) {
    const u = rng.uniform();
    const x = (u - 0.5) * 200;
    const y = rng.uniform() * 50 + 1e-3;
    const small: Unary[] = [math.exp, math.expm1, math.sin, math.cos, math.tanh];
    const positive: Unary[] = [math.log, math.log1p, math.log2, math.log10];
    add(
      Float64Array.from([
        ...small.map((f) => f(x)),
        ...positive.map((f) => f(y)),
        math.pow(y, x / 40),
        math.atan2(x, y),
      ]),
    );
  }
  expect(bits.digest("hex")).toBe("8c58b9128622cd264b0a3efb25b5116402271cdef911260fe1d349d8d91d7d00");
});
