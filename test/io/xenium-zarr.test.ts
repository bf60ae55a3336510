import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readSample, readSelection } from "../../src/io/index.ts";
import { idList } from "../../src/model/index.ts";
import { unzipSync } from "fflate";
import { files, tenx, text } from "./samples.ts";

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/io/xenium-${name}.zarr.zip`, import.meta.url));
const matrix = (names: readonly string[]): Promise<Uint8Array> =>
  tenx(
    names,
    ["G", "H"],
    names.map((_, k) => [k + 1, 1]),
  );

describe("cells.zarr.zip of Xenium", () => {
  it("gives cells, their names in letters, and outlines: two nuclei, none, and a cell without outline", async () => {
    const names = ["aaaaficg-1", "aabbaknb-1", "pppppppa-2"];
    const source = files({
      "cell_feature_matrix.h5": await matrix([names[2], names[0], names[1]]),
      "cells.zarr.zip": fixture("cells-2"),
    });
    const { dataset, report } = await readSample(source);
    expect(report.platform).toBe("xenium");
    expect(idList(dataset.cells.ids)).toEqual([names[2], names[0], names[1]]);
    expect([...(dataset.positions?.data ?? [])]).toEqual([50, 60, 10, 20, 30, 40]);
    expect(dataset.positions?.unit).toBe("um");
    expect(dataset.cells.columns).toMatchObject({
      label: Int32Array.of(3, 1, 2),
      nucleus_count: Int32Array.of(2, 0, 1),
      z_level: Float64Array.of(6, 0, 3),
      cell_area: Float64Array.of(16.25, 16.25, 16.25),
      segmentation_method: { codes: Int32Array.of(1, 1, 0), categories: ["by nucleus", "by stain"] },
    });
    const { cell_boundaries: cells, nucleus_boundaries: nuclei } = dataset.shapes ?? {};
    expect(idList(cells.ids)).toEqual([names[0], names[1]]);
    expect(idList(nuclei.ids)).toEqual([names[0], names[0], names[2]]);
    expect([...nuclei.ringOffsets]).toEqual([0, 5, 10, 15]);
    expect([...cells.coordinates.subarray(10, 14)]).toEqual([27, 37, 33, 37]);
    expect((await readSample(source, { shapes: false })).dataset.shapes).toBeUndefined();
  });

  it("is read as before version 1.3 too: whole numbers, seven columns, one array of corners", async () => {
    const { dataset } = await readSample(
      files({ "cell_feature_matrix.h5": await matrix(["1", "3"]), "cells.zarr.zip": fixture("cells-1") }),
    );
    expect([...(dataset.positions?.data ?? [])]).toEqual([10, 20, 50, 60]);
    expect("nucleus_count" in dataset.cells.columns).toBe(false);
    const { cell_boundaries: cells, nucleus_boundaries: nuclei } = dataset.shapes ?? {};
    expect([idList(cells.ids), idList(nuclei.ids)]).toEqual([
      ["1", "2"],
      ["1", "2", "3"],
    ]);
    expect([...nuclei.coordinates.subarray(20, 24)]).toEqual([49, 59, 51, 59]);
  });

  it("is read unpacked, and gives the outlines that lie nowhere else; its names may be of another run", async () => {
    const unpacked = Object.fromEntries(
      Object.entries(unzipSync(fixture("cells-2"))).map(([name, bytes]) => [`cells.zarr/${name}`, bytes]),
    );
    const names = ["aaaaficg-1", "aabbaknb-1"];
    const { dataset } = await readSample(
      files({ "cell_feature_matrix.h5": await matrix(names), ...unpacked }),
    );
    expect(dataset.shapes?.["nucleus_boundaries"].ids.length).toBe(3);
    const { dataset: beside, report } = await readSample(
      files({
        "cell_feature_matrix.h5": await matrix(["x-1", "y-1"]),
        "cells.csv": "cell_id,x_centroid,y_centroid\nx-1,1,2\ny-1,3,4\n",
        "cells.zarr.zip": fixture("cells-2"),
      }),
    );
    expect([...(beside.positions?.data ?? [])]).toEqual([1, 2, 3, 4]);
    expect(beside.shapes?.["cell_boundaries"].ids.length).toBe(2);
    expect(report.files).toContain("cells.zarr.zip");
    expect(report.warnings.join()).toContain("No outline of cell_boundaries has the name of a cell");
  });

  it("brings the vendor's clusters from analysis.zarr.zip, by the order of the matrix", async () => {
    const names = ["aaaaficg-1", "aabbaknb-1", "pppppppa-2"];
    const cells = "cell_id,x_centroid,y_centroid\naabbaknb-1,1,2\naaaaficg-1,3,4\npppppppa-2,,\n";
    const { dataset, report } = await readSample(
      files({
        "cell_feature_matrix.h5": await matrix(names),
        "cells.csv": cells,
        "analysis.zarr.zip": fixture("analysis"),
      }),
    );
    expect(idList(dataset.cells.ids)).toEqual(names.slice(0, 2));
    expect(dataset.cells.columns["vendor_graphclust"]).toMatchObject({
      codes: Int32Array.of(0, 0),
      categories: ["2"],
    });
    expect(dataset.cells.columns["vendor_kmeans_2_clusters"]).toMatchObject({
      codes: Int32Array.of(1, 0),
      categories: ["1", "2"],
    });
    expect(report.joined.join()).toContain("graphclust of analysis.zarr.zip by the order of cells");
  });

  it("is not opened where nothing is needed of it", async () => {
    const outline = "cell_id,vertex_x,vertex_y\na-1,0,0\na-1,1,0\na-1,0,1\n";
    const { report } = await readSample(
      files({
        "cell_feature_matrix.h5": await matrix(["a-1"]),
        "cells.csv": "cell_id,x_centroid,y_centroid\na-1,1,2\n",
        "cell_boundaries.csv": outline,
        "nucleus_boundaries.csv": outline,
        "cells.zarr.zip": "damaged",
      }),
    );
    expect(report.files).not.toContain("cells.zarr.zip");
  });

  it("refuses a store that is cut off", async () => {
    const cut = fixture("cells-2").subarray(0, 6000);
    await expect(
      readSample(files({ "cell_feature_matrix.h5": await matrix(["a-1"]), "cells.zarr.zip": cut })),
    ).rejects.toMatchObject({ code: "format" });
  });
});

describe("readSelection", () => {
  it("reads one region and several, after lines of comment", async () => {
    const one = await readSelection(
      text("#Selection name: Tumor A\n#Area (µm^2): 12.5\nX,Y\n0,0\n5,0\n5,5\n"),
    );
    expect([idList(one.ids), [...one.coordinates]]).toEqual([["Tumor A"], [0, 0, 5, 0, 5, 5]]);
    const two = await readSelection(
      text(
        '"#Selection names: a, b"\n#Areas: 1, 2\nSelection,X,Y\na,0,0\na,1,0\na,1,1\nb,4,4\nb,5,4\nb,5,5.5\n',
      ),
    );
    expect([idList(two.ids), [...two.ringOffsets]]).toEqual([
      ["a", "b"],
      [0, 3, 6],
    ]);
    await expect(
      readSelection(text("#Selection name: x\n#Area: 1\nCell ID,Transcripts\na-1,3\n")),
    ).rejects.toMatchObject({ code: "format", hint: expect.stringContaining("not their cells") as string });
  });
});

it("keeps every kind of Xenium's features apart from genes", async () => {
  const kinds = [
    "Negative Control Probe",
    "Negative Control Codeword",
    "Unassigned Codeword",
    "Blank Codeword",
    "Deprecated Codeword",
    "Genomic Control",
    "Protein Expression",
  ];
  const all = ["Gene Expression", ...kinds];
  const { dataset } = await readSample(
    files({
      "cell_feature_matrix.h5": await tenx(["a-1"], all, [all.map((_, k) => k + 1)], all),
      "cells.csv": "cell_id,x_centroid,y_centroid\na-1,1,2\n",
    }),
  );
  expect(dataset.genes.ids.length).toBe(1);
  expect(Object.keys(dataset.features)).toEqual(kinds);
  expect(kinds.map((kind) => dataset.features[kind].values.data[0])).toEqual([2, 3, 4, 5, 6, 7, 8]);
});
