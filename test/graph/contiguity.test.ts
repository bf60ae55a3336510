import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { contiguityGraph } from "../../src/graph/index.ts";
import { categorical, type Graph, ids, type Shapes } from "../../src/model/index.ts";

type Ring = readonly (readonly [number, number])[];
interface Fixture {
  readonly parts: readonly (readonly Ring[])[];
  readonly queen: readonly (readonly number[])[];
  readonly rook: readonly (readonly number[])[];
  readonly borders: readonly (readonly [number, number, number])[];
  readonly cells: readonly (readonly Ring[])[];
  readonly near: readonly {
    readonly tolerance: number;
    readonly pairs: readonly (readonly [number, number, number])[];
  }[];
}
/** Made by test/oracles/make_contiguity.py. */
const fixture = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/contiguity.json"), "utf8"),
) as Fixture;

function shapesOf(polygons: readonly (readonly Ring[])[], names = polygons.map((_, s) => `c${s}`)): Shapes {
  const [shapeOffsets, ringOffsets, coordinates] = [[0], [0], [] as number[]];
  for (const rings of polygons) {
    for (const ring of rings) {
      coordinates.push(...ring.flat());
      ringOffsets.push(coordinates.length / 2);
    }
    shapeOffsets.push(ringOffsets.length - 1);
  }
  return {
    kind: "shapes",
    ids: ids(names),
    shapeOffsets: Uint32Array.from(shapeOffsets),
    ringOffsets: Uint32Array.from(ringOffsets),
    coordinates: Float64Array.from(coordinates),
  };
}
const rowsOf = (g: Graph): number[][] =>
  Array.from({ length: g.nodes }, (_, i) => [...g.indices.slice(g.indptr[i], g.indptr[i + 1])]);
const square = (x: number, y: number, side = 1): Ring[] => [
  [
    [x, y],
    [x + side, y],
    [x + side, y + side],
    [x, y + side],
  ],
];

/** Entries i < j as [i, j, border]; both ways must agree. */
function pairsOf({ graph, borders }: { graph: Graph; borders: Float64Array }): [number, number, number][] {
  const seen = new Map<string, number>();
  const pairs: [number, number, number][] = [];
  rowsOf(graph).forEach((row, i) =>
    row.forEach((j, t) => {
      const border = borders[graph.indptr[i] + t];
      seen.set(`${i}-${j}`, border);
      if (i < j) pairs.push([i, j, border]);
      else expect(seen.get(`${j}-${i}`)).toBe(border);
    }),
  );
  return pairs;
}

describe("agrees with libpysal 4.15.1 and shapely 2.2.0", () => {
  const shapes = shapesOf(fixture.parts);
  it("queen and rook of a partition, and its borders", async () => {
    expect(rowsOf((await contiguityGraph(shapes, shapes.ids)).graph)).toEqual(fixture.queen);
    const rook = await contiguityGraph(shapes, shapes.ids, { contact: "rook" });
    expect(rowsOf(rook.graph)).toEqual(fixture.rook);
    pairsOf(rook).forEach(([i, j, border], t) => {
      expect([i, j]).toEqual(fixture.borders[t].slice(0, 2));
      expect(Math.abs(border - fixture.borders[t][2])).toBeLessThan(1e-5);
    });
  });

  it.each(fixture.near.map((n): [number, typeof n] => [n.tolerance, n]))(
    "irregular outlines with holes, within %d",
    async (tolerance, { pairs }) => {
      const cells = shapesOf(fixture.cells);
      const found = pairsOf(await contiguityGraph(cells, cells.ids, { tolerance }));
      expect(found.map((p) => p.slice(0, 2))).toEqual(pairs.map((p) => p.slice(0, 2)));
      found.forEach(([, , border], t) => expect(Math.abs(border - pairs[t][2])).toBeLessThan(2e-3));
    },
  );
});

