import { checkOptions, number, oneOf, runRules } from "../core/check.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { pow } from "../kernels/math.ts";
import { gammaUpperTail, normalUpperTail } from "../kernels/special.ts";
import { type Dense, type Expression, type Graph, requireValues, type Sparse } from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import { difference } from "./autocorrelation.ts";
import { checkNodes, genesOf } from "./genes.ts";
import { pairWeights } from "./weights.ts";

export interface BinSpectOptions extends RunOptions {
  /** "kmeans" (default): the parting of a gene's values into two groups with the least squares; "rank": the highest of the observations. */
  readonly split?: "kmeans" | "rank";
  /** Largest part of the observations that are high with split "rank"; equal values are high together or not at all; default 0.3. */
  readonly highest?: number;
}

/** Arrays of length p; NaN for genes of which no or every observation is high, or whose neighbors cannot vary. */
export interface BinSpectResult {
  /** observations that are high */
  readonly high: Int32Array;
  /** neighbors that are both high, by the weights of the graph, each pair once; and how many chance has */
  readonly joined: Float64Array;
  readonly expected: Float64Array;
  readonly z: Float64Array;
  /** odds of a high neighbor for high observations over those for low ones; Infinity where high ones have no low neighbors */
  readonly oddsRatio: Float64Array;
  /** of as many joined or more, by a gamma distribution with the exact mean and variance */
  readonly p: Float64Array;
  readonly pAdjusted: Float64Array;
  /** genes from the smallest p to the largest, equal ones by z; those with NaN last */
  readonly order: Uint32Array;
  readonly params: { readonly split: "kmeans" | "rank"; readonly highest: number };
}

/** Shapes above which a gamma distribution is taken as the cube of a normal one. */
const LARGE = 500;

/**
 * Which genes are high in neighboring cells? Parts each gene into high and low and counts neighbors that are both high.
 *
 * After Dries et al. 2021 (Giotto, doi:10.1186/s13059-021-02286-2). Their Fisher test takes edges as independent, which they are not (edges share
 * cells); here the count is compared with its exact mean and variance over all orders of the values (join counts, non-free sampling). A gamma
 * distribution with these has a longer tail than a count of rare neighbors, so p of rare genes is rather too large than too small.
 *
 * @param x n x p, counts, normalized or log values
 * @param graph over the same n observations, e.g. that of `delaunayGraph`; its weights are used, directed or not
 * @throws {SpatialError} `input` where x and the graph differ in n; `values` for scaled values; `option`; `aborted`
 *
 * Cost: O(s log s) for s stored values and one pass over the edges of high observations. Checked against `joinCounts`, every parting of small sets of
 * values, and simulated tissues without pattern.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { binSpect } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 2, Float32Array.of(9, 0, 8, 7, 9, 0, 7, 9, 0, 0, 1, 8, 0, 0, 1, 9));
 * const { high, joined, order } = await binSpect(expression(x, "counts"), graph);
 * if (high.join() !== "4,4" || joined.join() !== "3,0" || order[0] !== 0) throw new Error("one half against every other");
 * ```
 */
