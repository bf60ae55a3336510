import type { RunOptions } from "../core/progress.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";
import { type GroupPair, pairTasks, placed, plantForest, type PointGroups, rowsOf } from "./forest.ts";

/** Pairs that one call looks at: about 20 ms. */
const PAIRS = 1.6e7;
/** Up to 2^8 - 1 evenly spaced thresholds are counted in a table of pairs of bins (256 kB a thread). */
const MOST_BITS = 8;
/** Half the distance between 1 and the next single-precision number. */
const ROUNDING = 5.960464477539063e-8;

/**
 * How many pairs of points of the pairs of groups of a row have a distance above the threshold before (0 at the first, inclusive) and
 * at most threshold t: `counts[row * bins + t]`, exactly. Within one group each pair counts once, a point and itself not.
 *
 * Two trees are walked at once: boxes that lie wholly between two thresholds are counted without looking at their points, boxes
 * too far apart not at all. Cost: at most about 1 ns per pair of points where thresholds are evenly spaced, 6 ns where not.
 *
 * @param thresholds ascending, >= 0
 */
export async function pairCounts(
  points: PointGroups,
  pairs: readonly GroupPair[],
  thresholds: Float64Array,
  step: string,
  run: RunOptions,
): Promise<Float64Array> {
  const bins = thresholds.length;
  const counts = new Float64Array(rowsOf(pairs) * bins);
  if (bins === 0) return counts;
  const { at } = points;
  const forest = plantForest(points);
  const places = forest.order.length;
  const { tasks, calls, slots } = pairTasks(forest, pairs, thresholds[bins - 1], bins, PAIRS);
  const frame = frameOf(at);
  const { scale, start, doubt, bits, table } = histogramOf(thresholds, frame.reach);
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
    placed(forest, at, exact);
    forest.order.forEach((i, place) => {
      if (i < 0) return;
      x[place] = at[2 * i] - frame.x;
      y[place] = at[2 * i + 1] - frame.y;
    });
    const each = calls.map(([from, to]): Call => [
      work.byteOffset + 16 * from,
      to - from,
      nodes.byteOffset,
      x.byteOffset,
      y.byteOffset,
      exact.byteOffset,
      squares.byteOffset,
      bins,
      scale,
      start,
      doubt,
      bits,
      histogram.byteOffset,
      tables.byteOffset,
      found.byteOffset,
    ]);
    await arena.spread(step, "countPairs", each, { 12: 4 * (bins + 1), 13: table });
    slots.forEach((row, slot) => {
      for (let t = 0; t < bins; t++) counts[row * bins + t] += found[slot * bins + t];
    });
  });
  return counts;
}

/** The middle of all points, and how far they are from it along an axis at most. */
export function frameOf(at: Float64Array): {
  readonly x: number;
  readonly y: number;
  readonly reach: number;
} {
  const ends = [0, 1].map((axis) => {
    let low = Infinity;
    let high = -Infinity;
    for (let t = axis; t < at.length; t += 2) {
      low = Math.min(low, at[t]);
      high = Math.max(high, at[t]);
    }
    return { middle: (low + high) / 2, half: (high - low) / 2 };
  });
  return { x: ends[0].middle, y: ends[1].middle, reach: Math.max(ends[0].half, ends[1].half) };
}

/** How `assembly/kernels/histogram.ts` counts distances of points up to `reach` from their middle; `table` in bytes. */
export function histogramOf(
  thresholds: Float64Array,
  reach: number,
): {
  readonly scale: number;
  readonly start: number;
  readonly doubt: number;
  readonly bits: number;
  readonly table: number;
} {
  const { first, width } = spacing(thresholds);
  const bits = 32 - Math.clz32(thresholds.length);
  const doubt = (16 * ROUNDING * (reach + thresholds[thresholds.length - 1])) / width + 1e-5;
  const even = width > 0 && bits <= MOST_BITS && doubt < 0.1;
  return even
    ? { scale: 1 / width, start: 0.5 - first / width, doubt, bits, table: 4 << (2 * bits) }
    : { scale: 0, start: 0, doubt: 0, bits, table: 0 };
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
