import { pointTree, walk } from "./geometry.ts";

/** Pieces that a segment is cut into, on average at most. */
const PIECES = 4;

/**
 * Distance of points of the plane to the nearest of m segments, and which that is (of equal ones the first).
 * Segments are cut into pieces of like length, whose middles are sought in a tree.
 *
 * @param ends x, y of both ends of each segment, 4 m; a segment may be a point
 */
export function nearestSegments(
  ends: Float64Array,
): (px: number, py: number) => { readonly distance: number; readonly segment: number } {
  const m = ends.length / 4;
  const length = (s: number): number => {
    const [dx, dy] = [ends[4 * s + 2] - ends[4 * s], ends[4 * s + 3] - ends[4 * s + 1]];
    return Math.sqrt(dx * dx + dy * dy);
  };
  let whole = 0;
  for (let s = 0; s < m; s++) whole += length(s);
  const step = whole / (PIECES * m);
  const parts = Uint32Array.from({ length: m }, (_, s) =>
    Math.max(1, step > 0 ? Math.ceil(length(s) / step) : 1),
  );
  const pieces = parts.reduce((sum, n) => sum + n, 0);
  const owner = new Uint32Array(pieces);
  const middles = new Float64Array(2 * pieces);
  for (let s = 0, at = 0; s < m; s++) {
    for (let k = 0; k < parts[s]; k++, at++) {
      const along = (k + 0.5) / parts[s];
      owner[at] = s;
      for (let c = 0; c < 2; c++)
        middles[2 * at + c] = ends[4 * s + c] + along * (ends[4 * s + 2 + c] - ends[4 * s + c]);
    }
  }
  const tree = pointTree(middles, 2);
  const leaves = walk(tree);
  const half = step / 2;
  const squareTo = (s: number, px: number, py: number): number => {
    const [ax, ay] = [ends[4 * s], ends[4 * s + 1]];
    const [ux, uy] = [ends[4 * s + 2] - ax, ends[4 * s + 3] - ay];
    const square = ux * ux + uy * uy;
    const along = square > 0 ? Math.max(0, Math.min(1, ((px - ax) * ux + (py - ay) * uy) / square)) : 0;
    const [dx, dy] = [px - ax - along * ux, py - ay - along * uy];
    return dx * dx + dy * dy;
  };
  return (px, py) => {
    let [best, segment] = [Infinity, -1];
    leaves.enterAt(px, py, 0);
    // A piece within `best` has its middle within half a step more; the factor covers rounding.
    const reach = (): number => {
      const r = (Math.sqrt(best) + half) * (1 + 1e-9);
      return r * r;
    };
    let most = Infinity;
    while (leaves.next(most)) {
      for (let place = leaves.start; place < leaves.end; place++) {
        const s = owner[tree.order[place]];
        const square = squareTo(s, px, py);
        if (square > best || (square === best && s >= segment)) continue;
        best = square;
        segment = s;
      }
      most = reach();
    }
    return { distance: Math.sqrt(best), segment };
  };
}
