import { describe, expect, it } from "vitest";
import { readSample } from "../../src/io/index.ts";
import { idList, type Sparse, toDense } from "../../src/model/index.ts";
import { files } from "./samples.ts";

const counts = [
  "fov,cell_ID,Gad1/2,Snap25,NegPrb1,SystemControl7",
  "1,0,900,800,7,7",
  "1,1,2,0,0,1",
  "1,2,0,3,1,0",
  "2,1,4,1,0,0",
  "2,0,500,400,9,9",
  "",
].join("\n");
const cells = [
  "fov,cell_ID,Area,CenterX_local_px,CenterY_local_px,CenterX_global_px,CenterY_global_px,Mean.DAPI",
  "2,1,40,100,300,5100,2300,7",
  "1,2,50,30,60,4030,1060,8",
  "1,1,60,10,20,4010,1020,9",
  "",
].join("\n");
const sample = { "S_exprMat_file.csv": counts, "S_metadata_file.csv": cells };

const xy = (data: Float64Array | undefined): string => Array.from(data ?? []).join();

describe("CosMx", () => {
  it("joins by field of view and cell, drops the background, keeps controls apart", async () => {
    const { dataset, report } = await readSample(files(sample));
    expect(dataset.platform).toBe("cosmx");
    expect(idList(dataset.cells.ids)).toEqual(["1_1", "1_2", "2_1"]);
    expect(idList(dataset.genes.ids)).toEqual(["Gad1/2", "Snap25"]);
    expect(Array.from(toDense(dataset.counts as unknown as Sparse).data)).toEqual([2, 0, 0, 3, 4, 1]);
    expect(xy(dataset.positions?.data)).toBe("4010,1020,4030,1060,5100,2300");
    expect(Object.keys(dataset.features)).toEqual(["Negative Control Probe", "System Control"]);
    expect(report.dropped).toEqual([{ what: "row", count: 2, why: "cell_ID 0 is what lies in no cell" }]);
    expect(dataset.cells.columns["Mean.DAPI"]).toEqual(Int32Array.of(9, 8, 7));
  });

  it("claims micrometres only where the files show them", async () => {
    const scale = async (table: string): Promise<number | null | undefined> => {
      const { dataset } = await readSample(files({ ...sample, "S_metadata_file.csv": table }));
      return dataset.positions?.micronsPerUnit;
    };
    expect(await scale(cells)).toBe(null);
    expect(await scale(cells.replace(",100,300,", ",5000,300,"))).toBe(0.18);
    expect(await scale(cells.replace(",100,300,", ",100,4200,"))).toBe(0.12);
    const areas = cells.replace("Area,", "Area,Area.um2,").replace("2,1,40,", "2,1,40,0.9,");
    expect(
      await scale(areas.replace("1,2,50,", "1,2,50,1.125,").replace("1,1,60,", "1,1,60,1.35,")),
    ).toBeCloseTo(0.15, 12);
  });

  it("turns global y down where it runs against local y, and outlines with it", async () => {
    const upward = cells.replace("4030,1060", "4030,980").replace("4010,1020", "4010,1020");
    const polygons =
      "fov,cellID,x_local_px,y_local_px,x_global_px,y_global_px\n1,1,9,19,4009,1021\n1,1,11,19,4011,1021\n1,1,10,22,4010,1018\n1,2,1,1,4001,999\n";
    const { dataset, report } = await readSample(
      files({ ...sample, "S_metadata_file.csv": upward, "S-polygons.csv": polygons }),
    );
    expect(xy(dataset.positions?.data)).toBe("4010,-1020,4030,-980,5100,-2300");
    expect(report.found.some((line) => line.includes("turned down"))).toBe(true);
    const outlines = dataset.shapes?.["cells"];
    expect(idList((outlines as NonNullable<typeof outlines>).ids)).toEqual(["1_1", "1_2"]);
    expect(Array.from(outlines?.ringOffsets ?? [])).toEqual([0, 3, 4]);
    expect(Array.from(outlines?.coordinates.slice(0, 4) ?? [])).toEqual([4009, -1021, 4011, -1021]);
  });

  it("reads global millimetres, and puts local pixels together by field", async () => {
    const mm = "FOV,cell_ID,CenterX_global_mm,CenterY_global_mm\n1,1,0.5,1\n1,2,0.25,2\n2,1,0.125,3\n";
    const inMm = await readSample(files({ ...sample, "S_metadata_file.csv": mm }));
    expect(xy(inMm.dataset.positions?.data)).toBe("500,1000,250,2000,125,3000");
    expect(inMm.dataset.positions?.unit).toBe("um");
    const local = "fov,cell_ID,CenterX_local_px,CenterY_local_px\n1,1,1,2\n1,2,3,4\n2,1,5,6\n";
    const fields = "fov,x_global_px,y_global_px\n2,1000,0\n1,0,100\n";
    const put = await readSample(
      files({ ...sample, "S_metadata_file.csv": local, "S_fov_positions_file.csv": fields }),
    );
    expect(xy(put.dataset.positions?.data)).toBe("1,102,3,104,1005,6");
    await expect(readSample(files({ ...sample, "S_metadata_file.csv": local }))).rejects.toMatchObject({
      code: "format",
    });
  });

  it("two slides are told apart, half a slide is refused", async () => {
    const two = { ...sample, "T_exprMat_file.csv": counts, "T_metadata_file.csv": cells };
    await expect(readSample(files(two))).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("S (cosmx), T (cosmx)") as string,
    });
    await expect(readSample(files({ "S_exprMat_file.csv": counts }))).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("metadata_file") as string,
    });
    await expect(
      readSample(files({ ...sample, "S_exprMat_file.csv": counts.replace("fov,", "field,") })),
    ).rejects.toMatchObject({ code: "format" });
  });
});
