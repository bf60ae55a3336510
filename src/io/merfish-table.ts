import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import { inferValues, type Values } from "../model/matrix.ts";
import { categories, type Column } from "../model/table.ts";
import { assemble } from "./assemble.ts";
import { joinPositions } from "./positions.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { vendorMatrix } from "./table.ts";
import { parseMatrix } from "./text-matrix.ts";

const LEADING = [
  "Cell_ID",
  "Animal_ID",
  "Animal_sex",
  "Behavior",
  "Bregma",
  "Centroid_X",
  "Centroid_Y",
  "Cell_class",
  "Neuron_cluster_ID",
];

/** Is it, by its header, a published MERFISH table: what is known of a cell and its values in one line? */
export function isMerfishTable(header: readonly string[]): boolean {
  return header[0] === "Cell_ID" && header.includes("Centroid_X") && header.includes("Centroid_Y");
}

/**
 * Reads a published MERFISH table (hypothalamus, Moffitt and others 2018): one line per cell with its animal, place, class
 * and values, which are counts divided by the cell's volume.
 */
export async function readMerfishTable(
  source: Source,
  name: string,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(name);
  let header: readonly string[] = [];
  const read = await parseMatrix(await unpacked(source, name), name, run, (first) => {
    const leading = first.findIndex((h) => !LEADING.includes(h));
    header = first.slice(0, leading < 0 ? first.length : leading);
    return header.length;
  });
  const numbers = (column: string): Float64Array =>
    Float64Array.from(read.labels[header.indexOf(column)] ?? [], (text) =>
      text === "" ? NaN : Number(text),
    );
  const columns: Record<string, Column> = {};
  header.forEach((h, j) => {
    if (j > 0 && !h.startsWith("Centroid")) columns[h] = categories(read.labels[j]);
  });
  const sections = read.rowNames.map((_, i) =>
    ["Animal_ID", "Bregma"].map((h) => read.labels[header.indexOf(h)]?.[i] ?? "").join("_"),
  );
  const several = new Set(sections).size;
  if (several > 1) {
    columns["sample"] = categories(sections);
    report.found.push(
      `${counted(several, "section")}, told apart by animal and bregma in the column "sample".`,
    );
  }
  const vendor = vendorMatrix(read, name);
  const published = inferValues(read.matrix) === "counts" ? "counts" : "normalized";
  if (values === undefined && published === "normalized")
    report.warnings.push("Values are counts divided by the volume of the cell, as published, and no counts.");
  const parts = assemble(vendor, "cell", values ?? published, report);
  const places = {
    subject: name,
    ids: vendor.cellIds,
    x: numbers("Centroid_X"),
    y: numbers("Centroid_Y"),
    unit: "um",
    micronsPerUnit: 1,
    columns,
  } as const;
  return dataset({ ...joinPositions(parts, places, report), platform: "merfish" });
}
