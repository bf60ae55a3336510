import fc from "fast-check";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import { delaunayGraph, gridGraph, kNearestGraph, radiusGraph } from "../../src/graph/index.ts";
import { type Categorical, type Graph, positions, type Positions } from "../../src/model/index.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";
import * as tissue from "../support/spots.ts";

const points = (...xy: number[]): Positions => positions(Float64Array.from(xy), "um", 1);
const edges = (g: Graph): string[] =>
  Array.from({ length: g.nodes }, (_, i) => i).flatMap((i) =>
    Array.from(g.indices.slice(g.indptr[i], g.indptr[i + 1]), (j) => `${i}-${j}`),
  );
const samples = (...codes: number[]): Categorical => ({
  kind: "categorical",
  codes: Int32Array.from(codes),
  categories: ["a", "b", "c"],
});
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    if (error instanceof SpatialError) return error.code;
    throw error;
  }
  return "none";
};

/** Rows ascend, no loops, weights 1; an undirected graph equals its transpose. */
function wellFormed(g: Graph): void {
  expect(g.indptr.length).toBe(g.nodes + 1);
  expect(g.indices.length).toBe(g.indptr[g.nodes]);
  expect(g.distances.length).toBe(g.indices.length);
  expect(g.weights.every((w) => w === 1) && g.weights.length === g.indices.length).toBe(true);
  const distance = new Map<string, number>();
  for (let i = 0; i < g.nodes; i++) {
    for (let e = g.indptr[i]; e < g.indptr[i + 1]; e++) {
      if (g.indices[e] === i) throw new Error("loop");
      if (e > g.indptr[i] && g.indices[e] <= g.indices[e - 1]) throw new Error("row not ascending");
      distance.set(`${i}-${g.indices[e]}`, g.distances[e]);
    }
  }
  if (g.directed) return;
  for (const [edge, d] of distance) {
    if (distance.get(edge.split("-").reverse().join("-")) !== d) throw new Error(`one-way edge ${edge}`);
  }
}

function uniform(n: number, seed: number, dimensions: 2 | 3 = 2): Positions {
  const rng = stream(seed);
  return positions(
    Float64Array.from({ length: n * dimensions }, () => 100 * rng.uniform()),
    "um",
    1,
    dimensions,
  );
}

function distance(p: Positions, i: number, j: number): number {
  let sum = 0;
  for (let c = 0; c < p.cols; c++) sum += (p.data[i * p.cols + c] - p.data[j * p.cols + c]) ** 2;
  return Math.sqrt(sum);
}

describe.skipIf(oracles === null)("agrees with squidpy 1.8.3", () => {
  const npz = oracles === null ? {} : readNpz(join(oracles, "core", "spatial_graphs.npz"));
  const input = oracles === null ? {} : readNpz(join(oracles, "core", "input.npz"));
  const jittered = (): Positions => positions(npz["jit_coords"].data as Float64Array, "px", null);
  const regular = (): Positions => positions(input["spatial"].data as Float64Array, "px", null);

  function same(g: Graph, name: string): void {
    wellFormed(g);
    const conn = readCsr(npz, `${name}_conn`);
    expect(g.indptr).toEqual(conn.indptr);
    expect(g.indices).toEqual(conn.indices);
    const dist = npz[`${name}_dist__data`].data as Float64Array;
    const order = npz[`${name}_dist__indices`].data as Int32Array;
    expect(Uint32Array.from(order)).toEqual(g.indices);
    g.distances.forEach((d, e) => expect(Math.abs(d - dist[e])).toBeLessThanOrEqual(1e-7 * dist[e]));
  }

  it("grid, one and two rings", () => {
    const array = Int32Array.from(input["array"].data as BigInt64Array, Number);
    const row = array.filter((_, e) => e % 2 === 0);
    const col = array.filter((_, e) => e % 2 === 1);
    same(gridGraph(row, col), "grid1");
    same(gridGraph(row, col, { rings: 2 }), "grid2");
  });
  it("k nearest, jittered", () => same(kNearestGraph(jittered()), "jit_knn6"));
  it("radius, on the lattice", () => same(radiusGraph(regular(), { radius: 300 }), "radius300"));
  it("Delaunay, jittered, all edges", () =>
    same(delaunayGraph(jittered(), { maxLength: Infinity }).graph, "jit_delaunay"));
  it("Delaunay, jittered, edges to the 99th percentile", () => {
    const longest = Math.max(...(npz["jit_delaunay_p99_dist__data"].data as Float64Array));
    const result = delaunayGraph(jittered(), { maxLength: longest });
    same(result.graph, "jit_delaunay_p99");
    expect(result.dropped).toBe((3566 - 3524) / 2);
  });
});

