import { checkOptions, oneOf } from "../core/check.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import {
  type AutocorrelationOptions,
  autocorrelationRules,
  type AutocorrelationSettings,
  settingsOf,
  testGenes,
} from "./autocorrelation.ts";
import { gearyOf } from "./geary.ts";
import { momentsOver } from "./gene-sums.ts";
import { moranOf } from "./moran.ts";

export interface CorrelogramOptions extends AutocorrelationOptions {
  /** Moran's I (default) or Geary's C. */
  readonly statistic?: "moran" | "geary";
}

/** Matrices are l lags x p genes. */
export interface CorrelogramResult {
  /** I or C. */
  readonly value: Dense;
  readonly z: Dense;
  readonly p: Dense;
  /** Benjamini-Hochberg over the genes, lag by lag. */
  readonly pAdjusted: Dense;
  readonly pPermutation: Dense;
  readonly variance: Dense;
  /** The value expected without pattern, length l. */
  readonly expected: Float64Array;
  /** Mean distance of the pairs of each lag (steps, for `neighborOrders`), length l; NaN without pairs. */
  readonly distance: Float64Array;
  /** Pairs of each lag, length l; in directed graphs entries. */
  readonly pairs: Float64Array;
  readonly params: AutocorrelationSettings & {
    readonly assumption: "normality" | "randomization";
    readonly statistic: "moran" | "geary";
  };
}

/**
 * How far does the pattern of each gene reach? Moran's I (or Geary's C) among the pairs of each lag: bands of distance
 * (`distanceBands`) or neighbors of neighbors (`neighborOrders`).
 *
 * Each lag is a graph, its row the result of `moran` or `geary` on it with the same options; where I falls to 0 (C rises to 1) the
 * pattern ends, where it is negative (above 1) the opposite begins. Constant genes, genes with NaN and lags without pairs are NaN.
 *
 * @param x n x p; nothing is densified or changed
 * @param lags graphs over the same n observations, nearest first
 * @throws {SpatialError} `input` where x and a graph differ in n; `option`; `aborted`
 *
 * Cost: that of `moran` per lag. Sokal and Oden 1978, doi:10.1111/j.1095-8312.1978.tb00013.x.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { correlogram, neighborOrders } from "tissular/spatial";
 * // Twelve spots in a row, in runs of three.
 * const graph = gridGraph(new Int32Array(12), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
 * const x = dense(12, 1, Float32Array.of(5, 5, 5, 0, 0, 0, 5, 5, 5, 0, 0, 0));
 * const { value } = await correlogram(expression(x, "log"), neighborOrders(graph, 3));
 * if (!(value.data[0] > 0.3 && value.data[2] < -0.9)) throw new Error("alike at 1 step, opposite at 3");
 * ```
 */
export async function correlogram(
  x: Expression<Sparse> | Expression<Dense>,
  lags: readonly Graph[],
  options: CorrelogramOptions = {},
): Promise<CorrelogramResult> {
  checkOptions("correlogram", options, {
    assumption: oneOf("normality", "randomization"),
    statistic: oneOf("moran", "geary"),
    ...autocorrelationRules,
  });
  const { assumption = "normality", statistic = "moran" } = options;
  const settings = settingsOf(options);
  const pairStatistic = { moran: moranOf, geary: gearyOf }[statistic][assumption];
  const matrix = (): Dense & { readonly data: Float64Array } => ({
    kind: "dense",
    rows: lags.length,
    cols: x.cols,
    data: new Float64Array(lags.length * x.cols),
  });
  const out = {
    value: matrix(),
    z: matrix(),
    p: matrix(),
    pAdjusted: matrix(),
    pPermutation: matrix(),
    variance: matrix(),
    expected: new Float64Array(lags.length),
    ...lagSizes(lags),
  };
  const genes = await momentsOver("correlogram", x, lags, options);
  for (const [k, graph] of lags.entries()) {
    const named = { ...pairStatistic, name: `${pairStatistic.name}, lag ${k + 1}` };
    const found = await testGenes(genes, graph, named, settings, options);
    const from = k * x.cols;
    out.value.data.set(found.statistic, from);
    for (const name of ["z", "p", "pAdjusted", "pPermutation", "variance"] as const)
      out[name].data.set(found[name], from);
    out.expected[k] = found.expected;
  }
  return { ...out, params: { ...settings, assumption, statistic } };
}

/** Mean distance and number of the pairs of each graph. */
export function lagSizes(lags: readonly Graph[]): {
  readonly distance: Float64Array;
  readonly pairs: Float64Array;
} {
  return {
    distance: Float64Array.from(lags, (g) => g.distances.reduce((s, d) => s + d, 0) / g.distances.length),
    pairs: Float64Array.from(lags, (g) => g.indices.length / (g.directed ? 1 : 2)),
  };
}
