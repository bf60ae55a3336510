import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { blobSource, readSample, type ReadSampleResult } from "../../src/io/index.ts";
import { idList, type Sparse } from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";
import { files, tenx } from "./samples.ts";

const bin = (microns: number, row: number, column: number): string =>
  `s_${String(microns).padStart(3, "0")}um_${String(row).padStart(5, "0")}_${String(column).padStart(5, "0")}-1`;

/** Positions of a 2 x 3 array of bins, as Space Ranger writes them. */
function positions(microns: number): Uint8Array {
  const at = [0, 1, 2, 3, 4, 5].map((k) => [Math.floor(k / 3), k % 3] as const);
  return new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize: 4,
      columnData: [
        { name: "barcode", data: at.map(([r, c]) => bin(microns, r, c)), type: "STRING" },
        { name: "in_tissue", data: at.map(([r]) => (r === 0 ? 1 : 0)), type: "INT32" },
        { name: "array_row", data: at.map(([r]) => r), type: "INT32" },
        { name: "array_col", data: at.map(([, c]) => c), type: "INT32" },
        { name: "pxl_row_in_fullres", data: at.map(([r]) => 100.5 + r * microns * 4), type: "DOUBLE" },
        { name: "pxl_col_in_fullres", data: at.map(([, c]) => 50.25 + c * microns * 4), type: "DOUBLE" },
      ],
    }),
  );
}

const factors = (microns: number): string =>
  JSON.stringify({ bin_size_um: microns, microns_per_pixel: 0.25, tissue_lowres_scalef: 0.1 });

/** The files of one size of bins; `last` names a bin that has no position. */
async function square(microns: number, folder: string): Promise<Record<string, Uint8Array | string>> {
  return {
    [`${folder}filtered_feature_bc_matrix.h5`]: await tenx(
      [bin(microns, 0, 2), bin(microns, 9, 9), bin(microns, 0, 0), bin(microns, 1, 1)],
      ["A", "B"],
      [
        [microns, 0],
        [7, 7],
        [0, 2],
        [1, 1],
      ],
    ),
    [`${folder}spatial/tissue_positions.parquet`]: positions(microns),
    [`${folder}spatial/scalefactors_json.json`]: factors(microns),
  };
}

const whole = async (): Promise<Record<string, Uint8Array | string>> => ({
  ...(await square(2, "outs/binned_outputs/square_002um/")),
  ...(await square(8, "outs/binned_outputs/square_008um/")),
  ...(await square(16, "outs/binned_outputs/square_016um/")),
  "outs/binned_outputs/square_016um.tar.gz": "stray",
  "outs/binned_outputs/square_008um/._filtered_feature_bc_matrix.h5": "junk",
});

const expectBins = ({ dataset, report }: ReadSampleResult, microns: number): void => {
  expect([report.platform, dataset.observation]).toEqual(["visium-hd", "bin"]);
  expect(idList(dataset.cells.ids)).toEqual([bin(microns, 0, 2), bin(microns, 0, 0), bin(microns, 1, 1)]);
  expect([...(dataset.positions?.data ?? [])]).toEqual([
    50.25 + 8 * microns,
    100.5,
    50.25,
    100.5,
    50.25 + 4 * microns,
    100.5 + 4 * microns,
  ]);
  expect([dataset.positions?.unit, dataset.positions?.micronsPerUnit]).toEqual(["px", 0.25]);
  expect(dataset.cells.columns["array_row"]).toEqual(Int32Array.of(0, 0, 1));
  expect(dataset.cells.columns["array_col"]).toEqual(Int32Array.of(2, 0, 1));
  expect([...(dataset.counts as Sparse).data]).toEqual([microns, 2, 1, 1]);
  expect(report.dropped).toMatchObject([{ what: "bin", count: 1 }]);
  expect(report.warnings.join()).toContain("Off the tissue, but in the matrix and kept: 1 bin.");
};

