import type { Shapes } from "../model/shapes.ts";

/** Twice the signed area of a ring, and that times its centroid; sums run from its first corner, to lose no digits. */
export function ringMoments(ring: ArrayLike<number>): readonly [number, number, number] {
  let [area, mx, my] = [0, 0, 0];
  const ox = ring[0];
  const oy = ring[1];
  for (let k = 2; k + 3 < ring.length; k += 2) {
    const [ax, ay, bx, by] = [ring[k] - ox, ring[k + 1] - oy, ring[k + 2] - ox, ring[k + 3] - oy];
    const cross = ax * by - bx * ay;
    area += cross;
    mx += (cross * (ax + bx)) / 3;
    my += (cross * (ay + by)) / 3;
  }
  return [area, mx + area * ox, my + area * oy];
}

/**
 * x, y of the centroid of area of each shape, holes taken out; of the middle of its corners where it has no area.
 * Shapes of one `owner` (length shapes, below n) count as one.
 */
export function centroids(shapes: Shapes, owner?: Uint32Array, n: number = shapes.ids.length): Float64Array {
  const { shapeOffsets, ringOffsets, coordinates } = shapes;
  const [area, corners] = [new Float64Array(n), new Float64Array(n)];
  const moments = new Float64Array(2 * n);
  const sums = new Float64Array(2 * n);
  for (let s = 0; s + 1 < shapeOffsets.length; s++) {
    const o = owner === undefined ? s : owner[s];
    for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
      const [a, x, y] = ringMoments(coordinates.subarray(2 * ringOffsets[r], 2 * ringOffsets[r + 1]));
      const sign = (a < 0 ? -1 : 1) * (r === shapeOffsets[s] ? 1 : -1);
      area[o] += sign * a;
      moments[2 * o] += sign * x;
      moments[2 * o + 1] += sign * y;
    }
    for (let c = ringOffsets[shapeOffsets[s]]; c < ringOffsets[shapeOffsets[s + 1]]; c++) {
      sums[2 * o] += coordinates[2 * c];
      sums[2 * o + 1] += coordinates[2 * c + 1];
      corners[o]++;
    }
  }
  return moments.map((m, k) => (area[k >> 1] === 0 ? sums[k] / corners[k >> 1] : m / area[k >> 1]));
}

/** Area of each shape, holes taken out. */
export function areas({ ids, shapeOffsets, ringOffsets, coordinates }: Shapes): Float64Array {
  const area = new Float64Array(ids.length);
  for (let s = 0; s < area.length; s++) {
    for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
      const [twice] = ringMoments(coordinates.subarray(2 * ringOffsets[r], 2 * ringOffsets[r + 1]));
      area[s] += (Math.abs(twice) / 2) * (r === shapeOffsets[s] ? 1 : -1);
    }
  }
  return area;
}
