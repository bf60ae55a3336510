import { boolean, integer, oneOf, type Rule, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Categorical, Dense, Expression, Graph, Sparse } from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import { type Compared, type Neighborhoods, rankNeighborhoods } from "./conditional.ts";
import { genesOver } from "./genes.ts";
import { type Alternative, rankTail, tail } from "./tails.ts";
import { entryWeights } from "./weights.ts";

export interface LocalOptions extends RunOptions {
  /** Let the weights of each observation's neighbors add up to 1 (default true, as esda); false: as they are. */
  readonly rowStandardize?: boolean;
  /** Which deviations from chance count; default "two-sided". */
  readonly alternative?: Alternative;
  /** How many random neighborhoods per observation, default 999; 0 leaves the columns named `...Permutation` NaN. */
  readonly permutations?: number;
  /** Of the random neighborhoods, default 0. */
  readonly seed?: number;
}

export interface LocalSettings {
  readonly rowStandardize: boolean;
  readonly alternative: Alternative;
  readonly permutations: number;
  readonly seed: number;
}

/** Tests of every observation (rows) for every gene (columns); all n x p. */
export interface LocalPermutationTest {
  /** By rank among random neighborhoods: (1 + as far out) / (1 + B), never 0. */
  readonly pPermutation: Dense;
  /** Benjamini-Hochberg over the observations, gene by gene. */
  readonly pPermutationAdjusted: Dense;
  readonly params: LocalSettings;
}

export interface LocalTest extends LocalPermutationTest {
  /** (statistic - expected) / sqrt(variance), both exact for a random neighborhood. */
  readonly z: Dense;
  /** By the normal distribution. */
  readonly p: Dense;
  /** Benjamini-Hochberg over the observations, gene by gene. */
  readonly pAdjusted: Dense;
}

export const localRules: Readonly<Record<string, Rule>> = {
  rowStandardize: boolean(),
  alternative: oneOf("greater", "less", "two-sided"),
  permutations: integer(0, 10_000_000),
  seed: integer(),
  ...runRules,
};

export function localSettings(
  { rowStandardize = true, alternative, permutations = 999, seed = 0 }: LocalOptions,
  usual: Alternative = "two-sided",
): LocalSettings {
  return { rowStandardize, alternative: alternative ?? usual, permutations, seed };
}

/** The neighbors of each node with their weights, and sums of the weights and of their squares. */
export interface LocalWeights extends Neighborhoods {
  readonly indices: Uint32Array;
  /** length nodes */
  readonly sums: Float64Array;
  readonly squares: Float64Array;
}

export function localWeights(graph: Graph, rowStandardize: boolean): LocalWeights {
  const { nodes: n, indptr, indices } = graph;
  const weights = entryWeights(graph, rowStandardize);
  const [sums, squares] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++)
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      sums[i] += weights[e];
      squares[i] += weights[e] * weights[e];
    }
  return { indptr, indices, weights, sums, squares };
}

/** sum_j w_ij u_j */
export function lag({ indptr, indices, weights }: LocalWeights, u: Float64Array): Float64Array {
  return u.map((_, i) => {
    let sum = 0;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) sum += weights[e] * u[indices[e]];
    return sum;
  });
}

/** What one gene (or pair of genes) gives; NaN where an observation has no statistic. */
export interface LocalColumn {
  readonly statistic: Float64Array;
  readonly z?: Float64Array;
  readonly p?: Float64Array;
  readonly compared: Compared;
  /** 1 where a large compared value is "greater", -1 where a small one is. */
  readonly sign: (i: number) => number;
  /** The neighborhoods compared, where they are not the graph's; `observations[q]` is the q-th of them. */
  readonly among?: Neighborhoods & { readonly observations: Uint32Array };
}

/** More statistics than this (0.4 GB per n x p matrix of doubles) are refused. */
const MOST = 50_000_000;

