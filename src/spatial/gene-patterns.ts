import { averageTree } from "../cluster/average.ts";
import { cutTree } from "../cluster/ward.ts";
import { checkOptions, integer, number, runRules } from "../core/check.ts";
import { checkMemory } from "../core/memory.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { normalUpperTail } from "../kernels/special.ts";
import type { Categorical, Dense, Expression, Graph, Sparse } from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import { type Genes, genesOver } from "./genes.ts";
import { moran } from "./moran.ts";
import { type PairWeights, pairWeights } from "./weights.ts";

export interface GenePatternsOptions extends RunOptions {
  /** Groups of genes are joined as long as their maps correlate by at least this on average; default 0.5. */
  readonly minCorrelation?: number;
  /** Cut the hierarchy into this many groups instead. */
  readonly groups?: number;
  /** Groups of fewer core genes are no pattern; default 5. */
  readonly minGenes?: number;
  /** False discovery rate at which genes count as having a pattern, and as going with a group; default 0.05. */
  readonly alpha?: number;
}

/** Arrays of length p. */
export interface GenePatternsResult {
  /** the pattern of each gene, "pattern 1" having most core genes; code -1: none */
  readonly group: Categorical;
  /** 1 for genes with a significant Moran's I that made the patterns; others (0) were only compared with them */
  readonly isCore: Uint8Array;
  /** of each gene's values with what the (other) core genes of its group have in the neighbors; NaN without group */
  readonly correlation: Float64Array;
  /** chance of such a correlation with one of the patterns for the gene's values in random order; NaN: constant, or no pattern */
  readonly p: Float64Array;
  /** Benjamini-Hochberg over genes */
  readonly pAdjusted: Float64Array;
  /** mean of each pattern's standardized core genes, smoothed half and half with its neighbors and standardized again: n x k */
  readonly map: Dense;
  /** genes by pattern, and from the highest correlation to the lowest within it; those without one last */
  readonly order: Uint32Array;
  readonly params: {
    readonly minCorrelation: number;
    readonly groups: number | null;
    readonly minGenes: number;
    readonly alpha: number;
  };
}

/** Genes whose neighbors are added up at a time. */
const SIDE_BY_SIDE = 8;

/**
 * Which genes share a map? Groups of genes that are high in the same places, the map of each group, and the genes that have none.
 *
 * Core genes have a significant Moran's I. The correlation of the maps of two of them is C_gh / sqrt(C_gg C_hh), C_gh = sum_ij w_ij z_g,i z_h,j
 * over neighbors i and j (weights row-standardized, both directions averaged), at most 1: as no observation is compared with
 * itself, noise within observations, shared or not, has no part in it, and two genes with one map have 1 however noisy they are. The
 * correlation of smoothed values (Giotto's, and Lee's L) shrinks with noise, so that rare genes end up in groups of their own. Average linkage on 1 -
 * correlation joins groups while the mean between them is at least `minCorrelation`. A gene and its negative image are far apart.
 *
 * Every gene is then compared with every pattern: its values with the mean of the pattern's core genes in the neighbors, itself left out, by the
 * exact mean and variance over all orders of its values and the normal tail, times the number of patterns. Core genes stay in their group, others
 * go where the noise-free correlation is highest, if the adjusted p is up to `alpha`. As `moran`, this is too ready to call genes seen in under 5 %
 * of the observations. Genes without variation, with a NaN, or where the graph has no edge are in no group.
 *
 * @param x n x p, log values of selected genes, a few thousand at most
 * @param graph over the same n observations, e.g. that of `gridGraph` or `delaunayGraph`
 * @throws {SpatialError} `input` where x and the graph differ in n; `memory` for the correlations of too many genes; `option`; `aborted`
 *
 * Cost: O(q * stored values) for q core genes, 8 q^2 + 8 n k bytes. Checked against brute force (correlations and hierarchy), planted groups, simulated
 * tissues without pattern, and white and grey matter of cortex. Hotspot (DeTomaso and Yosef 2021, doi:10.1016/j.cels.2021.04.005) and
 * Giotto (Dries et al. 2021, doi:10.1186/s13059-021-02286-2) ask the same.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { genePatterns } from "tissular/spatial";
 * // 8 x 8 spots; genes 0 to 2 are high at the left, 3 to 5 at the right.
 * const row = Int32Array.from({ length: 64 }, (_, i) => i >> 3);
 * const col = Int32Array.from({ length: 64 }, (_, i) => i & 7);
 * const data = Float32Array.from({ length: 384 }, (_, k) => (col[Math.floor(k / 6)] < 4 === k % 6 < 3 ? 5 : 1) + ((k * 37) % 11) / 11);
 * const grid = gridGraph(row, col, { lattice: "square" });
 * const { group } = await genePatterns(expression(dense(64, 6, data), "log"), grid, { minGenes: 3 });
 * if (group.codes.join() !== "0,0,0,1,1,1") throw new Error("two maps");
 * ```
 */
