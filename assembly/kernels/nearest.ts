// Nearest neighbors among points of whole numbers: n rows of `width` coordinates (i16; a multiple of 8), in a ball of radius
// 23,170 around 0, so that squared distances are exact in i32. Each point has a list of `kept` neighbors that no kernel but
// `mergeNearest` writes, and per thread a list of up to `room` new ones (both multiples of 4), ascending by
// (squared distance, index): its squared distances, then its indices. Free places hold NONE; an index has the bit NEW from
// the merge that brings it to the next. A thread's own block is: n new lists, n limits (beyond which nothing is taken), two
// sides.
//
// A side is room for SIDE points that are compared with those of a side: their coordinates in panels of 4 points (coordinates
// 2 d and 2 d + 1 of point t at ((t >> 2) * width * 2 + d * 4 + (t & 3)) * 4), squared lengths, limits and indices.

import { clear, mergeLists, NEW, NONE } from "./neighbor-lists";

const SIDE: i32 = 512;

let rows: usize = 0;
let width: i32 = 0;
let kept: i32 = 0;
let near: usize = 0;
let room: i32 = 0;
let fresh: usize = 0;
let limits: usize = 0;
let first: usize = 0;
let second: usize = 0;
let lengthsAt: usize = 0;
let limitsAt: usize = 0;
let namesAt: usize = 0;

function use(n: i32, points: usize, dims: i32, k: i32, lists: usize, slots: i32, own: usize): void {
  rows = points;
  width = dims;
  kept = k;
  near = lists;
  room = slots;
  fresh = own;
  limits = own + ((<usize>n * <usize>slots) << 3);
  first = (limits + ((<usize>n) << 2) + 63) & ~63;
  lengthsAt = (<usize>(SIDE * dims)) << 1;
  limitsAt = lengthsAt + (SIDE << 2);
  namesAt = limitsAt + (SIDE << 2);
  second = first + namesAt + (SIDE << 2);
}

// Compares the points of `count` rectangles, each four numbers: first and last row, first and last column, places in `order`.
// No side is longer than SIDE. Where both are the same each pair is compared once.
export function nearestRectangles(
  n: i32,
  points: usize,
  dims: i32,
  order: usize,
  rectangles: usize,
  count: i32,
  k: i32,
  lists: usize,
  slots: i32,
  own: usize,
): void {
  use(n, points, dims, k, lists, slots, own);
  for (let t = 0; t < count; t++) {
    const at = rectangles + ((<usize>t) << 4);
    const row = load<i32>(at);
    const col = load<i32>(at, 8);
    const across = load<i32>(at, 4) - row;
    const down = load<i32>(at, 12) - col;
    place(first, order + ((<usize>row) << 2), across);
    if (row == col) {
      compare(first, across, first, across);
    } else {
      place(second, order + ((<usize>col) << 2), down);
      compare(first, across, second, down);
    }
  }
}

// Writes for each of the points [from, to) those that have it in their lists, ascending, into sources[j * k] and further, and
// how many they are into counts[j]. Of more than k some are drawn.
export function turnAround(
  n: i32,
  k: i32,
  lists: usize,
  from: i32,
  to: i32,
  counts: usize,
  sources: usize,
): void {
  memory.fill(counts + ((<usize>from) << 2), 0, (<usize>(to - from)) << 2);
  const size = (<usize>k) << 2;
  const first = i32x4.splat(from);
  const span = i32x4.splat(to - from);
  for (let i = 0; i < n; i++) {
    const list = lists + <usize>i * (size << 1) + size;
    for (let at = list; at < list + size; at += 16) {
      const entries = v128.and(v128.load(at), i32x4.splat(~NEW));
      let mask = i32x4.bitmask(i32x4.lt_u(i32x4.sub(entries, first), span));
      while (mask != 0) {
        const entry = load<i32>(at + ((<usize>ctz(mask)) << 2));
        mask &= mask - 1;
        const j = (<usize>(entry & ~NEW)) << 2;
        const count = load<u32>(counts + j);
        store<u32>(counts + j, count + 1);
        // Place `count` of a list that goes on, or the place of an earlier one, or none.
        const place = count < <u32>k ? count : <u32>((<u64>(<u32>i * 0x9e3779b1) * <u64>(count + 1)) >> 32);
        if (place < <u32>k) store<i32>(sources + j * <usize>k + ((<usize>place) << 2), i | (entry & NEW));
      }
    }
  }
}

