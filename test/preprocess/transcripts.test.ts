import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { geneNames, idList, ids, type Shapes, type Sparse, transcripts } from "../../src/model/index.ts";
import { assignTranscripts, countTranscripts } from "../../src/preprocess/index.ts";

/** Shapes from lists of rings (x, y, x, y, ...). */
function shapesOf(polygons: readonly (readonly (readonly number[])[])[], names?: readonly string[]): Shapes {
  const rings = polygons.flat();
  const offsets = (sizes: readonly number[]): Uint32Array => {
    const out = new Uint32Array(sizes.length + 1);
    sizes.forEach((n, k) => void (out[k + 1] = out[k] + n));
    return out;
  };
  return {
    kind: "shapes",
    ids: ids(names ?? polygons.map((_, s) => `s${s}`)),
    shapeOffsets: offsets(polygons.map((p) => p.length)),
    ringOffsets: offsets(rings.map((r) => r.length / 2)),
    coordinates: Float64Array.from(rings.flat()),
  };
}

const at = (points: readonly number[], features: readonly string[] = ["G"], feature?: Uint32Array) =>
  transcripts({
    x: Float64Array.from(points.filter((_, k) => k % 2 === 0)),
    y: Float64Array.from(points.filter((_, k) => k % 2 === 1)),
    feature: feature ?? new Uint32Array(points.length / 2),
    features,
  });

/** Even-odd over all edges, with exact arithmetic on whole numbers. */
function brute(polygons: readonly (readonly (readonly number[])[])[], x: number, y: number): number[] {
  return polygons.flatMap((rings, s) => {
    let inside = false;
    for (const ring of rings) {
      for (let k = 0; k < ring.length; k += 2) {
        const [ax, ay] = [ring[k], ring[k + 1]];
        const [bx, by] = [ring[(k + 2) % ring.length], ring[(k + 3) % ring.length]];
        if (ay > y === by > y) continue;
        const side = BigInt(bx - ax) * BigInt(y - ay) - BigInt(x - ax) * BigInt(by - ay);
        if (by > ay ? side > 0n : side < 0n) inside = !inside;
      }
    }
    return inside ? [s] : [];
  });
}

const oracle = JSON.parse(readFileSync("test/fixtures/polygons.json", "utf8")) as {
  polygons: number[][][];
  points: number[];
  first: number[];
  several: number;
  sjoin: number;
};

describe("assignTranscripts agrees with", () => {
  it("shapely and geopandas on polygons with holes", async () => {
    const found = await assignTranscripts(at(oracle.points), shapesOf(oracle.polygons));
    expect(Array.from(found)).toEqual(oracle.first);
    let pairs = 0;
    for (const polygon of oracle.polygons)
      pairs += (await assignTranscripts(at(oracle.points), shapesOf([polygon]))).filter((s) => s >= 0).length;
    expect(pairs).toBe(oracle.sjoin);
  });

  it("brute force in whole numbers, on edges and corners too", async () => {
    const corner = fc.integer({ min: 0, max: 12 });
    const ring = fc
      .array(corner, { minLength: 1, maxLength: 8 })
      .map((v) => [...v, ...v].slice(0, 2 * v.length));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(ring, { maxLength: 3 }), { maxLength: 12 }), async (polygons) => {
        const grid = Array.from({ length: 14 * 14 }, (_, k) => [(k % 14) - 1, Math.floor(k / 14) - 1]);
        const found = await assignTranscripts(at(grid.flat()), shapesOf(polygons));
        expect(Array.from(found)).toEqual(grid.map(([x, y]) => brute(polygons, x, y)[0] ?? -1));
      }),
      { numRuns: 200 },
    );
  });

  it("exact arithmetic a rounding away from an edge", async () => {
    const steps = Array.from({ length: 32 * 32 }, (_, k) => [
      0.5 + (k % 32) * 2 ** -53,
      0.5 + (k >> 5) * 2 ** -53,
    ]);
    const found = await assignTranscripts(at(steps.flat()), shapesOf([[[-12, -12, 24, 24, 24, -12]]]));
    expect(Array.from(found)).toEqual(steps.map(([x, y]) => (y <= x ? 0 : -1)));
  });
});

