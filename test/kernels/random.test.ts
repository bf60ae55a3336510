import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/rng.ts";
import {
  choose,
  dirichlet,
  gamma,
  negativeBinomial,
  normal,
  poisson,
  shuffle,
} from "../../src/kernels/random.ts";

const DRAWS = 200_000;

function moments(draw: (k: number) => number): { mean: number; variance: number; third: number } {
  const x = Float64Array.from({ length: DRAWS }, (_, k) => draw(k));
  const mean = x.reduce((a, b) => a + b) / DRAWS;
  const central = (power: number): number => x.reduce((a, b) => a + Math.pow(b - mean, power), 0) / DRAWS;
  return { mean, variance: central(2), third: central(3) };
}

/** The drawn mean and variance lie within 5 standard errors of the true ones (standard error of the variance from `kurtosis`). */
function expectMoments(draw: (k: number) => number, mean: number, variance: number, kurtosis: number): void {
  const found = moments(draw);
  expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / DRAWS));
  expect(Math.abs(found.variance - variance)).toBeLessThan(
    5 * variance * Math.sqrt((kurtosis - 1) / DRAWS) + 1e-12,
  );
}

describe("random distributions agree with their exact moments", () => {
  it("normal", () => {
    const rng = stream(1);
    expectMoments(() => normal(rng), 0, 1, 3);
    const again = stream(2);
    expect(Math.abs(moments(() => normal(again)).third)).toBeLessThan(5 * Math.sqrt(15 / DRAWS));
  });

  it.each([0.3, 1, 2.5, 40])("gamma of shape %f", (shape) => {
    const rng = stream(3);
    expectMoments(() => gamma(rng, shape), shape, shape, 3 + 6 / shape);
  });

  it.each([0.02, 0.7, 5, 9.99, 10, 31, 1000])("poisson of mean %f", (mean) => {
    const rng = stream(4);
    expectMoments(() => poisson(rng, mean), mean, mean, 3 + 1 / mean);
  });

  it.each([
    [0.05, 0.5],
    [2, 0.25],
    [2, 3],
    [9, 1],
    [30, 0.1],
    [200, 0.4],
  ])("negative binomial of mean %f and dispersion %f", (mean, dispersion) => {
    const rng = stream(5);
    const variance = mean + dispersion * mean * mean;
    expectMoments(
      () => negativeBinomial(rng, mean, dispersion),
      mean,
      variance,
      3 + 6 * dispersion + 1 / variance,
    );
  });

  it("poisson probabilities on both sides of the change of method", () => {
    for (const mean of [9.5, 10.5]) {
      const rng = stream(6);
      const seen = new Float64Array(60);
      for (let k = 0; k < DRAWS; k++) seen[poisson(rng, mean)]++;
      let p = Math.exp(-mean);
      for (let k = 0; k < 30; k++) {
        expect(Math.abs(seen[k] - DRAWS * p)).toBeLessThan(5 * Math.sqrt(DRAWS * p) + 3);
        p *= mean / (k + 1);
      }
    }
  });

  it("dirichlet shares add up and have the weights' means", () => {
    const rng = stream(7);
    const mean = new Float64Array(3);
    for (let k = 0; k < 20_000; k++) {
      const shares = dirichlet(rng, [1, 2, 5]);
      expect(shares[0] + shares[1] + shares[2]).toBeCloseTo(1, 12);
      shares.forEach((s, j) => (mean[j] += s / 20_000));
    }
    [1 / 8, 2 / 8, 5 / 8].forEach((m, j) => expect(mean[j]).toBeCloseTo(m, 2));
  });

  it("choose follows the weights and never takes a weight of 0", () => {
    const rng = stream(8);
    const seen = [0, 0, 0, 0];
    for (let k = 0; k < DRAWS; k++) seen[choose(rng, [0, 1, 3, 0])]++;
    expect(seen[0] + seen[3]).toBe(0);
    expect(seen[2] / DRAWS).toBeCloseTo(0.75, 2);
  });

  it("shuffle makes every order equally often", () => {
    const rng = stream(9);
    const seen = new Map<string, number>();
    for (let k = 0; k < 60_000; k++) {
      const order = shuffle(rng, Uint32Array.of(0, 1, 2)).join("");
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe("random distributions at the edges", () => {
  it("a mean of 0 is always 0", () => {
    const rng = stream(10);
    expect(poisson(rng, 0)).toBe(0);
    expect(negativeBinomial(rng, 0, 1)).toBe(0);
  });

  it("dispersion 0 draws exactly what poisson draws", () => {
    expect(negativeBinomial(stream(11), 25, 0)).toBe(poisson(stream(11), 25));
  });

  it("same stream, same numbers (pinned)", () => {
    const rng = stream(12);
    expect([normal(rng), gamma(rng, 0.5), poisson(rng, 50), negativeBinomial(rng, 20, 0.3)])
      .toMatchInlineSnapshot(`
      [
        0.21953905582419359,
        0.19373502454340163,
        41,
        32,
      ]
    `);
  });
});
