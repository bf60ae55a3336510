import { checkOptions, integer, number, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, inParts, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { log } from "../kernels/math.ts";
import { nearbyNeighbors } from "../kernels/nearby.ts";
import { exactNeighbors } from "../kernels/nearest.ts";
import { normal } from "../kernels/random.ts";
import { type Dense, dense, type Sparse } from "../model/index.ts";
import { affinities } from "./affinities.ts";
import { withGradient } from "./gradient.ts";

/** Options of `tsne`. */
export interface TsneOptions extends RunOptions {
  /** n x 2 or more: where to start (the first two columns count); default the first two columns of the points. */
  readonly init?: Dense;
  /** How many neighbors a cell counts as near, in effect; default 30, at most (n - 1) / 3. */
  readonly perplexity?: number;
  /** How much stronger cells attract each other at first, so that groups form; default 12. */
  readonly earlyExaggeration?: number;
  /** Steps with exaggeration; default 250. */
  readonly earlyIterations?: number;
  /** Steps after those; default 750. */
  readonly iterations?: number;
  /** Length of the steps; default n / earlyExaggeration, at least 200. */
  readonly learningRate?: number;
  readonly seed?: number;
}

/** A layout of n cells in the plane. */
export interface TsneResult {
  /** n x 2, f32, around (0, 0) */
  readonly embedding: Dense;
  /** What the layout tells wrong of who is near whom: sum of p log(p / q) over the neighbors, in nats. */
  readonly klDivergence: number;
  /** The share of the true neighbors that was found: 1 up to 65,536 cells, else estimated on 256 cells. */
  readonly recall: number;
  readonly params: {
    readonly init: "given" | "points";
    readonly perplexity: number;
    readonly earlyExaggeration: number;
    readonly earlyIterations: number;
    readonly iterations: number;
    readonly learningRate: number;
    readonly seed: number;
  };
}

/** Cells up to which all pairs are compared. */
const EXACT = 65536;
/** Under which angle cells repel as one, on the way and for the divergence at the end. */
const ANGLE = 0.5;
const FINE_ANGLE = 0.2;
/** Cells whose part of the divergence is added up between two breaths. */
const PART = 1024;
/** Standard deviation of the start's first column, and of what separates cells that coincide. */
const START = 1e-4;
const SHAKE = 1e-6;
/** Share of the last step that goes on, with exaggeration and after. */
const EARLY_MOMENTUM = 0.5;
const MOMENTUM = 0.8;

/**
 * A map of the cells in which neighbors lie together: t-SNE. It tells groups apart; distances between them mean little.
 *
 * Cell i picks its neighbor j with probability p_j|i in proportion to exp(-b_i d_ij^2), among the 3 x perplexity nearest; b_i makes
 * the entropy of its picks log(perplexity). With p_ij = (p_j|i + p_i|j) / 2 n and, in the plane, q_ij in proportion to
 * 1 / (1 + d_ij^2), the sum of p log(p / q) is brought down by gradient steps with momentum and gains, the p exaggerated at
 * first. Far groups of cells repel as one (Barnes and Hut, angle 0.5).
 *
 * @param points n x d, usually principal components, the strongest first; finite
 * @throws {SpatialError} `input` for coordinates or an `init` with NaN or infinity, or an `init` of other rows or fewer than 2
 *   columns; `option` for a perplexity above (n - 1) / 3; `memory` beyond about 2 million cells
 *
 * The same seed gives the same bits on every machine and any number of threads. Cost O(n log n) a step, after neighbors as in
 * `neighborGraph`: 4,000 cells in 3.5 s, 20,000 in 27 s of CPU time. Memory 6 kB per cell at perplexity 30.
 * Checked against scikit-learn 1.9: the p to 1e-3; trustworthiness and divergence within 0.01 of its runs (which differ by as much
 * from seed to seed); the gradient against that of all pairs. Mean divergence of 5 seeds on 2,000 and 4,000 cells and on 4,000
 * spots: 2.168, 2.621, 1.881 from the components (scikit-learn 2.178, 2.631, 1.893), 2.174, 2.622, 1.882 from random places (2.177,
 * 2.630, 1.895), trustworthiness within 0.002; over all pairs: what scikit-learn states itself is 0.01 too low at its angle.
 * Source: van der Maaten 2014, jmlr.org/papers/v15/vandermaaten14a.html; start, rate and exaggeration after Kobak and Berens 2019,
 * doi:10.1038/s41467-019-13056-x, and Belkina et al. 2019, doi:10.1038/s41467-019-13055-y.
 *
 * @example
 * ```ts
 * import { dense } from "tissular/model";
 * import { tsne } from "tissular/reduce";
 * const points = dense(40, 1, Float32Array.from({ length: 40 }, (_, i) => i + (i < 20 ? 0 : 1000)));
 * const { embedding, klDivergence } = await tsne(points, { perplexity: 5 });
 * if (embedding.rows !== 40 || embedding.cols !== 2) throw new Error("a point per cell");
 * if (!(klDivergence < 1)) throw new Error("neighbors stay neighbors");
 * ```
 */
export async function tsne(points: Dense, options: TsneOptions = {}): Promise<TsneResult> {
  checkOptions("tsne", options, {
    init: such("a dense matrix", (v) => (v as Dense | null)?.kind === "dense"),
    perplexity: number(1),
    earlyExaggeration: number(1),
    earlyIterations: integer(0, 100000),
    iterations: integer(0, 100000),
    learningRate: number(0),
    seed: integer(),
    ...runRules,
  });
  const n = points.rows;
  const most = Math.max(1, (n - 1) / 3);
  const earlyExaggeration = options.earlyExaggeration ?? 12;
  const params = {
    init: options.init === undefined ? ("points" as const) : ("given" as const),
    perplexity: options.perplexity ?? Math.min(30, most),
    earlyExaggeration,
    earlyIterations: options.earlyIterations ?? 250,
    iterations: options.iterations ?? 750,
    learningRate: options.learningRate ?? Math.max(200, n / earlyExaggeration),
    seed: options.seed ?? 0,
  };
  if (params.perplexity > most) {
    throw new SpatialError(
      "option",
      `tsne: perplexity must be at most ${most.toFixed(1)} for ${n} cells, found ${params.perplexity}.`,
      { subject: "perplexity" },
    );
  }
  const start = startingLayout(points, options.init, params.seed);
  const k = Math.min(Math.max(0, n - 1), Math.ceil(3 * params.perplexity));
  if (k === 0) return { embedding: dense(n, 2), klDivergence: 0, recall: 1, params };
  const { recall, ...nearest } =
    n <= EXACT
      ? { ...(await exactNeighbors(points, k, options)), recall: 1 }
      : await nearbyNeighbors(points, k, params.seed, options);
  const strengths = await affinities(nearest, n, params.perplexity, options);

  const total = params.earlyIterations + params.iterations;
  return await withGradient(strengths, start, options, async (gradient) => {
    for (let step = 0; step < total; step++) {
      const early = step < params.earlyIterations;
      if (step === params.earlyIterations) gradient.restart();
      const sum = await gradient.evaluate(ANGLE);
      const exaggeration = early ? params.earlyExaggeration : 1;
      gradient.move(exaggeration, sum, early ? EARLY_MOMENTUM : MOMENTUM, params.learningRate);
      options.onProgress?.({ step: "t-SNE", fraction: (step + 1) / total });
      await breathe();
    }
    const sum = await gradient.evaluate(FINE_ANGLE);
    const layout = gradient.layout();
    const klDivergence = await inParts(divergence(strengths, layout, sum), options.signal);
    return { embedding: dense(n, 2, centered(layout)), klDivergence, recall, params };
  });
}

/** The first two columns, their first brought to a standard deviation of 1e-4, shaken a little. */
function startingLayout(points: Dense, init: Dense | undefined, seed: number): Float32Array {
  const n = points.rows;
  const { rows, cols, data } = init ?? points;
  const fail = (must: string): never => {
    throw new SpatialError("input", `tsne: init must be ${must}.`, { subject: "init" });
  };
  if (init !== undefined && (rows !== n || cols < 2))
    fail(`${n} x 2 (or more columns), found ${rows} x ${cols}`);
  const values = new Float64Array(2 * n);
  for (let i = 0; i < n; i++)
    for (let axis = 0; axis < Math.min(2, cols); axis++) values[2 * i + axis] = data[i * cols + axis];
  if (init !== undefined && !values.every((v) => Number.isFinite(v))) fail("finite, found NaN or infinity");
  const mean = [0, 0];
  for (let t = 0; t < 2 * n; t++) mean[t & 1] += values[t] / n;
  let variance = 0;
  for (let i = 0; i < n; i++) variance += ((values[2 * i] - mean[0]) * (values[2 * i] - mean[0])) / n;
  const scale = variance > 0 ? START / Math.sqrt(variance) : 0;
  const rng = stream(seed, 4);
  return Float32Array.from(values, (v, t) => (v - mean[t & 1]) * scale + SHAKE * normal(rng));
}

/** sum of p log(p / q) over the neighbors; `sum` is that of 1 / (1 + d^2) over all pairs. */
function* divergence(
  { rows: n, indptr, indices, data }: Sparse,
  layout: Float32Array,
  sum: number,
): Generator<void, number> {
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (i % PART === 0) yield;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const dx = layout[2 * i] - layout[2 * indices[e]];
      const dy = layout[2 * i + 1] - layout[2 * indices[e] + 1];
      total += data[e] * log(data[e] * (1 + dx * dx + dy * dy) * sum);
    }
  }
  return total;
}

function centered(layout: Float32Array): Float32Array {
  const mean = [0, 0];
  for (let t = 0; t < layout.length; t++) mean[t & 1] += (2 * layout[t]) / layout.length;
  return layout.map((v, t) => v - mean[t & 1]);
}
