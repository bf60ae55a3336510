import type { RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { shuffle } from "../kernels/random.ts";
import { type Gather, type Sums, withGather } from "./gather.ts";
import { farPoints, kMeans, spreadGroups, wardGroups } from "./starts.ts";
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
/** That at which a fit is done, if no other is asked for. */
const FINE = 1e-5;
const FINALISTS = 3;
const MAX_ITERATIONS = 500;

/** A mixture to be sought. */
export interface Search {
  readonly points: Points;
  readonly sample: Sample;
  /** how many groups */
  readonly k: number;
  /** k-means starts besides the one from Ward's hierarchy */
  readonly restarts: number;
  readonly seed: number;
  /** rise of the log-likelihood per point at which a fit is done; default 1e-5 */
  readonly tolerance?: number;
}

/** All points, or `rows` of them drawn by the seed. */
export async function drawSample(points: Points, seed: number, rows: number = SAMPLE_ROWS): Promise<Sample> {
  const { d } = points;
  const chosen = drawRows(points.n, rows, seed, 1);
  const sample = chosen.length === points.n ? points : subset(points, chosen);
  const treeRows = drawRows(sample.n, TREE_ROWS, seed, 2);
  const inTree = treeRows.length === sample.n ? sample : subset(sample, treeRows);
  return { points: sample, tree: await wardTree(inTree.data, inTree.n, d), treeRows };
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
 * For each search the likeliest mixture of k groups among those grown from Ward's hierarchy and from `restarts` k-means
 * starts on the sample. All starts run until they slow down, the best of them to the end, there and then with all
 * points. The fits of all searches go on side by side.
 */
export async function bestFits(
  searches: readonly Search[],
  run: RunOptions,
  onFraction: (fraction: number) => void = () => undefined,
): Promise<TiedFit[]> {
  const starts = searches.map(({ restarts }) => restarts + 1);
  const most = starts.reduce((a, b) => a + b);
  const k = Math.max(...searches.map((search) => search.k));
  const places = searches.flatMap(({ points, sample }) => [points, sample.points]);
  const fits = most + searches.reduce((sum, _, s) => sum + Math.min(FINALISTS, starts[s]) + 1, 0);
  let done = 0;
  const onDone = (count: number): void => {
    done += count;
    onFraction(done / fits);
  };
  return await withGather(places, k, most, run, async (gather) => {
    const rough = await startsOf(gather, searches, run);
    const coarse = await fitTied(gather, rough, MAX_ITERATIONS, onDone);
    const finalists = searches.flatMap(({ tolerance = FINE }, search) =>
      rough
        .map((from, t) => ({ ...from, model: coarse[t], tolerance }))
        .filter((from) => from.search === search)
        .sort((a, b) => b.model.logLikelihood - a.model.logLikelihood)
        .slice(0, FINALISTS),
    );
    const ends = await fitTied(gather, finalists, MAX_ITERATIONS, onDone);
    const best = searches.map((_, search) =>
      ends
        .filter((_, t) => finalists[t].search === search)
        .reduce((a, b) => (b.logLikelihood > a.logLikelihood ? b : a)),
    );
    const partial = searches.flatMap(({ points, sample, tolerance = FINE }, search) =>
      sample.points.n === points.n
        ? []
        : [{ search, points, model: shifted(best[search], sample.points, points), tolerance }],
    );
    const whole = await fitTied(gather, partial, MAX_ITERATIONS, onDone);
    partial.forEach(({ search }, t) => (best[search] = whole[t]));
    onDone(fits - done);
    return best;
  });
}

/** A model that a search starts from. */
interface Start {
  /** which search */
  readonly search: number;
  readonly points: Points;
  readonly model: TiedModel;
  readonly tolerance: number;
}

async function startsOf(gather: Gather, searches: readonly Search[], run: RunOptions): Promise<Start[]> {
  const cut = searches.map(({ sample, k }) => wardGroups(sample.points, k, sample.tree, sample.treeRows));
  const spread = await spreadGroups(
    gather,
    cut.map((found, s) => ({ points: searches[s].sample.points, found })),
  );
  const drawn: { search: number; points: Points; centers: Float64Array }[] = [];
  for (const [search, { sample, k, restarts, seed }] of searches.entries()) {
    const { points } = sample;
    for (let r = 1; r <= restarts; r++) {
      const centers = await farPoints(points, k, stream(seed, 0x3e11, k, r), run.signal);
      drawn.push({ search, points, centers });
    }
  }
  const grown = await kMeans(gather, drawn);
  const start = (search: number, sums: Sums): Start => {
    const { sample, k } = searches[search];
    const model = modelOf(sample.points, padded(sums, k));
    return { search, points: sample.points, model, tolerance: COARSE };
  };
  return [
    ...searches.map(({ sample: { points, treeRows } }, s) =>
      start(s, treeRows.length === points.n ? cut[s] : spread[s]),
    ),
    ...grown.map((sums, t) => start(drawn[t].search, sums)),
  ];
}

/** The sums of k groups, of which the last ones may be empty. */
function padded({ mass, sums, logs }: Sums, k: number): Sums {
  const all = { mass: new Float64Array(k), sums: new Float64Array((sums.length / mass.length) * k), logs };
  all.mass.set(mass);
  all.sums.set(sums);
  return all;
}

/** The same mixture in the coordinates of other points. */
export function shifted(model: TiedModel, from: Points, to: Points): TiedModel {
  const means = model.means.slice();
  for (let e = 0; e < means.length; e++) means[e] += from.center[e % from.d] - to.center[e % from.d];
  return { ...model, means };
}
