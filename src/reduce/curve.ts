/** Cells of the curve's grid on a side. */
const SIDE = 32768;

/**
 * The points of a layout, n x 2, in the order in which a curve through the plane passes them that never leaps (Hilbert's); points
 * of the same cell of its grid by number. Points that follow each other lie near each other.
 */
export function alongCurve(layout: Float32Array): Uint32Array {
  const n = layout.length / 2;
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (let t = 0; t < 2 * n; t++) {
    low[t & 1] = Math.min(low[t & 1], layout[t]);
    high[t & 1] = Math.max(high[t & 1], layout[t]);
  }
  const widest = Math.max(high[0] - low[0], high[1] - low[1]);
  const scale = widest > 0 ? (SIDE - 1) / widest : 0;
  const keys = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const x = Math.floor((layout[2 * i] - low[0]) * scale);
    const y = Math.floor((layout[2 * i + 1] - low[1]) * scale);
    keys[i] = passed(x, y) * n + i;
  }
  return Uint32Array.from(keys.sort(), (key) => key % n);
}

/** How many cells the curve has passed when it comes to this one. */
function passed(x: number, y: number): number {
  let count = 0;
  for (let side = SIDE / 2; side > 0; side >>= 1) {
    const right = (x & side) !== 0;
    const up = (y & side) !== 0;
    count = 4 * count + (right ? (up ? 2 : 3) : up ? 1 : 0);
    if (up) continue;
    if (right) [x, y] = [~x, ~y];
    [x, y] = [y, x];
  }
  return count;
}

/** Positions by place in an order, back by node. */
export function scattered(places: Float32Array, order: Uint32Array): Float32Array {
  const layout = new Float32Array(places.length);
  for (let t = 0; t < places.length; t++) layout[2 * order[t >> 1] + (t & 1)] = places[t];
  return layout;
}