describe("assignTranscripts always", () => {
  it("gives each point to one of the shapes that share edges, at any scale", async () => {
    // Triangles around corners whose differences are rounded; every point on the common edges has one owner.
    const corners = [0.1, 0.1, 0.7, 0.3, 0.9, 0.9, 0.2, 0.8].map((v) => v * 1e3 + 1e5 / 3);
    const [cx, cy] = [0.437 * 1e3 + 1e5 / 3, 0.512 * 1e3 + 1e5 / 3];
    const fan = [0, 2, 4, 6].map((k) => [
      [corners[k], corners[k + 1], corners[(k + 2) % 8], corners[(k + 3) % 8], cx, cy],
    ]);
    const on = [0, 2, 4, 6].flatMap((k) =>
      Array.from({ length: 99 }, (_, t) =>
        [0, 1].map((c) => corners[k + c] + ((t + 1) / 100) * ([cx, cy][c] - corners[k + c])),
      ),
    );
    const points = at([...on.flat(), cx, cy]);
    const { assigned, outside, several } = await countTranscripts(points, shapesOf(fan));
    expect([assigned, outside, several]).toEqual([397, 0, 0]);
  });

  it("does not depend on where the tissue lies, how it is turned, or the order of shapes", async () => {
    const shapes = shapesOf(oracle.polygons);
    const turn = (v: readonly number[]): number[] =>
      v.map((_, k) => (k % 2 === 0 ? 1024 - v[k + 1] : 4096 + v[k - 1]));
    const turned = await assignTranscripts(
      at(turn(oracle.points)),
      shapesOf(oracle.polygons.map((rings) => rings.map(turn))),
    );
    expect(Array.from(turned)).toEqual(oracle.first);
    const last = shapes.ids.length - 1;
    const { dataset } = await countTranscripts(at(oracle.points), shapesOf([...oracle.polygons].reverse()));
    const back = await assignTranscripts(at(oracle.points), shapesOf([...oracle.polygons].reverse()));
    oracle.first.forEach((s, i) => expect(back[i] < 0).toBe(s < 0));
    expect(dataset.cells.ids.length).toBe(last + 1);
  });

  it("finds long, thin and huge shapes among small ones", async () => {
    const comb = Array.from({ length: 2000 }, (_, k) => [k, k % 2 === 0 ? 0 : 1e6]).flat();
    const polygons = [
      [[...comb, 2000, -1, 0, -1]],
      ...Array.from({ length: 300 }, (_, k) => [[k, 5, k + 1, 5, k + 1, 6, k, 6]]),
    ];
    const points = Array.from({ length: 300 }, (_, k) => [k + 0.25, 5.5]).flat();
    const { assigned, several } = await countTranscripts(at(points), shapesOf(polygons));
    expect(assigned).toBe(300);
    const both = Array.from(
      { length: 300 },
      (_, k) => brute([[comb.concat(2000, -1, 0, -1).map((v) => v * 4)]], 4 * k + 1, 22).length,
    );
    expect(several).toBe(both.reduce((a, b) => a + b, 0));
  });
});

