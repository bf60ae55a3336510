import { checkOptions, integer, number, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { log } from "../kernels/math.ts";
import { shuffle } from "../kernels/random.ts";
import { type Dense, type Expression, type Graph, requireValues, type Sparse } from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import { checkNodes, genesOf } from "./genes.ts";

export interface SepalOptions extends RunOptions {
  /** A map has settled once entropy per spot changes by no more than this within .001 of time; default 1e-8. */
  readonly threshold?: number;
  /** Time after which a map that has not settled is left, default 30: 30,000 of the published steps. */
  readonly maxTime?: number;
  /** How many random orders of each gene's values diffuse beside it, default 0: `p` is then NaN. */
  readonly permutations?: number;
  /** Of the random orders, default 0. */
  readonly seed?: number;
}

/** Arrays of length p. */
export interface SepalResult {
  /** Time until the map has settled: long for large patterns, short for noise. Infinity where it has not by `maxTime`; NaN: constant. */
  readonly score: Float64Array;
  /** Chance of a score as high for the gene's values in random order, (1 + as high) / (1 + B); NaN without permutations. */
  readonly p: Float64Array;
  /** Benjamini-Hochberg over the genes that have a p */
  readonly pAdjusted: Float64Array;
  /** genes from the highest score to the lowest, those with NaN last */
  readonly order: Uint32Array;
  readonly params: {
    readonly lattice: "hex" | "square";
    /** spots with all their neighbors */
    readonly saturated: number;
    readonly threshold: number;
    readonly maxTime: number;
    readonly permutations: number;
    readonly seed: number;
  };
}

/** Time of one step of third order; the published step, of first order, is .001. */
const STEP = 0.05;
/** Time in which the threshold is counted. */
const UNIT = 0.001;
/** Genes that diffuse side by side. */
const SIDE_BY_SIDE = 8;
/** Below this share of all, the logarithm of a share stays where it is. */
const LEAST_SHARE = 2.220446049250313e-16;

/**
 * Which genes have patterns that take long to even out? Sepal: each gene diffuses over the spots, and its score is the time that takes.
 *
 * dc/dt = a (sum of the neighbors - m c) in spots with all m neighbors, a = 1 on square and 2/3 on hexagonal arrays; a spot at the border that
 * touches one follows the first of these, and stays at 0 or above. The score is the first time at which the entropy of the shares c / sum c of the saturated
 * spots changes by no more than `threshold` times their number within .001. The published program takes steps of .001, this one steps of third
 * order (strong stability preserving Runge-Kutta), which come to the same within .003 of time and .1 %.
 *
 * Scores compare genes of one tissue: they depend on its size, and on the level of noise (a rare gene of few spots scores low). `permutations` puts
 * the values in random order over the spots that take part. Spots of several samples share one entropy: call it once per sample.
 *
 * @param x n x p, counts, normalized or log values
 * @param graph that of `gridGraph` with one ring over the same n spots: the most neighbors of a spot (6 or 4) tell hexagonal from square
 * @throws {SpatialError} `input` where x and the graph differ in n, or the graph is no grid; `values` for scaled or negative values; `option`;
 * `aborted`
 *
 * Cost: 60 visits of each spot and neighbor per gene and unit of time, 260 bytes per spot (3,639 spots: 15 ms per gene); a random order is left once it passes the gene's score.
 * Checked against squidpy 1.8.3 (its NaN is Infinity here, its .001 of a constant gene NaN), small steps, and random orders.
 * Andersson and Lundeberg 2021, doi:10.1093/bioinformatics/btab164.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { sepal } from "tissular/spatial";
 * // A square of 8 x 8 spots: gene 0 is high at the left, gene 1 in every other spot.
 * const row = Int32Array.from({ length: 64 }, (_, i) => i >> 3);
 * const col = Int32Array.from({ length: 64 }, (_, i) => i & 7);
 * const data = Float32Array.from({ length: 128 }, (_, k) => ((k & 1 ? (row[k >> 1] + col[k >> 1]) % 2 : col[k >> 1] < 4) ? 5 : 1));
 * const { score } = await sepal(expression(dense(64, 2, data), "log"), gridGraph(row, col, { lattice: "square" }));
 * if (!(score[0] > 2 * score[1])) throw new Error("halves take longer to mix than a chessboard");
 * ```
 */
export async function sepal(
  x: Expression<Sparse> | Expression<Dense>,
  graph: Graph,
  options: SepalOptions = {},
): Promise<SepalResult> {
  checkOptions("sepal", options, {
    threshold: number(1e-14, 1),
    maxTime: number(STEP, 1e6),
    permutations: integer(0, 1_000_000),
    seed: integer(),
    ...runRules,
  });
  requireValues("sepal", x, "counts", "normalized", "log");
  checkNodes("sepal", x.rows, graph);
  const { threshold = 1e-8, maxTime = 30, permutations = 0, seed = 0 } = options;
  const grid = gridOf(graph);
  const genes = await genesOf(x, options);
  const p = x.cols;
  const limits = { settled: threshold / UNIT, maxTime };

  /** The values of a gene in the places of the grid. */
  const valuesOf = (gene: number, target: Float64Array): void => {
    target.fill(0);
    genes.each(gene, gene + 1, (_, rows, start, values, count, shift) => {
      for (let t = 0; t < count; t++) {
        const [place, value] = [grid.placeOf[rows[start + t]], values[t] + shift];
        if (value < 0) throw negative(gene, value);
        if (place >= 0) target[place] = value;
      }
    });
  };
  const score = await diffuse("diffusion", grid, p, valuesOf, () => maxTime, limits, options);
  for (let j = 0; j < p; j++) if (score[j] >= maxTime) score[j] = Infinity;

  const asHigh = new Float64Array(p);
  const place = new Uint32Array(grid.placeCount);
  const own = new Float64Array(place.length);
  const tested = Uint32Array.from(score.keys()).filter((j) => score[j] === score[j]);
  const inOrder = (task: number, target: Float64Array): void => {
    if (task % tested.length === 0) {
      for (let i = 0; i < place.length; i++) place[i] = i;
      shuffle(stream(seed, task / tested.length), place);
    }
    valuesOf(tested[task % tested.length], own);
    for (let i = 0; i < place.length; i++) target[place[i]] = own[i];
  };
  const limitOf = (task: number): number => Math.min(maxTime, score[tested[task % tested.length]]);
  const orders = permutations * tested.length;
  const step = "diffusion, random orders";
  const times = await diffuse(step, grid, orders, inOrder, limitOf, limits, options);
  times.forEach((time, task) => {
    // An order whose saturated spots are all alike has no pattern; equal up to rounding is equal.
    if (time >= limitOf(task) * (1 - 1e-9)) asHigh[tested[task % tested.length]]++;
  });
  const pValues = score.map((s, j) =>
    permutations > 0 && s === s ? (1 + asHigh[j]) / (1 + permutations) : NaN,
  );
  const key = score.map((s) => (s === s ? -s : Infinity));
  return {
    score,
    p: pValues,
    pAdjusted: adjustPValues(pValues),
    order: Uint32Array.from(key.keys()).sort((a, b) => (key[a] < key[b] ? -1 : key[a] > key[b] ? 1 : a - b)),
    params: {
      lattice: grid.neighbors === 6 ? "hex" : "square",
      saturated: grid.saturated,
      threshold,
      maxTime,
      permutations,
      seed,
    },
  };
}

function negative(gene: number, value: number): SpatialError {
  return new SpatialError("values", `sepal needs values of 0 or above, found ${value} in column ${gene}.`, {
    subject: "x",
    hint: "Use counts, or log values.",
  });
}

/** A regular array: places are its saturated spots, then the spots that touch one; others have no part. */
interface Grid {
  /** 6 or 4 */
  readonly neighbors: number;
  readonly saturated: number;
  readonly placeCount: number;
  /** place of each spot or -1 */
  readonly placeOf: Int32Array;
  /** places of the neighbors of each saturated spot */
  readonly around: Uint32Array;
  /** for each place after the saturated ones: the saturated spot that it follows */
  readonly followed: Uint32Array;
}

function gridOf({ nodes, directed, indptr, indices }: Graph): Grid {
  const degree = (i: number): number => indptr[i + 1] - indptr[i];
  let neighbors = 0;
  for (let i = 0; i < nodes; i++) neighbors = Math.max(neighbors, degree(i));
  if (directed || (neighbors !== 6 && neighbors !== 4)) {
    throw new SpatialError(
      "input",
      `sepal needs an array of spots with 6 neighbors (hexagonal) or 4 (square), found a graph with ${directed ? "directed edges" : `up to ${neighbors} neighbors`}.`,
      {
        subject: "graph",
        hint: "Use gridGraph with one ring and no corners; for cells off a grid, moran, sparkX or binSpect.",
      },
    );
  }
  const placeOf = new Int32Array(nodes).fill(-1);
  let saturated = 0;
  for (let i = 0; i < nodes; i++) if (degree(i) === neighbors) placeOf[i] = saturated++;
  let placeCount = saturated;
  const followed: number[] = [];
  for (let i = 0; i < nodes; i++) {
    if (placeOf[i] >= 0) continue;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      if (degree(indices[e]) !== neighbors) continue;
      placeOf[i] = placeCount++;
      followed.push(placeOf[indices[e]]);
      break;
    }
  }
  const around = new Uint32Array(saturated * neighbors);
  for (let i = 0; i < nodes; i++)
    if (placeOf[i] >= 0 && placeOf[i] < saturated)
      for (let k = 0; k < neighbors; k++)
        around[placeOf[i] * neighbors + k] = placeOf[indices[indptr[i] + k]];
  return { neighbors, saturated, placeCount, placeOf, around, followed: Uint32Array.from(followed) };
}

