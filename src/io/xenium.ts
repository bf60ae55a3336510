import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { assemble } from "./assemble.ts";
import { joinPositions, parsePositions } from "./positions.ts";
import type { Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { mtxFiles, readTenxH5, readTenxMtx } from "./tenx.ts";

/** The files of one Xenium sample. */
export interface XeniumFiles {
  readonly folder: string;
  readonly matrix: { readonly kind: "h5" | "mtx"; readonly name: string };
  readonly cells: string;
}

/** All Xenium samples of a source: a cell_feature_matrix with a table of cells beside it. */
export function findXenium(source: Source): XeniumFiles[] {
  const samples: XeniumFiles[] = [];
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*?)cells\.(csv\.gz|csv|parquet)$/.exec(name);
    if (match === null) continue;
    const [, folder = "", prefix, ending] = match;
    const base = `${folder}${prefix}`;
    if (ending !== "csv.gz" && source.names.includes(`${base}cells.csv.gz`)) continue;
    if (ending === "parquet" && source.names.includes(`${base}cells.csv`)) continue;
    const h5 = `${base}cell_feature_matrix.h5`;
    const mtx = `${base}cell_feature_matrix/`;
    if (source.names.includes(h5)) samples.push({ folder, matrix: { kind: "h5", name: h5 }, cells: name });
    else if (mtxFiles(source, mtx)) samples.push({ folder, matrix: { kind: "mtx", name: mtx }, cells: name });
  }
  return samples;
}

/** Reads a Xenium sample: counts per cell, centroids in micrometres, control features apart. */
export async function readXenium(
  source: Source,
  files: XeniumFiles,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  if (files.cells.endsWith(".parquet")) {
    throw new SpatialError("unsupported", `Cells are read from cells.csv.gz, found only ${files.cells}.`, {
      subject: files.cells,
      hint: "Copy cells.csv.gz of the same run beside it, or write the parquet table as cells.csv.",
    });
  }
  const vendor =
    files.matrix.kind === "h5"
      ? await readTenxH5(source, files.matrix.name, report, run)
      : await readTenxMtx(source, files.matrix.name, report, run);
  report.files.push(files.cells);
  const table = parsePositions(await unpacked(source, files.cells), files.cells);
  const joined = joinPositions(assemble(vendor, "cell", values, report), table, report);
  return dataset({ ...joined, platform: "xenium" });
}
