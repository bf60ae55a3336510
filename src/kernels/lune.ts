import type { PointTree } from "./geometry.ts";

/**
 * Whether some point of a tree in the plane lies nearer than the square root of `reach` to both of two places (strictly): in the lune
 * of an edge, where `reach` is its squared length. Halves out of reach of either place are left out.
 */
export function luneSearch(
  tree: PointTree,
): (ax: number, ay: number, bx: number, by: number, reach: number) => boolean {
  const { size, x, y, axis, split } = tree;
  let [ax, ay, bx, by, reach] = [0, 0, 0, 0, 0];

  /** `a` and `b`: squared distances of the two places to the node's range, along x and along y. */
  const within = (
    node: number,
    start: number,
    end: number,
    a0: number,
    a1: number,
    b0: number,
    b1: number,
  ): boolean => {
    if (a0 + a1 >= reach || b0 + b1 >= reach) return false;
    if (end - start <= 8) {
      for (let place = start; place < end; place++) {
        const [px, py, qx, qy] = [x[place] - ax, y[place] - ay, x[place] - bx, y[place] - by];
        if (px * px + py * py < reach && qx * qx + qy * qy < reach) return true;
      }
      return false;
    }
    const level = axis[node] === 0;
    const da = (level ? ax : ay) - split[node];
    const db = (level ? bx : by) - split[node];
    const middle = (start + end) >>> 1;
    const lower = da + db < 0; // the half that more likely holds one comes first
    for (let t = 0; t < 2; t++) {
      const low = (t === 0) === lower;
      // a place on the side of this half keeps its distance, one beyond the split is at least that far away
      const a = da < 0 === low ? (level ? a0 : a1) : da * da;
      const b = db < 0 === low ? (level ? b0 : b1) : db * db;
      const child = 2 * node + (low ? 1 : 2);
      const [from, to] = low ? [start, middle] : [middle, end];
      if (level ? within(child, from, to, a, a1, b, b1) : within(child, from, to, a0, a, b0, b)) return true;
    }
    return false;
  };

  return (px, py, qx, qy, square) => {
    [ax, ay, bx, by, reach] = [px, py, qx, qy, square];
    return within(0, 0, size, 0, 0, 0, 0);
  };
}
