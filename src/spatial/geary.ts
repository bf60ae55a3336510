import { checkOptions, oneOf } from "../core/check.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import {
  type AutocorrelationOptions,
  autocorrelationRules,
  type AutocorrelationSettings,
  type AutocorrelationTest,
  difference,
  type PairStatistic,
  settingsOf,
  testGenes,
} from "./autocorrelation.ts";
import { momentsOver } from "./gene-sums.ts";

export type GearyOptions = AutocorrelationOptions;

export interface GearyResult extends AutocorrelationTest {
  /** Geary's C of each gene, length p; NaN where the gene is constant. */
  readonly c: Float64Array;
  readonly params: AutocorrelationSettings & { readonly assumption: "normality" | "randomization" };
}

/**
 * How much do neighbors differ in each gene? Geary's C: the mean squared difference between neighbors over that between any two.
 *
 * C = (n - 1) sum_ij w_ij (x_i - x_j)^2 / (2 S0 sum_i (x_i - mean)^2), S0 = sum w. 1: no pattern; toward 0: neighbors alike; above
 * 1: neighbors differ. C weighs small-scale differences and outliers more than Moran's I. z = (C - 1) / sqrt(variance) is
 * negative where neighbors are alike; by default p is that tail, P(Z <= z). Under "normality"
 * Var C = ((2 S1 + S2)(n - 1) - 4 S0^2) / (2 (n + 1) S0^2), with S1 and S2 as for `moran`; under "randomization" the moments of
 * all orders of the gene's own values, exactly.
 *
 * NaN: a gene that is constant or holds a NaN has no value, no p, and is not counted in the adjustment; neither has any gene where
 * the graph has no edge or where the statistic cannot vary (a complete graph). Observations without neighbors have weight 0 and
 * stay in n and in the mean. Samples that the graph does not join share one mean.
 *
 * @param x n x p, log values as a rule; nothing is densified or changed
 * @param graph over the same n observations; its weights are used, directed or not
 * @throws {SpatialError} `input` where x and the graph differ in n; `option`; `aborted`
 *
 * Cost: O(stored values * neighbors), centring is implicit, and as much again per random order. Checked against squidpy 1.8.3 (C to
 * 1e-6; its p-value is the smaller tail), esda 2.10 (both variances), all orders of small tissues and simulated tissues without
 * pattern. Geary 1954, doi:10.2307/2986645; Cliff and Ord 1981, Spatial Processes.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { geary } from "tissular/spatial";
 * // Six spots in a row: a gradient and an alternation.
 * const graph = gridGraph(new Int32Array(6), Int32Array.of(0, 1, 2, 3, 4, 5));
 * const x = dense(6, 2, Float32Array.of(0, 1, 1, 0, 2, 1, 3, 0, 4, 1, 5, 0));
 * const { c, p } = await geary(expression(x, "log"), graph, { permutations: 99 });
 * if (!(c[0] < 0.2 && p[0] < 0.05 && c[1] > 1.5 && p[1] > 0.9)) throw new Error("wrong");
 * ```
 */
export async function geary(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: GearyOptions = {},
): Promise<GearyResult> {
  checkOptions("geary", options, {
    assumption: oneOf("normality", "randomization"),
    ...autocorrelationRules,
  });
  const { assumption = "normality" } = options;
  const genes = await momentsOver("geary", x, [graph], options);
  const settings = settingsOf(options);
  const { statistic: c, ...test } = await testGenes(genes, graph, gearyOf[assumption], settings, options);
  return { c, ...test, params: { ...settings, assumption } };
}

const base = {
  name: "Geary's C",
  sign: -1,
  // sum_ij w_ij (z_i - z_j)^2 = sum_i T_i z_i^2 - 2 sum_ij w_ij z_i z_j
  of: ({ cross, spread, m2 }, { s0 }, n) => ((n - 1) * (spread - 2 * cross)) / (2 * s0 * m2),
  expected: () => 1,
} satisfies Partial<PairStatistic>;

/** C with its variance for values drawn from a normal distribution, or for the gene's own in any order. */
export const gearyOf: Readonly<Record<"normality" | "randomization", PairStatistic>> = {
  normality: {
    ...base,
    variance: (_, { s0, s1, s2 }, n) =>
      difference((2 * s1 + s2) * (n - 1), 4 * s0 * s0) / (2 * (n + 1) * s0 * s0),
  },
  randomization: {
    ...base,
    variance: ({ m2, m4 }, { s0, s1, s2 }, n) => {
      const k = (n * m4) / (m2 * m2);
      const more =
        (n - 1) * s1 * (n * n - 3 * n + 3 - (n - 1) * k) + s0 * s0 * (n * n - 3 - (n - 1) * (n - 1) * k);
      const less = 0.25 * (n - 1) * s2 * (n * n + 3 * n - 6 - (n * n - n + 2) * k);
      return n < 4 ? NaN : difference(more, less) / (n * (n - 2) * (n - 3) * s0 * s0);
    },
  },
};