describe("agrees with squidpy 1.8.3 on a small tissue with a hole", () => {
  it.each([
    ["grid1", (): Graph => gridGraph(tissue.row, tissue.col)],
    ["grid2", (): Graph => gridGraph(tissue.row, tissue.col, { rings: 2 })],
    ["knn", (): Graph => kNearestGraph(tissue.jittered)],
    ["radius", (): Graph => radiusGraph(tissue.jittered, { radius: 130 })],
    ["delaunay", (): Graph => delaunayGraph(tissue.jittered, { maxLength: Infinity }).graph],
  ])("%s", (name, build) => {
    const g = build();
    wellFormed(g);
    expect(
      Array.from({ length: g.nodes }, (_, i) => [...g.indices.slice(g.indptr[i], g.indptr[i + 1])]),
    ).toEqual(tissue.graphs[name]);
  });
});

describe("agrees with brute force", () => {
  for (const dimensions of [2, 3] as const) {
    it(`k nearest and radius in ${dimensions} dimensions, ties and duplicates included`, () => {
      const rng = stream(7, dimensions);
      for (const n of [2, 9, 17, 60, 300]) {
        // whole coordinates: many ties, many points at one place
        const p = positions(
          Float64Array.from({ length: n * dimensions }, () => rng.below(8)),
          "um",
          1,
          dimensions,
        );
        const k = Math.min(5, n - 1);
        const knn = kNearestGraph(p, { k });
        const near = radiusGraph(p, { radius: 2 });
        wellFormed(knn);
        wellFormed(near);
        const [wantKnn, wantNear]: string[][] = [[], []];
        for (let i = 0; i < n; i++) {
          const others = Array.from({ length: n }, (_, j) => j).filter((j) => j !== i);
          others.filter((j) => distance(p, i, j) <= 2).forEach((j) => wantNear.push(`${i}-${j}`));
          others.sort((a, b) => distance(p, i, a) - distance(p, i, b) || a - b);
          others
            .slice(0, k)
            .sort((a, b) => a - b)
            .forEach((j) => wantKnn.push(`${i}-${j}`));
        }
        expect(edges(knn)).toEqual(wantKnn);
        expect(edges(near)).toEqual(wantNear);
        for (const g of [knn, near]) {
          for (let i = 0; i < n; i++)
            for (let e = g.indptr[i]; e < g.indptr[i + 1]; e++)
              expect(g.distances[e]).toBeCloseTo(distance(p, i, g.indices[e]), 12);
        }
      }
    });
  }

  it("Delaunay: two points share an edge only if some circle through both is empty", () => {
    const p = uniform(40, 11);
    const found = new Set(edges(delaunayGraph(p, { maxLength: Infinity }).graph));
    const want = new Set<string>();
    for (let i = 0; i < 40; i++)
      for (let j = 0; j < 40; j++)
        for (let k = 0; k < 40; k++)
          if (new Set([i, j, k]).size === 3 && emptyCircle(p, i, j, k)) want.add(`${i}-${j}`);
    expect([...found].sort()).toEqual([...want].sort());
  });
});

/** Whether no other point lies within the circle through three. */
function emptyCircle(p: Positions, i: number, j: number, k: number): boolean {
  const at = (q: number): [number, number] => [p.data[2 * q], p.data[2 * q + 1]];
  const [[ax, ay], [bx, by], [cx, cy]] = [at(i), at(j), at(k)];
  const d = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by));
  const [a2, b2, c2] = [ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy];
  const ux = (a2 * (by - cy) + b2 * (cy - ay) + c2 * (ay - by)) / d;
  const uy = (a2 * (cx - bx) + b2 * (ax - cx) + c2 * (bx - ax)) / d;
  const r2 = (ax - ux) ** 2 + (ay - uy) ** 2;
  for (let q = 0; q < p.rows; q++) {
    if (q === i || q === j || q === k) continue;
    const [x, y] = at(q);
    if ((x - ux) ** 2 + (y - uy) ** 2 < r2) return false;
  }
  return true;
}

