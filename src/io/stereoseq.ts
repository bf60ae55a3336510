import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import type { SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { expression, geneTable, pitchOf } from "./gef.ts";
import { readGem } from "./gem.ts";
import { type H5File, withHdf5 } from "./hdf5.ts";
import type { Draft } from "./report.ts";
import type { Source } from "./source.ts";
import { sumSquares } from "./count-stream.ts";
import { binDataset, DEFAULT_BIN, PITCH, stepsOf } from "./stereoseq-bins.ts";
import { readCellBins } from "./stereoseq-cells.ts";

/** The files of one Stereo-seq chip: bins (the preferred first) and segmented cells. */
export interface StereoseqFiles {
  readonly folder: string;
  /** Serial number of the chip, with which the files' names begin. */
  readonly chip: string;
  readonly bins: readonly string[];
  readonly cells: readonly string[];
}

/** All Stereo-seq samples of a source, as SAW 8 (feature_expression) or an earlier one (numbered folders) leaves them. */
export function findStereoseq(source: Source): StereoseqFiles[] {
  const samples = new Map<string, { folder: string; chip: string; bins: string[]; cells: string[] }>();
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]+)\.(?:gef|gem(?:\.gz)?)$/.exec(name);
    if (match === null) continue;
    const folder = (match[1] ?? "").replace(/(feature_expression|\d{2,3}\.[a-z]+)\/$/, "");
    const [chip] = match[2].split(".");
    const known = samples.get(folder + chip) ?? { folder, chip, bins: [], cells: [] };
    samples.set(folder + chip, known);
    (/\.cellbin$/.test(match[2]) ? known.cells : known.bins).push(name);
  }
  const rank = (name: string): number =>
    [/\.tissue\.gef$/, /\.adjusted\.cellbin\.gef$/, /(?<!\.raw)\.gef$/, /\.gef$/, /./].findIndex((p) =>
      p.test(name),
    );
  for (const { bins, cells } of samples.values())
    for (const list of [bins, cells]) list.sort((a, b) => rank(a) - rank(b));
  return [...samples.values()];
}

/** Reads the bins of a chip, in tissue where they are apart; the segmented cells where there are no bins. */
export async function readStereoseq(
  source: Source,
  files: StereoseqFiles,
  binSize: number | undefined,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const [chosen, ...others] = [...files.bins, ...files.cells];
  if (others.length > 0)
    report.warnings.push(
      `${chosen} was read; there ${others.length === 1 ? "is" : "are"} also ${others.join(", ")}: name the file to read it.`,
    );
  if (!chosen.endsWith(".gef")) return readGem(source, chosen, binSize, values, report, run);
  return readGef(source, chosen, binSize, values, report, run);
}

/** Reads a GEF file, of bins or of cells. */
export function readGef(
  source: Source,
  name: string,
  binSize: number | undefined,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(name);
  return withHdf5(source, name, async (file) => {
    if (file.has("cellBin/cell")) {
      if (binSize === undefined) return readCellBins(file, values, report, run);
      throw new SpatialError("option", `${name} holds segmented cells, not bins of ${binSize} um.`, {
        subject: "binSize",
        hint: "Give the .gef file of bins, or leave binSize out.",
      });
    }
    if (!file.isGroup("geneExp")) {
      throw new SpatialError("format", `${name} must hold "geneExp" or "cellBin", but it does not.`, {
        subject: name,
      });
    }
    return readBins(file, binSize, values, report, run);
  });
}

async function readBins(
  file: H5File,
  binSize: number | undefined,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const stored = file
    .keys("geneExp")
    .map((key) => Number(/^bin(\d+)$/.exec(key)?.[1]))
    .filter((size) => size > 0)
    .sort((a, b) => a - b);
  const pitch = stored.length === 0 ? PITCH : pitchOf(file, `geneExp/bin${stored[0]}/expression`);
  const size = binSize === undefined ? DEFAULT_BIN : stepsOf(binSize, pitch);
  const from = stored.findLast((s) => size % s === 0);
  if (from === undefined) {
    const there = stored.map((s) => `${(s * pitch) / 1000} um (bin${s})`).join(", ") || "none";
    throw new SpatialError(
      "not-found",
      `Bins of ${(size * pitch) / 1000} um cannot be made of those in ${file.name}: ${there}.`,
      { subject: "binSize", hint: "Choose a multiple of one of them." },
    );
  }
  const group = `geneExp/bin${from}`;
  const genes = geneTable(file, `${group}/gene`);
  const stream = await expression(file, group, genes.ids.length);
  const squares = await sumSquares(stream, size, run);
  if (from !== size) report.joined.push(`bin${size} is the sum of bin${from}.`);
  if (file.has(`${group}/exon`))
    report.dropped.push({
      what: "exon count",
      count: file.info(`${group}/exon`).length,
      why: "only all counts are read",
    });
  return binDataset(squares, size, pitch, genes, file.name, values, report);
}
