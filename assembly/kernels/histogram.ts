// Histograms of distances between points.
//
// A pair belongs to the first threshold that its distance does not exceed: all that is counted is decided in double precision by
// dx * dx + dy * dy <= t * t. Eight pairs at a time are measured with `xs`, `ys`, which are places less a common origin in single
// precision, and again where that leaves doubt.
import { addTo, binOf, squareOf } from "./forest";

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

export function openHistogram(
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
): void {
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
}

function bump(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

// Moves what was counted to f64 out[].
export function flushHistogram(out: usize): void {
  for (let bin = 0; bin <= bins; bin++) {
    const single = histogram + ((<usize>bin) << 2);
    give(out, bin, load<u32>(single));
    store<u32>(single, 0);
    if (perWidth == 0) continue;
    for (let other = 0; other <= bins; other++) {
      const at = table + ((<usize>((bin << bits) + other)) << 2);
      const pairs = load<u32>(at);
      if (pairs == 0) continue;
      give(out, bin, pairs);
      give(out, other, pairs);
      store<u32>(at, 0);
    }
  }
}

function give(out: usize, bin: i32, pairs: u32): void {
  if (bin < bins) addTo(out + ((<usize>bin) << 3), <f64>pairs);
}

export function countOne(i: i32, j: i32, low: i32, high: i32): void {
  bump(histogram + ((<usize>binOf(squares, squareOf(exact, i, j), low, high)) << 2));
}

// Pairs of point i and the points from `first` to `end` - 1, in bins from `low` to `high`. Up to seven points from `end` on are
// measured too: they must lie beyond the last threshold.
export function countRow(i: i32, first: i32, end: i32, low: i32, high: i32): void {
  if (perWidth == 0) {
    for (let j = first; j < end; j++) countOne(i, j, low, high);
    return;
  }
  const magic = f32x4.splat(8388608);
  const sure = f32x4.splat(<f32>0.5 - doubt);
  const home = i32x4.splat(<i32>table - (0x4b000000 << (bits + 2)) - (0x4b000000 << 2));
  const high4 = bits + 2;
  const scale = f32x4.splat(perWidth);
  const start = f32x4.splat(shift);
  const last = f32x4.splat(<f32>bins);
  const x = v128.load32_splat(xs + ((<usize>i) << 2));
  const y = v128.load32_splat(ys + ((<usize>i) << 2));
  const toY = ys - xs;
  const stop = xs + ((<usize>end) << 2);
  for (let at = xs + ((<usize>first) << 2); at < stop; at += 64) {
    const a = placesOf(at, toY, x, y, scale, start, last);
    const b = placesOf(at + 16, toY, x, y, scale, start, last);
    // Adding 2^23 leaves a place as a whole number in the last bits.
    const wholeA = f32x4.add(a, magic);
    const wholeB = f32x4.add(b, magic);
    let rest = f32x4.pmax(restOf(a, wholeA, magic), restOf(b, wholeB, magic));
    const slots = i32x4.add(i32x4.add(i32x4.shl(wholeA, high4), i32x4.shl(wholeB, 2)), home);
    if (at + 32 >= stop) {
      if (v128.any_true(f32x4.gt(rest, sure))) countExactly(i, at, stop, low, high);
      else bumpAll(slots);
      return;
    }
    const c = placesOf(at + 32, toY, x, y, scale, start, last);
    const d = placesOf(at + 48, toY, x, y, scale, start, last);
    const wholeC = f32x4.add(c, magic);
    const wholeD = f32x4.add(d, magic);
    rest = f32x4.pmax(rest, f32x4.pmax(restOf(c, wholeC, magic), restOf(d, wholeD, magic)));
    if (v128.any_true(f32x4.gt(rest, sure))) {
      countExactly(i, at, min<usize>(at + 64, stop), low, high);
      continue;
    }
    bumpAll(slots);
    bumpAll(i32x4.add(i32x4.add(i32x4.shl(wholeC, high4), i32x4.shl(wholeD, 2)), home));
  }
}

function countExactly(i: i32, from: usize, to: usize, low: i32, high: i32): void {
  const end = <i32>((to - xs) >> 2);
  for (let j = <i32>((from - xs) >> 2); j < end; j++) countOne(i, j, low, high);
}

function restOf(place: v128, whole: v128, magic: v128): v128 {
  return f32x4.abs(f32x4.sub(place, f32x4.sub(whole, magic)));
}

function bumpAll(slots: v128): void {
  const two = i64x2.extract_lane(slots, 0);
  const others = i64x2.extract_lane(slots, 1);
  bump(<usize>(<u32>two));
  bump(<usize>((<u64>two) >> 32));
  bump(<usize>(<u32>others));
  bump(<usize>((<u64>others) >> 32));
}

// The place of four distances among the thresholds, at most `last`.
function placesOf(at: usize, toY: usize, x: v128, y: v128, scale: v128, start: v128, last: v128): v128 {
  const dx = f32x4.sub(v128.load(at), x);
  const dy = f32x4.sub(v128.load(at + toY), y);
  const distance = f32x4.sqrt(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)));
  const place = f32x4.add(f32x4.mul(distance, scale), start);
  return f32x4.pmin(last, f32x4.pmax(f32x4.splat(0), place));
}
