import { checkOptions } from "../core/check.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import {
  type AutocorrelationOptions,
  autocorrelationRules,
  type AutocorrelationSettings,
  settingsOf,
} from "./autocorrelation.ts";
import { checkPairs } from "./genes.ts";
import {
  lag,
  type LocalColumn,
  type LocalOptions,
  type LocalPermutationTest,
  localRules,
  localSettings,
  type LocalWeights,
  localWeights,
  standardized,
  testLocal,
  valuesOf,
} from "./local.ts";
import { type FormSums, type PairTest, testPairs } from "./pairs.ts";

export type LeeLOptions = Omit<AutocorrelationOptions, "assumption">;

export interface LeeLResult extends PairTest {
  /** Lee's L of each pair, length m. */
  readonly l: Float64Array;
  readonly params: AutocorrelationSettings;
}

/**
 * Do two genes have the same map? Lee's L, for pairs of genes: their correlation once each is smoothed over neighbors.
 *
 * L = (n / sum_i W_i^2) sum_i (sum_j w_ij zx_j)(sum_j w_ij zy_j) / sqrt(sum zx^2 sum zy^2), z = x - mean, W_i = sum_j w_ij. High
 * where both have a pattern and it is shared, low where it is opposite, less far from 0 where either has none (`expected`:
 * smoothing keeps some of the correlation within observations). Two-sided by default. Expected value, variance and random
 * orders: observations change places with both their genes, so that only the pattern is tested; the moments are exact (Lee 2004).
 * The neighborhoods are the graph's, without the observation itself.
 *
 * NaN: pairs with a gene that is constant or holds a NaN, and all where the graph has no edge. Observations without neighbors have
 * weight 0 and stay in n and in the means.
 *
 * @param x n x p
 * @param pairs m pairs of columns of x, e.g. ligands and receptors
 * @param graph over the same n observations; its weights are used, directed or not
 * @returns arrays of length m
 * @throws {SpatialError} `input` where x, pairs and graph do not fit; `option`; `aborted`
 *
 * Cost: O(n + edges) per pair and random order, O(sum of squared degrees) once. Checked against esda 2.10 (L), all orders of small
 * tissues (both moments) and simulated tissues without pattern. Lee 2001, doi:10.1007/s101090100064; Lee 2004, doi:10.1068/a34143.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { leeL } from "tissular/spatial";
 * // Two genes at the same end of eight spots, and one at the other end.
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 3, Float32Array.of(5, 4, 0, 4, 5, 0, 5, 5, 1, 1, 1, 1, 0, 1, 4, 1, 0, 4, 0, 0, 5, 0, 1, 4));
 * const { l, expected } = await leeL(expression(x, "log"), [[0, 1], [0, 2]], graph);
 * if (!(l[0] > 0.7 && l[1] < -0.7 && l[0] > expected[0])) throw new Error("wrong");
 * ```
 */
export async function leeL(
  x: Expression<Sparse> | Expression<Dense>,
  pairs: readonly (readonly [number, number])[],
  graph: Graph,
  options: LeeLOptions = {},
): Promise<LeeLResult> {
  checkOptions("leeL", options, autocorrelationRules);
  const params = settingsOf(options, true, "two-sided");
  const weights = localWeights(graph, params.rowStandardize);
  const sums = smoothingSums(weights);
  const of = (a: Float64Array, b: Float64Array): number => {
    const [x, y] = [lag(weights, a), lag(weights, b)];
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
    return sum;
  };
  const form = { scale: 1 / (sums.diagonal + sums.total), sums, of };
  const found = await testPairs("leeL", "Lee's L", x, pairs, graph, form, params, options);
  const { statistic: l, ...test } = found;
  return { l, ...test, params };
}

