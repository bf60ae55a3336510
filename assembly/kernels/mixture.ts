// Sums over points by group, for mixtures of normal distributions that share their covariance, and Ward's hierarchy.
// Points come in quads: coordinate c of the four points of quad q is at points[(q d + c) 4], so that two lanes hold two points. The last
// quad is filled up with points that do not count. Sums are kept for two lanes apart: `out` has 6 numbers that each kernel explains,
// then for each group 2 for how many points, and 2 for each coordinate's sum.

const NEGLIGIBLE: f64 = -25;

// e^x as in src/kernels/math.ts, for -700 < x <= 0.
function exp(x: v128): v128 {
  const one = f64x2.splat(1);
  const k = f64x2.floor(f64x2.add(f64x2.div(x, f64x2.splat(0.6931471805599453)), f64x2.splat(0.5)));
  const high = f64x2.sub(x, f64x2.mul(k, f64x2.splat(6.9314718036912381649e-1)));
  const low = f64x2.mul(k, f64x2.splat(1.90821492927058770002e-10));
  const r = f64x2.sub(high, low);
  const t = f64x2.mul(r, r);
  let p = f64x2.add(
    f64x2.splat(-1.6533902205465251539e-6),
    f64x2.mul(t, f64x2.splat(4.13813679705723846039e-8)),
  );
  p = f64x2.add(f64x2.splat(6.61375632143793436117e-5), f64x2.mul(t, p));
  p = f64x2.add(f64x2.splat(-2.77777777770155933842e-3), f64x2.mul(t, p));
  p = f64x2.add(f64x2.splat(1.66666666666666019037e-1), f64x2.mul(t, p));
  const c = f64x2.sub(r, f64x2.mul(t, p));
  const q = f64x2.div(f64x2.mul(r, c), f64x2.sub(f64x2.splat(2), c));
  const y = f64x2.sub(one, f64x2.sub(f64x2.sub(low, q), high));
  // The low bits of 1.5 2^52 + k are those of k.
  const bits = f64x2.add(k, f64x2.splat(6755399441055744));
  return f64x2.mul(y, i64x2.shl(i64x2.add(bits, i64x2.splat(1023)), 52));
}

// Which of the points 4 quad + `first` and the next count.
function live(quad: i32, first: i32, n: i32): v128 {
  const i = <f64>((quad << 2) + first);
  const places = f64x2.replace_lane(f64x2.splat(i), 1, i + 1);
  return f64x2.lt(places, f64x2.splat(<f64>n));
}