const builders: Record<string, (p: Positions, sample?: Categorical) => Graph> = {
  kNearestGraph: (p, sample) => kNearestGraph(p, { k: 4, sample }),
  radiusGraph: (p, sample) => radiusGraph(p, { radius: 15, sample }),
  delaunayGraph: (p, sample) => delaunayGraph(p, { sample }).graph,
};

describe.each(Object.entries(builders))("%s, always", (_, build) => {
  it("is well formed and leaves its input alone", () => {
    const p = uniform(200, 2);
    const before = p.data.slice();
    wellFormed(build(p));
    expect(p.data).toEqual(before);
  });

  it("does not change when the tissue is turned, mirrored or moved", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0, max: 7, noNaN: true }),
        fc.boolean(),
        (seed, angle, mirror) => {
          const p = uniform(60, seed);
          const [c, s] = [Math.cos(angle), Math.sin(angle)];
          const moved = positions(new Float64Array(120), "um", 1);
          for (let i = 0; i < 60; i++) {
            const x = mirror ? -p.data[2 * i] : p.data[2 * i];
            const y = p.data[2 * i + 1];
            moved.data[2 * i] = c * x - s * y + 500;
            moved.data[2 * i + 1] = s * x + c * y - 80;
          }
          expect(edges(build(moved))).toEqual(edges(build(p)));
        },
      ),
      { numRuns: 40 },
    );
  });

  it("follows the order of the cells", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const p = uniform(60, seed);
        const order = Array.from({ length: 60 }, (_, i) => (i * 37 + 11) % 60);
        const q = positions(
          new Float64Array(order.flatMap((i) => [p.data[2 * i], p.data[2 * i + 1]])),
          "um",
          1,
        );
        const renamed = edges(build(q)).map((e) =>
          e
            .split("-")
            .map((v) => order[Number(v)])
            .join("-"),
        );
        expect(renamed.sort()).toEqual(edges(build(p)).sort());
      }),
      { numRuns: 40 },
    );
  });

  it("never joins two samples", () => {
    const p = uniform(90, 5);
    const sample = samples(...Array.from({ length: 90 }, (_, i) => (i * i) % 3));
    const g = build(p, sample);
    wellFormed(g);
    expect(g.indices.length).toBeGreaterThan(0);
    for (const e of edges(g)) {
      const [i, j] = e.split("-").map(Number);
      expect(sample.codes[i]).toBe(sample.codes[j]);
    }
  });

  it("takes no point, one point and all points at one place", () => {
    expect(build(points()).indptr).toEqual(Uint32Array.of(0));
    expect(edges(build(points(3, 4)))).toEqual([]);
    const g = build(points(3, 4, 3, 4, 3, 4));
    wellFormed(g);
    expect(g.distances.length).toBeGreaterThan(0);
    expect(g.distances.every((d) => d === 0)).toBe(true);
  });

  it("refuses positions that are not finite, and samples that are missing or of the wrong length", () => {
    expect(code(() => build(points(0, 0, NaN, 1)))).toBe("input");
    expect(code(() => build(points(0, 0, 1, Infinity)))).toBe("input");
    expect(code(() => build(points(0, 0, 1, 1), samples(0, -1)))).toBe("input");
    expect(code(() => build(points(0, 0, 1, 1), samples(0)))).toBe("input");
    const flat = positions(Float64Array.of(1, 2, 3, 4), "um", 1);
    expect(code(() => build({ ...flat, rows: 4, cols: 1 }))).toBe("input");
  });
});

