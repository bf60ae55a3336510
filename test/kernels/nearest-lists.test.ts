import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { INDEX, listBytes, nearestLists, NONE } from "../../src/kernels/nearest-lists.ts";
import { withThreads } from "../../src/kernels/wasm/threads.ts";
import { type Entry, nearestTwin } from "./twins/nearest.ts";

/** Lists of n points as kernels and their twin make them, after cells, rectangles between them and rounds of neighbors. */
async function bothWays(
  shape: { n: number; width: number; kept: number; room: number; levels: number; seed: number },
  threads: number,
): Promise<{ readonly found: Entry[][][]; readonly expected: Entry[][][] }> {
  const { n, width, kept, room, levels, seed } = shape;
  const rng = stream(seed);
  const step = Math.floor(46000 / (levels * Math.sqrt(width)));
  const values = Int16Array.from(
    { length: n * width },
    () => step * (rng.below(levels) - Math.floor(levels / 2)),
  );
  const order = Array.from({ length: n }, (_, i) => (i * 7 + 3) % n);
  const a = Math.floor(n / 3);
  const b = Math.floor((2 * n) / 3);
  const cells = [0, a, 0, a, a, b, a, b, b, n, b, n].filter(
    (_, t, all) => all[t - (t % 4)] < all[t - (t % 4) + 1],
  );
  const between = [0, a, b, n];
  const twin = nearestTwin(values, width, kept, room);
  const found: Entry[][][] = [];
  const expected: Entry[][][] = [];
  const sizes = { n, width, kept, room };
  await withThreads(
    2 * n * width + 4 * (2 * n + 20 + n * kept) + listBytes(sizes, threads),
    { threads },
    async (arena) => {
      const points = arena.i16(n * width);
      points.set(values);
      const places = arena.u32(n);
      places.set(order);
      const rectangles = arena.u32(16);
      const counts = arena.u32(n);
      const sources = arena.u32(n * kept);
      const state = nearestLists(arena, points, sizes);
      const note = async (): Promise<void> => {
        await state.merge();
        twin.merge();
        expected.push(twin.lists.map((list) => [...list]));
        const row = (i: number): Entry[] =>
          Array.from({ length: kept }, (_, t) => 2 * kept * i + t)
            .filter((e) => state.lists[e] !== NONE)
            .map((e) => ({
              s: state.lists[e],
              j: state.lists[e + kept] & INDEX,
              fresh: state.lists[e + kept] < 0,
            }));
        found.push(Array.from({ length: n }, (_, i) => row(i)));
      };
      for (const corners of [cells, between]) {
        rectangles.set(corners);
        await state.compare(places, rectangles.subarray(0, corners.length));
        twin.compare(order, corners);
        await note();
      }
      for (let round = 0; round < 3; round++) {
        await state.compareNeighbors(counts, sources);
        twin.compareNeighbors();
        await note();
      }
    },
  );
  return { found, expected };
}

describe("nearestLists", () => {
  it("agrees with its twin, merge by merge, with ties and coinciding points", async () => {
    const shape = fc.record({
      n: fc.integer({ min: 13, max: 90 }).filter((n) => n % 7 !== 0),
      width: fc.constantFrom(8, 16, 24),
      kept: fc.constantFrom(4, 8, 20),
      room: fc.constantFrom(4, 8),
      levels: fc.integer({ min: 2, max: 900 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(shape, async (one) => {
        const { found, expected } = await bothWays(one, 1);
        expect(found).toEqual(expected);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("agrees with it on several threads", async () => {
    const shape = { n: 500, width: 16, kept: 12, room: 8, levels: 20, seed: 3 };
    const { found, expected } = await bothWays(shape, 3);
    expect(found).toEqual(expected);
  });
});