// For the points of the quads [from, to): each group's score x . slope + offset, the shares e^score / sum of e^score (scores 25 below the
// greatest count as none), and the sums of the shares and of share * x. The first 6 numbers of `out`: sum of the greatest scores;
// product of the sums of e^(score - greatest) without its power of 2, and that power. `scores` has room for 4 k numbers.
export function gatherShares(
  from: i32,
  to: i32,
  n: i32,
  d: i32,
  k: i32,
  points: usize,
  slopes: usize,
  offsets: usize,
  scores: usize,
  out: usize,
): void {
  const row = (<usize>d) << 3;
  const wide = (<usize>d + 1) << 4;
  const least = f64x2.splat(NEGLIGIBLE);
  const one = f64x2.splat(1);
  const zero = f64x2.splat(0);
  memory.fill(out, 0, 48 + <usize>k * wide);
  let tops = zero;
  let product = one;
  let powers = i64x2.splat(0);
  for (let quad = from; quad < to; quad++) {
    const x = points + <usize>quad * (row << 2);
    const live0 = live(quad, 0, n);
    const live1 = live(quad, 2, n);
    let top0 = f64x2.splat(-Infinity);
    let top1 = top0;
    let slope = slopes;
    let score = scores;
    for (let g = 0; g < k; g++) {
      let s0 = v128.load64_splat(offsets + ((<usize>g) << 3));
      let s1 = s0;
      for (let c: usize = 0; c < row; c += 8) {
        const a = v128.load64_splat(slope + c);
        s0 = f64x2.add(s0, f64x2.mul(v128.load(x + (c << 2)), a));
        s1 = f64x2.add(s1, f64x2.mul(v128.load(x + (c << 2), 16), a));
      }
      v128.store(score, s0);
      v128.store(score, s1, 16);
      top0 = f64x2.pmax(top0, s0);
      top1 = f64x2.pmax(top1, s1);
      slope += row;
      score += 32;
    }
    let total0 = zero;
    let total1 = zero;
    for (let at = scores; at < score; at += 32) {
      const below0 = f64x2.sub(v128.load(at), top0);
      const below1 = f64x2.sub(v128.load(at, 16), top1);
      const near0 = f64x2.gt(below0, least);
      const near1 = f64x2.gt(below1, least);
      let e0 = zero;
      let e1 = zero;
      if (v128.any_true(near0)) e0 = v128.and(exp(f64x2.pmax(least, below0)), near0);
      if (v128.any_true(near1)) e1 = v128.and(exp(f64x2.pmax(least, below1)), near1);
      v128.store(at, e0);
      v128.store(at, e1, 16);
      total0 = f64x2.add(total0, e0);
      total1 = f64x2.add(total1, e1);
    }
    tops = f64x2.add(tops, f64x2.add(v128.and(top0, live0), v128.and(top1, live1)));
    product = f64x2.mul(
      product,
      f64x2.mul(v128.bitselect(total0, one, live0), v128.bitselect(total1, one, live1)),
    );
    powers = i64x2.add(powers, i64x2.sub(i64x2.shr_u(product, 52), i64x2.splat(1023)));
    product = v128.or(v128.and(product, i64x2.splat(0xfffffffffffff)), one);
    const part0 = v128.and(f64x2.div(one, total0), live0);
    const part1 = v128.and(f64x2.div(one, total1), live1);
    let sum = out + 48;
    for (let at = scores; at < score; at += 32) {
      const r0 = f64x2.mul(v128.load(at), part0);
      const r1 = f64x2.mul(v128.load(at, 16), part1);
      if (v128.any_true(v128.or(r0, r1))) {
        v128.store(sum, f64x2.add(v128.load(sum), f64x2.add(r0, r1)));
        for (let c: usize = 0; c < row; c += 8) {
          const both = f64x2.add(
            f64x2.mul(v128.load(x + (c << 2)), r0),
            f64x2.mul(v128.load(x + (c << 2), 16), r1),
          );
          const to = sum + 16 + (c << 1);
          v128.store(to, f64x2.add(v128.load(to), both));
        }
      }
      sum += wide;
    }
  }
  v128.store(out, tops);
  v128.store(out, product, 16);
  store<f64>(out, <f64>i64x2.extract_lane(powers, 0), 32);
  store<f64>(out, <f64>i64x2.extract_lane(powers, 1), 40);
}

// For the points of the quads [from, to): how many have each of k centers as their nearest one (the first of several), and their sums.
export function gatherNearest(
  from: i32,
  to: i32,
  n: i32,
  d: i32,
  k: i32,
  points: usize,
  centers: usize,
  out: usize,
): void {
  const row = (<usize>d) << 3;
  const wide = (<usize>d + 1) << 4;
  memory.fill(out, 0, 48 + <usize>k * wide);
  for (let quad = from; quad < to; quad++) {
    const x = points + <usize>quad * (row << 2);
    let least0 = f64x2.splat(Infinity);
    let least1 = least0;
    let best0 = f64x2.splat(0);
    let best1 = best0;
    let center = centers;
    for (let g = 0; g < k; g++) {
      let s0 = f64x2.splat(0);
      let s1 = s0;
      for (let c: usize = 0; c < row; c += 8) {
        const a = v128.load64_splat(center + c);
        const d0 = f64x2.sub(v128.load(x + (c << 2)), a);
        const d1 = f64x2.sub(v128.load(x + (c << 2), 16), a);
        s0 = f64x2.add(s0, f64x2.mul(d0, d0));
        s1 = f64x2.add(s1, f64x2.mul(d1, d1));
      }
      const own = f64x2.splat(<f64>g);
      best0 = v128.bitselect(own, best0, f64x2.lt(s0, least0));
      best1 = v128.bitselect(own, best1, f64x2.lt(s1, least1));
      least0 = f64x2.pmin(least0, s0);
      least1 = f64x2.pmin(least1, s1);
      center += row;
    }
    const count = min(4, n - (quad << 2));
    tell(x, <usize>f64x2.extract_lane(best0, 0), row, out);
    if (count > 1) tell(x + 8, <usize>f64x2.extract_lane(best0, 1), row, out + 8);
    if (count > 2) tell(x + 16, <usize>f64x2.extract_lane(best1, 0), row, out);
    if (count > 3) tell(x + 24, <usize>f64x2.extract_lane(best1, 1), row, out + 8);
  }
}

