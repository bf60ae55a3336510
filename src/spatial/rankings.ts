import { checkOptions, integer } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { exp, log } from "../kernels/math.ts";
import type { Dense } from "../model/index.ts";
import { adjustPValues, median, rank } from "../stats/index.ts";
import { logCauchy } from "./cauchy.ts";

/** What one method found, over p genes; results of `moran`, `sparkX`, `binSpect`, `sepal` and the like can be given as they are. */
export interface GeneScores {
  /** Chance without pattern; NaN: not tested. */
  readonly p?: Float64Array;
  /** Natural logarithm of p, for those too small for p. */
  readonly logP?: Float64Array;
  /** What the method ranks genes by, if not by p; NaN: not ranked. */
  readonly score?: Float64Array;
  /** Whether the best genes have the highest (default) or the lowest scores. */
  readonly best?: "highest" | "lowest";
}

export interface RankSpatialGenesOptions {
  /** How many of the first genes of each method are compared in `agreement.overlap`; default 100, at most a tenth of the genes (rounded up). */
  readonly top?: number;
}

export interface RankSpatialGenesResult {
  /** names of the k methods */
  readonly methods: readonly string[];
  /** 1 is the best gene, equal ones share the mean of their ranks; NaN where a method has none; p x k */
  readonly rank: Dense;
  /** Benjamini-Hochberg over the genes of each method, p x k; NaN where a method has no p */
  readonly pAdjustedOfMethod: Dense;
  /** how many methods rank each gene, length p */
  readonly ranked: Int32Array;
  /** over the methods that rank a gene, length p */
  readonly meanRank: Float64Array;
  readonly medianRank: Float64Array;
  /** p of all methods that have one, by Cauchy's rule, length p; its logarithm; and Benjamini-Hochberg over genes */
  readonly p: Float64Array;
  readonly logP: Float64Array;
  readonly pAdjusted: Float64Array;
  /** genes by median rank, equal ones by mean rank; those that no method ranks last */
  readonly order: Uint32Array;
  readonly agreement: {
    /** Spearman's correlation of the ranks of two methods over the genes that both rank, k x k */
    readonly spearman: Dense;
    /** Jaccard index of the first `top` of these genes by each method, k x k */
    readonly overlap: Dense;
  };
  readonly params: { readonly top: number };
}

/** A p of 0 is one too small to be written, and counts as this. */
const LEAST_P = 5e-324;

/**
 * Which genes vary in space by several methods together, and do the methods agree? One table of the ranks of each, with p combined.
 *
 * Each method ranks by `score` where it has one, else by `logP`, else by `p`; equal genes share the mean of their ranks. The p of all methods are
 * combined by Cauchy's rule, p = 1/2 - atan(mean of tan(pi (1/2 - p))) / pi, which holds for small p however the methods depend on each
 * other (as they do: they saw the same cells). One strong method is enough for a small combined p; `medianRank` asks for most of them. A p above .99 counts as .99.
 *
 * NaN: a gene that a method does not rank has NaN there, and its mean, median and combined p are those of the other methods (`ranked` says of how
 * many). A method whose p are all NaN, such as `sepal` without permutations, takes part by rank only. Correlations are NaN where all genes
 * that both rank are alike or fewer than 2, overlaps where there are none. Equal ranks at the end of the first `top` are taken in the order of the genes.
 *
 * @param results of one or more methods by name, each over the same p genes
 * @throws {SpatialError} `input` where there is no method, the lengths differ, a method has neither p nor score, or a p is not from 0 to 1; `option`
 *
 * Cost: O(k p log p + k^2 p log p). Checked against SciPy's `spearmanr`, Cauchy's rule by its formula, and simulated tissues without pattern.
 * Liu and Xie 2020, doi:10.1080/01621459.2018.1554485.
 *
 * @example
 * ```ts
 * import { rankSpatialGenes } from "tissular/spatial";
 * const { order, p, agreement } = rankSpatialGenes({
 *   moran: { p: Float64Array.of(1e-9, 0.3, 0.02, NaN) },
 *   sepal: { score: Float64Array.of(4, 1, 5, 2) },
 *   sparkX: { p: Float64Array.of(1e-7, 0.6, 0.01, 0.9) },
 * });
 * if (order[0] !== 0 || !(p[0] < 1e-8 && agreement.spearman.data[2] === 1)) throw new Error("gene 0 by two of three");
 * ```
 */
