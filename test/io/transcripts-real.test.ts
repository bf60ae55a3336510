import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTranscripts, readSample, readTranscripts } from "../../src/io/index.ts";
import { type Sparse, toDense } from "../../src/model/index.ts";
import { assignTranscripts, countTranscripts } from "../../src/preprocess/index.ts";
import { realData } from "../support/shared.ts";

type Row = readonly [
  folder: string,
  file: string,
  rows: number,
  x: number,
  y: number,
  z: number,
  features: number,
  inCells: number,
];

/** As test/oracles/real_transcripts.py prints them: quality 20 and above, sums of coordinates. */
const SETS: readonly Row[] = [
  ["xenium_sfe", "transcripts.parquet", 5260, 6288895.10801, 6284438.44183, 83043.618464, 30, 5251],
  ["xenium_sfe", "transcripts.csv.gz", 5260, 6288895.10801, 6284438.44183, 83043.618464, 30, 5251],
  [
    "xenium_mini_seio",
    "transcripts.parquet",
    1,
    832.2307739257812,
    325.07147216796875,
    10.098322868347168,
    1,
    1,
  ],
  [
    "xenium_me_molecules/sample1",
    "transcripts.csv",
    777,
    3815655.5733000003,
    4981717.6537,
    13241.465380500002,
    125,
    777,
  ],
  [
    "xenium_me_molecules/sample2",
    "transcripts.csv",
    592,
    2905819.342,
    3795606.2706999998,
    11186.678772,
    122,
    592,
  ],
  ["cosmx_me_lung/sample_1", "tx_file.csv", 23844, 127232197.53797185, 3491300851.2441587, 93106, 969, 19855],
  ["cosmx_me_lung/sample_2", "tx_file.csv", 7155, 117250373.05493759, 1046942103.8308815, 26104, 943, 5715],
  [
    "cosmx_sfe",
    "Run5642_S3_Quarter_tx_file.csv",
    4188,
    722339443.8288999,
    51125065.19400014,
    3392,
    748,
    2721,
  ],
  ["cosmx_mini_seio", "lung_p9s1_tx_file.parquet", 1, 8175.60255555556, 147675.543790556, 5, 1, 1],
  [
    "merscope_me_ovarian",
    "detected_transcripts.csv",
    15160,
    156167485.5585,
    126984884.03400001,
    45061,
    486,
    0,
  ],
  ["merscope_cellbound_sfe", "detected_transcripts.csv", 11135, 74136858.5509, 15046671.6956, 35513, 88, 0],
  [
    "spatialdata_xenium_sfe/xenium_sfe_v3.zarr",
    "points/transcripts",
    5260,
    6288895.10801,
    6284438.44183,
    83043.618464,
    30,
    5251,
  ],
  [
    "spatialdata_xenium_points/xenium_rep1_io.points_only.spatialdata.zarr",
    "points/transcripts",
    213191,
    739499744.9864805,
    574286334.9610815,
    5161994.12977457,
    527,
    199109,
  ],
];

/** As geopandas.sjoin (predicate within) finds: points in cells, in several, in nuclei, in the cell the vendor says. */
const WITHIN = { cells: 5189, several: 0, nuclei: 2614, same: 5179 };

const st = join(realData ?? "", "st");
const sum = (values: Float64Array | null): number => values?.reduce((a, b) => a + b, 0) ?? NaN;