// Compares with each other the neighbors of each of the points [from, to): those in its list and those that have it in
// theirs, as `turnAround` writes them. Pairs of which neither is NEW there were compared before.
export function nearestOfNeighbors(
  n: i32,
  points: usize,
  dims: i32,
  from: i32,
  to: i32,
  counts: usize,
  sources: usize,
  k: i32,
  lists: usize,
  slots: i32,
  own: usize,
): void {
  use(n, points, dims, k, lists, slots, own);
  const names = first + namesAt;
  const before = second + namesAt;
  const most = min(k, SIDE / 2);
  for (let z = from; z < to; z++) {
    const list = near + ((<usize>z * <usize>k) << 3) + ((<usize>k) << 2);
    const incoming = sources + ((<usize>z * <usize>k) << 2);
    const taken = min(load<i32>(counts + ((<usize>z) << 2)), most);
    let recent = 0;
    let old = 0;
    for (let t = 0; t < most + taken; t++) {
      const j =
        t < most ? load<i32>(list + ((<usize>t) << 2)) : load<i32>(incoming + ((<usize>(t - most)) << 2));
      if (t < most ? j == NONE : isAmong(j & ~NEW, list, most, ~NEW)) continue;
      if ((j & NEW) != 0) {
        store<i32>(names + ((<usize>recent) << 2), j & ~NEW);
        recent++;
      } else {
        store<i32>(before + ((<usize>old) << 2), j);
        old++;
      }
    }
    if (recent == 0) continue;
    memory.copy(names + ((<usize>recent) << 2), before, (<usize>old) << 2);
    place(first, names, recent + old);
    compare(first, recent, first, recent + old);
  }
}

// Whether a point is among the `count` indices (a multiple of 4) at `list`, of which the bits of `mask` are compared.
function isAmong(point: i32, list: usize, count: i32, mask: i32): bool {
  const wanted = i32x4.splat(point);
  const bits = i32x4.splat(mask);
  const end = list + ((<usize>count) << 2);
  for (; list < end; list += 16)
    if (v128.any_true(i32x4.eq(v128.and(v128.load(list), bits), wanted))) return true;
  return false;
}

// Fills a side with the `count` points whose indices are at `names`.
function place(side: usize, names: usize, count: i32): void {
  const bytes = (<usize>width) << 1;
  const end = (count + 7) & ~7;
  for (let t = 0; t < end; t += 4) {
    const at = side + <usize>t * bytes;
    const last = count - 1;
    const p0 = load<u32>(names + ((<usize>min(t, last)) << 2));
    const p1 = load<u32>(names + ((<usize>min(t + 1, last)) << 2));
    const p2 = load<u32>(names + ((<usize>min(t + 2, last)) << 2));
    const p3 = load<u32>(names + ((<usize>min(t + 3, last)) << 2));
    const r0 = rows + <usize>p0 * bytes;
    const r1 = rows + <usize>p1 * bytes;
    const r2 = rows + <usize>p2 * bytes;
    const r3 = rows + <usize>p3 * bytes;
    let length = i32x4.splat(0);
    for (let d = <usize>0; d < bytes; d += 16) {
      const a = v128.load(r0 + d);
      const b = v128.load(r1 + d);
      const c = v128.load(r2 + d);
      const e = v128.load(r3 + d);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const ce = v128.shuffle<i32>(c, e, 0, 4, 1, 5);
      const ba = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const ec = v128.shuffle<i32>(c, e, 2, 6, 3, 7);
      const c0 = v128.shuffle<i64>(ab, ce, 0, 2);
      const c1 = v128.shuffle<i64>(ab, ce, 1, 3);
      const c2 = v128.shuffle<i64>(ba, ec, 0, 2);
      const c3 = v128.shuffle<i64>(ba, ec, 1, 3);
      const to = at + (d << 2);
      v128.store(to, c0);
      v128.store(to, c1, 16);
      v128.store(to, c2, 32);
      v128.store(to, c3, 48);
      length = i32x4.add(length, i32x4.add(i32x4.dot_i16x8_s(c0, c0), i32x4.dot_i16x8_s(c1, c1)));
      length = i32x4.add(length, i32x4.add(i32x4.dot_i16x8_s(c2, c2), i32x4.dot_i16x8_s(c3, c3)));
    }
    const place = side + ((<usize>t) << 2);
    v128.store(place + lengthsAt, length);
    store<u32>(place + namesAt, p0);
    store<u32>(place + namesAt, p1, 4);
    store<u32>(place + namesAt, p2, 8);
    store<u32>(place + namesAt, p3, 12);
    touch(p0);
    touch(p1);
    touch(p2);
    touch(p3);
    store<i32>(place + limitsAt, t < count ? load<i32>(limits + ((<usize>p0) << 2)) : -1);
    store<i32>(place + limitsAt, t + 1 < count ? load<i32>(limits + ((<usize>p1) << 2)) : -1, 4);
    store<i32>(place + limitsAt, t + 2 < count ? load<i32>(limits + ((<usize>p2) << 2)) : -1, 8);
    store<i32>(place + limitsAt, t + 3 < count ? load<i32>(limits + ((<usize>p3) << 2)) : -1, 12);
  }
}