/**
 * Lets `count` maps diffuse, some side by side, and gives the time that each took, at most `limitOf` it; NaN where all saturated spots are alike.
 * `load` writes a map to the places of the grid.
 */
async function diffuse(
  step: string,
  grid: Grid,
  count: number,
  load: (task: number, target: Float64Array) => void,
  limitOf: (task: number) => number,
  { settled, maxTime }: { readonly settled: number; readonly maxTime: number },
  run: RunOptions,
): Promise<Float64Array> {
  const { saturated, placeCount } = grid;
  const lanes = Math.max(1, Math.min(SIDE_BY_SIDE, count));
  const [now, second, third] = [0, 1, 2].map(() => new Float64Array(placeCount * lanes));
  const change = new Float64Array(saturated * lanes);
  const map = new Float64Array(placeCount);
  const times = new Float64Array(count).fill(NaN);
  const taskOf = new Int32Array(lanes).fill(-1);
  const steps = new Uint32Array(lanes);
  const [first, before] = [new Float64Array(lanes), new Float64Array(lanes)];
  const rates = new Float64Array(lanes);
  let [next, active] = [0, 0];
  for (;;) {
    for (let lane = 0; lane < lanes; lane++) {
      while (taskOf[lane] < 0 && next < count) {
        load(next, map);
        if (varies(map, saturated)) {
          taskOf[lane] = next;
          steps[lane] = 0;
          active++;
          for (let i = 0; i < placeCount; i++) now[i * lanes + lane] = map[i];
        }
        next++;
      }
    }
    if (active === 0) return times;
    checkAborted(run.signal);
    advance(grid, lanes, now, now, 1, second, change);
    entropyRates(now, change, saturated, lanes, rates);
    for (let lane = 0; lane < lanes; lane++) {
      const task = taskOf[lane];
      if (task < 0) continue;
      const limit = Math.min(maxTime, limitOf(task));
      const [at, rate] = [steps[lane] * STEP, rates[lane] / saturated];
      // The first two steps have no three rates: they count as a line.
      if (steps[lane] === 0) before[lane] = rate;
      if (steps[lane] <= 1) first[lane] = 2 * before[lane] - rate;
      const crossed = crossing(first[lane], before[lane], rate, settled);
      first[lane] = before[lane];
      before[lane] = rate;
      steps[lane]++;
      if (crossed === null && at < limit) continue;
      times[task] = Math.min(limit, crossed === null ? at : Math.max(0, at - STEP + crossed * STEP));
      taskOf[lane] = -1;
      active--;
    }
    advance(grid, lanes, second, now, 1 / 4, third, change);
    advance(grid, lanes, third, now, 2 / 3, now, change);
    run.onProgress?.({ step, fraction: (next - active) / count });
    await breathe();
  }
}

