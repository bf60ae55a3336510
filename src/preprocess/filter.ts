import { checkOptions, integer, number, type Rule, runRules, such } from "../core/check.ts";
import type { RunOptions } from "../core/progress.ts";
import { addRows, startColumns } from "../kernels/accumulate.ts";
import { type Passes, runBlocked, runInMemory } from "../kernels/passes.ts";
import {
  type BlockedMatrix,
  type Expression,
  type Matrix,
  requireValues,
  type Sparse,
} from "../model/index.ts";
import {
  detected,
  featureTotals,
  type MitochondrialGenes,
  mitochondrialMask,
  mitochondrialPercent,
} from "./qc.ts";

export interface FilterCellsOptions extends Partial<MitochondrialGenes> {
  /** Default 1: drops observations without any count. */
  readonly minCounts?: number;
  /** Default 0. */
  readonly minGenes?: number;
  /**
   * Largest percentage of mitochondrial counts; needs `names` or `mitochondrial`. Default: no cutoff. Unknown
   * shares pass.
   */
  readonly maxPctMito?: number;
}

/**
 * Which cells have enough counts and genes, and not too large a mitochondrial share?
 *
 * @param counts n cells x p genes, counts
 * @returns rows to keep, ascending
 * @throws {SpatialError} `values` unless counts; `input` if `maxPctMito` comes without names or mask of p genes
 *
 * @example
 * ```ts
 * import { dense, expression, selectRows, toSparse } from "tissular/model";
 * import { filterCells } from "tissular/preprocess";
 * const counts = expression(toSparse(dense(3, 1, Float32Array.of(5, 0, 2))), "counts");
 * if (selectRows(counts, filterCells(counts)).rows !== 2) throw new Error("wrong");
 * ```
 */
export function filterCells(counts: Expression<Sparse>, options: FilterCellsOptions = {}): Uint32Array {
  checkOptions("filterCells", options, cellRules);
  return runInMemory(counts, passingCells("filterCells", counts, options));
}

/**
 * `filterCells` of a matrix that is read in blocks: the same rows in one pass, for `selectRowsBlocked`.
 *
 * @throws {SpatialError} as `filterCells`; `aborted`
 *
 * @example
 * ```ts
 * import { dense, expression, selectRowsBlocked, toBlocked, toSparse } from "tissular/model";
 * import { filterCellsBlocked } from "tissular/preprocess";
 * const counts = toBlocked(expression(toSparse(dense(3, 1, Float32Array.of(5, 0, 2))), "counts"));
 * if (selectRowsBlocked(counts, await filterCellsBlocked(counts)).rows !== 2) throw new Error("wrong");
 * ```
 */
export async function filterCellsBlocked(
  counts: Expression<BlockedMatrix>,
  options: FilterCellsOptions & RunOptions = {},
): Promise<Uint32Array> {
  checkOptions("filterCellsBlocked", options, { ...cellRules, ...runRules });
  return runBlocked("filter cells", counts, passingCells("filterCellsBlocked", counts, options), options);
}

const cellRules: Readonly<Record<keyof FilterCellsOptions, Rule>> = {
  minCounts: number(0),
  minGenes: integer(0),
  maxPctMito: number(0, 100),
  names: such("an array of strings", (v) => Array.isArray(v)),
  mitochondrial: such("a Uint8Array", (v) => v instanceof Uint8Array),
};

function* passingCells(
  verb: string,
  counts: Expression<Matrix>,
  options: FilterCellsOptions,
): Passes<Uint32Array> {
  requireValues(verb, counts, "counts");
  const { minCounts = 1, minGenes = 0, maxPctMito = null, names = [], mitochondrial } = options;
  const mask = maxPctMito === null ? null : mitochondrialMask(verb, counts.cols, { names, mitochondrial });
  const kept = new Uint32Array(counts.rows);
  let m = 0;
  yield (block, start) => {
    const totals = featureTotals(block);
    const genes = detected(block);
    const pctMito = mask && mitochondrialPercent(block, mask);
    for (let i = 0; i < block.rows; i++) {
      const isStressed = pctMito !== null && maxPctMito !== null && pctMito[i] > maxPctMito;
      if (totals[i] >= minCounts && genes[i] >= minGenes && !isStressed) kept[m++] = start + i;
    }
  };
  return kept.slice(0, m);
}

export interface FilterGenesOptions {
  /** Default 3: genes seen in fewer cells carry no pattern. */
  readonly minCells?: number;
  /** Default 0. */
  readonly minCounts?: number;
}

/**
 * Which genes were seen in enough cells?
 *
 * @param counts n cells x p genes, counts
 * @returns columns to keep, ascending
 * @throws {SpatialError} `values` unless counts
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { filterGenes } from "tissular/preprocess";
 * const counts = expression(toSparse(dense(3, 2, Float32Array.of(5, 0, 2, 1, 1, 0))), "counts");
 * if (filterGenes(counts).join() !== "0") throw new Error("wrong");
 * ```
 */
export function filterGenes(counts: Expression<Sparse>, options: FilterGenesOptions = {}): Uint32Array {
  checkOptions("filterGenes", options, geneRules);
  return runInMemory(counts, passingGenes("filterGenes", counts, options));
}

/**
 * `filterGenes` of a matrix that is read in blocks: the same columns in one pass, for `selectColumnsBlocked`.
 *
 * @throws {SpatialError} `values` unless counts; `aborted`
 *
 * @example
 * ```ts
 * import { dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { filterGenesBlocked } from "tissular/preprocess";
 * const counts = expression(toSparse(dense(3, 2, Float32Array.of(5, 0, 2, 1, 1, 0))), "counts");
 * if ((await filterGenesBlocked(toBlocked(counts))).join() !== "0") throw new Error("wrong");
 * ```
 */
export async function filterGenesBlocked(
  counts: Expression<BlockedMatrix>,
  options: FilterGenesOptions & RunOptions = {},
): Promise<Uint32Array> {
  checkOptions("filterGenesBlocked", options, { ...geneRules, ...runRules });
  return runBlocked("filter genes", counts, passingGenes("filterGenesBlocked", counts, options), options);
}

const geneRules: Readonly<Record<keyof FilterGenesOptions, Rule>> = {
  minCells: integer(0),
  minCounts: number(0),
};

function* passingGenes(
  verb: string,
  counts: Expression<Matrix>,
  { minCells = 3, minCounts = 0 }: FilterGenesOptions,
): Passes<Uint32Array> {
  requireValues(verb, counts, "counts");
  const columns = startColumns(counts.cols);
  yield (block) => addRows(columns, block);
  return Uint32Array.from(columns.sum.keys()).filter(
    (j) => columns.nonzero[j] >= minCells && columns.sum[j] >= minCounts,
  );
}
