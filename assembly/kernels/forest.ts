// Trees over groups of points in the plane.
//
// A node is 48 bytes: the box of its points (least x, least y, largest x, largest y as f64), its first place, how many points it has,
// its right child (0 in a leaf; the left child is the next node). The points of a leaf lie at consecutive places, filled up to a
// multiple of 8 by points at infinity; `exact` holds x, y of each place as f64.

export const NODE: usize = 48;

export function firstOf(node: usize): i32 {
  return load<i32>(node, 32);
}

export function sizeOf(node: usize): i32 {
  return load<i32>(node, 36);
}

export function rightOf(node: usize): i32 {
  return load<i32>(node, 40);
}

// The gap between two intervals.
function gap(low: f64, high: f64, otherLow: f64, otherHigh: f64): f64 {
  return max<f64>(max<f64>(otherLow - high, low - otherHigh), 0);
}

export function leastSquare(a: usize, b: usize): f64 {
  const dx = gap(load<f64>(a), load<f64>(a, 16), load<f64>(b), load<f64>(b, 16));
  const dy = gap(load<f64>(a, 8), load<f64>(a, 24), load<f64>(b, 8), load<f64>(b, 24));
  return dx * dx + dy * dy;
}

export function largestSquare(a: usize, b: usize): f64 {
  const dx = max<f64>(load<f64>(b, 16) - load<f64>(a), load<f64>(a, 16) - load<f64>(b));
  const dy = max<f64>(load<f64>(b, 24) - load<f64>(a, 8), load<f64>(a, 24) - load<f64>(b, 8));
  return dx * dx + dy * dy;
}

// The first threshold, given by its square, that a squared distance does not exceed; known to lie in [low, high].
export function binOf(squares: usize, square: f64, low: i32, high: i32): i32 {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<f64>(squares + ((<usize>middle) << 3)) < square) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function squareOf(exact: usize, i: i32, j: i32): f64 {
  const a = exact + ((<usize>i) << 4);
  const b = exact + ((<usize>j) << 4);
  const dx = load<f64>(a) - load<f64>(b);
  const dy = load<f64>(a, 8) - load<f64>(b, 8);
  return dx * dx + dy * dy;
}

export function addTo(at: usize, value: f64): void {
  store<f64>(at, load<f64>(at) + value);
}
