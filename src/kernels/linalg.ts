import { SpatialError } from "../core/errors.ts";

/** Dense algebra for small symmetric matrices in f64: square matrices are row-major, length n * n. */

const EPSILON = 2.220446049250313e-16;

/** Eigenvalues in descending order, and vectors of the first of them, one per row. */
export interface SymmetricEigen {
  /** length n */
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** A symmetric matrix as Householder reflections of a tridiagonal one. */
export interface Tridiagonal {
  readonly size: number;
  readonly diagonal: Float64Array;
  /** off[i] joins i and i + 1 */
  readonly off: Float64Array;
  /** the vector of reflection k is row k of n x n from k + 1 on */
  readonly reflections: Float64Array;
  readonly scales: Float64Array;
}

/**
 * All eigenpairs of a symmetric matrix: Householder reduction to tridiagonal form, then QL with implicit shifts
 * (Golub and Van Loan, Matrix Computations, 8.3). Cost about 14/3 n^3 multiplications.
 */
export function symmetricEigen(a: Float64Array, n: number): SymmetricEigen {
  return leadingPairs(tridiagonalize(a, n), n);
}

/** The eigenvalues of a reduced matrix and `count` whole vectors; cost about 3 n^3 + 2 n^2 count multiplications. */
export function leadingPairs(reduced: Tridiagonal, count: number): SymmetricEigen {
  const { size: n, reflections, scales } = reduced;
  const inner = new Float64Array(n * n);
  for (let i = 0; i < n; i++) inner[i * n + i] = 1;
  const { values, vectors: all } = diagonalized(reduced, inner, n);
  const vectors = all.slice(0, count * n);
  for (let c = 0; c < count; c++) {
    for (let k = n - 3; k >= 0; k--) {
      const from = k + 1;
      const along = dot(reflections, k * n + from, vectors, c * n + from, n - from);
      addScaled(vectors, c * n + from, -scales[k] * along, reflections, k * n + from, n - from);
    }
  }
  return { values, vectors };
}

/** The eigenvalues of a reduced matrix and the last `tail` entries of all vectors; cost about 4 n^2 tail multiplications. */
export function vectorEnds(reduced: Tridiagonal, tail: number): SymmetricEigen {
  return diagonalized(reduced, basisOf(reduced, tail), tail);
}

function diagonalized(reduced: Tridiagonal, basis: Float64Array, width: number): SymmetricEigen {
  const n = reduced.size;
  const diagonal = reduced.diagonal.slice();
  diagonalize(diagonal, reduced.off.slice(), basis, n, width);
  const order = Array.from({ length: n }, (_, k) => k).sort((x, y) => diagonal[y] - diagonal[x] || x - y);
  const values = new Float64Array(n);
  const vectors = new Float64Array(n * width);
  for (let k = 0; k < n; k++) {
    values[k] = diagonal[order[k]];
    vectors.set(basis.subarray(order[k] * width, (order[k] + 1) * width), k * width);
  }
  return { values, vectors };
}

/** The Householder reduction of a symmetric matrix; cost about 2/3 n^3 multiplications. */
export function tridiagonalize(matrix: Float64Array, n: number): Tridiagonal {
  const a = matrix.slice();
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  const scales = new Float64Array(n);
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    const row = k * n;
    let norm2 = 0;
    for (let j = k + 1; j < n; j++) norm2 += a[row + j] * a[row + j];
    const head = a[row + k + 1];
    if (norm2 - head * head === 0) {
      off[k] = head;
      continue;
    }
    const alpha = head > 0 ? -Math.sqrt(norm2) : Math.sqrt(norm2);
    off[k] = alpha;
    a[row + k + 1] = head - alpha;
    for (let j = k + 1; j < n; j++) v[j] = a[row + j];
    const scale = 1 / (norm2 - head * alpha);
    scales[k] = scale;
    let vw = 0;
    for (let i = k + 1; i < n; i++) {
      w[i] = scale * dot(a, i * n + k + 1, v, k + 1, n - k - 1);
      vw += w[i] * v[i];
    }
    const half = 0.5 * scale * vw;
    for (let i = k + 1; i < n; i++) w[i] -= half * v[i];
    for (let i = k + 1; i < n; i++) {
      const vi = v[i];
      const wi = w[i];
      const at = i * n;
      for (let j = k + 1; j < n; j++) a[at + j] -= vi * w[j] + wi * v[j];
    }
  }
  for (let k = 0; k < n; k++) diagonal[k] = a[k * n + k];
  if (n > 1) off[n - 2] = a[(n - 2) * n + n - 1];
  return { size: n, diagonal, off, reflections: a, scales };
}

