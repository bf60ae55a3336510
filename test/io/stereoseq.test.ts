import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readSample, type Source } from "../../src/io/index.ts";
import { idList, type Sparse, type SpatialDataset } from "../../src/model/index.ts";
import { files } from "./samples.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures", "io");
const gef = (name: string): Uint8Array => gunzipSync(readFileSync(join(fixtures, `${name}.gef.gz`)));
const gem = readFileSync(join(fixtures, "stereo.gem.gz"));
const truth = JSON.parse(readFileSync(join(fixtures, "stereo.json"), "utf8")) as {
  ids: string[];
  names: string[];
  sums: Record<string, [n: number, entries: number, total: number]>;
  first50: { x: number; y: number };
  bin20: number[][];
  bin40: number[][];
  cells: [number, number, number][];
  cellCounts: number[][];
  cellPlaces: Record<string, [number, number]>;
  background: number;
};

/** Where the x of the first expression row of bin50 lies in the file. */
function firstPlace(bytes: Uint8Array): number {
  const { x, y } = truth.first50;
  const row = new DataView(new ArrayBuffer(8));
  row.setInt32(0, x, true);
  row.setInt32(4, y, true);
  return Buffer.from(bytes).indexOf(new Uint8Array(row.buffer));
}

/** x, y (corner), gene, count of every entry; rows must come by y, then x. */
function triplets(ds: SpatialDataset, side: number): number[][] {
  const { indptr, indices, data } = ds.counts as Sparse;
  const xy = ds.positions?.data ?? [];
  return Array.from({ length: ds.cells.ids.length }).flatMap((_, i) =>
    Array.from(indices.subarray(indptr[i], indptr[i + 1]), (j, k) => [
      xy[2 * i] - (side - 1) / 2,
      xy[2 * i + 1] - (side - 1) / 2,
      j,
      data[indptr[i] + k],
    ]),
  );
}

const sizes = (ds: SpatialDataset): number[] => {
  const { data } = ds.counts as Sparse;
  return [ds.cells.ids.length, data.length, data.reduce((a, v) => a + v, 0)];
};

