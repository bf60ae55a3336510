import { SpatialError } from "../core/errors.ts";
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

/** Where the random patterns come from. */
export type NullModel = "csr" | "labels";

/** Patterns `from` to `to` - 1, one after the other: 0 is the observed one, pattern b > 0 is drawn from stream b of the seed. */
export function drawPatterns(
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
