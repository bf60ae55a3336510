// Stochastic gradient descent of UMAP on two coordinates, one epoch of some edges at a time.

const LN2: f32 = 0.6931471805599453;

// log2(x) for normal x > 0: the exponent, and the series of 2 artanh((m - 1) / (m + 1)) to the 7th power for the mantissa m.
function log2(x: v128): v128 {
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(bits, 23);
  const mantissa = i32x4.sub(x, i32x4.shl(exponent, 23));
  const one = f32x4.splat(1);
  const s = f32x4.div(f32x4.sub(mantissa, one), f32x4.add(mantissa, one));
  const z = f32x4.mul(s, s);
  let sum = f32x4.splat(<f32>0.41219858311113244);
  sum = f32x4.add(f32x4.mul(sum, z), f32x4.splat(<f32>0.5770780163555854));
  sum = f32x4.add(f32x4.mul(sum, z), f32x4.splat(<f32>0.9617966939259757));
  sum = f32x4.add(f32x4.mul(sum, z), f32x4.splat(<f32>2.8853900817779268));
  return f32x4.add(f32x4.convert_i32x4_s(exponent), f32x4.mul(s, sum));
}

// 2^y for y in [-126, 126]: a power of two by its bits, times the series of e^r to the 6th power (2e-7).
function exp2(y: v128): v128 {
  const magic = f32x4.splat(12582912);
  const shifted = f32x4.add(y, magic);
  const r = f32x4.mul(f32x4.sub(y, f32x4.sub(shifted, magic)), f32x4.splat(LN2));
  let sum = f32x4.splat(<f32>0.001388888888888889);
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(<f32>0.008333333333333333));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(<f32>0.041666666666666664));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(<f32>0.16666666666666666));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(<f32>0.5));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1));
  return f32x4.mul(sum, i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000)));
}

// x^y of 4 numbers at `x`, for tests.
export function power4(x: usize, y: f32, out: usize): void {
  v128.store(out, exp2(f32x4.mul(f32x4.splat(y), log2(v128.load(x)))));
}

// Epoch `epoch` (from 1) for the edges [start, end), multiples of 4. Edge e is drawn floor(epoch r) - floor((epoch - 1) r)
// times, r = rates[e] <= 1. A draw pulls its head to its tail and pushes it from `negatives` nodes drawn uniformly; each pull
// and push is clipped to 4 per coordinate. Heads move in `next`; tails and drawn nodes stand as in `now`, so that no two heads
// depend on each other. Draws go in fours, a lane each, by the positions before all four. `random` holds 4 states of
// xorshift32, `queue` room for 4 edges.
export function umapEpoch(
  start: i32,
  end: i32,
  epoch: i32,
  step: f32,
  nodes: i32,
  heads: usize,
  tails: usize,
  rates: usize,
  now: usize,
  next: usize,
  a: f32,
  b: f32,
  negatives: i32,
  random: usize,
  queue: usize,
): void {
  const later = f32x4.splat(<f32>epoch);
  const before = f32x4.splat(<f32>(epoch - 1));
  let waiting: i32 = 0;
  for (let e = start; e < end; e += 4) {
    const r = v128.load(rates + ((<usize>e) << 2));
    let due = i32x4.bitmask(f32x4.gt(f32x4.floor(f32x4.mul(later, r)), f32x4.floor(f32x4.mul(before, r))));
    while (due != 0) {
      store<u32>(queue + ((<usize>waiting) << 2), e + ctz(due));
      due &= due - 1;
      if (++waiting == 4) {
        drawFour(f32x4.splat(step), queue, nodes, heads, tails, now, next, a, b, negatives, random);
        waiting = 0;
      }
    }
  }
  if (waiting == 0) return;
  // The last lanes repeat an edge without moving anything.
  const steps = v128.and(f32x4.splat(step), i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(waiting)));
  for (; waiting < 4; waiting++) store<u32>(queue + ((<usize>waiting) << 2), load<u32>(queue));
  drawFour(steps, queue, nodes, heads, tails, now, next, a, b, negatives, random);
}

