import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { shuffle } from "../kernels/random.ts";
import { kMeansStart, wardStart } from "./starts.ts";
import { assignTied, fitTied, type Points, pointsOf, type TiedFit } from "./tied.ts";
import { wardTree, type WardTree } from "./ward.ts";

/** Some of the points, on which starts are compared, and Ward's hierarchy of some of those. */
export interface Sample {
  readonly points: Points;
  readonly tree: WardTree;
  /** rows of the sample that the tree is over */
  readonly treeRows: Uint32Array;
}

const SAMPLE_ROWS = 4000;
const TREE_ROWS = 2000;
const TOLERANCE = 1e-5;
const MAX_ITERATIONS = 500;

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
 * sample; where the sample is not everything, the winner goes on with all points.
 */
export async function bestFit(
  points: Points,
  sample: Sample,
  k: number,
  restarts: number,
  seed: number,
  run: RunOptions,
  onFraction: (fraction: number) => void = () => undefined,
): Promise<TiedFit> {
  const part = sample.points;
  let best: TiedFit | null = null;
  for (let r = 0; r <= restarts; r++) {
    checkAborted(run.signal);
    const start =
      r === 0
        ? wardStart(part, Math.min(k, sample.tree.points), sample.tree, sample.treeRows)
        : kMeansStart(part, k, stream(seed, 0x3e11, k, r));
    const fit = fitTied(part, k, start, TOLERANCE, MAX_ITERATIONS);
    if (best === null || fit.logLikelihood > best.logLikelihood) best = fit;
    onFraction((r + 1) / (restarts + 1));
    await breathe();
  }
  const fit = best as TiedFit;
  if (part.n === points.n) return fit;
  return fitTied(points, k, assignTied(points, shifted(fit, part, points)), TOLERANCE, MAX_ITERATIONS);
}

/** The same mixture in the coordinates of other points. */
export function shifted(fit: TiedFit, from: Points, to: Points): TiedFit {
  const means = fit.means.slice();
  for (let e = 0; e < means.length; e++) means[e] += from.center[e % from.d] - to.center[e % from.d];
  return { ...fit, means };
}
