import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/rng.ts";
import { withCovariance } from "../../src/kernels/covariance.ts";
import {
  axesOfMap,
  axesOfProducts,
  centredTimes,
  columnsOf,
  scoresAmongRows,
  sparseMap,
} from "../../src/kernels/principal.ts";
import { type Sparse, dense, toSparse } from "../../src/model/index.ts";

/** Sparse values about a few directions, each half as strong as the one before. */
function sample(n: number, p: number, seed: number): Sparse {
  const rng = stream(seed);
  const data = new Float32Array(n * p);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < p; j++) {
      const pattern = j % 4 === i % 4 ? 8 >> (i % 4) : 0;
      if (rng.uniform() < 0.4) data[i * p + j] = pattern + rng.uniform();
    }
  }
  return toSparse(dense(n, p, data));
}

function columnMeans({ rows, cols, indices, data }: Sparse): Float64Array {
  const mean = new Float64Array(cols);
  data.forEach((v, e) => (mean[indices[e]] += v / rows));
  return mean;
}

describe("withCovariance", () => {
  it("multiplies by the covariance of its definition, the matrix kept or copied block by block", async () => {
    const x = sample(20_000, 30, 1); // more than one block of rows
    const mean = columnMeans(x);
    for (const b of [1, 3, 4, 6]) {
      const rng = stream(2, b);
      const vectors = Float64Array.from({ length: b * 30 }, () => rng.uniform() - 0.5);
      const got = await withCovariance(x, mean, 6, (product) => product(vectors, b), {});
      expect(await withCovariance(x, mean, 6, (product) => product(vectors, b), {}, 0)).toEqual(got);
      for (const threads of [1, 3]) {
        const again = withCovariance(x, mean, 6, (product) => product(vectors, b), { threads });
        expect(await again).toEqual(got);
      }
      const want = new Float64Array(b * 30);
      const row = new Float64Array(30);
      for (let i = 0; i < x.rows; i++) {
        for (let j = 0; j < 30; j++) row[j] = -mean[j];
        for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) row[x.indices[e]] += x.data[e];
        for (let c = 0; c < b; c++) {
          let along = 0;
          for (let j = 0; j < 30; j++) along += row[j] * vectors[c * 30 + j];
          for (let j = 0; j < 30; j++) want[c * 30 + j] += (along * row[j]) / (x.rows - 1);
        }
      }
      const largest = Math.max(...want.map(Math.abs));
      want.forEach((v, e) => expect(Math.abs(got[e] - v)).toBeLessThan(5e-6 * largest));
    }
  });

  it("stops at the caller's signal", async () => {
    const run = { signal: AbortSignal.abort() };
    const x = sample(20, 5, 1);
    const asked = withCovariance(x, columnMeans(x), 1, (product) => product(new Float64Array(5), 1), run);
    await expect(asked).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("principal axes", () => {
  const search = { count: 3, tolerance: 1e-6, seed: 0, step: "test" };

  it("are the same from products with any map and with a sparse matrix", async () => {
    const x = sample(400, 60, 3);
    const mean = columnMeans(x);
    const a = await axesOfMap(sparseMap(x), mean, search, {});
    const b = await axesOfProducts(x, mean, search, {});
    for (let k = 0; k < 3; k++) expect(b.variance[k] / a.variance[k]).toBeCloseTo(1, 6);
    a.axes.forEach((v, e) => expect(Math.abs(b.axes[e] - v)).toBeLessThan(1e-4));
  });

  it("give the same coordinates when found among the rows", async () => {
    const x = sample(50, 300, 4);
    const mean = columnMeans(x);
    const map = sparseMap(x);
    const { axes } = await axesOfMap(map, mean, search, {});
    const want = await centredTimes(map, mean, columnsOf(axes, 300, 3), 3);
    const got = await scoresAmongRows(map, search, {});
    const largest = Math.max(...want.map(Math.abs));
    want.forEach((v, e) => expect(Math.abs(got[e] - v)).toBeLessThan(1e-4 * largest));
  });

  it("among the rows of a constant matrix are all 0", async () => {
    const map = sparseMap(toSparse(dense(4, 9, new Float32Array(36).fill(3))));
    const scores = await scoresAmongRows(map, search, {});
    for (const v of scores) expect(Math.abs(v)).toBeLessThan(1e-5);
  });
});
