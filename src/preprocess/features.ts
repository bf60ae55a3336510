import {
  checkOptions,
  either,
  integer,
  literal,
  number,
  oneOf,
  type Rule,
  runRules,
  such,
} from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { log1p } from "../kernels/math.ts";
import { among, type Passes, runBlocked, runInMemory, together } from "../kernels/passes.ts";
import {
  type BlockedMatrix,
  type Categorical,
  type Expression,
  type Matrix,
  requireValues,
  type Sparse,
  type Values,
} from "../model/index.ts";
import { mean, median } from "../stats/index.ts";
import { byClippedVariance, type GeneScores } from "./clipped-variance.ts";
import { byDispersion } from "./dispersion.ts";
import { byResidualVariance } from "./residuals.ts";

export type VariableGenesFlavor = "seurat_v3" | "seurat" | "cell_ranger" | "pearson_residuals";

export interface VariableGenesOptions {
  /** Default "seurat_v3", on counts, as "pearson_residuals"; "seurat" works on log values, "cell_ranger" on log or normalized ones. */
  readonly flavor?: VariableGenesFlavor;
  /** How many genes; default 2000. null (flavors "seurat" and "cell_ranger" only): those that pass the cutoffs. */
  readonly top?: number | null;
  /** Only genes with a log1p mean above this, where `top` is null; default 0.0125. */
  readonly minMean?: number;
  /** Only genes with a log1p mean below this, where `top` is null; default 3. */
  readonly maxMean?: number;
  /** Only genes with a score above this, where `top` is null; default 0.5. */
  readonly minScore?: number;
  /** Fraction of the genes in a neighborhood of the trend (flavor "seurat_v3"); default 0.3. */
  readonly span?: number;
  /** Overdispersion (flavor "pearson_residuals"), as in `pearsonResiduals`; default 100. */
  readonly theta?: number;
  /** Residuals are cut to this (flavor "pearson_residuals"); null: sqrt(n) of the sample; default null. */
  readonly clip?: number | null;
  /**
   * Sample of each cell: genes are scored within each sample, so that differences between samples do not count;
   * default one sample. Every cell must have one.
   */
  readonly sample?: Categorical;
}

export interface VariableGenesResult {
  /** columns of the chosen genes, ascending */
  readonly selected: Uint32Array;
  /** 1 for chosen genes, length p */
  readonly highlyVariable: Uint8Array;
  /** place among all genes, 0 is the most variable, length p */
  readonly rank: Int32Array;
  /** mean over all cells of the counts or, for flavor "seurat", of expm1 of the log values, for "cell_ranger" of the values; length p */
  readonly means: Float64Array;
  /** variance (divided by n - 1) of the same values; length p */
  readonly variances: Float64Array;
  /**
   * What genes are compared by: variance after standardization by the trend, the dispersion standardized within its bin
   * (NaN where undefined), or the variance of the residuals; the mean over samples, 0 in those that lack the gene; length p.
   */
  readonly score: Float64Array;
  readonly params: {
    readonly flavor: VariableGenesFlavor;
    readonly top: number | null;
    readonly minMean: number;
    readonly maxMean: number;
    readonly minScore: number;
    readonly span: number;
    readonly theta: number;
    readonly clip: number | null;
    readonly samples: number;
  };
}

