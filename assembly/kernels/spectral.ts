// Blocks of 8 vectors, n rows of 8 numbers in double precision, as subspace iteration works on them.

// A step of Chebyshev's recurrence for the rows [from, to) of a CSR matrix: out = factor (A now - center now) / half - before,
// where `before` may be 0 for none, or `out`. Every number is one chain of additions in the order of the stored entries.
export function filterRows(
  from: i32,
  to: i32,
  indptr: usize,
  indices: usize,
  data: usize,
  factor: f64,
  center: f64,
  half: f64,
  now: usize,
  before: usize,
  out: usize,
): void {
  for (let i = <usize>from; i < <usize>to; i++) {
    const start = load<u32>(indptr + (i << 2));
    const end = load<u32>(indptr + (i << 2), 4);
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    for (let e = <usize>start; e < <usize>end; e++) {
      const v = f64x2.splat(<f64>load<f32>(data + (e << 2)));
      const row = now + ((<usize>load<u32>(indices + (e << 2))) << 6);
      s0 = f64x2.add(s0, f64x2.mul(v, v128.load(row)));
      s1 = f64x2.add(s1, f64x2.mul(v, v128.load(row, 16)));
      s2 = f64x2.add(s2, f64x2.mul(v, v128.load(row, 32)));
      s3 = f64x2.add(s3, f64x2.mul(v, v128.load(row, 48)));
    }
    const at = i << 6;
    step(s0, at, factor, center, half, now, before, out);
    step(s1, at + 16, factor, center, half, now, before, out);
    step(s2, at + 32, factor, center, half, now, before, out);
    step(s3, at + 48, factor, center, half, now, before, out);
  }
}

function step(
  sum: v128,
  at: usize,
  factor: f64,
  center: f64,
  half: f64,
  now: usize,
  before: usize,
  out: usize,
): void {
  const beside = f64x2.sub(sum, f64x2.mul(f64x2.splat(center), v128.load(now + at)));
  const next = f64x2.div(f64x2.mul(f64x2.splat(factor), beside), f64x2.splat(half));
  v128.store(out + at, before == 0 ? next : f64x2.sub(next, v128.load(before + at)));
}

// Rows `row` and `row` + 1 of the products of x's columns with y's, 8 x 8, each summed in the order of the n rows.
export function crossRows(n: i32, row: i32, x: usize, y: usize, out: usize): void {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  let t0 = f64x2.splat(0);
  let t1 = f64x2.splat(0);
  let t2 = f64x2.splat(0);
  let t3 = f64x2.splat(0);
  const shift = (<usize>row) << 3;
  const end = (<usize>n) << 6;
  for (let at: usize = 0; at < end; at += 64) {
    const a = v128.load64_splat(x + at + shift);
    const b = v128.load64_splat(x + at + shift, 8);
    const y0 = v128.load(y + at);
    const y1 = v128.load(y + at, 16);
    const y2 = v128.load(y + at, 32);
    const y3 = v128.load(y + at, 48);
    s0 = f64x2.add(s0, f64x2.mul(a, y0));
    s1 = f64x2.add(s1, f64x2.mul(a, y1));
    s2 = f64x2.add(s2, f64x2.mul(a, y2));
    s3 = f64x2.add(s3, f64x2.mul(a, y3));
    t0 = f64x2.add(t0, f64x2.mul(b, y0));
    t1 = f64x2.add(t1, f64x2.mul(b, y1));
    t2 = f64x2.add(t2, f64x2.mul(b, y2));
    t3 = f64x2.add(t3, f64x2.mul(b, y3));
  }
  const to = out + (shift << 3);
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
  v128.store(to, t0, 64);
  v128.store(to, t1, 80);
  v128.store(to, t2, 96);
  v128.store(to, t3, 112);
}

// Puts x times an 8 x 8 matrix into the place of x, rows [from, to).
export function combineRows(from: i32, to: i32, x: usize, matrix: usize): void {
  const end = x + ((<usize>to) << 6);
  for (let row = x + ((<usize>from) << 6); row < end; row += 64) {
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    for (let r: usize = 0; r < 8; r++) {
      const v = v128.load64_splat(row + (r << 3));
      const m = matrix + (r << 6);
      s0 = f64x2.add(s0, f64x2.mul(v, v128.load(m)));
      s1 = f64x2.add(s1, f64x2.mul(v, v128.load(m, 16)));
      s2 = f64x2.add(s2, f64x2.mul(v, v128.load(m, 32)));
      s3 = f64x2.add(s3, f64x2.mul(v, v128.load(m, 48)));
    }
    v128.store(row, s0);
    v128.store(row, s1, 16);
    v128.store(row, s2, 32);
    v128.store(row, s3, 48);
  }
}
