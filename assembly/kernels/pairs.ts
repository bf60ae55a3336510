// Histograms of distances between labelled points in the plane, in rectangles of points against points.

// Adds the pairs of `count` rectangles (each four numbers: first and last row, first and last column; where both runs are
// the same, each pair once) to u64 counts[labels[row] + labels[column] + bin], labels[] being offsets and bin the first threshold
// that the distance does not exceed; pairs beyond the last are left out. `at` are coordinates less a common origin in single
// precision, x and y apart; a distance within `doubt` of a threshold is measured again in double precision with `exact`.
// Thresholds first + t * width, t < bins; `squares` are their squares.
export function countPairs(
  rectangles: usize,
  count: i32,
  atX: usize,
  atY: usize,
  exact: usize,
  rowLabels: usize,
  columnLabels: usize,
  first: f32,
  perWidth: f32,
  doubt: f32,
  bins: i32,
  squares: usize,
  counts: usize,
): void {
  for (let t = 0; t < count; t++) {
    const corner = rectangles + ((<usize>t) << 4);
    const rowEnd = load<i32>(corner, 4);
    const columnStart = load<i32>(corner, 8);
    const columnEnd = load<i32>(corner, 12);
    for (let i = load<i32>(corner); i < rowEnd; i++) {
      const x = v128.load32_splat(atX + ((<usize>i) << 2));
      const y = v128.load32_splat(atY + ((<usize>i) << 2));
      const base = counts + ((<usize>load<u32>(rowLabels + ((<usize>i) << 2))) << 3);
      let j = load<i32>(corner) == columnStart ? i + 1 : columnStart;
      for (; j + 4 <= columnEnd; j += 4) {
        const at = (<usize>j) << 2;
        const dx = f32x4.sub(v128.load(atX + at), x);
        const dy = f32x4.sub(v128.load(atY + at), y);
        const distance = f32x4.sqrt(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)));
        const place = f32x4.mul(f32x4.sub(distance, f32x4.splat(first)), f32x4.splat(perWidth));
        const nearest = f32x4.abs(f32x4.sub(place, f32x4.nearest(place)));
        if (v128.any_true(f32x4.lt(nearest, f32x4.splat(doubt)))) {
          for (let lane = 0; lane < 4; lane++) add(i, j + lane, exact, base, columnLabels, bins, squares);
          continue;
        }
        const bin = i32x4.trunc_sat_f32x4_s(f32x4.ceil(f32x4.max(place, f32x4.splat(0))));
        const slot = i32x4.add(bin, v128.load(columnLabels + at));
        const inside = i32x4.bitmask(i32x4.lt_s(bin, i32x4.splat(bins)));
        if (inside & 1) bump(base, i32x4.extract_lane(slot, 0));
        if (inside & 2) bump(base, i32x4.extract_lane(slot, 1));
        if (inside & 4) bump(base, i32x4.extract_lane(slot, 2));
        if (inside & 8) bump(base, i32x4.extract_lane(slot, 3));
      }
      for (; j < columnEnd; j++) add(i, j, exact, base, columnLabels, bins, squares);
    }
  }
}

function bump(base: usize, slot: i32): void {
  const at = base + ((<usize>slot) << 3);
  store<u64>(at, load<u64>(at) + 1);
}

function add(
  i: i32,
  j: i32,
  exact: usize,
  base: usize,
  columnLabels: usize,
  bins: i32,
  squares: usize,
): void {
  const a = exact + ((<usize>i) << 4);
  const b = exact + ((<usize>j) << 4);
  const dx = load<f64>(a) - load<f64>(b);
  const dy = load<f64>(a, 8) - load<f64>(b, 8);
  const square = dx * dx + dy * dy;
  let low = 0;
  let high = bins;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<f64>(squares + ((<usize>middle) << 3)) < square) low = middle + 1;
    else high = middle;
  }
  if (low < bins) bump(base, low + load<i32>(columnLabels + ((<usize>j) << 2)));
}
