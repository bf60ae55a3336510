import { stream } from "../core/rng.ts";
import { cos, PI, sin } from "../kernels/math.ts";
import { ringMoments } from "../kernels/polygons.ts";
import type { Shapes } from "../model/index.ts";
import type { SimulatedTissue } from "./tissue.ts";

/** Corners of an outline, without the first again at its end. */
const CORNERS = 16;

/**
 * Outlines of a tissue's cells in micrometres: rounded, each of the area that its cell has (`cell_area`), around its
 * center. Outlines of cells that lie close to each other overlap.
 */
export function cellOutlines(tissue: SimulatedTissue): Shapes {
  const { cells, positions } = tissue.dataset;
  const n = cells.ids.length;
  const area = cells.columns["cell_area"] as Float64Array;
  const length = 2 * (CORNERS + 1);
  const coordinates = new Float64Array(n * length);
  for (let i = 0; i < n; i++) {
    const rng = stream(tissue.params.seed, 7, i);
    const [oval, lobed] = [0.15 * rng.uniform(), 0.08 * rng.uniform()];
    const [turn, twist] = [2 * PI * rng.uniform(), 2 * PI * rng.uniform()];
    const ring = coordinates.subarray(i * length, (i + 1) * length);
    for (let k = 0; k <= CORNERS; k++) {
      const angle = (2 * PI * (k % CORNERS)) / CORNERS;
      const reach = 1 + oval * cos(2 * angle + turn) + lobed * cos(3 * angle + twist);
      ring[2 * k] = reach * cos(angle);
      ring[2 * k + 1] = reach * sin(angle);
    }
    const [twice, mx, my] = ringMoments(ring);
    const size = Math.sqrt((2 * area[i]) / twice);
    const middle = [mx / twice, my / twice];
    for (let k = 0; k < length; k++)
      ring[k] = positions.data[2 * i + (k & 1)] + size * (ring[k] - middle[k & 1]);
  }
  return {
    kind: "shapes",
    ids: cells.ids,
    shapeOffsets: Uint32Array.from({ length: n + 1 }, (_, s) => s),
    ringOffsets: Uint32Array.from({ length: n + 1 }, (_, s) => s * (CORNERS + 1)),
    coordinates,
  };
}

/** Left, upper, right and lower end of an outline. */
export function boxOf(
  { ringOffsets, coordinates }: Shapes,
  s: number,
): readonly [number, number, number, number] {
  let [left, upper, right, lower] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let c = ringOffsets[s]; c < ringOffsets[s + 1]; c++) {
    const [x, y] = [coordinates[2 * c], coordinates[2 * c + 1]];
    left = Math.min(left, x);
    right = Math.max(right, x);
    upper = Math.min(upper, y);
    lower = Math.max(lower, y);
  }
  return [left, upper, right, lower];
}
