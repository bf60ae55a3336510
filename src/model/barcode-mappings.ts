import { checkOptions, number, oneOf, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, positions, type SpatialDataset } from "./dataset.ts";
import { type Sparse, transpose } from "./matrix.ts";
import { binArray, lowerBound, squareBin, squareBinIds, summed } from "./square-bins.ts";
import { type Ids, table } from "./table.ts";

/**
 * Which segmented cell each finest bin of a Visium HD slide lies in: one value per bin of the array, row by row, so
 * bin (row, col) is entry row * cols + col and no names are kept.
 */
export interface BarcodeMappings {
  readonly kind: "barcode-mappings";
  /** Side of a bin, micrometres: 2. */
  readonly micrometers: number;
  readonly rows: number;
  readonly cols: number;
  /** Number of the cell (7 of cellid_000000007-1), 0 for none; length rows * cols */
  readonly cell: Uint32Array;
  /** 1 where a bin lies in a nucleus, in a cell; length rows * cols */
  readonly inNucleus: Uint8Array;
  readonly inCell: Uint8Array;
}

/** What of a cell is meant: all of it, or its nucleus. */
export type CellPart = "cell" | "nucleus";

/** Options of `binsOfCells` and `cellsOfBins`. */
export interface OverlapOptions {
  /** Side of the bins, micrometres: a multiple of the finest. Default the finest (2). */
  readonly binSize?: number;
  /** Default "cell". */
  readonly part?: CellPart;
}

/** How cells and bins overlap. */
export interface BinsOfCellsResult {
  /** n names, ascending */
  readonly cells: Ids;
  /** m names: all bins of the array, row by row */
  readonly bins: Ids;
  /** n x m, how many finest bins a cell and a bin share */
  readonly overlap: Sparse;
  readonly params: { readonly binSize: number; readonly part: CellPart };
}

/** The same from the side of the bins. */
export interface CellsOfBinsResult extends Omit<BinsOfCellsResult, "overlap"> {
  /** m x n, how many finest bins a bin and a cell share */
  readonly overlap: Sparse;
}

const overlapRules = { binSize: number(0), part: oneOf("cell", "nucleus") };

/**
 * Which bins, of any size, does each segmented cell cover, and how much of it lies in each?
 *
 * @throws {SpatialError} `option` for a size that is no multiple of the finest bins'
 *
 * Cost: two passes over the array's bins. Checked against brute force.
 *
 * @example
 * ```ts
 * import { type BarcodeMappings, binsOfCells, cellsOfBins } from "tissular/model";
 * // one row of five bins of 2 um; cell 7 covers the last two
 * const mappings: BarcodeMappings = {
 *   kind: "barcode-mappings", micrometers: 2, rows: 1, cols: 5,
 *   cell: Uint32Array.of(0, 0, 0, 7, 7), inNucleus: Uint8Array.of(0, 0, 0, 0, 1), inCell: Uint8Array.of(0, 0, 0, 1, 1),
 * };
 * const { cells, bins, overlap } = binsOfCells(mappings, { binSize: 8 });
 * if (cells.at(0) !== "cellid_000000007-1" || overlap.data.join() !== "1,1") throw new Error("half in each");
 * if (bins.at(overlap.indices[1]) !== "s_008um_00000_00001-1") throw new Error("the second bin of 8 um");
 * if (cellsOfBins(mappings, { binSize: 8, part: "nucleus" }).overlap.indices.length !== 1) throw new Error("one bin has a nucleus");
 * ```
 */