/** The last `tail` columns of the basis with basis' T basis = the matrix. */
function basisOf({ size: n, reflections: a, scales }: Tridiagonal, tail: number): Float64Array {
  const basis = new Float64Array(n * tail);
  for (let c = 0; c < tail; c++) basis[(n - tail + c) * tail + c] = 1;
  const along = new Float64Array(tail);
  for (let k = 0; k < n - 2; k++) {
    if (scales[k] === 0) continue;
    along.fill(0);
    for (let i = k + 1; i < n; i++) addScaled(along, 0, a[k * n + i], basis, i * tail, tail);
    for (let i = k + 1; i < n; i++) addScaled(basis, i * tail, -scales[k] * a[k * n + i], along, 0, tail);
  }
  return basis;
}

/** QL sweeps with implicit shifts; off[i] joins i and i + 1. Rows of `basis` become the eigenvectors. */
function diagonalize(d: Float64Array, e: Float64Array, basis: Float64Array, n: number, tail: number): void {
  let norm = 0;
  for (let k = 0; k < n; k++) norm = Math.max(norm, Math.abs(d[k]) + Math.abs(e[k]));
  const negligible = EPSILON * norm;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && !(Math.abs(e[m]) <= negligible)) m++;
      if (m === l) break;
      if (sweep === 80)
        throw new SpatialError(
          "input",
          "The eigenvalues of a matrix with infinite or missing values do not exist.",
        );
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      const r0 = Math.sqrt(g * g + 1);
      g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r0 : -r0));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        const low = i * tail;
        const high = low + tail;
        for (let k = 0; k < tail; k++) {
          const x = basis[high + k];
          const y = basis[low + k];
          basis[high + k] = s * y + c * x;
          basis[low + k] = c * y - s * x;
        }
      }
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/** The lower triangle L with L L' = a; entries above the diagonal are 0. Refuses what is not positive definite. */
export function cholesky(a: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const s = a[i * n + j] - dot(l, i * n, l, j * n, j);
      if (i > j) l[i * n + j] = s / l[j * n + j];
      else if (s > 0 && s < Infinity) l[i * n + i] = Math.sqrt(s);
      else throw new SpatialError("input", `A matrix must be positive definite; pivot ${i} is ${s}.`);
    }
  }
  return l;
}

/** Solves L x = b in place for a lower triangle. */
export function solveLower(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) b[i] = (b[i] - dot(l, i * n, b, 0, i)) / l[i * n + i];
}

/** Solves L' x = b in place for a lower triangle. */
export function solveLowerTransposed(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = n - 1; i >= 0; i--) {
    b[i] /= l[i * n + i];
    addScaled(b, 0, -b[i], l, i * n, i);
  }
}

/** Sum of a[p + i] * b[q + i] over n entries, in four lanes. */
export function dot(a: Float64Array, p: number, b: Float64Array, q: number, n: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    s0 += a[p + i] * b[q + i];
    s1 += a[p + i + 1] * b[q + i + 1];
    s2 += a[p + i + 2] * b[q + i + 2];
    s3 += a[p + i + 3] * b[q + i + 3];
  }
  for (; i < n; i++) s0 += a[p + i] * b[q + i];
  return s0 + s1 + (s2 + s3);
}

/** Numbers of a row that are worked on at a time, so that those of all rows stay in the cache. */
const STRIP = 128;

/** The k x n product of weights (k x m) and of m rows of n numbers each, which lie `stride` apart. */
export function combineRows(
  weights: Float64Array,
  k: number,
  rows: Float64Array,
  m: number,
  stride: number,
  n: number,
): Float64Array {
  const out = new Float64Array(k * n);
  for (let from = 0; from < n; from += STRIP) {
    const width = Math.min(STRIP, n - from);
    for (let c = 0; c < k; c++) {
      const to = c * n + from;
      let i = 0;
      for (; i + 3 < m; i += 4) {
        const at = c * m + i;
        const [w0, w1, w2, w3] = [weights[at], weights[at + 1], weights[at + 2], weights[at + 3]];
        const first = i * stride + from;
        for (let j = 0; j < width; j++) {
          const row = first + j;
          out[to + j] +=
            w0 * rows[row] +
            w1 * rows[row + stride] +
            (w2 * rows[row + 2 * stride] + w3 * rows[row + 3 * stride]);
        }
      }
      for (; i < m; i++) addScaled(out, to, weights[c * m + i], rows, i * stride + from, width);
    }
  }
  return out;
}

/** a[p + i] += s * b[q + i] over n entries. */
export function addScaled(
  a: Float64Array,
  p: number,
  s: number,
  b: Float64Array,
  q: number,
  n: number,
): void {
  for (let i = 0; i < n; i++) a[p + i] += s * b[q + i];
}
