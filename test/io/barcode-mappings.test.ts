import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { memorySource, readBarcodeMappings, readSample, type Source } from "../../src/io/index.ts";
import { zipSource } from "../../src/io/zip.ts";
import {
  type BarcodeMappings,
  binsOfCells,
  cellsOfBins,
  idList,
  selectCells,
  type Sparse,
  type SpatialDataset,
  squareBin,
  sumBins,
  sumBinsOfCells,
} from "../../src/model/index.ts";
import { files } from "./samples.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures", "io");
const archive = memorySource(new Map([["visium-hd.zip", readFileSync(join(fixtures, "visium-hd.zip"))]]));
const truth = JSON.parse(readFileSync(join(fixtures, "visium-hd.json"), "utf8")) as {
  ids: string[];
  rows: number;
  cols: number;
  bins: Record<string, number[][]>;
  places: Record<string, number[][]>;
  cells: number[][];
  nuclei: number[][];
  overlap: Record<string, number[][]>;
  cellPlaces: Record<string, [number, number]>;
  cell: number[];
};

/** The run, or the part of it below a folder. */
async function run(folder: string = "outs/"): Promise<Source> {
  const whole = await zipSource(archive, "visium-hd.zip");
  const names = whole.names.filter((n) => n.startsWith(folder));
  const bytes = await Promise.all(
    names.map(async (n) => [n.slice(folder.length), await whole.bytes(n)] as const),
  );
  return memorySource(new Map(bytes));
}

/** Array row, array column, gene, count of every entry. */
function entries(ds: SpatialDataset): number[][] {
  const { indptr, indices, data } = ds.counts as Sparse;
  const { array_row: row, array_col: col } = ds.cells.columns as Record<string, Int32Array>;
  return Array.from(row).flatMap((r, i) =>
    Array.from(indices.subarray(indptr[i], indptr[i + 1]), (j, k) => [r, col[i], j, data[indptr[i] + k]]),
  );
}

/** The number of a cell by its name, then column and value, of every entry of a matrix of cells. */
function perCell(names: readonly string[], { indptr, indices, data }: Sparse): number[][] {
  return names.flatMap((id, i) =>
    Array.from(indices.subarray(indptr[i], indptr[i + 1]), (j, k) => [
      Number(id.slice(7, 16)),
      j,
      data[indptr[i] + k],
    ]),
  );
}

const expectPlaces = (ds: SpatialDataset, size: number): void => {
  const { array_row: row, array_col: col } = ds.cells.columns as Record<string, Int32Array>;
  const places = new Map(truth.places[size].map(([r, c, x, y]) => [`${r} ${c}`, [x, y]]));
  row.forEach((r, i) => {
    const [x, y] = places.get(`${r} ${col[i]}`) ?? [NaN, NaN];
    expect(Math.abs((ds.positions?.data[2 * i] ?? NaN) - x)).toBeLessThan(0.02);
    expect(Math.abs((ds.positions?.data[2 * i + 1] ?? NaN) - y)).toBeLessThan(0.02);
  });
};

describe("readSample: Visium HD with genuine names", () => {
  it("agrees with pandas on stored bins, 8 um unless asked", async () => {
    for (const binSize of [undefined, 8, 16]) {
      const { dataset: ds, report } = await readSample(await run(), { binSize });
      expect([report.platform, ds.observation]).toEqual(["visium-hd", "bin"]);
      expect(entries(ds)).toEqual(truth.bins[binSize ?? 8]);
      expectPlaces(ds, binSize ?? 8);
      expect(ds.positions?.micronsPerUnit).toBeCloseTo(2 / 7.3, 12);
      expect(report.warnings.join()).toContain("choose with binSize");
    }
  });

  it("sums bins that are not stored from finer ones, centers of whole squares included", async () => {
    const { dataset: ds, report } = await readSample(await run(), { binSize: 6 });
    expect(entries(ds)).toEqual(truth.bins[6]);
    expectPlaces(ds, 6);
    expect(report.joined.join()).toContain("bins of 6 um are sums of those of 2 um");
    const [id] = idList(ds.cells.ids);
    expect(squareBin(id)).toEqual({ micrometers: 6, row: 0, col: 0 });
    await expect(readSample(await run(), { binSize: 7 })).rejects.toMatchObject({ code: "option" });
  });

  it("makes of 2 um bins the 8 and 16 um bins that Space Ranger stores", async () => {
    const finest = (await readSample(await run(), { binSize: 2 })).dataset;
    for (const size of [8, 16]) {
      const stored = (await readSample(await run(), { binSize: size })).dataset;
      const made = await sumBins(finest, size / 2);
      expect(idList(made.cells.ids)).toEqual(idList(stored.cells.ids));
      expect(made.counts).toEqual(stored.counts);
      expect(Array.from(made.cells.columns["in_tissue"] as Uint8Array)).toEqual(
        Array.from(stored.cells.columns["in_tissue"] as Int32Array),
      );
      expectPlaces(made, size);
      idList(made.cells.ids).forEach((name, i) => expect(made.cells.ids.indexOf(name)).toBe(i));
    }
  });

  it("reads segmented cells whose scale factors know no spots, beside outlines with clusters", async () => {
    const { dataset: ds, report } = await readSample(await run("outs/segmented_outputs/"));
    expect(ds.observation).toBe("cell");
    expect(perCell(idList(ds.cells.ids), ds.counts as Sparse)).toEqual(
      truth.cells.filter(([cell]) => cell !== 200001),
    );
    expect(report.dropped).toMatchObject([{ what: "cell", count: 1 }]);
    expect(ds.positions?.micronsPerUnit).toBeCloseTo(2 / 7.3, 12);
  });
});