describe("contiguityGraph, always", () => {
  const grid = Array.from({ length: 30 }, (_, s) => square(s % 6, Math.floor(s / 6)));

  it("joins 8 squares of a lattice as queen, 4 as rook, wherever it lies and however it is turned", async () => {
    for (const [angle, x0] of [
      [0, 0],
      [0, 5e4],
      [0.7, 5e4],
    ]) {
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const turned = grid.map(([ring]) => [
        ring.map(([x, y]): [number, number] => [c * x - s * y + x0, s * x + c * y - x0]),
      ]);
      const shapes = shapesOf(turned);
      const [queen, rook] = await Promise.all([
        contiguityGraph(shapes, shapes.ids),
        contiguityGraph(shapes, shapes.ids, { contact: "rook" }),
      ]);
      expect(rowsOf(queen.graph)[7]).toEqual([0, 1, 2, 6, 8, 12, 13, 14]);
      expect(rowsOf(rook.graph)[7]).toEqual([1, 6, 8, 13]);
      rook.borders.forEach((b) => expect(b).toBeCloseTo(1, 2));
      rook.graph.distances.forEach((d) => expect(d).toBeCloseTo(1, 6));
    }
  });

  it("finds borders whose corners differ, and gaps up to the tolerance", async () => {
    const shapes = shapesOf([square(0, 0, 2), square(2, 0.5), square(2.3, 1.6)]);
    const exact = await contiguityGraph(shapes, shapes.ids, { contact: "rook" });
    expect(pairsOf(exact).map(([i, j]) => [i, j])).toEqual([[0, 1]]);
    expect(exact.borders[0]).toBeCloseTo(1, 6);
    for (const [tolerance, pairs] of [
      [0.09, 1],
      [0.11, 2],
      [0.31, 3],
    ]) {
      const near = await contiguityGraph(shapes, shapes.ids, { tolerance });
      expect(pairsOf(near).length).toBe(pairs);
    }
  });

  it("does not depend on the order of shapes; parts of one id are one; samples are kept apart", async () => {
    const shuffled = grid.map((_, s) => grid[(s * 7) % 30]);
    const names = grid.map((_, s) => `c${(s * 7) % 30}`);
    const cells = ids(grid.map((_, s) => `c${s}`));
    const want = await contiguityGraph(shapesOf(grid), cells);
    const got = await contiguityGraph(shapesOf(shuffled, names), cells);
    expect(rowsOf(got.graph)).toEqual(rowsOf(want.graph));
    const halves = ids(["left", "right", "none"]);
    const sides = shapesOf(
      grid,
      grid.map((_, s) => (s === 0 ? "other" : s % 6 < 3 ? "left" : "right")),
    );
    const two = await contiguityGraph(sides, halves, { contact: "rook" });
    expect(rowsOf(two.graph)).toEqual([[1], [0], []]);
    expect(two.borders[0]).toBeCloseTo(5, 5);
    expect([two.withoutShape, two.withoutObservation]).toEqual([1, 1]);
    const sample = categorical(
      Int32Array.from({ length: 30 }, (_, s) => (s < 12 ? 0 : 1)),
      ["s", "t"],
    );
    const apart = await contiguityGraph(shapesOf(grid), cells, { sample });
    for (const [i, j] of pairsOf(apart)) expect(sample.codes[i]).toBe(sample.codes[j]);
  });

  it("finds what long pieces cross many tiles to touch", async () => {
    const rng = stream(3);
    const small = Array.from({ length: 200 }, () => square(100 * rng.uniform(), 100 * rng.uniform(), 0.5));
    const needle: Ring[] = [
      [
        [0, 0],
        [100, 97],
        [100, 97.01],
      ],
    ];
    const shapes = shapesOf([needle, ...small]);
    const { graph } = await contiguityGraph(shapes, shapes.ids);
    const crossed = small.flatMap(([ring], s) => {
      const above = ring.map(([x, y]) => y > 0.97 * x);
      return above.includes(true) && above.includes(false) ? [s + 1] : [];
    });
    expect(crossed.length).toBeGreaterThan(0);
    for (const s of crossed) expect(rowsOf(graph)[0]).toContain(s);
  });
});

it("takes no shape, and one within another; refuses foreign ids, corners that are not finite, unknown options", async () => {
  const none = shapesOf([]);
  expect((await contiguityGraph(none, none.ids)).graph.nodes).toBe(0);
  expect((await contiguityGraph(none, ids(["a"]))).withoutShape).toBe(1);
  const nested = shapesOf([square(0, 0, 9), square(4, 4)]);
  expect((await contiguityGraph(nested, nested.ids, { tolerance: 1 })).graph.indices.length).toBe(0);
  await expect(contiguityGraph(nested, ids(["x", "y"]))).rejects.toMatchObject({ subject: "cells" });
  const broken = shapesOf([square(0, NaN)]);
  await expect(contiguityGraph(broken, broken.ids)).rejects.toMatchObject({ subject: "shapes" });
  await expect(contiguityGraph(nested, nested.ids, { tolerance: -1 })).rejects.toMatchObject({
    code: "option",
  });
});
