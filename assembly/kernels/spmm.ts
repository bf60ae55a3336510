// Products of a CSR matrix with a row-major dense matrix. Addresses are in bytes; `stride` is the byte length of a dense
// row, a multiple of 16. Row offsets count from the first entry handed over. Every output number is one chain of
// additions in the order of the stored entries.

// out[i, :] = sum over entries e of row i of data[e] * b[indices[e], :]
export function sparseTimesDense32(
  rows: i32,
  indptr: usize,
  indices: usize,
  data: usize,
  b: usize,
  stride: usize,
  out: usize,
): void {
  for (let i = 0; i < rows; i++) {
    const start = load<u32>(indptr + ((<usize>i) << 2));
    const end = load<u32>(indptr + ((<usize>i) << 2), 4);
    let k: usize = 0;
    for (; k + 128 <= stride; k += 128) {
      let s0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      let s2 = f32x4.splat(0);
      let s3 = f32x4.splat(0);
      let s4 = f32x4.splat(0);
      let s5 = f32x4.splat(0);
      let s6 = f32x4.splat(0);
      let s7 = f32x4.splat(0);
      for (let e = start; e < end; e++) {
        const v = v128.load32_splat(data + ((<usize>e) << 2));
        const row = b + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        s0 = f32x4.add(s0, f32x4.mul(v, v128.load(row)));
        s1 = f32x4.add(s1, f32x4.mul(v, v128.load(row, 16)));
        s2 = f32x4.add(s2, f32x4.mul(v, v128.load(row, 32)));
        s3 = f32x4.add(s3, f32x4.mul(v, v128.load(row, 48)));
        s4 = f32x4.add(s4, f32x4.mul(v, v128.load(row, 64)));
        s5 = f32x4.add(s5, f32x4.mul(v, v128.load(row, 80)));
        s6 = f32x4.add(s6, f32x4.mul(v, v128.load(row, 96)));
        s7 = f32x4.add(s7, f32x4.mul(v, v128.load(row, 112)));
      }
      v128.store(out + k, s0);
      v128.store(out + k, s1, 16);
      v128.store(out + k, s2, 32);
      v128.store(out + k, s3, 48);
      v128.store(out + k, s4, 64);
      v128.store(out + k, s5, 80);
      v128.store(out + k, s6, 96);
      v128.store(out + k, s7, 112);
    }
    for (; k + 32 <= stride; k += 32) {
      let s0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      for (let e = start; e < end; e++) {
        const v = v128.load32_splat(data + ((<usize>e) << 2));
        const row = b + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        s0 = f32x4.add(s0, f32x4.mul(v, v128.load(row)));
        s1 = f32x4.add(s1, f32x4.mul(v, v128.load(row, 16)));
      }
      v128.store(out + k, s0);
      v128.store(out + k, s1, 16);
    }
    if (k < stride) {
      let s0 = f32x4.splat(0);
      for (let e = start; e < end; e++) {
        const v = v128.load32_splat(data + ((<usize>e) << 2));
        const row = b + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        s0 = f32x4.add(s0, f32x4.mul(v, v128.load(row)));
      }
      v128.store(out + k, s0);
    }
    out += stride;
  }
}

// The same with b and out in double precision.
export function sparseTimesDense64(
  rows: i32,
  indptr: usize,
  indices: usize,
  data: usize,
  b: usize,
  stride: usize,
  out: usize,
): void {
  for (let i = 0; i < rows; i++) {
    const start = load<u32>(indptr + ((<usize>i) << 2));
    const end = load<u32>(indptr + ((<usize>i) << 2), 4);
    let k: usize = 0;
    for (; k + 128 <= stride; k += 128) {
      let s0 = f64x2.splat(0);
      let s1 = f64x2.splat(0);
      let s2 = f64x2.splat(0);
      let s3 = f64x2.splat(0);
      let s4 = f64x2.splat(0);
      let s5 = f64x2.splat(0);
      let s6 = f64x2.splat(0);
      let s7 = f64x2.splat(0);
      for (let e = start; e < end; e++) {
        const v = f64x2.splat(<f64>load<f32>(data + ((<usize>e) << 2)));
        const row = b + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        s0 = f64x2.add(s0, f64x2.mul(v, v128.load(row)));
        s1 = f64x2.add(s1, f64x2.mul(v, v128.load(row, 16)));
        s2 = f64x2.add(s2, f64x2.mul(v, v128.load(row, 32)));
        s3 = f64x2.add(s3, f64x2.mul(v, v128.load(row, 48)));
        s4 = f64x2.add(s4, f64x2.mul(v, v128.load(row, 64)));
        s5 = f64x2.add(s5, f64x2.mul(v, v128.load(row, 80)));
        s6 = f64x2.add(s6, f64x2.mul(v, v128.load(row, 96)));
        s7 = f64x2.add(s7, f64x2.mul(v, v128.load(row, 112)));
      }
      v128.store(out + k, s0);
      v128.store(out + k, s1, 16);
      v128.store(out + k, s2, 32);
      v128.store(out + k, s3, 48);
      v128.store(out + k, s4, 64);
      v128.store(out + k, s5, 80);
      v128.store(out + k, s6, 96);
      v128.store(out + k, s7, 112);
    }
    for (; k < stride; k += 16) {
      let s0 = f64x2.splat(0);
      for (let e = start; e < end; e++) {
        const v = f64x2.splat(<f64>load<f32>(data + ((<usize>e) << 2)));
        const row = b + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        s0 = f64x2.add(s0, f64x2.mul(v, v128.load(row)));
      }
      v128.store(out + k, s0);
    }
    out += stride;
  }
}

