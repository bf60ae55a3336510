// Histograms of distances between groups of points in the plane, by two trees at once (forest.ts).
//
// A pair belongs to the first threshold that its distance does not exceed: all that is counted is decided in double precision by
// dx * dx + dy * dy <= t * t. Rounding keeps order, so a box is within a threshold exactly where all of its points are. Four pairs at
// a time are measured with `xs`, `ys`, which are places less a common origin in single precision, and again where that leaves doubt.
import { addTo, binOf, firstOf, largestSquare, leastSquare, NODE, rightOf, sizeOf, squareOf } from "./forest";

let nodes: usize = 0;
let xs: usize = 0;
let ys: usize = 0;
let exact: usize = 0;
let squares: usize = 0;
let bins: i32 = 0;
// Evenly spaced thresholds: place of a distance among them, rounded, is distance * perWidth + shift; 0 where they are not.
let perWidth: f32 = 0;
let shift: f32 = 0;
// How near to a threshold the place is uncertain in single precision.
let doubt: f32 = 0;
// Even thresholds are counted two pairs at a time, in a table of 2^bits x 2^bits of their bins.
let bits: i32 = 0;
// u32 for each bin and for what lies beyond the last threshold
let histogram: usize = 0;
let table: usize = 0;
let out: usize = 0;

function bump(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

// Adds the pairs of `count` tasks (four numbers each: two nodes, offset of their bins in `found`, pair of groups) to f64 found[]. Where
// both nodes are the same, each pair counts once.
export function countPairs(
  tasks: usize,
  count: i32,
  nodesAt: usize,
  x: usize,
  y: usize,
  exactAt: usize,
  squaresAt: usize,
  binCount: i32,
  scale: f32,
  start: f32,
  uncertain: f32,
  tableBits: i32,
  histogramAt: usize,
  tableAt: usize,
  found: usize,
): void {
  nodes = nodesAt;
  xs = x;
  ys = y;
  exact = exactAt;
  squares = squaresAt;
  bins = binCount;
  perWidth = scale;
  shift = start;
  doubt = uncertain;
  bits = tableBits;
  histogram = histogramAt;
  table = tableAt;
  for (let t = 0; t < count; t++) {
    const task = tasks + ((<usize>t) << 4);
    out = found + ((<usize>load<u32>(task, 8)) << 3);
    count2(load<i32>(task), load<i32>(task, 4), 0, bins);
    if (t + 1 < count && load<i32>(task, 24) == load<i32>(task, 8)) continue;
    flush();
  }
}

// Moves what was counted to where it belongs.
function flush(): void {
  for (let bin = 0; bin <= bins; bin++) {
    const single = histogram + ((<usize>bin) << 2);
    give(bin, load<u32>(single));
    store<u32>(single, 0);
    if (perWidth == 0) continue;
    for (let other = 0; other <= bins; other++) {
      const at = table + ((<usize>((bin << bits) + other)) << 2);
      give(bin, load<u32>(at));
      give(other, load<u32>(at));
      store<u32>(at, 0);
    }
  }
}

function give(bin: i32, pairs: u32): void {
  if (bin < bins) addTo(out + ((<usize>bin) << 3), <f64>pairs);
}

// The pairs of two nodes, all of which belong to bins from `low` to `high`.
function count2(a: i32, b: i32, low: i32, high: i32): void {
  const one = nodes + <usize>a * 48;
  const other = nodes + <usize>b * 48;
  low = binOf(squares, leastSquare(one, other), low, high);
  if (low == bins) return;
  high = binOf(squares, largestSquare(one, other), low, high);
  if (low == high) {
    const n = <f64>sizeOf(one);
    addTo(out + ((<usize>low) << 3), a == b ? (n * (n - 1)) / 2 : n * <f64>sizeOf(other));
    return;
  }
  const right = rightOf(one);
  const otherRight = rightOf(other);
  if (a == b && right > 0) {
    count2(a + 1, a + 1, low, high);
    count2(right, right, low, high);
    count2(a + 1, right, low, high);
  } else if (right > 0 && (otherRight == 0 || sizeOf(one) >= sizeOf(other))) {
    count2(a + 1, b, low, high);
    count2(right, b, low, high);
  } else if (otherRight > 0) {
    count2(a, b + 1, low, high);
    count2(a, otherRight, low, high);
  } else if (a == b) countWithin(one, low, high);
  else if (perWidth > 0) countEven(one, other, low, high);
  else countAny(one, other, low, high);
}

function countOne(i: i32, j: i32, low: i32, high: i32): void {
  bump(histogram + ((<usize>binOf(squares, squareOf(exact, i, j), low, high)) << 2));
}

function countWithin(leaf: usize, low: i32, high: i32): void {
  const first = firstOf(leaf);
  const end = first + sizeOf(leaf);
  for (let i = first; i < end; i++) for (let j = i + 1; j < end; j++) countOne(i, j, low, high);
}

function countAny(rows: usize, columns: usize, low: i32, high: i32): void {
  const first = firstOf(rows);
  const end = first + sizeOf(rows);
  const column = firstOf(columns);
  const columnEnd = column + sizeOf(columns);
  for (let i = first; i < end; i++) for (let j = column; j < columnEnd; j++) countOne(i, j, low, high);
}

// The place of four distances among the thresholds, at most `bins`; adding 2^23 leaves it as a whole number in the last bits.
function placesOf(at: usize, x: v128, y: v128): v128 {
  const dx = f32x4.sub(v128.load(xs + at), x);
  const dy = f32x4.sub(v128.load(ys + at), y);
  const distance = f32x4.sqrt(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)));
  const place = f32x4.add(f32x4.mul(distance, f32x4.splat(perWidth)), f32x4.splat(shift));
  return f32x4.pmin(f32x4.splat(<f32>bins), f32x4.pmax(f32x4.splat(0), place));
}

