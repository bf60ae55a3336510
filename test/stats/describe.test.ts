import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mean, median, quantile, rank, variance } from "../../src/stats/index.ts";

const numbers = fc.array(fc.constantFrom(-2, 0, 0.5, 1, 3, 7, NaN), { maxLength: 30 });
const present = (values: readonly number[]): number[] => values.filter((v) => !Number.isNaN(v));

describe("always", () => {
  it("a rank counts the smaller values and half of the equal ones", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const before = [...values];
        const got = rank(values);
        expect(values).toEqual(before);
        values.forEach((v, i) => {
          const smaller = values.filter((w) => w < v).length;
          const equal = values.filter((w) => w === v).length;
          expect(got[i]).toBe(Number.isNaN(v) ? NaN : smaller + (equal + 1) / 2);
        });
      }),
    );
  });

  it("missing values are left out", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const rest = present(values);
        for (const f of [mean, median, variance] as const) expect(f(values)).toBe(f(rest));
      }),
    );
  });

  it("a quantile has its share of values on either side", () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const rest = present(values);
        const at = quantile(values, q);
        if (rest.length === 0) {
          expect(at).toBeNaN();
          return;
        }
        const share = (wanted: number): number => Math.ceil(wanted * (rest.length - 1));
        expect(rest.filter((v) => v < at).length).toBeLessThanOrEqual(share(q));
        expect(rest.filter((v) => v > at).length).toBeLessThanOrEqual(share(1 - q));
      }),
    );
  });
});

it("known values (NumPy: mean, var with ddof 1, quantile)", () => {
  const values = Float64Array.of(2.5, -1, 4, 4, 10.25);
  expect(mean(values)).toBe(3.95);
  expect(variance(values)).toBeCloseTo(16.575, 12);
  expect(quantile(values, 0.1)).toBeCloseTo(0.4, 12);
  expect(quantile(values, 1)).toBe(10.25);
  expect(median([1, 2, 3, 10])).toBe(2.5);
});

it("at the edges", () => {
  expect([mean([]), median([]), variance([1])]).toEqual([NaN, NaN, NaN]);
  expect([...rank([])]).toEqual([]);
  expect(median([-Infinity, Infinity, Infinity])).toBe(Infinity);
});

it.each([-0.1, 1.1, NaN])("refuses the quantile %s", (q) => {
  expect(() => quantile([1, 2], q)).toThrow(/from 0 to 1/);
});