describe("readSample: feature_slice.h5", () => {
  const slices = async (): Promise<Source> => {
    const bytes = await (await run()).bytes("feature_slice.h5");
    return memorySource(new Map([["S_feature_slice.h5", bytes]]));
  };
  const tissue: (readonly [number, number])[] = [];
  for (let r = 0; r < truth.rows; r++)
    for (let c = 0; c < truth.cols; c++) if ((r - 12) ** 2 + (c - 10) ** 2 < 121) tissue.push([r, c]);

  it("makes bins of any size in tissue, where Space Ranger places them", async () => {
    for (const binSize of [undefined, 6, 16]) {
      const size = binSize ?? 8;
      const squareOf = (v: number): number => Math.floor((v * 2) / size);
      const squares = new Set(tissue.map(([r, c]) => `${squareOf(r)} ${squareOf(c)}`));
      const { dataset: ds, report } = await readSample(await slices(), { binSize });
      expect([report.platform, ds.observation]).toEqual(["visium-hd", "bin"]);
      expect(entries(ds)).toEqual(truth.bins[size].filter(([r, c]) => squares.has(`${r} ${c}`)));
      expectPlaces(ds, size);
      expect(ds.positions?.micronsPerUnit).toBeCloseTo(2 / 7.3, 2);
      expect(idList(ds.genes.ids)).toEqual(truth.ids);
      expect(squareBin(ds.cells.ids.at(0))?.micrometers).toBe(size);
      idList(ds.cells.ids).forEach((id, i) => expect(ds.cells.ids.indexOf(id)).toBe(i));
    }
    await expect(readSample(await slices(), { binSize: 5 })).rejects.toMatchObject({
      code: "option",
      subject: "binSize",
    });
  });

  it("serves where no stored bins divide the size asked for", async () => {
    const whole = await run();
    const names = whole.names.filter((n) => n.includes("square_016um/") || n.endsWith("feature_slice.h5"));
    const source = { ...whole, names };
    expect((await readSample(source, { binSize: 6 })).report.files).toEqual(["feature_slice.h5"]);
    expect((await readSample(source, { binSize: 32 })).report.joined.join()).toContain(
      "sums of those of 16 um",
    );
  });
});

