import type { RunOptions } from "../core/progress.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";
import { pairTasks, placed, plantForest, type PointGroups } from "./forest.ts";

/** Pairs that one call looks at: about 20 ms. */
const PAIRS = 1.6e7;
/** Up to 2^8 - 1 evenly spaced thresholds are counted in a table of pairs of bins (256 kB a thread). */
const MOST_BITS = 8;
/** Half the distance between 1 and the next single-precision number. */
const ROUNDING = 5.960464477539063e-8;

/**
 * How many pairs of points of each pair of groups have a distance above the threshold before (0 at the first, inclusive) and at
 * most threshold t: `counts[pair * bins + t]`, exactly. Within one group each pair counts once, a point and itself not.
 *
 * Two trees are walked at once: boxes that lie wholly between two thresholds are counted without looking at their points, boxes
 * too far apart not at all. Cost: at most about 1 ns per pair of points where thresholds are evenly spaced, 6 ns where not.
 *
 * @param thresholds ascending, >= 0
 */
export async function pairCounts(
  points: PointGroups,
  pairs: readonly (readonly [number, number])[],
  thresholds: Float64Array,
  step: string,
  run: RunOptions,
): Promise<Float64Array> {
  const bins = thresholds.length;
  const counts = new Float64Array(pairs.length * bins);
  if (bins === 0) return counts;
  const { at } = points;
  const forest = plantForest(points);
  const places = forest.order.length;
  const { tasks, calls, slots } = pairTasks(forest, pairs, thresholds[bins - 1], bins, PAIRS);
  const { first, width } = spacing(thresholds);
  const bits = 32 - Math.clz32(bins);
  const tabled = width > 0 && bits <= MOST_BITS;
  const table = tabled ? 4 << (2 * bits) : 0;
  const bytes =
    4 * tasks.length +
    forest.nodes.byteLength +
    24 * places +
    8 * bins * (slots.length + 1) +
    threadsFor(run) * (4 * (bins + 1) + table);
  await withThreads(bytes, run, async (arena) => {
    const work = arena.u32(tasks.length);
    const nodes = arena.f64(forest.nodes.length);
    const x = arena.f32(places).fill(Infinity);
    const y = arena.f32(places);
    const exact = arena.f64(2 * places);
    const squares = arena.f64(bins);
    const histogram = arena.u32(arena.threads * (bins + 1));
    const tables = arena.u32((arena.threads * table) / 4);
    const found = arena.f64(slots.length * bins);
    work.set(tasks);
    nodes.set(forest.nodes);
    squares.set(thresholds.map((t) => t * t));
    const [originX, originY] = [middle(at, 0), middle(at, 1)];
    let reach = 0;
    placed(forest, at, exact);
    forest.order.forEach((i, place) => {
      if (i < 0) return;
      x[place] = at[2 * i] - originX;
      y[place] = at[2 * i + 1] - originY;
      reach = Math.max(reach, Math.abs(x[place]), Math.abs(y[place]));
    });
    const doubt = (16 * ROUNDING * (reach + thresholds[bins - 1])) / width + 1e-5;
    const even = tabled && doubt < 0.1;
    const each = calls.map(([from, to]): Call => [
      work.byteOffset + 16 * from,
      to - from,
      nodes.byteOffset,
      x.byteOffset,
      y.byteOffset,
      exact.byteOffset,
      squares.byteOffset,
      bins,
      even ? 1 / width : 0,
      0.5 - first / width,
      doubt,
      bits,
      histogram.byteOffset,
      tables.byteOffset,
      found.byteOffset,
    ]);
    await arena.spread(step, "countPairs", each, { 12: 4 * (bins + 1), 13: table });
    slots.forEach((pair, slot) => {
      for (let t = 0; t < bins; t++) counts[pair * bins + t] += found[slot * bins + t];
    });
  });
  return counts;
}

function middle(at: Float64Array, axis: number): number {
  let low = Infinity;
  let high = -Infinity;
  for (let t = axis; t < at.length; t += 2) {
    low = Math.min(low, at[t]);
    high = Math.max(high, at[t]);
  }
  return (low + high) / 2;
}

/** The first threshold and the distance between them, 0 where they are not evenly spaced. */
export function spacing(thresholds: Float64Array): { readonly first: number; readonly width: number } {
  const first = thresholds[0];
  const width =
    thresholds.length > 1 ? (thresholds[thresholds.length - 1] - first) / (thresholds.length - 1) : 1;
  const even = thresholds.every(
    (t, r) => Math.abs(t - (first + r * width)) <= 1e-9 * thresholds[thresholds.length - 1],
  );
  return { first, width: even ? width : 0 };
}