describe("readSample: Visium HD bins", () => {
  it("reads 8 um where nothing else is asked for, joined by id, bins without position reported", async () => {
    const sample = await readSample(files(await whole()));
    expectBins(sample, 8);
    expect(sample.report.warnings.join()).toContain("there are also bins of 2 and 16 um");
    expect(sample.params.binSize).toBeNull();
  });

  it("reads the size asked for, from blobs too", async () => {
    expectBins(await readSample(files(await whole()), { binSize: 2 }), 2);
    const blobs = Object.entries(await whole()).map(([name, content]) => ({
      name,
      blob: new Blob([content as BlobPart]),
    }));
    expectBins(await readSample(blobSource(blobs), { binSize: 16 }), 16);
  });

  it("reads one folder of bins by itself, named or not", async () => {
    expectBins(await readSample(files(await square(16, ""))), 16);
    expectBins(await readSample(files(await square(16, "square_016um/"))), 16);
  });

  it("refuses a size that is not there and sizes that do not exist", async () => {
    const only = files(await square(16, "outs/binned_outputs/square_016um/"));
    await expect(readSample(only, { binSize: 2 })).rejects.toMatchObject({
      code: "not-found",
      subject: "binSize",
      message: expect.stringContaining("bins of 16 um") as string,
    });
    await expect(readSample(only, { binSize: -4 })).rejects.toMatchObject({ code: "option" });
  });

  it("reads plain Visium with positions as parquet", async () => {
    const at = [0, 2, 4];
    const table = parquetWriteBuffer({
      columnData: [
        { name: "barcode", data: ["CC-1", "AA-1", "GG-1"], type: "STRING" },
        { name: "in_tissue", data: [true, true, true], type: "BOOLEAN" },
        { name: "array_row", data: [0, 0, 0], type: "INT32" },
        { name: "array_col", data: at, type: "INT32" },
        { name: "pxl_row_in_fullres", data: [5n, 5n, 5n], type: "INT64" },
        { name: "pxl_col_in_fullres", data: [20n, 40n, 60n], type: "INT64" },
      ],
    });
    const { dataset, report } = await readSample(
      files({
        "filtered_feature_bc_matrix.h5": await tenx(["AA-1", "CC-1"], ["A"], [[1], [2]]),
        "spatial/tissue_positions.parquet": new Uint8Array(table),
      }),
    );
    expect([report.platform, dataset.observation, dataset.positions?.micronsPerUnit]).toEqual([
      "visium",
      "spot",
      5,
    ]);
    expect([...(dataset.positions?.data ?? [])]).toEqual([40, 5, 20, 5]);
  });
});

const ring = (x: number, y: number, side: number): number[][] => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
];
const feature = (id: number, type: string, coordinates: unknown): unknown => ({
  type: "Feature",
  geometry: { type, coordinates },
  properties: { cell_id: id, classification: { name: "a } in a [text" } },
});
const collection = (...features: unknown[]): string =>
  JSON.stringify({ type: "FeatureCollection", crs: { properties: { list: [{ a: 1 }] } }, features });

async function segmented(folder: string): Promise<Record<string, Uint8Array | string>> {
  return {
    [`${folder}filtered_feature_cell_matrix.h5`]: await tenx(
      ["cellid_000000007-1", "cellid_000000003-1", "cellid_000000123-1"],
      ["A", "B"],
      [
        [1, 0],
        [0, 2],
        [3, 0],
      ],
    ),
    [`${folder}cell_segmentations.geojson`]: collection(
      feature(123, "Polygon", [ring(100, 200, 10)]),
      feature(3, "MultiPolygon", [[ring(0, 0, 2)], [ring(10, 10, 4)]]),
    ),
    [`${folder}nucleus_segmentations.geojson`]: collection(feature(123, "Polygon", [ring(102, 202, 4)])),
    [`${folder}spatial/scalefactors_json.json`]: '{"microns_per_pixel": 0.5}',
    [`${folder}analysis/clustering/gene_expression_graphclust/clusters.csv`]:
      "Barcode,Cluster\ncellid_000000123-1,2\ncellid_000000007-1,1\n",
  };
}

