import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readSample, writeH5ad } from "../../src/io/index.ts";
import {
  dataset,
  expression,
  idList,
  ids,
  positions,
  type Sparse,
  sparse,
  type SpatialDataset,
  table,
  toDense,
} from "../../src/model/index.ts";
import { files } from "./samples.ts";

const values = (ds: SpatialDataset): number[] => Array.from(toDense(ds.counts as Sparse).data);
const xy = (ds: SpatialDataset): number[] => Array.from(ds.positions?.data ?? []);

describe("readSample: Curio Seeker", () => {
  const text = (prefix: string): Record<string, string> => ({
    [`${prefix}MoleculesPerMatchedBead.mtx`]:
      "%%MatrixMarket matrix coordinate integer general\n2 3 4\n1 1 1\n2 1 4\n1 2 3\n2 3 7\n",
    [`${prefix}barcodes.tsv`]: "AANT\nCCGG\nTTTT\n",
    [`${prefix}genes.tsv`]: "Actb\nGad1\n",
    [`${prefix}MatchedBeadLocation.csv`]:
      ",SPATIAL_1,SPATIAL_2\nTTTT,30.5,3\nAANT,10,1\nGGGG,0,0\nCCGG,20,2\n",
    [`${prefix}cluster_assignment.txt`]: "CCGG\t1_Neurons\nAANT\t0\n",
    [`${prefix}Metrics.csv`]: "Category,Metrics,Values\nReads,Total,5\n",
  });

  it("reads raw counts and places, by whatever the columns are called, and the vendor's clusters", async () => {
    for (const prefix of ["", "S1_", "out/S1_"]) {
      const { dataset: ds, report } = await readSample(files(text(prefix)));
      expect([report.platform, ds.observation]).toEqual(["curio", "spot"]);
      expect([idList(ds.cells.ids), values(ds), xy(ds)]).toEqual([
        ["AANT", "CCGG", "TTTT"],
        [1, 4, 3, 0, 0, 7],
        [10, 1, 20, 2, 30.5, 3],
      ]);
      expect(ds.cells.columns["vendor_clusters"]).toMatchObject({
        codes: Int32Array.of(0, 1, -1),
        categories: ["0", "1_Neurons"],
      });
      expect(ds.positions?.micronsPerUnit).toBeNull();
    }
  });

  it("reads the h5ad where it is alone with its clusters, and prefers raw counts", async () => {
    const counts = expression(
      sparse(2, 1, Uint32Array.of(0, 1, 2), Uint32Array.of(0, 0), Float32Array.of(2, 3)),
      "counts",
    );
    const h5ad = await writeH5ad(
      dataset({
        counts,
        cells: table(ids(["CCGG", "AANT"])),
        genes: table(ids(["Actb"]), { name: ["Actb"] }),
        positions: positions(Float64Array.of(5, 6, 7, 8), "px", null),
      }),
    );
    const clusters = { "S1_cluster_assignment.txt": "AANT\tb\nCCGG\ta\n", "S1_anndata.h5ad": h5ad };
    const { dataset: ds } = await readSample(files(clusters));
    expect([ds.platform, ds.observation, xy(ds)]).toEqual(["curio", "spot", [5, 6, 7, 8]]);
    expect(ds.cells.columns["vendor_clusters"]).toMatchObject({ codes: Int32Array.of(0, 1) });
    const both = await readSample(files({ ...text("S1_"), ...clusters }));
    expect(both.dataset.cells.ids.length).toBe(3);
    expect((await readSample(files({ "S1_anndata.h5ad": h5ad }))).dataset.cells.ids.length).toBe(2);
  });
});