/**
 * Which genes vary more between cells than genes of their abundance usually do?
 *
 * - `seurat_v3` (Stuart et al. 2019, doi:10.1016/j.cell.2019.05.031): a local quadratic regression of log10
 *   variance on log10 mean gives each gene its expected standard deviation s; counts are cut at mean + s
 *   sqrt(n), and the score is the variance of (count - mean) / s. The regression is that of Cleveland and
 *   Grosse with its interpolated surface, to 1e-14 of scikit-misc's.
 * - `seurat` (Satija et al. 2015, doi:10.1038/nbt.3192): log(variance / mean) of expm1 of the values,
 *   standardized within 20 bins of equal width in log1p(mean).
 * - `cell_ranger` (Zheng et al. 2017, doi:10.1038/ncomms14049): variance / mean of the values as they are (log values as in
 *   scanpy, or normalized ones), standardized by median and median absolute deviation within 20 bins between percentiles of the mean.
 * - `pearson_residuals` (Lause et al. 2021, doi:10.1186/s13059-021-02451-7): the variance of the residuals of `pearsonResiduals`.
 *
 * With several samples each is scored alone. "seurat_v3" orders genes by their median rank over the samples that have them in the
 * top, then by the number of such samples; "pearson_residuals" by the number first; "seurat" and "cell_ranger" by
 * the number, then by the mean score. Genes that do not vary are never chosen, so fewer than `top` may be. Ties go to the first gene.
 * Cost: one or two passes over the stored entries; for "pearson_residuals" also p times the number of different totals of
 * cells. Checked against scanpy's `highly_variable_genes`.
 *
 * @param x n cells x p genes; counts for "seurat_v3" and "pearson_residuals", log values for "seurat", log or normalized ones for "cell_ranger"
 * @throws {SpatialError} `values` if the flavor does not fit the values; `input` for fewer than 2 cells in a sample
 *   or a cell without one
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { variableGenes } from "tissular/preprocess";
 * const n = 40;
 * const counts = dense(n, 30, Float32Array.from({ length: n * 30 }, (_, e) => ((e * 7) % 11) + (e % 30 === 4 && e < 600 ? 60 : 0)));
 * const { selected } = variableGenes(expression(toSparse(counts), "counts"), { top: 1 });
 * if (selected.join() !== "4") throw new Error("wrong");
 * ```
 */
export function variableGenes(
  x: Expression<Sparse>,
  options: VariableGenesOptions = {},
): VariableGenesResult {
  checkOptions("variableGenes", options, rules(x.rows));
  return runInMemory(x, chosenGenes("variableGenes", x, options));
}

/**
 * `variableGenes` of a matrix that is read in blocks: the same genes in two passes ("seurat_v3") or one ("seurat"), in the
 * memory of one block.
 *
 * @throws {SpatialError} as `variableGenes`; `aborted`
 *
 * @example
 * ```ts
 * import { dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { variableGenesBlocked } from "tissular/preprocess";
 * const n = 40;
 * const counts = dense(n, 30, Float32Array.from({ length: n * 30 }, (_, e) => ((e * 7) % 11) + (e % 30 === 4 && e < 600 ? 60 : 0)));
 * const x = toBlocked(expression(toSparse(counts), "counts"));
 * if ((await variableGenesBlocked(x, { top: 1 })).selected.join() !== "4") throw new Error("wrong");
 * ```
 */
export async function variableGenesBlocked(
  x: Expression<BlockedMatrix>,
  options: VariableGenesOptions & RunOptions = {},
): Promise<VariableGenesResult> {
  checkOptions("variableGenesBlocked", options, { ...rules(x.rows), ...runRules });
  return runBlocked("variable genes", x, chosenGenes("variableGenesBlocked", x, options), options);
}

const rules = (n: number): Readonly<Record<keyof VariableGenesOptions, Rule>> => ({
  flavor: oneOf("seurat_v3", "seurat", "cell_ranger", "pearson_residuals"),
  top: either(integer(1), literal(null)),
  minMean: number(),
  maxMean: number(),
  minScore: number(),
  span: number(0.01, 1),
  theta: either(number(Number.MIN_VALUE), literal(Infinity)),
  clip: either(number(0), literal(null)),
  sample: such(`a categorical of ${n} cells`, (v) => (v as Categorical)?.codes?.length === n),
});

