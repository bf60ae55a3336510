import type { RunOptions } from "../core/progress.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";
import type { PointGroups } from "./forest.ts";
import { frameOf, histogramOf } from "./pair-counts.ts";

/** Pairs of points that one call may look at: about 10 ms. */
const PAIRS = 4e7;
/** Doubles of a task. */
const TASK = 10;
/** Strips and columns of cells within the last threshold. */
const STRIPS = 4;
const COLUMNS = 24;

/**
 * How many pairs of a point of each group and one before it, of the same list of `groups` groups, have a distance above the threshold
 * before (0 at the first, inclusive) and at most threshold t: `counts[group * bins + t]`, exactly. For points that are not sorted by
 * place, so that groups of few are as wide as those of many. Cost: 2 ns per pair within the last threshold where thresholds are evenly
 * spaced.
 *
 * @param boxOf least x, least y, largest x, largest y of a group's list
 * @param thresholds ascending, >= 0
 */
export async function earlierCounts(
  { at, starts }: PointGroups,
  groups: number,
  boxOf: (group: number) => readonly [number, number, number, number],
  thresholds: Float64Array,
  step: string,
  run: RunOptions,
): Promise<Float64Array> {
  const bins = thresholds.length;
  const reach = thresholds[bins - 1] * (1 + 1e-6);
  const counts = new Float64Array((starts.length - 1) * bins);
  const tasks: number[] = [];
  const rows: number[] = [];
  const calls: [number, number][] = [];
  let [load, begun, room, cells] = [0, 0, 0, 0];
  for (let g = 0; g + 1 < starts.length; g++) {
    const first = starts[g - (g % groups)];
    const end = starts[g + 1] - first;
    const grid = gridOf(boxOf(g), end, reach);
    room = Math.max(room, end + 16 * grid.strips);
    cells = Math.max(cells, 3 * (grid.columns + 1) * grid.strips);
    for (let from = starts[g] - first; from < end;) {
      const to = Math.min(end, from + Math.max(1, Math.floor(PAIRS / end)));
      tasks.push(first, from, to, rows.length * bins, grid.x, grid.y);
      tasks.push(grid.perColumn, grid.perStrip, grid.columns, grid.strips);
      rows.push(g);
      load += (to - from) * end;
      from = to;
      if (load < PAIRS / 2) continue;
      calls.push([begun, rows.length]);
      [load, begun] = [0, rows.length];
    }
  }
  if (begun < rows.length) calls.push([begun, rows.length]);
  if (rows.length === 0) return counts;
  const frame = frameOf(at);
  const { scale, start, doubt, bits, table } = histogramOf(thresholds, frame.reach);
  const threads = threadsFor(run);
  const bytes =
    8 * (tasks.length + at.length + bins * (rows.length + 1)) +
    threads * (4 * cells + 24 * room + 4 * (bins + 1) + table + 64);
  await withThreads(bytes, run, async (arena) => {
    const work = arena.f64(tasks.length);
    const points = arena.f64(at.length);
    const squares = arena.f64(bins);
    const grid = arena.u32(arena.threads * cells);
    const x = arena.f32(arena.threads * room);
    const y = arena.f32(arena.threads * room);
    const exact = arena.f64(2 * arena.threads * room);
    const histogram = arena.u32(arena.threads * (bins + 1));
    const tables = arena.u32((arena.threads * table) / 4);
    const found = arena.f64(rows.length * bins);
    work.set(tasks);
    points.set(at);
    squares.set(thresholds.map((t) => t * t));
    const each = calls.map(([from, to]): Call => [
      work.byteOffset + 8 * TASK * from,
      to - from,
      points.byteOffset,
      frame.x,
      frame.y,
      reach,
      grid.byteOffset,
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
    const perThread = { 6: 4 * cells, 7: 4 * room, 8: 4 * room, 9: 16 * room, 16: 4 * (bins + 1), 17: table };
    await arena.spread(step, "countEarlier", each, perThread);
    rows.forEach((g, row) => {
      for (let t = 0; t < bins; t++) counts[g * bins + t] += found[row * bins + t];
    });
  });
  return counts;
}

/** Cells over a box, so many within the last threshold, but no more strips than would hold a point for each of their length in height. */
function gridOf(
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  points: number,
  reach: number,
): {
  readonly x: number;
  readonly y: number;
  readonly perColumn: number;
  readonly perStrip: number;
  readonly columns: number;
  readonly strips: number;
} {
  const [wide, high] = [x1 - x0, y1 - y0];
  const height = Math.max(reach / STRIPS, Math.sqrt((wide * high) / (points + 1)), high / (points + 1));
  const width = Math.max((height * STRIPS) / COLUMNS, wide / (4 * points + 4));
  return {
    x: x0,
    y: y0,
    perColumn: 1 / width,
    perStrip: 1 / height,
    columns: Math.floor(wide / width) + 1,
    strips: Math.floor(high / height) + 1,
  };
}
