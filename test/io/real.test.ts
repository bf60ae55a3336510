import { join } from "node:path";
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

/** What h5py, scipy, pandas and anndata find in each sample; sums weighted by row and column number tell the order. */
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
  readonly features: Readonly<Record<string, number>>;
  readonly first: string;
  readonly last: string;
}

const truth: Readonly<Record<string, Truth>> = {
  visium_dlpfc_151673: {
    platform: "visium",
    n: 3639,
    p: 5000,
    nonZero: 2396621,
    sum: 4919405.0,
    byRow: 8885826596.0,
    byColumn: 8508798915.0,
    xy: [25502326.0, 24453121.0, 7006.010440768355],
    features: {},
    first: "AAACAAGTATCTCCCA-1",
    last: "TTGTTTGTGTAAATTC-1",
  },
  visium_dlpfc_151674: {
    platform: "visium",
    n: 3673,
    p: 5000,
    nonZero: 2820285,
    sum: 6177993.0,
    byRow: 11181307013.0,
    byColumn: 10571012481.0,
    xy: [25269879.0, 25409447.0, 6872.89563308351],
    features: {},
    first: "AAACAAGTATCTCCCA-1",
    last: "TTGTTTGTGTAAATTC-1",
  },
  visium_v1_scanpy: {
    platform: "visium",
    n: 100,
    p: 100,
    nonZero: 656,
    sum: 932.0,
    byRow: 45779.0,
    byColumn: 52182.0,
    xy: [718704.0, 696014.0, 7213.609900990099],
    features: {},
    first: "AAACAAGTATCTCCCA-1",
    last: "AACCTTTACGACGTCT-1",
  },
  visium_v1_seurat: {
    platform: "visium",
    n: 2695,
    p: 100,
    nonZero: 50355,
    sum: 132231.0,
    byRow: 177234551.0,
    byColumn: 6039786.0,
    xy: [16492395.0, 18076928.0, 6122.731971504545],
    features: {},
    first: "AAACAAGTATCTCCCA-1",
    last: "TTGTTTCCATACAACT-1",
  },
  "visium_mtx_tiny_visiumio/section1": {
    platform: "visium",
    n: 50,
    p: 49,
    nonZero: 344,
    sum: 607.0,
    byRow: 16364.0,
    byColumn: 14009.0,
    xy: [279712.0, 288243.0, 5687.082352941176],
    features: {},
    first: "AAACAACGAATAGTTC-1",
    last: "AAAGTGCCATCAATTA-1",
  },
  "visium_mtx_tiny_visiumio/section2": {
    platform: "visium",
    n: 49,
    p: 49,
    nonZero: 281,
    sum: 418.0,
    byRow: 11044.0,
    byColumn: 10079.0,
    xy: [277400.0, 286991.0, 5690.871836734694],
    features: {},
    first: "AAACAAGTATCTCCCA-1",
    last: "AAAGTGCCATCAATTA-1",
  },
  "visium_sr2_tiny_sfe/sample01": {
    platform: "visium",
    n: 12,
    p: 5,
    nonZero: 60,
    sum: 2951.0,
    byRow: 17859.0,
    byColumn: 8428.0,
    xy: [241279.0, 53498.0, 20146.73076923077],
    features: {},
    first: "GTGGCGTGCACCAGAG-1",
    last: "CAATATGTAGATTTAC-1",
  },
  "visium_sr2_tiny_sfe/sample02": {
    platform: "visium",
    n: 13,
    p: 5,
    nonZero: 62,
    sum: 2762.0,
    byRow: 21297.0,
    byColumn: 7597.0,
    xy: [261547.0, 90494.0, 20157.24175824176],
    features: {},
    first: "CGTTGAGTAATTGCGT-1",
    last: "ATGCCAATCGCTCTGC-1",
  },
  visium_v1_msti_breast: {
    platform: "visium",
    n: 2172,
    p: 36601,
    nonZero: 1104184,
    sum: 1720934.0,
    byRow: 2091933780.0,
    byColumn: 36111527356.0,
    xy: [6153647.05882353, 6298352.94117647, 3695.146553687745],
    features: {},
    first: "AGATCGCAAGATCGCA",
    last: "GCCAAGACACCACTGT",
  },
  visium_v2_probe_scanpy: {
    platform: "10x-h5",
    n: 4987,
    p: 1000,
    nonZero: 858,
    sum: 3372.0,
    byRow: 8369074.0,
    byColumn: 2009291.0,
    xy: null,
    features: {},
    first: "AACACCTACTATCGAA-1",
    last: "TGTTGGCCTACACGTG-1",
  },
  "tenx_edgecases_scanpy/3.0.0": {
    platform: "10x-h5",
    n: 1107,
    p: 507,
    nonZero: 23866,
    sum: 41549.0,
    byRow: 22883968.0,
    byColumn: 13385966.0,
    xy: null,
    features: {},
    first: "AAACCCAAGGAGAGTA-1",
    last: "TTTGGTTGTAGAATAC-1",
  },
  "tenx_edgecases_scanpy/1.2.0/filtered_gene_bc_matrices_h5.h5": {
    platform: "10x-h5",
    n: 12,
    p: 343,
    nonZero: 12,
    sum: 12.0,
    byRow: 78.0,
    byColumn: 2343.0,
    xy: null,
    features: {},
    first: "AACACGTGTACGCTGC-1",
    last: "TTTATGCCATCCGTGG-1",
  },
  "tenx_edgecases_scanpy/1.2.0/multiple_genomes.h5": {
    platform: "10x-h5",
    n: 12,
    p: 686,
    nonZero: 24,
    sum: 25.0,
    byRow: 159.0,
    byColumn: 9085.0,
    xy: null,
    features: {},
    first: "AACACGTGTACGCTGC-1",
    last: "TTTATGCCATCCGTGG-1",
  },
  "tenx_edgecases_scanpy/1.2.0/filtered_gene_bc_matrices/hg19_chr21": {
    platform: "10x-mtx",
    n: 12,
    p: 343,
    nonZero: 12,
    sum: 12.0,
    byRow: 78.0,
    byColumn: 2343.0,
    xy: null,
    features: {},
    first: "AACACGTGTACGCTGC-1",
    last: "TTTATGCCATCCGTGG-1",
  },
  "tenx_edgecases_scanpy/3.0.0/filtered_feature_bc_matrix": {
    platform: "10x-mtx",
    n: 1107,
    p: 507,
    nonZero: 23866,
    sum: 41549.0,
    byRow: 22883968.0,
    byColumn: 13385966.0,
    xy: null,
    features: {},
    first: "AAACCCAAGGAGAGTA-1",
    last: "TTTGGTTGTAGAATAC-1",
  },
  "tenx_edgecases_scanpy/int-ids": {
    platform: "10x-mtx",
    n: 5,
    p: 6,
    nonZero: 3,
    sum: 8.0,
    byRow: 24.0,
    byColumn: 35.0,
    xy: null,
    features: {},
    first: "AAACCCAAGATTAGCA-1",
    last: "AAACGAAAGCAAGCCA-1",
  },
  xenium_sfe: {
    platform: "xenium",
    n: 526,
    p: 27,
    nonZero: 7825,
    sum: 45726.0,
    byRow: 12198180.0,
    byColumn: 660539.0,
    xy: [628480.7379882813, 627469.0499755859, 1156.1687067655791],
    features: { "Negative Control Probe": 1.0, "Unassigned Codeword": 2.0 },
    first: "jcccmpde-1",
    last: "kgekblac-1",
  },
  xenium_mini_seio: {
    platform: "xenium",
    n: 6,
    p: 4,
    nonZero: 12,
    sum: 21.0,
    byRow: 67.0,
    byColumn: 66.0,
    xy: [11909.93997802734, 15271.185498046869, 1978.8187064034591],
    features: {},
    first: "1",
    last: "6",
  },
  merscope_cellbound_sfe: {
    platform: "merscope",
    n: 1058,
    p: 49,
    nonZero: 17405,
    sum: 73142.0,
    byRow: 38307916.0,
    byColumn: 2139207.0,
    xy: [7044745.057396593, 1447850.9321061843, 6655.500617809092],
    features: { Blank: 1327.0 },
    first: "112824700230101249",
    last: "112824700330100974",
  },
  merscope_cellpose_sfe: {
    platform: "merscope",
    n: 1058,
    p: 49,
    nonZero: 17405,
    sum: 73142.0,
    byRow: 38307916.0,
    byColumn: 2139207.0,
    xy: [7044745.057396593, 1447850.9321061843, 6655.500617809092],
    features: { Blank: 1327.0 },
    first: "112824700230101249",
    last: "112824700330100974",
  },
  merscope_small_drighelli: {
    platform: "merscope",
    n: 450,
    p: 18,
    nonZero: 1581,
    sum: 16208.0,
    byRow: 3779910.0,
    byColumn: 222691.0,
    xy: [3548492.6829451807, 3500121.135583606, 7894.81668473771],
    features: { Blank: 46.0 },
    first: "40059",
    last: "28157",
  },
  merscope_mini_seio: {
    platform: "merscope",
    n: 8,
    p: 9,
    nonZero: 0,
    sum: 0.0,
    byRow: 0.0,
    byColumn: 0.0,
    xy: [100161.5297325916, 82602.9014837234, 12514.613506756674],
    features: {},
    first: "15589",
    last: "88869",
  },
  "h5ad_dlpfc_151674/151674.h5ad": {
    platform: "h5ad",
    n: 3673,
    p: 3000,
    nonZero: 1849266,
    sum: 4794650.0,
    byRow: 8676218601.0,
    byColumn: 5038340873.0,
    xy: [25269879.0, 25409447.0, 6872.89563308351],
    features: {},
    first: "AAACAAGTATCTCCCA-1",
    last: "TTGTTTGTGTAAATTC-1",
  },
  "h5ad_dlpfc_151674/151674_sub300x500_csc.h5ad": {
    platform: "h5ad",
    n: 300,
    p: 500,
    nonZero: 32523,
    sum: 148599.0,
    byRow: 21724480.0,
    byColumn: 28425624.0,
    xy: [2066441.0, 2066298.0, 6918.822436323367],
    features: {},
    first: "AAACAAGTATCTCCCA-1",
    last: "ACCAGTGCGGGAGACG-1",
  },
  "h5ad_dlpfc_151674/151674_sub300x500_dense.h5ad": {
    platform: "h5ad",
    n: 300,
    p: 500,
    nonZero: 32523,
    sum: 148599.0,
    byRow: 21724480.0,
    byColumn: 28425624.0,
    xy: [2066441.0, 2066298.0, 6918.822436323367],
    features: {},
    first: "AAACAAGTATCTCCCA-1",
    last: "ACCAGTGCGGGAGACG-1",
  },
  starmap_mpfc: {
    platform: "h5ad",
    n: 1049,
    p: 166,
    nonZero: 53230,
    sum: 702301.0,
    byRow: 381659581.0,
    byColumn: 58804889.0,
    xy: [7205790.217288626, 3546376.848454535, 8799.374408664959],
    features: {},
    first: "69x4486",
    last: "12261x1768",
  },
  "squidpy_test_h5ad/test_data.h5ad": {
    platform: "h5ad",
    n: 49,
    p: 1999,
    nonZero: 22372,
    sum: 30129.566022634506,
    byRow: 750472.1167504191,
    byColumn: 30860656.445489585,
    xy: [23491.0, 44872.0, 477.4661224489796],
    features: {},
    first: "AAATTGCGGCGGTTCT-1",
    last: "TTCGCATCCGGAAGCA-1",
  },
  stlearn_bca: {
    platform: "h5ad",
    n: 316,
    p: 100,
    nonZero: 31600,
    sum: 2.6621331926435232e-5,
    byRow: -13519.252250858524,
    byColumn: 0.0013838280574418604,
    xy: [4925488.0, 4919509.0, 15546.795611548137],
    features: {},
    first: "AAAGGCTACGGACCAT-1",
    last: "TTGTGTATGCCACCAA-1",
  },
};
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
    expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(b)));
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

describe.skipIf(realData === null)("readSample agrees with h5py, scipy and anndata on real samples", () => {
  const folder = join(realData ?? "", "st");
  const read = async (name: string) => readSample(join(folder, name));

  for (const [name, want] of Object.entries(truth)) {
    it(name, async () => compare((await read(name)).dataset, want));
  }

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

  it("values that are not numbers, several samples are refused by name", async () => {
    await expect(read("squidpy_test_h5ad/ligrec_pvalues_reference.h5ad")).rejects.toMatchObject({
      code: "input",
    });
    await expect(read("visium_mtx_tiny_visiumio")).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("section1/outs/ (visium), section2/outs/ (visium)") as string,
    });
    await expect(read("cosmx_me_lung")).rejects.toMatchObject({ code: "not-found" });
  });
});

describe.skipIf(oracles === null)("readSample agrees with scanpy on the oracles' sample", () => {
  it("joins by barcode, not by order", async () => {
    const { dataset } = await readSample(join(oracles ?? "", "core", "toy"));
    compare(dataset, toy);
    expect(dataset.positions?.micronsPerUnit).toBeCloseTo(100 / 137.06, 3);
  });
});
