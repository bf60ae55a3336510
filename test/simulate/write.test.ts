import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { memorySource, parseCsv, readSample, csvStrings } from "../../src/io/index.ts";
import { gunzip } from "../../src/io/source.ts";
import { type Expression, idList, type Sparse } from "../../src/model/index.ts";
import { simulateTissue, writeSimulated } from "../../src/simulate/index.ts";

const spots = simulateTissue({ observations: 400, genes: 300, seed: 2 });
const cells = simulateTissue({ layout: "cells", observations: 400, genes: 250, seed: 2 });
const visium = await writeSimulated(spots, "visium");
const xenium = await writeSimulated(cells, "xenium");
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
    ] as const) {
      const read = (name: string, column: number): readonly string[] =>
        csvStrings(parseCsv(files.get(name) as Uint8Array, name), column);
      expect(read("truth_cells.csv", 0)).toEqual(idList(tissue.dataset.cells.ids));
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
    await expect(writeSimulated(cells, "cosmx" as never)).rejects.toThrow(/"visium" or "xenium"/);
  });
});