export function rankSpatialGenes(
  results: Readonly<Record<string, GeneScores>>,
  options: RankSpatialGenesOptions = {},
): RankSpatialGenesResult {
  checkOptions("rankSpatialGenes", options, { top: integer(1) });
  const methods = Object.keys(results);
  const k = methods.length;
  if (k === 0) throw refused("results of one or more methods", "none", "results");
  const p = checkScores(results);
  const top = options.top ?? Math.max(1, Math.min(100, Math.ceil(p / 10)));
  const ranks = methods.map((name) => rank(keyOf(results[name])));
  const logs = methods.map((name) => logsOf(results[name], p));

  const [meanRank, medianRank, logP] = Array.from({ length: 3 }, () => new Float64Array(p));
  const ranked = new Int32Array(p);
  for (let j = 0; j < p; j++) {
    const own = Float64Array.from(ranks, (r) => r[j]).filter((r) => r === r);
    ranked[j] = own.length;
    meanRank[j] = own.length > 0 ? own.reduce((sum, r) => sum + r, 0) / own.length : NaN;
    medianRank[j] = own.length > 0 ? median(own) : NaN;
    logP[j] = logCauchy(Float64Array.from(logs, (l) => l[j]));
  }
  const combined = logP.map(exp);
  const key = medianRank.map((r) => (r === r ? r : Infinity));
  const order = Uint32Array.from(key.keys()).sort((a, b) =>
    key[a] !== key[b] ? (key[a] < key[b] ? -1 : 1) : meanRank[a] - meanRank[b] || a - b,
  );
  const spearman = new Float64Array(k * k);
  const overlap = new Float64Array(k * k);
  for (let a = 0; a < k; a++)
    for (let b = a; b < k; b++) {
      const both = Uint32Array.from(ranks[a].keys()).filter((j) => ranks[a][j] + ranks[b][j] > 0);
      const [x, y] = [rank(Array.from(both, (j) => ranks[a][j])), rank(Array.from(both, (j) => ranks[b][j]))];
      spearman[a * k + b] = spearman[b * k + a] = correlation(x, y);
      overlap[a * k + b] = overlap[b * k + a] = jaccard(firstOf(x, top), firstOf(y, top));
    }
  const table = (columns: readonly Float64Array[], rows: number): Dense => ({
    kind: "dense",
    rows,
    cols: k,
    data: Float64Array.from({ length: rows * k }, (_, at) => columns[at % k][Math.floor(at / k)]),
  });
  return {
    methods,
    rank: table(ranks, p),
    pAdjustedOfMethod: table(
      methods.map((name, m) => adjustPValues(results[name].p ?? logs[m].map(exp))),
      p,
    ),
    ranked,
    meanRank,
    medianRank,
    p: combined,
    logP,
    pAdjusted: adjustPValues(combined),
    order,
    agreement: {
      spearman: { kind: "dense", rows: k, cols: k, data: spearman },
      overlap: { kind: "dense", rows: k, cols: k, data: overlap },
    },
    params: { top },
  };
}

function refused(wanted: string, found: string, subject: string): SpatialError {
  return new SpatialError("input", `rankSpatialGenes needs ${wanted}, found ${found}.`, { subject });
}

/** Refuses what is not over the same genes or no p; the number of genes. */
function checkScores(results: Readonly<Record<string, GeneScores>>): number {
  let genes = -1;
  for (const [name, { p, logP, score, best = "highest" }] of Object.entries(results)) {
    const columns = [p, logP, score].filter((column) => column !== undefined);
    if (columns.length === 0) throw refused("p, logP or score of each method", `none for ${name}`, name);
    for (const { length } of columns) {
      if (genes < 0) genes = length;
      if (length !== genes)
        throw refused("results over the same genes", `${genes} and ${length} (${name})`, name);
    }
    if (p?.some((v) => v < 0 || v > 1)) throw refused("p from 0 to 1", `others in ${name}`, name);
    if (logP?.some((v) => v > 0)) throw refused("logarithms of p, at most 0", `others in ${name}`, name);
    if (best !== "highest" && best !== "lowest")
      throw refused('best "highest" or "lowest"', `${String(best)} for ${name}`, name);
  }
  return genes;
}

/** What a method ranks by: small is good. */
function keyOf({ p, logP, score, best }: GeneScores): Float64Array {
  if (score !== undefined) return best === "lowest" ? score : score.map((v) => -v);
  return (logP ?? p)!;
}

function logsOf({ p, logP }: GeneScores, genes: number): Float64Array {
  return logP ?? p?.map((v) => log(v === 0 ? LEAST_P : v)) ?? new Float64Array(genes).fill(NaN);
}

/** Pearson's correlation; NaN where either is constant. */
function correlation(x: Float64Array, y: Float64Array): number {
  const mean = (x.length + 1) / 2;
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
    xy += (x[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : NaN;
}

const firstOf = (ranks: Float64Array, top: number): Set<number> =>
  new Set(
    Uint32Array.from(ranks.keys())
      .sort((a, b) => ranks[a] - ranks[b] || a - b)
      .subarray(0, top),
  );

function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  if (a.size === 0) return NaN;
  let shared = 0;
  for (const j of a) shared += Number(b.has(j));
  return shared / (a.size + b.size - shared);
}