export async function genePatterns(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: GenePatternsOptions = {},
): Promise<GenePatternsResult> {
  checkOptions("genePatterns", options, {
    minCorrelation: number(-1, 1),
    groups: integer(1),
    minGenes: integer(2),
    alpha: number(0, 1),
    ...runRules,
  });
  const { minCorrelation = 0.5, groups = null, minGenes = 5, alpha = 0.05, ...run } = options;
  const genes = await genesOver("genePatterns", x, [graph], run);
  const { pAdjusted: structured } = await moran(x, graph, run);
  const core = Uint32Array.from(structured.keys()).filter((j) => structured[j] <= alpha);
  checkMemory(
    `The correlation of the maps of ${core.length} genes`,
    8 * core.length * core.length,
    "Select fewer genes (selectColumns), or a smaller alpha.",
  );
  const weights = pairWeights(graph, true);
  const around = await mapCorrelations(genes, weights, core, run);
  for (let k = 0; k < around.length; k++) around[k] = 1 - around[k];
  const tree = averageTree(around, core.length);
  const joined = tree.heights.filter((h) => h <= 1 - minCorrelation + 1e-12).length;
  const count = Math.min(core.length, groups ?? core.length - joined);
  const own = new Int32Array(x.cols).fill(-1);
  const k = largest(cutTree(tree, count), count, minGenes, (at, group) => (own[core[at]] = group));

  const means = await meansOf(genes, own, k, run);
  const found = await compare(genes, weights, own, means, run);
  const pAdjusted = adjustPValues(found.p);
  const codes = found.group.map((group, j) => (pAdjusted[j] <= alpha ? group : -1));
  const key = (j: number): number => (codes[j] < 0 ? k : codes[j]);
  return {
    group: {
      kind: "categorical",
      codes,
      categories: Array.from({ length: k }, (_, g) => `pattern ${g + 1}`),
    },
    isCore: Uint8Array.from(own, (g) => Number(g >= 0)),
    correlation: found.correlation.map((r, j) => (codes[j] < 0 ? NaN : r)),
    p: found.p,
    pAdjusted,
    map: smoothed(means, graph),
    order: Uint32Array.from(codes.keys()).sort(
      (a, b) => key(a) - key(b) || (codes[a] < 0 ? 0 : found.correlation[b] - found.correlation[a]) || a - b,
    ),
    params: { minCorrelation, groups, minGenes, alpha },
  };
}

/** Adds h_ij / 2 times the later to the earlier node of each pair and the other way round: sum_j of the symmetric weights times `from`. */
function aroundOf(
  { indptr, indices, weights }: PairWeights,
  from: Float64Array,
  lanes: number,
): Float64Array {
  const to = new Float64Array(from.length);
  for (let i = 0; i + 1 < indptr.length; i++)
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const [a, b, w] = [i * lanes, indices[e] * lanes, weights[e] / 2];
      for (let g = 0; g < lanes; g++) {
        to[a + g] += w * from[b + g];
        to[b + g] += w * from[a + g];
      }
    }
  return to;
}

