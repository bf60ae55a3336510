// Pairs of points within some distance, each weighted for what lies beyond the edge of the window around its first point.
import { addTo, binOf, firstOf, largestSquare, leastSquare, NODE, rightOf, sizeOf, squareOf } from "./forest";

let nodes: usize = 0;
let exact: usize = 0;
let squares: usize = 0;
let bins: i32 = 0;
// Evenly spaced thresholds: distance * perWidth + shift is about the number of the threshold; 0 where they are not.
let perWidth: f64 = 0;
let shift: f64 = 0;
let edge: i32 = 0;
// least x, least y, largest x, largest y
let window: usize = 0;
let limits: usize = 0;
// bins of the pairs seen from the first node's points, then of those seen from the second's
let out: usize = 0;

const BORDER = 0;
const TRANSLATION = 1;

const HALF_PI: f64 = 1.5707963267948966;

// Adds the pairs of `count` tasks (two nodes, offset in `found`, row) to found[bin] with the weights of their first
// points and to found[bins + bin] with those of their second points. Weights by `edge`:
// 0: 1, up to the threshold limits[place] of the point (at limits[place] it is taken off again);
// 1: area of the rectangle / area that it shares with itself moved by the difference of both points;
// 2: circumference of the circle around the point through the other / its part in the rectangle.
// Rectangles are windows[4 * row].
export function weighPairs(
  tasks: usize,
  count: i32,
  nodesAt: usize,
  exactAt: usize,
  squaresAt: usize,
  binCount: i32,
  scale: f64,
  start: f64,
  kind: i32,
  windows: usize,
  limitsAt: usize,
  found: usize,
): void {
  nodes = nodesAt;
  exact = exactAt;
  squares = squaresAt;
  bins = binCount;
  perWidth = scale;
  shift = start;
  edge = kind;
  limits = limitsAt;
  for (let t = 0; t < count; t++) {
    const task = tasks + ((<usize>t) << 4);
    out = found + ((<usize>load<u32>(task, 8)) << 3);
    window = windows + ((<usize>load<u32>(task, 12)) << 5);
    weigh(load<i32>(task), load<i32>(task, 4), 0, bins);
  }
}

function weigh(a: i32, b: i32, low: i32, high: i32): void {
  const one = nodes + <usize>a * NODE;
  const other = nodes + <usize>b * NODE;
  low = binOf(squares, leastSquare(one, other), low, high);
  if (low == bins) return;
  high = binOf(squares, largestSquare(one, other), low, high);
  const right = rightOf(one);
  const otherRight = rightOf(other);
  if (a == b && right > 0) {
    weigh(a + 1, a + 1, low, high);
    weigh(right, right, low, high);
    weigh(a + 1, right, low, high);
  } else if (right > 0 && (otherRight == 0 || sizeOf(one) >= sizeOf(other))) {
    weigh(a + 1, b, low, high);
    weigh(right, b, low, high);
  } else if (otherRight > 0) {
    weigh(a, b + 1, low, high);
    weigh(a, otherRight, low, high);
  } else weighLeaves(one, other, low, high);
}

function weighLeaves(rows: usize, columns: usize, low: i32, high: i32): void {
  const first = firstOf(rows);
  const end = first + sizeOf(rows);
  const column = firstOf(columns);
  const columnEnd = column + sizeOf(columns);
  const back = out + ((<usize>bins) << 3);
  for (let i = first; i < end; i++)
    for (let j = rows == columns ? i + 1 : column; j < columnEnd; j++) {
      const square = squareOf(exact, i, j);
      const bin = perWidth > 0 ? binNear(square, low, high) : binOf(squares, square, low, high);
      if (bin == bins) continue;
      const at = (<usize>bin) << 3;
      if (edge == BORDER) {
        addUpTo(out, bin, i);
        addUpTo(back, bin, j);
      } else if (edge == TRANSLATION) {
        const weight = translation(i, j);
        addTo(out + at, weight);
        addTo(back + at, weight);
      } else {
        const distance = sqrt(square);
        addTo(out + at, isotropic(i, distance));
        addTo(back + at, isotropic(j, distance));
      }
    }
}

// As binOf: a guess, which rounding may leave one too low or too high.
function binNear(square: f64, low: i32, high: i32): i32 {
  let bin = min<i32>(max<i32>(<i32>(sqrt(square) * perWidth + shift), low), high);
  while (bin > low && load<f64>(squares + ((<usize>(bin - 1)) << 3)) >= square) bin--;
  while (bin < high && load<f64>(squares + ((<usize>bin) << 3)) < square) bin++;
  return bin;
}

function addUpTo(counts: usize, bin: i32, place: i32): void {
  const limit = load<i32>(limits + ((<usize>place) << 2));
  if (bin >= limit) return;
  addTo(counts + ((<usize>bin) << 3), 1);
  if (limit < bins) addTo(counts + ((<usize>limit) << 3), -1);
}

function translation(i: i32, j: i32): f64 {
  const a = exact + ((<usize>i) << 4);
  const b = exact + ((<usize>j) << 4);
  const wide = load<f64>(window, 16) - load<f64>(window);
  const high = load<f64>(window, 24) - load<f64>(window, 8);
  const dx = abs(load<f64>(a) - load<f64>(b));
  const dy = abs(load<f64>(a, 8) - load<f64>(b, 8));
  return (wide / (wide - dx)) * (high / (high - dy));
}

// Beyond each side lies an arc of twice arccos(distance to the side / radius); arcs that meet beyond a corner span a right angle there.
function isotropic(place: i32, radius: f64): f64 {
  const at = exact + ((<usize>place) << 4);
  const x = load<f64>(at);
  const y = load<f64>(at, 8);
  const left = x - load<f64>(window);
  const right = load<f64>(window, 16) - x;
  const below = y - load<f64>(window, 8);
  const above = load<f64>(window, 24) - y;
  if (radius <= min(min(left, right), min(below, above))) return 1;
  const a = arc(left / radius);
  const b = arc(below / radius);
  const c = arc(right / radius);
  const d = arc(above / radius);
  const outside = corner(a, b) + corner(b, c) + corner(c, d) + corner(d, a);
  return (4 * HALF_PI) / (4 * HALF_PI - outside);
}

function corner(a: f64, b: f64): f64 {
  return min(HALF_PI, a + b);
}

// arccos(x) for x >= 0, 0 from 1 on.
function arc(x: f64): f64 {
  if (x >= 1) return 0;
  if (x <= 0.5) return HALF_PI - arcsine(x);
  return 2 * arcsine(sqrt((1 - x) / 2));
}

// For |x| <= 1/2, to 2e-16: a polynomial through the Chebyshev nodes.
function arcsine(x: f64): f64 {
  const z = x * x;
  let p: f64 = 0.02961201126495512;
  p = p * z - 0.01924167174674304;
  p = p * z + 0.019554513336123378;
  p = p * z + 0.0030448799094556773;
  p = p * z + 0.009319560794767446;
  p = p * z + 0.009621842970100282;
  p = p * z + 0.011566459612121669;
  p = p * z + 0.01396378001220357;
  p = p * z + 0.017352816540325496;
  p = p * z + 0.02237215744350722;
  p = p * z + 0.03038194447553234;
  p = p * z + 0.044642857142551895;
  p = p * z + 0.07500000000000118;
  p = p * z + 0.16666666666666666;
  return x + x * z * p;
}
