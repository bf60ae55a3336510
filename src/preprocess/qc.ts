import { checkOptions, type Rule, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
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

/** Which genes are mitochondrial: told by their names, or by a mask where names do not tell. */
export interface MitochondrialGenes {
  /** p gene symbols; those that start with "MT-" in any case are mitochondrial */
  readonly names: readonly string[];
  /** 1 for mitochondrial genes, length p; replaces what the names say */
  readonly mitochondrial?: Uint8Array;
}

export interface QcMetricsOptions {
  /** For each k, the share of a cell's counts in its k most abundant genes; default none. */
  readonly percentTop?: readonly number[];
}

export interface QcMetricsResult {
  /** counts per cell, length n */
  readonly totalCounts: Float64Array;
  /** genes with a count above 0 per cell, length n */
  readonly nGenes: Int32Array;
  /**
   * Percent of a cell's counts from mitochondrial genes, length n; NaN without counts; null where no gene is
   * mitochondrial.
   */
  readonly pctMito: Float64Array | null;
  /**
   * Percent of a cell's counts in its top genes, one array of length n per entry of `percentTop`; NaN without
   * counts.
   */
  readonly pctTop: readonly Float64Array[];
  readonly genes: {
    /** cells with a count above 0, length p */
    readonly nCells: Int32Array;
    /** length p */
    readonly totalCounts: Float64Array;
    /** length p */
    readonly meanCounts: Float64Array;
    /** percent of cells without a count, length p */
    readonly pctDropout: Float64Array;
  };
  readonly params: { readonly mitochondrialGenes: number; readonly percentTop: readonly number[] };
}

/**
 * How much was measured in each cell and of each gene? Totals, detected genes, mitochondrial share, dropout.
 *
 * Only what stands in `counts` is counted: control probes and proteins live in a dataset's `features` (see
 * `featureTotals`). Where no gene is mitochondrial the share is `null`, never 0: a panel without such genes
 * says nothing about cell health. Cost: three passes over the stored entries. Checked against scanpy's
 * `calculate_qc_metrics`, whose log1p columns are the log1p of these (McCarthy et al. 2017,
 * doi:10.1093/bioinformatics/btw777).
 *
 * @param counts n cells x p genes, counts
 * @param genes the p gene names, and which are mitochondrial if the names do not tell
 * @throws {SpatialError} `values` unless counts; `input` if lengths differ
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { qcMetrics } from "tissular/preprocess";
 * const counts = expression(toSparse(dense(2, 3, Float32Array.of(1, 0, 3, 0, 2, 0))), "counts");
 * const qc = qcMetrics(counts, { names: ["MT-CO1", "ACTB", "GAPDH"] });
 * if (qc.totalCounts.join() !== "4,2" || qc.pctMito?.join() !== "25,0") throw new Error("wrong");
 * if (qc.genes.nCells.join() !== "1,1,1") throw new Error("wrong");
 * ```
 */
export function qcMetrics(
  counts: Expression<Sparse>,
  genes: MitochondrialGenes,
  options: QcMetricsOptions = {},
): QcMetricsResult {
  checkOptions("qcMetrics", options, rules);
  return runInMemory(counts, measured("qcMetrics", counts, genes, options));
}

/**
 * `qcMetrics` of a matrix that is read in blocks: the same numbers in one pass and the memory of one block.
 *
 * @throws {SpatialError} `values` unless counts; `input` if lengths differ; `aborted`
 *
 * @example
 * ```ts
 * import { dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { qcMetricsBlocked } from "tissular/preprocess";
 * const counts = toBlocked(expression(toSparse(dense(2, 2, Float32Array.of(1, 3, 0, 2))), "counts"));
 * const qc = await qcMetricsBlocked(counts, { names: ["MT-CO1", "ACTB"] });
 * if (qc.totalCounts.join() !== "4,2" || qc.pctMito?.join() !== "25,0") throw new Error("wrong");
 * ```
 */
export async function qcMetricsBlocked(
  counts: Expression<BlockedMatrix>,
  genes: MitochondrialGenes,
  options: QcMetricsOptions & RunOptions = {},
): Promise<QcMetricsResult> {
  checkOptions("qcMetricsBlocked", options, { ...rules, ...runRules });
  return runBlocked("QC", counts, measured("qcMetricsBlocked", counts, genes, options), options);
}

const rules: Readonly<Record<keyof QcMetricsOptions, Rule>> = {
  percentTop: such(
    "an array of whole numbers >= 1",
    (v) => Array.isArray(v) && v.every((k) => Number.isSafeInteger(k) && k >= 1),
  ),
};

function* measured(
  verb: string,
  counts: Expression<Matrix>,
  genes: MitochondrialGenes,
  { percentTop = [] }: QcMetricsOptions,
): Passes<QcMetricsResult> {
  requireValues(verb, counts, "counts");
  const { rows, cols } = counts;
  const mask = mitochondrialMask(verb, cols, genes);
  const columns = startColumns(cols);
  const totalCounts = new Float64Array(rows);
  const nGenes = new Int32Array(rows);
  const pctMito = mask && new Float64Array(rows);
  const pctTop = percentTop.map(() => new Float64Array(rows));
  yield (block, start) => {
    addRows(columns, block);
    totalCounts.set(featureTotals(block), start);
    nGenes.set(detected(block), start);
    if (mask) pctMito?.set(mitochondrialPercent(block, mask), start);
    if (percentTop.length > 0) topPercent(block, percentTop).forEach((part, k) => pctTop[k].set(part, start));
  };
  return {
    totalCounts,
    nGenes,
    pctMito,
    pctTop,
    genes: {
      nCells: Int32Array.from(columns.nonzero),
      totalCounts: columns.sum,
      meanCounts: columns.sum.map((s) => s / rows),
      pctDropout: columns.nonzero.map((c) => 100 * (1 - c / rows)),
    },
    params: { mitochondrialGenes: mask?.reduce((sum, is) => sum + is, 0) ?? 0, percentTop },
  };
}

/**
 * The total of each row over one set of features, for example the control probes of a dataset.
 *
 * @param values n cells x q features
 * @returns length n
 *
 * @example
 * ```ts
 * import { dense, toSparse } from "tissular/model";
 * import { featureTotals } from "tissular/preprocess";
 * if (featureTotals(toSparse(dense(2, 2, Float32Array.of(1, 2, 0, 0)))).join() !== "3,0") throw new Error("wrong");
 * ```
 */
export function featureTotals(values: Sparse): Float64Array {
  const totals = new Float64Array(values.rows);
  for (let i = 0; i < values.rows; i++) {
    for (let e = values.indptr[i]; e < values.indptr[i + 1]; e++) totals[i] += values.data[e];
  }
  return totals;
}

/** 1 for mitochondrial genes; null where there are none. */
export function mitochondrialMask(verb: string, cols: number, genes: MitochondrialGenes): Uint8Array | null {
  const mask = genes.mitochondrial
    ? genes.mitochondrial.map((is) => (is === 0 ? 0 : 1))
    : Uint8Array.from(genes.names, (name) => (/^mt-/i.test(name) ? 1 : 0));
  if (mask.length !== cols) {
    const subject = genes.mitochondrial ? "mitochondrial" : "names";
    throw new SpatialError(
      "input",
      `${verb} needs ${subject} to have one entry per gene (${cols}), found ${mask.length}.`,
      { subject },
    );
  }
  return mask.includes(1) ? mask : null;
}

/** The percentage of each row's counts in the genes of the mask, NaN without counts. */
export function mitochondrialPercent(counts: Sparse, mask: Uint8Array): Float64Array {
  const percent = new Float64Array(counts.rows);
  for (let i = 0; i < counts.rows; i++) {
    let total = 0;
    let mito = 0;
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) {
      total += counts.data[e];
      if (mask[counts.indices[e]] === 1) mito += counts.data[e];
    }
    percent[i] = (100 * mito) / total;
  }
  return percent;
}

/** Genes with a count above 0, per row. */
export function detected(counts: Sparse): Int32Array {
  const genes = new Int32Array(counts.rows);
  for (let i = 0; i < counts.rows; i++) {
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) if (counts.data[e] > 0) genes[i]++;
  }
  return genes;
}

function topPercent(counts: Sparse, percentTop: readonly number[]): Float64Array[] {
  const percent = percentTop.map(() => new Float64Array(counts.rows));
  for (let i = 0; i < counts.rows; i++) {
    const upTo = counts.data
      .slice(counts.indptr[i], counts.indptr[i + 1])
      .sort()
      .reverse();
    const running = new Float64Array(upTo.length + 1);
    for (let k = 0; k < upTo.length; k++) running[k + 1] = running[k] + upTo[k];
    const total = running[upTo.length];
    percentTop.forEach((k, at) => (percent[at][i] = (100 * running[Math.min(k, upTo.length)]) / total));
  }
  return percent;
}
