import type { RunOptions } from "../core/progress.ts";
import { type Call, withThreads } from "../kernels/wasm/threads.ts";
import { type GroupPair, pairTasks, placed, plantForest, type PointGroups, rowsOf } from "./forest.ts";
import { spacing } from "./pair-counts.ts";

/** How pairs are weighted for what cannot be seen beyond the edge of the window. */
export type EdgeWeights =
  /** a point counts up to threshold number limits[point] - 1 only */
  | { readonly kind: "border"; readonly limits: ArrayLike<number> }
  /** least x, least y, largest x, largest y of the rectangle of each group */
  | {
      readonly kind: "translation" | "isotropic";
      readonly boxes: readonly (readonly [number, number, number, number])[];
    };

/** Pairs that one call looks at: 10 to 50 ms. */
const PAIRS = 2e6;
const KINDS = ["border", "translation", "isotropic"];

/**
 * Sums of the edge weights of the pairs of points of a row's groups, by the first threshold that the distance does not exceed:
 * `sums[(2 * row + side) * bins + t]`, side 0 with the weights of the first group's points, 1 with those of the second's; within one
 * group each pair has one of its points on either side. Added in an order that no number of threads changes. Cost: 6 to 30 ns per
 * pair of points within the last threshold.
 */
export async function pairWeights(
  points: PointGroups,
  pairs: readonly GroupPair[],
  thresholds: Float64Array,
  edge: EdgeWeights,
  step: string,
  run: RunOptions,
): Promise<Float64Array> {
  const bins = thresholds.length;
  const forest = plantForest(points);
  const places = forest.order.length;
  const { tasks, calls, slots } = pairTasks(forest, pairs, thresholds[bins - 1], 2 * bins, PAIRS);
  const { first, width } = spacing(thresholds);
  const rows = rowsOf(pairs);
  const sums = new Float64Array(rows * 2 * bins);
  const bytes =
    4 * tasks.length + forest.nodes.byteLength + 20 * places + 32 * rows + 8 * bins * (2 * slots.length + 1);
  await withThreads(bytes, run, async (arena) => {
    const work = arena.u32(tasks.length);
    const nodes = arena.f64(forest.nodes.length);
    const exact = arena.f64(2 * places);
    const squares = arena.f64(bins);
    const windows = arena.f64(4 * rows);
    const limits = arena.u32(places);
    const found = arena.f64(slots.length * 2 * bins);
    work.set(tasks);
    nodes.set(forest.nodes);
    placed(forest, points.at, exact);
    squares.set(thresholds.map((t) => t * t));
    if (edge.kind === "border")
      forest.order.forEach((i, place) => {
        if (i >= 0) limits[place] = edge.limits[i];
      });
    else for (const [g, , row] of pairs) windows.set(edge.boxes[g], 4 * row);
    const each = calls.map(([from, to]): Call => [
      work.byteOffset + 16 * from,
      to - from,
      nodes.byteOffset,
      exact.byteOffset,
      squares.byteOffset,
      bins,
      width > 0 ? 1 / width : 0,
      1 - first / width,
      KINDS.indexOf(edge.kind),
      windows.byteOffset,
      limits.byteOffset,
      found.byteOffset,
    ]);
    await arena.spread(step, "weighPairs", each);
    slots.forEach((row, slot) => {
      for (let t = 0; t < 2 * bins; t++) sums[row * 2 * bins + t] += found[slot * 2 * bins + t];
    });
  });
  return sums;
}
