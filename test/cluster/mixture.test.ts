import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussianMixture } from "../../src/cluster/index.ts";
import { cutTree, wardTree } from "../../src/cluster/ward.ts";
import { stream } from "../../src/core/rng.ts";
import { normal } from "../../src/kernels/random.ts";
import { type Dense, dense, selectRows } from "../../src/model/index.ts";

/** Points around `groups` centers far apart, in 3 dimensions; point i belongs to group i % groups. */
function clouds(n: number, groups: number, seed: number, apart = 12): Dense {
  const rng = stream(seed);
  const data = new Float64Array(n * 3);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < 3; c++)
      data[i * 3 + c] = normal(rng) * (1 + c) + (c === 0 ? apart * (i % groups) : 5 * ((i % groups) % 2));
  return dense(n, 3, data);
}

/** Log-density of the fitted mixture by its definition, for diagonalized 1-d and general small d through elimination. */
function logLikelihood(x: Dense, weights: Float64Array, means: Dense, covariance: Dense): number {
  const d = x.cols;
  const invert = (): { inverse: number[][]; determinant: number } => {
    const a = Array.from({ length: d }, (_, i) => [
      ...Array.from({ length: d }, (_, j) => covariance.data[i * d + j]),
      ...Array.from({ length: d }, (_, j) => (i === j ? 1 : 0)),
    ]);
    let determinant = 1;
    for (let i = 0; i < d; i++) {
      const p = a[i][i];
      determinant *= p;
      a[i] = a[i].map((v) => v / p);
      for (let r = 0; r < d; r++) if (r !== i) a[r] = a[r].map((v, j) => v - a[r][i] * a[i][j]);
    }
    return { inverse: a.map((row) => row.slice(d)), determinant };
  };
  const { inverse, determinant } = invert();
  let sum = 0;
  for (let i = 0; i < x.rows; i++) {
    let density = 0;
    for (let g = 0; g < weights.length; g++) {
      const v = Array.from({ length: d }, (_, c) => x.data[i * d + c] - means.data[g * d + c]);
      let q = 0;
      for (let c = 0; c < d; c++) for (let e = 0; e < d; e++) q += v[c] * inverse[c][e] * v[e];
      density += (weights[g] * Math.exp(-q / 2)) / Math.sqrt((2 * Math.PI) ** d * determinant);
    }
    sum += Math.log(density);
  }
  return sum;
}

