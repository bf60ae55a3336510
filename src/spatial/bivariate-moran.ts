import { checkOptions } from "../core/check.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import {
  type AutocorrelationOptions,
  autocorrelationRules,
  type AutocorrelationSettings,
  settingsOf,
} from "./autocorrelation.ts";
import { lag, type LocalWeights, localWeights } from "./local.ts";
import { type FormSums, type PairTest, testPairs } from "./pairs.ts";

export type BivariateMoranOptions = Omit<AutocorrelationOptions, "assumption">;

export interface BivariateMoranResult extends PairTest {
  /** Bivariate Moran's I of each pair, length m. */
  readonly i: Float64Array;
  readonly params: AutocorrelationSettings;
}

/**
 * Does one gene go with another one in the neighbors? Bivariate Moran's I, for pairs of genes.
 *
 * I = (n / S0) sum_ij w_ij zx_i zy_j / sqrt(sum zx^2 sum zy^2), z = x - mean, S0 = sum w. Two-sided by default. Expected value,
 * variance and random orders: observations change places with both their genes, so that how x and y go together within an
 * observation, r, is no pattern: expected -r / (n - 1), variance exact (Czaplewski and Reich 1993). esda deals y alone, which
 * calls genes that merely go together within cells. Two genes that each have a pattern lie together or apart more than chance has
 * it by either null.
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
 * Cost: O(n + edges) per pair and random order. Checked against esda 2.10 (I), all orders of small tissues (both moments) and
 * simulated tissues without pattern. Wartenberg 1985, doi:10.1111/j.1538-4632.1985.tb00849.x; Czaplewski and Reich 1993,
 * USDA Forest Service Research Paper RM-309.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { bivariateMoran } from "tissular/spatial";
 * // Two genes at the same end of eight spots, and one at the other end.
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 3, Float32Array.of(5, 4, 0, 4, 5, 0, 5, 5, 1, 1, 1, 1, 0, 1, 4, 1, 0, 4, 0, 0, 5, 0, 1, 4));
 * const { i, p } = await bivariateMoran(expression(x, "log"), [[0, 1], [0, 2]], graph);
 * if (!(i[0] > 0.4 && i[1] < -0.4 && p[0] < 0.05)) throw new Error("wrong");
 * ```
 */
export async function bivariateMoran(
  x: Expression<Sparse> | Expression<Dense>,
  pairs: readonly (readonly [number, number])[],
  graph: Graph,
  options: BivariateMoranOptions = {},
): Promise<BivariateMoranResult> {
  checkOptions("bivariateMoran", options, autocorrelationRules);
  const params = settingsOf(options, true, "two-sided");
  const weights = localWeights(graph, params.rowStandardize);
  const sums = weightSums(weights);
  const of = (a: Float64Array, b: Float64Array): number => {
    const around = lag(weights, b);
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i] * around[i];
    return sum;
  };
  const form = { scale: 1 / sums.total, sums, of };
  const found = await testPairs(
    "bivariateMoran",
    "bivariate Moran's I",
    x,
    pairs,
    graph,
    form,
    params,
    options,
  );
  const { statistic: i, ...test } = found;
  return { i, ...test, params };
}

function weightSums({ indptr, indices, weights, sums, squares }: LocalWeights): FormSums {
  const into = new Float64Array(sums.length);
  let mutual = 0;
  for (let i = 0; i < sums.length; i++)
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const j = indices[e];
      into[j] += weights[e];
      let [low, high] = [indptr[j], indptr[j + 1]];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (indices[middle] < i) low = middle + 1;
        else high = middle;
      }
      if (low < indptr[j + 1] && indices[low] === i) mutual += weights[e] * weights[low];
    }
  const total = (f: (i: number) => number): number => sums.reduce((s, _, i) => s + f(i), 0);
  return {
    diagonal: 0,
    diagonalSquares: 0,
    touching: 0,
    total: total((i) => sums[i]),
    squares: total((i) => squares[i]),
    mutual,
    rows: total((i) => sums[i] * sums[i]),
    columns: total((i) => into[i] * into[i]),
    chains: total((i) => sums[i] * into[i]),
  };
}
