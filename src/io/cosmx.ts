import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import { selectRows, type Sparse, type Values } from "../model/matrix.ts";
import { assemble } from "./assemble.ts";
import { cellKeys, readCells } from "./cosmx-cells.ts";
import { readPolygons } from "./cosmx-polygons.ts";
import { joinPositions } from "./positions.ts";
import type { Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { vendorMatrix } from "./table.ts";
import { parseMatrix } from "./text-matrix.ts";

/** The flat files of one CosMx slide. */
export interface CosmxFiles {
  readonly folder: string;
  /** What stands before the vendor's names, e.g. "Lung9_Rep1". */
  readonly prefix: string;
  readonly counts: string;
  readonly cells: string;
  readonly fields: string | null;
  readonly polygons: string | null;
}

/** All CosMx slides of a source: an exprMat_file with a metadata_file of the same prefix beside it. */
export function findCosmx(source: Source): CosmxFiles[] {
  const slides: CosmxFiles[] = [];
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*?)[_-]?exprMat_file\.csv(\.gz)?$/.exec(name);
    if (match === null) continue;
    const [, folder = "", prefix, packed] = match;
    if (packed !== undefined && source.names.includes(name.slice(0, -packed.length))) continue;
    const find = (what: string): string | null =>
      ["_", "-", ""]
        .flatMap((gap) => [".csv", ".csv.gz"].map((end) => `${folder}${prefix}${gap}${what}${end}`))
        .find((n) => source.names.includes(n)) ?? null;
    const cells = find("metadata_file");
    if (cells === null) continue;
    const fields = find("fov_positions_file");
    slides.push({ folder, prefix, counts: name, cells, fields, polygons: find("polygons") });
  }
  return slides;
}

/** Names of columns, in lower case, that tell cells apart and hold no counts. */
const LABELS: readonly string[] = ["fov", "cell_id", "cellid", "cell", "slide", "slide_id"];

/**
 * Reads a CosMx slide. A cell is field of view and number within it ("12_345"); number 0, what lies in no cell, is left
 * out. Coordinates are the global ones, y turned down where the file has it upward, micrometres per pixel where the
 * files show them.
 */
export async function readCosmx(
  source: Source,
  files: CosmxFiles,
  outlines: boolean,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(files.counts, files.cells);
  let labels: readonly string[] = [];
  const read = await parseMatrix(await unpacked(source, files.counts), files.counts, run, (header) => {
    const lower = header.map((h) => h.trim().toLowerCase());
    const end = lower.findIndex((h) => !LABELS.includes(h));
    labels = header.slice(0, end < 0 ? header.length : end);
    return labels.length;
  });
  const text = (row: number, column: number): string => read.labels[column][row];
  const keys = cellKeys(labels, read.rowNames.length, text, files.counts);
  const cells = keys.flatMap((key, i) => (key.endsWith("_0") ? [] : [i]));
  if (cells.length < keys.length) {
    report.dropped.push({
      what: "row",
      count: keys.length - cells.length,
      why: "cell_ID 0 is what lies in no cell",
    });
  }
  const vendor = vendorMatrix(read, files.counts);
  const parts = assemble(
    {
      ...vendor,
      cellIds: cells.map((i) => keys[i]),
      matrix: selectRows<Sparse>(vendor.matrix, cells),
    },
    "cell",
    values,
    report,
  );
  const table = await readCells(source, files, report);
  const joined = joinPositions(parts, table, report);
  const polygons =
    outlines && files.polygons !== null ? await readPolygons(source, files.polygons, table, report) : null;
  return dataset({
    ...joined,
    platform: "cosmx",
    ...(polygons && { shapes: { cell_boundaries: polygons } }),
  });
}
