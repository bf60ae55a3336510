import { checkOptions, oneOf, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import { lagSizes } from "./correlogram.ts";
import { genesOver } from "./genes.ts";

export interface VariogramOptions extends RunOptions {
  /** "matheron" (default): half the mean squared difference; "cressie": robust, from the mean square root of the difference. */
  readonly estimator?: "matheron" | "cressie";
}

export interface VariogramResult {
  /** Semivariance of each band (rows) and gene (columns), l x p, in squared units of x; NaN without pairs. */
  readonly gamma: Dense;
  /** Mean distance of the pairs of each band, length l. */
  readonly distance: Float64Array;
  /** Pairs of each band, length l. */
  readonly pairs: Float64Array;
  readonly params: { readonly estimator: "matheron" | "cressie" };
}

/**
 * How does the difference between two observations grow with their distance? The empirical variogram of every gene, in all
 * directions together.
 *
 * With the N pairs of a band, "matheron": gamma = sum (x_i - x_j)^2 / (2 N); "cressie": gamma = (sum |x_i - x_j|^(1/2) / N)^4 / (2
 * (0.457 + 0.494 / N)), which single outliers hardly move; it is made for normal values and is too low where most are 0. gamma at
 * short distance is noise (nugget), where it levels off lie the variance (sill) and the reach of the pattern (range). A constant
 * gene has 0, a band with a NaN in one of its pairs NaN. Weights do not count, only which pairs there are.
 *
 * @param x n x p; nothing is densified or changed
 * @param bands graphs over the same n observations, as `distanceBands` gives them
 * @throws {SpatialError} `input` where x and a graph differ in n or a graph is directed; `option`; `aborted`
 *
 * Cost: O(stored values * pairs per observation) per band. Checked against the definition. Matheron 1963,
 * doi:10.2113/gsecongeo.58.8.1246; Cressie and Hawkins 1980, doi:10.1007/BF01035243.
 *
 * @example
 * ```ts
 * import { dense, expression, positions } from "tissular/model";
 * import { distanceBands, variogram } from "tissular/spatial";
 * const line = positions(Float64Array.of(0, 0, 1, 0, 2, 0, 3, 0), "um", 1);
 * const x = expression(dense(4, 1, Float32Array.of(0, 1, 2, 3)), "log");
 * const { gamma, pairs } = await variogram(x, distanceBands(line, [1, 2, 3]));
 * if (gamma.data.join() !== "0.5,2,4.5" || pairs.join() !== "3,2,1") throw new Error("a slope: half the squared distance");
 * ```
 */
export async function variogram(
  x: Expression<Sparse> | Expression<Dense>,
  bands: readonly Graph[],
  options: VariogramOptions = {},
): Promise<VariogramResult> {
  checkOptions("variogram", options, { estimator: oneOf("matheron", "cressie"), ...runRules });
  const { estimator = "matheron" } = options;
  const gamma = new Float64Array(bands.length * x.cols);
  for (const graph of bands) {
    if (graph.directed) {
      throw new SpatialError("input", "variogram needs graphs without direction, found a directed one.", {
        subject: "bands",
        hint: "Make them with distanceBands.",
      });
    }
  }
  const genes = await genesOver("variogram", x, bands, options);
  const work = new Float64Array(x.rows);
  const robust = estimator === "cressie";
  for (const [k, { indptr, indices }] of bands.entries()) {
    const pairs = indices.length;
    const each = (from: number, to: number): void =>
      genes.each(from, to, (gene, rows, start, values, count) => {
        for (let t = 0; t < count; t++) work[rows[start + t]] = values[t];
        // A pair of two values that are not 0 is met from both sides, one with a 0 from one: it counts twice there.
        let sum = 0;
        for (let t = 0; t < count; t++) {
          const own = values[t];
          if (own === 0) continue;
          const row = rows[start + t];
          const alone = robust ? Math.sqrt(Math.abs(own)) : own * own;
          for (let e = indptr[row]; e < indptr[row + 1]; e++) {
            const other = work[indices[e]];
            const d = own - other;
            if (other === 0) sum += 2 * alone;
            else sum += robust ? Math.sqrt(Math.abs(d)) : d * d;
          }
        }
        for (let t = 0; t < count; t++) work[rows[start + t]] = 0;
        const mean = sum / pairs;
        gamma[k * x.cols + gene] = robust
          ? (mean * mean * mean * mean) / (2 * (0.457 + 0.988 / pairs))
          : mean / 2;
      });
    await forEachBlock(`variogram, band ${k + 1}`, x.cols, genes.block(2 * pairs), each, options);
  }
  return {
    gamma: { kind: "dense", rows: bands.length, cols: x.cols, data: gamma },
    ...lagSizes(bands),
    params: { estimator },
  };
}