export function binsOfCells(mappings: BarcodeMappings, options: OverlapOptions = {}): BinsOfCellsResult {
  checkOptions("binsOfCells", options, overlapRules);
  const { micrometers, rows, cols } = mappings;
  const { binSize = micrometers, part = "cell" } = options;
  const factor = binSize / micrometers;
  if (!(Number.isSafeInteger(factor) && factor >= 1)) {
    throw new SpatialError("option", `binSize must be a multiple of ${micrometers} um, found ${binSize}.`, {
      subject: "binSize",
    });
  }
  const { numbers, rowOf } = cellsIn(mappings, part);
  const [down, across] = [Math.ceil(rows / factor), Math.ceil(cols / factor)];
  const each = (visit: (row: number, bin: number) => void): void => {
    for (let bin = 0; bin < down * across; bin++) {
      const [top, left] = [Math.floor(bin / across) * factor, (bin % across) * factor];
      const right = Math.min(cols, left + factor);
      for (let r = top; r < Math.min(rows, top + factor); r++) {
        for (let at = r * cols + left; at < r * cols + right; at++) {
          const row = rowOf(at);
          if (row >= 0) visit(row, bin);
        }
      }
    }
  };
  const indptr = new Uint32Array(numbers.length + 1);
  const last = new Int32Array(numbers.length).fill(-1);
  each((row, bin) => {
    if (last[row] !== bin) indptr[row + 1]++;
    last[row] = bin;
  });
  for (let i = 0; i < numbers.length; i++) indptr[i + 1] += indptr[i];
  const next = indptr.slice(0, numbers.length);
  const indices = new Uint32Array(indptr[numbers.length]);
  const data = new Float32Array(indices.length);
  last.fill(-1);
  each((row, bin) => {
    if (last[row] !== bin) indices[next[row]++] = bin;
    last[row] = bin;
    data[next[row] - 1]++;
  });
  return {
    cells: cellIds(numbers),
    bins: squareBinIds(binSize, down, across),
    overlap: { kind: "sparse", rows: numbers.length, cols: down * across, indptr, indices, data },
    params: { binSize, part },
  };
}

/**
 * Which segmented cells does each bin, of any size, hold parts of? The transpose of `binsOfCells`.
 *
 * @throws {SpatialError} `option` for a size that is no multiple of the finest bins'
 */
export function cellsOfBins(mappings: BarcodeMappings, options: OverlapOptions = {}): CellsOfBinsResult {
  const { overlap, ...names } = binsOfCells(mappings, options);
  return { ...names, overlap: transpose(overlap) };
}

/** Options of `sumBinsOfCells`. */
export interface SumBinsOfCellsOptions extends RunOptions {
  /** Default "cell". */
  readonly part?: CellPart;
}

/**
 * What do segmented cells, or their nuclei alone, hold? Sums the finest bins (2 um) of each: n bins x p genes to m cells x p. A cell
 * lies at the mean of its bins; the column `bins` says how many there were. Bins in no cell are left out, cells without bins
 * in the dataset too.
 *
 * @param ds bins of the finest size, as `readSample(outs, { binSize: 2 })` gives them
 * @throws {SpatialError} `input` where the dataset holds other bins than the mappings do, or no counts in memory
 *
 * Cost: linear in bins and stored entries. Checked against brute force.
 *
 * @example
 * ```ts
 * import { type BarcodeMappings, dataset, expression, ids, sparse, sumBinsOfCells, table } from "tissular/model";
 * // two bins of 2 um in cell 7, of which one is in its nucleus; in practice readBarcodeMappings reads this
 * const mappings: BarcodeMappings = {
 *   kind: "barcode-mappings", micrometers: 2, rows: 1, cols: 2,
 *   cell: Uint32Array.of(7, 7), inNucleus: Uint8Array.of(0, 1), inCell: Uint8Array.of(1, 1),
 * };
 * const bins = dataset({
 *   observation: "bin",
 *   counts: expression(sparse(2, 1, Uint32Array.of(0, 1, 2), Uint32Array.of(0, 0), Float32Array.of(2, 3)), "counts"),
 *   cells: table(ids(["s_002um_00000_00000-1", "s_002um_00000_00001-1"]), { array_row: Int32Array.of(0, 0), array_col: Int32Array.of(0, 1) }),
 *   genes: table(ids(["CD4"])),
 * });
 * const { counts } = await sumBinsOfCells(bins, mappings, { part: "nucleus" });
 * if (counts?.kind !== "sparse" || counts.data.join() !== "3") throw new Error("the nucleus alone");
 * ```
 */
