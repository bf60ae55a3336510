import { describe, expect, it } from "vitest";
import { withColumns, type Expression, type Sparse } from "../../src/model/index.ts";
import { analyze } from "../../src/pipeline/index.ts";
import { log1p, normalizeBySize } from "../../src/preprocess/index.ts";
import { simulateTissue } from "../../src/simulate/index.ts";

const skip = ["umap", "enrichment", "moran", "markers", "interactions"] as const;

describe("analyze", () => {
  const { dataset } = simulateTissue({ observations: 300, genes: 240, modules: 3, seed: 4 });
  const size = Float64Array.from({ length: 300 }, (_, i) => 50 + ((i * 37) % 100));
  const sample = { dataset: { ...dataset, cells: withColumns(dataset.cells, { cell_area: size }) } };

  it("divides by a column of sizes where one is named", async () => {
    const { dataset: got, params } = await analyze(sample, { normalizeBy: "cell_area", minCells: 0, skip });
    const want = log1p(normalizeBySize(dataset.counts as Expression<Sparse>, size));
    expect((got.layers["log"] as Sparse).data).toEqual(want.data);
    expect(params.normalizeBy).toBe("cell_area");
  });

  it("says which columns there are when one is asked for that is not", async () => {
    const asked = analyze(sample, { normalizeBy: "volume", skip });
    await expect(asked).rejects.toThrow(/column of numbers, found volume; there are .*cell_area/);
    const both = analyze(sample, { normalizeBy: "cell_area", targetSum: 1, skip });
    await expect(both).rejects.toThrow(/does not go with/);
  });

  it("notes totals that follow the tissue", async () => {
    const modules = simulateTissue({ observations: 300, genes: 240, modules: 3, seed: 4 }).truth.cells
      .columns["module"];
    const codes = (modules as { codes: Int32Array }).codes;
    const counts = dataset.counts as Expression<Sparse>;
    const data = counts.data.slice();
    for (let i = 0; i < counts.rows; i++)
      for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) data[e] *= 1 + 3 * codes[i];
    const noted = async (ds: typeof dataset): Promise<boolean> =>
      (await analyze({ dataset: ds }, { modules: 3, skip })).notes.some(({ text }) =>
        /lies between modules/.test(text),
      );
    expect(await noted({ ...dataset, counts: { ...counts, data } })).toBe(true);
    expect(await noted(dataset)).toBe(false);
  });
});
