import { checkOptions } from "../core/check.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import {
  drawnZ,
  lag,
  type LocalColumn,
  type LocalOptions,
  localRules,
  localSettings,
  type LocalTest,
  localWeights,
  standardized,
  testLocal,
  valuesOf,
} from "./local.ts";
import { tail } from "./tails.ts";

export type LocalGearyOptions = LocalOptions;

export interface LocalGearyResult extends LocalTest {
  /** Local Geary's C, n x p. */
  readonly c: Dense;
}

/**
 * Where is a gene alike, or unlike, its neighbors? Local Geary's C of every observation.
 *
 * C_i = sum_j w_ij (z_i - z_j)^2 with z scaled to mean 0 and variance 1: small where an observation is as its neighbors are, at
 * any level (local Moran needs high or low values), large at edges and outliers. z is negative where neighbors are alike; with
 * `alternative` "greater" p is small there, with "less" where they differ. z holds for neighbors drawn from all other observations
 * while x_i stays, exactly; `pPermutation` draws them.
 *
 * Observations without neighbors, and genes that are constant or hold a NaN, have NaN everywhere and are not counted in the
 * adjustments.
 *
 * @param x n x p; a few genes of interest (selectColumns), since each result is n x p
 * @param graph over the same n observations; its weights are used, directed or not
 * @returns n x p each
 * @throws {SpatialError} `input` where x and the graph differ in n; `memory` for over 50 million results; `option`; `aborted`
 *
 * Cost: as `localMoran`. Checked against esda 2.10 (C), brute force (both moments) and simulated tissues without pattern. Anselin
 * 1995, doi:10.1111/j.1538-4632.1995.tb00338.x; Anselin 2019, doi:10.1111/gean.12164.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { localGeary } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 1, Float32Array.of(1, 1, 1, 1, 9, 9, 9, 9));
 * const { c } = await localGeary(expression(x, "log"), graph);
 * if (!(c.data[1] === 0 && c.data[3] > 1)) throw new Error("alike within a half, unlike at the edge");
 * ```
 */
export async function localGeary(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: LocalGearyOptions = {},
): Promise<LocalGearyResult> {
  checkOptions("localGeary", options, localRules);
  const params = localSettings(options);
  const values = await valuesOf("localGeary", x, graph, options);
  const weights = localWeights(graph, params.rowStandardize);
  const { indptr, indices, sums, squares } = weights;
  const n = x.rows;
  const column = (j: number): LocalColumn | null => {
    const u = standardized(values(j));
    if (u === null) return null;
    const v = u.map((a) => a * a);
    let [thirds, fourths] = [0, 0];
    for (let i = 0; i < n; i++) {
      thirds += v[i] * u[i];
      fourths += v[i] * v[i];
    }
    const statistic = u.map((own, i) => {
      let sum = 0;
      for (let e = indptr[i]; e < indptr[i + 1]; e++) {
        const d = own - u[indices[e]];
        sum += weights.weights[e] * d * d;
      }
      return indptr[i + 1] > indptr[i] ? sum : NaN;
    });
    // Sums of (z_i - z_j)^2 and of its square over all j.
    const z = statistic.map((c, i) =>
      drawnZ(
        c,
        sums[i],
        squares[i],
        n - 1,
        n * v[i] + n,
        n * v[i] * v[i] + 6 * n * v[i] - 4 * u[i] * thirds + fourths,
      ),
    );
    const [lagU, lagV] = [lag(weights, u), lag(weights, v)];
    return {
      statistic,
      z,
      p: z.map((a) => tail(-a, params.alternative)),
      compared: { kind: "difference", u, v, observed: lagV.map((a, i) => a - 2 * u[i] * lagU[i]) },
      sign: () => -1,
    };
  };
  const { statistic: c, ...test } = await testLocal("localGeary", weights, x.cols, column, params, options);
  return { c, ...test, params };
}