let touched: i32 = 0;

// Reads a word of each line of memory that `offer` reads of a point's lists: here they are waited for together, there one by one.
function touch(point: u32): void {
  const list = near + ((<usize>point * <usize>kept) << 3);
  const end = list + ((<usize>kept) << 3);
  for (let at = end - ((<usize>kept) << 2); at < end; at += 64) touched ^= load<i32>(at);
  const own = fresh + ((<usize>point * <usize>room) << 3);
  for (let at = own; at < own + ((<usize>room) << 3); at += 64) touched ^= load<i32>(at);
}

// Compares the first `across` points of side a with the first `down` of side b, in tiles of 4 x 8; each pair once if a is b.
function compare(a: usize, across: i32, b: usize, down: i32): void {
  const panel = (<usize>width) << 3;
  for (let i = 0; i < across; i += 4) {
    const left = a + <usize>(i >> 2) * panel;
    for (let j = a == b ? i & ~7 : 0; j < down; j += 8) {
      let p = left;
      const end = p + panel;
      let q = b + <usize>(j >> 2) * panel;
      let s00 = i32x4.splat(0);
      let s01 = i32x4.splat(0);
      let s10 = i32x4.splat(0);
      let s11 = i32x4.splat(0);
      let s20 = i32x4.splat(0);
      let s21 = i32x4.splat(0);
      let s30 = i32x4.splat(0);
      let s31 = i32x4.splat(0);
      while (p < end) {
        const q0 = v128.load(q);
        const q1 = v128.load(q + panel);
        const p0 = v128.load32_splat(p);
        s00 = i32x4.add(s00, i32x4.dot_i16x8_s(p0, q0));
        s01 = i32x4.add(s01, i32x4.dot_i16x8_s(p0, q1));
        const p1 = v128.load32_splat(p, 4);
        s10 = i32x4.add(s10, i32x4.dot_i16x8_s(p1, q0));
        s11 = i32x4.add(s11, i32x4.dot_i16x8_s(p1, q1));
        const p2 = v128.load32_splat(p, 8);
        s20 = i32x4.add(s20, i32x4.dot_i16x8_s(p2, q0));
        s21 = i32x4.add(s21, i32x4.dot_i16x8_s(p2, q1));
        const p3 = v128.load32_splat(p, 12);
        s30 = i32x4.add(s30, i32x4.dot_i16x8_s(p3, q0));
        s31 = i32x4.add(s31, i32x4.dot_i16x8_s(p3, q1));
        p += 16;
        q += 16;
      }
      const right = b + ((<usize>j) << 2);
      const row = a + ((<usize>i) << 2);
      const any = v128.or(
        v128.or(nearEnough(row, right, s00, s01), nearEnough(row + 4, right, s10, s11)),
        v128.or(nearEnough(row + 8, right, s20, s21), nearEnough(row + 12, right, s30, s31)),
      );
      if (!v128.any_true(any)) continue;
      const later = a == b ? i - j : -4;
      keep(row, right, s00, s01, later, down - j);
      if (i + 1 < across) keep(row + 4, right, s10, s11, later + 1, down - j);
      if (i + 2 < across) keep(row + 8, right, s20, s21, later + 2, down - j);
      if (i + 3 < across) keep(row + 12, right, s30, s31, later + 3, down - j);
    }
  }
}

// Which of 8 points are near enough, or have the one point near enough: length_i + length_j - 2 dot <= max(limit_i, limit_j).
function nearEnough(row: usize, right: usize, dot0: v128, dot1: v128): v128 {
  const length = v128.load32_splat(row + lengthsAt);
  const limit = v128.load32_splat(row + limitsAt);
  const s0 = i32x4.sub(i32x4.add(length, v128.load(right + lengthsAt)), i32x4.shl(dot0, 1));
  const s1 = i32x4.sub(i32x4.add(length, v128.load(right + lengthsAt, 16)), i32x4.shl(dot1, 1));
  return v128.or(
    i32x4.le_s(s0, i32x4.max_s(limit, v128.load(right + limitsAt))),
    i32x4.le_s(s1, i32x4.max_s(limit, v128.load(right + limitsAt, 16))),
  );
}

