import { checkOptions, integer, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { exp } from "../kernels/math.ts";
import {
  type Categorical,
  type Dense,
  type Expression,
  type Positions,
  type Sparse,
} from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import { designOf, placesAt } from "./design.ts";
import { geneBlocks } from "./gene-blocks.ts";
import { climb, type Optimum } from "./lattice-search.ts";
import { type GeneValues, withLikelihoods } from "./nngp.ts";
import { noiseGenes, noiseTail } from "./noise.ts";

export interface NnSvgOptions extends RunOptions {
  /** Sample of each observation: has a level of its own and no neighbors in another; those without one (-1) are left out. */
  readonly sample?: Categorical;
  /** n x q, known of each observation (domains as 0 and 1, log totals); columns that others make up count once. */
  readonly covariates?: Dense;
  /** Neighbors m that a place is given; default 10. */
  readonly neighbors?: number;
  /** Genes of noise from which p is learned; default 1000. */
  readonly draws?: number;
  readonly seed?: number;
}

/** Arrays of length p; NaN for genes that do not vary. */
export interface NnSvgResult {
  /** likelihood ratio: twice the log-likelihood above that of the same model without space */
  readonly statistic: Float64Array;
  readonly p: Float64Array;
  /** natural logarithm of p, where p itself is 0 */
  readonly logP: Float64Array;
  /** Benjamini-Hochberg over genes */
  readonly pAdjusted: Float64Array;
  /** part of the variance (beside covariates) that varies in space, sigma^2 / (sigma^2 + tau^2) */
  readonly propSV: Float64Array;
  /** distance at which correlation falls to 1 / e, in the unit of the positions; NaN where propSV is 0 */
  readonly lengthScale: Float64Array;
  /** genes from the largest statistic to the smallest, those with NaN last */
  readonly order: Uint32Array;
  readonly params: { readonly neighbors: number; readonly draws: number; readonly seed: number };
}

/**
 * Which genes vary in space, how much of their variance does, and over which distance? A Gaussian process per gene (nnSVG).
 *
 * y ~ N(X b, sigma^2 exp(-d / l) + tau^2), by maximum likelihood over b, sigma^2, tau^2 and l, each place given its m nearest among places before
 * it (nearest-neighbor Gaussian process). Weber et al. 2023, doi:10.1038/s41467-023-39748-z; Saha and Datta 2018 (BRISC),
 * doi:10.1002/sta4.184. l is from half the median distance of nearest places to the diagonal of the tissue.
 *
 * Their p is that of chi-squared with 2 degrees of freedom, exp(-statistic / 2). Since sigma^2 = 0 is the end of its range, that is too large:
 * of tissues without pattern about 1 % have such p up to .05. Here p is P(Z > sqrt(statistic)) + c exp(-statistic / 2), with c from genes of
 * normal noise at the same places; genes seen in under 40 observations have too many small ones (2 % up to .01). The order is the same.
 *
 * @param x n x p, log values as a rule
 * @param places n x 2 or n x 3, any unit; places may repeat
 * @throws {SpatialError} `input` where lengths differ or numbers are not finite; `option`; `aborted`
 *
 * Cost: about 130 likelihoods of n m multiplications for each gene and draw: 6 ms of one core at n = 3,639 (Visium). The statistic is within
 * 0.1 (0.1 % where larger) of its maximum. Checked against dense Gaussian processes (exact with m = n - 1), tissues without pattern, and
 * layers of cortex.
 *
 * @example
 * ```ts
 * import { dense, expression, positions } from "tissular/model";
 * import { nnSvg } from "tissular/spatial";
 * const places = positions(Float64Array.from({ length: 200 }, (_, k) => (k % 2 ? (k >> 1) % 10 : Math.floor(k / 20))), "um", 1);
 * const x = dense(100, 2, Float32Array.from({ length: 200 }, (_, k) => (k % 2 ? (k * 37) % 11 : Math.floor(k / 60) % 2)));
 * const { p, propSV, order } = await nnSvg(expression(x, "log"), places);
 * if (order[0] !== 0 || !(p[0] < 1e-6 && propSV[0] > 0.5)) throw new Error("gene 0 has stripes of three rows");
 * ```
 */
export async function nnSvg(
  x: Expression<Sparse> | Expression<Dense>,
  places: Positions,
  options: NnSvgOptions = {},
): Promise<NnSvgResult> {
  checkOptions("nnSvg", options, {
    sample: such("a categorical", (v) => (v as Categorical | null)?.kind === "categorical"),
    covariates: such("a full matrix", (v) => (v as Dense | null)?.kind === "dense"),
    neighbors: integer(1, 200),
    draws: integer(100),
    seed: integer(0),
    ...runRules,
  });
  const { neighbors = 10, draws = 1000, seed = 0 } = options;
  const design = designOf("nnSvg", x.rows, places, options.sample, options.covariates);
  const genes = await geneBlocks(x, design.used, options);
  const statistic = new Float64Array(x.cols).fill(NaN);
  const propSV = new Float64Array(x.cols).fill(NaN);
  const lengthScale = new Float64Array(x.cols).fill(NaN);
  const drawn = new Float64Array(draws);
  const n = design.used.length;
  const perBlock = Math.max(1, Math.min(draws, Math.floor(NOISE / n)));
  const most = {
    genes: Math.max(genes.most.genes, perBlock),
    values: Math.max(genes.most.values, perBlock * n),
  };
  const all = x.cols + draws;
  let done = 0;
  await withLikelihoods(
    placesAt(places, design.used),
    design,
    "exponential",
    neighbors,
    most,
    options,
    async (likelihoods) => {
      const { spacing, extent, load } = likelihoods;
      if (!(extent > 0))
        throw new SpatialError("input", "nnSvg needs observations at different places, found one place.", {
          subject: "positions",
        });
      const fit = async (values: GeneValues, take: (g: number, optimum: Optimum) => void): Promise<void> => {
        const count = values.indptr.length - 1;
        await load(values);
        const progress = (fraction: number): void =>
          options.onProgress?.({ step: "Gaussian processes", fraction: (done + fraction * count) / all });
        (await climb(likelihoods, count, spacing / 2, extent, progress)).forEach((optimum, g) =>
          take(g, optimum),
        );
        done += count;
      };
      for (let b = 0; b + 1 < genes.cuts.length; b++)
        await fit(genes.block(b), (g, found) => {
          const gene = genes.cuts[b] + g;
          [statistic[gene], propSV[gene], lengthScale[gene]] = [found.statistic, found.share, found.length];
        });
      for (let from = 0; from < draws; from += perBlock)
        await fit(noiseGenes(n, from, Math.min(draws, from + perBlock), seed), (g, found) => {
          drawn[from + g] = found.statistic;
        });
    },
  );
  const logP = statistic.map(noiseTail(drawn));
  const p = logP.map(exp);
  const key = (j: number): number => (statistic[j] === statistic[j] ? statistic[j] : -1);
  return {
    statistic,
    p,
    logP,
    pAdjusted: adjustPValues(p),
    propSV,
    lengthScale,
    order: Uint32Array.from(statistic.keys()).sort((a, b) => key(b) - key(a) || a - b),
    params: { neighbors, draws, seed },
  };
}

/** Values of noise that are held at a time. */
const NOISE = 4e6;
