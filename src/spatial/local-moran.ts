import { checkOptions } from "../core/check.ts";
import type { Categorical, Dense, Expression, Graph, Sparse } from "../model/index.ts";
import { checkPairs } from "./genes.ts";
import {
  drawnZ,
  lag,
  type LocalColumn,
  type LocalOptions,
  localRules,
  localSettings,
  type LocalTest,
  type LocalWeights,
  localWeights,
  quadrantsOf,
  standardized,
  testLocal,
  valuesOf,
} from "./local.ts";

export type LocalMoranOptions = LocalOptions;

export interface LocalMoranResult extends LocalTest {
  /** Local Moran's I, n x p. */
  readonly i: Dense;
  /** Per gene, each observation and its neighbors above or below the mean: high-high, low-high, low-low, high-low. */
  readonly quadrants: readonly Categorical[];
}

/**
 * Where does a gene form clusters, and where are its outliers? Local Moran's I of every observation.
 *
 * I_i = (n - 1) z_i sum_j w_ij z_j / sum z^2 with z = x - mean: positive within clusters of high or of low values, negative at
 * outliers; `quadrants` says which. Expected value and variance of z hold for neighbors drawn from all other observations while x_i
 * stays (Sokal and others 1998); `pPermutation` draws them. For values that are mostly 0 the normal p is rough: use `pPermutation`.
 *
 * Observations without neighbors, and genes that are constant or hold a NaN, have NaN everywhere and are not counted in the
 * adjustments.
 *
 * @param x n x p; a few genes of interest (selectColumns), since each result is n x p
 * @param graph over the same n observations; its weights are used, directed or not
 * @returns n x p each
 * @throws {SpatialError} `input` where x and the graph differ in n; `memory` for over 50 million results; `option`; `aborted`
 *
 * Cost: O(neighbors) per observation, gene and permutation, on all threads; a million cells with 6 neighbors and 999 permutations
 * in about 10 s per gene and thread. Checked against esda 2.10 (I, both moments, quadrants; its one-sided p is the smaller tail)
 * and simulated tissues without pattern. Anselin 1995, doi:10.1111/j.1538-4632.1995.tb00338.x; Sokal and others 1998,
 * doi:10.1111/j.1538-4632.1998.tb00406.x.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { localMoran } from "tissular/spatial";
 * // Twelve spots in a row, high at the left.
 * const graph = gridGraph(new Int32Array(12), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
 * const x = dense(12, 1, Float32Array.of(8, 9, 8, 1, 0, 1, 1, 0, 1, 0, 1, 0));
 * const { i, quadrants, pPermutation } = await localMoran(expression(x, "log"), graph);
 * if (!(i.data[1] > 2 && quadrants[0].codes[1] === 0 && pPermutation.data[1] < 0.1)) throw new Error("a high cluster");
 * ```
 */
export async function localMoran(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: LocalMoranOptions = {},
): Promise<LocalMoranResult> {
  checkOptions("localMoran", options, localRules);
  const params = localSettings(options);
  const values = await valuesOf("localMoran", x, graph, options);
  const weights = localWeights(graph, params.rowStandardize);
  const quadrants: Categorical[] = [];
  const column = (j: number): LocalColumn | null => {
    const z = standardized(values(j));
    return moranColumn(weights, z, z, quadrants);
  };
  const { statistic: i, ...test } = await testLocal("localMoran", weights, x.cols, column, params, options);
  return { i, ...test, quadrants, params };
}

/** What is known of a gene of each observation and another (or the same) of its neighbors. */
function moranColumn(
  weights: LocalWeights,
  own: Float64Array | null,
  other: Float64Array | null,
  quadrants: Categorical[],
): LocalColumn | null {
  const n = weights.sums.length;
  if (own === null || other === null) {
    const none = new Float64Array(n).fill(NaN);
    quadrants.push(quadrantsOf(none, none, none));
    return null;
  }
  const around = lag(weights, other);
  const { indptr, sums, squares } = weights;
  const statistic = own.map((z, i) => (indptr[i + 1] > indptr[i] ? ((n - 1) / n) * z * around[i] : NaN));
  quadrants.push(quadrantsOf(own, around, statistic));
  return {
    statistic,
    z: around.map((a, i) => {
      const u = other[i];
      return Math.sign(own[i]) === 0
        ? NaN
        : Math.sign(own[i]) * drawnZ(a, sums[i], squares[i], n - 1, -u, n - u * u);
    }),
    compared: { kind: "sum", u: other, observed: around },
    sign: (i) => Math.sign(own[i]),
  };
}

export type LocalBivariateMoranOptions = LocalOptions;

/** As for `localMoran`, with a column for each pair. */
export type LocalBivariateMoranResult = LocalMoranResult;

/**
 * Where does one gene go with another one in the neighbors? Local bivariate Moran's I of every observation, for pairs of genes.
 *
 * For a pair (x, y): I_i = (n - 1) / n * zx_i sum_j w_ij zy_j, both scaled to mean 0 and variance 1. Positive where x of an
 * observation and y of its neighbors are both high or both low; `quadrants` says which. Expected value, variance and permutations:
 * the neighbors are drawn from all other observations while the observation stays. So the test finds places where y is clustered
 * around high or low x, and takes no account of how x and y go together within an observation.
 *
 * Observations without neighbors, and pairs with a gene that is constant or holds a NaN, have NaN everywhere and are not counted.
 *
 * @param x n x p
 * @param pairs m pairs of columns of x: the observation's own gene, and the neighbors'
 * @param graph over the same n observations; its weights are used, directed or not
 * @returns n x m each
 * @throws {SpatialError} `input` where x, pairs and graph do not fit; `memory` for over 50 million results; `option`; `aborted`
 *
 * Cost: as `localMoran`, per pair. Checked against esda 2.10 (`Moran_Local_BV`), brute force and simulated tissues without
 * pattern. Anselin 1995, doi:10.1111/j.1538-4632.1995.tb00338.x.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { localBivariateMoran } from "tissular/spatial";
 * // A ligand at spot 1, its receptor at both sides.
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 2, Float32Array.of(0, 5, 9, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0));
 * const { i, quadrants } = await localBivariateMoran(expression(x, "log"), [[0, 1]], graph);
 * if (!(i.data[1] > 2 && quadrants[0].codes[1] === 0)) throw new Error("spot 1 sends to receivers");
 * ```
 */
export async function localBivariateMoran(
  x: Expression<Sparse> | Expression<Dense>,
  pairs: readonly (readonly [number, number])[],
  graph: Graph,
  options: LocalBivariateMoranOptions = {},
): Promise<LocalBivariateMoranResult> {
  checkOptions("localBivariateMoran", options, localRules);
  checkPairs("localBivariateMoran", pairs, x);
  const params = localSettings(options);
  const values = await valuesOf("localBivariateMoran", x, graph, options);
  const weights = localWeights(graph, params.rowStandardize);
  const quadrants: Categorical[] = [];
  const column = (k: number): LocalColumn | null => {
    const [own, other] = pairs[k];
    return moranColumn(weights, standardized(values(own)), standardized(values(other)), quadrants);
  };
  const found = await testLocal("localBivariateMoran", weights, pairs.length, column, params, options);
  const { statistic: i, ...test } = found;
  return { i, ...test, quadrants, params };
}
