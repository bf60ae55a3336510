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

/**
 * Patterns that all types share: the type with n points in a sample takes the first n of a random order of places. Each type's own
 * patterns are as random as if none were shared.
 */
export interface Nesting {
  /** Where the parts of one pattern start, by sample and part: k to a sample, up to each of the types' sizes in ascending order. */
  readonly starts: Uint32Array;
  /** samples x k: the last part that a type takes */
  readonly last: Uint32Array;
}

export function nestingOf({ points, windows, categories }: Pattern): Nesting {
  const k = categories.length;
  const starts = new Uint32Array(windows.length * k + 1);
  const last = new Uint32Array(windows.length * k);
  windows.forEach((_, s) => {
    const sizeOf = (a: number): number => points.starts[s * k + a + 1] - points.starts[s * k + a];
    const types = Array.from({ length: k }, (_, a) => a).sort((a, b) => sizeOf(a) - sizeOf(b));
    types.forEach((a, part) => {
      last[s * k + a] = part;
      starts[s * k + part + 1] = starts[s * k] + sizeOf(a);
    });
  });
  return { starts, last };
}

/** Points whose patterns are measured together. */
const BATCH = 50_000;
/** Patterns that are measured together at least where types share them: one keeps only one thread busy. */
const SHARED = 16;

/**
 * What `measure` finds in the observed pattern and in `simulations` random ones, one result of equal length after the other. It is given
 * some patterns at a time, group (pattern * samples + sample) * k + type; if types share them, the observed pattern alone and then,
 * with the nesting, random ones by part.
 */
export async function measurePatterns(
  pattern: Pattern,
  model: NullModel,
  simulations: number,
  seed: number,
  run: RunOptions,
  measure: (
    points: PointGroups,
    patterns: number,
    run: RunOptions,
    nesting: Nesting | null,
  ) => Promise<Float64Array>,
  nesting: Nesting | null = null,
): Promise<Float64Array> {
  const all = 1 + simulations;
  const starts = nesting?.starts ?? pattern.points.starts;
  const most = Math.max(nesting === null ? 1 : SHARED, Math.floor(BATCH / starts[starts.length - 1]));
  let found = new Float64Array(0);
  for (let b = 0, end = 0; b < all; b = end) {
    const shared = b > 0 ? nesting : null;
    end = b === 0 && nesting !== null ? 1 : Math.min(all, b + most);
    checkAborted(run.signal);
    const onProgress: RunOptions["onProgress"] = ({ step, fraction }) =>
      run.onProgress?.({ step, fraction: (b + fraction * (end - b)) / all });
    const drawn = drawPatterns(pattern, shared?.starts ?? pattern.points.starts, model, seed, b, end);
    const part = await measure(drawn, end - b, { ...run, onProgress }, shared);
    if (b === 0) found = new Float64Array((part.length / end) * all);
    found.set(part, (part.length / (end - b)) * b);
    await breathe();
  }
  return found;
}

/**
 * Patterns `from` to `to` - 1, one after the other: 0 is the observed one, pattern b > 0 is drawn from stream b of the seed, with as many
 * points in each group as `starts` says.
 */
function drawPatterns(
  { points, windows, categories }: Pattern,
  starts: ArrayLike<number>,
  model: NullModel,
  seed: number,
  from: number,
  to: number,
): PointGroups {
  const { at } = points;
  const k = categories.length;
  const n = starts[starts.length - 1];
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
      const [first, count] = [starts[s * k], starts[(s + 1) * k] - starts[s * k]];
      const rng = stream(seed, b, s);
      if (model === "csr") {
        whole.set(window.scatter(count, rng), 2 * (base + first));
        return;
      }
      const [own, end] = [points.starts[s * k], points.starts[(s + 1) * k]];
      const order = shuffle(
        rng,
        Uint32Array.from({ length: end - own }, (_, i) => own + i),
      );
      for (let place = 0; place < count; place++) {
        const i = order[place];
        whole[2 * (base + first + place)] = at[2 * i];
        whole[2 * (base + first + place) + 1] = at[2 * i + 1];
      }
    });
  }
  return { at: whole, starts: ends };
}
