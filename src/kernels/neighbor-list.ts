import { SpatialError } from "../core/errors.ts";
import type { Dense } from "../model/matrix.ts";

/** The k nearest others of each point, by (distance, index). */
export interface Neighbors {
  readonly k: number;
  /** length n * k, row-major */
  readonly indices: Uint32Array;
  /** Euclidean, length n * k, row-major, ascending within a row */
  readonly distances: Float64Array;
}

/** Refuses coordinates that are not finite. */
export function checkFinite({ data }: Dense): void {
  if (!data.every((v) => Number.isFinite(v)))
    throw new SpatialError("input", "Coordinates must be finite, found NaN or infinity.");
}

/** Refuses such, and to seek more neighbors than there are others. */
export function checkSearch(points: Dense, k: number): void {
  checkFinite(points);
  const others = Math.max(0, points.rows - 1);
  if (!(k >= 0 && k <= others))
    throw new SpatialError(
      "input",
      `${points.rows} points have at most ${others} neighbors, asked for ${k}.`,
    );
}

/** The mean of the points and the factor that brings them into [-1, 1] around it. */
export function centering({ rows: n, cols, data }: Dense): {
  readonly mean: Float64Array;
  readonly scale: number;
} {
  const mean = new Float64Array(cols);
  for (let i = 0; i < n; i++) for (let d = 0; d < cols; d++) mean[d] += data[i * cols + d] / n;
  let largest = 0;
  for (let i = 0; i < n; i++)
    for (let d = 0; d < cols; d++) largest = Math.max(largest, Math.abs(data[i * cols + d] - mean[d]));
  return { mean, scale: largest > 0 ? 1 / largest : 1 };
}

/** Squared distance of two points; may stop early with some number above `limit`. */
export function squared(points: Dense, i: number, j: number, limit: number): number {
  const { cols: dims, data } = points;
  let sum = 0;
  for (let d = 0; d < dims && !(sum > limit); d++) {
    const difference = data[i * dims + d] - data[j * dims + d];
    sum += difference * difference;
  }
  return sum;
}

export interface NearestList {
  readonly clear: () => void;
  /** Takes a candidate if it is among the k least by (squared distance, index). */
  readonly offer: (squaredDistance: number, index: number) => void;
  /** The k-th squared distance; infinite until k were taken. */
  readonly worst: () => number;
  /** How many were taken, at most k. */
  readonly count: () => number;
  /** The indices taken, nearest first. */
  readonly held: () => number[];
  readonly write: (indices: Uint32Array, distances: Float64Array, at: number) => void;
}

export function nearestList(k: number): NearestList {
  const squares = new Float64Array(k);
  const index = new Uint32Array(k);
  let held = 0;
  const worst = (): number => (held < k ? Infinity : squares[k - 1]);
  const offer = (s: number, j: number): void => {
    if (held === k && (s > squares[k - 1] || (s === squares[k - 1] && j > index[k - 1]))) return;
    let slot = held < k ? held++ : k - 1;
    for (; slot > 0 && (squares[slot - 1] > s || (squares[slot - 1] === s && index[slot - 1] > j)); slot--) {
      squares[slot] = squares[slot - 1];
      index[slot] = index[slot - 1];
    }
    squares[slot] = s;
    index[slot] = j;
  };
  const write = (indices: Uint32Array, distances: Float64Array, at: number): void => {
    for (let t = 0; t < k; t++) {
      indices[at + t] = index[t];
      distances[at + t] = Math.sqrt(squares[t]);
    }
  };
  const list = (): number[] => Array.from(index.subarray(0, held));
  return { count: () => held, held: list, clear: () => void (held = 0), offer, worst, write };
}
