import type { PointGroups } from "./forest.ts";
import type { Window } from "./window.ts";

export type RipleyStatistic = "K" | "L" | "g" | "F" | "G" | "J";
export type EdgeCorrection = "none" | "border" | "translation" | "isotropic";

/** What is estimated from patterns of points, and how. */
export interface Design {
  readonly statistic: RipleyStatistic;
  readonly correction: EdgeCorrection;
  /** ascending, length r */
  readonly distances: Float64Array;
  /** one per sample */
  readonly windows: readonly Window[];
  /** types of points */
  readonly k: number;
  /** type of the points, type of the points around them */
  readonly rows: readonly (readonly [number, number])[];
}

/** How many of the distances are no longer than that from each point to the border of its window. */
export function borderLimits(
  { at, starts }: PointGroups,
  distances: Float64Array,
  windowOf: (group: number) => Window,
): Uint32Array {
  const limits = new Uint32Array(at.length / 2);
  for (let g = 0; g + 1 < starts.length; g++) {
    const { toBorder } = windowOf(g);
    for (let i = starts[g]; i < starts[g + 1]; i++) {
      const far = toBorder(at[2 * i], at[2 * i + 1]);
      limits[i] = firstWhere(distances, (t) => t > far);
    }
  }
  return limits;
}

/** The first of ascending numbers that the test holds for, as it does for all after it. */
export function firstWhere(ascending: Float64Array, holds: (value: number) => boolean): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(ascending[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
