import { checkOptions, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { sumRows } from "./aggregate.ts";
import {
  dataset,
  type FeatureSet,
  inMemory,
  positions,
  type Positions,
  type SpatialDataset,
} from "./dataset.ts";
import { expression } from "./matrix.ts";
import { type Column, type Ids, table } from "./table.ts";

/** A bin of Visium HD by its name, e.g. s_008um_00012_00345-1. */
export interface SquareBin {
  readonly micrometers: number;
  readonly row: number;
  readonly col: number;
}

const NAME = /^s_(?<micrometers>\d+)um_(?<row>\d+)_(?<col>\d+)(?:-\d+)?$/i;

/** What the name of a bin of Visium HD says, or null where it is none. */
export function squareBin(id: string): SquareBin | null {
  const found = NAME.exec(id)?.groups;
  if (found === undefined) return null;
  return {
    micrometers: Number(found["micrometers"]),
    row: Number(found["row"]),
    col: Number(found["col"]),
  };
}

/** The name that Space Ranger gives a bin. */
export function squareBinName({ micrometers, row, col }: SquareBin): string {
  const digits = (v: number, n: number): string => String(v).padStart(n, "0");
  return `s_${digits(micrometers, 3)}um_${digits(row, 5)}_${digits(col, 5)}-1`;
}

/** Names of all bins of an array, row by row: made when asked for, found by their numbers. */
export function squareBinIds(micrometers: number, rows: number, cols: number): Ids {
  const length = rows * cols;
  return {
    length,
    at: (i) => {
      if (!(i >= 0 && i < length)) throw new SpatialError("input", `There is no row ${i} in ${length} rows.`);
      return squareBinName({ micrometers, row: Math.floor(i / cols), col: i % cols });
    },
    indexOf: (id) => {
      const bin = squareBin(id);
      const isThere = bin?.micrometers === micrometers && bin.row < rows && bin.col < cols;
      return isThere ? bin.row * cols + bin.col : -1;
    },
  };
}

/** Bins of a dataset: which of its square array each is. */
export interface BinArray {
  readonly row: Int32Array;
  readonly col: Int32Array;
}

/**
 * Rows and columns of a dataset's bins, as its columns array_row and array_col say.
 *
 * @throws {SpatialError} `input` where it has none
 */
export function binArray(ds: SpatialDataset, verb: string): BinArray {
  const { array_row: row, array_col: col } = ds.cells.columns;
  if (row instanceof Int32Array && col instanceof Int32Array && ds.observation === "bin") return { row, col };
  throw new SpatialError(
    "input",
    `${verb} needs bins with the columns array_row and array_col, found ${ds.observation}s.`,
    { subject: "dataset" },
  );
}

/**
 * Which larger squares do bins make up? Every `factor` x `factor` bins become one: 4 makes 8 um bins of Visium HD's 2 um.
 * Square (R, C) holds the bins with floor(array_row / factor) = R and floor(array_col / factor) = C, as Space Ranger counts them.
 *
 * Counts and other features (n x p to m x p) are summed; rows come by R, then C. A square is in tissue if one of its bins is. Its
 * position is the center of the whole square, also where bins are missing: the mean of what each bin says, with steps
 * of the array fitted to all positions. Other columns, layers, embeddings and graphs say nothing of squares and are left out.
 *
 * @throws {SpatialError} `input` where the dataset holds no bins of an array, or no counts in memory; `option` for a factor that is no
 * whole number from 1
 *
 * Cost: linear in bins and stored entries. Checked against brute force.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, sparse, sumBins, table } from "tissular/model";
 * const ds = dataset({
 *   observation: "bin",
 *   counts: expression(sparse(2, 1, Uint32Array.of(0, 1, 2), Uint32Array.of(0, 0), Float32Array.of(2, 3)), "counts"),
 *   cells: table(ids(["s_002um_00004_00003-1", "s_002um_00007_00000-1"]), { array_row: Int32Array.of(4, 7), array_col: Int32Array.of(3, 0) }),
 *   genes: table(ids(["CD4"])),
 * });
 * const { cells, counts } = await sumBins(ds, 4);
 * if (cells.ids.at(0) !== "s_008um_00001_00000-1" || counts?.rows !== 1) throw new Error("one bin of 8 um");
 * ```
 */
export async function sumBins(
  ds: SpatialDataset,
  factor: number,
  run: RunOptions = {},
): Promise<SpatialDataset> {
  checkOptions("sumBins", run, runRules);
  if (!(Number.isSafeInteger(factor) && factor >= 1))
    throw new SpatialError("option", `sumBins: factor must be a whole number >= 1, found ${factor}.`, {
      subject: "factor",
    });
  const bins = binArray(ds, "sumBins");
  const { group, row, col } = squaresOf(bins, factor);
  const tissue = ds.cells.columns["in_tissue"];
  const columns: Record<string, Column> = { array_row: row, array_col: col };
  if (tissue instanceof Int32Array || tissue instanceof Uint8Array) {
    const any = new Uint8Array(row.length);
    group.forEach((g, i) => (any[g] |= Number(tissue[i] !== 0)));
    columns["in_tissue"] = any;
  }
  const first = ds.cells.ids.length > 0 ? squareBin(ds.cells.ids.at(0)) : null;
  return dataset({
    platform: ds.platform,
    observation: "bin",
    ...(await summed(ds, "sumBins", group, row.length, run)),
    cells: table(namesOf(row, col, first === null ? null : first.micrometers * factor), columns),
    genes: ds.genes,
    positions: ds.positions && centers(ds.positions, bins, group, row, col, factor),
    ...(ds.images === undefined ? {} : { images: ds.images }),
  });
}

/** Counts and other features of a dataset, summed by group. */
export async function summed(
  ds: SpatialDataset,
  verb: string,
  group: Int32Array,
  groups: number,
  run: RunOptions,
): Promise<Pick<SpatialDataset, "counts" | "features">> {
  if (ds.counts === null)
    throw new SpatialError("input", `${verb} needs counts, found none.`, { subject: "counts" });
  const counts = expression(await sumRows(inMemory(ds.counts, verb), group, groups, run), "counts");
  const { onProgress: _, ...quiet } = run;
  const features: Record<string, FeatureSet> = {};
  for (const [kind, set] of Object.entries(ds.features))
    features[kind] = {
      ...set,
      values: expression(await sumRows(set.values, group, groups, quiet), set.values.values),
    };
  return { counts, features };
}

/** Which square each bin is in, and the squares by row, then column. */
function squaresOf({ row, col }: BinArray, factor: number): BinArray & { readonly group: Int32Array } {
  const n = row.length;
  const width = col.reduce((most, c) => Math.max(most, c), -1) + 1;
  const across = Math.ceil(width / factor);
  const key = new Float64Array(n);
  for (let i = 0; i < n; i++) key[i] = Math.floor(row[i] / factor) * across + Math.floor(col[i] / factor);
  const keys = key.slice().sort();
  let m = 0;
  for (let k = 0; k < n; k++) if (k === 0 || keys[k] !== keys[k - 1]) keys[m++] = keys[k];
  const squares = keys.subarray(0, m);
  return {
    group: Int32Array.from(key, (k) => lowerBound(squares, k)),
    row: Int32Array.from(squares, (k) => Math.floor(k / across)),
    col: Int32Array.from(squares, (k) => k % across),
  };
}

/** The first place in ascending values that is not below `v`. */
export function lowerBound(values: ArrayLike<number>, v: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < v) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Names of squares: Space Ranger's, or `row_col` where the size is unknown. */
function namesOf(row: Int32Array, col: Int32Array, micrometers: number | null): Ids {
  if (micrometers === null) return latticeIds(row, col, (r, c) => `${r}_${c}`, /^(?<row>\d+)_(?<col>\d+)$/);
  return latticeIds(row, col, (r, c) => squareBinName({ micrometers, row: r, col: c }), NAME);
}

/**
 * Names of places on a lattice that ascend by row, then column: made when asked for, found by halving. `pattern` finds
 * row and col in a name.
 */
export function latticeIds(
  row: Int32Array,
  col: Int32Array,
  name: (row: number, col: number) => string,
  pattern: RegExp,
): Ids {
  const at = (i: number): string => {
    if (i >= 0 && i < row.length) return name(row[i], col[i]);
    throw new SpatialError("input", `There is no row ${i} in ${row.length} rows.`);
  };
  const indexOf = (id: string): number => {
    const found = pattern.exec(id)?.groups;
    const [r, c] = [Number(found?.["row"]), Number(found?.["col"])];
    let [low, high] = [0, row.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (row[middle] < r || (row[middle] === r && col[middle] < c)) low = middle + 1;
      else high = middle;
    }
    return low < row.length && at(low) === id ? low : -1;
  };
  return { length: row.length, at, indexOf };
}

/** Centers of squares from those of their bins, each moved by its distance in steps of the array. */
function centers(
  { data, cols, unit, micronsPerUnit }: Positions,
  bins: BinArray,
  group: Int32Array,
  row: Int32Array,
  col: Int32Array,
  factor: number,
): Positions {
  const steps = [0, 1].map((axis) => fittedSteps(data, cols, axis, bins));
  const xy = new Float64Array(2 * row.length);
  const count = new Uint32Array(row.length);
  group.forEach((g, i) => {
    const down = (row[g] + 0.5) * factor - 0.5 - bins.row[i];
    const right = (col[g] + 0.5) * factor - 0.5 - bins.col[i];
    for (let axis = 0; axis < 2; axis++)
      xy[2 * g + axis] += data[i * cols + axis] + steps[axis][0] * down + steps[axis][1] * right;
    count[g]++;
  });
  return positions(
    xy.map((v, k) => v / count[k >> 1]),
    unit,
    micronsPerUnit,
  );
}

/** Change of a coordinate per row and per column of the array, by least squares; 0 along an axis that does not vary. */
function fittedSteps(
  data: Float64Array,
  cols: number,
  axis: number,
  { row, col }: BinArray,
): [number, number] {
  const n = row.length;
  const mean = (value: (i: number) => number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += value(i);
    return sum / n;
  };
  const v = (i: number): number => data[i * cols + axis];
  const [mr, mc, mv] = [mean((i) => row[i]), mean((i) => col[i]), mean(v)];
  const rr = mean((i) => (row[i] - mr) * (row[i] - mr));
  const cc = mean((i) => (col[i] - mc) * (col[i] - mc));
  const rc = mean((i) => (row[i] - mr) * (col[i] - mc));
  const rv = mean((i) => (row[i] - mr) * (v(i) - mv));
  const cv = mean((i) => (col[i] - mc) * (v(i) - mv));
  const det = rr * cc - rc * rc;
  if (det > 1e-9 * rr * cc) return [(rv * cc - cv * rc) / det, (cv * rr - rv * rc) / det];
  return [rr > 0 ? rv / rr : 0, cc > 0 && rr === 0 ? cv / cc : 0];
}