/** Tests each column in turn. `column` gives null where it has no statistic at all. */
export async function testLocal(
  verb: string,
  weights: LocalWeights,
  cols: number,
  column: (j: number) => LocalColumn | null,
  { alternative, permutations, seed }: LocalSettings,
  run: RunOptions,
): Promise<Omit<LocalTest, "params"> & { readonly statistic: Dense }> {
  const n = weights.sums.length;
  if (n * cols > MOST) {
    throw new SpatialError("memory", `${verb}: ${n} observations x ${cols} genes are over ${MOST} results.`, {
      hint: "Select the genes of interest first (selectColumns).",
    });
  }
  const matrix = (): Dense & { readonly data: Float64Array } => ({
    kind: "dense",
    rows: n,
    cols,
    data: new Float64Array(n * cols).fill(NaN),
  });
  const out = {
    statistic: matrix(),
    z: matrix(),
    p: matrix(),
    pAdjusted: matrix(),
    pPermutation: matrix(),
    pPermutationAdjusted: matrix(),
  };
  const put = (target: { readonly data: Float64Array }, j: number, values: Float64Array): void => {
    for (let i = 0; i < n; i++) target.data[i * cols + j] = values[i];
  };
  for (let j = 0; j < cols; j++) {
    checkAborted(run.signal);
    const found = column(j);
    if (found !== null) {
      const { statistic, z, p = z?.map((v) => tail(v, alternative)), compared, sign, among } = found;
      put(out.statistic, j, statistic);
      if (z !== undefined) put(out.z, j, z);
      if (p !== undefined) put(out.p, j, p);
      if (p !== undefined) put(out.pAdjusted, j, adjustPValues(p));
      const step = `${verb}, random neighborhoods${cols > 1 ? ` of gene ${j + 1}` : ""}`;
      const ranks = await rankNeighborhoods(step, among ?? weights, compared, permutations, seed, run);
      const ranked = new Float64Array(n).fill(NaN);
      for (let q = 0; q < ranks.upper.length; q++) {
        const i = among === undefined ? q : among.observations[q];
        if (statistic[i] !== statistic[i] || (z !== undefined && z[i] !== z[i])) continue;
        const [far, near] = sign(i) < 0 ? [ranks.lower[q], ranks.upper[q]] : [ranks.upper[q], ranks.lower[q]];
        ranked[i] = rankTail(far, near, permutations, alternative);
      }
      put(out.pPermutation, j, ranked);
      put(out.pPermutationAdjusted, j, adjustPValues(ranked));
    }
    run.onProgress?.({ step: verb, fraction: (j + 1) / cols });
    await breathe();
  }
  return out;
}

/** A function that gives a column of x as plain values. */
export async function valuesOf(
  verb: string,
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  run: RunOptions,
): Promise<(j: number) => Float64Array> {
  const genes = await genesOver(verb, x, [graph], run);
  return (j) => {
    const column = new Float64Array(x.rows);
    genes.each(j, j + 1, (_, rows, start, values, count, shift) => {
      for (let t = 0; t < count; t++) column[rows[start + t]] = values[t] + shift;
    });
    return column;
  };
}

/** (x - mean) / standard deviation (divisor n); null where x is constant or holds what is no number. */
export function standardized(x: Float64Array): Float64Array | null {
  const first = x[0];
  let mean = 0;
  for (const v of x) mean += (v - first) / x.length;
  let squares = 0;
  for (const v of x) squares += (v - first - mean) * (v - first - mean);
  const scale = Math.sqrt(squares / x.length);
  return scale > 0 && scale < Infinity ? x.map((v) => (v - first - mean) / scale) : null;
}

/**
 * z of a weighted sum of neighbors that are drawn from N others: given the sum of their weights and of the squares, and the sum
 * and sum of squares of the values they are drawn from. NaN where it cannot vary.
 */
export function drawnZ(
  observed: number,
  weight: number,
  weightSquares: number,
  others: number,
  sum: number,
  squares: number,
): number {
  const mean = sum / others;
  const spread = (squares - sum * mean) / (others - 1);
  const variance = spread * (weightSquares - (weight * weight) / others);
  return spread > 1e-12 * squares && variance > 1e-12 * spread * weightSquares
    ? (observed - weight * mean) / Math.sqrt(variance)
    : NaN;
}

/** An observation and its neighbors, each high (above the mean) or low: HH, LH, LL, HL; -1 where there is no statistic. */
export function quadrantsOf(own: Float64Array, around: Float64Array, statistic: Float64Array): Categorical {
  const codes = Int32Array.from(own, (z, i) => {
    if (statistic[i] !== statistic[i]) return -1;
    return around[i] > 0 ? (z > 0 ? 0 : 1) : z > 0 ? 3 : 2;
  });
  return { kind: "categorical", codes, categories: ["high-high", "low-high", "low-low", "high-low"] };
}
