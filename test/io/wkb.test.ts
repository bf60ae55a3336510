import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromWkb } from "../../src/io/geometry.ts";
import { shapeBuilder } from "../../src/io/polygons.ts";
import { writeWkb } from "../../src/io/wkb-write.ts";
import { idList } from "../../src/model/index.ts";

const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
const ring = fc
  .array(fc.tuple(number, number), { minLength: 3, maxLength: 9 })
  .map((corners) => [...corners, corners[0]].flat());
const polygons = fc.array(fc.array(ring, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 });

describe("writeWkb", () => {
  it("always reads back as it was, as polygon or multipolygon", () => {
    fc.assert(
      fc.property(polygons, fc.boolean(), (shapes, isMulti) => {
        const builder = shapeBuilder();
        shapes.forEach((rings, s) => builder.add(`cell ${s}`, [rings]));
        const written = builder.finish();
        const values = shapes.map((_, s) => writeWkb(written, s, isMulti));
        const read = fromWkb(idList(written.ids), values, null, "memory");
        expect({ ...read.shapes, ids: null }).toEqual({ ...written, ids: null });
        expect(read.multiple).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it("closes rings that are open", () => {
    const builder = shapeBuilder();
    builder.add("a", [[[0, 0, 1, 0, 1, 1]]]);
    const read = fromWkb(["a"], [writeWkb(builder.finish(), 0, false)], null, "memory");
    expect(Array.from(read.shapes?.coordinates ?? [])).toEqual([0, 0, 1, 0, 1, 1, 0, 0]);
  });
});
