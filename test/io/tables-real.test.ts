import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSample } from "../../src/io/index.ts";
import type { Sparse } from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";

/**
 * What pandas finds in each sample: size, stored values, sum; sums weighted by row and column number, which tell the
 * order; sums of x and y and of x weighted by row number; first and last id; features that are no genes.
 */
type Truth = readonly [
  name: string,
  platform: string,
  n: number,
  p: number,
  nonZero: number,
  sum: number,
  byRow: number,
  byColumn: number,
  x: number,
  y: number,
  xByRow: number,
  first: string,
  last: string,
  others: number,
];

// prettier-ignore
const truth: readonly Truth[] = [
  ["cosmx_sfe", "cosmx", 27, 950, 12016, 58588, 682429, 26526887, 4637353, 318136, 64925210, "1_367", "1_583", 10],
  ["cosmx_small_drighelli", "cosmx", 453, 20, 923, 1432, 412871, 18621, 3076149.222638, 62798957.68680036, 844700036.8340411, "1_5001", "2_199", 0],
  ["cosmx_mini_seio", "cosmx", 9, 8, 5, 7, 32, 38, 242866, 1462341, 1238358, "10_1", "10_9", 0],
  ["seqfish_mini_seio", "seqfish", 14, 9, 2, 2, 11, 5, 329637, 21553, 2465059, "1", "14", 0],
  ["seqfish_hippo_f43", "table", 131, 249, 31890, 488890, 33012301, 66523837, 68192, 69274, 4668249, "C1", "C131", 0],
  ["miniseqfish_giotto", "table", 118, 1774, 48280, 82497, 4845002, 74491608, 137738.99, -111952.04, 8232193.61, "cell_1", "cell_118", 0],
  ["osmfish_sscortex", "table", 5328, 33, 122362, 971494, 2385126441, 13808082, 62442625.09859406, 153157325.42824286, 172497277720.42258, "cell_778", "cell_5479", 0],
  ["merfish_moffitt_hypothalamus/Moffitt_animal1_bregma0.26.csv.gz", "merfish", 5584, 156, 308435, 1303717.6378593214, 3569946218.6106815, 94676902.8102562, 0.0025740000419318676, 7.90000194683671e-5, 4056655950.1793137, "6749ccb4-2ed1-4029-968f-820a287f43c8", "6613582b-b474-487b-bec1-b5cdbd3a7947", 5],
  ["st_her2st/ST-cnts/A1.tsv.gz", "st", 346, 15045, 799594, 1553744, 263718339, 10846394631, 5115.406, 6858.944, 855472.228, "10x13", "9x27", 0],
  ["st_her2st/ST-cnts/B1.tsv.gz", "st", 295, 15109, 475208, 1056954, 192406566, 7614332655, 3307.865, 6770.415, 430222.977, "10x13", "9x30", 0],
  ["st_paste_breast", "st", 254, 7998, 371715, 762301, 73361685, 1881364661, 4177.343, 4251.345, 542459.301, "13.064x6.086", "21.957x25.871", 0],
  ["starmapplus_mini_seio", "table", 9, 8, 1, 1, 5, 6, 5810.933116819537, 7362.347481770785, 30512.461055744614, "well05_0", "well05_8", 0],
];

describe.skipIf(realData === null)("readSample agrees with pandas on published tables", () => {
  const read = async (name: string) => readSample(join(realData ?? "", "st", name));

  it.each(truth.map((row) => [row[0], row] as const))("%s", async (_, row) => {
    const [name, platform, n, p, nonZero, sum, byRow, byColumn, x, y, xByRow, first, last, others] = row;
    const { dataset } = await read(name);
    const m = (dataset.counts ?? dataset.layers["normalized"]) as Sparse;
    const totals = [0, 0, 0, 0, 0, 0];
    const xy = dataset.positions?.data as Float64Array;
    for (let i = 0; i < m.rows; i++) {
      for (let e = m.indptr[i]; e < m.indptr[i + 1]; e++) {
        totals[0] += m.data[e];
        totals[1] += m.data[e] * (i + 1);
        totals[2] += m.data[e] * (m.indices[e] + 1);
      }
      totals[3] += xy[2 * i];
      totals[4] += xy[2 * i + 1];
      totals[5] += xy[2 * i] * (i + 1);
    }
    const q = Object.values(dataset.features).reduce((k, f) => k + f.table.ids.length, 0);
    const ids = dataset.cells.ids;
    expect([dataset.platform, m.rows, m.cols, m.data.length, ids.at(0), ids.at(n - 1), q]).toEqual([
      platform,
      n,
      p,
      nonZero,
      first,
      last,
      others,
    ]);
    [sum, byRow, byColumn, x, y, xByRow].forEach((want, k) =>
      expect(Math.abs(totals[k] - want)).toBeLessThanOrEqual(1e-8 * Math.max(1, Math.abs(want))),
    );
  });

  it("refuses what is half a sample, and lists several", async () => {
    const half = { code: "not-found" };
    const hint = (part: string): object => ({ ...half, hint: expect.stringContaining(part) as string });
    await expect(read("seqfishplus_giotto_meta")).rejects.toMatchObject(hint("no table of values"));
    await expect(read("cosmx_me_lung")).rejects.toMatchObject(hint("exprMat_file"));
    await expect(read("osmfish_sscortex/raw_data")).rejects.toMatchObject(hint("Loom"));
    await expect(read("st_her2st")).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("ST-cnts/A1.tsv.gz (st), ST-cnts/B1.tsv.gz (st)") as string,
    });
  });
});