// Eight distances at a time.
function countEven(rows: usize, columns: usize, low: i32, high: i32): void {
  const first = firstOf(rows);
  const end = first + sizeOf(rows);
  const column = firstOf(columns);
  const columnEnd = column + sizeOf(columns);
  const magic = f32x4.splat(8388608);
  const sure = f32x4.splat(<f32>0.5 - doubt);
  const home = i32x4.splat(<i32>table - (0x4b000000 << (bits + 2)) - (0x4b000000 << 2));
  for (let i = first; i < end; i++) {
    const x = v128.load32_splat(xs + ((<usize>i) << 2));
    const y = v128.load32_splat(ys + ((<usize>i) << 2));
    for (let j = column; j < columnEnd; j += 8) {
      const at = (<usize>j) << 2;
      const place = placesOf(at, x, y);
      const other = placesOf(at + 16, x, y);
      const rounded = f32x4.add(place, magic);
      const otherRounded = f32x4.add(other, magic);
      const rest = f32x4.abs(f32x4.sub(place, f32x4.sub(rounded, magic)));
      const otherRest = f32x4.abs(f32x4.sub(other, f32x4.sub(otherRounded, magic)));
      if (v128.any_true(f32x4.gt(f32x4.pmax(rest, otherRest), sure))) {
        const last = min<i32>(j + 8, columnEnd);
        for (let lane = j; lane < last; lane++) countOne(i, lane, low, high);
        continue;
      }
      const slots = i32x4.add(i32x4.add(i32x4.shl(rounded, bits + 2), i32x4.shl(otherRounded, 2)), home);
      bump(<usize>i32x4.extract_lane(slots, 0));
      bump(<usize>i32x4.extract_lane(slots, 1));
      bump(<usize>i32x4.extract_lane(slots, 2));
      bump(<usize>i32x4.extract_lane(slots, 3));
    }
  }
}
