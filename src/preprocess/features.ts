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
} from "../model/index.ts";
import { median } from "../stats/index.ts";
import { byClippedVariance, type GeneScores } from "./clipped-variance.ts";
import { byDispersion } from "./dispersion.ts";

export interface VariableGenesOptions {
  /** Default "seurat_v3", on counts; "seurat" works on log values. */
  readonly flavor?: "seurat_v3" | "seurat";
  /** How many genes; default 2000. null (flavor "seurat" only): those that pass the cutoffs. */
  readonly top?: number | null;
  /** Only genes with a log1p mean above this, where `top` is null; default 0.0125. */
  readonly minMean?: number;
  /** Only genes with a log1p mean below this, where `top` is null; default 3. */
  readonly maxMean?: number;
  /** Only genes with a score above this, where `top` is null; default 0.5. */
  readonly minScore?: number;
  /** Fraction of the genes in a neighborhood of the trend (flavor "seurat_v3"); default 0.3. */
  readonly span?: number;
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
  /** mean over all cells of the counts or, for flavor "seurat", of expm1 of the log values; length p */
  readonly means: Float64Array;
  /** variance (divided by n - 1) of the same values; length p */
  readonly variances: Float64Array;
  /**
   * What genes are compared by: variance after standardization by the trend, or the dispersion standardized
   * within its bin (NaN where undefined); the mean over samples; length p.
   */
  readonly score: Float64Array;
  readonly params: {
    readonly flavor: "seurat_v3" | "seurat";
    readonly top: number | null;
    readonly minMean: number;
    readonly maxMean: number;
    readonly minScore: number;
    readonly span: number;
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
 *
 * With several samples each is scored alone, and genes are ordered by their median rank over the samples that
 * have them in the top, then by the number of such samples. Genes that do not vary are never chosen, so fewer
 * than `top` may be. Ties go to the first gene. Cost: two passes over the stored entries. Checked against
 * scanpy's `highly_variable_genes`.
 *
 * @param x n cells x p genes; counts for "seurat_v3", log values for "seurat"
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
  flavor: oneOf("seurat_v3", "seurat"),
  top: either(integer(1), literal(null)),
  minMean: number(),
  maxMean: number(),
  minScore: number(),
  span: number(0.01, 1),
  sample: such(`a categorical of ${n} cells`, (v) => (v as Categorical)?.codes?.length === n),
});

function* chosenGenes(
  verb: string,
  x: Expression<Matrix>,
  options: VariableGenesOptions,
): Passes<VariableGenesResult> {
  const { flavor = "seurat_v3", top = 2000, sample } = options;
  const { minMean = 0.0125, maxMean = 3, minScore = 0.5, span = 0.3 } = options;
  requireValues(`${verb} with flavor "${flavor}"`, x, flavor === "seurat" ? "log" : "counts");
  if (top === null && flavor !== "seurat") {
    throw new SpatialError("option", `${verb}: top may be null only with flavor "seurat".`, {
      subject: "top",
    });
  }
  const measure = (): Passes<GeneScores> =>
    flavor === "seurat" ? byDispersion(x.cols) : byClippedVariance(x.cols, span);
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
    measure(),
    ...(samples.length > 1 ? samples.map((rows) => among(rows, measure())) : []),
  ]);
  const parts = alone.length > 0 ? alone.map((part) => part.score) : [whole.score];
  const score = meanOf(parts);
  const order = parts.length > 1 ? byMedianRank(parts, top ?? x.cols) : descending(score);

  const passes = (j: number): boolean => {
    if (!(whole.variances[j] > 0) || score[j] !== score[j]) return false;
    const mean = log1p(whole.means[j]);
    return top !== null || (mean > minMean && mean < maxMean && score[j] > minScore);
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
    params: { flavor, top, minMean, maxMean, minScore, span, samples: parts.length },
  };
}

function rowsBySample(sample: Categorical): number[][] {
  const rows: number[][] = sample.categories.map(() => []);
  sample.codes.forEach((code, i) => code >= 0 && rows[code].push(i));
  return rows.filter((r) => r.length > 0);
}

function meanOf(parts: readonly Float64Array[]): Float64Array {
  return parts[0].map((_, j) => parts.reduce((sum, part) => sum + part[j], 0) / parts.length);
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

/** Genes by their median place over the samples that have them in the top, then by the number of such samples. */
function byMedianRank(parts: readonly Float64Array[], top: number): Uint32Array {
  const places = parts.map((score) => placeOf(descending(score)));
  const p = parts[0].length;
  const middle = new Float64Array(p).fill(Infinity);
  const times = new Int32Array(p);
  for (let j = 0; j < p; j++) {
    const inTop = places.map((place) => place[j]).filter((at) => at < top);
    times[j] = inTop.length;
    if (inTop.length > 0) middle[j] = median(inTop);
  }
  return Uint32Array.from(middle.keys()).sort((a, b) =>
    middle[a] !== middle[b] ? (middle[a] < middle[b] ? -1 : 1) : times[b] - times[a] || a - b,
  );
}
