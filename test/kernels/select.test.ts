import fc from "fast-check";
import { expect, it } from "vitest";
import { nthSmallest } from "../../src/kernels/select.ts";

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