export async function binSpect(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: BinSpectOptions = {},
): Promise<BinSpectResult> {
  checkOptions("binSpect", options, {
    split: oneOf("kmeans", "rank"),
    highest: number(0, 1),
    ...runRules,
  });
  checkNodes("binSpect", x.rows, graph);
  requireValues("binSpect", x, "counts", "normalized", "log");
  const { split = "kmeans", highest = 0.3 } = options;
  const { rows: n, cols } = x;
  const pairs = pairWeights(graph, false);
  const { indptr, indices, weights, totals, s0, s1, s2 } = pairs;
  const none = (): Float64Array => new Float64Array(cols).fill(NaN);
  const [joined, expected, z, oddsRatio, p] = [none(), none(), none(), none(), none()];
  const high = new Int32Array(cols);
  const isHigh = new Uint8Array(n);
  const observe = (gene: number, rows: Uint32Array, start: number, count: number): void => {
    let [m, both, reach] = [0, 0, 0];
    for (let t = 0; t < count; t++) {
      const i = rows[start + t];
      if (isHigh[i] === 0) continue;
      m++;
      reach += totals[i] / 2;
      for (let e = indptr[i]; e < indptr[i + 1]; e++) both += (weights[e] / 2) * isHigh[indices[e]];
    }
    high[gene] = m;
    if (m === 0 || m === n) return;
    /** The chance that so many different observations are high. */
    const chance = (many: number): number => {
      let c = 1;
      for (let t = 0; t < many; t++) c *= Math.max(0, m - t) / Math.max(1, n - t);
      return c;
    };
    const mean = (s0 * chance(2)) / 2;
    const square = (s1 * chance(2) + (s2 - 2 * s1) * chance(3) + (s0 * s0 + s1 - s2) * chance(4)) / 4;
    const variance = difference(square, mean * mean);
    const across = (reach - 2 * both) / 2;
    joined[gene] = both;
    expected[gene] = mean;
    oddsRatio[gene] = (both / across) * ((s0 / 2 - both - 2 * across) / across);
    if (!(variance > 0 && mean > 0)) return;
    z[gene] = (both - mean) / Math.sqrt(variance);
    p[gene] = gammaTail(both, mean, variance);
  };
  const genes = await genesOf(x, options);
  const work = (from: number, to: number): void =>
    genes.each(from, to, (gene, rows, start, values, count) => {
      const ascending = values.slice(0, count).sort();
      const bound =
        split === "kmeans" ? twoMeans(ascending, n) : highestOf(ascending, Math.floor(highest * n));
      for (let t = 0; t < count; t++) isHigh[rows[start + t]] = values[t] >= bound ? 1 : 0;
      observe(gene, rows, start, count);
      for (let t = 0; t < count; t++) isHigh[rows[start + t]] = 0;
    });
  await forEachBlock(
    "neighbors that are both high",
    cols,
    genes.block(pairs.indices.length, 2e6),
    work,
    options,
  );
  const key = (j: number): number => (p[j] === p[j] ? p[j] : Infinity);
  return {
    high,
    joined,
    expected,
    z,
    oddsRatio,
    p,
    pAdjusted: adjustPValues(p),
    order: Uint32Array.from(p.keys()).sort((a, b) =>
      key(a) !== key(b) ? (key(a) < key(b) ? -1 : 1) : z[b] - z[a] || a - b,
    ),
    params: { split, highest },
  };
}

/**
 * The least high value where n values, those stored and zeros below them, are parted with the least squares: where the sum of
 * (sum of a part)^2 / size is largest. Infinity where all are equal.
 */
function twoMeans(stored: Float64Array, n: number): number {
  const zeros = n - stored.length;
  const all = stored.reduce((s, v) => s + v, 0);
  let [low, best, bound] = [0, -Infinity, Infinity];
  stored.forEach((v, t) => {
    const size = zeros + t;
    const before = t > 0 ? stored[t - 1] : 0;
    if (size > 0 && v > before) {
      const between = (low * low) / size + ((all - low) * (all - low)) / (n - size);
      if (between > best) [best, bound] = [between, v];
    }
    low += v;
  });
  return bound;
}

/** The least value that at most `most` of the stored ones reach; zeros are never high. */
function highestOf(stored: Float64Array, most: number): number {
  const first = Math.max(0, stored.length - most);
  if (most === 0 || first === stored.length) return Infinity;
  if (first === 0 || stored[first - 1] < stored[first]) return stored[first];
  return stored.find((v) => v > stored[first]) ?? Infinity;
}

/** P(X >= x) of a gamma distribution by its mean and variance; of a large shape by the cube root, which is nearly normal. */
function gammaTail(x: number, mean: number, variance: number): number {
  const shape = (mean * mean) / variance;
  if (shape <= LARGE) return gammaUpperTail(shape, (x * mean) / variance);
  const ninth = 1 / (9 * shape);
  return normalUpperTail((pow(x / mean, 1 / 3) - 1 + ninth) / Math.sqrt(ninth));
}
