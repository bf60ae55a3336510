import { checkOptions, integer, number, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, type RunOptions } from "../core/progress.ts";
import { type Rng, stream } from "../core/rng.ts";
import { exp, log, pow } from "../kernels/math.ts";
import { type Dense, dense, type Graph } from "../model/index.ts";
import { descend } from "./descent.ts";
import { spectralLayout } from "./spectral.ts";

/** Options of `umap`. */
export interface UmapOptions extends RunOptions {
  /** n x 2 or more: where to start, e.g. principal components (the first two columns count); default a spectral layout. */
  readonly init?: Dense;
  /** How near points may come, in units of `spread`'s scale; default 0.5. */
  readonly minDist?: number;
  /** The scale of the layout; default 1. */
  readonly spread?: number;
  /** Passes over the edges; default 500 up to 10,000 cells, else 200. */
  readonly epochs?: number;
  /** Nodes pushed away per pull along an edge; default 5. */
  readonly negativeSamples?: number;
  /** Length of the first steps; they shrink to 0; default 1. */
  readonly learningRate?: number;
  readonly seed?: number;
}

/** A layout of n cells in the plane. */
export interface UmapResult {
  /** n x 2, f32 */
  readonly embedding: Dense;
  /** The curve 1 / (1 + a d^(2 b)) that strengths follow in the plane. */
  readonly a: number;
  readonly b: number;
  readonly params: {
    readonly init: "given" | "spectral";
    readonly minDist: number;
    readonly spread: number;
    readonly epochs: number;
    readonly negativeSamples: number;
    readonly learningRate: number;
    readonly seed: number;
  };
}

/**
 * A map of the cells in which connected cells lie together: UMAP of a weighted graph.
 *
 * Points i and j at distance d attract along an edge in proportion to its weight and repel otherwise, so that
 * 1 / (1 + a d^(2 b)) approaches the weight; a and b are fitted to `minDist` and `spread`. Edges are drawn as often as their
 * weight says, each with `negativeSamples` random nodes, in steps that shrink linearly to 0. Read it as a picture: nearness
 * means likeness, but distances between groups and the sizes of groups mean little.
 *
 * @param graph undirected over n cells, weights > 0, usually `neighborGraph(...).graph`
 * @returns n x 2; cells without edges stay where the start put them
 * @throws {SpatialError} `input` for a directed graph, or an `init` of other rows, fewer than 2 columns or NaN; `option` for
 *   minDist > spread
 *
 * The same seed gives the same bits on every machine and any number of threads. Cost O(epochs (m + draws)) for m edges: 4,000 cells
 * x 500 epochs in 0.5 s, 50,000 x 200 in 3 s on one thread.
 * Checked against umap-learn 0.5.12: a and b to 1e-3, trustworthiness within 0.01, groups that no edge joins as far apart to
 * 5 %. Draws differ, so coordinates do.
 * Source: McInnes, Healy, Saul and Grossberger 2018, doi:10.21105/joss.00861.
 *
 * @example
 * ```ts
 * import { dense } from "tissular/model";
 * import { neighborGraph } from "tissular/graph";
 * import { umap } from "tissular/reduce";
 * const points = dense(40, 1, Float32Array.from({ length: 40 }, (_, i) => i + (i < 20 ? 0 : 1000)));
 * const { graph } = await neighborGraph(points, { neighbors: 5 });
 * const { embedding } = await umap(graph, { epochs: 100 });
 * if (embedding.rows !== 40 || embedding.cols !== 2) throw new Error("a point per cell");
 * ```
 */
export async function umap(graph: Graph, options: UmapOptions = {}): Promise<UmapResult> {
  checkOptions("umap", options, {
    init: such("a dense matrix", (v) => (v as Dense | null)?.kind === "dense"),
    minDist: number(0),
    spread: number(1e-6),
    epochs: integer(0, 100000),
    negativeSamples: integer(0, 1000),
    learningRate: number(0),
    seed: integer(),
    ...runRules,
  });
  const n = graph.nodes;
  const params = {
    init: options.init === undefined ? ("spectral" as const) : ("given" as const),
    minDist: options.minDist ?? 0.5,
    spread: options.spread ?? 1,
    epochs: options.epochs ?? (n <= 10000 ? 500 : 200),
    negativeSamples: options.negativeSamples ?? 5,
    learningRate: options.learningRate ?? 1,
    seed: options.seed ?? 0,
  };
  if (params.minDist > params.spread) {
    throw new SpatialError(
      "option",
      `umap: minDist must be at most spread (${params.spread}), found ${params.minDist}.`,
      { subject: "minDist" },
    );
  }
  if (graph.directed) {
    throw new SpatialError("input", "umap needs an undirected graph, found a directed one.", {
      subject: "graph",
      hint: "Of the result of neighborGraph, hand over graph, not knn.",
    });
  }
  const start =
    options.init === undefined
      ? await spectralLayout(graph, params.seed, options)
      : firstTwoColumns(options.init, n);
  const { a, b } = fitCurve(params.minDist, params.spread);
  const layout = intoSquare(start, stream(params.seed, 2));
  await breathe();
  const embedding = dense(n, 2, await descend(graph, layout, { ...params, a, b }, options));
  return { embedding, a, b, params };
}