// Offers those of 8 points that are near enough, the lanes (after, end), to the point at `row`, and it to them.
function keep(row: usize, right: usize, dot0: v128, dot1: v128, after: i32, end: i32): void {
  const length = v128.load32_splat(row + lengthsAt);
  const limit = v128.load32_splat(row + limitsAt);
  const s0 = i32x4.sub(i32x4.add(length, v128.load(right + lengthsAt)), i32x4.shl(dot0, 1));
  const s1 = i32x4.sub(i32x4.add(length, v128.load(right + lengthsAt, 16)), i32x4.shl(dot1, 1));
  let mask = i32x4.bitmask(i32x4.le_s(s0, i32x4.max_s(limit, v128.load(right + limitsAt))));
  mask |= i32x4.bitmask(i32x4.le_s(s1, i32x4.max_s(limit, v128.load(right + limitsAt, 16)))) << 4;
  const point = load<i32>(row + namesAt);
  while (mask != 0) {
    const lane = ctz(mask);
    mask &= mask - 1;
    if (lane >= end || lane <= after) continue;
    const at = right + ((<usize>lane) << 2);
    const other = load<i32>(at + namesAt);
    const s = laneOf(lane < 4 ? s0 : s1, lane & 3);
    offer(point, other, s, row + limitsAt);
    offer(other, point, s, at + limitsAt);
  }
}

function laneOf(v: v128, lane: i32): i32 {
  if (lane < 2) return lane == 0 ? i32x4.extract_lane(v, 0) : i32x4.extract_lane(v, 1);
  return lane == 2 ? i32x4.extract_lane(v, 2) : i32x4.extract_lane(v, 3);
}

// Puts a neighbor into a point's new list if it is near enough and in neither list yet; the side's limit at `limitAt` and the
// thread's follow.
function offer(point: i32, other: i32, s: i32, limitAt: usize): void {
  const limit = load<i32>(limitAt);
  if (s > limit) return;
  const size = (<usize>kept) << 2;
  const list = near + <usize>point * (size << 1);
  if (s == limit && s == load<i32>(list + size - 4) && other > (load<i32>(list + (size << 1) - 4) & ~NEW))
    return;
  if (isAmong(other, list + size, kept, ~NEW)) return;
  const indices = (<usize>room) << 2;
  const start = fresh + <usize>point * (indices << 1);
  let slot = start + indices - 4;
  const last = slot;
  if (s == load<i32>(slot) && other > load<i32>(slot + indices)) return;
  if (isAmong(other, start + indices, room, -1)) return;
  while (slot > start) {
    const before = load<i32>(slot - 4);
    if (before < s || (before == s && load<i32>(slot - 4 + indices) < other)) break;
    store<i32>(slot, before);
    store<i32>(slot + indices, load<i32>(slot - 4 + indices));
    slot -= 4;
  }
  store<i32>(slot, s);
  store<i32>(slot + indices, other);
  const farthest = min(limit, load<i32>(last));
  store<i32>(limitAt, farthest);
  store<i32>(limits + ((<usize>point) << 2), farthest);
}

// Moves the new neighbors of the points [from, to) into their lists, the `room` nearest of those that `threads` threads found,
// whose blocks lie `bytes` apart. They are NEW, none other is.
export function mergeNearest(
  n: i32,
  from: i32,
  to: i32,
  k: i32,
  lists: usize,
  slots: i32,
  own: usize,
  bytes: usize,
  threads: i32,
): void {
  use(n, 0, 0, k, lists, slots, own);
  const size = (<usize>slots) << 2;
  for (let i = from; i < to; i++) {
    const start = fresh + <usize>i * (size << 1);
    const limit = limits + ((<usize>i) << 2);
    for (let t = 1; t < threads; t++) {
      const other = start + <usize>t * bytes;
      for (let slot = other; slot < other + size; slot += 4) {
        const j = load<i32>(slot + size);
        if (j == NONE) break;
        offer(i, j, load<i32>(slot), limit);
      }
      clear(other, slots);
    }
    mergeLists(near + ((<usize>i * <usize>k) << 3), k, start, slots);
    clear(start, slots);
    const farthest = load<i32>(near + ((<usize>i * <usize>k) << 3) + ((<usize>(k - 1)) << 2));
    for (let t = 0; t < threads; t++) store<i32>(limit + <usize>t * bytes, farthest);
  }
}
