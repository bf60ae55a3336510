import { checkOptions, integer, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import type { Dense } from "../model/index.ts";
import { relabelBySize } from "./labels.ts";
import { bestFits, drawSample } from "./search.ts";
import { assignTied, bicTied, pointsOf } from "./tied.ts";

/** Options of `gaussianMixture`. */
export interface GaussianMixtureOptions extends RunOptions {
  /** How many groups k. */
  readonly clusters: number;
  /** Random starts besides the one from Ward's hierarchy; default 12. */
  readonly restarts?: number;
  readonly seed?: number;
}

/** A mixture of k normal distributions that share one covariance; group 0 is the largest. */
export interface GaussianMixtureResult {
  /** length n: the likeliest group of each row */
  readonly labels: Int32Array;
  /** length k, sum 1 */
  readonly weights: Float64Array;
  /** k x d */
  readonly means: Dense;
  /** d x d */
  readonly covariance: Dense;
  /** natural log, of all rows */
  readonly logLikelihood: number;
  /** Bayesian information criterion, lower is better; k - 1 + k d + d (d + 1) / 2 parameters are free */
  readonly bic: number;
  /** Whether the last step raised the log-likelihood per row by less than 1e-5. */
  readonly converged: boolean;
  readonly params: { readonly clusters: number; readonly restarts: number; readonly seed: number };
}

/**
 * Which k groups do the rows fall into, if each is a cloud of the same shape? A Gaussian mixture with tied covariance.
 *
 * Density: sum over groups of weight_g N(x; mean_g, C). Expectation-maximization runs from Ward's hierarchy (of at most
 * 1,000 rows) and from `restarts` k-means starts (k-means++ centers) until it slows down, the best three go on to the
 * end, and the likeliest answer wins. C is the within-group scatter over n plus a millionth of the mean variance, so it
 * can always be inverted. Above 4,000 rows the starts are compared on 4,000 rows drawn by the seed, and the winner goes
 * on with all. A group may end up empty where there are fewer than k distinct rows.
 *
 * @param x n x d, for instance principal components; columns are used as they are (scale matters for the
 *   starts; a column with less than a millionth of the mean variance hardly counts)
 * @throws {SpatialError} `input` for fewer rows than groups or values whose squares are not finite; `memory`
 *   where the rows do not fit into 4 GB as f64
 *
 * The same seed gives the same bits on every machine and any number of threads. Cost: 2 n k d multiplications and at most
 * n k exponentials per step, some 10 to 100 steps per start; memory 16 n d bytes.
 * Checked against the definition of the likelihood.
 * Source: McLachlan and Peel 2000, Finite Mixture Models, doi:10.1002/0471721182.
 *
 * @example
 * ```ts
 * import { dense } from "tissular/model";
 * import { gaussianMixture } from "tissular/cluster";
 * const x = dense(6, 1, Float64Array.from([0, 0.1, 0.2, 5, 5.1, 5.2]));
 * const { labels } = await gaussianMixture(x, { clusters: 2 });
 * if (labels[0] !== labels[2] || labels[0] === labels[3]) throw new Error("two groups of three");
 * ```
 */
export async function gaussianMixture(
  x: Dense,
  options: GaussianMixtureOptions,
): Promise<GaussianMixtureResult> {
  checkOptions("gaussianMixture", options, {
    clusters: integer(1, 1000),
    restarts: integer(0, 1000),
    seed: integer(),
    ...runRules,
  });
  const { clusters, restarts = 12, seed = 0 } = options;
  if (clusters === undefined)
    throw new SpatialError("option", "gaussianMixture needs the option clusters.", { subject: "clusters" });
  if (!(x.rows >= clusters) || x.cols < 1) {
    throw new SpatialError(
      "input",
      `gaussianMixture needs at least as many rows as groups and a column, found ${x.rows} x ${x.cols} for ${clusters} groups.`,
    );
  }
  const points = pointsOf(x);
  const sample = await drawSample(points, seed);
  const [fit] = await bestFits([{ points, sample, k: clusters, restarts, seed }], options, (fraction) =>
    options.onProgress?.({ step: "mixture", fraction }),
  );
  const { labels, order } = relabelBySize(assignTied(points, fit), clusters);
  const d = x.cols;
  const means = new Float64Array(clusters * d);
  order.forEach((g, at) => {
    for (let c = 0; c < d; c++) means[at * d + c] = fit.means[g * d + c] + points.center[c];
  });
  return {
    labels,
    weights: Float64Array.from(order, (g) => fit.weights[g]),
    means: { kind: "dense", rows: clusters, cols: d, data: means },
    covariance: { kind: "dense", rows: d, cols: d, data: fit.covariance },
    logLikelihood: fit.logLikelihood,
    bic: bicTied(fit, points.n, d),
    converged: fit.converged,
    params: { clusters, restarts, seed },
  };
}