function firstTwoColumns({ rows, cols, data }: Dense, n: number): Float64Array {
  if (rows !== n || cols < 2) {
    throw new SpatialError(
      "input",
      `umap: init must be ${n} x 2 (or more columns), found ${rows} x ${cols}.`,
      { subject: "init" },
    );
  }
  const pairs = Float64Array.from({ length: 2 * n }, (_, t) => data[(t >> 1) * cols + (t & 1)]);
  if (!pairs.every((v) => Number.isFinite(v)))
    throw new SpatialError("input", "umap: init must be finite, found NaN or infinity.", { subject: "init" });
  return pairs;
}

/** Each axis stretched to [0, 10], after a small shake that separates points that coincide. */
function intoSquare(pairs: Float64Array, rng: Rng): Float32Array {
  const layout = new Float32Array(pairs.length);
  for (const axis of [0, 1]) {
    let widest = 0;
    for (let t = axis; t < pairs.length; t += 2) widest = Math.max(widest, Math.abs(pairs[t]));
    const shaken = new Float64Array(pairs.length / 2);
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < shaken.length; i++) {
      shaken[i] = (widest > 0 ? pairs[2 * i + axis] / widest : 0) + 1e-5 * (rng.uniform() - 0.5);
      low = Math.min(low, shaken[i]);
      high = Math.max(high, shaken[i]);
    }
    for (let i = 0; i < shaken.length; i++)
      layout[2 * i + axis] = high > low ? (10 * (shaken[i] - low)) / (high - low) : 0;
  }
  return layout;
}

/**
 * a and b for which 1 / (1 + a d^(2 b)) is nearest, by least squares over 300 distances up to 3 spreads, to the curve that is 1
 * up to minDist and falls as exp(-(d - minDist) / spread) beyond (Levenberg and Marquardt's damped steps).
 */
function fitCurve(minDist: number, spread: number): { a: number; b: number } {
  const points = Array.from({ length: 300 }, (_, t) => {
    const d = (3 * spread * t) / 299;
    return { d, y: d < minDist ? 1 : exp(-(d - minDist) / spread) };
  });
  const curve = (d: number, a: number, b: number): number => (d === 0 ? 1 : 1 / (1 + a * pow(d, 2 * b)));
  const misfit = (a: number, b: number): number => {
    let sum = 0;
    for (const { d, y } of points) sum += (curve(d, a, b) - y) * (curve(d, a, b) - y);
    return sum;
  };
  let [a, b, damping] = [1, 1, 1e-3];
  let error = misfit(a, b);
  for (let step = 0; step < 500 && damping < 1e12; step++) {
    let [aa, ab, bb, ra, rb] = [0, 0, 0, 0, 0];
    for (const { d, y } of points) {
      if (d === 0) continue;
      const f = curve(d, a, b);
      const slope = -pow(d, 2 * b) * f * f;
      const slopeB = slope * a * 2 * log(d);
      aa += slope * slope;
      ab += slope * slopeB;
      bb += slopeB * slopeB;
      ra += slope * (y - f);
      rb += slopeB * (y - f);
    }
    aa *= 1 + damping;
    bb *= 1 + damping;
    const det = aa * bb - ab * ab;
    const nextA = a + (ra * bb - rb * ab) / det;
    const nextB = b + (rb * aa - ra * ab) / det;
    const nextError = nextA > 0 && nextB > 0 ? misfit(nextA, nextB) : Infinity;
    if (nextError < error) {
      [a, b, error] = [nextA, nextB, nextError];
      damping /= 10;
    } else {
      damping *= 10;
    }
  }
  return { a, b };
}
