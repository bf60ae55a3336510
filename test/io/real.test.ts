import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readSample } from "../../src/io/index.ts";
import {
  type Categorical,
  type Dense,
  type SpatialDataset,
  type Sparse,
  toSparse,
} from "../../src/model/index.ts";
import { oracles, realData } from "../support/shared.ts";

/** What h5py, scipy, pandas and anndata find in a sample; sums weighted by row and column number tell the order. */
interface Truth {
  readonly platform: string;
  readonly n: number;
  readonly p: number;
  readonly nonZero: number;
  readonly sum: number;
  readonly byRow: number;
  readonly byColumn: number;
  /** Sum of x, sum of y, mean of x weighted by row number. */
  readonly xy: readonly [number, number, number] | null;
  /** Kinds of features that are no genes, and their sums. */
  readonly features: Readonly<Record<string, number>>;
  readonly first: string;
  readonly last: string;
}

/** Made by test/oracles/read_real.py. */
const truth = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/real-samples.json"), "utf8"),
) as Readonly<Record<string, Truth>>;

/** What holds no sample, or several, and why. */
const refused: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  cosmx_me_lung: ["not-found", "exprMat_file"],
  merscope_me_ovarian: ["not-found", "cell_by_gene"],
  xenium_me_molecules: ["not-found", "cell_feature_matrix"],
  seqfishplus_giotto_meta: ["not-found", "no table of values"],
  spatialdata_xenium_points: ["not-found", "aggregate"],
  st_her2st: ["input", "ST-cnts/A1.tsv.gz (st), ST-cnts/B1.tsv.gz (st)"],
  visium_mtx_tiny_visiumio: ["input", "section1/outs/ (visium), section2/outs/ (visium)"],
  visium_sr2_tiny_sfe: ["input", "sample01/outs/ (visium), sample02/outs/ (visium)"],
  "h5ad_legacy_archives/v0.11.4/adata.h5ad": ["format", "found no X and no layers"],
  "h5ad_legacy_archives/v0.11.4/adata.zarr.zip": ["format", "found no X and no layers"],
  "squidpy_test_h5ad/ligrec_pvalues_reference.h5ad": ["input", "finite"],
};

/** Synthetic stores and what is read by tests of its own. */
const elsewhere = ["spatialdata_blobs_v2", "spatialdata_blobs_v3"];

const toy: Truth = {
  platform: "visium",
  n: 600,
  p: 300,
  nonZero: 116437,
  sum: 666728.0,
  byRow: 200824332.0,
  byColumn: 82327719.0,
  xy: [1606944.0, 1298675.0, 2679.6742041042708],
  features: {},
  first: "AACAACGACCGC0488-1",
  last: "TTGTTCCACGGC0505-1",
};

function main(ds: SpatialDataset): Sparse {
  const x = (ds.counts ?? Object.values(ds.layers)[0]) as Sparse | Dense;
  return x.kind === "dense" ? toSparse(x) : x;
}

function compare(ds: SpatialDataset, want: Truth): void {
  const x = main(ds);
  let byRow = 0;
  let byColumn = 0;
  let sum = 0;
  let nonZero = 0;
  for (let i = 0; i < x.rows; i++) {
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) {
      if (x.data[e] !== 0) nonZero++;
      sum += x.data[e];
      byRow += x.data[e] * (i + 1);
      byColumn += x.data[e] * (x.indices[e] + 1);
    }
  }
  expect([ds.platform, x.rows, x.cols, nonZero]).toEqual([want.platform, want.n, want.p, want.nonZero]);
  const near = (a: number, b: number): void =>
    expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-8 * Math.max(1, Math.abs(b)));
  near(sum, want.sum);
  near(byRow, want.byRow);
  near(byColumn, want.byColumn);
  expect([ds.cells.ids.at(0), ds.cells.ids.at(x.rows - 1)]).toEqual([want.first, want.last]);
  const features = Object.fromEntries(
    Object.entries(ds.features).map(([k, f]) => [k, f.values.data.reduce((a, b) => a + b, 0)]),
  );
  expect(features).toEqual(want.features);
  if (want.xy === null) return expect(ds.positions).toBeNull();
  const xy = ds.positions?.data as Float64Array;
  let [sx, sy, weighted] = [0, 0, 0];
  for (let i = 0; i < x.rows; i++) {
    sx += xy[2 * i];
    sy += xy[2 * i + 1];
    weighted += xy[2 * i] * (i + 1);
  }
  near(sx, want.xy[0]);
  near(sy, want.xy[1]);
  near(weighted / ((x.rows * (x.rows + 1)) / 2), want.xy[2]);
}