describe("readSample: segmented cells of Visium HD", () => {
  it("joins outlines by id, keeps them and reports cells without", async () => {
    for (const folder of ["", "segmented_outputs/", "x/outs/segmented_outputs/"]) {
      const { dataset, report } = await readSample(files(await segmented(folder)));
      expect([report.platform, dataset.observation]).toEqual(["visium-hd", "cell"]);
      expect(idList(dataset.cells.ids)).toEqual(["cellid_000000003-1", "cellid_000000123-1"]);
      // two squares of side 2 around (1, 1) and side 4 around (12, 12), weighted by area
      expect([...(dataset.positions?.data ?? [])]).toEqual([12, 12, 105, 205]);
      expect(dataset.positions?.micronsPerUnit).toBe(0.5);
      expect(report.dropped).toMatchObject([{ what: "cell", count: 1 }]);
      expect(report.warnings.join()).toContain("1 outline of several parts; the largest was kept");
      const { cell_boundaries: cells, nucleus_boundaries: nuclei } = dataset.shapes ?? {};
      expect(idList(cells.ids)).toEqual(["cellid_000000123-1", "cellid_000000003-1"]);
      expect([...cells.ringOffsets]).toEqual([0, 5, 10]);
      expect([...cells.coordinates.subarray(10, 14)]).toEqual([10, 10, 14, 10]);
      expect(idList(nuclei.ids)).toEqual(["cellid_000000123-1"]);
      expect(dataset.cells.columns["vendor_graphclust"]).toMatchObject({
        codes: Int32Array.of(-1, 0),
        categories: ["2"],
      });
    }
  });

  it("reads bins where there are both, and says so", async () => {
    const both = files({ ...(await whole()), ...(await segmented("outs/segmented_outputs/")) });
    const sample = await readSample(both);
    expectBins(sample, 8);
    expect(sample.report.warnings.join()).toContain("give outs/segmented_outputs/");
  });

  it("refuses damaged outlines by name", async () => {
    const read = async (outlines: string): Promise<unknown> =>
      readSample(files({ ...(await segmented("")), "cell_segmentations.geojson": outlines }));
    const sound = collection(feature(3, "Polygon", [ring(0, 0, 1)]));
    for (const outlines of [
      "",
      "{",
      sound.slice(0, -5),
      collection(feature(3, "Point", [1, 2])),
      collection(feature(3, "Polygon", [[["x", 2]]])),
      collection({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[[1, 2]]] } }),
      sound.replace('"Polygon"', "Polygon"),
    ]) {
      await expect(read(outlines)).rejects.toMatchObject({
        name: "SpatialError",
        code: "format",
        subject: "cell_segmentations.geojson",
      });
    }
  });
});

describe.skipIf(realData === null)("readSample agrees with pandas and h5py on bins", () => {
  it("Visium HD, 8 and 16 um", async () => {
    const source = `${realData as string}/st/visium_hd_seurat`;
    for (const [binSize, n, total, x, y] of [
      [8, 2695, 132231, 30677132.828178138, 32970008.672228605],
      [16, 642, 31242, 7078010.580793981, 7853170.340518255],
    ] as const) {
      const { dataset, report } = await readSample(source, { binSize });
      expect([dataset.cells.ids.length, dataset.genes.ids.length]).toEqual([n, 100]);
      expect((dataset.counts as Sparse).data.reduce((a, v) => a + v, 0)).toBe(total);
      const sum = (axis: number): number =>
        Array.from(dataset.positions?.data ?? []).reduce((a, v, k) => (k % 2 === axis ? a + v : a), 0);
      expect(sum(0)).toBeCloseTo(x, 4);
      expect(sum(1)).toBeCloseTo(y, 4);
      expect(dataset.positions?.micronsPerUnit).toBeCloseTo(0.27376126715315274, 15);
      expect(report.dropped.map((d) => d.count)).toEqual(n === 2695 ? [] : [2053]);
    }
  });
});