describe.skipIf(realData === null)("real transcripts, as pandas and pyarrow read them", () => {
  it.each(SETS)("%s %s", async (folder, file, rows, x, y, z, features, inCells) => {
    const path = file.startsWith("points/") ? join(st, folder) : join(st, folder, file);
    const { transcripts, report, params } = await readTranscripts(path);
    const scale = folder.startsWith("spatialdata_xenium_points") ? 4.705882352941177 : 1;
    expect(transcripts.length).toBe(rows);
    expect(sum(transcripts.x) / (scale * x)).toBeCloseTo(1, 12);
    expect(Math.abs(sum(transcripts.y)) / (scale * y)).toBeCloseTo(1, 12);
    expect(sum(transcripts.z) / z).toBeCloseTo(1, 12);
    expect(new Set(transcripts.feature).size).toBe(features);
    expect(transcripts.cell?.codes.filter((c) => c >= 0).length ?? 0).toBe(inCells);
    expect(params.minQuality === null).toBe(transcripts.quality === null);
    expect(report.files).toHaveLength(folder.startsWith("spatialdata_xenium_points") ? 8 : 1);
  });

  it("counts of xenium_sfe by the vendor's cells and by outlines, as geopandas joins them", async () => {
    const { dataset } = await readSample(join(st, "xenium_sfe"));
    const opened = await openTranscripts(join(st, "xenium_sfe"));
    expect([opened.platform, opened.total, opened.unit, opened.hasQuality]).toEqual([
      "xenium",
      5260,
      "um",
      true,
    ]);
    const own = await countTranscripts(opened.blocks(), dataset.cells.ids);
    // 19 transcripts are of cells that the thinned sample has not.
    expect([own.assigned, own.outside]).toEqual([5232, 28]);
    const outlines = dataset.shapes?.["cell_boundaries"];
    if (outlines === undefined) throw new Error("no outlines");
    const cells = await countTranscripts(opened.blocks(), outlines);
    expect([cells.assigned, cells.outside, cells.several]).toEqual([
      WITHIN.cells,
      5260 - WITHIN.cells,
      WITHIN.several,
    ]);
    const nuclei = dataset.shapes?.["nucleus_boundaries"];
    if (nuclei === undefined) throw new Error("no nuclei");
    const inside = await countTranscripts(opened.blocks(), nuclei);
    expect(inside.assigned).toBe(WITHIN.nuclei);
    // One negative control probe and two codewords without a probe are no genes.
    expect(sum(Float64Array.from((own.dataset.counts as Sparse).data))).toBe(5229);
    expect(Object.keys(own.dataset.features)).toEqual(["Negative Control Probe", "Unassigned Codeword"]);
    // Where the outline holds a transcript, the vendor has it in the same cell.
    const { transcripts } = await readTranscripts(join(st, "xenium_sfe"));
    const at = await assignTranscripts(transcripts, outlines);
    let same = 0;
    at.forEach((s, i) => {
      const code = transcripts.cell?.codes[i] ?? -1;
      if (s >= 0 && code >= 0 && transcripts.cell?.categories[code] === outlines.ids.at(s)) same++;
    });
    expect(same).toBe(WITHIN.same);
    expect(toDense(cells.dataset.counts as Sparse).rows).toBe(dataset.cells.ids.length);
  });

  it("refuses a Xenium folder without a matrix and says that its transcripts can be counted", async () => {
    await expect(readSample(join(st, "xenium_me_molecules", "sample1"))).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("countTranscripts") as string,
    });
    await expect(openTranscripts(join(st, "xenium_me_molecules"))).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("sample2/transcripts.csv") as string,
    });
  });

  it("holds transcripts that lie above the folder of a segmentation", async () => {
    const { dataset } = await readSample(join(st, "merscope_cellpose_sfe"), {
      transcripts: true,
      images: false,
    });
    expect([dataset.transcripts?.length, dataset.transcripts?.unit]).toEqual([11135, "um"]);
  });

  it("turns y of CosMx as the cells are turned, and tells the size of a pixel", async () => {
    const { transcripts } = await readTranscripts(join(st, "cosmx_sfe"));
    const { dataset } = await readSample(join(st, "cosmx_sfe"));
    const outlines = dataset.shapes?.["cells"] ?? Object.values(dataset.shapes ?? {})[0];
    const { assigned } = await countTranscripts(transcripts, outlines);
    expect(assigned).toBeGreaterThan(2000);
    const own = await countTranscripts(transcripts, dataset.cells.ids);
    expect(own.assigned).toBe(2721);
  });
});