describe("readBarcodeMappings", () => {
  it("agrees with pandas, as Space Ranger writes it and as it is documented", async () => {
    for (const folder of ["outs/", "documented/"]) {
      const mappings = await readBarcodeMappings(await run(folder));
      expect([mappings.micrometers, mappings.rows, mappings.cols]).toEqual([2, truth.rows, truth.cols]);
      expect(Array.from(mappings.cell)).toEqual(truth.cell);
      expect(Array.from(mappings.inCell)).toEqual(truth.cell.map((c) => (c > 0 ? 1 : 0)));
      const nuclei = truth.overlap["nucleus 2"];
      expect(mappings.inNucleus.reduce((a, v) => a + v, 0)).toBe(nuclei.length);
      for (const [, row, col] of nuclei) expect(mappings.inNucleus[row * truth.cols + col]).toBe(1);
    }
  });

  it("maps cells to bins of any size and bins to cells", async () => {
    const mappings = await readBarcodeMappings(await run());
    for (const part of ["cell", "nucleus"] as const) {
      for (const binSize of [2, 8, 16]) {
        const { cells, bins, overlap } = binsOfCells(mappings, { binSize, part });
        const across = Math.ceil((truth.cols * 2) / binSize);
        const found = perCell(idList(cells), overlap);
        expect(found.map(([cell, bin, n]) => [cell, Math.floor(bin / across), bin % across, n])).toEqual(
          truth.overlap[`${part} ${binSize}`],
        );
        for (const [, bin] of found) {
          expect(squareBin(bins.at(bin))).toEqual({
            micrometers: binSize,
            row: Math.floor(bin / across),
            col: bin % across,
          });
          expect(bins.indexOf(bins.at(bin))).toBe(bin);
        }
        idList(cells).forEach((id, i) => expect(cells.indexOf(id)).toBe(i));
        const back = cellsOfBins(mappings, { binSize, part });
        const pairs = Array.from({ length: bins.length }).flatMap((_, bin) => {
          const { indptr, indices, data } = back.overlap;
          return Array.from(indices.subarray(indptr[bin], indptr[bin + 1]), (cell, k) => [
            Number(back.cells.at(cell).slice(7, 16)),
            bin,
            data[indptr[bin] + k],
          ]);
        });
        expect(pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1])).toEqual(found);
      }
    }
    for (const id of ["cellid_000000008-1", "7", ""])
      expect(binsOfCells(mappings).cells.indexOf(id)).toBe(-1);
    expect(() => binsOfCells(mappings, { binSize: 5 })).toThrow("multiple of 2 um");
    expect(() => binsOfCells(mappings, { part: "wall" as "cell" })).toThrow("part");
  });

  it("sums bins of 2 um to cells and nuclei", async () => {
    const finest = (await readSample(await run(), { binSize: 2 })).dataset;
    const mappings = await readBarcodeMappings(await run());
    const cells = await sumBinsOfCells(finest, mappings);
    expect(perCell(idList(cells.cells.ids), cells.counts as Sparse)).toEqual(truth.cells);
    idList(cells.cells.ids).forEach((id, i) => {
      const [x, y] = truth.cellPlaces[Number(id.slice(7, 16))];
      expect(cells.positions?.data[2 * i]).toBeCloseTo(x, 8);
      expect(cells.positions?.data[2 * i + 1]).toBeCloseTo(y, 8);
    });
    const nuclei = await sumBinsOfCells(finest, mappings, { part: "nucleus" });
    expect(perCell(idList(nuclei.cells.ids), nuclei.counts as Sparse)).toEqual(truth.nuclei);
    expect([cells.observation, nuclei.cells.columns["bins"]]).toEqual(["cell", Int32Array.of(9, 9, 9, 9)]);
    const inOne = finest.cells.ids.indexOf("s_002um_00006_00006-1");
    const part = await sumBinsOfCells(selectCells(finest, [inOne, 0]), mappings);
    expect([idList(part.cells.ids), part.cells.columns["bins"]]).toEqual([
      ["cellid_000000007-1"],
      Int32Array.of(1),
    ]);
    const coarse = (await readSample(await run(), { binSize: 8 })).dataset;
    await expect(sumBinsOfCells(coarse, mappings)).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("bins of 8 um") as string,
    });
  });

  it("refuses files without bins, several files and none", async () => {
    const parquet = (name: string, data: string[]): Uint8Array =>
      new Uint8Array(parquetWriteBuffer({ columnData: [{ name, data, type: "STRING" }] }));
    for (const [source, code] of [
      [files({ "barcode_mappings.parquet": parquet("barcode", ["a"]) }), "format"],
      [files({ "barcode_mappings.parquet": parquet("square_002um", ["s_008um_00000_00000-1"]) }), "format"],
      [
        files({ "barcode_mappings.parquet": parquet("square_002um", ["s_002um_99999999_99999999-1"]) }),
        "format",
      ],
      [files({ "barcode_mappings.parquet": "none" }), "format"],
      [files({ "a/barcode_mappings.parquet": "", "b/barcode_mappings.parquet": "" }), "input"],
      [files({ "a.csv": "", "b.csv": "" }), "not-found"],
    ] as const)
      await expect(readBarcodeMappings(source)).rejects.toMatchObject({ name: "SpatialError", code });
    const bare = await readBarcodeMappings(
      files({ "barcode_mappings.parquet": parquet("square_002um", ["s_002um_00001_00002-1"]) }),
    );
    expect([bare.rows, bare.cols, bare.cell.join()]).toEqual([2, 3, "0,0,0,0,0,0"]);
    expect(binsOfCells(bare as BarcodeMappings).overlap.rows).toBe(0);
  });
});
