import { boolean, integer, oneOf, type Rule, runRules } from "../core/check.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { shuffle } from "../kernels/random.ts";
import type { Graph } from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import { addProducts, type GeneMoments, type GeneProducts, nodesPerBlock } from "./gene-sums.ts";
import { type Alternative, logTail, rankTail, tail } from "./tails.ts";
import { type PairWeights, pairWeights } from "./weights.ts";

/** What the statistics of one gene over pairs of neighbors depend on; z = x - mean. */
export interface GeneSums {
  readonly mean: number;
  /** sum z^2, sum z^3, sum z^4 */
  readonly m2: number;
  readonly m3: number;
  readonly m4: number;
  /** sum_ij w_ij z_i z_j */
  readonly cross: number;
  /** sum_i T_i z_i and sum_i T_i z_i^2, with T_i = row sum + column sum of the weights */
  readonly share: number;
  readonly spread: number;
}

/** A statistic over pairs of neighbors. */
export interface PairStatistic {
  readonly name: string;
  /** 1 where large values mean that neighbors are alike, -1 where small ones do. */
  readonly sign: 1 | -1;
  readonly of: (sums: GeneSums, weights: PairWeights, n: number) => number;
  readonly expected: (weights: PairWeights, n: number) => number;
  /** 0 where the statistic cannot vary, up to rounding. */
  readonly variance: (sums: GeneSums, weights: PairWeights, n: number) => number;
}

export interface AutocorrelationOptions extends RunOptions {
  /** Let the weights of each observation's neighbors add up to 1 (default true, as squidpy); false: as they are. */
  readonly rowStandardize?: boolean;
  /**
   * Where the variance under no pattern comes from: "normality" (default, as squidpy: normal values, one variance for all genes)
   * or "randomization" (the gene's own values in random order; its kurtosis counts).
   */
  readonly assumption?: "normality" | "randomization";
  /** "greater" (default): p is small where neighbors are alike; "less": where they differ; "two-sided": either. */
  readonly alternative?: Alternative;
  /** How many random orders of the observations, default 0: the columns named `...Permutation` are then NaN. */
  readonly permutations?: number;
  /** Of the random orders, default 0. */
  readonly seed?: number;
}

/** A test of every gene; arrays have length p. */
export interface AutocorrelationTest {
  /** (statistic - expected) / sqrt(variance). */
  readonly z: Float64Array;
  /** Chance of such a z or one further out (see `alternative`), by the normal distribution. */
  readonly p: Float64Array;
  /** Natural logarithm of p, good where p itself underflows to 0. */
  readonly logP: Float64Array;
  /** Benjamini-Hochberg over the genes that have a p. */
  readonly pAdjusted: Float64Array;
  /** The statistic expected without pattern. */
  readonly expected: number;
  /** Variance of the statistic without pattern. */
  readonly variance: Float64Array;
  /** The same from the random orders: z by their mean and variance (divisor B), p by rank, (1 + as far out) / (1 + B). */
  readonly zPermutation: Float64Array;
  readonly variancePermutation: Float64Array;
  readonly pPermutation: Float64Array;
  readonly pPermutationAdjusted: Float64Array;
}

export const autocorrelationRules: Readonly<Record<string, Rule>> = {
  rowStandardize: boolean(),
  alternative: oneOf("greater", "less", "two-sided"),
  permutations: integer(0, 10_000_000),
  seed: integer(),
  ...runRules,
};

/** The options of a test, and what they are without. */
export interface AutocorrelationSettings {
  readonly rowStandardize: boolean;
  readonly alternative: Alternative;
  readonly permutations: number;
  readonly seed: number;
}

export function settingsOf(
  { rowStandardize, alternative, permutations = 0, seed = 0 }: AutocorrelationOptions,
  standardized: boolean = true,
  usual: Alternative = "greater",
): AutocorrelationSettings {
  return {
    rowStandardize: rowStandardize ?? standardized,
    alternative: alternative ?? usual,
    permutations,
    seed,
  };
}

/** Tests a statistic for every gene. */
export async function testGenes(
  genes: GeneMoments,
  graph: Graph,
  statistic: PairStatistic,
  settings: AutocorrelationSettings,
  run: RunOptions,
): Promise<AutocorrelationTest & { readonly statistic: Float64Array }> {
  const { rows: n, cols } = genes;
  const weights = pairWeights(graph, settings.rowStandardize);
  const products = noProducts(cols);
  const work = new Float64Array(cols);
  const add = (from: number, to: number): void => addProducts(genes, weights, null, from, to, products, work);
  await forEachBlock(statistic.name, n, nodesPerBlock(genes, weights), add, run);
  const expected = n > 1 ? statistic.expected(weights, n) : NaN;
  const none = (): Float64Array => new Float64Array(cols).fill(NaN);
  const [found, z, p, logP, variance] = [none(), none(), none(), none(), none()];
  for (let gene = 0; gene < cols; gene++) {
    if (!(genes.m2[gene] > 0)) continue;
    const sums = sumsOf(genes, weights, products, gene);
    found[gene] = statistic.of(sums, weights, n);
    if (found[gene] !== found[gene]) continue;
    variance[gene] = statistic.variance(sums, weights, n);
    if (!(variance[gene] > 0)) continue;
    z[gene] = (found[gene] - expected) / Math.sqrt(variance[gene]);
    p[gene] = tail(statistic.sign * z[gene], settings.alternative);
    logP[gene] = logTail(statistic.sign * z[gene], settings.alternative);
  }
  const orders = await permuted(genes, weights, statistic, found, variance, settings, run);
  return { statistic: found, z, p, logP, pAdjusted: adjustPValues(p), expected, variance, ...orders };
}