/**
 * One Euler step from `from`, mixed with `base`: to = (1 - weight) base + weight (from + STEP change). Three of these, with weights
 * 1, 1/4 and 2/3, are a step of third order that keeps values at 0 or above (Shu and Osher 1988, doi:10.1016/0021-9991(88)90177-5).
 */
function advance(
  { neighbors, saturated, around, followed }: Grid,
  lanes: number,
  from: Float64Array,
  base: Float64Array,
  weight: number,
  to: Float64Array,
  change: Float64Array,
): void {
  const speed = neighbors === 6 ? 2 / 3 : 1;
  const rest = 1 - weight;
  for (let s = 0; s < saturated; s++) {
    const own = s * lanes;
    const k = s * neighbors;
    // The first four, and for hexagons two more.
    const [a, b] = [(around[k] - s) * lanes, (around[k + 1] - s) * lanes];
    const [c, d] = [(around[k + 2] - s) * lanes, (around[k + 3] - s) * lanes];
    for (let g = own; g < own + lanes; g++)
      change[g] = from[g + a] + from[g + b] + from[g + c] + from[g + d] - neighbors * from[g];
    if (neighbors === 6) {
      const [e, f] = [(around[k + 4] - s) * lanes, (around[k + 5] - s) * lanes];
      for (let g = own; g < own + lanes; g++) change[g] += from[g + e] + from[g + f];
    }
    for (let g = own; g < own + lanes; g++) {
      change[g] *= speed;
      to[g] = rest * base[g] + weight * (from[g] + STEP * change[g]);
    }
  }
  for (let b = 0; b < followed.length; b++) {
    const own = (saturated + b) * lanes;
    const other = followed[b] * lanes;
    for (let g = 0; g < lanes; g++)
      to[own + g] = rest * base[own + g] + weight * Math.max(0, from[own + g] + STEP * change[other + g]);
  }
}

