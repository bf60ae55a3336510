import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { memorySource, parseCsv, readSample, csvStrings } from "../../src/io/index.ts";
import { gunzip } from "../../src/io/source.ts";
import { centroids, ringMoments } from "../../src/kernels/polygons.ts";
import {
  type Expression,
  idList,
  selectCells,
  type Shapes,
  type Sparse,
  toDense,
} from "../../src/model/index.ts";
import { cellOutlines } from "../../src/simulate/outlines.ts";
import { type SimulatedTissue, simulateTissue, writeSimulated } from "../../src/simulate/index.ts";

const spots = simulateTissue({ observations: 400, genes: 300, seed: 2 });
const cells = simulateTissue({ layout: "cells", observations: 400, genes: 250, seed: 2 });
/** Wide enough for several fields of view. */
const wide = simulateTissue({ layout: "cells", observations: 1200, genes: 200, seed: 3 });
const visium = await writeSimulated(spots, "visium");
const xenium = await writeSimulated(cells, "xenium");
const merscope = await writeSimulated(cells, "merscope");
const cosmx = await writeSimulated(wide, "cosmx");
const ringOf = ({ ringOffsets, coordinates }: Shapes, s: number): Float64Array =>
  coordinates.slice(2 * ringOffsets[s], 2 * ringOffsets[s + 1]);
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe("writeSimulated agrees with what readSample reads", () => {
  it("visium: counts, genes, spots, positions, scale and images", async () => {
    const { dataset, report } = await readSample(memorySource(visium));
    expect([dataset.platform, dataset.observation]).toEqual(["visium", "spot"]);
    expect(idList(dataset.cells.ids)).toEqual(idList(spots.dataset.cells.ids));
    expect(idList(dataset.genes.ids)).toEqual(idList(spots.dataset.genes.ids));
    expect(dataset.genes.columns["name"]).toEqual(spots.dataset.genes.columns["name"]);
    expect(dataset.counts).toEqual(spots.dataset.counts);
    expect(dataset.positions?.data).toEqual(spots.dataset.positions.data);
    expect(dataset.positions?.micronsPerUnit).toBeCloseTo(0.5, 3);
    for (const name of ["array_row", "array_col"])
      expect(dataset.cells.columns[name]).toEqual(spots.dataset.cells.columns[name]);
    expect(dataset.images?.length).toBe(2);
    expect(report.warnings).toEqual([]);
  });

  it("xenium: counts, control features, cells and positions", async () => {
    const { dataset, report } = await readSample(memorySource(xenium));
    expect([dataset.platform, dataset.observation]).toEqual(["xenium", "cell"]);
    expect(idList(dataset.cells.ids)).toEqual(idList(cells.dataset.cells.ids));
    expect(dataset.counts).toEqual(cells.dataset.counts);
    expect(dataset.positions?.data).toEqual(cells.dataset.positions.data);
    expect(dataset.positions?.unit).toBe("um");
    for (const kind of Object.keys(cells.dataset.features)) {
      const read = dataset.features[kind].values as Expression<Sparse>;
      expect(read).toEqual(cells.dataset.features[kind].values);
    }
    expect(Object.keys(dataset.features).length).toBe(3);
    expect(dataset.cells.columns["cell_area"]).toEqual(cells.dataset.cells.columns["cell_area"]);
    expect(report.warnings).toEqual([]);
  });

  /** The vendor's name of each cell, in the order of the dataset. */
  const names = (files: ReadonlyMap<string, Uint8Array>): readonly string[] =>
    csvStrings(parseCsv(files.get("truth_cells.csv") as Uint8Array, "truth_cells.csv"), 0);
  /** What was read, its cells in the order of the dataset. */
  const inOrder = async (
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<Awaited<ReturnType<typeof readSample>>> => {
    const { dataset, ...rest } = await readSample(memorySource(files));
    const rows = names(files).map((name) => dataset.cells.ids.indexOf(name));
    expect(dataset.cells.ids.length).toBe(rows.length);
    return { dataset: selectCells(dataset, rows), ...rest };
  };
  const controls = (tissue: SimulatedTissue, ...kinds: readonly string[]): number[][] =>
    Array.from({ length: tissue.params.observations }, (_, i) =>
      kinds.flatMap((kind) => {
        const x = toDense(tissue.dataset.features[kind].values as Sparse);
        return Array.from(x.data.subarray(i * x.cols, (i + 1) * x.cols));
      }),
    );
  const rowsOf = (x: Sparse): number[][] => {
    const { data, cols } = toDense(x);
    return Array.from({ length: x.rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));
  };

  it("merscope: counts, blanks, ids beyond 2^53, positions, outlines of the middle plane", async () => {
    const { dataset, report } = await inOrder(merscope);
    expect([dataset.platform, dataset.observation]).toEqual(["merscope", "cell"]);
    expect(names(merscope).every((id) => /^\d{18}$/.test(id) && Number(id) > 2 ** 53)).toBe(true);
    expect(new Set(names(merscope)).size).toBe(400);
    expect(idList(dataset.genes.ids)).toEqual(cells.dataset.genes.columns["name"]);
    expect(dataset.counts).toEqual(cells.dataset.counts);
    expect(dataset.positions).toEqual(cells.dataset.positions);
    expect(Object.keys(dataset.features)).toEqual(["Blank"]);
    expect(rowsOf(dataset.features["Blank"].values as Sparse)).toEqual(
      controls(cells, "Negative Control Codeword"),
    );
    const truth = cellOutlines(cells);
    const read = dataset.shapes?.["cell_boundaries"] as Shapes;
    for (const [s, id] of names(merscope).entries())
      expect(ringOf(read, read.ids.indexOf(id))).toEqual(ringOf(truth, s));
    expect(report.dropped).toEqual([
      { what: "outline", count: 2400, why: "on other planes than 3, the middle one" },
    ]);
    expect(report.warnings).toEqual([]);
  });

  it("cosmx: counts without the background, controls, positions and outlines with y turned down", async () => {
    const { dataset, report } = await inOrder(cosmx);
    expect([dataset.platform, dataset.observation]).toEqual(["cosmx", "cell"]);
    const fields = new Set(names(cosmx).map((id) => id.slice(0, id.indexOf("_"))));
    expect(fields.size).toBeGreaterThan(1);
    expect(idList(dataset.genes.ids)).toEqual(wide.dataset.genes.columns["name"]);
    expect(dataset.counts).toEqual(wide.dataset.counts);
    const { "Negative Control Probe": probes, "System Control": codes } = dataset.features;
    expect(rowsOf(probes.values as Sparse)).toEqual(controls(wide, "Negative Control Probe"));
    expect(rowsOf(codes.values as Sparse)).toEqual(
      controls(wide, "Negative Control Codeword", "Unassigned Codeword"),
    );
    const { data, micronsPerUnit } = dataset.positions as NonNullable<typeof dataset.positions>;
    const micron = micronsPerUnit as number;
    expect(micron).toBeCloseTo(0.120280945, 9);
    const truth = wide.dataset.positions.data;
    const [dx, dy] = [0, 1].map((axis) => data[axis] * micron - truth[axis]);
    expect(dx).toBeCloseTo(0, 6);
    const off = (found: number, k: number, want: number): number =>
      Math.abs(found * micron - (k % 2 === 0 ? dx : dy) - want);
    expect(Math.max(...data.map((v, k) => off(v, k, truth[k])))).toBeLessThan(1e-6);
    const outlines = cellOutlines(wide);
    const read = dataset.shapes?.["cell_boundaries"] as Shapes;
    for (const [s, id] of names(cosmx).entries()) {
      const want = ringOf(outlines, s);
      const found = ringOf(read, read.ids.indexOf(id));
      expect(found.length).toBe(want.length - 2);
      expect(Math.max(...found.map((v, k) => off(v, k, want[k])))).toBeLessThan(1e-6);
    }
    expect(report.dropped).toEqual([
      { what: "row", count: fields.size, why: "cell_ID 0 is what lies in no cell" },
    ]);
    expect(report.found.join()).toContain("turned down");
    expect(report.warnings).toEqual([]);
  });

  it("outlines have the area of their cell around its center", () => {
    const outlines = cellOutlines(cells);
    const middles = centroids(outlines);
    const area = cells.dataset.cells.columns["cell_area"] as Float64Array;
    cells.dataset.positions.data.forEach((v, k) => expect(middles[k]).toBeCloseTo(v, 8));
    area.forEach((v, s) => expect(Math.abs(ringMoments(ringOf(outlines, s))[0]) / 2).toBeCloseTo(v, 8));
    expect(cellOutlines(cells)).toEqual(outlines);
  });

  it("every spot of the capture area has a line, and 400 are under tissue", () => {
    const lines = text(visium.get("spatial/tissue_positions.csv")).trim().split("\n");
    expect(lines[0]).toBe("barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres");
    expect(lines.length).toBe(4993);
    expect(lines.filter((line) => line.split(",")[1] === "1").length).toBe(400);
    expect(new Set(lines.map((line) => line.split(",")[0])).size).toBe(4993);
  });

  it("the drawn image shows tissue under every spot but those on the rim, and glass elsewhere", () => {
    const { width, height, data } = decode(visium.get("spatial/tissue_lowres_image.png") as Uint8Array);
    expect(Math.max(width, height)).toBe(600);
    const scale = (
      JSON.parse(text(visium.get("spatial/scalefactors_json.json"))) as { tissue_lowres_scalef: number }
    ).tissue_lowres_scalef;
    const green = (x: number, y: number): number =>
      data[3 * (Math.floor(y * scale) * width + Math.floor(x * scale)) + 1];
    const { positions } = spots.dataset;
    const stained = Array.from(
      { length: 400 },
      (_, i) => green(positions.data[2 * i], positions.data[2 * i + 1]) < 220,
    );
    expect(stained.filter(Boolean).length).toBeGreaterThan(380);
    const [x, y] = ["x", "y"].map((name) => spots.offTissue?.columns[name] as Float64Array);
    const clear = Array.from(x, (_, i) => green(x[i], y[i]) > 220);
    expect(clear.filter(Boolean).length).toBeGreaterThan(0.98 * x.length);
  });

  it("the truth stands beside the files, one line per cell, gene and pair", () => {
    for (const [files, tissue] of [
      [visium, spots],
      [xenium, cells],
      [merscope, cells],
      [cosmx, wide],
    ] as const) {
      const read = (name: string, column: number): readonly string[] =>
        csvStrings(parseCsv(files.get(name) as Uint8Array, name), column);
      const isRenamed = files === merscope || files === cosmx;
      if (!isRenamed) expect(read("truth_cells.csv", 0)).toEqual(idList(tissue.dataset.cells.ids));
      expect(read("truth_genes.csv", 1)).toEqual(tissue.dataset.genes.columns["name"]);
      expect(read("truth_genes.csv", 2)).toEqual(tissue.truth.genes.columns["class"]);
      expect(text(files.get("truth_pairs.csv")).split("\n")[0]).toBe("ligand,receptor,class,sender,receiver");
    }
  });

  it("totals in cells.csv.gz add up over genes and controls", async () => {
    const csv = text(await gunzip(xenium.get("cells.csv.gz") as Uint8Array, "cells.csv.gz"))
      .trim()
      .split("\n");
    const header = csv[0].split(",");
    const field = (line: string, name: string): number => Number(line.split(",")[header.indexOf(name)]);
    for (const line of csv.slice(1)) {
      expect(field(line, "total_counts")).toBe(
        ["transcript", "control_probe", "control_codeword", "unassigned_codeword"]
          .map((kind) => field(line, `${kind}_counts`))
          .reduce((a, b) => a + b),
      );
    }
    const { data } = cells.dataset.counts;
    expect(csv.slice(1).reduce((sum, line) => sum + field(line, "transcript_counts"), 0)).toBe(
      data.reduce((a, b) => a + b, 0),
    );
  });
});

describe("writeSimulated at the edges", () => {
  it("refuses a vendor that does not fit the tissue", async () => {
    await expect(writeSimulated(spots, "xenium")).rejects.toThrow(
      /"xenium" needs a tissue of layout "cells"/,
    );
    await expect(writeSimulated(cells, "visium")).rejects.toThrow(
      /"visium" needs a tissue of layout "visium"/,
    );
    await expect(writeSimulated(spots, "cosmx")).rejects.toThrow(/layout "cells"/);
    await expect(writeSimulated(cells, "dbit" as never)).rejects.toThrow(/visium, xenium, merscope, cosmx/);
  });
});

const python = process.env["TISSULAR_PYTHON"] ?? null;

describe.skipIf(python === null)("writeSimulated agrees with what pandas and geopandas read", () => {
  it("merscope and cosmx: counts, places, outlines", () => {
    for (const [files, tissue] of [
      [merscope, cells],
      [cosmx, wide],
    ] as const) {
      const folder = mkdtempSync(join(tmpdir(), "tissular-simulated-"));
      try {
        mkdirSync(join(folder, "images"));
        for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
        const { counts, genes, positions, cells: observations } = tissue.dataset;
        const axis = (k: 0 | 1): Float64Array => positions.data.filter((_, i) => i % 2 === k);
        const expected = {
          ids: csvStrings(parseCsv(files.get("truth_cells.csv") as Uint8Array, "truth_cells.csv"), 0),
          genes: genes.columns["name"],
          counts: Array.from(toDense(counts).data),
          x: Array.from(axis(0)),
          y: Array.from(axis(1)),
          area: Array.from(observations.columns["cell_area"] as Float64Array),
        };
        writeFileSync(join(folder, "expected.json"), JSON.stringify(expected));
        const script = fileURLToPath(new URL("../oracles/check_simulated.py", import.meta.url));
        const found = execFileSync(python ?? "", [script, folder, join(folder, "expected.json")], {
          encoding: "utf8",
        });
        expect(found).toContain(`${tissue.params.observations} x ${tissue.params.genes} as simulated`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
  });
});