/** What random orders give; order b is drawn from `stream(seed, b)` and puts the values of all genes elsewhere together. */
async function permuted(
  genes: GeneMoments,
  weights: PairWeights,
  statistic: PairStatistic,
  observed: Float64Array,
  variance: Float64Array,
  { permutations, seed, alternative }: AutocorrelationSettings,
  run: RunOptions,
): Promise<
  Pick<AutocorrelationTest, "zPermutation" | "variancePermutation" | "pPermutation" | "pPermutationAdjusted">
> {
  const { rows: n, cols } = genes;
  const [sum, squares, upper, lower, work] = Array.from({ length: 5 }, () => new Float64Array(cols));
  const place = new Uint32Array(n);
  const rowAt = new Uint32Array(n);
  const size = nodesPerBlock(genes, weights);
  const blocks = Math.ceil(n / size);
  let products = noProducts(cols);
  const once = (at: number): void => {
    const from = (at % blocks) * size;
    if (from === 0) {
      for (let i = 0; i < n; i++) place[i] = i;
      shuffle(stream(seed, at / blocks), place);
      for (let i = 0; i < n; i++) rowAt[place[i]] = i;
      products = noProducts(cols);
    }
    addProducts(genes, weights, rowAt, from, Math.min(n, from + size), products, work);
    if (from + size < n) return;
    for (let gene = 0; gene < cols; gene++) {
      if (!(variance[gene] > 0)) continue;
      const sums = sumsOf(genes, weights, products, gene);
      const d = statistic.of(sums, weights, n) - observed[gene];
      const slack = 1e-8 * Math.sqrt(variance[gene]); // equal up to rounding is equal
      sum[gene] += d;
      squares[gene] += d * d;
      if (d >= -slack) upper[gene]++;
      if (d <= slack) lower[gene]++;
    }
  };
  await forEachBlock(`${statistic.name}, random orders`, permutations * blocks, 1, once, run);
  const tested = (f: (gene: number) => number): Float64Array =>
    Float64Array.from({ length: cols }, (_, j) => (permutations > 0 && variance[j] > 0 ? f(j) : NaN));
  const mean = sum.map((s) => s / permutations);
  const variancePermutation = tested((j) => squares[j] / permutations - mean[j] * mean[j]);
  const [alike, unlike] = statistic.sign > 0 ? [upper, lower] : [lower, upper];
  const pPermutation = tested((j) => rankTail(alike[j], unlike[j], permutations, alternative));
  return {
    zPermutation: tested((j) => -mean[j] / Math.sqrt(variancePermutation[j])),
    variancePermutation,
    pPermutation,
    pPermutationAdjusted: adjustPValues(pPermutation),
  };
}

const noProducts = (cols: number): GeneProducts => ({
  share: new Float64Array(cols),
  square: new Float64Array(cols),
  product: new Float64Array(cols),
});

/** The sums of a gene's centred values from those of its values less their shift. */
function sumsOf(
  { shift, mean: means, m2, m3, m4 }: GeneMoments,
  { s0 }: PairWeights,
  { share, square, product }: GeneProducts,
  gene: number,
): GeneSums {
  const mean = means[gene];
  return {
    mean: mean + shift[gene],
    m2: m2[gene],
    m3: m3[gene],
    m4: m4[gene],
    cross: product[gene] - mean * share[gene] + mean * mean * s0,
    share: share[gene] - 2 * mean * s0,
    spread: square[gene] - 2 * mean * share[gene] + 2 * mean * mean * s0,
  };
}

/**
 * Mean and variance of sum_ij w_ij z_i z_j over all orders of centred values with the given sums of squares and fourth
 * powers; the variance is NaN below 4 observations and 0 up to rounding.
 */
export function crossMoments(
  { s0, s1, s2 }: PairWeights,
  n: number,
  m2: number,
  m4: number,
): { readonly mean: number; readonly variance: number } {
  const two = n * (n - 1);
  const mean = (-s0 * m2) / two;
  const square =
    (s1 * (m2 * m2 - m4)) / two +
    ((s2 - 2 * s1) * (2 * m4 - m2 * m2)) / (two * (n - 2)) +
    ((s0 * s0 + s1 - s2) * (3 * m2 * m2 - 6 * m4)) / (two * (n - 2) * (n - 3));
  return { mean, variance: n < 4 ? NaN : difference(square, mean * mean) };
}

/** a - b, and 0 where that is lost in rounding. */
export function difference(a: number, b: number): number {
  return Math.abs(a - b) < 1e-10 * Math.abs(a) ? 0 : a - b;
}
