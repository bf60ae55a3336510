// Squared distances in tiles of 4 x 8 points, each pair once, with the nearest of both points kept on the way.
// Points lie in panels of 8: coordinate d of point i at points[(i >> 3) * dims * 8 + d * 8 + (i & 7)]; `norms` holds their
// squared lengths (infinity for the points that fill the last panel). Each point owns `kept` slots, ascending by distance;
// `limits` repeats its last slot. A distance is norm_i + (norm_j - 2 dot), the dot product one chain over the dimensions.

// `count` squares of the pairs i < j from square (row, col) on, `side` points (a multiple of 8) wide, in the order (0, 0), (0, 1) ...
// (1, 1), (1, 2) ... of the upper half; `padded` is the number of points in whole panels.
export function nearestSquares(
  points: usize,
  norms: usize,
  dims: i32,
  padded: i32,
  side: i32,
  row: i32,
  col: i32,
  count: i32,
  kept: i32,
  distances: usize,
  indices: usize,
  limits: usize,
): void {
  const sides = (padded + side - 1) / side;
  for (let t = 0; t < count; t++) {
    const rowEnd = min(padded, (row + 1) * side);
    const colEnd = min(padded, (col + 1) * side);
    nearestTile(
      points,
      norms,
      dims,
      row * side,
      rowEnd,
      col * side,
      colEnd,
      kept,
      distances,
      indices,
      limits,
    );
    if (++col == sides) col = ++row;
  }
}

// The pairs of `count` rectangles, each four numbers: first and last row, first and last column, multiples of 8.
export function nearestRectangles(
  points: usize,
  norms: usize,
  dims: i32,
  rectangles: usize,
  count: i32,
  kept: i32,
  distances: usize,
  indices: usize,
  limits: usize,
): void {
  for (let t = 0; t < count; t++) {
    const at = rectangles + ((<usize>t) << 4);
    nearestTile(
      points,
      norms,
      dims,
      load<i32>(at),
      load<i32>(at, 4),
      load<i32>(at, 8),
      load<i32>(at, 12),
      kept,
      distances,
      indices,
      limits,
    );
  }
}

// All pairs i < j with i in [rowStart, rowEnd) and j in [colStart, colEnd); starts and ends are multiples of 8.
function nearestTile(
  points: usize,
  norms: usize,
  dims: i32,
  rowStart: i32,
  rowEnd: i32,
  colStart: i32,
  colEnd: i32,
  kept: i32,
  distances: usize,
  indices: usize,
  limits: usize,
): void {
  const panel = (<usize>dims) << 5;
  for (let i = rowStart; i < rowEnd; i += 4) {
    const rows = points + <usize>(i >> 3) * panel + <usize>((i & 4) << 2);
    for (let j = max(colStart, i & ~7); j < colEnd; j += 8) {
      let a = rows;
      let b = points + <usize>(j >> 3) * panel;
      const end = b + panel;
      let s00 = f32x4.splat(0);
      let s01 = f32x4.splat(0);
      let s10 = f32x4.splat(0);
      let s11 = f32x4.splat(0);
      let s20 = f32x4.splat(0);
      let s21 = f32x4.splat(0);
      let s30 = f32x4.splat(0);
      let s31 = f32x4.splat(0);
      while (b < end) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const a0 = v128.load32_splat(a);
        s00 = f32x4.add(s00, f32x4.mul(a0, b0));
        s01 = f32x4.add(s01, f32x4.mul(a0, b1));
        const a1 = v128.load32_splat(a, 4);
        s10 = f32x4.add(s10, f32x4.mul(a1, b0));
        s11 = f32x4.add(s11, f32x4.mul(a1, b1));
        const a2 = v128.load32_splat(a, 8);
        s20 = f32x4.add(s20, f32x4.mul(a2, b0));
        s21 = f32x4.add(s21, f32x4.mul(a2, b1));
        const a3 = v128.load32_splat(a, 12);
        s30 = f32x4.add(s30, f32x4.mul(a3, b0));
        s31 = f32x4.add(s31, f32x4.mul(a3, b1));
        a += 32;
        b += 32;
      }
      keep(norms, i, j, s00, s01, kept, distances, indices, limits);
      keep(norms, i + 1, j, s10, s11, kept, distances, indices, limits);
      keep(norms, i + 2, j, s20, s21, kept, distances, indices, limits);
      keep(norms, i + 3, j, s30, s31, kept, distances, indices, limits);
    }
  }
}

// Turns 8 dot products of point i with points j to j + 7 into distances and offers those that are near enough.
function keep(
  norms: usize,
  i: i32,
  j: i32,
  dot0: v128,
  dot1: v128,
  kept: i32,
  distances: usize,
  indices: usize,
  limits: usize,
): void {
  const at = (<usize>j) << 2;
  const norm = v128.load32_splat(norms + ((<usize>i) << 2));
  const limit = v128.load32_splat(limits + ((<usize>i) << 2));
  const s0 = f32x4.add(norm, f32x4.sub(v128.load(norms + at), f32x4.add(dot0, dot0)));
  const s1 = f32x4.add(norm, f32x4.sub(v128.load(norms + at, 16), f32x4.add(dot1, dot1)));
  const near0 = v128.or(f32x4.le(s0, limit), f32x4.le(s0, v128.load(limits + at)));
  const near1 = v128.or(f32x4.le(s1, limit), f32x4.le(s1, v128.load(limits + at, 16)));
  if (!v128.any_true(v128.or(near0, near1))) return;
  let mask = i32x4.bitmask(near0) | (i32x4.bitmask(near1) << 4);
  while (mask != 0) {
    const lane = ctz(mask);
    mask &= mask - 1;
    const other = j + lane;
    if (other <= i) continue;
    const s = laneOf(lane < 4 ? s0 : s1, lane & 3);
    offer(i, other, s, kept, distances, indices, limits);
    offer(other, i, s, kept, distances, indices, limits);
  }
}

function laneOf(v: v128, lane: i32): f32 {
  if (lane < 2) return lane == 0 ? f32x4.extract_lane(v, 0) : f32x4.extract_lane(v, 1);
  return lane == 2 ? f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 3);
}

// Inserts a neighbor into a point's slots, which hold the least by (distance, index).
function offer(
  point: i32,
  other: i32,
  s: f32,
  kept: i32,
  distances: usize,
  indices: usize,
  limits: usize,
): void {
  const limit = limits + ((<usize>point) << 2);
  if (!(s <= load<f32>(limit) && s < Infinity)) return;
  const first = (<usize>point * <usize>kept) << 2;
  let slot = first + ((<usize>(kept - 1)) << 2);
  if (s == load<f32>(limit) && other > load<i32>(indices + slot)) return;
  while (slot > first) {
    const before = load<f32>(distances + slot - 4);
    if (before < s || (before == s && load<i32>(indices + slot - 4) < other)) break;
    store<f32>(distances + slot, before);
    store<i32>(indices + slot, load<i32>(indices + slot - 4));
    slot -= 4;
  }
  store<f32>(distances + slot, s);
  store<i32>(indices + slot, other);
  store<f32>(limit, load<f32>(distances + first + ((<usize>(kept - 1)) << 2)));
}
