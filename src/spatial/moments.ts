import type { RunOptions } from "../core/progress.ts";
import { borderLimits, type Design } from "./ripley-design.ts";
import { earlierCounts } from "./earlier-counts.ts";
import type { GroupPair, PointGroups } from "./forest.ts";
import { pairCounts } from "./pair-counts.ts";
import { pairWeights } from "./pair-weights.ts";
import type { Nesting } from "./patterns.ts";

/** Ripley's K of each row in each pattern, patterns x rows x r; group (pattern * samples + sample) * k + type. */
export async function reducedMoments(
  points: PointGroups,
  patterns: number,
  design: Design,
  run: RunOptions,
): Promise<Float64Array> {
  const { distances, windows, k, rows } = design;
  const bins = distances.length;
  const samples = windows.length;
  const sizeOf = (g: number): number => points.starts[g + 1] - points.starts[g];
  // Two groups are measured once, whatever their order.
  const numbers = new Map<number, number>();
  for (const [a, b] of rows) {
    const key = Math.min(a, b) * k + Math.max(a, b);
    if (!numbers.has(key)) numbers.set(key, numbers.size);
  }
  const pairs: GroupPair[] = [];
  for (let g = 0; g < patterns * samples * k; g += k)
    for (const key of numbers.keys()) pairs.push([g + Math.floor(key / k), g + (key % k), pairs.length]);
  const { sums, limits } = await pairSums(points, pairs, design, run);
  const curves = new Float64Array(patterns * rows.length * bins);
  for (let m = 0; m < patterns; m++)
    rows.forEach(([a, b], row) => {
      const above = new Float64Array(bins);
      const below = new Float64Array(bins);
      for (let s = 0; s < samples; s++) {
        const g = (m * samples + s) * k;
        const around = (sizeOf(g + b) - (a === b ? 1 : 0)) / windows[s].area;
        if (sizeOf(g + a) === 0 || around <= 0) continue;
        const pair = (m * samples + s) * numbers.size + numbers.get(Math.min(a, b) * k + Math.max(a, b))!;
        for (const side of a === b ? [0, 1] : [a < b ? 0 : 1])
          for (let t = 0; t < bins; t++) above[t] += sums[(2 * pair + side) * bins + t];
        const seen = seenPoints(points, g + a, limits, bins);
        for (let t = 0; t < bins; t++) below[t] += around * seen[t];
      }
      putShare(curves, m * rows.length + row, above, below);
    });
  return curves;
}

/** Ripley's K of each type in patterns that types share, patterns x k x r; group (pattern * samples + sample) * k + part. */
export async function nestedMoments(
  points: PointGroups,
  patterns: number,
  { last }: Nesting,
  design: Design,
  run: RunOptions,
): Promise<Float64Array> {
  const { distances, windows, k } = design;
  const bins = distances.length;
  const samples = windows.length;
  const { sums, limits } = await earlierSums(points, patterns, design, run);
  const curves = new Float64Array(patterns * k * bins);
  for (let m = 0; m < patterns; m++) {
    const above = Array.from({ length: k }, () => new Float64Array(bins));
    const below = Array.from({ length: k }, () => new Float64Array(bins));
    for (let s = 0; s < samples; s++) {
      // Among the points of the parts so far.
      const together = new Float64Array(bins);
      const seen = new Float64Array(bins);
      const first = (m * samples + s) * k;
      for (let g = first; g < first + k; g++) {
        const more = seenPoints(points, g, limits, bins);
        for (let t = 0; t < bins; t++) {
          together[t] += sums[2 * g * bins + t] + sums[(2 * g + 1) * bins + t];
          seen[t] += more[t];
        }
        const around = (points.starts[g + 1] - points.starts[first] - 1) / windows[s].area;
        if (around <= 0) continue;
        for (let a = 0; a < k; a++) {
          if (last[s * k + a] !== g - first) continue;
          for (let t = 0; t < bins; t++) {
            above[a][t] += together[t];
            below[a][t] += around * seen[t];
          }
        }
      }
    }
    for (let a = 0; a < k; a++) putShare(curves, m * k + a, above[a], below[a]);
  }
  return curves;
}

/** Weights of the ordered pairs of each row, `sums[(2 * row + side) * bins + t]`: of first points (side 0), of second points (1). */
async function pairSums(
  points: PointGroups,
  pairs: readonly GroupPair[],
  { correction, distances, windows, k }: Design,
  run: RunOptions,
): Promise<{ readonly sums: Float64Array; readonly limits: Uint32Array | null }> {
  const windowOf = (g: number): Design["windows"][number] => windows[Math.floor(g / k) % windows.length];
  if (correction === "border") {
    const limits = borderLimits(points, distances, windowOf);
    const edge = { kind: correction, limits } as const;
    return { sums: await pairWeights(points, pairs, distances, edge, "ripley", run), limits };
  }
  if (correction !== "none") {
    const boxes = Array.from({ length: points.starts.length - 1 }, (_, g) => windowOf(g).box);
    const edge = { kind: correction, boxes };
    return { sums: await pairWeights(points, pairs, distances, edge, "ripley", run), limits: null };
  }
  const counts = await pairCounts(points, pairs, distances, "ripley", run);
  return { sums: bothSides(counts, distances.length), limits: null };
}

/** Weights of the ordered pairs of points of each part with each other and with those of the parts before, as `pairSums`. */
async function earlierSums(
  points: PointGroups,
  patterns: number,
  design: Design,
  run: RunOptions,
): ReturnType<typeof pairSums> {
  const { correction, distances, windows, k } = design;
  const groups = patterns * windows.length * k;
  if (correction === "none") {
    const boxOf = (g: number): Design["windows"][number]["box"] =>
      windows[Math.floor(g / k) % windows.length].box;
    const counts = await earlierCounts(points, k, boxOf, distances, "ripley", run);
    return { sums: bothSides(counts, distances.length), limits: null };
  }
  const pairs: GroupPair[] = [];
  for (let g = 0; g < groups; g++) for (let h = g - (g % k); h <= g; h++) pairs.push([h, g, g]);
  return pairSums(points, pairs, design, run);
}

function bothSides(counts: Float64Array, bins: number): Float64Array {
  const sums = new Float64Array(2 * counts.length);
  for (let c = 0; c < counts.length; c += bins)
    for (const side of [0, bins]) sums.set(counts.subarray(c, c + bins), 2 * c + side);
  return sums;
}

/** How many points of a group count at each distance. */
function seenPoints(
  { starts }: PointGroups,
  g: number,
  limits: Uint32Array | null,
  bins: number,
): Float64Array {
  const seen = new Float64Array(bins);
  if (limits === null) return seen.fill(starts[g + 1] - starts[g]);
  for (let i = starts[g]; i < starts[g + 1]; i++) if (limits[i] > 0) seen[limits[i] - 1]++;
  for (let t = bins - 2; t >= 0; t--) seen[t] += seen[t + 1];
  return seen;
}

/** Sums of pairs up to each distance, over the points around them per area. */
function putShare(curves: Float64Array, row: number, above: Float64Array, below: Float64Array): void {
  let sum = 0;
  above.forEach((a, t) => (curves[row * above.length + t] = (sum += a) / below[t]));
}
