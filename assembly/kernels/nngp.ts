// Gaussian processes by nearest neighbors: each place given a few places before it. Values at place i have variance 1 in units of the
// total, and correlation `share` times the kernel of their distance with those at another place.

import { exponential } from "./exponential";

// The kernel of places i and j (f64, `dims` each): e^(-d / l) or, gaussian, e^(-d^2 / 2 l^2), with `inverse` = 1 / l.
function correlation(places: usize, dims: i32, i: u32, j: u32, gaussian: i32, inverse: f64): f64 {
  let square: f64 = 0;
  const a = places + ((<usize>i * dims) << 3);
  const b = places + ((<usize>j * dims) << 3);
  for (let d = 0; d < dims; d++) {
    const off = (load<f64>(a + ((<usize>d) << 3)) - load<f64>(b + ((<usize>d) << 3))) * inverse;
    square += off * off;
  }
  return exponential(gaussian ? -0.5 * square : -sqrt(square));
}

// For places `from` to `to` - 1 the weights (m + 1 each, f64) whose sum over a place and its `m` neighbors is standard normal: own
// first. A neighbor list (u32) ends with the place itself where it is shorter than m. Of the design's k columns (f64, n x k) the
// same sums go to `whitened`. `room` has (m + 2) m numbers.
export function nngpWeights(
  from: i32,
  to: i32,
  places: usize,
  dims: i32,
  m: i32,
  neighbors: usize,
  gaussian: i32,
  inverse: f64,
  share: f64,
  weights: usize,
  k: i32,
  design: usize,
  whitened: usize,
  room: usize,
): void {
  const v = room + ((<usize>(m * m)) << 3);
  for (let i = from; i < to; i++) {
    const list = neighbors + ((<usize>i * m) << 2);
    const out = weights + ((<usize>i * (m + 1)) << 3);
    let count = 0;
    while (count < m && load<u32>(list + ((<usize>count) << 2)) != <u32>i) count++;
    let rest: f64 = 1;
    for (let a = 0; a < count; a++) {
      const ia = load<u32>(list + ((<usize>a) << 2));
      const rowA = room + ((<usize>(a * m)) << 3);
      let pivot: f64 = 1;
      for (let b = 0; b < a; b++) {
        const rowB = room + ((<usize>(b * m)) << 3);
        let s = share * correlation(places, dims, ia, load<u32>(list + ((<usize>b) << 2)), gaussian, inverse);
        for (let c: usize = 0; c < (<usize>b) << 3; c += 8) s -= load<f64>(rowA + c) * load<f64>(rowB + c);
        s /= load<f64>(rowB + ((<usize>b) << 3));
        store<f64>(rowA + ((<usize>b) << 3), s);
        pivot -= s * s;
      }
      store<f64>(rowA + ((<usize>a) << 3), sqrt(pivot));
      let s = share * correlation(places, dims, <u32>i, ia, gaussian, inverse);
      for (let c: usize = 0; c < (<usize>a) << 3; c += 8) s -= load<f64>(rowA + c) * load<f64>(v + c);
      s /= sqrt(pivot);
      store<f64>(v + ((<usize>a) << 3), s);
      rest -= s * s;
    }
    const scale = 1 / sqrt(rest);
    store<f64>(out, scale);
    for (let a = count - 1; a >= 0; a--) {
      const rowA = room + ((<usize>(a * m)) << 3);
      const s = load<f64>(v + ((<usize>a) << 3)) / load<f64>(rowA + ((<usize>a) << 3));
      for (let c: usize = 0; c < (<usize>a) << 3; c += 8)
        store<f64>(v + c, load<f64>(v + c) - s * load<f64>(rowA + c));
      store<f64>(out + ((<usize>(a + 1)) << 3), -s * scale);
    }
    for (let a = count; a < m; a++) store<f64>(out + ((<usize>(a + 1)) << 3), 0);
    for (let c = 0; c < k; c++) {
      let s = scale * load<f64>(design + ((<usize>(i * k + c)) << 3));
      for (let a = 0; a < count; a++)
        s +=
          load<f64>(out + ((<usize>(a + 1)) << 3)) *
          load<f64>(design + ((<usize>(load<u32>(list + ((<usize>a) << 2)) * k + c)) << 3));
      store<f64>(whitened + ((<usize>(i * k + c)) << 3), s);
    }
  }
}

// For up to eight genes (`count` of the numbers at `genes`), whose values (f32) stand by gene at rows indices[indptr[gene]...]: the
// sum of the squares of their whitened values, and of their products with each of the k whitened columns (8 x (1 + k) numbers, by
// column first). `room` has 8 n numbers.
export function nngpSquares(
  n: i32,
  m: i32,
  neighbors: usize,
  weights: usize,
  k: i32,
  whitened: usize,
  genes: usize,
  count: i32,
  indptr: usize,
  indices: usize,
  values: usize,
  sums: usize,
  room: usize,
): void {
  memory.fill(room, 0, (<usize>n) << 6);
  for (let g = 0; g < count; g++) {
    const ends = indptr + ((<usize>load<u32>(genes + ((<usize>g) << 2))) << 2);
    const end = (<usize>load<u32>(ends, 4)) << 2;
    for (let e = (<usize>load<u32>(ends)) << 2; e < end; e += 4)
      store<f64>(room + ((<usize>load<u32>(indices + e)) << 6) + ((<usize>g) << 3), load<f32>(values + e));
  }
  memory.fill(sums, 0, (<usize>(k + 1)) << 6);
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let i = 0; i < n; i++) {
    const own = room + ((<usize>i) << 6);
    let w = weights + ((<usize>i * (m + 1)) << 3);
    let by = v128.load64_splat(w);
    let u0 = f64x2.mul(by, v128.load(own));
    let u1 = f64x2.mul(by, v128.load(own, 16));
    let u2 = f64x2.mul(by, v128.load(own, 32));
    let u3 = f64x2.mul(by, v128.load(own, 48));
    const list = neighbors + ((<usize>i * m) << 2);
    for (let a: usize = 0; a < (<usize>m) << 2; a += 4) {
      w += 8;
      by = v128.load64_splat(w);
      const other = room + ((<usize>load<u32>(list + a)) << 6);
      u0 = f64x2.add(u0, f64x2.mul(by, v128.load(other)));
      u1 = f64x2.add(u1, f64x2.mul(by, v128.load(other, 16)));
      u2 = f64x2.add(u2, f64x2.mul(by, v128.load(other, 32)));
      u3 = f64x2.add(u3, f64x2.mul(by, v128.load(other, 48)));
    }
    s0 = f64x2.add(s0, f64x2.mul(u0, u0));
    s1 = f64x2.add(s1, f64x2.mul(u1, u1));
    s2 = f64x2.add(s2, f64x2.mul(u2, u2));
    s3 = f64x2.add(s3, f64x2.mul(u3, u3));
    const row = whitened + ((<usize>i * k) << 3);
    for (let c: usize = 0; c < <usize>k; c++) {
      by = v128.load64_splat(row + (c << 3));
      const to = sums + ((c + 1) << 6);
      v128.store(to, f64x2.add(v128.load(to), f64x2.mul(by, u0)));
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.mul(by, u1)), 16);
      v128.store(to, f64x2.add(v128.load(to, 32), f64x2.mul(by, u2)), 32);
      v128.store(to, f64x2.add(v128.load(to, 48), f64x2.mul(by, u3)), 48);
    }
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
}