function tell(x: usize, group: usize, row: usize, out: usize): void {
  let at = out + 48 + group * ((row << 1) + 16);
  store<f64>(at, load<f64>(at) + 1);
  for (let c: usize = 0; c < row; c += 8) {
    at += 16;
    store<f64>(at, load<f64>(at) + load<f64>(x + (c << 2)));
  }
}

// Of `alive` groups the one that costs least to merge with group `tip`: squared distance of the means * sizes / sum of sizes. Of several
// `before` (-1: none), then the first. Coordinate c of group s is means[c stride + s]; `stride`, a multiple of 2, is at least
// alive. Stores the cost at `least`.
export function nearestGroup(
  tip: i32,
  before: i32,
  alive: i32,
  d: i32,
  stride: i32,
  means: usize,
  sizes: usize,
  least: usize,
): i32 {
  const row = (<usize>stride) << 3;
  const end = means + <usize>d * row;
  const own = means + ((<usize>tip) << 3);
  const size = v128.load64_splat(sizes + ((<usize>tip) << 3));
  const self = f64x2.splat(<f64>tip);
  const last = f64x2.splat(<f64>alive);
  const none = f64x2.splat(Infinity);
  let low = none;
  let slots = f64x2.splat(-1);
  let kept: f64 = Infinity;
  let place = f64x2.replace_lane(f64x2.splat(0), 1, 1);
  for (let s = 0; s < alive; s += 2) {
    const shift = (<usize>s) << 3;
    let sum = f64x2.splat(0);
    let a = own;
    for (let at = means; at < end; at += row) {
      const x = f64x2.sub(v128.load64_splat(a), v128.load(at + shift));
      sum = f64x2.add(sum, f64x2.mul(x, x));
      a += row;
    }
    const others = v128.load(sizes + shift);
    let cost = f64x2.div(f64x2.mul(f64x2.mul(sum, size), others), f64x2.add(size, others));
    cost = v128.bitselect(none, cost, v128.or(f64x2.eq(place, self), f64x2.ge(place, last)));
    slots = v128.bitselect(place, slots, f64x2.lt(cost, low));
    low = f64x2.pmin(low, cost);
    if ((before | 1) == (s | 1) && before >= 0)
      kept = (before & 1) == 0 ? f64x2.extract_lane(cost, 0) : f64x2.extract_lane(cost, 1);
    place = f64x2.add(place, f64x2.splat(2));
  }
  const low0 = f64x2.extract_lane(low, 0);
  const low1 = f64x2.extract_lane(low, 1);
  const slot0 = <i32>f64x2.extract_lane(slots, 0);
  const slot1 = <i32>f64x2.extract_lane(slots, 1);
  const second = low1 < low0 || (low1 == low0 && slot1 < slot0 && slot1 >= 0);
  const lowest = second ? low1 : low0;
  if (!(lowest < kept)) {
    store<f64>(least, kept);
    return before;
  }
  store<f64>(least, lowest);
  return second ? slot1 : slot0;
}