function drawFour(
  steps: v128,
  queue: usize,
  nodes: i32,
  heads: usize,
  tails: usize,
  now: usize,
  next: usize,
  a: f32,
  b: f32,
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
  const t0 = now + ((<usize>load<u32>(tails + e0)) << 3);
  const t1 = now + ((<usize>load<u32>(tails + e1)) << 3);
  const t2 = now + ((<usize>load<u32>(tails + e2)) << 3);
  const t3 = now + ((<usize>load<u32>(tails + e3)) << 3);
  const as4 = f32x4.splat(a);
  const bs4 = f32x4.splat(b);
  const one = f32x4.splat(1);
  const least = f32x4.splat(<f32>1e-12);

  const h01 = v128.load64_lane(h1, v128.load64_zero(h0), 1);
  const h23 = v128.load64_lane(h3, v128.load64_zero(h2), 1);
  const hx = v128.shuffle<f32>(h01, h23, 0, 2, 4, 6);
  const hy = v128.shuffle<f32>(h01, h23, 1, 3, 5, 7);

  const t01 = v128.load64_lane(t1, v128.load64_zero(t0), 1);
  const t23 = v128.load64_lane(t3, v128.load64_zero(t2), 1);
  const dx = f32x4.sub(hx, v128.shuffle<f32>(t01, t23, 0, 2, 4, 6));
  const dy = f32x4.sub(hy, v128.shuffle<f32>(t01, t23, 1, 3, 5, 7));
  const square = f32x4.pmax(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), least);
  const power = exp2(f32x4.mul(bs4, log2(square)));
  const force = f32x4.div(
    f32x4.mul(f32x4.splat(-2 * a * b), power),
    f32x4.mul(square, f32x4.add(f32x4.mul(as4, power), one)),
  );
  let sumX = f32x4.mul(clip(f32x4.mul(force, dx)), steps);
  let sumY = f32x4.mul(clip(f32x4.mul(force, dy)), steps);
  let state = v128.load(random);
  for (let c = 0; c < negatives; c++) {
    state = v128.xor(state, i32x4.shl(state, 13));
    state = v128.xor(state, i32x4.shr_u(state, 17));
    state = v128.xor(state, i32x4.shl(state, 5));
    const p0 = now + place(i32x4.extract_lane(state, 0), nodes);
    const p1 = now + place(i32x4.extract_lane(state, 1), nodes);
    const p2 = now + place(i32x4.extract_lane(state, 2), nodes);
    const p3 = now + place(i32x4.extract_lane(state, 3), nodes);
    const p01 = v128.load64_lane(p1, v128.load64_zero(p0), 1);
    const p23 = v128.load64_lane(p3, v128.load64_zero(p2), 1);
    const dx = f32x4.sub(hx, v128.shuffle<f32>(p01, p23, 0, 2, 4, 6));
    const dy = f32x4.sub(hy, v128.shuffle<f32>(p01, p23, 1, 3, 5, 7));
    const square = f32x4.pmax(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), least);
    const power = exp2(f32x4.mul(bs4, log2(square)));
    const force = f32x4.div(
      f32x4.splat(2 * b),
      f32x4.mul(f32x4.add(square, f32x4.splat(<f32>0.001)), f32x4.add(f32x4.mul(as4, power), one)),
    );
    sumX = f32x4.add(sumX, f32x4.mul(clip(f32x4.mul(force, dx)), steps));
    sumY = f32x4.add(sumY, f32x4.mul(clip(f32x4.mul(force, dy)), steps));
  }
  v128.store(random, state);

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

// Offset of a node's position, the node drawn by 32 random bits.
function place(bits: i32, nodes: i32): usize {
  return (<usize>((<u64>(<u32>bits) * <u64>(<u32>nodes)) >> 32)) << 3;
}