export async function sumBinsOfCells(
  ds: SpatialDataset,
  mappings: BarcodeMappings,
  options: SumBinsOfCellsOptions = {},
): Promise<SpatialDataset> {
  checkOptions("sumBinsOfCells", options, { part: overlapRules.part, ...runRules });
  const { row, col } = binArray(ds, "sumBinsOfCells");
  const n = row.length;
  const first = n === 0 ? null : squareBin(ds.cells.ids.at(0));
  const { micrometers, rows, cols } = mappings;
  const fits = row.every((r, i) => r >= 0 && r < rows && col[i] >= 0 && col[i] < cols);
  if (first === null || first.micrometers !== micrometers || !fits) {
    throw new SpatialError(
      "input",
      `sumBinsOfCells needs bins of ${micrometers} um within ${rows} x ${cols}, found ${first === null ? "others" : `bins of ${first.micrometers} um${fits ? "" : " beyond"}`}.`,
      { subject: "dataset", hint: `Read them with readSample(input, { binSize: ${micrometers} }).` },
    );
  }
  const { part = "cell", ...run } = options;
  const { numbers, rowOf } = cellsIn(mappings, part);
  const all = Int32Array.from(row, (r, i) => rowOf(r * cols + col[i]));
  const count = new Int32Array(numbers.length);
  for (const g of all) if (g >= 0) count[g]++;
  const kept = Uint32Array.from(numbers.keys()).filter((g) => count[g] > 0);
  const rank = new Int32Array(numbers.length).fill(-1);
  kept.forEach((g, k) => (rank[g] = k));
  const group = all.map((g) => (g < 0 ? -1 : rank[g]));
  const bins = Int32Array.from(kept, (g) => count[g]);
  const xy = new Float64Array(2 * kept.length);
  const places = ds.positions;
  if (places !== null)
    group.forEach((g, i) => {
      if (g < 0) return;
      xy[2 * g] += places.data[i * places.cols] / bins[g];
      xy[2 * g + 1] += places.data[i * places.cols + 1] / bins[g];
    });
  return dataset({
    platform: ds.platform,
    observation: "cell",
    ...(await summed(ds, "sumBinsOfCells", group, kept.length, run)),
    cells: table(cellIds(Uint32Array.from(kept, (g) => numbers[g])), { bins }),
    genes: ds.genes,
    positions: places && positions(xy, places.unit, places.micronsPerUnit),
    ...(ds.images === undefined ? {} : { images: ds.images }),
  });
}

/** The cells that have a part, ascending by number, and which of them a finest bin is in (-1: none). */
function cellsIn(
  { cell, inNucleus, inCell }: BarcodeMappings,
  part: CellPart,
): { readonly numbers: Uint32Array; readonly rowOf: (bin: number) => number } {
  const inside = part === "nucleus" ? inNucleus : inCell;
  const found = new Set<number>();
  cell.forEach((c, i) => {
    if (c !== 0 && inside[i] !== 0) found.add(c);
  });
  const numbers = Uint32Array.from(found).sort();
  const rows = new Map(Array.from(numbers, (c, k) => [c, k]));
  return { numbers, rowOf: (bin) => (inside[bin] === 0 ? -1 : (rows.get(cell[bin]) ?? -1)) };
}

/** Names of cells that ascend by number, as Space Ranger writes them: made when asked for. */
function cellIds(numbers: Uint32Array): Ids {
  const at = (i: number): string => {
    if (!(i >= 0 && i < numbers.length))
      throw new SpatialError("input", `There is no row ${i} in ${numbers.length} rows.`);
    return `cellid_${String(numbers[i]).padStart(9, "0")}-1`;
  };
  const indexOf = (id: string): number => {
    const i = lowerBound(numbers, Number(/^cellid_(\d+)-1$/.exec(id)?.[1] ?? NaN));
    return i < numbers.length && at(i) === id ? i : -1;
  };
  return { length: numbers.length, at, indexOf };
}
