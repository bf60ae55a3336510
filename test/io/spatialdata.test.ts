import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { memorySource, readSample } from "../../src/io/index.ts";
import { toAffine } from "../../src/io/transforms.ts";
import { zipSource } from "../../src/io/zip.ts";
import { idList, type Sparse } from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";
import { files, text } from "./samples.ts";

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/io/spatialdata-${name}.zarr.zip`, import.meta.url));
const near = (found: ArrayLike<number> | undefined, wanted: readonly number[]): void => {
  expect(found?.length).toBe(wanted.length);
  wanted.forEach((v, k) => expect(found?.[k]).toBeCloseTo(v, 9));
};

describe.each(["v2", "v3", "ragged"])(
  "readSample agrees with spatialdata on container %s (test/oracles/make_zarr.py)",
  (version) => {
    it("joins two regions by instance and takes each to the global system", async () => {
      const { dataset: ds, report } = await readSample(files({ "s.zarr.zip": fixture(version) }));
      expect([ds.platform, ds.observation, idList(ds.cells.ids)]).toEqual([
        "spatialdata",
        "cell",
        ["w", "x", "y"],
      ]);
      near(ds.positions?.data, [28, 36.2, 12, 23, 1, 9]);
      expect([...(ds.counts as Sparse).data]).toEqual([2, 3, 4]);
      expect(ds.cells.columns["radius"]).toEqual(Float64Array.of(NaN, NaN, 2.5));
      expect(report.dropped).toEqual([{ what: "cell", count: 1, why: "no place in polygons, circles" }]);
      expect(report.joined[0]).toBe("polygons, circles by instance: 3 cells of 4 cells.");
    });

    it("keeps outlines, of several parts the largest, in the same system", async () => {
      const { dataset: ds } = await readSample(files({ "s.zarr.zip": fixture(version) }));
      const shapes = ds.shapes?.["polygons"];
      expect([...(shapes?.shapeOffsets ?? [])]).toEqual([0, 1, 2]);
      near(shapes?.coordinates.slice(0, 4), [10, 20, 14, 20]);
      near(shapes?.coordinates.slice(10, 14), [26, 32, 32, 32]);
    });
  },
);

describe("readSample agrees with spatialdata", () => {
  it("on centers of labels, scaled", async () => {
    const { dataset: ds, report } = await readSample(files({ "l.zarr.zip": fixture("labels") }));
    near(ds.positions?.data, [2, 1, 12, 4.5]);
    expect(report.dropped).toContainEqual({ what: "cell", count: 2, why: "no place in mask" });
  });
});

describe("SpatialData at the edges", () => {
  const inside = async (): Promise<Map<string, Uint8Array>> => {
    const source = await zipSource(files({ "a.zip": fixture("ragged") }), "a.zip");
    return new Map(await Promise.all(source.names.map(async (n) => [n, await source.bytes(n)] as const)));
  };

  it("says what it does not know: the way to global, elements that are not there", async () => {
    const store = await inside();
    const path = "shapes/polygons/.zattrs";
    const attrs = JSON.parse(new TextDecoder().decode(store.get(path))) as Record<string, unknown>;
    const output = { name: "global" };
    attrs["coordinateTransformations"] = [{ type: "bent", output }];
    store.set(path, text(JSON.stringify(attrs)));
    for (const name of [...store.keys()]) if (name.startsWith("shapes/circles/")) store.delete(name);
    const { dataset: ds, report } = await readSample(memorySource(store));
    near(ds.positions?.data.slice(2), [1, 1]);
    expect(report.warnings).toContain('The table describes "circles", which is not in the store.');
    expect(report.warnings.join()).toContain('The way of "polygons" to "global" is of a kind that is not');
  });

  it("refuses offsets that do not fit, cut parquet, rows that join nothing, stores without a table", async () => {
    const cut = await inside();
    cut.set("shapes/polygons/offset1/0", cut.get("shapes/polygons/offset0/0") as Uint8Array);
    cut.set("shapes/polygons/offset1/.zarray", cut.get("shapes/polygons/offset0/.zarray") as Uint8Array);
    await expect(readSample(memorySource(cut))).rejects.toMatchObject({ code: "format" });
    const parquet = await inside();
    parquet.set("shapes/polygons/shapes.parquet", text("PAR1 and no more"));
    await expect(readSample(memorySource(parquet))).rejects.toMatchObject({
      code: "format",
      subject: "shapes/polygons/shapes.parquet",
    });
    const alone = new Map([...(await inside())].filter(([name]) => !name.startsWith("tables/")));
    await expect(readSample(memorySource(alone))).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("must hold a table of counts, but it has none") as string,
    });
  });

  it("composes transformations in their order, whatever the order of axes", () => {
    const yx = ["y", "x"];
    const scale = { type: "scale", scale: [3, 2] };
    const shift = { type: "translation", translation: [20, 10] };
    expect(toAffine({ type: "sequence", transformations: [scale, shift] }, yx)).toEqual([2, 0, 10, 0, 3, 20]);
    expect(toAffine({ type: "sequence", transformations: [shift, scale] }, yx)).toEqual([2, 0, 20, 0, 3, 60]);
    const turn = [
      [0, -1, 5],
      [1, 0, 6],
    ];
    expect(toAffine({ type: "affine", affine: turn }, yx)).toEqual([0, 1, 6, -1, 0, 5]);
    expect(toAffine({ type: "mapAxis", mapAxis: { x: "y", y: "x" } }, yx)).toEqual([0, 1, 0, 1, 0, 0]);
    for (const bad of [{ type: "scale", scale: [1] }, { type: "affine", affine: [[1]] }, { type: "bent" }])
      expect(toAffine(bad, yx)).toBeNull();
  });
});

describe.skipIf(realData === null)("readSample agrees with spatialdata on real stores", () => {
  const read = (name: string) => readSample(join(realData ?? "", "st", name));

  it.each(["xenium_sfe_v2.zarr", "xenium_sfe_v3.zarr"])(
    "%s: genes and controls, places, outlines",
    async (store) => {
      const { dataset: ds } = await read(`spatialdata_xenium_sfe/${store}`);
      const controls = Object.values(ds.features).map(({ values }) => values);
      expect([
        ds.cells.ids.length,
        ds.genes.ids.length + controls.reduce((sum, x) => sum + x.cols, 0),
      ]).toEqual([526, 30]);
      let [total, byRow, x, y] = [0, 0, 0, 0];
      for (const m of [ds.counts as Sparse, ...controls]) {
        for (let i = 0; i < m.rows; i++) {
          for (let e = m.indptr[i]; e < m.indptr[i + 1]; e++) {
            total += m.data[e];
            byRow += (i + 1) * m.data[e];
          }
        }
      }
      ds.positions?.data.forEach((v, k) => (k % 2 === 0 ? (x += v) : (y += v)));
      expect([total, byRow]).toEqual([45729, 12198769]);
      expect(x).toBeCloseTo(628480.73798828, 6);
      expect(y).toBeCloseTo(627469.04997559, 6);
      expect(ds.shapes?.["cell_boundaries"].ids.length).toBe(526);
    },
  );

  it.each(["v2/blobs.zarr", "v3/blobs_v3.zarr"])("blobs %s: centers of labels", async (store) => {
    const { dataset: ds } = await read(`spatialdata_blobs_${store}`);
    const data = ds.positions?.data ?? new Float64Array(0);
    let [x, y] = [0, 0];
    data.forEach((v, k) => (k % 2 === 0 ? (x += v) : (y += v)));
    expect(data.length).toBe(20);
    expect(x).toBeCloseTo(255.03522632264676, 9);
    expect(y).toBeCloseTo(344.91152007288, 9);
  });

  it("molecules without a table are refused with the reason", async () => {
    await expect(read("spatialdata_xenium_points")).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("it has points (transcripts)") as string,
      hint: expect.stringContaining("aggregate") as string,
    });
  });
});
