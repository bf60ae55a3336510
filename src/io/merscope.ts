import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { assemble, checkFinite, GENES } from "./assemble.ts";
import { noteMosaic } from "./merscope-mosaic.ts";
import { findOutlines, readOutlines } from "./merscope-outlines.ts";
import { joinPositions, parsePositions } from "./positions.ts";
import type { Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { parseMatrix } from "./text-matrix.ts";

/** The files of one MERSCOPE sample (or of one segmentation of it). */
export interface MerscopeFiles {
  readonly folder: string;
  /** What stands before and after the vendor's names, e.g. "cellpose_", "_S1R1". */
  readonly prefix: string;
  readonly suffix: string;
  readonly counts: string;
  readonly cells: string;
}

/** All MERSCOPE samples of a source: a cell_by_gene table with a cell_metadata table of the same prefix beside it. */
export function findMerscope(source: Source): MerscopeFiles[] {
  const samples: MerscopeFiles[] = [];
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*)cell_by_gene([^/]*)\.csv(\.gz)?$/.exec(name);
    if (match === null) continue;
    const [, folder = "", prefix, suffix, packed] = match;
    if (packed !== undefined && source.names.includes(name.slice(0, -packed.length))) continue;
    const cells = [".csv", ".csv.gz"]
      .map((ending) => `${folder}${prefix}cell_metadata${suffix}${ending}`)
      .find((n) => source.names.includes(n));
    if (cells !== undefined) samples.push({ folder, prefix, suffix, counts: name, cells });
  }
  return samples;
}

/** Reads a MERSCOPE sample: counts per cell, centers and outlines in micrometres, blank barcodes apart. */
export async function readMerscope(
  source: Source,
  files: MerscopeFiles,
  outlines: boolean,
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
  const where = outlines ? findOutlines(source, files.folder, files.prefix, files.suffix, report) : null;
  const isCell = (id: string): boolean => joined.cells.ids.indexOf(id) >= 0;
  const found = where && (await readOutlines(source, where, files.folder, isCell, report, run));
  await noteMosaic(source, files.folder, report);
  return dataset({
    ...joined,
    platform: "merscope",
    ...(found && { shapes: { cell_boundaries: found } }),
  });
}
