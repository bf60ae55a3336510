import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/rng.ts";
import { symmetricEigen } from "../../src/kernels/linalg.ts";
import { type Dense, type Sparse, dense, selectRows, toDense, toSparse } from "../../src/model/index.ts";
import { pca } from "../../src/reduce/pca.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

/** Sparse non-negative data with a few directions above the noise. */
function sample(n: number, p: number, seed: number, density = 0.3): Sparse {
  const rng = stream(seed);
  const data = new Float32Array(n * p);
  for (let i = 0; i < n; i++) {
    const group = i % 4;
    for (let j = 0; j < p; j++) {
      const up = j % 5 === group ? 2 : 1;
      if (rng.uniform() < density * up) data[i * p + j] = up + rng.uniform();
    }
  }
  return toSparse(dense(n, p, data));
}

/** The covariance by its definition and all its eigenpairs. */
function direct(x: Dense): { values: Float64Array; vectors: Float64Array } {
  const { rows: n, cols: p, data } = x;
  const mean = new Float64Array(p);
  for (let i = 0; i < n; i++) for (let j = 0; j < p; j++) mean[j] += data[i * p + j] / n;
  const c = new Float64Array(p * p);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < p; j++)
      for (let k = 0; k < p; k++)
        c[j * p + k] += ((data[i * p + j] - mean[j]) * (data[i * p + k] - mean[k])) / (n - 1);
  return symmetricEigen(c, p);
}

/** |cosine| between column k of a p x d matrix and row k of vectors. */
function cosine(loadings: Dense, k: number, vector: ArrayLike<number>, at: number, step: number): number {
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let j = 0; j < loadings.rows; j++) {
    const a = loadings.data[j * loadings.cols + k];
    const b = vector[at + j * step];
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return Math.abs(xy) / Math.sqrt(xx * yy);
}

/** The oracle's log values, and the same centred, divided by the standard deviation and clipped at 10. */
function oracleValues(core: string): { log: Sparse; scaled: Dense } {
  const counts = readCsr(readNpz(join(core, "input.npz")), "X");
  const log = {
    ...counts,
    data: readNpz(join(core, "normalize.npz"))["t1e4_log1p_data"].data as Float32Array,
  };
  const scale = readNpz(join(core, "scale.npz"));
  const mean = scale["mean"].data as Float64Array;
  const std = scale["std"].data as Float64Array;
  const scaled = toDense(log);
  for (let e = 0; e < scaled.data.length; e++) {
    const j = e % scaled.cols;
    const z = Math.fround(Math.fround(scaled.data[e] - Math.fround(mean[j])) / Math.fround(std[j]));
    scaled.data[e] = Math.max(-10, Math.min(10, z));
  }
  return { log, scaled };
}

describe.skipIf(oracles === null)("pca agrees with scanpy", () => {
  const core = join(oracles ?? "", "core");

  it.each([
    ["scaled, dense", "", 50],
    ["unscaled, sparse", "sparse_", 30],
  ])("on %s values", async (_, prefix, d) => {
    const want = readNpz(join(core, "pca.npz"));
    const { log, scaled } = oracleValues(core);
    const x = prefix === "" ? scaled : log;
    const got = await pca(x, { components: d, tolerance: 1e-6 });
    const variance = want[`${prefix}variance`].data as Float64Array;
    const ratio = want[`${prefix}variance_ratio`].data as Float64Array;
    const axes = want[`${prefix}PCs`].data as Float64Array;
    let separated = 0;
    for (let k = 0; k < d; k++) {
      expect(Math.abs(got.variance[k] / variance[k] - 1)).toBeLessThan(1e-6);
      expect(Math.abs(got.varianceRatio[k] / ratio[k] - 1)).toBeLessThan(1e-5);
      const gap = Math.min(
        k > 0 ? variance[k - 1] - variance[k] : Infinity,
        k + 1 < d ? variance[k] - variance[k + 1] : 0,
      );
      if (gap < 0.02 * variance[k]) continue;
      separated++;
      expect(cosine(got.loadings, k, axes, k, d)).toBeGreaterThan(1 - 1e-5);
    }
    expect(separated).toBeGreaterThanOrEqual(5);
  });
});

describe("pca agrees with the definition", () => {
  it.each([
    ["few genes: X'X", 300, 40],
    ["few cells, many genes: products", 40, 700],
  ])("%s", async (_, n, p) => {
    const x = sample(n, p, 7);
    const d = 12;
    const got = await pca(x, { components: d });
    const want = direct(toDense(x));
    for (let k = 0; k < d; k++) expect(Math.abs(got.variance[k] / want.values[k] - 1)).toBeLessThan(1e-4);
    for (let k = 0; k < 3; k++)
      expect(cosine(got.loadings, k, want.vectors, k * p, 1)).toBeGreaterThan(1 - 1e-6);
    let total = 0;
    for (const v of want.values) total += v;
    expect(got.varianceRatio[0]).toBeCloseTo(want.values[0] / total, 5);
  });

  it.each(["gram", "lanczos"] as const)(
    "%s: spans the directions above the noise to an angle of 1e-3, variance to 1e-4, the same bits on any number of threads",
    async (solver) => {
      const x = sample(3000, 120, 5); // several blocks of rows
      const { values, vectors } = direct(toDense(x));
      const above = 3;
      expect(values[above - 1]).toBeGreaterThan(1.5 * values[above]);
      const got = await pca(x, { components: 10, solver, threads: 1 });
      for (let k = 0; k < 10; k++) expect(Math.abs(got.variance[k] / values[k] - 1)).toBeLessThan(1e-4);
      // The Frobenius norm of what lies outside is at least the sine of the largest angle.
      let outside = 0;
      for (let k = 0; k < above; k++) {
        const left = Float64Array.from({ length: 120 }, (_, j) => got.loadings.data[j * 10 + k]);
        for (let m = 0; m < above; m++) {
          const vector = vectors.subarray(m * 120, (m + 1) * 120);
          const along = vector.reduce((sum, v, j) => sum + v * got.loadings.data[j * 10 + k], 0);
          vector.forEach((v, j) => (left[j] -= along * v));
        }
        outside += left.reduce((sum, v) => sum + v * v, 0);
      }
      expect(Math.sqrt(outside)).toBeLessThan(1e-3);
      expect(await pca(x, { components: 10, solver, threads: 3 })).toEqual(got);
    },
  );
});

