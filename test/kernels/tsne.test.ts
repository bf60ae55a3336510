import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { type Arena, withArena } from "../../src/kernels/wasm/arena.ts";
import * as twin from "./twins/tsne.ts";

/** n points and their edges in an arena. */
function pointsIn(arena: Arena, n: number, seed: number): twin.Points {
  const padded = 8 * Math.ceil(n / 8);
  const counts = [padded / 8];
  while (counts[counts.length - 1] > 4) counts.push(Math.ceil(counts[counts.length - 1] / 4));
  const points: twin.Points = {
    n,
    padded,
    x: arena.f32(padded),
    y: arena.f32(padded),
    pairs: arena.f32(2 * padded),
    nodes: arena.f32(8 * counts.reduce((a, b) => a + b)),
    levels: arena.u32(2 * counts.length),
    starts: arena.u32(n + 1),
    others: arena.u32(8 * n),
    strengths: arena.f32(8 * n),
    forces: arena.f32(5 * padded),
    state: arena.f32(4 * padded).fill(1, 2 * padded),
  };
  let first = 0;
  for (const [level, count] of counts.entries()) {
    points.levels.set([first, count], 2 * level);
    first += count;
  }
  const rng = stream(seed, n);
  // Along a line with noise, so that leaves are small; some coincide.
  for (let i = 0; i < n; i++) {
    points.x[i] = i % 9 === 0 && i > 0 ? points.x[i - 1] : i / 3 + rng.uniform() * 3;
    points.y[i] = i % 9 === 0 && i > 0 ? points.y[i - 1] : rng.uniform() * 4 - 2;
    points.pairs.set([points.x[i], points.y[i]], 2 * i);
    points.starts[i + 1] = points.starts[i] + 4 * rng.below(3);
  }
  for (let e = 0; e < points.starts[n]; e++) {
    points.others[e] = rng.below(n);
    points.strengths[e] = rng.uniform() / n;
  }
  return points;
}

describe("the kernels of t-SNE", () => {
  for (const n of [1, 7, 8, 9, 31, 33, 200, 321]) {
    it(`agree with their twins bit for bit, ${n} points`, async () => {
      await withArena(100_000, (arena) => {
        const points = pointsIn(arena, n, 1);
        const same = structuredClone(points);
        const { padded, x, y, pairs, nodes, levels, starts, others, strengths, forces, state } = points;
        const [leaves, top] = [padded / 8, levels.length / 2 - 1];
        const at = (array: { byteOffset: number }): number => array.byteOffset;
        for (const [exaggeration, momentum] of [
          [12, 0.5],
          [12, 0.5],
          [1, 0.8],
          [1, 0.8],
        ]) {
          arena.kernels.tsneTree(n, at(x), at(y), at(nodes), at(levels), top, 4);
          twin.tsneTree(same, 4);
          expect(nodes).toEqual(same.nodes);
          const middle = Math.floor(leaves / 2);
          for (const [from, to] of [
            [0, middle],
            [middle, leaves],
          ]) {
            arena.kernels.tsneForces(
              from,
              to,
              n,
              padded,
              at(x),
              at(y),
              at(pairs),
              at(nodes),
              at(levels),
              top,
              at(starts),
              at(others),
              at(strengths),
              at(forces),
            );
            twin.tsneForces(from, to, same);
          }
          expect(forces).toEqual(same.forces);
          const rest = [exaggeration, 0.01, momentum, 20] as const;
          arena.kernels.tsneMove(padded, at(x), at(y), at(pairs), at(forces), at(state), ...rest);
          twin.tsneMove(same, ...rest);
          expect(pairs).toEqual(same.pairs);
          expect(state).toEqual(same.state);
        }
      });
    });
  }
});
