import { boolean, checkOptions, oneOf, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { sampleVariance } from "../kernels/accumulate.ts";
import { expm1, log2 } from "../kernels/math.ts";
import { forEachRows } from "../kernels/passes.ts";
import { type RankSums, rankSums } from "../kernels/rank-sums.ts";
import {
  type BlockedMatrix,
  type Categorical,
  type Dense,
  type Expression,
  expression,
  requireValues,
  type Sparse,
  toBlocked,
  toSparse,
  type Values,
} from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import { rankSumFromRanks, welchFromMoments } from "../stats/tests.ts";

export interface RankGenesOptions extends RunOptions {
  /** Default "wilcoxon". */
  readonly method?: "wilcoxon" | "t-test";
  /**
   * Correct the rank sum's variance for ties, default true (scanpy's default is false, which loses power on
   * sparse data).
   */
  readonly tieCorrection?: boolean;
}

/** Arrays are row-major groups x genes, length k p: gene j of group g is at g p + j. */
export interface RankGenesResult {
  /** The categories of the labels, length k. */
  readonly groups: readonly string[];
  /** Standardized rank sum or Welch's t; positive where the group has the larger values. */
  readonly scores: Float64Array;
  /**
   * log2 of the ratio of mean expression (expm1 of the mean log value) inside and outside the group; null for
   * scaled values.
   */
  readonly logFoldChange: Float64Array | null;
  /** Two-sided. */
  readonly pValue: Float64Array;
  /** Benjamini and Hochberg over the genes of a group. */
  readonly pAdjusted: Float64Array;
  /** Mean value inside the group. */
  readonly meanIn: Float64Array;
  /** Fraction of the group's cells with a value that is not 0. */
  readonly fractionIn: Float64Array;
  /** The same over the labeled cells outside the group. */
  readonly fractionOut: Float64Array;
  readonly params: { readonly method: "wilcoxon" | "t-test"; readonly tieCorrection: boolean };
}

/**
 * Which genes mark each group? Compares every gene between the cells of a group and all other labeled cells.
 *
 * - `wilcoxon`: rank sum test by the normal approximation, ties corrected, no continuity correction;
 * - `t-test`: Welch's, with sample variances.
 *
 * log fold change = log2((expm1(mean_in) + 1e-9) / (expm1(mean_out) + 1e-9)) with means of log values. The
 * groups were usually found on the same genes, so p-values order genes rather than prove differences.
 *
 * Cells with label -1 take no part. A group of fewer than two cells, or with fewer than two outside it, has NaN
 * scores and p-values, and a gene that is the same in all cells has score 0 and p 1. Cost: the entries of each
 * gene are sorted once for all groups, nothing is made dense: O(m log + k p). Checked against scanpy's
 * `rank_genes_groups`; test of Wilcoxon 1945 (doi:10.2307/3001968), use on single cells of Soneson and Robinson
 * 2018 (doi:10.1038/nmeth.4612).
 *
 * @param x n cells x p genes, log values (or scaled, then without fold changes)
 * @param labels the group of each cell, k categories
 * @throws {SpatialError} `values` for counts and normalized values; `input` if lengths differ; `aborted`
 *
 * @example
 * ```ts
 * import { categorical, dense, expression, toSparse } from "tissular/model";
 * import { rankGenes } from "tissular/cluster";
 * const x = expression(toSparse(dense(4, 2, Float32Array.of(2, 0, 3, 1, 0, 1, 0, 0))), "log");
 * const labels = categorical(Int32Array.of(0, 0, 1, 1), ["a", "b"]);
 * const { scores, fractionIn, logFoldChange } = await rankGenes(x, labels);
 * if (!(scores[0] > 0 && scores[2] < 0 && logFoldChange![0] > 0)) throw new Error("gene 0 marks a");
 * if (fractionIn.join() !== "1,0.5,0,0.5") throw new Error("wrong");
 * ```
 */
export async function rankGenes(
  x: Expression<Sparse> | Expression<Dense>,
  labels: Categorical,
  options: RankGenesOptions = {},
): Promise<RankGenesResult> {
  const [result] = await rankGenesEach(x, [labels], options);
  return result;
}

/** `rankGenes` of several labelings of the same cells: the values of a gene are sorted once for all of them. */
export async function rankGenesEach(
  x: Expression<Sparse> | Expression<Dense>,
  labelings: readonly Categorical[],
  options: RankGenesOptions = {},
): Promise<RankGenesResult[]> {
  checkOptions("rankGenes", options, {
    method: oneOf("wilcoxon", "t-test"),
    tieCorrection: boolean(),
    ...runRules,
  });
  const { method = "wilcoxon", tieCorrection = true } = options;
  const matrix: Expression<Sparse> = x.kind === "sparse" ? x : expression(toSparse(x), x.values);
  const all: Groups[] = [];
  for (const labels of labelings) all.push(await groupsOf("rankGenes", toBlocked(matrix), labels, options));
  const ranked =
    method === "wilcoxon"
      ? await rankSums(
          matrix,
          all.map(({ sizes }, l) => ({ codes: labelings[l].codes, sizes })),
          options,
        )
      : null;
  const results: RankGenesResult[] = [];
  for (const [l, groups] of all.entries()) {
    const test =
      ranked === null ? tTest(groups, options) : wilcoxon(groups, ranked[l], tieCorrection, options);
    results.push(tested(groups, await test, tieCorrection));
  }
  return results;
}

async function wilcoxon(
  groups: Groups,
  { sums, ties }: RankSums,
  tieCorrection: boolean,
  run: RunOptions,
): Promise<Test> {
  const { k, p, sizes, sizesOut, meanIn, meanOut } = groups;
  const scores = new Float64Array(k * p).fill(NaN);
  const pValue = new Float64Array(k * p).fill(NaN);
  const visit = (j: number): void => {
    for (let c = 0; c < k; c++) {
      const at = c * p + j;
      if (!isTestable(groups, c) || Number.isNaN(meanIn[at] + meanOut[at])) continue;
      const result = rankSumFromRanks(sums[j * k + c], sizes[c], sizesOut[c], tieCorrection ? ties[j] : 0);
      scores[at] = result.z;
      pValue[at] = result.pValue;
    }
  };
  const block = (start: number, end: number): void => {
    for (let j = start; j < end; j++) visit(j);
  };
  await forEachBlock("markers", p, Math.ceil(65_536 / Math.max(1, k)), block, { signal: run.signal });
  return { method: "wilcoxon", scores, pValue };
}

/**
 * `rankGenes` by Welch's t-test of a matrix that is read in blocks: the same numbers in one pass, in the memory of one block
 * and 24 k p bytes. (Ranks would need every value of a gene at once: `collectBlocks` the genes of interest for those.)
 *
 * @throws {SpatialError} as `rankGenes`
 *
 * @example
 * ```ts
 * import { categorical, dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { rankGenesBlocked } from "tissular/cluster";
 * const x = toBlocked(expression(toSparse(dense(4, 2, Float32Array.of(2, 0, 3, 1, 0, 1, 0, 0))), "log"));
 * const { scores } = await rankGenesBlocked(x, categorical(Int32Array.of(0, 0, 1, 1), ["a", "b"]));
 * if (!(scores[0] > 0 && scores[2] < 0)) throw new Error("gene 0 marks a");
 * ```
 */
export async function rankGenesBlocked(
  x: Expression<BlockedMatrix>,
  labels: Categorical,
  options: RunOptions = {},
): Promise<RankGenesResult> {
  checkOptions("rankGenesBlocked", options, runRules);
  const groups = await groupsOf("rankGenesBlocked", x, labels, options);
  return tested(groups, await tTest(groups, options), true);
}

/** What the groups add up to; arrays over groups and genes are row-major k x p. */
interface Groups {
  readonly names: readonly string[];
  readonly values: Values;
  readonly k: number;
  readonly p: number;
  /** cells in each group, and labeled cells outside it */
  readonly sizes: Float64Array;
  readonly sizesOut: Float64Array;
  readonly inside: GroupSums;
  readonly outside: GroupSums;
  readonly meanIn: Float64Array;
  readonly meanOut: Float64Array;
}

async function groupsOf(
  verb: string,
  x: Expression<BlockedMatrix>,
  labels: Categorical,
  run: RunOptions,
): Promise<Groups> {
  requireValues(verb, x, "log", "scaled");
  if (labels.codes.length !== x.rows) {
    throw new SpatialError(
      "input",
      `${verb} needs one label per cell (${x.rows}), found ${labels.codes.length}.`,
      { subject: "labels" },
    );
  }
  const p = x.cols;
  const k = labels.categories.length;
  const sizes = new Float64Array(k);
  for (const code of labels.codes) if (code >= 0) sizes[code]++;
  const inside = await groupSums(x, labels.codes, k, run);
  const outside = {
    sum: others(inside.sum, k),
    squares: others(inside.squares, k),
    nonzero: others(inside.nonzero, k),
  };
  const sizesOut = others(sizes, k);
  const meanIn = inside.sum.map((s, at) => s / sizes[Math.floor(at / p)]);
  const meanOut = outside.sum.map((s, at) => s / sizesOut[Math.floor(at / p)]);
  return {
    names: labels.categories,
    values: x.values,
    k,
    p,
    sizes,
    sizesOut,
    inside,
    outside,
    meanIn,
    meanOut,
  };
}

const isTestable = ({ sizes, sizesOut }: Groups, c: number): boolean => sizes[c] >= 2 && sizesOut[c] >= 2;

interface Test {
  readonly method: "wilcoxon" | "t-test";
  readonly scores: Float64Array;
  readonly pValue: Float64Array;
}

async function tTest(groups: Groups, run: RunOptions): Promise<Test> {
  const { k, p, sizes, sizesOut, inside, outside, meanIn, meanOut } = groups;
  const scores = new Float64Array(k * p).fill(NaN);
  const pValue = new Float64Array(k * p).fill(NaN);
  const test = (at: number): void => {
    const c = Math.floor(at / p);
    if (!isTestable(groups, c)) return;
    const group = {
      n: sizes[c],
      mean: meanIn[at],
      variance: sampleVariance(sizes[c], inside.sum[at], inside.squares[at]),
    };
    const rest = {
      n: sizesOut[c],
      mean: meanOut[at],
      variance: sampleVariance(sizesOut[c], outside.sum[at], outside.squares[at]),
    };
    const result = welchFromMoments(group, rest);
    scores[at] = result.t;
    pValue[at] = result.pValue;
  };
  const block = (start: number, end: number): void => {
    for (let at = start; at < end; at++) test(at);
  };
  await forEachBlock("markers", k * p, 65536, block, run);
  return { method: "t-test", scores, pValue };
}

function tested(groups: Groups, test: Test, tieCorrection: boolean): RankGenesResult {
  const { names, values, k, p, sizes, sizesOut, inside, outside, meanIn, meanOut } = groups;
  const { method, scores, pValue } = test;
  const pAdjusted = new Float64Array(k * p);
  for (let c = 0; c < k; c++) pAdjusted.set(adjustPValues(pValue.subarray(c * p, (c + 1) * p)), c * p);
  return {
    groups: names,
    scores,
    logFoldChange:
      values === "log" ? meanIn.map((m, at) => log2((expm1(m) + 1e-9) / (expm1(meanOut[at]) + 1e-9))) : null,
    pValue,
    pAdjusted,
    meanIn,
    fractionIn: inside.nonzero.map((m, at) => m / sizes[Math.floor(at / p)]),
    fractionOut: outside.nonzero.map((m, at) => m / sizesOut[Math.floor(at / p)]),
    params: { method, tieCorrection },
  };
}

/** Per group and gene, row-major k x p. */
interface GroupSums {
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  /** entries that are not 0 */
  readonly nonzero: Float64Array;
}

async function groupSums(
  x: BlockedMatrix,
  codes: Int32Array,
  k: number,
  run: RunOptions,
): Promise<GroupSums> {
  const p = x.cols;
  const sum = new Float64Array(k * p);
  const squares = new Float64Array(k * p);
  const nonzero = new Float64Array(k * p);
  const add = (block: Sparse, start: number): void => {
    for (let i = 0; i < block.rows; i++) {
      const code = codes[start + i];
      if (code < 0) continue;
      for (let e = block.indptr[i]; e < block.indptr[i + 1]; e++) {
        const v = block.data[e];
        if (v === 0) continue;
        const at = code * p + block.indices[e];
        sum[at] += v;
        squares[at] += v * v;
        nonzero[at]++;
      }
    }
  };
  await forEachRows("group sums", x, add, run);
  return { sum, squares, nonzero };
}

/**
 * For each of k equal parts, the sum of all other parts, added up without subtracting, so that zeros stay
 * exact.
 */
function others(parts: Float64Array, k: number): Float64Array {
  const p = parts.length / k;
  const result = new Float64Array(parts.length);
  for (let j = 0; j < p; j++) {
    let before = 0;
    for (let c = 0; c < k; c++) {
      result[c * p + j] = before;
      before += parts[c * p + j];
    }
    let after = 0;
    for (let c = k - 1; c >= 0; c--) {
      result[c * p + j] += after;
      after += parts[c * p + j];
    }
  }
  return result;
}
