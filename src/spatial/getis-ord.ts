import { checkOptions } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import {
  type AutocorrelationOptions,
  autocorrelationRules,
  type AutocorrelationSettings,
  type AutocorrelationTest,
  crossMoments,
  difference,
  type PairStatistic,
  settingsOf,
  testGenes,
} from "./autocorrelation.ts";
import { momentsOver } from "./gene-sums.ts";

export type GetisOrdGOptions = Omit<AutocorrelationOptions, "assumption">;

export interface GetisOrdGResult extends AutocorrelationTest {
  /** General G of each gene, length p; NaN where the gene is constant or above 0 in one observation only. */
  readonly g: Float64Array;
  readonly params: AutocorrelationSettings;
}

/**
 * Do the high values of each gene lie together, or the low ones? The general G of Getis and Ord.
 *
 * G = sum_ij w_ij x_i x_j / sum_{i != j} x_i x_j: the share of all products of two observations that falls on neighbors. Expected
 * without pattern: S0 / (n (n - 1)). Above: high values are neighbors (hot spots); below: low values are. Moran's I is high in
 * both cases. The variance is that of all orders of the gene's own values, exactly. Weights are as they are by default (binary
 * ones as a rule); values must not be negative, and 0 must mean nothing.
 *
 * NaN: a gene that is constant or holds a NaN has no value, no p, and is not counted in the adjustment; neither has any gene where
 * the graph has no edge or where the statistic cannot vary (a complete graph). Observations without neighbors have weight 0 and
 * stay in n and in the mean. Samples that the graph does not join share one mean.
 *
 * @param x n x p, counts or log values; nothing is densified or changed
 * @param graph over the same n observations; its weights are used, directed or not
 * @throws {SpatialError} `input` where x and the graph differ in n or a value is negative; `option`; `aborted`
 *
 * Cost: O(stored values * neighbors), and as much again per random order. Checked against esda 2.10, all orders of small tissues
 * and simulated tissues without pattern. Getis and Ord 1992, doi:10.1111/j.1538-4632.1992.tb00261.x.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { getisOrdG } from "tissular/spatial";
 * // Eight spots in a row: a few high values together, and a few low ones.
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 2, Float32Array.of(1, 5, 1, 5, 1, 5, 9, 1, 9, 1, 9, 1, 1, 5, 1, 5));
 * const { g, expected, z } = await getisOrdG(expression(x, "counts"), graph);
 * if (!(g[0] > expected && z[0] > 1.5 && z[1] < z[0])) throw new Error("wrong");
 * ```
 */
export async function getisOrdG(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: GetisOrdGOptions = {},
): Promise<GetisOrdGResult> {
  checkOptions("getisOrdG", options, autocorrelationRules);
  requireNonNegative("getisOrdG", x);
  const genes = await momentsOver("getisOrdG", x, [graph], options);
  const settings = settingsOf(options, false);
  const { statistic: g, ...test } = await testGenes(genes, graph, generalG, settings, options);
  return { g, ...test, params: settings };
}

/** Refuses negative values, for statistics that need a true 0. */
export function requireNonNegative(verb: string, x: Expression<Sparse> | Expression<Dense>): void {
  const at = x.data.findIndex((v) => v < 0);
  if (at < 0) return;
  throw new SpatialError("input", `${verb} needs values >= 0, found ${x.data[at]}.`, {
    subject: "x",
    hint: "Give it counts, normalized or log values, not scaled ones.",
  });
}

/** sum_{i != j} x_i x_j */
const allPairs = (mean: number, m2: number, n: number): number => n * (n - 1) * mean * mean - m2;

const generalG: PairStatistic = {
  name: "Getis-Ord G",
  sign: 1,
  of: ({ mean, m2, cross, share }, { s0 }, n) => {
    const pairs = allPairs(mean, m2, n);
    return pairs > 1e-12 * m2 ? (cross + mean * share + mean * mean * s0) / pairs : NaN;
  },
  expected: ({ s0 }, n) => (s0 === 0 ? NaN : s0 / (n * (n - 1))),
  // The numerator is sum w z z + mean sum T z + a constant: two variances and twice their covariance.
  variance: ({ mean, m2, m3, m4 }, weights, n) => {
    const { s0, s2 } = weights;
    const two = n * (n - 1);
    const linear = ((s2 - (4 * s0 * s0) / n) * m2) / (n - 1);
    const both = (-s2 * m3) / two + ((2 * s0 * s0 - s2) * 2 * m3) / (two * (n - 2));
    const cross = crossMoments(weights, n, m2, m4).variance;
    const pairs = allPairs(mean, m2, n);
    return difference(cross + mean * mean * linear, -2 * mean * both) / (pairs * pairs);
  },
};