// out[indices[e], :] += data[e] * b[i, :] for the entries e of every row i, in order
export function transposeTimesDense32(
  rows: i32,
  indptr: usize,
  indices: usize,
  data: usize,
  b: usize,
  stride: usize,
  out: usize,
): void {
  for (let i = 0; i < rows; i++) {
    const start = load<u32>(indptr + ((<usize>i) << 2));
    const end = load<u32>(indptr + ((<usize>i) << 2), 4);
    let k: usize = 0;
    for (; k + 64 <= stride; k += 64) {
      const b0 = v128.load(b + k);
      const b1 = v128.load(b + k, 16);
      const b2 = v128.load(b + k, 32);
      const b3 = v128.load(b + k, 48);
      for (let e = start; e < end; e++) {
        const v = v128.load32_splat(data + ((<usize>e) << 2));
        const row = out + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        v128.store(row, f32x4.add(v128.load(row), f32x4.mul(v, b0)));
        v128.store(row, f32x4.add(v128.load(row, 16), f32x4.mul(v, b1)), 16);
        v128.store(row, f32x4.add(v128.load(row, 32), f32x4.mul(v, b2)), 32);
        v128.store(row, f32x4.add(v128.load(row, 48), f32x4.mul(v, b3)), 48);
      }
    }
    for (; k + 32 <= stride; k += 32) {
      const b0 = v128.load(b + k);
      const b1 = v128.load(b + k, 16);
      for (let e = start; e < end; e++) {
        const v = v128.load32_splat(data + ((<usize>e) << 2));
        const row = out + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        v128.store(row, f32x4.add(v128.load(row), f32x4.mul(v, b0)));
        v128.store(row, f32x4.add(v128.load(row, 16), f32x4.mul(v, b1)), 16);
      }
    }
    if (k < stride) {
      const b0 = v128.load(b + k);
      for (let e = start; e < end; e++) {
        const v = v128.load32_splat(data + ((<usize>e) << 2));
        const row = out + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        v128.store(row, f32x4.add(v128.load(row), f32x4.mul(v, b0)));
      }
    }
    b += stride;
  }
}

// The same with b and out in double precision.
export function transposeTimesDense64(
  rows: i32,
  indptr: usize,
  indices: usize,
  data: usize,
  b: usize,
  stride: usize,
  out: usize,
): void {
  for (let i = 0; i < rows; i++) {
    const start = load<u32>(indptr + ((<usize>i) << 2));
    const end = load<u32>(indptr + ((<usize>i) << 2), 4);
    let k: usize = 0;
    for (; k + 64 <= stride; k += 64) {
      const b0 = v128.load(b + k);
      const b1 = v128.load(b + k, 16);
      const b2 = v128.load(b + k, 32);
      const b3 = v128.load(b + k, 48);
      for (let e = start; e < end; e++) {
        const v = f64x2.splat(<f64>load<f32>(data + ((<usize>e) << 2)));
        const row = out + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        v128.store(row, f64x2.add(v128.load(row), f64x2.mul(v, b0)));
        v128.store(row, f64x2.add(v128.load(row, 16), f64x2.mul(v, b1)), 16);
        v128.store(row, f64x2.add(v128.load(row, 32), f64x2.mul(v, b2)), 32);
        v128.store(row, f64x2.add(v128.load(row, 48), f64x2.mul(v, b3)), 48);
      }
    }
    for (; k < stride; k += 16) {
      const b0 = v128.load(b + k);
      for (let e = start; e < end; e++) {
        const v = f64x2.splat(<f64>load<f32>(data + ((<usize>e) << 2)));
        const row = out + <usize>load<u32>(indices + ((<usize>e) << 2)) * stride + k;
        v128.store(row, f64x2.add(v128.load(row), f64x2.mul(v, b0)));
      }
    }
    b += stride;
  }
}

// For a block of rows: y = x v - 1 shift', z = x' y, sums = the column sums of y; shift and sums in double precision.
export function centredProduct32(
  rows: i32,
  cols: i32,
  indptr: usize,
  indices: usize,
  data: usize,
  v: usize,
  stride: usize,
  shift: usize,
  y: usize,
  z: usize,
  sums: usize,
): void {
  sparseTimesDense32(rows, indptr, indices, data, v, stride, y);
  const end = y + <usize>rows * stride;
  for (let c: usize = 0; c < stride; c += 4) {
    const s = load<f64>(shift + 2 * c);
    let sum: f64 = 0;
    for (let at = y + c; at < end; at += stride) {
      const value = <f32>(<f64>load<f32>(at) - s);
      store<f32>(at, value);
      sum += <f64>value;
    }
    store<f64>(sums + 2 * c, sum);
  }
  memory.fill(z, 0, <usize>cols * stride);
  transposeTimesDense32(rows, indptr, indices, data, y, stride, z);
}
