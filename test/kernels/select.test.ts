import fc from "fast-check";
import { expect, it } from "vitest";
import { leading, nthSmallest } from "../../src/kernels/select.ts";

it("finds what sorting would put at a place, with ties", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 80 }),
      fc.nat(),
      (values, at) => {
        const k = at % values.length;
        const given = Float64Array.from(values);
        expect(nthSmallest(given, k)).toBe(Float64Array.from(values).sort()[k]);
        expect(given.sort()).toEqual(Float64Array.from(values).sort());
      },
    ),
  );
});

it("finds the leading rows that sorting would put first, the smaller row first of equals", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 60 }), fc.nat(70), (values, count) => {
      const rows = Array.from(values.keys()).filter((row) => row % 3 > 0);
      const sorted = [...rows].sort((a, b) => values[b] - values[a] || a - b);
      expect(leading(rows, values, count)).toEqual(sorted.slice(0, count));
    }),
  );
});
