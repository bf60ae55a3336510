// Cells of points around centers. Points lie in rows of `dims` coordinates (a multiple of 4), centers in panels of 8:
// coordinate d of center c at centers[(c >> 3) * dims * 8 + d * 8 + (c & 7)]; `norms` holds half their squared lengths
// (infinity for the centers that fill the last panel).

// The nearest center of each point order[from, to), the first of equals, stored in out[from, to).
export function nearestCenter(
  points: usize,
  dims: i32,
  order: usize,
  from: i32,
  to: i32,
  centers: usize,
  norms: usize,
  panels: i32,
  out: usize,
): void {
  const row = (<usize>dims) << 2;
  for (let i = from; i < to; i++) {
    const point = points + <usize>load<u32>(order + ((<usize>i) << 2)) * row;
    let least = Infinity as f32;
    let best = 0;
    for (let p = 0; p < panels; p++) {
      let b = centers + <usize>(p * 8) * row;
      let s0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      for (let d = point; d < point + row; d += 4) {
        const a = v128.load32_splat(d);
        s0 = f32x4.add(s0, f32x4.mul(a, v128.load(b)));
        s1 = f32x4.add(s1, f32x4.mul(a, v128.load(b, 16)));
        b += 32;
      }
      const at = norms + ((<usize>(p * 8)) << 2);
      s0 = f32x4.sub(v128.load(at), s0);
      s1 = f32x4.sub(v128.load(at, 16), s1);
      if (!v128.any_true(f32x4.lt(f32x4.pmin(s0, s1), f32x4.splat(least)))) continue;
      for (let lane = 0; lane < 8; lane++) {
        const s = laneOf(lane < 4 ? s0 : s1, lane & 3);
        if (s < least) {
          least = s;
          best = p * 8 + lane;
        }
      }
    }
    store<u32>(out + ((<usize>i) << 2), best);
  }
}

function laneOf(v: v128, lane: i32): f32 {
  if (lane < 2) return lane == 0 ? f32x4.extract_lane(v, 0) : f32x4.extract_lane(v, 1);
  return lane == 2 ? f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 3);
}

// Squared distances of one point to the points [from, to).
export function distancesTo(points: usize, dims: i32, point: i32, from: i32, to: i32, out: usize): void {
  const row = (<usize>dims) << 2;
  const own = points + <usize>point * row;
  for (let j = from; j < to; j++) {
    const other = points + <usize>j * row;
    let sum = f32x4.splat(0);
    for (let d = <usize>0; d < row; d += 16) {
      const difference = f32x4.sub(v128.load(own + d), v128.load(other + d));
      sum = f32x4.add(sum, f32x4.mul(difference, difference));
    }
    const pairs = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
    store<f32>(out + ((<usize>j) << 2), f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
  }
}
