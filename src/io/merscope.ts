import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { assemble, checkFinite, GENES } from "./assemble.ts";
import { joinPositions, parsePositions } from "./positions.ts";
import type { Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { parseMatrix } from "./text-matrix.ts";

/** The files of one MERSCOPE sample (or of one segmentation of it). */
export interface MerscopeFiles {
  readonly folder: string;
  readonly counts: string;
  readonly cells: string;
}

/** All MERSCOPE samples of a source: a cell_by_gene table with a cell_metadata table of the same prefix beside it. */
export function findMerscope(source: Source): MerscopeFiles[] {
  const samples: MerscopeFiles[] = [];
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*)cell_by_gene([^/]*)\.csv(\.gz)?$/.exec(name);
    if (match === null) continue;
    const [, folder = "", prefix, suffix] = match;
    const cells = [".csv", ".csv.gz"]
      .map((ending) => `${folder}${prefix}cell_metadata${suffix}${ending}`)
      .find((n) => source.names.includes(n));
    if (cells !== undefined) samples.push({ folder, counts: name, cells });
  }
  return samples;
}

/** Reads a MERSCOPE sample: counts per cell, centers in micrometres, blank barcodes apart. */
export async function readMerscope(
  source: Source,
  files: MerscopeFiles,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(files.counts, files.cells);
  const { rowNames, colNames, matrix } = await parseMatrix(
    await unpacked(source, files.counts),
    files.counts,
    run,
  );
  checkFinite(files.counts, matrix.data);
  const vendor = {
    subject: files.counts,
    cellIds: rowNames,
    cellColumns: {},
    featureIds: colNames,
    featureNames: colNames,
    featureKinds: colNames.map((name) => (/^blank[-_. ]?\d*/i.test(name) ? "Blank" : GENES)),
    featureColumns: {},
    matrix,
  };
  const table = parsePositions(await unpacked(source, files.cells), files.cells);
  const joined = joinPositions(assemble(vendor, "cell", values, report), table, report);
  return dataset({ ...joined, platform: "merscope" });
}