describe("countTranscripts", () => {
  const names = ["b", "NegControlProbe_1", "a"];
  const blocks = async function* () {
    for (const [start, end] of [
      [0, 700],
      [700, 700],
      [700, 1500],
    ] as const) {
      const feature = Uint32Array.from({ length: end - start }, (_, i) => ((start + i) * 7) % 3);
      yield {
        ...at(oracle.points.slice(2 * start, 2 * end), names, feature),
        featureKinds: ["Gene Expression", "Negative Control Probe", "Gene Expression"],
        unit: "um" as const,
        micronsPerUnit: 1,
      };
    }
  };

  it("counts blocks by cell and gene, controls apart, and says what lies outside", async () => {
    const { dataset, assigned, outside, several } = await countTranscripts(
      blocks(),
      shapesOf(oracle.polygons),
    );
    expect(assigned).toBe(oracle.first.filter((s) => s >= 0).length);
    expect(outside).toBe(1500 - assigned);
    expect(several).toBe(oracle.several);
    expect(geneNames(dataset.genes)).toEqual(["a", "b"]);
    expect(Object.keys(dataset.features)).toEqual(["Negative Control Probe"]);
    const want = new Map<string, number>();
    oracle.first.forEach((s, i) => {
      const key = `${s} ${names[(i * 7) % 3]}`;
      if (s >= 0) want.set(key, (want.get(key) ?? 0) + 1);
    });
    const got = new Map<string, number>();
    const note = (x: Sparse, genes: readonly string[]): void => {
      for (let i = 0; i < x.rows; i++)
        for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) got.set(`${i} ${genes[x.indices[e]]}`, x.data[e]);
    };
    note(dataset.counts as Sparse, ["a", "b"]);
    note(dataset.features["Negative Control Probe"].values, ["NegControlProbe_1"]);
    expect(new Map([...got].sort())).toEqual(new Map([...want].sort()));
    expect(dataset.positions).toMatchObject({ rows: 40, unit: "um", micronsPerUnit: 1 });
    expect(dataset.shapes?.["cells"].ids.length).toBe(40);
  });

  it("counts the nuclei of one cell together, and as the vendor assigned", async () => {
    const nuclei = shapesOf(
      [[[0, 0, 2, 0, 2, 2, 0, 2]], [[4, 0, 6, 0, 6, 2, 4, 2]], [[1, 1, 3, 1, 3, 3, 1, 3]]],
      ["c", "c", "d"],
    );
    const molecules = {
      ...at([1, 0.5, 5, 1, 1.5, 1.5, 2.5, 2.5, 9, 9]),
      cell: { kind: "categorical" as const, codes: Int32Array.of(0, 1, -1, 1, 0), categories: ["d", "e"] },
    };
    const { dataset, outside, several } = await countTranscripts(molecules, nuclei);
    expect(idList(dataset.cells.ids)).toEqual(["c", "d"]);
    expect(Array.from((dataset.counts as Sparse).data)).toEqual([3, 1]);
    expect([outside, several]).toEqual([1, 1]);
    expect(Array.from(dataset.positions?.data ?? [])).toEqual([3, 1, 2, 2]);
    const own = await countTranscripts(molecules, ids(["e", "x", "d"]));
    expect(Array.from((own.dataset.counts as Sparse).indptr)).toEqual([0, 1, 1, 2]);
    expect([own.assigned, own.outside, own.dataset.positions]).toEqual([4, 1, null]);
  });

  it("counts the same in blocks of any size", async () => {
    const whole = at(oracle.points);
    const parts = async function* () {
      for (let k = 0; k < 1500; k += 100)
        yield { ...at(oracle.points.slice(2 * k, 2 * k + 200)), cell: null };
    };
    const [a, b] = [
      await countTranscripts(whole, shapesOf(oracle.polygons)),
      await countTranscripts(parts(), shapesOf(oracle.polygons)),
    ];
    expect(b.dataset.counts).toEqual(a.dataset.counts);
  });

  it("may find none in the shapes, as long as they are near", async () => {
    const none = await countTranscripts(at([0.5, 2]), shapesOf([[[0, 0, 3, 0, 3, 3]]]));
    expect([none.assigned, none.outside, none.dataset.genes.ids.length]).toEqual([0, 1, 1]);
    expect((none.dataset.counts as Sparse).data.length).toBe(0);
  });

  it("refuses corners that are no numbers, names without cells, and transcripts of another place", async () => {
    const far = countTranscripts(at([1e6, 1e6]), shapesOf([[[0, 0, 1, 0, 1, 1]]]));
    await expect(far).rejects.toMatchObject({ code: "join" });
    await expect(assignTranscripts(at([1, 1]), shapesOf([[[0, NaN, 1, 0, 1, 1]]]))).rejects.toMatchObject({
      code: "input",
    });
    await expect(countTranscripts(at([1, 1]), ids(["a"]))).rejects.toMatchObject({
      code: "input",
      hint: expect.stringContaining("outlines"),
    });
    expect(
      Array.from(await assignTranscripts(at([NaN, 1, 1, 1]), shapesOf([[[0, 0, 9, 0, 9, 9, 0, 9]]]))),
    ).toEqual([-1, 0]);
    expect(Array.from(await assignTranscripts(at([1, 1]), shapesOf([])))).toEqual([-1]);
    const stop = AbortSignal.abort();
    await expect(
      assignTranscripts(at([1, 1]), shapesOf([[[0, 0, 9, 0, 9, 9]]]), { signal: stop }),
    ).rejects.toMatchObject({ code: "aborted" });
  });
});
