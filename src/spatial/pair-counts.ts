import type { RunOptions } from "../core/progress.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";

/** Points of one or more samples with a label each. */
export interface LabelledPoints {
  /** x, y of each point, length 2 n */
  readonly at: Float64Array;
  /** label of each point, from 0 to k - 1 */
  readonly codes: Int32Array;
  /** sample of each point; pairs lie within one */
  readonly samples: Int32Array;
}

/** Pairs that one call measures: about 20 ms. */
const PAIRS = 1.6e7;
/** Half the distance between 1 and the next single-precision number. */
const ROUNDING = 5.960464477539063e-8;

/**
 * How many ordered pairs of different points have labels a and b and a distance above the threshold before (0 at the first,
 * inclusive) and at most threshold t: `counts[(a * k + b) * bins + t]`, exactly. Every pair within the last threshold is
 * measured once, in tiles as wide as that threshold; nothing is kept per pair. Cost: about 1 ns per pair of points in
 * neighboring tiles where thresholds are evenly spaced, 8 ns where not.
 *
 * @param thresholds ascending, >= 0
 */
export async function pairCounts(
  points: LabelledPoints,
  k: number,
  thresholds: Float64Array,
  step: string,
  run: RunOptions,
): Promise<Float64Array> {
  const bins = thresholds.length;
  const n = points.codes.length;
  const counts = new Float64Array(k * k * bins);
  if (n < 2 || bins === 0) return counts;
  const { order, rectangles } = tilesOf(points, thresholds[bins - 1]);
  const size = k * k * bins;
  const bytes = 4 * rectangles.corners.length + 32 * n + 8 * bins + threadsFor(run) * 8 * size;
  await withThreads(bytes, run, async (arena) => {
    const corners = arena.u32(rectangles.corners.length);
    const x = arena.f32(n);
    const y = arena.f32(n);
    const rows = arena.u32(n);
    const columns = arena.u32(n);
    const exact = arena.f64(2 * n);
    const squares = arena.f64(bins);
    const found = arena.u32(arena.threads * 2 * size);
    corners.set(rectangles.corners);
    squares.set(thresholds.map((t) => t * t));
    const [originX, originY] = [middle(points.at, 0), middle(points.at, 1)];
    let reach = 0;
    order.forEach((i, place) => {
      exact[2 * place] = points.at[2 * i];
      exact[2 * place + 1] = points.at[2 * i + 1];
      x[place] = points.at[2 * i] - originX;
      y[place] = points.at[2 * i + 1] - originY;
      reach = Math.max(reach, Math.abs(x[place]), Math.abs(y[place]));
      rows[place] = points.codes[i] * k * bins;
      columns[place] = points.codes[i] * bins;
    });
    const { first, width } = spacing(thresholds);
    // Uneven thresholds have no width: then every distance is doubtful.
    const perWidth = width > 0 ? 1 / width : 0;
    const doubt = width > 0 ? 16 * ROUNDING * (reach + thresholds[bins - 1]) * perWidth + 1e-5 : 2;
    const calls = rectangles.blocks.map(([from, to]): Call => [
      corners.byteOffset + 16 * from,
      to - from,
      x.byteOffset,
      y.byteOffset,
      exact.byteOffset,
      rows.byteOffset,
      columns.byteOffset,
      first,
      perWidth,
      doubt,
      bins,
      squares.byteOffset,
      found.byteOffset,
    ]);
    await arena.spread(step, "countPairs", calls, { 12: 8 * size });
    for (let t = 0; t < arena.threads; t++)
      for (let c = 0; c < size; c++) {
        const at = 2 * (t * size + c);
        counts[c] += found[at] + 4294967296 * found[at + 1];
      }
  });
  // Each pair was met in one order.
  const both = new Float64Array(size);
  for (let a = 0; a < k; a++)
    for (let b = 0; b < k; b++)
      for (let t = 0; t < bins; t++)
        both[(a * k + b) * bins + t] = counts[(a * k + b) * bins + t] + counts[(b * k + a) * bins + t];
  return both;
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
function spacing(thresholds: Float64Array): { readonly first: number; readonly width: number } {
  const first = thresholds[0];
  const width =
    thresholds.length > 1 ? (thresholds[thresholds.length - 1] - first) / (thresholds.length - 1) : 1;
  const even = thresholds.every(
    (t, r) => Math.abs(t - (first + r * width)) <= 1e-9 * thresholds[thresholds.length - 1],
  );
  return { first, width: even ? width : 0 };
}

interface Rectangles {
  /** four numbers each: rows and columns that are compared */
  readonly corners: Uint32Array;
  /** runs of rectangles with about `PAIRS` pairs each */
  readonly blocks: readonly (readonly [number, number])[];
}

/** Points sorted by sample, tile (as wide as `reach`) and label, and which runs of them hold pairs within reach. */
function tilesOf(
  { at, codes, samples }: LabelledPoints,
  reach: number,
): { readonly order: Uint32Array; readonly rectangles: Rectangles } {
  const n = codes.length;
  let [lowX, lowY, wide] = [Infinity, Infinity, 0];
  for (let i = 0; i < n; i++) {
    lowX = Math.min(lowX, at[2 * i]);
    lowY = Math.min(lowY, at[2 * i + 1]);
  }
  for (let i = 0; i < n; i++) wide = Math.max(wide, at[2 * i] - lowX, at[2 * i + 1] - lowY);
  // No more tiles on a side than points on a side, so that there are never many empty ones.
  const side = Math.max(reach, wide / Math.ceil(Math.sqrt(n)), Number.MIN_VALUE);
  const across = Math.floor(wide / side) + 1;
  const tile = (i: number): number =>
    (samples[i] * across + Math.floor((at[2 * i + 1] - lowY) / side)) * across +
    Math.floor((at[2 * i] - lowX) / side);
  const keys = Float64Array.from({ length: n }, (_, i) => tile(i));
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => keys[i] - keys[j] || codes[i] - codes[j] || i - j,
  );
  const runs = new Map<number, readonly [number, number]>();
  for (let start = 0; start < n;) {
    let end = start;
    while (end < n && keys[order[end]] === keys[order[start]]) end++;
    runs.set(keys[order[start]], [start, end]);
    start = end;
  }
  const corners: number[] = [];
  const blocks: [number, number][] = [];
  let from = 0;
  let pairs = 0;
  const add = (rows: readonly [number, number], columns: readonly [number, number]): void => {
    // Long runs are cut, so that no call takes long.
    const most = Math.max(1, Math.floor(PAIRS / (columns[1] - columns[0])));
    for (let start = rows[0]; start < rows[1]; start += most) {
      const end = Math.min(rows[1], start + most);
      const own = rows === columns;
      if (own) corners.push(start, end, start, end);
      if (own && end < rows[1]) corners.push(start, end, end, rows[1]);
      if (!own) corners.push(start, end, ...columns);
      pairs += (end - start) * (columns[1] - columns[0]);
      if (pairs < PAIRS) continue;
      blocks.push([from, corners.length / 4]);
      from = corners.length / 4;
      pairs = 0;
    }
  };
  for (const [key, rows] of runs) {
    add(rows, rows);
    const column = key % across;
    const line = Math.floor(key / across) % across;
    for (const [dx, dy] of [
      [1, 0],
      [-1, 1],
      [0, 1],
      [1, 1],
    ]) {
      if (column + dx < 0 || column + dx >= across || line + dy >= across) continue;
      const columns = runs.get(key + dy * across + dx);
      if (columns !== undefined) add(rows, columns);
    }
  }
  if (from < corners.length / 4) blocks.push([from, corners.length / 4]);
  return { order, rectangles: { corners: Uint32Array.from(corners), blocks } };
}
