import { describe, expect, it } from "vitest";
import { readSample } from "../../src/io/index.ts";
import { gzip } from "../../src/io/source.ts";
import { idList, type Shapes, type Sparse, type SpatialDataset, toDense } from "../../src/model/index.ts";
import { compareOutlines } from "../support/outlines.ts";
import { realData } from "../support/shared.ts";
import { files, text } from "./samples.ts";

const counts = [
  "fov,cell_ID,Gad1/2,Snap25,NegPrb1,SystemControl7",
  "1,0,900,800,7,7",
  "1,1,2,0,0,1",
  "1,2,0,3,1,0",
  "2,1,4,1,0,0",
  "2,0,500,400,9,9",
  "",
].join("\n");
/** Of the first instruments: y goes the same way within fields and over them. */
const cells = [
  "fov,cell_ID,Area,CenterX_local_px,CenterY_local_px,CenterX_global_px,CenterY_global_px,Mean.DAPI",
  "2,1,40,100,300,5100,2300,7",
  "1,2,50,30,60,4030,1060,8",
  "1,1,60,10,20,4010,1020,9",
  "",
].join("\n");
const sample = { "S_exprMat_file.csv": counts, "S_metadata_file.csv": cells };

const xy = (ds: SpatialDataset): number[] => Array.from(ds.positions?.data ?? []);
const outlines = (ds: SpatialDataset): Shapes => ds.shapes?.["cell_boundaries"] as Shapes;
const close = (found: ArrayLike<number>, want: readonly number[]): void =>
  expect(Array.from(found, (v) => Math.round(v * 1e9) / 1e9)).toEqual(want);

