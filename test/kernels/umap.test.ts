import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { pow } from "../../src/kernels/math.ts";
import { withArena } from "../../src/kernels/wasm/arena.ts";
import * as twin from "./twins/umap.ts";

describe("the power kernel", () => {
  it("agrees with its twin bit for bit and with pow to a few parts in a million", async () => {
    await withArena(32, (arena) => {
      const x = arena.f32(4);
      const out = arena.f32(4);
      const rng = stream(1);
      for (let t = 0; t < 2000; t++) {
        const y = Math.fround(rng.uniform() * 3);
        for (let lane = 0; lane < 4; lane++) x[lane] = pow(10, rng.uniform() * 18 - 12);
        arena.kernels.power4(x.byteOffset, y, out.byteOffset);
        for (let lane = 0; lane < 4; lane++) {
          expect(out[lane]).toBe(twin.power(x[lane], y));
          expect(Math.abs(out[lane] / pow(x[lane], y) - 1)).toBeLessThan(1e-5);
        }
      }
      x.set([1, 1, 4, 0.25]);
      arena.kernels.power4(x.byteOffset, 0.5, out.byteOffset);
      expect(Array.from(out)).toEqual([1, 1, 2, 0.5]);
    });
  });
});

describe("the descent kernel", () => {
  for (const negatives of [0, 1, 3, 4, 5, 9]) {
    it(`agrees with its twin bit for bit, ${negatives} negative samples`, async () => {
      const [nodes, m] = [30, 212];
      await withArena(4 * (4 * nodes + 3 * m + 8), (arena) => {
        const rng = stream(2, negatives);
        const layout: twin.Layout = {
          heads: arena.u32(m),
          tails: arena.u32(m),
          rates: arena.f32(m),
          now: arena.f32(2 * nodes),
          next: arena.f32(2 * nodes),
          random: arena.u32(4),
        };
        const { heads, tails, rates, now, next, random } = layout;
        const queue = arena.u32(4);
        // Heads repeat within fours, and now and then the same edge.
        for (let e = 0; e < m; e++) heads[e] = rng.below(nodes);
        for (let e = 0; e < m; e++) tails[e] = (heads[e] + 1 + rng.below(nodes - 1)) % nodes;
        for (let e = 0; e < m; e++) rates[e] = e < 6 ? 1 : rng.uniform();
        heads.fill(3, 0, 3);
        tails.fill(4, 0, 3);
        // Some points coincide, some are far away.
        for (let t = 0; t < 2 * nodes; t++) now[t] = t < 6 ? 1 : rng.uniform() * (t < 20 ? 100 : 3);
        for (let lane = 0; lane < 4; lane++) random[lane] = rng.u32();

        next.set(now);
        const own: twin.Layout = { ...layout, now: now.slice(), next: next.slice(), random: random.slice() };
        for (let epoch = 1; epoch <= 20; epoch++) {
          for (const [start, end] of [
            [0, 52],
            [52, m],
          ]) {
            const step = 1 - (epoch - 1) / 20;
            arena.kernels.umapEpoch(
              start,
              end,
              epoch,
              step,
              nodes,
              heads.byteOffset,
              tails.byteOffset,
              rates.byteOffset,
              now.byteOffset,
              next.byteOffset,
              0.583,
              1.334,
              negatives,
              random.byteOffset,
              queue.byteOffset,
            );
            twin.umapEpoch(start, end, epoch, step, 0.583, 1.334, negatives, own);
          }
          now.set(next);
          own.now.set(own.next);
        }
        expect(next).toEqual(own.next);
        expect(random).toEqual(own.random);
      });
    });
  }
});
