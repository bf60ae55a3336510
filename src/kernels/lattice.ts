import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Dense } from "../model/matrix.ts";
import { centering } from "./neighbor-list.ts";

/** The radius of the ball that all points are brought into: squared distances in it are exact in 32 bits. */
const RADIUS = 23000;
/** Points further out than this many times the length that all but 1 % have are drawn in. */
const FAR = 2;
const MOST = 0.99;
/** Points that this length is read off. */
const SAMPLE = 1024;

/** How many coordinates a row of the lattice has: a multiple of 8. */
export function latticeWidth(points: Dense): number {
  return 8 * Math.ceil(points.cols / 8);
}

/**
 * Puts points on a lattice of whole numbers: centered, scaled into a ball and rounded, which moves a point by half the square
 * root of its dimensions at most. The few that are far out are drawn onto the ball, which brings them no further from any
 * other. So two points are never further apart than their distance times the factor, plus the square root of the dimensions.
 *
 * @param rows n x `latticeWidth`
 * @returns the factor from a distance to one on the lattice
 */
export async function toLattice(points: Dense, rows: Int16Array, run: RunOptions): Promise<number> {
  const { rows: n, cols, data } = points;
  const width = latticeWidth(points);
  const { mean, scale } = centering(points);
  const lengthOf = (i: number): number => {
    let sum = 0;
    for (let d = 0; d < cols; d++) {
      const v = (data[i * cols + d] - mean[d]) * scale;
      sum += v * v;
    }
    return Math.sqrt(sum);
  };
  let largest = 0;
  const measure = (start: number, end: number): void => {
    for (let i = start; i < end; i++) largest = Math.max(largest, lengthOf(i));
  };
  await forEachBlock("neighbors", n, 65536, measure, { signal: run.signal });
  const sampled = Math.min(n, SAMPLE);
  const lengths = Float64Array.from({ length: sampled }, (_, t) =>
    lengthOf(Math.floor((t * n) / sampled)),
  ).sort();
  const reach = Math.min(largest, FAR * lengths[Math.floor(MOST * (sampled - 1))]) || largest || 1;
  const write = (start: number, end: number): void => {
    for (let i = start; i < end; i++) {
      const factor = (scale * RADIUS) / Math.max(reach, largest > reach ? lengthOf(i) : 0);
      for (let d = 0; d < cols; d++)
        rows[i * width + d] = Math.round((data[i * cols + d] - mean[d]) * factor);
    }
  };
  await forEachBlock("neighbors", n, 65536, write, { signal: run.signal });
  return (scale * RADIUS) / reach;
}

/** Puts rows in an order: row t is the one that was order[t]. */
export async function reorder(rows: Int16Array, order: Uint32Array, run: RunOptions): Promise<void> {
  const width = rows.length / order.length;
  const before = rows.slice();
  const move = (start: number, end: number): void => {
    for (let t = start; t < end; t++)
      for (let d = 0; d < width; d++) rows[t * width + d] = before[order[t] * width + d];
  };
  await forEachBlock("neighbors", order.length, 65536, move, { signal: run.signal });
}
