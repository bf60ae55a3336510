import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ElementWriter } from "../../src/io/elements-write.ts";
import { createHdf5 } from "../../src/io/hdf5-write.ts";
import { readSample } from "../../src/io/index.ts";
import { type Categorical, idList, type Sparse, toDense } from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";
import { files } from "./samples.ts";

/** A Loom file of 3 genes x 2 cells; `more` writes on. */
function loom(
  more: (w: ElementWriter) => void,
  matrix: readonly number[] = [1, 0, 0, 2, 3, 4],
): Promise<Uint8Array> {
  return createHdf5((w) => {
    for (const group of ["row_attrs", "col_attrs", "layers", "col_graphs", "row_graphs", "attrs"])
      w.group(group);
    w.numbers("matrix", Float64Array.from(matrix), {}, [3, 2]);
    more(w);
  });
}

const named = (w: ElementWriter): void => {
  w.strings("row_attrs/Gene", ["A", "B", "A"]);
  w.strings("row_attrs/Accession", ["ENSG1", "ENSG2", "ENSG3"]);
  w.numbers("row_attrs/Length", Float64Array.of(10, 20, 30));
  w.strings("col_attrs/CellID", ["c1", "c2"]);
};

describe("readSample: Loom", () => {
  it("turns genes x cells, keeps what is said of both, layers and coordinates", async () => {
    const bytes = await loom((w) => {
      named(w);
      w.numbers("col_attrs/X", Float64Array.of(5, 6));
      w.numbers("col_attrs/Y", Float64Array.of(7, 8.5));
      w.numbers("col_attrs/Valid", Int32Array.of(1, 0));
      w.numbers("col_attrs/tSNE", Float64Array.of(1, 2, 3, 4), {}, [2, 2]);
      w.numbers("layers/spliced", Int32Array.of(1, 0, 0, 0, 2, 0), {}, [3, 2]);
    });
    for (const name of ["a.loom", "renamed.h5"]) {
      const { dataset: ds, report } = await readSample(files({ [name]: bytes }));
      expect([report.platform, ds.observation]).toEqual(["loom", "cell"]);
      expect([idList(ds.cells.ids), idList(ds.genes.ids)]).toEqual([
        ["c1", "c2"],
        ["ENSG1", "ENSG2", "ENSG3"],
      ]);
      expect(ds.genes.columns).toEqual({ name: ["A", "B", "A"], Length: Float64Array.of(10, 20, 30) });
      expect(Object.keys(ds.cells.columns)).toEqual(["Valid"]);
      expect(Array.from(toDense(ds.counts as Sparse).data)).toEqual([1, 0, 3, 0, 2, 4]);
      expect(Array.from(ds.positions?.data ?? [])).toEqual([5, 7, 6, 8.5]);
      expect([ds.positions?.unit, ds.positions?.micronsPerUnit]).toEqual(["px", null]);
      expect(Array.from(ds.embeddings["tSNE"].data)).toEqual([1, 2, 3, 4]);
      expect(Array.from(toDense(ds.layers["spliced"] as Sparse).data)).toEqual([1, 0, 2, 0, 0, 0]);
      expect(ds.layers["spliced"].values).toBe("counts");
    }
  });

  it("takes coordinates from a matrix, leaves out cells without, numbers what has no name", async () => {
    const { dataset: ds, report } = await readSample(
      files({
        "a.loom": await loom((w) =>
          w.numbers("col_attrs/spatial", Float64Array.of(1, 2, NaN, 3), {}, [2, 2]),
        ),
      }),
    );
    expect([idList(ds.cells.ids), idList(ds.genes.ids)]).toEqual([["cell1"], ["gene1", "gene2", "gene3"]]);
    expect(Array.from(ds.positions?.data ?? [])).toEqual([1, 2]);
    expect(report.dropped).toMatchObject([{ what: "cell", count: 1 }]);
    expect(report.warnings.join()).toContain("does not name its cells");
  });

  it("says when there are no coordinates, and knows values that are no counts", async () => {
    const { dataset: ds, report } = await readSample(
      files({ "a.loom": await loom(named, [0.5, 0, 0, 1.5, 2, 0]) }),
    );
    expect([ds.positions, ds.counts, Object.keys(ds.layers)]).toEqual([null, null, ["log"]]);
    expect(report.warnings.join()).toContain("There are no coordinates");
  });

  it("refuses what does not fit", async () => {
    for (const more of [
      (w: ElementWriter) => w.numbers("col_attrs/X", Float64Array.of(1, 2, 3)),
      (w: ElementWriter) => w.numbers("layers/spliced", Float64Array.of(1, 2), {}, [1, 2]),
    ])
      await expect(readSample(files({ "a.loom": await loom(more) }))).rejects.toMatchObject({
        code: "format",
        subject: "a.loom",
      });
    await expect(
      readSample(files({ "a.loom": await loom(named, [NaN, 0, 0, 1, 2, 0]) })),
    ).rejects.toMatchObject({
      code: "input",
    });
    await expect(readSample(files({ "a.loom": "no HDF5" }))).rejects.toMatchObject({ code: "format" });
  });
});

describe.skipIf(realData === null)("readSample agrees with h5py", () => {
  it("osmFISH", async () => {
    const { dataset: ds, report } = await readSample(
      join(realData as string, "st", "osmfish_sscortex", "raw_data"),
    );
    expect([report.platform, ds.cells.ids.length, ds.genes.ids.length]).toEqual(["loom", 6471, 33]);
    const { data } = ds.counts as Sparse;
    expect([data.length, data.reduce((a, v) => a + v, 0)]).toEqual([146550, 1248106]);
    const total = ds.cells.columns["Total_molecules"] as Int32Array;
    const { indptr } = ds.counts as Sparse;
    expect(
      total.every((t, i) => data.subarray(indptr[i], indptr[i + 1]).reduce((a, v) => a + v, 0) === t),
    ).toBe(true);
    expect([ds.cells.ids.at(0), ds.positions?.data[0], ds.positions?.data[1]]).toEqual([
      "778",
      18171.230942376023,
      24590.795274569497,
    ]);
    const region = ds.cells.columns["Region"] as Categorical;
    expect([region.categories.length, region.categories[region.codes[2]]]).toEqual([12, "Layer 4"]);
    expect(Object.keys(ds.cells.columns)).toContain("_tSNE_1");
  });
});