/** How fast the entropy of each lane's saturated spots changes: with T = sum c, dH/dt = T'/T^2 sum c log c - 1/T sum c' log c. */
function entropyRates(
  now: Float64Array,
  change: Float64Array,
  saturated: number,
  lanes: number,
  rates: Float64Array,
): void {
  for (let lane = 0; lane < lanes; lane++) {
    let [total, totalChange, weighted, along] = [0, 0, 0, 0];
    for (let k = lane; k < saturated * lanes; k += lanes) {
      total += now[k];
      totalChange += change[k];
    }
    const least = LEAST_SHARE * total;
    if (!(least > 0)) {
      rates[lane] = 0;
      continue;
    }
    for (let k = lane; k < saturated * lanes; k += lanes) {
      const l = log(Math.max(now[k], least));
      weighted += now[k] * l;
      along += change[k] * l;
    }
    rates[lane] = ((totalChange / total) * weighted - along) / total;
  }
}

/**
 * Where between the last two of three steps (0 to 1, by a parabola through their rates) the rate has come down to what counts as settled, or null;
 * an entropy that turns has settled on the way.
 */
function crossing(first: number, before: number, rate: number, settled: number): number | null {
  const sign = before < 0 ? -1 : 1;
  if (sign * rate > settled) return null;
  let [low, high] = [0, 1];
  for (let k = 0; k < 30; k++) {
    const u = (low + high) / 2;
    const between = before + ((rate - first) / 2) * u + ((rate + first) / 2 - before) * u * u;
    if (sign * between > settled) low = u;
    else high = u;
  }
  return high;
}

function varies(map: Float64Array, saturated: number): boolean {
  let [least, most, sum] = [Infinity, -Infinity, 0];
  for (let s = 0; s < saturated; s++) {
    least = Math.min(least, map[s]);
    most = Math.max(most, map[s]);
    sum += map[s];
  }
  return most > least && sum < Infinity;
}