describe("readSample: Stereo-seq bins (GEF)", () => {
  const source = files({ "C04042E3.tissue.gef": gef("stereo-bins") });

  it("agrees with pandas on stored bins, value for value", async () => {
    const { dataset: ds, report } = await readSample(source, { binSize: 10 });
    expect([report.platform, ds.observation, report.joined]).toEqual(["stereo-seq", "bin", []]);
    expect(triplets(ds, 20)).toEqual(truth.bin20);
    expect([idList(ds.genes.ids), ds.genes.columns["name"]]).toEqual([truth.ids, truth.names]);
    expect([ds.positions?.unit, ds.positions?.micronsPerUnit]).toEqual(["px", 0.5]);
    const [[x, y]] = truth.bin20;
    expect(ds.cells.ids.at(0)).toBe(`${x}_${y}`);
    expect(
      [ds.cells.columns["array_col"], ds.cells.columns["array_row"]].map((c) => (c as Int32Array)[0]),
    ).toEqual([x / 20, y / 20]);
    expect(report.dropped).toMatchObject([{ what: "exon count", count: truth.bin20.length }]);
  });

  it("sums sizes that are not stored from the largest that divides them", async () => {
    const { dataset: ds, report } = await readSample(source, { binSize: 20 });
    expect(triplets(ds, 40)).toEqual(truth.bin40);
    expect(report.joined).toEqual(["bin40 is the sum of bin20."]);
    for (const steps of [1, 5, 7, 20, 50])
      expect(sizes((await readSample(source, { binSize: steps / 2 })).dataset)).toEqual(truth.sums[steps]);
  });

  it("always holds what brute force sums, and finds its rows by name", async () => {
    const finest = triplets((await readSample(source, { binSize: 0.5 })).dataset, 1);
    for (const side of [3, 11, 100]) {
      const { dataset: ds } = await readSample(source, { binSize: side / 2 });
      const sums = new Map<string, number>();
      for (const [x, y, gene, count] of finest) {
        const key = [Math.floor(x / side) * side, Math.floor(y / side) * side, gene].join();
        sums.set(key, (sums.get(key) ?? 0) + count);
      }
      const found = triplets(ds, side);
      expect(new Map(found.map(([x, y, gene, count]) => [[x, y, gene].join(), count]))).toEqual(sums);
      expect(found.length).toBe(sums.size);
      idList(ds.cells.ids).forEach((id, i) => expect(ds.cells.ids.indexOf(id)).toBe(i));
      for (const id of ["1_1", "x", "", "999_0", "0_999"]) expect(ds.cells.ids.indexOf(id)).toBe(-1);
    }
  });

  it("takes bin100 unless asked, and the chip's own pitch", async () => {
    const { dataset: ds, report } = await readSample(source);
    expect(report.found[0]).toContain("bins of 50 um (bin100)");
    expect(sizes(ds)[2]).toBe(truth.sums["1"][2]);
    const old = files({ "A.gef": gef("stereo-bins-old") });
    const { dataset: coarse, report: said } = await readSample(old, { binSize: 35.75 });
    expect([coarse.positions?.micronsPerUnit, sizes(coarse)]).toEqual([0.715, truth.sums["50"]]);
    expect(said.found[0]).toContain("bins of 35.75 um (bin50)");
    expect(idList(coarse.genes.ids)).toEqual(truth.names);
  });

  it("refuses sizes that cannot be made", async () => {
    for (const [binSize, code] of [
      [0.7, "option"],
      [0, "option"],
      [-5, "option"],
      [NaN, "option"],
    ] as const)
      await expect(readSample(source, { binSize })).rejects.toMatchObject({ code, subject: "binSize" });
    const only = files({ "A.gef": gef("stereo-bins-50") });
    await expect(readSample(only, { binSize: 10 })).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("25 um (bin50)") as string,
    });
    expect(sizes((await readSample(only, { binSize: 75 })).dataset)[2]).toBe(truth.sums["1"][2]);
  });

  it("refuses damaged files by name", async () => {
    const whole = gef("stereo-bins-50");
    const record = Buffer.from(whole).indexOf("Gene3\0") + 32;
    for (const [at, value] of [
      [record, 1],
      [record + 4, 4_000_000_000],
      [record + 4, 0],
      [firstPlace(whole), -1],
    ] as const) {
      const damaged = whole.slice();
      new DataView(damaged.buffer, damaged.byteOffset).setInt32(at, value, true);
      await expect(readSample(files({ "A.gef": damaged }))).rejects.toMatchObject({
        name: "SpatialError",
        code: "format",
        subject: "A.gef",
      });
    }
    for (const bytes of ["no HDF5", whole.subarray(0, 3000)])
      await expect(readSample(files({ "A.gef": bytes }))).rejects.toMatchObject({ code: "format" });
  });

  it("stops when asked to and says how far it is", async () => {
    const steps: number[] = [];
    await readSample(source, { binSize: 10, onProgress: ({ fraction }) => void steps.push(fraction) });
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
    await expect(readSample(source, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("readSample: Stereo-seq cells (GEF)", () => {
  const source = files({ "C04042E3.adjusted.cellbin.gef": gef("stereo-cells") });

  it("agrees with pandas on counts, places and columns", async () => {
    const { dataset: ds, report } = await readSample(source);
    expect([report.platform, ds.observation]).toEqual(["stereo-seq", "cell"]);
    expect(idList(ds.cells.ids)).toEqual(truth.cells.map(([id]) => String(id)));
    expect(Array.from(ds.positions?.data ?? [])).toEqual(truth.cells.flatMap(([, x, y]) => [x, y]));
    expect(ds.positions?.micronsPerUnit).toBe(0.5);
    const { indptr, indices, data } = ds.counts as Sparse;
    const found = truth.cells.flatMap(([id], i) =>
      Array.from(indices.subarray(indptr[i], indptr[i + 1]), (j, k) => [id, j, data[indptr[i] + k]]),
    );
    expect(found).toEqual(truth.cellCounts);
    const total = truth.cells.map(([id]) =>
      truth.cellCounts.reduce((sum, [cell, , count]) => sum + (cell === id ? count : 0), 0),
    );
    expect(Array.from(ds.cells.columns["expCount"] as Int32Array)).toEqual(total);
    expect(ds.cells.columns["cellType"]).toMatchObject({ categories: ["default", "neuron"] });
    expect(Array.from(ds.cells.columns["area"] as Int32Array)).toEqual(total.map(() => 289));
  });

  it("reads outlines around each center, closed, and keeps a cell without", async () => {
    const { dataset: ds, report } = await readSample(source);
    const { ids, ringOffsets, coordinates } = ds.shapes?.["cell_boundaries"] ?? (null as never);
    expect(ids.length).toBe(truth.cells.length - 1);
    expect(report.warnings.join()).toContain("1 cell without an outline; counts are kept");
    const [, x, y] = truth.cells[0];
    expect(Array.from(coordinates.subarray(0, 10))).toEqual(
      [-8, -8, 8, -8, 8, 8, -8, 8, -8, -8].map((v, k) => v + (k % 2 === 0 ? x : y)),
    );
    expect(Array.from(ringOffsets.subarray(0, 4))).toEqual([0, 5, 38, 43]);
    expect(ids.at(2)).toBe(String(truth.cells[3][0]));
  });

  it("refuses a size of bins", async () => {
    await expect(readSample(source, { binSize: 10 })).rejects.toMatchObject({
      code: "option",
      subject: "binSize",
    });
  });
});

describe("readSample: Stereo-seq folders", () => {
  const [bins, cells] = [gef("stereo-bins"), gef("stereo-cells")];
  const expectBins = async (source: Source, file: string, other: string): Promise<void> => {
    const { dataset: ds, report } = await readSample(source, { binSize: 10 });
    expect([ds.observation, report.files]).toEqual(["bin", [file]]);
    expect(report.warnings.join()).toContain(other);
  };

  it("of SAW 8: bins in tissue before raw ones and cells", async () => {
    const at = "outs/feature_expression/C04042E3";
    await expectBins(
      files({
        [`${at}.raw.gef`]: bins,
        [`${at}.tissue.gef`]: bins,
        [`${at}.cellbin.gef`]: cells,
        [`${at}.adjusted.cellbin.gef`]: cells,
        "outs/analysis/C04042E3.bin200_1.0.h5ad": "not looked at",
      }),
      `${at}.tissue.gef`,
      `${at}.adjusted.cellbin.gef, ${at}.cellbin.gef`,
    );
  });

  it("of SAW 7 and before: numbered folders", async () => {
    await expectBins(
      files({
        "02.count/SS2.raw.gef": bins,
        "02.count/SS2.gef": bins,
        "04.tissuecut/SS2.tissue.gef": bins,
        "041.cellcut/SS2.cellbin.gef": cells,
        "051.cellcluster/SS2.cell.cluster.h5ad": "not looked at",
      }),
      "04.tissuecut/SS2.tissue.gef",
      "02.count/SS2.gef, 02.count/SS2.raw.gef, 041.cellcut/SS2.cellbin.gef",
    );
  });

  it("with cells only, by content whatever the name, and refuses two chips", async () => {
    const only = await readSample(files({ "041.cellcut/A.cellbin.gef": cells }));
    expect(only.dataset.observation).toBe("cell");
    expect((await readSample(files({ "renamed.h5": bins }), { binSize: 10 })).dataset.observation).toBe(
      "bin",
    );
    await expect(readSample(files({ "A.gef": bins, "B.gef": bins }))).rejects.toMatchObject({
      message: expect.stringContaining("A (stereo-seq), B (stereo-seq)") as string,
    });
  });
});

describe("readSample: Stereo-seq text (GEM)", () => {
  const text = gunzipSync(gem).toString();

  it("agrees with pandas on cells", async () => {
    for (const source of [files({ "C04042E3.cellbin.gem.gz": gem }), files({ "C04042E3.gem": text })]) {
      const { dataset: ds, report } = await readSample(source);
      const by = new Map(
        truth.cellCounts.map(([cell, gene, count]) => [`${cell} ${truth.ids[gene]}`, count]),
      );
      const { indptr, indices, data } = ds.counts as Sparse;
      const found = idList(ds.cells.ids).flatMap((id, i) =>
        Array.from(indices.subarray(indptr[i], indptr[i + 1]), (j, k): [string, number] => [
          `${id} ${ds.genes.ids.at(j)}`,
          data[indptr[i] + k],
        ]),
      );
      expect(new Map(found)).toEqual(by);
      expect(report.dropped).toMatchObject([{ what: "line", count: truth.background }]);
      idList(ds.cells.ids).forEach((id, i) => {
        expect(ds.positions?.data[2 * i]).toBeCloseTo(truth.cellPlaces[id][0], 10);
        expect(ds.positions?.data[2 * i + 1]).toBeCloseTo(truth.cellPlaces[id][1], 10);
      });
    }
  });

  it("agrees with the GEF of the same molecules on bins, in whatever order lines stand", async () => {
    const fromGem = (await readSample(files({ "C04042E3.gem.gz": gem }), { binSize: 10 })).dataset;
    const named = (ds: SpatialDataset, j: number): string => ds.genes.ids.at(j);
    const places = triplets(fromGem, 20).map(([x, y, j, count]) => [x, y, named(fromGem, j), count].join());
    expect(places.sort()).toEqual(
      truth.bin20.map(([x, y, j, count]) => [x, y, truth.ids[j], count].join()).sort(),
    );
  });

  it("knows it by its columns, without comment lines, cells or names, whatever the suffix", async () => {
    const source = files({
      "E16.5_GEM_bin1.tsv": "geneID\tx\ty\tMIDCounts\nA\t0\t0\t2\nB\t3\t0\t1\nA\t1\t1\t1\n",
    });
    const { dataset: ds, report } = await readSample(source, { binSize: 1 });
    expect([report.platform, ds.observation, triplets(ds, 2)]).toEqual([
      "stereo-seq",
      "bin",
      [
        [0, 0, 0, 3],
        [2, 0, 1, 1],
      ],
    ]);
  });

  it("refuses lines that are no counts, and damaged gzip", async () => {
    const head = "geneID\tx\ty\tMIDCount\n";
    for (const body of ["A\t1\t2\n", "A\t1\tx\t1\n", "A\t1\t2\t1.5\n", "A\t-1\t2\t1\n"])
      await expect(readSample(files({ "a.gem": head + body }))).rejects.toMatchObject({
        code: "format",
        subject: "a.gem",
      });
    for (const body of ["", "#FileFormat=GEMv0.1\n", "a\tb\n1\t2\n", head])
      await expect(readSample(files({ "a.gem": body }))).rejects.toMatchObject({ name: "SpatialError" });
    await expect(readSample(files({ "a.gem.gz": gem.subarray(0, 3000) }))).rejects.toMatchObject({
      code: "format",
      subject: "a.gem.gz",
    });
  });
});