describe("delaunayGraph, at the edges", () => {
  it("joins points on a line to the next along it, also when the line is turned", () => {
    const along = [4, 0, 3, 1, 2];
    for (const [ux, uy] of [
      [1, 0],
      [0, 1],
      [Math.cos(1), Math.sin(1)],
    ]) {
      const { graph } = delaunayGraph(points(...along.flatMap((t) => [7 + t * ux, 5 + t * uy])));
      expect(edges(graph)).toEqual(["0-2", "1-3", "2-0", "2-4", "3-1", "3-4", "4-2", "4-3"]);
    }
  });

  it("joins points at one place to the first of them alone", () => {
    const { graph } = delaunayGraph(points(0, 0, 1, 0, 0, 1, 0, 0, 0, 0), { maxLength: Infinity });
    expect(edges(graph)).toEqual(["0-1", "0-2", "0-3", "0-4", "1-0", "1-2", "2-0", "2-1", "3-0", "4-0"]);
    expect(graph.distances[2]).toBe(0);
  });

  it("leaves no point alone that rounding cannot tell from another", () => {
    const near = 1.9999999999999998; // the package leaves one of the two at (1002, 2) out
    const { graph } = delaunayGraph(points(1002, 2, 1001, 1, 1002, near, 1001, 0), { maxLength: Infinity });
    wellFormed(graph);
    for (let i = 0; i < 4; i++) expect(graph.indptr[i + 1] - graph.indptr[i]).toBeGreaterThan(0);
    expect(edges(graph)).toContain("0-2");
  });

  it("takes 0 and -0 for one place", () => {
    expect(edges(delaunayGraph(points(0, 0, -0, 0)).graph)).toEqual(["0-1", "1-0"]);
  });

  it("drops the edges that bridge two islands and says the length", () => {
    const left = uniform(100, 1);
    const data = new Float64Array(400);
    data.set(left.data);
    left.data.forEach((v, e) => (data[200 + e] = e % 2 === 0 ? v + 400 : v));
    const { graph, maxLength, dropped, params } = delaunayGraph(positions(data, "um", 1));
    expect(params).toEqual({ maxLength: "auto", percentile: null, alpha: null });
    expect(maxLength).toBeGreaterThan(10);
    expect(maxLength).toBeLessThan(100);
    expect(dropped).toBeGreaterThan(0);
    for (const e of edges(graph)) {
      const [i, j] = e.split("-").map(Number);
      expect(i < 100).toBe(j < 100);
    }
    expect(Math.max(...graph.distances)).toBeLessThanOrEqual(maxLength);
    const all = delaunayGraph(positions(data, "um", 1), { maxLength: Infinity });
    expect(all.graph.indices.length / 2 - all.dropped).toBe(graph.indices.length / 2 + dropped);
  });

  it("allows median + 8 median absolute deviations", () => {
    const p = uniform(300, 12);
    const lengths = delaunayGraph(p, { maxLength: Infinity }).graph.distances.slice().sort();
    // both ways: the upper median of the edges is found in the middle of the doubled list
    const median = lengths[lengths.length / 2];
    const deviations = lengths.map((l) => Math.abs(l - median)).sort();
    expect(delaunayGraph(p).maxLength).toBe(median + 8 * deviations[deviations.length / 2]);
  });

  it("keeps the rim of a regular lattice whole", () => {
    const p = points(...Array.from({ length: 100 }, (_, i) => [i % 10, Math.floor(i / 10)]).flat());
    const { graph, maxLength } = delaunayGraph(p);
    expect(maxLength).toBe(2);
    for (let i = 0; i < 99; i++) if (i % 10 < 9) expect(edges(graph)).toContain(`${i}-${i + 1}`);
  });

  it("refuses three dimensions and unknown options", () => {
    expect(code(() => delaunayGraph(uniform(9, 1, 3)))).toBe("input");
    expect(code(() => delaunayGraph(points(0, 0), { radius: 3 } as object))).toBe("option");
    expect(code(() => delaunayGraph(points(0, 0), { maxLength: -1 }))).toBe("option");
  });
});

describe("kNearestGraph and radiusGraph, at the edges", () => {
  it("gives all others where a sample has k or fewer", () => {
    const g = kNearestGraph(points(0, 0, 1, 0, 5, 5, 6, 5, 7, 5), { k: 2, sample: samples(0, 0, 1, 1, 1) });
    expect(edges(g)).toEqual(["0-1", "1-0", "2-3", "2-4", "3-2", "3-4", "4-2", "4-3"]);
  });
  it("gives equal distances to the lower index", () => {
    expect(edges(kNearestGraph(points(0, 0, 1, 0, -1, 0, 0, 1), { k: 1 }))).toEqual([
      "0-1",
      "1-0",
      "2-0",
      "3-0",
    ]);
  });
  it("includes the radius itself, and only duplicates at radius 0", () => {
    expect(edges(radiusGraph(points(0, 0, 3, 4), { radius: 5 }))).toEqual(["0-1", "1-0"]);
    expect(edges(radiusGraph(points(0, 0, 3, 4, 0, 0), { radius: 0 }))).toEqual(["0-2", "2-0"]);
  });
  it("refuses bad options", () => {
    expect(code(() => radiusGraph(points(0, 0), {} as { radius: number }))).toBe("option");
    expect(code(() => radiusGraph(points(0, 0), { radius: -1 }))).toBe("option");
    expect(code(() => kNearestGraph(points(0, 0), { k: 0 }))).toBe("option");
    expect(code(() => kNearestGraph(points(0, 0), { neighbors: 3 } as object))).toBe("option");
  });
});

