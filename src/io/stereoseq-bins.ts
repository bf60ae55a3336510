import { SpatialError } from "../core/errors.ts";
import { dataset, positions, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { latticeIds } from "../model/square-bins.ts";
import { type Table, table } from "../model/table.ts";
import { noteRepeats, place } from "./assemble.ts";
import { counted, type Draft } from "./report.ts";
import type { SquareBins } from "./count-stream.ts";

/** Nanometres between neighbors on a Stereo-seq chip, where a file does not say it. */
export const PITCH = 500;
/** Bins of 100 steps (50 um), where nothing else is asked for. */
export const DEFAULT_BIN = 100;

/** Sums of squares as a dataset: positions are centers, in steps of the chip (pixels of its registered image). */
export function binDataset(
  squares: SquareBins,
  size: number,
  pitch: number,
  genes: Table,
  subject: string,
  values: Values | undefined,
  report: Draft,
): SpatialDataset {
  const { counts, x, y } = squares;
  const n = x.length;
  if (n === 0 || genes.ids.length === 0)
    throw new SpatialError(
      "input",
      `${subject} must hold counts, found ${genes.ids.length} genes x ${n} bins.`,
      {
        subject,
      },
    );
  const xy = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    xy[2 * i] = x[i] + (size - 1) / 2;
    xy[2 * i + 1] = y[i] + (size - 1) / 2;
  }
  report.found.push(
    `${counted(genes.ids.length, "gene")} x ${counted(n, "bin")} of ${(size * pitch) / 1000} um (bin${size}) from ${subject}.`,
  );
  noteRepeats(genes, report);
  const names = latticeIds(y, x, (row, col) => `${col}_${row}`, /^(?<col>\d+)_(?<row>\d+)$/);
  const cells = table(names, {
    array_row: y.map((v) => v / size),
    array_col: x.map((v) => v / size),
  });
  return dataset({
    platform: "stereo-seq",
    observation: "bin",
    cells,
    genes,
    positions: positions(xy, "px", pitch / 1000),
    ...place(counts, values, report),
  });
}

/** A size in micrometres as whole steps of the chip. */
export function stepsOf(binSize: number, pitch: number): number {
  const steps = (binSize * 1000) / pitch;
  if (steps >= 1 && Math.abs(steps - Math.round(steps)) < 1e-6) return Math.round(steps);
  throw new SpatialError(
    "option",
    `binSize must be a multiple of the chip's pitch of ${pitch / 1000} um, found ${binSize}.`,
    { subject: "binSize" },
  );
}