/** The sums of V = transpose(W) W, row by row of V. */
function smoothingSums({ indptr, indices, weights, sums }: LocalWeights): FormSums {
  const n = sums.length;
  const starts = new Uint32Array(n + 1);
  for (const j of indices) starts[j + 1]++;
  for (let j = 0; j < n; j++) starts[j + 1] += starts[j];
  const next = starts.slice(0, n);
  const [from, entry] = [new Uint32Array(indices.length), new Uint32Array(indices.length)];
  for (let i = 0; i < n; i++)
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const at = next[indices[e]]++;
      from[at] = i;
      entry[at] = e;
    }
  const row = new Float64Array(n);
  let [diagonal, diagonalSquares, touching, total, squares, rows] = [0, 0, 0, 0, 0, 0];
  for (let j = 0; j < n; j++) {
    let off = 0;
    for (let f = starts[j]; f < starts[j + 1]; f++) {
      const i = from[f];
      for (let e = indptr[i]; e < indptr[i + 1]; e++) row[indices[e]] += weights[entry[f]] * weights[e];
    }
    const own = row[j];
    row[j] = 0;
    for (let f = starts[j]; f < starts[j + 1]; f++) {
      const i = from[f];
      for (let e = indptr[i]; e < indptr[i + 1]; e++) {
        const v = row[indices[e]];
        off += v;
        squares += v * v;
        row[indices[e]] = 0;
      }
    }
    diagonal += own;
    diagonalSquares += own * own;
    touching += 2 * own * off;
    total += off;
    rows += off * off;
  }
  // V is symmetric: rows are columns.
  return {
    diagonal,
    diagonalSquares,
    touching,
    total,
    squares,
    mutual: squares,
    rows,
    columns: rows,
    chains: rows,
  };
}

export type LocalLeeOptions = LocalOptions;

export interface LocalLeeResult extends LocalPermutationTest {
  /** Local L, n x m. */
  readonly l: Dense;
}

/**
 * Where do two genes share their map? Local L of every observation, for pairs of genes.
 *
 * L_i = (sum_j w_ij zx_j)(sum_j w_ij zy_j), both genes scaled to mean 0 and variance 1: positive where the neighbors are high, or
 * low, in both. Its mean over observations, with row-standardized weights, is `leeL`. `pPermutation` draws the neighbors, with
 * both their genes, from all other observations. Observations without neighbors, and pairs with a gene that is constant or holds a
 * NaN, have NaN everywhere.
 *
 * @param x n x p
 * @param pairs m pairs of columns of x
 * @param graph over the same n observations; its weights are used, directed or not
 * @returns n x m each
 * @throws {SpatialError} `input` where x, pairs and graph do not fit; `memory` for over 50 million results; `option`; `aborted`
 *
 * Cost: as `localMoran`, per pair. Checked against esda 2.10 (`Spatial_Pearson_Local`), brute force and simulated tissues without
 * pattern. Lee 2001, doi:10.1007/s101090100064.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { localLee } from "tissular/spatial";
 * // Eight spots; both genes high at the left.
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 2, Float32Array.of(5, 4, 4, 5, 5, 5, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1));
 * const { l, pPermutation } = await localLee(expression(x, "log"), [[0, 1]], graph);
 * if (!(l.data[1] > 1 && pPermutation.data[1] < 0.2)) throw new Error("shared around spot 1");
 * ```
 */
export async function localLee(
  x: Expression<Sparse> | Expression<Dense>,
  pairs: readonly (readonly [number, number])[],
  graph: Graph,
  options: LocalLeeOptions = {},
): Promise<LocalLeeResult> {
  checkOptions("localLee", options, localRules);
  checkPairs("localLee", pairs, x);
  const params = localSettings(options);
  const values = await valuesOf("localLee", x, graph, options);
  const weights = localWeights(graph, params.rowStandardize);
  const { indptr } = weights;
  const column = (k: number): LocalColumn | null => {
    const [u, v] = [standardized(values(pairs[k][0])), standardized(values(pairs[k][1]))];
    if (u === null || v === null) return null;
    const [x, y] = [lag(weights, u), lag(weights, v)];
    const product = x.map((a, i) => a * y[i]);
    return {
      statistic: product.map((a, i) => (indptr[i + 1] > indptr[i] ? a : NaN)),
      compared: { kind: "product", u, v, observed: product },
      sign: () => 1,
    };
  };
  const found = await testLocal("localLee", weights, pairs.length, column, params, options);
  const { statistic: l, pPermutation, pPermutationAdjusted } = found;
  return { l, pPermutation, pPermutationAdjusted, params };
}