describe("readSample: Slide-seq", () => {
  const counts = "AANT-1\tCRGT-1\tTTTT-1\nActb\t1\t0\t2\nGad1\t0\t5\t0\n";

  it("reads digital expression with bead locations of every name, ambiguous letters in barcodes", async () => {
    for (const [matrix, locations, header, corner] of [
      ["Puck_1.digital_expression.txt.gz", "Puck_1_bead_locations.csv", "barcode,xcoord,ycoord", "GENE"],
      ["MappedDGEForR.csv", "BeadLocationsForR.csv", "barcodes,xcoord,ycoord", "Row"],
      ["Puck_2.DGE.txt", "Puck_2_BeadLocationsForR.csv", "barcodes,xcoord,ycoord", "GENE"],
      ["P_DGE.tsv", "P_coords.tsv", "bead\txcoord\tycoord", ""],
    ]) {
      const table = `${corner}\t${counts}`;
      const delimiter = header.includes("\t") ? "\t" : ",";
      const places = [header, "TTTT-1,30,3", "AANT-1,10,1", "CRGT-1,20.5,2", "GGGG-1,0,0"].join("\n") + "\n";
      const { dataset: ds, report } = await readSample(
        files({
          [matrix]: matrix.endsWith(".gz")
            ? gzipSync(table)
            : matrix.endsWith(".csv")
              ? table.replaceAll("\t", ",")
              : table,
          [locations]: places.replaceAll(/,/g, delimiter),
        }),
      );
      expect([report.platform, ds.observation, ds.positions?.micronsPerUnit]).toEqual([
        "slide-seq",
        "spot",
        0.65,
      ]);
      expect([idList(ds.cells.ids), values(ds), xy(ds)]).toEqual([
        ["AANT-1", "CRGT-1", "TTTT-1"],
        [1, 0, 0, 5, 2, 0],
        [10, 1, 20.5, 2, 30, 3],
      ]);
    }
  });
});

describe("readSample: STARmap", () => {
  const sample = {
    "visual_1020/cell_barcode_count.csv": "1,0,2\n0,5,0\n",
    "visual_1020/genes.csv": "Actb\nGad1\nSnap25\n",
    "visual_1020/centroids.tsv": "1.5e0\t2\n30\t40\n",
    "visual_1020/qhulls.tsv": "1\t0\t1\n1\t2\t1\n1\t2\t4\n2\t29\t39\n2\t31\t39\n2\t31\t42\n2\t29\t42\n",
  };

  it("reads counts without names, centers y first, hulls closed", async () => {
    const { dataset: ds, report } = await readSample(files(sample));
    expect([report.platform, idList(ds.cells.ids), idList(ds.genes.ids)]).toEqual([
      "starmap",
      ["starmap1", "starmap2"],
      ["Actb", "Gad1", "Snap25"],
    ]);
    expect([values(ds), xy(ds)]).toEqual([
      [1, 0, 2, 0, 5, 0],
      [2, 1.5, 40, 30],
    ]);
    const { ids: names, ringOffsets, coordinates } = ds.shapes?.["cell_boundaries"] ?? (null as never);
    expect([idList(names), Array.from(ringOffsets)]).toEqual([
      ["starmap1", "starmap2"],
      [0, 4, 9],
    ]);
    expect(Array.from(coordinates.subarray(0, 8))).toEqual([1, 0, 1, 2, 4, 2, 1, 0]);
  });

  it("takes genes from the list of barcodes, and refuses what does not fit", async () => {
    const { "visual_1020/genes.csv": _, ...rest } = sample;
    const names = { "visual_1020/cell_barcode_names.csv": "1,11,Actb\n2,12,Gad1\n3,13,Snap25\n" };
    expect(idList((await readSample(files({ ...rest, ...names }))).dataset.genes.ids)).toEqual([
      "Actb",
      "Gad1",
      "Snap25",
    ]);
    for (const wrong of [
      { "visual_1020/genes.csv": "Actb\nGad1\n" },
      { "visual_1020/centroids.tsv": "1\t2\n" },
    ])
      await expect(readSample(files({ ...sample, ...wrong }))).rejects.toMatchObject({
        code: "format",
        subject: "visual_1020/cell_barcode_count.csv",
      });
  });
});
