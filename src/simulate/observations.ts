import { SpatialError } from "../core/errors.ts";
import { stream } from "../core/rng.ts";
import { PI } from "../kernels/math.ts";
import { shuffle } from "../kernels/random.ts";
import { type Anatomy } from "./anatomy.ts";
import type { Layout } from "./difficulty.ts";

/** Micrometres between Visium spots, spot radius, and between neighboring free cells. */
const SPOT_PITCH = 100;
export const SPOT_RADIUS = 27.5;
const CELL_PITCH = 14;
/** Micrometres per pixel of the full-resolution image, and the empty border around the capture area in pixels. */
export const MICRONS_PER_PIXEL = 0.5;
const BORDER_PIXELS = 1000;

/** Rows and columns of Visium's capture areas (6.5 mm and 11 mm); a spot stands where row and column are both even or both odd. */
const CAPTURE_AREAS = [
  { rows: 78, cols: 128 },
  { rows: 128, cols: 224 },
];

/** Where observations lie: all arrays in the order of the matrix. */
export interface Places {
  readonly ids: readonly string[];
  /** x, y in the dataset's unit: pixels for spots, micrometres for cells; length 2n */
  readonly xy: Float64Array;
  /** the same points in the anatomy's coordinates; length 2n */
  readonly uv: Float64Array;
  /** the anatomy's unit in micrometres */
  readonly radius: number;
  /** row and column on the capture area; empty for free cells */
  readonly arrayRow: Int32Array;
  readonly arrayCol: Int32Array;
  /** spots of the capture area that the tissue does not cover; null for free cells */
  readonly offTissue: Omit<Places, "offTissue"> | null;
}

/** Fills the tissue with the wanted number of spots or cells. */
export function place(seed: number, layout: Layout, observations: number, anatomy: Anatomy): Places {
  return layout === "visium"
    ? placeSpots(seed, observations, anatomy)
    : placeCells(seed, observations, anatomy);
}

function placeSpots(seed: number, observations: number, anatomy: Anatomy): Places {
  const area = CAPTURE_AREAS.find((a) => (a.rows * a.cols) / 2 >= observations);
  if (area === undefined) {
    throw new SpatialError(
      "option",
      `A Visium capture area has at most 14336 spots, found ${observations}.`,
      {
        subject: "observations",
        hint: 'Ask for fewer observations, or for layout "cells".',
      },
    );
  }
  const total = (area.rows * area.cols) / 2;
  const rise = SPOT_PITCH * Math.sqrt(0.75);
  const radius = Math.sqrt((observations * SPOT_PITCH * rise) / PI);
  const rowOf = (s: number): number => Math.floor(s / (area.cols / 2));
  const colOf = (s: number): number => 2 * (s % (area.cols / 2)) + (rowOf(s) % 2);
  const uOf = (s: number): number => ((colOf(s) - (area.cols - 1) / 2) * SPOT_PITCH) / 2 / radius;
  const vOf = (s: number): number => ((rowOf(s) - (area.rows - 1) / 2) * rise) / radius;
  const inside = innermost(total, observations, (s) => anatomy.reach(uOf(s), vOf(s)));

  // Barcodes ascend over spots in random order, as on a slide.
  const names = barcodes(seed, total);
  const order = shuffle(
    stream(seed, 3, 1),
    Uint32Array.from({ length: total }, (_, s) => s),
  );
  const pick = (covered: boolean): Omit<Places, "offTissue"> => {
    const ranks = Array.from(order.keys()).filter((k) => (inside[order[k]] === 1) === covered);
    const spots = ranks.map((k) => order[k]);
    const pixels = (steps: number): number => BORDER_PIXELS + Math.round(steps / MICRONS_PER_PIXEL);
    return {
      ids: ranks.map((k) => names[k]),
      xy: Float64Array.from(
        spots.flatMap((s) => [pixels((colOf(s) * SPOT_PITCH) / 2), pixels(rowOf(s) * rise)]),
      ),
      uv: Float64Array.from(spots.flatMap((s) => [uOf(s), vOf(s)])),
      radius,
      arrayRow: Int32Array.from(spots, rowOf),
      arrayCol: Int32Array.from(spots, colOf),
    };
  };
  return { ...pick(true), offTissue: pick(false) };
}

function placeCells(seed: number, observations: number, anatomy: Anatomy): Places {
  const rise = CELL_PITCH * Math.sqrt(0.75);
  const radius = Math.sqrt((observations * CELL_PITCH * rise) / PI);
  const reach = 1.45 * radius;
  const cols = Math.ceil((2 * reach) / CELL_PITCH);
  const rows = Math.ceil((2 * reach) / rise);
  const rng = stream(seed, 3, 0);
  const uv = new Float64Array(2 * rows * cols);
  for (let c = 0; c < rows * cols; c++) {
    const row = Math.floor(c / cols);
    const x = ((c % cols) + (row % 2) / 2 + 0.7 * (rng.uniform() - 0.5)) * CELL_PITCH;
    const y = row * rise + 0.7 * (rng.uniform() - 0.5) * CELL_PITCH;
    uv[2 * c] = (x - reach) / radius;
    uv[2 * c + 1] = (y - reach) / radius;
  }
  const inside = innermost(rows * cols, observations, (c) => anatomy.reach(uv[2 * c], uv[2 * c + 1]));
  const order = shuffle(
    stream(seed, 3, 1),
    Uint32Array.from({ length: rows * cols }, (_, c) => c).filter((c) => inside[c] === 1),
  );
  const own = Float64Array.from({ length: 2 * observations }, (_, k) => uv[2 * order[k >> 1] + (k & 1)]);
  return {
    ids: cellNames(seed, observations),
    xy: own.map((w) => Math.round((w + 1.5) * radius * 1e4) / 1e4),
    uv: own,
    radius,
    arrayRow: new Int32Array(0),
    arrayCol: new Int32Array(0),
    offTissue: null,
  };
}

/** Marks the `wanted` candidates with the smallest values (ties by index). */
function innermost(candidates: number, wanted: number, valueOf: (c: number) => number): Uint8Array {
  const values = Float64Array.from({ length: candidates }, (_, c) => valueOf(c));
  const order = Uint32Array.from({ length: candidates }, (_, c) => c);
  order.sort((a, b) => values[a] - values[b] || a - b);
  const marked = new Uint8Array(candidates);
  for (let k = 0; k < wanted; k++) marked[order[k]] = 1;
  return marked;
}

/** Different barcodes of 16 letters, ascending, with the vendor's suffix. */
function barcodes(seed: number, count: number): string[] {
  const rng = stream(seed, 3, 2);
  const names = new Set<string>();
  while (names.size < count) {
    let name = "";
    for (let k = 0; k < 16; k++) name += "ACGT"[rng.below(4)];
    names.add(`${name}-1`);
  }
  return [...names].sort();
}

/** Xenium's cell names: a number in base 16 with the letters a to p, and a suffix. Numbers ascend with gaps. */
function cellNames(seed: number, count: number): string[] {
  const rng = stream(seed, 3, 2);
  let number = 0;
  return Array.from({ length: count }, () => {
    number += 1 + rng.below(100);
    let name = "";
    for (let k = 7; k >= 0; k--) name += "abcdefghijklmnop"[(number >>> (4 * k)) & 15];
    return `${name}-1`;
  });
}