describe("gridGraph", () => {
  const grid = (places: readonly [number, number][], options = {}): Graph =>
    gridGraph(
      Int32Array.from(places, (p) => p[0]),
      Int32Array.from(places, (p) => p[1]),
      options,
    );
  const square: [number, number][] = Array.from({ length: 9 }, (_, i) => [Math.floor(i / 3), i % 3]);
  const hex: [number, number][] = square.map(([r, c]) => [r + 5, 2 * c + ((r + 1) % 2)]);

  it("tells the lattice by parity: 4 neighbors on a square, 6 on a hexagonal one", () => {
    const [s, h] = [grid(square), grid(hex)];
    wellFormed(s);
    wellFormed(h);
    expect([...s.indices.slice(s.indptr[4], s.indptr[5])]).toEqual([1, 3, 5, 7]);
    expect(h.indptr[5] - h.indptr[4]).toBe(6);
  });

  it("counts rings as steps from spot to spot", () => {
    const g = grid(square, { rings: 2 });
    expect([...g.indices.slice(g.indptr[0], g.indptr[1])]).toEqual([1, 2, 3, 4, 6]);
    expect([...g.distances.slice(g.indptr[0], g.indptr[1])]).toEqual([1, 2, 1, 2, 2]);
    const withHole = grid(
      [
        [0, 0],
        [0, 2],
        [1, 0],
      ],
      { rings: 2 },
    );
    expect(edges(withHole)).toEqual(["0-2", "2-0"]);
  });

  it("does not change when the array is shifted or the spots are reordered", () => {
    const moved = hex.map(([r, c]): [number, number] => [r - 100, c + 3001]);
    expect(grid(moved)).toEqual(grid(hex));
    const reversed = edges(grid([...hex].reverse())).map((e) =>
      e
        .split("-")
        .map((v) => 8 - Number(v))
        .join("-"),
    );
    expect(reversed.sort()).toEqual(edges(grid(hex)).sort());
  });

  it("joins corners on request, on a square array only", () => {
    const g = grid(square, { corners: true, rings: 2 });
    expect([...g.distances.slice(g.indptr[0], g.indptr[1])]).toEqual([1, 2, 1, 1, 2, 2, 2, 2]);
    expect([...g.distances.slice(g.indptr[4], g.indptr[5])]).toEqual(new Array(8).fill(1));
    expect(grid(hex, { corners: true }).indptr).toEqual(
      grid(hex, { corners: true, lattice: "square" }).indptr,
    );
    expect(code(() => grid(hex, { corners: true, lattice: "hex" }))).toBe("option");
  });

  it("never joins two samples that share an array, and refuses a position that stands twice", () => {
    const two = [...square, ...square];
    expect(code(() => grid(two))).toBe("input");
    const g = grid(two, { sample: samples(...two.map((_, i) => Math.floor(i / 9))) });
    const one = edges(grid(square));
    expect(edges(g)).toEqual([
      ...one,
      ...one.map((e) =>
        e
          .split("-")
          .map((v) => Number(v) + 9)
          .join("-"),
      ),
    ]);
  });

  it("takes no spot and a spot alone; refuses what is not a lattice", () => {
    expect(grid([]).nodes).toBe(0);
    expect(edges(grid([[3, 4]]))).toEqual([]);
    expect(code(() => grid(square, { lattice: "hex" }))).toBe("input");
    expect(code(() => grid(square, { rings: 0 }))).toBe("option");
    expect(code(() => grid(square, { lattice: "triangle" }))).toBe("option");
    expect(code(() => gridGraph(Int32Array.of(1), Int32Array.of()))).toBe("input");
  });
});
