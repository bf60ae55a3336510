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

/** A Visium slide that has room for the wanted number of spots under tissue: its lattice and its image's coordinates. */
export interface Slide {
  /** All spots of the capture area. */
  readonly spots: number;
  readonly rowOf: (spot: number) => number;
  readonly colOf: (spot: number) => number;
  /** Middle of a spot in full-resolution pixels, whole as the vendor gives them. */
  readonly pixelOf: (spot: number) => { readonly x: number; readonly y: number };
  /** A full-resolution pixel in the anatomy's coordinates. */
  readonly toTissue: (x: number, y: number) => { readonly u: number; readonly v: number };
  /** The anatomy's unit in micrometres. */
  readonly radius: number;
  /** Full-resolution pixels across and down. */
  readonly width: number;
  readonly height: number;
}

/** The smallest of the vendor's capture areas that has enough spots. */
export function slide(observations: number): Slide {
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
  const rise = SPOT_PITCH * Math.sqrt(0.75);
  const radius = Math.sqrt((observations * SPOT_PITCH * rise) / PI);
  const perRow = area.cols / 2;
  const rowOf = (spot: number): number => Math.floor(spot / perRow);
  const colOf = (spot: number): number => 2 * (spot % perRow) + (rowOf(spot) % 2);
  const pixels = (microns: number): number => BORDER_PIXELS + Math.round(microns / MICRONS_PER_PIXEL);
  const width = pixels(((area.cols - 1) * SPOT_PITCH) / 2) + BORDER_PIXELS;
  const height = pixels((area.rows - 1) * rise) + BORDER_PIXELS;
  return {
    spots: area.rows * perRow,
    rowOf,
    colOf,
    pixelOf: (spot) => ({ x: pixels((colOf(spot) * SPOT_PITCH) / 2), y: pixels(rowOf(spot) * rise) }),
    toTissue: (x, y) => ({
      u: ((x - width / 2) * MICRONS_PER_PIXEL) / radius,
      v: ((y - height / 2) * MICRONS_PER_PIXEL) / radius,
    }),
    radius,
    width,
    height,
  };
}

function placeSpots(seed: number, observations: number, anatomy: Anatomy): Places {
  const { spots, rowOf, colOf, pixelOf, toTissue, radius } = slide(observations);
  const tissueOf = (spot: number): { u: number; v: number } => {
    const { x, y } = pixelOf(spot);
    return toTissue(x, y);
  };
  const inside = innermost(spots, observations, (s) => {
    const { u, v } = tissueOf(s);
    return anatomy.reach(u, v);
  });

  // Barcodes ascend over spots in random order, as on a slide.
  const names = barcodes(seed, spots);
  const order = shuffle(
    stream(seed, 3, 1),
    Uint32Array.from({ length: spots }, (_, s) => s),
  );
  const pick = (covered: 0 | 1): Omit<Places, "offTissue"> => {
    const ranks = Array.from(order.keys()).filter((k) => inside[order[k]] === covered);
    const chosen = ranks.map((k) => order[k]);
    return {
      ids: ranks.map((k) => names[k]),
      xy: Float64Array.from(chosen.map(pixelOf).flatMap(({ x, y }) => [x, y])),
      uv: Float64Array.from(chosen.map(tissueOf).flatMap(({ u, v }) => [u, v])),
      radius,
      arrayRow: Int32Array.from(chosen, rowOf),
      arrayCol: Int32Array.from(chosen, colOf),
    };
  };
  return { ...pick(1), offTissue: pick(0) };
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
