import { expect, it } from "vitest";
import { checkMemory, machineMemory, residentMegabytes } from "../../src/core/memory.ts";

it("knows what the machine has and what the process holds", () => {
  const before = residentMegabytes()!;
  expect(machineMemory()! / 1e6).toBeGreaterThan(before);
  const held = new Float64Array(2.5e7).fill(1);
  expect(residentMegabytes()! - before).toBeGreaterThan(100);
  expect(held.length).toBe(2.5e7);
});

it("refuses what does not fit, with what is needed, what there is and a way out", () => {
  expect(() => checkMemory("The covariance of 9,000 genes", 8e9, "Use fewer genes.", 8e9)).not.toThrow();
  const refused = (): void => checkMemory("The covariance of 9,000 genes", 9e9, "Use fewer genes.", 8e9);
  expect(refused).toThrow("The covariance of 9,000 genes needs 9.0 GB of memory; there are 8.0 GB.");
  expect(refused).toThrow(expect.objectContaining({ code: "memory", hint: "Use fewer genes." }));
});
