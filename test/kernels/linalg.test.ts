import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cholesky,
  combineRows,
  leadingPairs,
  solveLower,
  solveLowerTransposed,
  symmetricEigen,
  tridiagonalize,
  vectorEnds,
} from "../../src/kernels/linalg.ts";
import { stream } from "../../src/core/rng.ts";

function randomSymmetric(n: number, rank: number, seed: number): Float64Array {
  const rng = stream(seed);
  const b = Float64Array.from({ length: rank * n }, () => rng.uniform() - 0.5);
  const a = new Float64Array(n * n);
  for (let r = 0; r < rank; r++)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j] += b[r * n + i] * b[r * n + j];
  return a;
}

function checkEigen(a: Float64Array, n: number): Float64Array {
  const { values, vectors } = symmetricEigen(a, n);
  const size = Math.max(1e-300, ...a.map(Math.abs)) * n;
  for (let k = 0; k < n; k++) {
    if (k > 0) expect(values[k]).toBeLessThanOrEqual(values[k - 1]);
    for (let i = 0; i < n; i++) {
      let av = 0;
      for (let j = 0; j < n; j++) av += a[i * n + j] * vectors[k * n + j];
      expect(Math.abs(av - values[k] * vectors[k * n + i])).toBeLessThan(1e-13 * size);
    }
    for (let l = 0; l <= k; l++) {
      let d = 0;
      for (let j = 0; j < n; j++) d += vectors[k * n + j] * vectors[l * n + j];
      expect(Math.abs(d - (k === l ? 1 : 0))).toBeLessThan(1e-12);
    }
  }
  return values;
}

describe("symmetricEigen", () => {
  it("agrees with the closed form of a path graph's Laplacian", () => {
    const n = 40;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      a[i * n + i] = 2;
      if (i > 0) a[i * n + i - 1] = a[(i - 1) * n + i] = -1;
    }
    const values = checkEigen(a, n);
    for (let k = 0; k < n; k++)
      expect(values[k]).toBeCloseTo(2 + 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 12);
  });

  it("always gives orthonormal vectors that the matrix only stretches", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 0, max: 24 }),
        fc.nat(),
        (n, rank, seed) => {
          checkEigen(randomSymmetric(n, rank, seed), n);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("handles diagonal, zero, repeated and badly scaled matrices", () => {
    checkEigen(new Float64Array(25), 5);
    checkEigen(Float64Array.from([3, 0, 0, 0, 3, 0, 0, 0, 1]), 3);
    checkEigen(new Float64Array(36).fill(1), 6);
    checkEigen(Float64Array.from([1e12, 1, 1, 1e-12]), 2);
    checkEigen(Float64Array.from([0, 0, 1, 0, 0, 0, 1, 0, 0]), 3);
  });

  it("forms the ends of the vectors, or the first ones, alone when asked", () => {
    const n = 15;
    const a = randomSymmetric(n, 20, 6);
    const whole = symmetricEigen(a, n);
    const reduced = tridiagonalize(a, n);
    const { values, vectors } = vectorEnds(reduced, 4);
    expect(values).toEqual(whole.values);
    expect(leadingPairs(reduced, 3).vectors).toEqual(whole.vectors.slice(0, 3 * n));
    for (let k = 0; k < n; k++)
      for (let c = 0; c < 4; c++)
        expect(vectors[k * 4 + c]).toBeCloseTo(whole.vectors[k * n + n - 4 + c], 12);
  });

  it("refuses matrices with missing values", () => {
    expect(() => symmetricEigen(Float64Array.from([1, NaN, NaN, 1]), 2)).toThrow(/do not exist/);
  });
});

it.each([
  [1, 3, 5, 7],
  [3, 8, 128, 128],
  [2, 11, 300, 304],
])("combineRows agrees with the definition: %i x %i of %i numbers", (k, m, n, stride) => {
  const rng = stream(4, n);
  const weights = Float64Array.from({ length: k * m }, () => rng.uniform() - 0.5);
  const rows = Float64Array.from({ length: m * stride }, () => rng.uniform() - 0.5);
  const found = combineRows(weights, k, rows, m, stride, n);
  expect(found.length).toBe(k * n);
  for (let c = 0; c < k; c++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < m; i++) sum += weights[c * m + i] * rows[i * stride + j];
      expect(found[c * n + j]).toBeCloseTo(sum, 12);
    }
});

describe("cholesky and triangular solves", () => {
  it("invert a positive definite system", () => {
    const n = 9;
    const a = randomSymmetric(n, 20, 5);
    const l = cholesky(a, n);
    const x = Float64Array.from({ length: n }, (_, i) => i - 3);
    const b = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) b[i] += a[i * n + j] * x[j];
    solveLower(l, n, b);
    solveLowerTransposed(l, n, b);
    for (let i = 0; i < n; i++) expect(b[i]).toBeCloseTo(x[i], 9);
  });

  it("refuse a matrix that is not positive definite", () => {
    expect(() => cholesky(Float64Array.from([1, 2, 2, 1]), 2)).toThrow(/positive definite/);
  });
});
