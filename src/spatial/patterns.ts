import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { shuffle } from "../kernels/random.ts";
import type { Categorical, Positions } from "../model/index.ts";
import { grouped, type PointGroups } from "./forest.ts";
import { type Window, windowOf, type WindowOption } from "./window.ts";

/** Points by sample and type: group sample * k + type. */
export interface Pattern {
  readonly categories: readonly string[];
  readonly points: PointGroups;
  /** one per sample with points */
  readonly windows: readonly Window[];
}

/**
 * The observations that have a label, a sample and a place, by sample and label; without labels all are of one type, "all".
 *
 * @throws {SpatialError} `input` where lengths differ, there are three dimensions, or points and window do not fit
 */
export function patternOf(
  verb: string,
  labels: Categorical | null,
  positions: Positions,
  sample: Categorical | undefined,
  window: WindowOption,
): Pattern {
  const { rows: n, data } = positions;
  const found = [labels?.codes.length ?? n, sample?.codes.length ?? n];
  if (found.some((length) => length !== n))
    throw new SpatialError(
      "input",
      `${verb} needs a label and a sample per observation, found ${found.join(" and ")} for ${n} positions.`,
      { subject: "labels" },
    );
  if (positions.cols !== 2)
    throw new SpatialError(
      "input",
      `${verb} is about points in the plane, found positions of ${positions.cols} dimensions.`,
      { subject: "positions", hint: "Take one plane (z) of the sample at a time, with x and y only." },
    );
  const categories = labels?.categories ?? ["all"];
  const k = categories.length;
  const groupOf = (i: number): number => {
    const [s, a] = [sample?.codes[i] ?? 0, labels?.codes[i] ?? 0];
    const isPlaced = Number.isFinite(data[2 * i]) && Number.isFinite(data[2 * i + 1]);
    return isPlaced && s >= 0 && a >= 0 ? s * k + a : -1;
  };
  const samples = sample?.categories ?? [null];
  const { at, starts } = grouped(data, samples.length * k, groupOf);
  const ends = [0];
  const windows: Window[] = [];
  samples.forEach((name, s) => {
    if (starts[(s + 1) * k] === starts[s * k]) return;
    windows.push(windowOf(window, at.subarray(2 * starts[s * k], 2 * starts[(s + 1) * k]), name));
    for (let a = 1; a <= k; a++) ends.push(starts[s * k + a]);
  });
  if (windows.length === 0)
    throw new SpatialError("input", `${verb} found no observation with a label and a place.`, {
      subject: "positions",
    });
  return { categories, points: { at, starts: ends }, windows };
}

/** How many points there are of each type. */
export function sizesOf({ points: { starts }, categories }: Pattern): Float64Array {
  const sizes = new Float64Array(categories.length);
  for (let g = 0; g + 1 < starts.length; g++) sizes[g % sizes.length] += starts[g + 1] - starts[g];
  return sizes;
}

/** Where the random patterns come from. */
export type NullModel = "csr" | "labels";

/** @throws {SpatialError} `option` where there are no labels to shuffle */
export function checkShuffles(verb: string, model: NullModel, labels: Categorical | null): void {
  if (model === "labels" && labels === null)
    throw new SpatialError("option", `${verb}: without labels there are none to shuffle.`, {
      subject: "null",
      hint: `Give labels, or take null: "csr".`,
    });
}

/** Points whose patterns are measured together. */
const BATCH = 50_000;

/**
 * What `measure` finds in the observed pattern and in `simulations` random ones, one result of equal length after the other. It is given
 * some patterns at a time, group (pattern * samples + sample) * k + type.
 */
export async function measurePatterns(
  pattern: Pattern,
  model: NullModel,
  simulations: number,
  seed: number,
  run: RunOptions,
  measure: (points: PointGroups, patterns: number, run: RunOptions) => Promise<Float64Array>,
): Promise<Float64Array> {
  const all = 1 + simulations;
  const most = Math.max(1, Math.floor(BATCH / (pattern.points.at.length / 2)));
  let found = new Float64Array(0);
  for (let b = 0; b < all; b += most) {
    const end = Math.min(all, b + most);
    checkAborted(run.signal);
    const onProgress: RunOptions["onProgress"] = ({ step, fraction }) =>
      run.onProgress?.({ step, fraction: (b + fraction * (end - b)) / all });
    const part = await measure(drawPatterns(pattern, model, seed, b, end), end - b, { ...run, onProgress });
    if (b === 0) found = new Float64Array((part.length / end) * all);
    found.set(part, (part.length / (end - b)) * b);
    await breathe();
  }
  return found;
}

/** Patterns `from` to `to` - 1, one after the other: 0 is the observed one, pattern b > 0 is drawn from stream b of the seed. */
function drawPatterns(
  { points, windows, categories }: Pattern,
  model: NullModel,
  seed: number,
  from: number,
  to: number,
): PointGroups {
  const { at, starts } = points;
  const k = categories.length;
  const n = at.length / 2;
  const whole = new Float64Array(2 * n * (to - from));
  const ends = [0];
  for (let b = from; b < to; b++) {
    const base = n * (b - from);
    for (let g = 1; g < starts.length; g++) ends.push(base + starts[g]);
    if (b === 0) {
      whole.set(at, 2 * base);
      continue;
    }
    windows.forEach((window, s) => {
      const [first, end] = [starts[s * k], starts[(s + 1) * k]];
      const rng = stream(seed, b, s);
      if (model === "csr") whole.set(window.scatter(end - first, rng), 2 * (base + first));
      else
        shuffle(
          rng,
          Uint32Array.from({ length: end - first }, (_, i) => first + i),
        ).forEach((i, place) => whole.set(at.subarray(2 * i, 2 * i + 2), 2 * (base + first + place)));
    });
  }
  return { at: whole, starts: ends };
}