/** Writes a gene less its mean to one of the lanes; the root of its sum of squares, 0 where it is constant or holds a NaN. */
function centred(genes: Genes, gene: number, to: Float64Array, lanes: number, lane: number): number {
  const n = genes.rows;
  let squares = 0;
  genes.each(gene, gene + 1, (_, rows, start, values, count) => {
    let sum = 0;
    for (let t = 0; t < count; t++) sum += values[t];
    const mean = sum / n;
    for (let i = 0; i < n; i++) to[i * lanes + lane] = -mean;
    for (let t = 0; t < count; t++) to[rows[start + t] * lanes + lane] += values[t];
    squares = (n - count) * mean * mean;
    for (let t = 0; t < count; t++) squares += (values[t] - mean) * (values[t] - mean);
  });
  return squares > 0 && squares < Infinity ? Math.sqrt(squares) : 0;
}

/** C_gh / sqrt(C_gg C_hh), from -1 to 1, of the core genes: q x q. */
async function mapCorrelations(
  genes: Genes,
  weights: PairWeights,
  core: Uint32Array,
  run: RunOptions,
): Promise<Float64Array> {
  const [n, q] = [genes.rows, core.length];
  const c = new Float64Array(q * q);
  const lanes = Math.max(1, Math.min(SIDE_BY_SIDE, q));
  const own = new Float64Array(n * lanes);
  const sums = new Float64Array(lanes);
  const work = (from: number, to: number): void => {
    own.fill(0);
    for (let h = from; h < to; h++) centred(genes, core[h], own, lanes, h - from);
    const near = aroundOf(weights, own, lanes);
    const totals = new Float64Array(lanes);
    for (let i = 0; i < near.length; i++) totals[i % lanes] += near[i];
    for (let g = 0; g < q; g++) {
      genes.each(core[g], core[g] + 1, (_, rows, start, values, count) => {
        sums.fill(0);
        let sum = 0;
        for (let t = 0; t < count; t++) {
          const [at, v] = [rows[start + t] * lanes, values[t]];
          sum += v;
          for (let h = 0; h < lanes; h++) sums[h] += v * near[at + h];
        }
        for (let h = from; h < to; h++) c[g * q + h] = sums[h - from] - (sum / n) * totals[h - from];
      });
    }
  };
  await forEachBlock("correlations of maps", q, lanes, work, run);
  const scale = Float64Array.from({ length: q }, (_, g) => Math.sqrt(c[g * q + g]));
  for (let g = 0; g < q; g++)
    for (let h = 0; h <= g; h++) {
      const r = (c[g * q + h] + c[h * q + g]) / (2 * scale[g] * scale[h]);
      c[g * q + h] = c[h * q + g] = Math.max(-1, Math.min(1, r));
    }
  return c;
}

/** Gives the members of each of `count` groups that has at least `least` their new number, by size and first appearance; how many there are. */
function largest(
  labels: Int32Array,
  count: number,
  least: number,
  put: (member: number, group: number) => void,
): number {
  const sizes = new Uint32Array(count);
  for (const label of labels) sizes[label]++;
  const kept = Array.from(sizes.keys())
    .filter((label) => sizes[label] >= least)
    .sort((a, b) => sizes[b] - sizes[a] || a - b);
  labels.forEach((label, member) => {
    if (sizes[label] >= least) put(member, kept.indexOf(label));
  });
  return kept.length;
}

interface Means {
  readonly sizes: Float64Array;
  /** n x k: mean of the standardized core genes */
  readonly values: Float64Array;
}