describe("gaussianMixture", () => {
  it("finds separated groups with the same stretched shape", async () => {
    const x = clouds(300, 4, 1);
    const { labels, weights, converged } = await gaussianMixture(x, { clusters: 4 });
    for (let i = 4; i < 300; i++) expect(labels[i]).toBe(labels[i - 4]);
    expect(new Set(labels).size).toBe(4);
    for (const w of weights) expect(w).toBeCloseTo(0.25, 3);
    expect(converged).toBe(true);
  });

  it("agrees with the definition of likelihood and BIC", async () => {
    const x = clouds(120, 3, 2, 5);
    const fit = await gaussianMixture(x, { clusters: 3 });
    expect(fit.logLikelihood).toBeCloseTo(logLikelihood(x, fit.weights, fit.means, fit.covariance), 6);
    expect(fit.bic).toBeCloseTo((2 + 9 + 6) * Math.log(120) - 2 * fit.logLikelihood, 8);
  });

  it("with one group is the normal distribution with the data's mean and covariance", async () => {
    const x = dense(4, 1, Float64Array.from([1, 2, 3, 6]));
    const { means, covariance, labels } = await gaussianMixture(x, { clusters: 1 });
    expect(means.data[0]).toBeCloseTo(3, 12);
    expect(covariance.data[0]).toBeCloseTo(3.5, 4);
    expect(Array.from(labels)).toEqual([0, 0, 0, 0]);
  });

  it("follows the rows' order, a shift and a stretch of the columns", async () => {
    const x = clouds(90, 3, 5);
    const order = Uint32Array.from({ length: 90 }, (_, i) => (i * 7) % 90);
    const base = await gaussianMixture(x, { clusters: 3 });
    const moved = await gaussianMixture(selectRows(x, order), { clusters: 3 });
    const same = new Map<number, number>();
    for (let r = 0; r < 90; r++) {
      const g = base.labels[order[r]];
      if (!same.has(g)) same.set(g, moved.labels[r]);
      expect(moved.labels[r]).toBe(same.get(g));
    }
    const stretched = dense(
      90,
      3,
      Float64Array.from(x.data, (v, e) => v * (e % 3 === 0 ? 3 : 0.5) + 1000),
    );
    expect((await gaussianMixture(stretched, { clusters: 3 })).labels).toEqual(base.labels);
  });

  it("always orders groups by size, repeats itself, and leaves its input alone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 6 }), async (seed, clusters) => {
        const x = clouds(40, 3, seed, 3);
        const before = x.data.slice();
        const a = await gaussianMixture(x, { clusters, seed, restarts: 2 });
        const sizes = new Float64Array(clusters);
        for (const g of a.labels) sizes[g]++;
        expect([...sizes]).toEqual([...sizes].sort((p, q) => q - p));
        expect(await gaussianMixture(x, { clusters, seed, restarts: 2 })).toEqual(a);
        expect(x.data).toEqual(before);
      }),
      { numRuns: 15 },
    );
  });

  it("goes on with all rows where they are more than the starts' sample", async () => {
    const x = clouds(9000, 3, 8);
    const { labels, params } = await gaussianMixture(x, { clusters: 3, restarts: 2 });
    for (let i = 3; i < 9000; i++) expect(labels[i]).toBe(labels[i - 3]);
    expect(params.restarts).toBe(2);
  });

  it("has the same bits on any number of threads", async () => {
    const x = clouds(9000, 3, 9, 4);
    const one = await gaussianMixture(x, { clusters: 4, restarts: 3, threads: 1 });
    for (const threads of [2, 3])
      expect(await gaussianMixture(x, { clusters: 4, restarts: 3, threads })).toEqual(one);
  });

  it("takes constant and repeated rows", async () => {
    const constant = await gaussianMixture(dense(8, 2, new Float64Array(16).fill(4)), { clusters: 2 });
    expect(new Set(constant.labels).size).toBe(1);
    expect(Number.isFinite(constant.logLikelihood)).toBe(true);
  });

  it("refuses too few rows, missing values, a missing count and unknown options", async () => {
    await expect(gaussianMixture(dense(2, 2), { clusters: 3 })).rejects.toMatchObject({ code: "input" });
    await expect(
      gaussianMixture(dense(3, 1, Float64Array.from([1, NaN, 2])), { clusters: 1 }),
    ).rejects.toMatchObject({ code: "input" });
    await expect(gaussianMixture(dense(3, 1), {} as { clusters: number })).rejects.toMatchObject({
      code: "option",
    });
    await expect(
      gaussianMixture(dense(3, 1), { clusters: 1, k: 3 } as { clusters: number }),
    ).rejects.toMatchObject({ code: "option" });
    await expect(
      gaussianMixture(clouds(20, 2, 1), { clusters: 2, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("Ward's hierarchy", () => {
  /** Merges the cheapest pair again and again, looking at all pairs. */
  function slowly(data: Float64Array, n: number, d: number, k: number): Int32Array {
    let groups = Array.from({ length: n }, (_, i) => [i]);
    const mean = (g: number[]): number[] =>
      Array.from({ length: d }, (_, c) => g.reduce((s, i) => s + data[i * d + c], 0) / g.length);
    while (groups.length > k) {
      let best = [0, 1, Infinity];
      for (let a = 0; a < groups.length; a++)
        for (let b = a + 1; b < groups.length; b++) {
          const [p, q] = [mean(groups[a]), mean(groups[b])];
          const far = p.reduce((s, v, c) => s + (v - q[c]) ** 2, 0);
          const cost = (far * groups[a].length * groups[b].length) / (groups[a].length + groups[b].length);
          if (cost < best[2]) best = [a, b, cost];
        }
      const joined = [...groups[best[0]], ...groups[best[1]]];
      groups = [...groups.filter((_, g) => g !== best[0] && g !== best[1]), joined];
    }
    const labels = new Int32Array(n);
    groups.forEach((g, label) => g.forEach((i) => (labels[i] = label)));
    return labels;
  }

  it("agrees with looking at all pairs, at every cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 25 }), async (seed, n) => {
        const rng = stream(seed);
        const data = Float64Array.from({ length: n * 2 }, () => rng.uniform());
        const tree = await wardTree(data, n, 2);
        for (let k = 1; k <= n; k++) {
          const fast = cutTree(tree, k);
          const slow = slowly(data, n, 2, k);
          expect(new Set(fast).size).toBe(k);
          for (let i = 0; i < n; i++)
            for (let j = 0; j < i; j++) expect(fast[i] === fast[j]).toBe(slow[i] === slow[j]);
        }
      }),
      { numRuns: 15 },
    );
  });
});

it("refuses values whose squares overflow", async () => {
  const x = dense(4, 1, Float64Array.of(1e200, -1e200, 1e199, 0));
  await expect(gaussianMixture(x, { clusters: 2 })).rejects.toThrow(/finite squares/);
});
