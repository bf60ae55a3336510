import { expect, it } from "vitest";
import { calibrationOf, expectCalibrated, nullPValues } from "../support/calibration.ts";

it("finds uniform p-values in order, those of few permutations too", async () => {
  expectCalibrated(await nullPValues((rng) => 1 - rng.uniform()), { continuous: true });
  const few = await nullPValues((rng) => (1 + rng.below(20)) / 20);
  expectCalibrated(few, { continuous: true, permutations: 19 });
  expect(calibrationOf(few).uniform).toBeLessThan(0.05);
});

it("takes several p-values of one draw", async () => {
  const p = await nullPValues((rng) => [rng.uniform(), rng.uniform(), rng.uniform()], { tissues: 8 });
  expect(new Set(p).size).toBe(8);
});

it.each([
  ["are 0", (u: number) => (u < 0.001 ? 0 : u)],
  ["are no numbers", (u: number) => (u < 0.01 ? NaN : u)],
  ["are a third too small", (u: number) => u / 1.5],
  ["are too small in the far tail only", (u: number) => (u < 0.04 ? u / 5 : u)],
  ["are too small in the middle only", (u: number) => (u > 0.2 ? 0.2 + (u - 0.2) * 0.8 : u)],
  ["are twice as large", (u: number) => Math.min(1, 2 * u)],
  ["are folded to the nearer tail", (u: number) => Math.min(u, 1 - u)],
] as const)("refuses p-values that %s", async (_, spoil) => {
  const p = await nullPValues((rng) => spoil(rng.uniform()), { seed: 3 });
  expect(() => expectCalibrated(p, { continuous: true })).toThrow();
});

it("knows the Kolmogorov-Smirnov and binomial tails", () => {
  const p = Float64Array.from({ length: 100 }, (_, k) => ((k + 0.5) / 100) ** 1.3);
  const { uniform, tooSmall, tooMany, rejected } = calibrationOf(p);
  expect(rejected).toBeCloseTo(0.1, 10);
  expect(tooMany).toBeCloseTo(0.02819, 4);
  expect(uniform).toBeCloseTo(0.2402, 2); // SciPy: the exact chance
  expect(tooSmall).toBeCloseTo(0.1203, 2);
});