describe("pca always", () => {
  it("gives scores with mean 0, the stated variance and no correlation", async () => {
    const x = sample(120, 60, 3);
    const d = 8;
    const { scores, variance } = await pca(x, { components: d });
    for (let k = 0; k < d; k++) {
      for (let l = 0; l <= k; l++) {
        let sum = 0;
        let cross = 0;
        for (let i = 0; i < x.rows; i++) {
          sum += scores.data[i * d + k];
          cross += scores.data[i * d + k] * scores.data[i * d + l];
        }
        expect(Math.abs(sum)).toBeLessThan(1e-3);
        const wanted = k === l ? variance[k] : 0;
        expect(Math.abs(cross / (x.rows - 1) - wanted)).toBeLessThan(2e-3 * variance[0]);
      }
    }
  });

  it("is the same for dense and sparse, twice, and leaves its input alone", async () => {
    const x = sample(80, 50, 11);
    const before = x.data.slice();
    const a = await pca(x, { components: 5 });
    const b = await pca(toDense(x), { components: 5 });
    expect(b).toEqual(a);
    expect(x.data).toEqual(before);
  });

  it("follows the cells' order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const x = sample(60, 30, seed);
        const order = Uint32Array.from({ length: 60 }, (_, i) => (i * 7 + (seed % 60)) % 60);
        const a = await pca(x, { components: 3, tolerance: 1e-10 });
        const b = await pca(selectRows(x, order), { components: 3, tolerance: 1e-10 });
        for (let k = 0; k < 3; k++) expect(b.variance[k] / a.variance[k]).toBeCloseTo(1, 9);
        for (let i = 0; i < 60; i++)
          expect(Math.abs(b.scores.data[i * 3] - a.scores.data[order[i] * 3])).toBeLessThan(1e-4);
      }),
      { numRuns: 10 },
    );
  });

  it("fixes the sign: the largest weight of each component is positive", async () => {
    const { loadings } = await pca(sample(50, 20, 2), { components: 6 });
    for (let k = 0; k < 6; k++) {
      const weights = Array.from({ length: 20 }, (_, j) => loadings.data[j * 6 + k]);
      expect(Math.max(...weights)).toBeGreaterThanOrEqual(-Math.min(...weights));
    }
  });

  it("uses the given genes only", async () => {
    const x = sample(60, 30, 5);
    const genes = Uint32Array.from([1, 4, 9, 16, 25]);
    const got = await pca(x, { genes, components: 2 });
    expect(got.loadings.rows).toBe(30);
    expect(got.mean[0]).toBe(0);
    expect(got.mean[4]).toBeGreaterThan(0);
    expect(got.loadings.data.subarray(0, 2)).toEqual(new Float32Array(2));
    expect(got.params.genes).toBe(5);
  });
});

describe("pca at the edges", () => {
  it("gives variance 0 beyond the rank and for constant data", async () => {
    const constant = await pca(dense(6, 4, new Float32Array(24).fill(3)));
    expect(Array.from(constant.variance)).toEqual([0, 0, 0]);
    expect(Array.from(constant.varianceRatio)).toEqual([0, 0, 0]);
    const line = await pca(dense(4, 3, Float32Array.from([0, 0, 1, 2, 0, 1, 4, 0, 1, 6, 0, 1])));
    expect(line.variance[0]).toBeCloseTo(20 / 3, 6);
    expect(line.variance[1]).toBeLessThan(1e-6);
  });

  it("finds repeated variances", async () => {
    const n = 64;
    const data = new Float32Array(n * 8);
    for (let i = 0; i < n; i++) for (let j = 0; j < 6; j++) data[i * 8 + j] = (i >> j) & 1 ? 1 : -1;
    const { variance } = await pca(dense(n, 8, data), { components: 7 });
    for (let k = 0; k < 6; k++) expect(variance[k]).toBeCloseTo(64 / 63, 6);
    expect(variance[6]).toBeLessThan(1e-9);
  });

  it("caps its default at min(50, n - 1, p - 1) and refuses more than there are", async () => {
    const x = sample(9, 30, 1);
    expect((await pca(x)).params.components).toBe(8);
    await expect(pca(x, { components: 9 })).rejects.toMatchObject({ code: "option", subject: "components" });
  });

  it("refuses one cell, missing values and unknown options", async () => {
    await expect(pca(dense(1, 5))).rejects.toMatchObject({ code: "input" });
    await expect(pca(dense(3, 3, new Float32Array(9).fill(NaN)))).rejects.toMatchObject({ code: "input" });
    await expect(pca(dense(3, 3), { n_comps: 2 } as object)).rejects.toMatchObject({ code: "option" });
  });

  it("stops at the caller's signal", async () => {
    const signal = AbortSignal.abort();
    await expect(pca(sample(50, 20, 2), { signal })).rejects.toMatchObject({ code: "aborted" });
  });
});
