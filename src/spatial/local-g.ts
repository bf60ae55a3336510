import { boolean, checkOptions } from "../core/check.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import {
  drawnZ,
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

export interface LocalGOptions extends LocalOptions {
  /** Count the observation among its neighbors, with the largest of their weights: Gi* (default true); false: Gi. */
  readonly star?: boolean;
}

export interface LocalGResult extends LocalTest {
  /** Gi* or Gi, n x p: the share of the total that is found around an observation. */
  readonly g: Dense;
  readonly params: LocalSettings & { readonly star: boolean };
}

/**
 * Where are the hot spots and cold spots of a gene? Getis-Ord Gi* (or Gi) of every observation.
 *
 * Gi = sum_j w_ij x_j / sum_{j != i} x_j; Gi* has the observation in both sums. `z` is what is mapped as a rule: positive in hot
 * spots, negative in cold ones. z of Gi* = (sum w x - W mean) / (s sqrt((n sum w^2 - W^2) / (n - 1))), W = sum w, both with the
 * observation; z of Gi the same over the n - 1 others. `pPermutation` draws the neighbors from the others while the observation
 * stays, so for Gi* it asks about the neighbors only. z and p need no true 0 in x; g does.
 *
 * Observations without neighbors, and genes that are constant or hold a NaN, have NaN everywhere and are not counted in the
 * adjustments.
 *
 * @param x n x p; a few genes of interest (selectColumns), since each result is n x p
 * @param graph over the same n observations; its weights are used, directed or not
 * @returns n x p each
 * @throws {SpatialError} `input` where x and the graph differ in n; `memory` for over 50 million results; `option`; `aborted`
 *
 * Cost: as `localMoran`. Checked against esda 2.10 (binary weights exactly; for others esda 2.10 takes sum w for sum w^2) and
 * simulated tissues without pattern. Getis and Ord 1992, doi:10.1111/j.1538-4632.1992.tb00261.x; Ord and Getis 1995,
 * doi:10.1111/j.1538-4632.1995.tb00912.x.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { localG } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 1, Float32Array.of(9, 9, 9, 1, 0, 1, 0, 0));
 * const { g, z, p } = await localG(expression(x, "counts"), graph);
 * if (!(z.data[1] > 2 && z.data[6] < 0 && p.data[1] < 0.05 && g.data[1] > g.data[4])) throw new Error("a hot spot at 1");
 * ```
 */
export async function localG(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: LocalGOptions = {},
): Promise<LocalGResult> {
  checkOptions("localG", options, { star: boolean(), ...localRules });
  const { star = true } = options;
  const params = { ...localSettings(options), star };
  const values = await valuesOf("localG", x, graph, options);
  const weights = localWeights(graph, params.rowStandardize);
  const { indptr, sums, squares } = weights;
  const n = x.rows;
  const self = sums.map((_, i) =>
    star ? weights.weights.subarray(indptr[i], indptr[i + 1]).reduce((a, b) => Math.max(a, b), 0) : 0,
  );
  // A row that adds up to 1 does so with the observation.
  const scale = self.map((own) => (params.rowStandardize ? 1 / (1 + own) : 1));
  const column = (j: number): LocalColumn | null => {
    const raw = values(j);
    const u = standardized(raw);
    if (u === null) return null;
    const total = raw.reduce((a, b) => a + b, 0);
    const [around, rawAround] = [lag(weights, u), lag(weights, raw)];
    const statistic = raw.map((own, i) => {
      if (indptr[i + 1] === indptr[i]) return NaN;
      return star ? (scale[i] * (rawAround[i] + self[i] * own)) / total : rawAround[i] / (total - own);
    });
    const z = u.map((own, i) =>
      star
        ? drawnZ(around[i] + self[i] * own, sums[i] + self[i], squares[i] + self[i] * self[i], n, 0, n)
        : drawnZ(around[i], sums[i], squares[i], n - 1, -own, n - own * own),
    );
    for (let i = 0; i < n; i++) if (indptr[i + 1] === indptr[i]) z[i] = NaN;
    return { statistic, z, compared: { kind: "sum", u, observed: around }, sign: () => 1 };
  };
  const { statistic: g, ...test } = await testLocal("localG", weights, x.cols, column, params, options);
  return { g, ...test, params };
}
