import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { parseCoordinates } from "./coordinates.ts";
import type { Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { readTables } from "./table.ts";

/** The files of one region of a seqFISH run (GenePS). */
export interface SeqfishFiles {
  readonly folder: string;
  /** What stands before the vendor's names, e.g. "Roi1_". */
  readonly prefix: string;
  readonly counts: string;
  readonly cells: string;
}

/** All regions of a source: a CellxGene table with CellCoordinates of the same prefix beside it. */
export function findSeqfish(source: Source): SeqfishFiles[] {
  const samples: SeqfishFiles[] = [];
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*?)(?:CellxGene|CxG)\.csv(\.gz)?$/i.exec(name);
    if (match === null) continue;
    const [, folder = "", prefix] = match;
    const wanted = new Set(
      ["csv", "csv.gz"].map((end) => `${folder}${prefix}CellCoordinates.${end}`.toLowerCase()),
    );
    const cells = source.names.find((n) => wanted.has(n.toLowerCase()));
    if (cells !== undefined) samples.push({ folder, prefix, counts: name, cells });
  }
  return samples;
}

/** Reads a region: cells x genes, centers joined by label. */
export async function readSeqfish(
  source: Source,
  files: SeqfishFiles,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(files.counts, files.cells);
  const cells = await unpacked(source, files.cells);
  const places = parseCoordinates(cells, files.cells, { id: "label" });
  const layout = { orientation: "cells-by-genes", observation: "cell", values } as const;
  const counts = await unpacked(source, files.counts);
  report.warnings.push(
    "The scale of the coordinates is in the images' headers, which are not read: micrometres are unknown.",
  );
  return dataset({
    ...(await readTables(counts, files.counts, places, layout, report, run)),
    platform: "seqfish",
  });
}