describe("CosMx", () => {
  it("joins by field of view and cell, drops the background, keeps controls apart", async () => {
    const { dataset, report } = await readSample(files(sample));
    expect(dataset.platform).toBe("cosmx");
    expect(idList(dataset.cells.ids)).toEqual(["1_1", "1_2", "2_1"]);
    expect(idList(dataset.genes.ids)).toEqual(["Gad1/2", "Snap25"]);
    expect(Array.from(toDense(dataset.counts as unknown as Sparse).data)).toEqual([2, 0, 0, 3, 4, 1]);
    expect(xy(dataset)).toEqual([4010, 1020, 4030, 1060, 5100, 2300]);
    expect(Object.keys(dataset.features)).toEqual(["Negative Control Probe", "System Control"]);
    expect(report.dropped).toEqual([{ what: "row", count: 2, why: "cell_ID 0 is what lies in no cell" }]);
    expect(dataset.cells.columns["Mean.DAPI"]).toEqual(Int32Array.of(9, 8, 7));
  });

  it("claims micrometres only where the files show them", async () => {
    const scale = async (table: string, fields?: string): Promise<number | null | undefined> => {
      const extra: Record<string, string> =
        fields === undefined ? {} : { "S_fov_positions_file.csv": fields };
      const { dataset, report } = await readSample(
        files({ ...sample, "S_metadata_file.csv": table, ...extra }),
      );
      const unknown = report.warnings.some((line) => line.includes("micrometres are unknown"));
      expect(unknown).toBe(dataset.positions?.micronsPerUnit === null);
      return dataset.positions?.micronsPerUnit;
    };
    expect(await scale(cells)).toBe(null);
    expect(await scale(cells.replace(",100,300,", ",5000,300,"))).toBe(0.18);
    expect(await scale(cells.replace(",100,300,", ",100,4200,"))).toBe(0.120280945);
    const areas = cells.replace("Area,", "Area,Area.um2,").replace("2,1,40,", "2,1,40,0.9,");
    expect(
      await scale(areas.replace("1,2,50,", "1,2,50,1.125,").replace("1,1,60,", "1,1,60,1.35,")),
    ).toBeCloseTo(0.15, 12);
    const fields = "FOV,x_global_px,y_global_px,x_global_mm,y_global_mm\n1,0,29791,0,3.5\n2,0,25535,0,3\n";
    expect(await scale(cells, fields)).toBeCloseTo(500 / 4256, 12);
    expect(await scale(cells, "fov,x_global_px,y_global_px\n1,0,0\n2,9,9\n")).toBe(null);
    const both = "fov,cell_ID,CenterX_global_px,CenterY_global_px,CenterX_global_mm,CenterY_global_mm\n";
    expect(await scale(`${both}1,1,0,0,0,0\n1,2,500,1,0.075,0\n2,1,1000,2,0.15,0\n`)).toBeCloseTo(0.15, 12);
  });

  it("turns global y down where it runs against local y, and outlines with it", async () => {
    const upward = cells.replace("4030,1060", "4030,980");
    const polygons =
      "fov,cellID,x_local_px,y_local_px,x_global_px,y_global_px\n1,1,9,19,4009,1021\n1,1,11,19,4011,1021\n1,1,10,22,4010,1018\n1,2,1,1,4001,999\n";
    const source = files({ ...sample, "S_metadata_file.csv": upward, "S-polygons.csv": polygons });
    const { dataset, report } = await readSample(source);
    expect(xy(dataset)).toEqual([4010, -1020, 4030, -980, 5100, -2300]);
    expect(report.found.some((line) => line.includes("turned down"))).toBe(true);
    expect(idList(outlines(dataset).ids)).toEqual(["1_1", "1_2"]);
    expect(Array.from(outlines(dataset).ringOffsets)).toEqual([0, 3, 4]);
    expect(Array.from(outlines(dataset).coordinates.slice(0, 4))).toEqual([4009, -1021, 4011, -1021]);
    expect((await readSample(source, { shapes: false })).dataset.shapes).toBeUndefined();
  });

  it("reads an export of AtoMx: two columns of ids, FOV, packed, y up over the slide", async () => {
    const metadata = [
      "fov,Area,CenterX_local_px,CenterY_local_px,cell_id,slide_ID,CenterX_global_px,CenterY_global_px,cell_ID,Area.um2,cell",
      "1,3037,3938,25,c_1_1_1,1,3938,29766,1,43.94,c_1_1_1",
      "1,8790,2741,52,c_1_1_2,1,2741,29739,2,127.17,c_1_1_2",
      "2,5552,279,40,c_1_2_1,1,4535,29752,1,80.32,c_1_2_1",
      "",
    ].join("\n");
    const polygons =
      "fov,cellID,cell,x_local_px,y_local_px,x_global_px,y_global_px\n2,1,c_1_2_1,279,0,4535,29792\n2,1,c_1_2_1,234,53,4490,29739\n2,1,c_1_2_1,176,31,4432,29761\n";
    const folder = "flatFiles/Run_S2/Run_S2";
    const { dataset, report } = await readSample(
      files({
        [`${folder}_exprMat_file.csv.gz`]: await gzip(text(counts)),
        [`${folder}_metadata_file.csv.gz`]: await gzip(text(metadata)),
        [`${folder}-polygons.csv.gz`]: await gzip(text(polygons)),
        [`${folder}_tx_file.csv.gz`]: await gzip(text("fov,cell_ID,cell\n")),
      }),
    );
    expect(idList(dataset.cells.ids)).toEqual(["1_1", "1_2", "2_1"]);
    expect(xy(dataset)).toEqual([3938, -29766, 2741, -29739, 4535, -29752]);
    expect(dataset.positions?.micronsPerUnit).toBeCloseTo(0.12028, 4);
    expect(dataset.cells.columns["cell"]).toEqual(["c_1_1_1", "c_1_1_2", "c_1_2_1"]);
    expect(Array.from(outlines(dataset).coordinates)).toEqual([4535, -29792, 4490, -29739, 4432, -29761]);
    expect(report.files.length).toBe(3);
  });

  it("takes cells from names that hold slide, field and number, where there are no others", async () => {
    const other = cells.replace("fov,cell_ID,", "cell_id,fov,cell_ID,").replace(/^(\d)/gm, "any$1,$1");
    const both = await readSample(files({ ...sample, "S_metadata_file.csv": other }));
    expect(idList(both.dataset.cells.ids)).toEqual(["1_1", "1_2", "2_1"]);
    const named = "cell,Gad1\nc_1_1_0,9\nc_1_1_2,1\nc_1_2_1,2\n";
    const places = "cell_id,CenterX_global_px,CenterY_global_px\nc_1_2_1,1,2\nc_1_1_2,3,4\n";
    const { dataset } = await readSample(
      files({ "S_exprMat_file.csv": named, "S_metadata_file.csv": places }),
    );
    expect(idList(dataset.cells.ids)).toEqual(["1_2", "2_1"]);
    expect(xy(dataset)).toEqual([3, 4, 1, 2]);
    for (const bad of ["cell,Gad1\nAAACG,1\n", "fov,cell_ID,Gad1\n1,x,2\n", "cell_ID,Gad1\n3,2\n"]) {
      await expect(
        readSample(files({ "S_exprMat_file.csv": bad, "S_metadata_file.csv": places })),
      ).rejects.toMatchObject({ code: "format", subject: "S_exprMat_file.csv" });
    }
  });

  it("reads global millimetres, y up unless local y says otherwise; outlines set around the centers", async () => {
    const header = "FOV,cell_ID,CenterX_global_mm,CenterY_global_mm";
    const mm = `${header}\n1,1,0.5,1\n1,2,0.25,2\n2,1,0.125,3\n`;
    const plain = await readSample(files({ ...sample, "S_metadata_file.csv": mm }));
    expect(xy(plain.dataset)).toEqual([500, -1000, 250, -2000, 125, -3000]);
    expect(plain.dataset.positions).toMatchObject({ unit: "um", micronsPerUnit: 1 });
    const local = `${header},Area,Area.um2,CenterX_local_px,CenterY_local_px\n1,1,0.5,1,100,1,10,20\n1,2,0.25,2,100,1,40,50\n2,1,0.125,3,100,1,5,5\n`;
    const polygons = "fov,cellID,x_local_px,y_local_px\n1,1,0,10\n1,1,20,10\n1,1,20,50\n7,7,1,1\n";
    const source = { ...sample, "S_metadata_file.csv": local, "S-polygons.csv": polygons };
    const { dataset, report } = await readSample(files(source));
    expect(xy(dataset)).toEqual([500, 1000, 250, 2000, 125, 3000]);
    close(outlines(dataset).coordinates, [499, 999, 501, 999, 501, 1003]);
    expect(report.dropped).toContainEqual({
      what: "corner of S-polygons.csv",
      count: 1,
      why: "of cells without a center",
    });
    const lost = await readSample(files({ ...source, "S_metadata_file.csv": mm }));
    expect(lost.dataset.shapes).toBeUndefined();
    expect(lost.report.dropped).toContainEqual({
      what: "corner of S-polygons.csv",
      count: 4,
      why: "they cannot be brought to the coordinates of the cells' centers",
    });
  });

  it("puts local pixels together by field, as each vintage places fields", async () => {
    const local = "fov,cell_ID,CenterX_local_px,CenterY_local_px\n1,1,1,2\n1,2,3,4\n2,1,5,6\n";
    const polygons =
      "fov,cellID,x_local_px,y_local_px,x_global_px,y_global_px\n2,1,4,5,70,70\n2,1,7,7,70,70\n";
    const read = (fields: string): ReturnType<typeof readSample> =>
      readSample(
        files({
          ...sample,
          "S_metadata_file.csv": local,
          "S_fov_positions_file.csv": fields,
          "S-polygons.csv": polygons,
        }),
      );
    const first = await read("fov,x_global_px,y_global_px\n2,1000,0\n1,0,100\n");
    expect(xy(first.dataset)).toEqual([1, 102, 3, 104, 1005, 6]);
    expect(Array.from(outlines(first.dataset).coordinates)).toEqual([1004, 5, 1007, 7]);
    const later = await read(
      "FOV,x_global_px,y_global_px,x_global_mm,y_global_mm\n2,1000,0,0.1,0\n1,0,100,0,0.01\n",
    );
    expect(xy(later.dataset)).toEqual([1, -98, 3, -96, 1005, 6]);
    expect(later.dataset.positions?.micronsPerUnit).toBeCloseTo(0.1, 12);
    const stage = await read("Slide,X_mm,Y_mm,FOV\n1,0.120280945,0,2\n1,0,0.0120280945,1\n");
    close(xy(stage.dataset), [1, -98, 3, -96, 1005, 6]);
    await expect(read("fov,left,top\n1,2,3\n")).rejects.toMatchObject({
      code: "format",
      subject: "S_fov_positions_file.csv",
    });
    await expect(readSample(files({ ...sample, "S_metadata_file.csv": local }))).rejects.toMatchObject({
      code: "format",
      hint: expect.stringContaining("fov_positions_file") as string,
    });
    const one = "fov,cell_ID,CenterX_local_px,CenterY_local_px\n1,1,1,2\n1,2,3,4\n";
    const alone = await readSample(files({ ...sample, "S_metadata_file.csv": one }));
    expect(xy(alone.dataset)).toEqual([1, 2, 3, 4]);
    expect(alone.report.dropped).toContainEqual({
      what: "cell",
      count: 1,
      why: "no position in S_metadata_file.csv",
    });
  });

  it("two slides are told apart, half a slide is refused, packed twins are one", async () => {
    const two = { ...sample, "T_exprMat_file.csv": counts, "T_metadata_file.csv": cells };
    await expect(readSample(files(two))).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("S (cosmx), T (cosmx)") as string,
    });
    await expect(readSample(files({ "S_exprMat_file.csv": counts }))).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("metadata_file") as string,
    });
    await expect(readSample(files({ "S_tx_file.csv": "fov,cell_ID\n1,2\n" }))).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("exprMat_file") as string,
    });
    const twin = await readSample(files({ ...sample, "S_exprMat_file.csv.gz": "" }));
    expect(twin.report.files[0]).toBe("S_exprMat_file.csv");
  });
});

describe.skipIf(realData === null)("CosMx outlines of a real slide agree with pandas and shapely", () => {
  it("number, corners, area, centroids, ids", async () => {
    const { dataset } = await readSample(`${realData as string}/st/cosmx_sfe`);
    compareOutlines(outlines(dataset), "cosmx_sfe");
    expect(idList(outlines(dataset).ids).sort()).toEqual(idList(dataset.cells.ids).sort());
  });
});
