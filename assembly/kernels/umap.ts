// Stochastic gradient descent of UMAP on two coordinates, one epoch of some nodes at a time.

const LN2: f32 = 0.6931471805599453;

// log2(x) for normal x > 0: exponent and twice the area tangent of the mantissa, its series to the 7th power (relative 2e-7).
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

// 2^y for y in [-126, 126], clamped: a power of two by its bits times the series of e^r to the 6th power (relative 2e-7).
function exp2(y: v128): v128 {
  y = f32x4.pmin(f32x4.pmax(y, f32x4.splat(-126)), f32x4.splat(126));
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

// Epoch `epoch` (from 1) for the nodes [start, end). Entry e of node i is drawn floor(epoch r) - floor((epoch - 1) r) times,
// r = rates[e] <= 1. A draw pulls i and its neighbor together and pushes i from `negatives` nodes drawn uniformly, all by
// the positions before the draw; each pull and push is clipped to 4 per coordinate. `random` holds 4 states of xorshift32.
// `rates` has room for 3 more numbers.
export function umapEpoch(
  start: i32,
  end: i32,
  epoch: i32,
  step: f32,
  nodes: i32,
  indptr: usize,
  indices: usize,
  rates: usize,
  embedding: usize,
  a: f32,
  b: f32,
  negatives: i32,
  random: usize,
): void {
  const now = f32x4.splat(<f32>epoch);
  const before = f32x4.splat(<f32>(epoch - 1));
  const steps = f32x4.splat(step);
  const as4 = f32x4.splat(a);
  const bs4 = f32x4.splat(b);
  const one = f32x4.splat(1);
  const least = f32x4.splat(<f32>1e-12);
  const most = f32x4.splat(4);
  const fewest = f32x4.splat(-4);
  const pull = f32x4(-2 * a * b, 0, 0, 0);
  const push = f32x4.splat(2 * b);
  const lanes = i32x4(0, 1, 2, 3);
  const last = i32x4.splat(negatives);
  const groups = (negatives + 4) >> 2;
  let state = v128.load(random);

  for (let i = start; i < end; i++) {
    const head = embedding + ((<usize>i) << 3);
    let hx = v128.load32_splat(head);
    let hy = v128.load32_splat(head, 4);
    const from = load<u32>(indptr + ((<usize>i) << 2));
    const to = load<u32>(indptr + ((<usize>i) << 2), 4);
    for (let e = from; e < to; e += 4) {
      const r = v128.load(rates + ((<usize>e) << 2));
      let due = i32x4.bitmask(f32x4.gt(f32x4.floor(f32x4.mul(now, r)), f32x4.floor(f32x4.mul(before, r))));
      if (to - e < 4) due &= (1 << (to - e)) - 1;
      while (due != 0) {
        const entry = e + <u32>ctz(due);
        due &= due - 1;
        const tail = embedding + ((<usize>load<u32>(indices + ((<usize>entry) << 2))) << 3);

        let sumX = f32x4.splat(0);
        let sumY = f32x4.splat(0);
        let tailX: f32 = 0;
        let tailY: f32 = 0;
        for (let g = 0; g < groups; g++) {
          state = v128.xor(state, i32x4.shl(state, 13));
          state = v128.xor(state, i32x4.shr_u(state, 17));
          state = v128.xor(state, i32x4.shl(state, 5));
          const p0 = g == 0 ? tail : embedding + place(i32x4.extract_lane(state, 0), nodes);
          const p1 = embedding + place(i32x4.extract_lane(state, 1), nodes);
          const p2 = embedding + place(i32x4.extract_lane(state, 2), nodes);
          const p3 = embedding + place(i32x4.extract_lane(state, 3), nodes);
          const q01 = v128.load64_lane(p1, v128.load64_zero(p0), 1);
          const q23 = v128.load64_lane(p3, v128.load64_zero(p2), 1);
          const dx = f32x4.sub(hx, v128.shuffle<f32>(q01, q23, 0, 2, 4, 6));
          const dy = f32x4.sub(hy, v128.shuffle<f32>(q01, q23, 1, 3, 5, 7));

          const which = i32x4.add(lanes, i32x4.splat(g << 2));
          const first = i32x4.eq(which, i32x4.splat(0));
          const pushes = v128.andnot(v128.and(push, i32x4.le_s(which, last)), first);
          const apart = v128.andnot(f32x4.splat(<f32>0.001), first);
          const pulls = v128.and(pull, first);

          const square = f32x4.pmax(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), least);
          const power = exp2(f32x4.mul(bs4, log2(square)));
          const below = f32x4.mul(f32x4.add(square, apart), f32x4.add(f32x4.mul(as4, power), one));
          const force = f32x4.div(f32x4.add(f32x4.mul(pulls, power), pushes), below);
          const fx = f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.mul(force, dx), fewest), most), steps);
          const fy = f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.mul(force, dy), fewest), most), steps);
          if (g == 0) {
            tailX = f32x4.extract_lane(fx, 0);
            tailY = f32x4.extract_lane(fy, 0);
          }
          sumX = f32x4.add(sumX, fx);
          sumY = f32x4.add(sumY, fy);
        }

        store<f32>(tail, load<f32>(tail) - tailX);
        store<f32>(tail, load<f32>(tail, 4) - tailY, 4);
        const half = f32x4.add(
          v128.shuffle<f32>(sumX, sumY, 0, 1, 4, 5),
          v128.shuffle<f32>(sumX, sumY, 2, 3, 6, 7),
        );
        const whole = f32x4.add(half, v128.shuffle<f32>(half, half, 1, 0, 3, 2));
        hx = f32x4.add(hx, v128.shuffle<f32>(whole, whole, 0, 0, 0, 0));
        hy = f32x4.add(hy, v128.shuffle<f32>(whole, whole, 2, 2, 2, 2));
        store<f32>(head, f32x4.extract_lane(hx, 0));
        store<f32>(head, f32x4.extract_lane(hy, 0), 4);
      }
    }
  }
  v128.store(random, state);
}

// Offset of a node's position, the node drawn by 32 random bits.
function place(bits: i32, nodes: i32): usize {
  return (<usize>((<u64>(<u32>bits) * <u64>(<u32>nodes)) >> 32)) << 3;
}
