import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { pow } from "../../src/kernels/math.ts";
import { withArena } from "../../src/kernels/wasm/arena.ts";
import { FORCE_PIECES, tabulate } from "../../src/reduce/force-table.ts";
import * as twin from "./twins/umap.ts";

const [a, b] = [0.583, 1.334];
const pull = (q: number): number => (-2 * a * b * pow(q, b - 1)) / (1 + a * pow(q, b));
const push = (q: number): number => (2 * b) / ((0.001 + q) * (1 + a * pow(q, b)));

describe("a table of forces", () => {
  it("is right to 3e-4 between its ends, and constant beyond", () => {
    const rng = stream(1);
    for (const force of [pull, push]) {
      const table = tabulate(force);
      for (let t = 0; t < 2000; t++) {
        const square = Math.fround(pow(2, rng.uniform() * 40 - 20));
        expect(Math.abs(twin.tabulated(table, square) / force(square) - 1)).toBeLessThan(3e-4);
      }
      expect(twin.tabulated(table, 0)).toBe(Math.fround(force(1 / 1048576)));
      expect(twin.tabulated(table, 1e9) / force(1048576)).toBeCloseTo(1, 4);
    }
  });
});

describe("the descent kernel", () => {
  for (const negatives of [0, 1, 3, 4, 5, 9]) {
    it(`agrees with its twin bit for bit, ${negatives} negative samples`, async () => {
      const [nodes, m] = [30, 612];
      // Two blocks: edges from the first 10 nodes, and from the others.
      const blocks = [
        { start: 0, end: 52, from: 0, own: 10 },
        { start: 52, end: m, from: 10, own: 20 },
      ];
      await withArena(4 * (4 * nodes + 3 * m + 4 * FORCE_PIECES + 268), (arena) => {
        const rng = stream(2, negatives);
        const layout: twin.Layout = {
          heads: arena.u32(m),
          tails: arena.u32(m),
          rates: arena.f32(m),
          now: arena.f32(2 * nodes),
          next: arena.f32(2 * nodes),
          pulls: arena.f32(2 * FORCE_PIECES),
          pushes: arena.f32(2 * FORCE_PIECES),
          random: arena.u32(4),
        };
        const { heads, tails, rates, now, next, pulls, pushes, random } = layout;
        const queue = arena.u32(264);
        pulls.set(tabulate(pull));
        pushes.set(tabulate(push));
        // Heads repeat within fours, and now and then the same edge.
        for (let e = 0; e < m; e++) heads[e] = e < 52 ? rng.below(10) : 10 + rng.below(20);
        for (let e = 0; e < m; e++) tails[e] = (heads[e] + 1 + rng.below(nodes - 1)) % nodes;
        for (let e = 0; e < m; e++) rates[e] = e < 6 ? 1 : rng.uniform();
        heads.fill(3, 0, 3);
        tails.fill(4, 0, 3);
        // Some points coincide, some are far away.
        for (let t = 0; t < 2 * nodes; t++) now[t] = t < 6 ? 1 : rng.uniform() * (t < 20 ? 100 : 3);
        for (let lane = 0; lane < 4; lane++) random[lane] = rng.u32();

        next.fill(NaN);
        const same: twin.Layout = { ...layout, now: now.slice(), next: next.slice(), random: random.slice() };
        for (let epoch = 1; epoch <= 20; epoch++) {
          for (const { start, end, from, own } of blocks) {
            const step = 1 - (epoch - 1) / 20;
            arena.kernels.umapEpoch(
              start,
              end,
              epoch,
              step,
              nodes,
              from,
              own,
              heads.byteOffset,
              tails.byteOffset,
              rates.byteOffset,
              now.byteOffset,
              next.byteOffset,
              pulls.byteOffset,
              pushes.byteOffset,
              negatives,
              random.byteOffset,
              queue.byteOffset,
            );
            twin.umapEpoch(start, end, epoch, step, from, own, negatives, same);
          }
          now.set(next);
          same.now.set(same.next);
        }
        expect(next).toEqual(same.next);
        expect(random).toEqual(same.random);
      });
    });
  }
});

describe("the list of edges", () => {
  it("agrees with its twin: the first edges of all nodes, then the second", async () => {
    const rng = stream(3);
    const n = 40;
    const degrees = Array.from({ length: n }, (_, i) => (i % 7 === 0 ? 0 : rng.below(9)));
    const starts = Uint32Array.of(
      0,
      ...degrees.map((_, i) => degrees.slice(0, i + 1).reduce((a, b) => a + b)),
    );
    const m = starts[n];
    await withArena(4 * (5 * m + 3 * n + 40), (arena) => {
      const graph = { indptr: arena.u32(n + 1), indices: arena.u32(m), weights: arena.f32(m) };
      const [order, places, slots] = [arena.u32(n), arena.u32(n), arena.u32(10)];
      const [heads, tails, rates] = [arena.u32(m + 8), arena.u32(m + 8), arena.f32(m + 8)];
      graph.indptr.set(starts);
      for (let e = 0; e < m; e++) graph.indices[e] = rng.below(n);
      for (let e = 0; e < m; e++) graph.weights[e] = rng.uniform();
      for (let p = 0; p < n; p++) order[p] = (7 * p + 3) % n;
      for (let p = 0; p < n; p++) places[order[p]] = p;
      const given = [order, places, graph.indptr, graph.indices, graph.weights].map((a) => a.byteOffset);
      const [a, b, c, d, e] = given;
      for (const [from, to] of [
        [0, 11],
        [11, 11],
        [11, n],
      ]) {
        slots.fill(99);
        rates.fill(NaN);
        const expected = twin.listEdges(graph, order, places, from, to);
        const end = 3 + expected.length + 2;
        const [h, t, r] = [heads, tails, rates].map((array) => array.byteOffset);
        arena.kernels.listEdges(from, to, a, b, c, d, e, 4, 3, end, slots.byteOffset, h, t, r);
        expect(Array.from(rates.subarray(3, end))).toEqual([...expected.map(([, , w]) => w / 4), 0, 0]);
        expected.forEach(([head, tail], at) => expect([heads[3 + at], tails[3 + at]]).toEqual([head, tail]));
        expect([rates[2], rates[end]]).toEqual([NaN, NaN]);
      }
    });
  });
});