async function meansOf(genes: Genes, own: Int32Array, k: number, run: RunOptions): Promise<Means> {
  const n = genes.rows;
  const sizes = new Float64Array(k);
  const values = new Float64Array(n * k);
  const z = new Float64Array(n);
  for (const group of own) if (group >= 0) sizes[group]++;
  const work = (gene: number): void => {
    const group = own[gene];
    if (group < 0) return;
    const scale = centred(genes, gene, z, 1, 0) / Math.sqrt(n);
    for (let i = 0; i < n; i++) values[i * k + group] += z[i] / (scale * sizes[group]);
  };
  await forEachBlock("maps of patterns", own.length, 1, work, run);
  return { sizes, values };
}

/** Each gene's correlation with the surroundings of its pattern's core genes, itself left out, and p of the best of all patterns. */
async function compare(
  genes: Genes,
  weights: PairWeights,
  own: Int32Array,
  { sizes, values }: Means,
  run: RunOptions,
): Promise<{ readonly group: Int32Array; readonly correlation: Float64Array; readonly p: Float64Array }> {
  const [n, p, k] = [genes.rows, own.length, sizes.length];
  const group = new Int32Array(p).fill(-1);
  const [correlation, pValues] = [new Float64Array(p).fill(NaN), new Float64Array(p).fill(NaN)];
  const around = aroundOf(weights, values, k);
  /** strength of each pattern without the noise of observations */
  const strength = new Float64Array(k);
  for (let at = 0; at < around.length; at++) strength[at % k] += values[at] * around[at];
  const z = new Float64Array(n);
  const others = new Float64Array(n);
  const work = (gene: number): void => {
    const scale = centred(genes, gene, z, 1, 0);
    if (k === 0 || scale === 0) return;
    const mine = own[gene];
    const size = sizes[mine];
    const near = mine < 0 ? null : aroundOf(weights, z, 1);
    let best = -Infinity;
    for (let g = mine < 0 ? 0 : mine; g < (mine < 0 ? k : mine + 1); g++) {
      for (let i = 0; i < n; i++) others[i] = around[i * k + g];
      if (near !== null)
        for (let i = 0; i < n; i++)
          others[i] = (size * others[i] - (near[i] * Math.sqrt(n)) / scale) / (size - 1);
      let [sum, squares, product] = [0, 0, 0];
      for (let i = 0; i < n; i++) sum += others[i];
      for (let i = 0; i < n; i++) {
        const d = others[i] - sum / n;
        squares += d * d;
        product += d * z[i];
      }
      if (!(squares > 0) || !(product / Math.sqrt(strength[g]) > best)) continue;
      best = product / Math.sqrt(strength[g]);
      group[gene] = g;
      correlation[gene] = product / (scale * Math.sqrt(squares));
    }
    if (group[gene] >= 0)
      pValues[gene] = Math.min(1, k * normalUpperTail(correlation[gene] * Math.sqrt(n - 1)));
  };
  await forEachBlock("genes and patterns", p, 1, work, run);
  return { group, correlation, p: pValues };
}

/** The means, half and half with those of the neighbors (which count by weight), each to mean 0 and variance 1. */
function smoothed({ sizes, values }: Means, { nodes: n, indptr, indices, weights }: Graph): Dense {
  const k = sizes.length;
  const data = new Float64Array(n * k);
  for (let g = 0; g < k; g++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) {
      let [near, total] = [0, 0];
      for (let e = indptr[i]; e < indptr[i + 1]; e++) {
        near += weights[e] * values[indices[e] * k + g];
        total += weights[e];
      }
      const own = values[i * k + g];
      data[i * k + g] = total > 0 ? (own + near / total) / 2 : own;
      sum += data[i * k + g];
    }
    for (let i = 0; i < n; i++) squares += (data[i * k + g] - sum / n) * (data[i * k + g] - sum / n);
    for (let i = 0; i < n; i++) data[i * k + g] = (data[i * k + g] - sum / n) / Math.sqrt(squares / n);
  }
  return { kind: "dense", rows: n, cols: k, data };
}
