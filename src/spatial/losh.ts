import { checkOptions, number } from "../core/check.ts";
import { pow } from "../kernels/math.ts";
import { gammaUpperTail } from "../kernels/special.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import {
  lag,
  type LocalColumn,
  type LocalOptions,
  localRules,
  localSettings,
  type LocalSettings,
  type LocalTest,
  localWeights,
  standardized,
  testLocal,
  valuesOf,
} from "./local.ts";

export interface LoshOptions extends LocalOptions {
  /** Power of the residuals: 2 (default) for variances, 1 for absolute differences; the chi-squared p needs 2. */
  readonly exponent?: number;
}

export interface LoshResult extends LocalTest {
  /** H of each observation and gene, n x p; 1 on average. */
  readonly h: Dense;
  readonly params: LocalSettings & { readonly exponent: number };
}

/**
 * Where is a gene more uneven than elsewhere? Local spatial heteroscedasticity (LOSH) of every observation.
 *
 * With the local mean m_i = sum_j w_ij x_j / sum_j w_ij and the residual e_i = |x_i - m_i|^a: H_i = sum_j w_ij e_j / (W_i
 * mean(e)), W_i = sum_j w_ij. H > 1 around borders and in mixed regions, whatever their level; H < 1 in even ones. `p` is the
 * upper tail of 2 H / Var H as chi-squared with 2 / Var H degrees of freedom (a = 2), with Var H = (n sum w^2 - W^2) (mean(e^2) -
 * mean(e)^2) / ((n - 1) W^2 mean(e)^2); `pPermutation` deals the residuals of all other observations to the neighbors.
 * `alternative` is "greater" by default. Neighborhoods are the graph's, without the observation itself.
 *
 * An observation without neighbors has no local mean: it is NaN, left out of all means, and so is any that has it for a neighbor.
 * Genes that are constant or hold a NaN are NaN.
 *
 * @param x n x p; a few genes of interest (selectColumns), since each result is n x p
 * @param graph over the same n observations; its weights are used, directed or not
 * @returns n x p each
 * @throws {SpatialError} `input` where x and the graph differ in n; `memory` for over 50 million results; `option`; `aborted`
 *
 * Cost: as `localMoran`. Checked against esda 2.10 (H and p). Ord and Getis 2012, doi:10.1007/s00168-011-0492-y; Xu, Mei and Yan
 * 2014, Annals of Regional Science 52:697.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { losh } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 1, Float32Array.of(4, 4, 4, 4, 0, 9, 0, 9));
 * const { h } = await losh(expression(x, "log"), graph);
 * if (!(h.data[1] === 0 && h.data[6] > 1)) throw new Error("even at the left, mixed at the right");
 * ```
 */
export async function losh(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: LoshOptions = {},
): Promise<LoshResult> {
  checkOptions("losh", options, { exponent: number(0.1, 10), ...localRules });
  const { exponent = 2 } = options;
  const params = { ...localSettings(options, "greater"), exponent };
  const { alternative } = params;
  const values = await valuesOf("losh", x, graph, options);
  const weights = localWeights(graph, params.rowStandardize);
  const { indptr, sums, squares } = weights;
  const observations = Uint32Array.from(sums.keys()).filter((i) => indptr[i + 1] > indptr[i]);
  const n = observations.length;
  const among = {
    observations,
    indptr: Uint32Array.from({ length: n + 1 }, (_, q) =>
      q < n ? indptr[observations[q]] : weights.weights.length,
    ),
    weights: weights.weights,
  };
  const column = (j: number): LocalColumn | null => {
    const u = standardized(values(j));
    if (u === null) return null;
    const local = lag(weights, u);
    const residuals = u.map((own, i) => {
      const off = Math.abs(own - local[i] / sums[i]);
      return exponent === 2 ? off * off : pow(off, exponent);
    });
    let [mean, spread] = [0, 0];
    for (const i of observations) mean += residuals[i] / n;
    for (const i of observations) spread += ((residuals[i] - mean) * (residuals[i] - mean)) / n;
    if (!(mean > 0)) return null;
    const around = lag(weights, residuals);
    const statistic = around.map((sum, i) => sum / (sums[i] * mean));
    const variance = sums.map(
      (w, i) => ((n * squares[i] - w * w) * spread) / ((n - 1) * w * w * mean * mean),
    );
    return {
      statistic,
      z: statistic.map((h, i) => (h - 1) / Math.sqrt(variance[i])),
      p: statistic.map((h, i) => {
        const upper = exponent === 2 ? gammaUpperTail(1 / variance[i], h / variance[i]) : NaN;
        if (alternative === "two-sided") return 2 * Math.min(upper, 1 - upper);
        return alternative === "greater" ? upper : 1 - upper;
      }),
      compared: {
        kind: "sum",
        u: Float64Array.from(observations, (i) => residuals[i] / mean),
        observed: Float64Array.from(observations, (i) => around[i] / mean),
      },
      sign: () => 1,
      among,
    };
  };
  const { statistic: h, ...test } = await testLocal("losh", weights, x.cols, column, params, options);
  return { h, ...test, params };
}
