import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { csvStrings, parseCsv, readSample } from "../../src/io/index.ts";
import { categorical, categories, positions, type Positions } from "../../src/model/index.ts";
import { coOccurrence } from "../../src/spatial/index.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

/** Ordered pairs by labels and ring, one by one. */
function bruteForce(
  at: Positions,
  codes: readonly number[],
  k: number,
  thresholds: readonly number[],
): number[] {
  const counts = new Array<number>(k * k * thresholds.length).fill(0);
  for (let i = 0; i < at.rows; i++)
    for (let j = 0; j < at.rows; j++) {
      if (i === j || codes[i] < 0 || codes[j] < 0) continue;
      const square = (at.data[2 * i] - at.data[2 * j]) ** 2 + (at.data[2 * i + 1] - at.data[2 * j + 1]) ** 2;
      const bin = thresholds.findIndex((t) => square <= t * t);
      if (bin >= 0) counts[(codes[i] * k + codes[j]) * thresholds.length + bin]++;
    }
  return counts;
}

describe("coOccurrence agrees with", () => {
  it.skipIf(oracles === null)("squidpy on discs", async () => {
    const folder = join(oracles!, "core");
    const { dataset } = await readSample(join(folder, "toy"));
    const csv = parseCsv(readFileSync(join(folder, "toy", "toy_obs.csv")), "obs");
    const labels = categories(csvStrings(csv, csv.header.indexOf("domain")));
    const npz = readNpz(join(folder, "co_occurrence.npz"));
    for (const [occ, interval] of [
      ["occ", "interval"],
      ["occ2", "interval2"],
    ]) {
      const thresholds = Float64Array.from(npz[interval].data as Float64Array).slice(1);
      const { ratio } = await coOccurrence(labels, dataset.positions!, { thresholds });
      const theirs = npz[occ].data as Float32Array;
      expect(ratio.length).toBe(theirs.length);
      let off = 0;
      ratio.forEach((v, c) => {
        const [a, b] = [Number.isNaN(v) ? 0 : v, Number.isNaN(theirs[c]) ? 0 : theirs[c]];
        // Pairs exactly at a threshold may flip there, in single precision.
        if (Math.abs(a - b) > 1e-4 * Math.max(1, b)) off++;
      });
      expect(off).toBeLessThanOrEqual(0.01 * ratio.length);
    }
  });

  it("brute force: lattices full of ties, even and uneven thresholds, many tiles, missing labels", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 40 }),
            fc.integer({ min: 0, max: 9 }),
            fc.integer({ min: -1, max: 2 }),
          ),
          {
            minLength: 0,
            maxLength: 60,
          },
        ),
        fc.constantFrom([1, 2, 3, 4], [2.5, 5, 7.5], [1, 2, 4, 8], [100], [0, 5], [0.5]),
        async (points, thresholds) => {
          const at = positions(Float64Array.from(points.flatMap(([x, y]) => [x, y])), "um", 1);
          const codes = points.map(([, , c]) => c);
          const labels = categorical(Int32Array.from(codes), ["a", "b", "c"]);
          const { counts } = await coOccurrence(labels, at, { thresholds, threads: 1 });
          expect([...counts]).toEqual(bruteForce(at, codes, 3, thresholds));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("coOccurrence agrees with brute force beyond one leaf of its trees", () => {
  const n = 700;
  const rng = stream(4);
  const at = positions(
    Float64Array.from({ length: 2 * n }, () => 100 * rng.uniform()),
    "um",
    1,
  );
  const codes = Array.from({ length: n }, () => rng.below(3));
  const labels = categorical(Int32Array.from(codes), ["a", "b", "c"]);
  it.each([
    ["50 even", Array.from({ length: 50 }, (_, t) => 1.4 * (t + 1))],
    ["200 even from 30 on", Array.from({ length: 200 }, (_, t) => 30 + t / 4)],
    ["400 even, too many for a table", Array.from({ length: 400 }, (_, t) => t / 4)],
    ["even, too close for single precision", Array.from({ length: 9 }, (_, t) => 50 + 1e-7 * t)],
    ["uneven", [0.5, 3, 3.1, 20, 90]],
    ["one that holds all", [200]],
  ])("%s", async (_, thresholds) => {
    const { counts } = await coOccurrence(labels, at, { thresholds });
    expect([...counts]).toEqual(bruteForce(at, codes, 3, thresholds));
  });
});

describe("coOccurrence, always", () => {
  const n = 900;
  const at = positions(
    Float64Array.from({ length: 2 * n }, (_, t) => ((t * 7919) % 1009) + ((t * 31) % 7) / 7),
    "um",
    1,
  );
  const labels = categorical(
    Int32Array.from({ length: n }, (_, i) => (i * 13) % 4),
    ["a", "b", "c", "d"],
  );

  it("is the same on any number of threads and when the tissue is moved", async () => {
    const alone = await coOccurrence(labels, at, { threads: 1 });
    expect(await coOccurrence(labels, at, { threads: 3 })).toEqual(alone);
    const moved = positions(
      at.data.map((v) => v + 4096),
      "um",
      1,
    );
    const there = await coOccurrence(labels, moved, { thresholds: alone.thresholds });
    const pairs = alone.counts.reduce((a, b) => a + b, 0);
    expect(there.counts.reduce((sum, c, t) => sum + Math.abs(c - alone.counts[t]), 0)).toBeLessThan(
      1e-4 * pairs,
    );
  });

  it("never pairs two samples", async () => {
    const sample = categorical(
      Int32Array.from({ length: n }, (_, i) => (i < 300 ? 0 : 1)),
      ["s", "t"],
    );
    const thresholds = [50, 100, 3000];
    const both = await coOccurrence(labels, at, { thresholds, sample });
    const total = both.counts.reduce((a, b) => a + b, 0);
    expect(total).toBe(300 * 299 + 600 * 599);
  });

  it("refuses what does not fit", async () => {
    await expect(coOccurrence(labels, at, { thresholds: [2, 1] })).rejects.toMatchObject({ code: "option" });
    await expect(coOccurrence(categories(["a"]), at)).rejects.toMatchObject({ code: "input" });
  });
});
