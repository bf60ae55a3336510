// Takes from rows of f64 their components along orthonormal rows. Addresses are in bytes; `stride` is the byte length of a
// row, a multiple of 32 (padded with zeros).

// For each of `count` rows starting at `at`: subtracts its components along the rows [from, to) of `basis`, four at a time, and
// adds their sizes to sizes[from, to), rows of which are `sizesStride` bytes apart. A group of four serves all rows in turn.
// A component is summed in four lanes, (0 + 2) + (1 + 3).
export function projectRows(
  basis: usize,
  stride: usize,
  from: i32,
  to: i32,
  at: usize,
  count: i32,
  sizes: usize,
  sizesStride: usize,
): void {
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const q0 = basis + <usize>i * stride;
    const q1 = q0 + stride;
    const q2 = q1 + stride;
    const q3 = q2 + stride;
    let row = at;
    let size = sizes + ((<usize>i) << 3);
    for (let c = 0; c < count; c++) {
      let a0 = f64x2.splat(0);
      let a1 = f64x2.splat(0);
      let a2 = f64x2.splat(0);
      let a3 = f64x2.splat(0);
      let b0 = f64x2.splat(0);
      let b1 = f64x2.splat(0);
      let b2 = f64x2.splat(0);
      let b3 = f64x2.splat(0);
      for (let j: usize = 0; j < stride; j += 32) {
        const x = v128.load(row + j);
        const y = v128.load(row + j, 16);
        a0 = f64x2.add(a0, f64x2.mul(x, v128.load(q0 + j)));
        b0 = f64x2.add(b0, f64x2.mul(y, v128.load(q0 + j, 16)));
        a1 = f64x2.add(a1, f64x2.mul(x, v128.load(q1 + j)));
        b1 = f64x2.add(b1, f64x2.mul(y, v128.load(q1 + j, 16)));
        a2 = f64x2.add(a2, f64x2.mul(x, v128.load(q2 + j)));
        b2 = f64x2.add(b2, f64x2.mul(y, v128.load(q2 + j, 16)));
        a3 = f64x2.add(a3, f64x2.mul(x, v128.load(q3 + j)));
        b3 = f64x2.add(b3, f64x2.mul(y, v128.load(q3 + j, 16)));
      }
      const s0 = total(a0, b0);
      const s1 = total(a1, b1);
      const s2 = total(a2, b2);
      const s3 = total(a3, b3);
      const t0 = f64x2.splat(s0);
      const t1 = f64x2.splat(s1);
      const t2 = f64x2.splat(s2);
      const t3 = f64x2.splat(s3);
      for (let j: usize = 0; j < stride; j += 16) {
        const low = f64x2.add(f64x2.mul(t0, v128.load(q0 + j)), f64x2.mul(t1, v128.load(q1 + j)));
        const high = f64x2.add(f64x2.mul(t2, v128.load(q2 + j)), f64x2.mul(t3, v128.load(q3 + j)));
        v128.store(row + j, f64x2.sub(v128.load(row + j), f64x2.add(low, high)));
      }
      store<f64>(size, load<f64>(size) + s0);
      store<f64>(size, load<f64>(size, 8) + s1, 8);
      store<f64>(size, load<f64>(size, 16) + s2, 16);
      store<f64>(size, load<f64>(size, 24) + s3, 24);
      row += stride;
      size += sizesStride;
    }
  }
  for (; i < to; i++) {
    const q = basis + <usize>i * stride;
    let row = at;
    let size = sizes + ((<usize>i) << 3);
    for (let c = 0; c < count; c++) {
      let a = f64x2.splat(0);
      let b = f64x2.splat(0);
      for (let j: usize = 0; j < stride; j += 32) {
        a = f64x2.add(a, f64x2.mul(v128.load(row + j), v128.load(q + j)));
        b = f64x2.add(b, f64x2.mul(v128.load(row + j, 16), v128.load(q + j, 16)));
      }
      const s = total(a, b);
      const t = f64x2.splat(s);
      for (let j: usize = 0; j < stride; j += 16)
        v128.store(row + j, f64x2.sub(v128.load(row + j), f64x2.mul(t, v128.load(q + j))));
      store<f64>(size, load<f64>(size) + s);
      row += stride;
      size += sizesStride;
    }
  }
}

function total(a: v128, b: v128): f64 {
  const sum = f64x2.add(a, b);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
