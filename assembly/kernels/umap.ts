// Stochastic gradient descent of UMAP on two coordinates: lists of edges, and one epoch of some edges at a time.

// Lists the edges of the nodes at the places [from, to) of an order at [start, end) of `heads`, `tails` and `rates`: the first
// of every node, then the second ..., so that edges drawn together have different heads. Heads and tails are places, rates are
// weights by `strongest`, 0 where no edge is left. `next` has room for one number more than any node has edges.
export function listEdges(
  from: i32,
  to: i32,
  order: usize,
  places: usize,
  indptr: usize,
  indices: usize,
  weights: usize,
  strongest: f32,
  start: i32,
  end: i32,
  next: usize,
  heads: usize,
  tails: usize,
  rates: usize,
): void {
  // next[t + 1]: how many nodes have t edges, then where those begin that stand t-th.
  let most: u32 = 0;
  for (let p = <usize>from; p < <usize>to; p++)
    most = max(most, degreeOf(load<u32>(order + (p << 2)), indptr));
  memory.fill(next, 0, (<usize>(most + 1)) << 2);
  for (let p = <usize>from; p < <usize>to; p++) {
    const at = next + ((<usize>degreeOf(load<u32>(order + (p << 2)), indptr)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let left = to - from;
  let at = start;
  for (let t: usize = 0; t <= <usize>most; t++) {
    left -= load<u32>(next + (t << 2));
    store<u32>(next + (t << 2), at);
    at += left;
  }
  for (let p = <usize>from; p < <usize>to; p++) {
    const ends = indptr + ((<usize>load<u32>(order + (p << 2))) << 2);
    const last = (<usize>load<u32>(ends, 4)) << 2;
    let slot = next;
    for (let e = (<usize>load<u32>(ends)) << 2; e < last; e += 4) {
      const to = load<u32>(slot);
      store<u32>(slot, to + 1);
      slot += 4;
      store<u32>(heads + ((<usize>to) << 2), <u32>p);
      store<u32>(tails + ((<usize>to) << 2), load<u32>(places + ((<usize>load<u32>(indices + e)) << 2)));
      store<f32>(rates + ((<usize>to) << 2), load<f32>(weights + e) / strongest);
    }
  }
  memory.fill(rates + ((<usize>at) << 2), 0, (<usize>(end - at)) << 2);
}

function degreeOf(node: u32, indptr: usize): u32 {
  const ends = indptr + ((<usize>node) << 2);
  return load<u32>(ends, 4) - load<u32>(ends);
}

// Edges looked through at a time; a multiple of 4.
const SCAN: i32 = 256;

// Epoch `epoch` (from 1) for the edges [start, end), multiples of 4. Edge e is drawn floor(epoch r) - floor((epoch - 1) r)
// times, r = rates[e] <= 1. A draw pulls its head to its tail and pushes it from `negatives` nodes drawn uniformly; each pull
// and push is clipped to 4 per coordinate. All heads are among the nodes [from, from + own), which go from `now` to `next` and move
// there; other nodes stand as in `now`, so that calls for different nodes do not depend on each other. Draws go in fours, a lane each, by the
// positions before all four. `pulls` and `pushes` are tables of force over distance for squared distances from 2^-20 to 2^20,
// linear in 64 pieces an octave: value and slope per unit in the last place. `random` holds 4 states of xorshift32, `queue` room for
// 264 edges.
export function umapEpoch(
  start: i32,
  end: i32,
  epoch: i32,
  step: f32,
  nodes: i32,
  from: i32,
  own: i32,
  heads: usize,
  tails: usize,
  rates: usize,
  now: usize,
  next: usize,
  pulls: usize,
  pushes: usize,
  negatives: i32,
  random: usize,
  queue: usize,
): void {
  const later = f32x4.splat(<f32>epoch);
  const before = f32x4.splat(<f32>(epoch - 1));
  const all = f32x4.splat(step);
  memory.copy(next + ((<usize>from) << 3), now + ((<usize>from) << 3), (<usize>own) << 3);
  let waiting: i32 = 0;
  for (let first = start; first < end; first += SCAN) {
    const last = min(end, first + SCAN);
    for (let e = first; e < last; e += 4) {
      const r = v128.load(rates + ((<usize>e) << 2));
      const due = i32x4.bitmask(
        f32x4.gt(f32x4.floor(f32x4.mul(later, r)), f32x4.floor(f32x4.mul(before, r))),
      );
      // Without branches, which could not be foretold: each is written, and stays if it is due.
      for (let lane = 0; lane < 4; lane++) {
        store<u32>(queue + ((<usize>waiting) << 2), e + lane);
        waiting += (due >> lane) & 1;
      }
    }
    let at = queue;
    for (; waiting >= 4; waiting -= 4) {
      drawFour(all, at, nodes, from, own, heads, tails, now, next, pulls, pushes, negatives, random);
      at += 16;
    }
    v128.store(queue, v128.load(at));
  }
  if (waiting == 0) return;
  // The last lanes repeat an edge without moving anything.
  const steps = v128.and(all, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(waiting)));
  for (; waiting < 4; waiting++) store<u32>(queue + ((<usize>waiting) << 2), load<u32>(queue));
  drawFour(steps, queue, nodes, from, own, heads, tails, now, next, pulls, pushes, negatives, random);
}

function drawFour(
  steps: v128,
  queue: usize,
  nodes: i32,
  from: i32,
  own: i32,
  heads: usize,
  tails: usize,
  now: usize,
  next: usize,
  pulls: usize,
  pushes: usize,
  negatives: i32,
  random: usize,
): void {
  const e0 = (<usize>load<u32>(queue)) << 2;
  const e1 = (<usize>load<u32>(queue, 4)) << 2;
  const e2 = (<usize>load<u32>(queue, 8)) << 2;
  const e3 = (<usize>load<u32>(queue, 12)) << 2;
  const h0 = next + ((<usize>load<u32>(heads + e0)) << 3);
  const h1 = next + ((<usize>load<u32>(heads + e1)) << 3);
  const h2 = next + ((<usize>load<u32>(heads + e2)) << 3);
  const h3 = next + ((<usize>load<u32>(heads + e3)) << 3);
  const h01 = v128.load64_lane(h1, v128.load64_zero(h0), 1);
  const h23 = v128.load64_lane(h3, v128.load64_zero(h2), 1);
  const hx = v128.shuffle<f32>(h01, h23, 0, 2, 4, 6);
  const hy = v128.shuffle<f32>(h01, h23, 1, 3, 5, 7);

  let other = v128.load32_zero(tails + e0);
  other = v128.load32_lane(tails + e1, other, 1);
  other = v128.load32_lane(tails + e2, other, 2);
  other = v128.load32_lane(tails + e3, other, 3);
  let table = pulls;
  let sumX = f32x4.splat(0);
  let sumY = f32x4.splat(0);
  let state = v128.load(random);
  for (let c = 0; ; c++) {
    // Own nodes stand in `next`, which lies this far behind `now`.
    const inside = i32x4.lt_u(i32x4.sub(other, i32x4.splat(from)), i32x4.splat(own));
    const at = i32x4.add(i32x4.shl(other, 3), v128.and(inside, i32x4.splat(<i32>(next - now))));
    const p01 = v128.load64_lane(
      now + <usize>i32x4.extract_lane(at, 1),
      v128.load64_zero(now + <usize>i32x4.extract_lane(at, 0)),
      1,
    );
    const p23 = v128.load64_lane(
      now + <usize>i32x4.extract_lane(at, 3),
      v128.load64_zero(now + <usize>i32x4.extract_lane(at, 2)),
      1,
    );
    const dx = f32x4.sub(hx, v128.shuffle<f32>(p01, p23, 0, 2, 4, 6));
    const dy = f32x4.sub(hy, v128.shuffle<f32>(p01, p23, 1, 3, 5, 7));
    const square = f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy));
    // 2^-20, and the number before 2^20: the ends of the tables.
    const bits = i32x4.sub(
      i32x4.max_s(i32x4.min_s(square, i32x4.splat(0x497fffff)), i32x4.splat(0x35800000)),
      i32x4.splat(0x35800000),
    );
    const piece = v128.and(i32x4.shr_u(bits, 14), i32x4.splat(~7));
    const f01 = v128.load64_lane(
      table + <usize>i32x4.extract_lane(piece, 1),
      v128.load64_zero(table + <usize>i32x4.extract_lane(piece, 0)),
      1,
    );
    const f23 = v128.load64_lane(
      table + <usize>i32x4.extract_lane(piece, 3),
      v128.load64_zero(table + <usize>i32x4.extract_lane(piece, 2)),
      1,
    );
    const into = f32x4.convert_i32x4_s(v128.and(bits, i32x4.splat(0x1ffff)));
    const force = f32x4.add(
      v128.shuffle<f32>(f01, f23, 0, 2, 4, 6),
      f32x4.mul(v128.shuffle<f32>(f01, f23, 1, 3, 5, 7), into),
    );
    sumX = f32x4.add(sumX, clip(f32x4.mul(force, dx)));
    sumY = f32x4.add(sumY, clip(f32x4.mul(force, dy)));
    if (c == negatives) break;
    table = pushes;
    state = v128.xor(state, i32x4.shl(state, 13));
    state = v128.xor(state, i32x4.shr_u(state, 17));
    state = v128.xor(state, i32x4.shl(state, 5));
    // The high halves of state times nodes: uniform below nodes.
    const low = i64x2.extmul_low_i32x4_u(state, i32x4.splat(nodes));
    const high = i64x2.extmul_high_i32x4_u(state, i32x4.splat(nodes));
    other = v128.shuffle<i32>(low, high, 1, 3, 5, 7);
  }
  v128.store(random, state);
  sumX = f32x4.mul(sumX, steps);
  sumY = f32x4.mul(sumY, steps);

  // One after the other: two of the four may share a node.
  const sum01 = v128.shuffle<f32>(sumX, sumY, 0, 4, 1, 5);
  const sum23 = v128.shuffle<f32>(sumX, sumY, 2, 6, 3, 7);
  v128.store64_lane(h0, f32x4.add(v128.load64_zero(h0), sum01), 0);
  v128.store64_lane(h1, f32x4.add(v128.load64_lane(h1, sum01, 1), sum01), 1);
  v128.store64_lane(h2, f32x4.add(v128.load64_zero(h2), sum23), 0);
  v128.store64_lane(h3, f32x4.add(v128.load64_lane(h3, sum23, 1), sum23), 1);
}

function clip(v: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, f32x4.splat(-4)), f32x4.splat(4));
}
