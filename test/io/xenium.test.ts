import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { readSample } from "../../src/io/index.ts";
import { gzip } from "../../src/io/source.ts";
import { idList, type Sparse } from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";
import { files, tenx, text } from "./samples.ts";

type Cell = string | number;
const asBytes = (names: readonly Cell[]): Uint8Array[] => names.map((n) => text(String(n)));

function cellsParquet(names: readonly Cell[], type: "STRING" | "BYTE_ARRAY" | "INT32"): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "cell_id", data: type === "BYTE_ARRAY" ? asBytes(names) : [...names], type },
        { name: "x_centroid", data: names.map((_, k) => k + 0.5), type: "DOUBLE" },
        { name: "y_centroid", data: names.map((_, k) => -k), type: "DOUBLE" },
        { name: "nucleus_area", data: names.map((_, k) => (k === 0 ? null : k)), type: "DOUBLE" },
      ],
    }),
  );
}

/** A triangle per entry; entries are cell and label. */
function boundaries(
  entries: readonly (readonly [Cell, number])[],
  type: "STRING" | "BYTE_ARRAY" | "INT32",
): Uint8Array {
  const corners = entries.flatMap(([id, label], k) =>
    [0, 1, 2].map((c) => ({ id, label, x: 10 * k + c, y: c * c })),
  );
  const names = corners.map((c) => c.id);
  return new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize: 4,
      columnData: [
        { name: "cell_id", data: type === "BYTE_ARRAY" ? asBytes(names) : names, type },
        { name: "vertex_x", data: Float32Array.from(corners, (c) => c.x), type: "FLOAT" },
        { name: "vertex_y", data: Float32Array.from(corners, (c) => c.y), type: "FLOAT" },
        { name: "label_id", data: corners.map((c) => c.label), type: "INT32" },
      ],
    }),
  );
}

const matrix = (names: readonly Cell[]): Promise<Uint8Array> =>
  tenx(
    names.map(String),
    ["G", "N"],
    names.map((_, k) => [k + 1, 1]),
    ["Gene Expression", "Negative Control Codeword"],
  );

