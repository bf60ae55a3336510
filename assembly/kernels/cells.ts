// Cells of points around centers. Points lie in rows of `width` whole numbers (i16; a multiple of 8), in a ball of radius 23,170
// around 0, so that squared distances are exact in i32. Centers lie in panels of 4: coordinates 2 d and 2 d + 1 of center c at
// ((c >> 2) * width * 2 + d * 4 + (c & 3)) * 4.

// The nearest of 16 centers for each point order[from, to), the first of equals, stored in out[from, to); `lengths` holds
// the centers' squared lengths.
export function nearestCenter(
  points: usize,
  width: i32,
  order: usize,
  from: i32,
  to: i32,
  centers: usize,
  lengths: usize,
  out: usize,
): void {
  const row = (<usize>width) << 1;
  const panel = row << 2;
  for (let i = from; i < to; i++) {
    let p = points + <usize>load<u32>(order + ((<usize>i) << 2)) * row;
    const end = p + row;
    let c = centers;
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    for (; p < end; p += 4) {
      const a = v128.load32_splat(p);
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(a, v128.load(c)));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(a, v128.load(c + panel)));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(a, v128.load(c + panel * 2)));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(a, v128.load(c + panel * 3)));
      c += 16;
    }
    s0 = i32x4.sub(v128.load(lengths), i32x4.shl(s0, 1));
    s1 = i32x4.sub(v128.load(lengths, 16), i32x4.shl(s1, 1));
    s2 = i32x4.sub(v128.load(lengths, 32), i32x4.shl(s2, 1));
    s3 = i32x4.sub(v128.load(lengths, 48), i32x4.shl(s3, 1));
    let least = i32x4.min_s(i32x4.min_s(s0, s1), i32x4.min_s(s2, s3));
    least = i32x4.min_s(least, v128.shuffle<i32>(least, least, 2, 3, 0, 1));
    least = i32x4.min_s(least, v128.shuffle<i32>(least, least, 1, 0, 3, 2));
    const which =
      i32x4.bitmask(i32x4.eq(s0, least)) |
      (i32x4.bitmask(i32x4.eq(s1, least)) << 4) |
      (i32x4.bitmask(i32x4.eq(s2, least)) << 8) |
      (i32x4.bitmask(i32x4.eq(s3, least)) << 12);
    store<u8>(out + <usize>i, ctz(which));
  }
}

// Squared distances of one point to the points [from, to).
export function distancesTo(points: usize, width: i32, point: i32, from: i32, to: i32, out: usize): void {
  const row = (<usize>width) << 1;
  const own = points + <usize>point * row;
  let squares = i32x4.splat(0);
  for (let d = <usize>0; d < row; d += 16) {
    const a = v128.load(own + d);
    squares = i32x4.add(squares, i32x4.dot_i16x8_s(a, a));
  }
  for (let j = from; j < to; j++) {
    const other = points + <usize>j * row;
    let sum = squares;
    let dot = i32x4.splat(0);
    for (let d = <usize>0; d < row; d += 16) {
      const b = v128.load(other + d);
      sum = i32x4.add(sum, i32x4.dot_i16x8_s(b, b));
      dot = i32x4.add(dot, i32x4.dot_i16x8_s(b, v128.load(own + d)));
    }
    sum = i32x4.sub(sum, i32x4.shl(dot, 1));
    sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
    store<i32>(out + ((<usize>j) << 2), i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1));
  }
}
