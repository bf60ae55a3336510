import { checkOptions, either, literal, number, type Rule, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { addRows, columnMoments, startColumns } from "../kernels/accumulate.ts";
import { type Passes, runBlocked, runInMemory } from "../kernels/passes.ts";
import {
  type BlockedMatrix,
  type Dense,
  type Expression,
  requireValues,
  type Sparse,
} from "../model/index.ts";
import type { GeneScores } from "./clipped-variance.ts";
import { type FillRows, fullBlocks, fullMatrix } from "./full.ts";

export interface PearsonResidualsOptions {
  /** Overdispersion of the negative binomial, variance = mu + mu^2 / theta; Infinity is Poisson; default 100. */
  readonly theta?: number;
  /** Residuals are cut to [-clip, clip]; null: sqrt(n); default null. */
  readonly clip?: number | null;
  /** The genes (columns, strictly ascending) of the result; default all. Totals of cells are those of all genes either way. */
  readonly genes?: Uint32Array;
}

/** What a cell's count of a gene is compared with: the totals of both. */
interface Totals {
  /** length n */
  readonly cell: Float64Array;
  /** share of each gene in all counts, length p */
  readonly share: Float64Array;
}

/**
 * How far is each count from what the totals of its cell and its gene make one expect, in standard deviations?
 *
 * mu_ij = total_i total_j / total; residual = (x_ij - mu_ij) / sqrt(mu_ij + mu_ij^2 / theta), cut to +-clip. It stands in for
 * normalization, logarithm and scaling together and gives rare genes that mark a few cells their weight (Lause, Berens and
 * Kobak 2021, doi:10.1186/s13059-021-02451-7). Genes and cells without counts have residual 0.
 *
 * The result is full, 4 n p bytes: choose variable genes (`variableGenes` with flavor "pearson_residuals" needs no full matrix), or take
 * `pearsonResidualsBlocked`, which `pcaBlocked` reads without ever holding it. Cost O(n p). Checked against scanpy's
 * `normalize_pearson_residuals`, which takes the totals over the chosen genes where some were chosen before.
 *
 * @param counts n cells x p genes, counts
 * @returns n x p (or as many columns as `genes`), values "scaled"
 * @throws {SpatialError} `values` unless counts; `memory` above `maxBytes` (default 2e9); `input` for columns that are not there
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { pearsonResiduals } from "tissular/preprocess";
 * const counts = expression(toSparse(dense(2, 2, Float32Array.of(4, 0, 0, 4))), "counts");
 * const { data } = pearsonResiduals(counts, { theta: Infinity });
 * if (Math.abs(data[0] - Math.SQRT2) > 1e-6 || data[0] !== -data[1]) throw new Error("2 are expected everywhere");
 * ```
 */
export function pearsonResiduals(
  counts: Expression<Sparse>,
  options: PearsonResidualsOptions & { readonly maxBytes?: number } = {},
): Expression<Dense> {
  checkOptions("pearsonResiduals", options, { ...rules, maxBytes: number(0) });
  requireValues("pearsonResiduals", counts, "counts");
  const columns = checkColumns(options.genes, counts.cols);
  const fill = filling(runInMemory(counts, totals(counts.rows, counts.cols)), columns, options);
  const hint = "Choose variable genes first (option genes), or use pearsonResidualsBlocked with pcaBlocked.";
  return fullMatrix("pearsonResiduals", counts, columns.length, options.maxBytes ?? 2e9, fill, hint);
}

/**
 * `pearsonResiduals` that are computed whenever a block is read: one pass for the totals, then a view. `pcaBlocked` of it
 * never holds more than 16 MB of residuals.
 *
 * @throws {SpatialError} as `pearsonResiduals` but for `memory`; `aborted`
 *
 * @example
 * ```ts
 * import { dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { pearsonResidualsBlocked } from "tissular/preprocess";
 * import { pcaBlocked } from "tissular/reduce";
 * const counts = expression(toSparse(dense(3, 2, Float32Array.of(4, 0, 0, 4, 2, 2))), "counts");
 * const { scores } = await pcaBlocked(await pearsonResidualsBlocked(toBlocked(counts)), { components: 1 });
 * if (Math.abs(scores.data[2]) > 1e-6) throw new Error("the third lies between the others");
 * ```
 */
export async function pearsonResidualsBlocked(
  counts: Expression<BlockedMatrix>,
  options: PearsonResidualsOptions & RunOptions = {},
): Promise<Expression<BlockedMatrix>> {
  checkOptions("pearsonResidualsBlocked", options, { ...rules, ...runRules });
  requireValues("pearsonResidualsBlocked", counts, "counts");
  const columns = checkColumns(options.genes, counts.cols);
  const found = await runBlocked("totals", counts, totals(counts.rows, counts.cols), options);
  return fullBlocks(counts, columns.length, filling(found, columns, options));
}

const rules: Readonly<Record<keyof PearsonResidualsOptions, Rule>> = {
  theta: either(number(Number.MIN_VALUE), literal(Infinity)),
  clip: either(number(0), literal(null)),
  genes: such("a Uint32Array of columns", (v) => v instanceof Uint32Array),
};

function checkColumns(genes: Uint32Array | undefined, cols: number): Uint32Array {
  if (genes === undefined) return Uint32Array.from({ length: cols }, (_, j) => j);
  genes.forEach((j, at) => {
    if (j < cols && (at === 0 || j > genes[at - 1])) return;
    throw new SpatialError("input", `Columns must ascend strictly below ${cols}, found ${j}.`, {
      subject: "genes",
    });
  });
  return genes;
}

function* totals(rows: number, cols: number): Passes<Totals> {
  const cell = new Float64Array(rows);
  const gene = new Float64Array(cols);
  yield ({ rows: size, indptr, indices, data }, start) => {
    for (let i = 0; i < size; i++) {
      for (let e = indptr[i]; e < indptr[i + 1]; e++) {
        cell[start + i] += data[e];
        gene[indices[e]] += data[e];
      }
    }
  };
  const total = gene.reduce((sum, t) => sum + t, 0);
  return { cell, share: gene.map((t) => (total > 0 ? t / total : 0)) };
}

/** The residual of a count where mu is expected. */
type Residual = (count: number, mu: number) => number;

function residualOf(theta: number, clip: number): Residual {
  return (count, mu) => {
    const r = mu > 0 ? (count - mu) / Math.sqrt(mu + (mu * mu) / theta) : 0;
    return r > clip ? clip : r < -clip ? -clip : r;
  };
}

function filling(
  { cell, share }: Totals,
  columns: Uint32Array,
  { theta = 100, clip }: PearsonResidualsOptions,
): FillRows {
  const residual = residualOf(theta, clip ?? Math.sqrt(cell.length));
  const place = new Int32Array(share.length).fill(-1);
  columns.forEach((j, at) => (place[j] = at));
  return ({ rows, indptr, indices, data }, first, out) => {
    const k = columns.length;
    for (let i = 0; i < rows; i++) {
      const total = cell[first + i];
      for (let at = 0; at < k; at++) out[i * k + at] = residual(0, total * share[columns[at]]);
      for (let e = indptr[i]; e < indptr[i + 1]; e++) {
        const j = indices[e];
        if (place[j] >= 0) out[i * k + place[j]] = residual(data[e], total * share[j]);
      }
    }
  };
}

/**
 * Variance (divided by n) of each gene's Pearson residuals; those of zeros depend on a cell's total only, so they are summed over
 * the totals that occur.
 */
export function* byResidualVariance(p: number, theta: number, clip: number | null): Passes<GeneScores> {
  const moments = startColumns(p);
  const cell: number[] = [];
  yield (block) => {
    addRows(moments, block);
    for (let i = 0; i < block.rows; i++) {
      let total = 0;
      for (let e = block.indptr[i]; e < block.indptr[i + 1]; e++) total += block.data[e];
      cell.push(total);
    }
  };
  const n = cell.length;
  const all = moments.sum.reduce((sum, t) => sum + t, 0);
  const share = moments.sum.map((t) => (all > 0 ? t / all : 0));
  const residual = residualOf(theta, clip ?? Math.sqrt(n));
  const sorted = Float64Array.from(cell).sort();
  const sum = new Float64Array(p);
  const squares = new Float64Array(p);
  for (let i = 0, next = 0; i < n; i = next) {
    while (next < n && sorted[next] === sorted[i]) next++;
    for (let j = 0; j < p; j++) {
      const r = residual(0, sorted[i] * share[j]);
      sum[j] += (next - i) * r;
      squares[j] += (next - i) * r * r;
    }
  }
  yield ({ rows, indptr, indices, data }, start) => {
    for (let i = 0; i < rows; i++) {
      for (let e = indptr[i]; e < indptr[i + 1]; e++) {
        const j = indices[e];
        const mu = cell[start + i] * share[j];
        const r = residual(data[e], mu);
        const zero = residual(0, mu);
        sum[j] += r - zero;
        squares[j] += r * r - zero * zero;
      }
    }
  };
  const { mean, variance } = columnMoments(moments);
  const score = sum.map((s, j) => (share[j] > 0 ? squares[j] / n - (s / n) * (s / n) : 0));
  return { means: mean, variances: variance, score };
}