describe("readSample: Xenium", () => {
  it("reads cells.parquet with names as texts, bytes and whole numbers", async () => {
    for (const type of ["STRING", "BYTE_ARRAY", "INT32"] as const) {
      const names = type === "INT32" ? [3, 1, 2] : ["aaaaficg-1", "aaabbaka-1", "aaabbjoo-1"];
      const turned = [names[2], names[0]];
      const { dataset, report } = await readSample(
        files({
          "x/cell_feature_matrix.h5": await matrix(turned),
          "x/cells.parquet": cellsParquet(names, type),
          "x/cell_boundaries.parquet": boundaries(
            names.map((n, k) => [n, k + 1]),
            type,
          ),
          "x/nucleus_boundaries.parquet": boundaries(
            [
              [names[1], 1],
              [names[1], 2],
              [names[0], 3],
            ],
            type,
          ),
          "x/experiment.xenium":
            '{"analysis_sw_version": "R&D", "xenium_ranger": {"version": "xenium-3.0.0"}}',
          "x/._cells.parquet": "junk",
          "x/._cells.csv.gz": "junk",
        }),
      );
      expect([report.platform, dataset.observation]).toEqual(["xenium", "cell"]);
      expect(idList(dataset.cells.ids)).toEqual(turned.map(String));
      expect([...(dataset.positions?.data ?? [])]).toEqual([2.5, -2, 0.5, -0]);
      expect([dataset.positions?.unit, dataset.positions?.micronsPerUnit]).toEqual(["um", 1]);
      expect(dataset.cells.columns["nucleus_area"]).toEqual(Float64Array.of(2, NaN));
      const { cell_boundaries: cells, nucleus_boundaries: nuclei } = dataset.shapes ?? {};
      expect(idList(cells.ids)).toEqual(names.map(String));
      expect([...cells.ringOffsets]).toEqual([0, 3, 6, 9]);
      expect([...cells.coordinates.subarray(6, 12)]).toEqual([10, 0, 11, 1, 12, 4]);
      expect(idList(nuclei.ids)).toEqual([names[1], names[1], names[0]].map(String));
      expect(report.found).toContain("Xenium: analyzed with R&D, segmented again with xenium-3.0.0.");
      expect(Object.keys(dataset.features)).toEqual(["Negative Control Codeword"]);
    }
  });

  it("reads outlines from text, clusters of the vendor, and leaves outlines out if asked", async () => {
    const source = files({
      "cell_feature_matrix.h5": await matrix(["a-1", "b-1"]),
      "cells.csv.gz": await gzip(text("cell_id,x_centroid,y_centroid\nb-1,3,4\na-1,1,2\n")),
      "cell_boundaries.csv.gz": await gzip(
        text(
          '"cell_id","vertex_x","vertex_y"\n"a-1",0,0\n"a-1",1,0\n"a-1",0,1\n"b-1",5,5\n"b-1",6,5\n"b-1",5,6\n',
        ),
      ),
      "analysis/clustering/gene_expression_graphclust/clusters.csv": "Barcode,Cluster\nb-1,1\na-1,10\n",
      "analysis/clustering/gene_expression_kmeans_2_clusters/clusters.csv": "Barcode,Cluster\nb-1,2\n",
    });
    const { dataset } = await readSample(source);
    expect(dataset.cells.columns["vendor_graphclust"]).toMatchObject({
      codes: Int32Array.of(1, 0),
      categories: ["1", "10"],
    });
    expect(dataset.cells.columns["vendor_kmeans_2_clusters"]).toMatchObject({ codes: Int32Array.of(-1, 0) });
    expect([...(dataset.shapes?.["cell_boundaries"].coordinates ?? [])]).toEqual([
      0, 0, 1, 0, 0, 1, 5, 5, 6, 5, 5, 6,
    ]);
    expect((await readSample(source, { shapes: false })).dataset.shapes).toBeUndefined();
  });

  it("refuses outlines without their columns and corners that are no numbers", async () => {
    for (const outlines of ["cell_id,x,y\na-1,1,2\n", "cell_id,vertex_x,vertex_y\na-1,1,\n", "a\n"]) {
      await expect(
        readSample(
          files({
            "cell_feature_matrix.h5": await matrix(["a-1"]),
            "cells.csv": "cell_id,x_centroid,y_centroid\na-1,1,2\n",
            "cell_boundaries.csv": outlines,
          }),
        ),
      ).rejects.toMatchObject({ code: "format", subject: "cell_boundaries.csv" });
    }
  });
});

describe.skipIf(realData === null)("readSample agrees with pandas and h5py on outlines", () => {
  it("Xenium with names as bytes, as whole numbers", async () => {
    for (const [name, n, p, total, corners, x, y] of [
      ["xenium_sfe", 526, 27, 45726, 6838, 8170076.105773926, 8154102.911315918],
      ["xenium_mini_seio", 6, 4, 21, 78, 65441.92468261719, 25828.737426757812],
    ] as const) {
      const { dataset } = await readSample(`${realData as string}/st/${name}`);
      expect([dataset.cells.ids.length, dataset.genes.ids.length]).toEqual([n, p]);
      expect((dataset.counts as Sparse).data.reduce((a, v) => a + v, 0)).toBe(total);
      const { cell_boundaries: cells, nucleus_boundaries: nuclei } = dataset.shapes ?? {};
      const sum = (data: Float64Array, axis: number): number =>
        data.reduce((a, v, k) => (k % 2 === axis ? a + v : a), 0);
      expect([cells.ids.length, nuclei.ids.length, cells.coordinates.length]).toEqual([n, n, 2 * corners]);
      expect(sum(cells.coordinates, 0)).toBeCloseTo(x, 5);
      expect(sum(nuclei.coordinates, 1)).toBeCloseTo(y, 5);
      expect(idList(dataset.cells.ids).every((id) => cells.ids.indexOf(id) >= 0)).toBe(true);
    }
  });
});
