import type { RunOptions } from "../core/progress.ts";
import { PI } from "../kernels/math.ts";
import { closestSquares } from "./closest.ts";
import { borderLimits, type Design, firstWhere } from "./ripley-design.ts";
import type { PointGroups } from "./forest.ts";
import { nestedMoments, reducedMoments } from "./moments.ts";
import type { Nesting } from "./patterns.ts";
import type { Window } from "./window.ts";

/** Places that empty space is measured from, in each window. */
const REFERENCES = 10_000;

/**
 * The curve of each row in each pattern, patterns x rows x r. Group (pattern * samples + sample) * k + type of `points` holds the
 * points of a type, or a part of the patterns that types share. Samples are pooled: numerators and denominators add up.
 */
export async function summaries(
  points: PointGroups,
  patterns: number,
  design: Design,
  run: RunOptions,
  nesting: Nesting | null = null,
): Promise<Float64Array> {
  const { statistic, rows, distances } = design;
  if (statistic === "F" || statistic === "G" || statistic === "J")
    return nearestCurves(points, patterns, design, run);
  const curves = await (nesting === null
    ? reducedMoments(points, patterns, design, run)
    : nestedMoments(points, patterns, nesting, design, run));
  const bins = distances.length;
  if (statistic === "L") return curves.map((k) => Math.sqrt(k / PI));
  if (statistic === "K") return curves;
  const ring = (t: number): number => (t === 0 ? 0 : distances[t - 1]);
  for (let c = 0; c < patterns * rows.length; c++)
    for (let t = bins - 1; t >= 0; t--) {
      const inner = t === 0 ? 0 : curves[c * bins + t - 1];
      const area = PI * (distances[t] * distances[t] - ring(t) * ring(t));
      curves[c * bins + t] = (curves[c * bins + t] - inner) / area;
    }
  return curves;
}

/** F, G and J: shares of places (even ones, or points) that have a nearest point within r. */
async function nearestCurves(
  points: PointGroups,
  patterns: number,
  { statistic, correction, distances, windows, k, rows }: Design,
  run: RunOptions,
): Promise<Float64Array> {
  const bins = distances.length;
  const samples = windows.length;
  const groups = patterns * samples * k;
  const empty = statistic === "G" ? [] : windows.map(evenPlaces);
  const all = joined(points, empty);
  // From even places (F), from points (G): for each pattern and sample all rows, one list after the other.
  const lists: [number, number][][] = [[], []];
  for (let m = 0; m < patterns * samples; m++)
    for (const [a, b] of rows) {
      if (statistic !== "G") lists[0].push([groups + (m % samples), m * k + b]);
      if (statistic !== "F") lists[1].push([m * k + a, m * k + b]);
    }
  const pairs = [...lists[0], ...lists[1]];
  const found = await closestSquares(all, pairs, "ripley", run);
  const windowOf = (g: number): Window => windows[g < groups ? Math.floor(g / k) % samples : g - groups];
  const limits = correction === "border" ? borderLimits(all, distances, windowOf) : null;
  const ends = distances.map((t) => t * t);

  const share = (list: number, pattern: number, row: number): Float64Array => {
    // Differences from one distance to the next.
    const above = new Float64Array(bins + 1);
    const below = new Float64Array(bins + 1);
    for (let s = 0; s < samples; s++) {
      const pair = list * lists[0].length + (pattern * samples + s) * rows.length + row;
      const squares = found[pair];
      // Where there is nothing to be near to there is nothing to learn.
      if (squares.length === 0 || squares[0] === Infinity) continue;
      const first = all.starts[pairs[pair][0]];
      squares.forEach((square, i) => {
        const limit = limits === null ? bins : limits[first + i];
        const bin = firstWhere(ends, (end) => end >= square);
        below[0]++;
        below[limit]--;
        if (bin >= limit) return;
        above[bin]++;
        above[limit]--;
      });
    }
    let [have, could] = [0, 0];
    return above.subarray(0, bins).map((a, t) => (have += a) / (could += below[t]));
  };
  const curves = new Float64Array(patterns * rows.length * bins);
  for (let m = 0; m < patterns; m++)
    rows.forEach((_, row) => {
      const [f, g] = [0, 1].map((list) => (lists[list].length > 0 ? share(list, m, row) : null));
      const curve = f === null ? g! : g === null ? f : f.map((v, t) => (1 - g[t]) / (1 - v));
      curves.set(curve, (m * rows.length + row) * bins);
    });
  return curves;
}

/** The centers of a square grid's cells that lie in the window. */
function evenPlaces({ area, box: [x0, y0, x1, y1], holds }: Window): Float64Array {
  const side = Math.sqrt(area / REFERENCES);
  const [across, down] = [Math.ceil((x1 - x0) / side), Math.ceil((y1 - y0) / side)];
  const at = new Float64Array(2 * across * down);
  for (let c = 0; c < across * down; c++) {
    at[2 * c] = x0 + (((c % across) + 0.5) * (x1 - x0)) / across;
    at[2 * c + 1] = y0 + ((Math.floor(c / across) + 0.5) * (y1 - y0)) / down;
  }
  const inside = holds(at);
  return at.filter((_, t) => inside[t >> 1] === 1);
}

function joined({ at, starts }: PointGroups, more: readonly Float64Array[]): PointGroups {
  const sizes = more.reduce((sum, m) => sum + m.length, 0);
  const whole = new Float64Array(at.length + sizes);
  whole.set(at);
  const ends = Array.from(starts);
  for (const m of more) {
    whole.set(m, 2 * ends[ends.length - 1]);
    ends.push(ends[ends.length - 1] + m.length / 2);
  }
  return { at: whole, starts: ends };
}
