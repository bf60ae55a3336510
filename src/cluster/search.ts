import type { RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { shuffle } from "../kernels/random.ts";
import { kMeansStart, wardStart } from "./starts.ts";
import { fitTied, modelOf, type Points, pointsOf, type TiedFit, type TiedModel } from "./tied.ts";
import { wardTree, type WardTree } from "./ward.ts";

/** Some of the points, on which starts are compared, and Ward's hierarchy of some of those. */
export interface Sample {
  readonly points: Points;
  readonly tree: WardTree;
  /** rows of the sample that the tree is over */
  readonly treeRows: Uint32Array;
}

const SAMPLE_ROWS = 4000;
const TREE_ROWS = 1000;
/** Rise of the log-likelihood per point at which a start counts as slowed down. */
const COARSE = 1e-3;
const FINALISTS = 3;
const MAX_ITERATIONS = 500;

/** How a mixture is sought. */
export interface SearchOptions {
  /** k-means starts besides the one from Ward's hierarchy */
  readonly restarts: number;
  readonly seed: number;
  /** rise of the log-likelihood per point at which a fit is done; default 1e-5 */
  readonly tolerance?: number;
}

/** All points, or `rows` of them drawn by the seed. */
export function drawSample(points: Points, seed: number, rows: number = SAMPLE_ROWS): Sample {
  const { d } = points;
  const chosen = drawRows(points.n, rows, seed, 1);
  const sample = chosen.length === points.n ? points : subset(points, chosen);
  const treeRows = drawRows(sample.n, TREE_ROWS, seed, 2);
  const inTree = treeRows.length === sample.n ? sample : subset(sample, treeRows);
  return { points: sample, tree: wardTree(inTree.data, inTree.n, d), treeRows };
}

/** All row numbers below n, or `most` of them drawn by the seed, ascending. */
export function drawRows(n: number, most: number, seed: number, task: number): Uint32Array {
  const all = Uint32Array.from({ length: n }, (_, i) => i);
  return n <= most
    ? all
    : shuffle(stream(seed, 0x5a3b, task), all)
        .slice(0, most)
        .sort();
}

/** Some points, centred anew. */
export function subset(points: Points, rows: Uint32Array): Points {
  const { d, center } = points;
  const data = new Float64Array(rows.length * d);
  rows.forEach((i, r) => {
    for (let c = 0; c < d; c++) data[r * d + c] = points.data[i * d + c] + center[c];
  });
  return pointsOf({ kind: "dense", rows: rows.length, cols: d, data });
}

/**
 * The likeliest mixture of k groups among those grown from Ward's hierarchy and from `restarts` k-means starts on the
 * sample. All starts run until they slow down, the best of them to the end, there and then with all points.
 */
export async function bestFit(
  points: Points,
  sample: Sample,
  k: number,
  { restarts, seed, tolerance = 1e-5 }: SearchOptions,
  run: RunOptions,
  onFraction: (fraction: number) => void = () => undefined,
): Promise<TiedFit> {
  const part = sample.points;
  const fits: TiedFit[] = [];
  for (let r = 0; r <= restarts; r++) {
    const start =
      r === 0
        ? await wardStart(part, Math.min(k, sample.tree.points), sample.tree, sample.treeRows, run.signal)
        : await kMeansStart(part, k, stream(seed, 0x3e11, k, r), run.signal);
    const model = await modelOf(part, k, start, run.signal);
    fits.push(await fitTied(part, model, COARSE, MAX_ITERATIONS, run.signal));
    onFraction((r + 1) / (restarts + 1));
  }
  fits.sort((a, b) => b.logLikelihood - a.logLikelihood);
  const ends: TiedFit[] = [];
  for (const fit of fits.slice(0, FINALISTS))
    ends.push(await fitTied(part, fit, tolerance, MAX_ITERATIONS, run.signal));
  const best = ends.reduce((a, b) => (b.logLikelihood > a.logLikelihood ? b : a));
  if (part.n === points.n) return best;
  return fitTied(points, shifted(best, part, points), tolerance, MAX_ITERATIONS, run.signal);
}

/** The same mixture in the coordinates of other points. */
export function shifted(model: TiedModel, from: Points, to: Points): TiedModel {
  const means = model.means.slice();
  for (let e = 0; e < means.length; e++) means[e] += from.center[e % from.d] - to.center[e % from.d];
  return { ...model, means };
}