function* chosenGenes(
  verb: string,
  x: Expression<Matrix>,
  options: VariableGenesOptions,
): Passes<VariableGenesResult> {
  const { flavor = "seurat_v3", top = 2000, sample } = options;
  const { minMean = 0.0125, maxMean = 3, minScore = 0.5, span = 0.3, theta = 100, clip = null } = options;
  const isOfLogs = flavor === "seurat" || flavor === "cell_ranger";
  const fitting: Record<VariableGenesFlavor, readonly Values[]> = {
    seurat_v3: ["counts"],
    pearson_residuals: ["counts"],
    seurat: ["log"],
    cell_ranger: ["log", "normalized"],
  };
  requireValues(`${verb} with flavor "${flavor}"`, x, ...fitting[flavor]);
  if (top === null && !isOfLogs) {
    throw new SpatialError("option", `${verb}: top may be null only with flavor "seurat" or "cell_ranger".`, {
      subject: "top",
    });
  }
  const measure = (isPart: boolean): Passes<GeneScores> => {
    if (isOfLogs) return byDispersion(x.cols, flavor, isPart);
    return flavor === "seurat_v3" ? byClippedVariance(x.cols, span) : byResidualVariance(x.cols, theta, clip);
  };
  const samples = sample ? rowsBySample(sample) : [];
  if (sample?.codes.includes(-1)) {
    throw new SpatialError("input", `${verb}: every cell must have a sample, found missing ones.`, {
      subject: "sample",
    });
  }
  if (samples.some((rows) => rows.length < 2) || x.rows < 2) {
    throw new SpatialError("input", `${verb} needs at least 2 cells in each sample.`, { subject: "x" });
  }
  const [whole, ...alone] = yield* together([
    measure(false),
    ...(samples.length > 1 ? samples.map((rows) => among(rows, measure(true))) : []),
  ]);
  const score = alone.length > 0 ? meanScores(alone) : whole.score;
  const order = alone.length > 0 ? overSamples(alone, top ?? x.cols, score, flavor) : descending(score);

  const passes = (j: number): boolean => {
    if (!(whole.variances[j] > 0) || score[j] !== score[j]) return false;
    const level = log1p(whole.means[j]);
    return top !== null || (level > minMean && level < maxMean && score[j] > minScore);
  };
  const selected = order
    .filter(passes)
    .subarray(0, top ?? x.cols)
    .sort();
  const highlyVariable = new Uint8Array(x.cols);
  for (const j of selected) highlyVariable[j] = 1;
  return {
    selected,
    highlyVariable,
    rank: placeOf(order),
    means: whole.means,
    variances: whole.variances,
    score,
    params: {
      flavor,
      top,
      minMean,
      maxMean,
      minScore,
      span,
      theta,
      clip,
      samples: Math.max(1, alone.length),
    },
  };
}

function rowsBySample(sample: Categorical): number[][] {
  const rows: number[][] = sample.categories.map(() => []);
  sample.codes.forEach((code, i) => code >= 0 && rows[code].push(i));
  return rows.filter((r) => r.length > 0);
}

/** The mean of each gene's scores where they are defined; 0 in a sample that lacks the gene. */
function meanScores(parts: readonly GeneScores[]): Float64Array {
  return parts[0].score.map((_, j) => mean(parts.map(({ means, score }) => (means[j] === 0 ? 0 : score[j]))));
}

/** Genes from the largest score to the smallest; undefined scores last, ties by gene. */
function descending(score: Float64Array): Uint32Array {
  const key = score.map((s) => (s === s ? -s : Infinity));
  return Uint32Array.from(score.keys()).sort((a, b) => (key[a] < key[b] ? -1 : key[a] > key[b] ? 1 : a - b));
}

/** The inverse of an order. */
function placeOf(order: Uint32Array): Int32Array {
  const place = new Int32Array(order.length);
  order.forEach((j, at) => (place[j] = at));
  return place;
}

/** Genes by how many samples have them in the top, by their median place there and by their mean score, as the flavor orders them. */
function overSamples(
  parts: readonly GeneScores[],
  top: number,
  score: Float64Array,
  flavor: VariableGenesFlavor,
): Uint32Array {
  const places = parts.map((part) => placeOf(descending(part.score)));
  const middle = new Float64Array(score.length).fill(Infinity);
  const times = new Float64Array(score.length);
  for (let j = 0; j < score.length; j++) {
    const inTop = places
      .map((place) => place[j])
      .filter((at, s) => at < top && !Number.isNaN(parts[s].score[j]));
    times[j] = -inTop.length;
    if (inTop.length > 0) middle[j] = median(inTop);
  }
  const falling = score.map((s) => (s === s ? -s : Infinity));
  const [first, second] = {
    seurat_v3: [middle, times],
    pearson_residuals: [times, middle],
    seurat: [times, falling],
    cell_ranger: [times, falling],
  }[flavor];
  const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
  return Uint32Array.from(score.keys()).sort(
    (a, b) => compare(first[a], first[b]) || compare(second[a], second[b]) || a - b,
  );
}
