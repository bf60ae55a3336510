import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { categorical, ids, positions, type Positions, type Shapes } from "../../src/model/index.ts";
import { ripley, type RipleyOptions } from "../../src/spatial/index.ts";
import { convexHull, windowOf } from "../../src/spatial/window.ts";

const plane = (at: ArrayLike<number>): Positions => positions(Float64Array.from(at), "um", 1);
const uniform = (n: number, seed: number): Float64Array => {
  const rng = stream(seed);
  return Float64Array.from({ length: 2 * n }, (_, t) => (t % 2 === 0 ? 6 : 4) * rng.uniform());
};

/** One ring a shape. */
function shapes(named: Readonly<Record<string, readonly number[]>>): Shapes {
  const rings = Object.values(named);
  const offsets = [0];
  for (const r of rings) offsets.push(offsets[offsets.length - 1] + r.length / 2);
  return {
    kind: "shapes",
    ids: ids(Object.keys(named)),
    shapeOffsets: Uint32Array.from({ length: rings.length + 1 }, (_, s) => s),
    ringOffsets: Uint32Array.from(offsets),
    coordinates: Float64Array.from(rings.flat()),
  };
}

describe("windows", () => {
  it("from the points themselves have the right area on average", () => {
    for (const option of ["hull", "rectangle"] as const) {
      let sum = 0;
      for (let t = 0; t < 400; t++) sum += windowOf(option, uniform(60, t), null).area;
      expect(sum / 400 / 24, option).toBeGreaterThan(0.98);
      expect(sum / 400 / 24, option).toBeLessThan(1.02);
    }
  });

  it("a hull has the outermost points in order, none on an edge or twice", () => {
    const hull = convexHull(Float64Array.of(0, 0, 2, 0, 4, 0, 4, 4, 0, 4, 1, 1, 0, 0, 4, 4, 0, 2));
    expect([...hull]).toEqual([0, 0, 4, 0, 4, 4, 0, 4]);
    expect(convexHull(Float64Array.of(1, 1, 2, 2, 3, 3)).length).toBeLessThan(6);
  });

  it("know area, perimeter and the way to the border", () => {
    const l = windowOf(shapes({ w: [0, 0, 4, 0, 4, 1, 1, 1, 1, 3, 0, 3] }), new Float64Array(0), null);
    expect([l.area, l.perimeter, l.isRectangle]).toEqual([6, 14, false]);
    expect(l.toBorder(0.5, 0.5)).toBe(0.5);
    expect(l.toBorder(3, 0.75)).toBe(0.25);
    expect(l.toBorder(1.5, 1.5)).toBe(0.5); // from outside too
    expect([...l.holds(Float64Array.of(0.5, 2, 2, 2, 4, 1, 3, 0.5))]).toEqual([1, 0, 1, 1]);
  });

  it("scatter points evenly, also in polygons with a hole or of several parts", () => {
    const two = windowOf(
      shapes({ a: [0, 0, 1, 0, 0, 1], b: [2, 2, 5, 2, 5, 3, 2, 3] }),
      new Float64Array(0),
      null,
    );
    const at = two.scatter(7000, stream(3));
    expect(two.holds(at).every((inside) => inside === 1)).toBe(true);
    const left = at.filter((x, t) => t % 2 === 0 && x < 1.5).length;
    expect(Math.abs(left - 1000)).toBeLessThan(4 * Math.sqrt((7000 * 6) / 49));
  });

  it("a rectangle given as a polygon is one, whatever its first corner; a diamond and a bow tie are none", () => {
    const isRectangle = (ring: readonly number[]): boolean =>
      windowOf(shapes({ w: ring }), new Float64Array(0), null).isRectangle;
    expect(isRectangle([4, 0, 4, 3, 0, 3, 0, 0, 4, 0])).toBe(true);
    expect(isRectangle([0, 1, 1, 0, 2, 1, 1, 2])).toBe(false);
    expect(isRectangle([0, 0, 4, 0, 4, 3])).toBe(false);
  });

  it("of several samples are the polygons of their names", async () => {
    const at = plane([...uniform(50, 1), ...uniform(40, 2).map((v) => v / 2)]);
    const sample = categorical(
      Int32Array.from({ length: 90 }, (_, i) => (i < 50 ? 0 : 1)),
      ["big", "small"],
    );
    const window = shapes({ small: [0, 0, 3, 0, 3, 2, 0, 2], big: [0, 0, 6, 0, 6, 4, 0, 4] });
    const options: RipleyOptions = { statistic: "K", distances: [0.5], simulations: 0 };
    const both = await ripley(null, at, { ...options, window, sample });
    expect(both.params.area).toBe(30);
    const big = await ripley(null, plane(uniform(50, 1)), { ...options, window: [0, 0, 6, 4] });
    const small = await ripley(null, plane(uniform(40, 2).map((v) => v / 2)), {
      ...options,
      window: [0, 0, 3, 2],
    });
    const [u, v] = [(50 * 49) / 24, (40 * 39) / 6];
    expect(both.observed[0]).toBeCloseTo((u * big.observed[0] + v * small.observed[0]) / (u + v), 12);
    await expect(
      ripley(null, at, { ...options, sample, window: shapes({ big: [0, 0, 6, 0, 6, 4, 0, 4] }) }),
    ).rejects.toMatchObject({ code: "input", subject: "window" });
  });
});