describe.skipIf(realData === null)("readSample agrees with Python on real samples", () => {
  const folder = join(realData ?? "", "st");
  const read = async (name: string) => readSample(join(folder, name));

  it.each(Object.keys(truth))("%s", async (name) => compare((await read(name)).dataset, truth[name]));

  it.each(Object.keys(refused))("%s is refused with the reason", async (name) => {
    const [code, reason] = refused[name];
    const error: unknown = await read(name).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code });
    expect(`${(error as Error).message} ${(error as { hint: string | null }).hint}`).toContain(reason);
  });

  it("every set is in one of the tables", () => {
    const known = [...Object.keys(truth), ...Object.keys(refused), ...elsewhere];
    const sets = readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory());
    expect(sets.filter((name) => !known.some((k) => k === name || k.startsWith(`${name}/`)))).toEqual([]);
  });

  it("Visium: scale from the array, images with their scale, nothing dropped", async () => {
    const { dataset, report } = await read("visium_v1_scanpy");
    expect(dataset.observation).toBe("spot");
    expect(dataset.positions?.unit).toBe("px");
    expect(dataset.positions?.micronsPerUnit).toBeCloseTo(100 / 138, 6);
    expect(dataset.images?.map((i) => [i.name, i.width, i.height, i.scale])).toEqual([
      ["hires", 2000, 2000, 0.150015],
      ["lowres", 600, 600, 0.045004502],
    ]);
    expect(report.dropped).toEqual([]);
    expect(report.files).toContain("spatial/scalefactors_json.json");
  });

  it("a square array has no known scale", async () => {
    const { dataset, report } = await read("visium_v1_msti_breast");
    expect(dataset.positions?.micronsPerUnit).toBeNull();
    expect(report.warnings.join()).toContain("no hexagonal Visium array");
    expect(report.warnings.join()).toContain("10 gene names repeat");
  });

  it("a spot without position is left out and reported", async () => {
    const { report } = await read("visium_mtx_tiny_visiumio/section2");
    expect(report.dropped).toEqual([
      { what: "spot", count: 1, why: "no position in outs/spatial/tissue_positions_list.csv" },
    ]);
    expect(report.warnings[0]).toContain("raw_feature_bc_matrix/ also lies there");
  });

  it("Xenium and MERSCOPE: micrometres, columns carried, ids exact", async () => {
    const xenium = (await read("xenium_sfe")).dataset;
    expect([xenium.positions?.unit, xenium.positions?.micronsPerUnit]).toEqual(["um", 1]);
    expect((xenium.cells.columns["cell_area"] as Float64Array)[0]).toBe(342.51015625);
    const merscope = (await read("merscope_cellbound_sfe")).dataset;
    expect((merscope.cells.columns["fov"] as Float64Array).every(Number.isNaN)).toBe(true);
    expect((merscope.cells.columns["volume"] as Float64Array)[0]).toBe(653.875445622427);
  });

  it("several genomes stand side by side with a genome column", async () => {
    const { dataset } = await read("tenx_edgecases_scanpy/1.2.0/multiple_genomes.h5");
    const genome = dataset.genes.columns["genome"];
    expect((genome as Categorical).categories).toEqual(["another_genome", "hg19_chr21"]);
  });

  it("scaled values behind another suffix: no counts, a dense layer", async () => {
    const { dataset, report } = await read("stlearn_bca");
    expect(dataset.counts).toBeNull();
    expect([dataset.layers["scaled"].kind, dataset.layers["scaled"].values]).toEqual(["dense", "scaled"]);
    expect(report.warnings.join()).toContain("no counts");
  });

  it("h5ad: categories, symbols, embeddings, images", async () => {
    const dlpfc = (await read("h5ad_dlpfc_151674/151674.h5ad")).dataset;
    expect((dlpfc.cells.columns["layer"] as Categorical).categories).toEqual([
      "L1",
      "L2",
      "L3",
      "L4",
      "L5",
      "L6",
      "WM",
    ]);
    expect([dlpfc.genes.ids.at(0), (dlpfc.genes.columns["name"] as string[])[0]]).toEqual([
      "ENSG00000211592",
      "IGKC",
    ]);
    expect(dlpfc.images?.map((i) => [i.name, i.width, i.height])).toEqual([["lowres", 150, 150]]);
    const squidpy = (await read("squidpy_test_h5ad/test_data.h5ad")).dataset;
    expect([squidpy.genes.ids.at(0), (squidpy.genes.columns["name"] as string[])[0]]).toEqual([
      "ENSMUSG00000090031",
      "4732440D04Rik",
    ]);
    expect(squidpy.genes.columns["highly_variable"]).toBeInstanceOf(Uint8Array);
    expect([squidpy.embeddings["pca"].cols, squidpy.embeddings["umap"].cols]).toEqual([50, 2]);
    expect(squidpy.layers["log"].values).toBe("log");
  });
});

describe.skipIf(oracles === null)("readSample agrees with scanpy on the oracles' sample", () => {
  it("joins by barcode, not by order", async () => {
    const { dataset } = await readSample(join(oracles ?? "", "core", "toy"));
    compare(dataset, toy);
    expect(dataset.positions?.micronsPerUnit).toBeCloseTo(100 / 137.06, 3);
  });
});
