import { expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { withArena } from "../../src/kernels/wasm/arena.ts";
import { nngpWeights, type Process, whiten } from "./twins/nngp.ts";

it.each([
  ["exponential", 2, 5],
  ["gaussian", 2, 4],
  ["exponential", 3, 1],
] as const)(
  "weights and squares of a %s kernel in %i dimensions agree with the twin exactly",
  async (kernel, dims, m) => {
    const rng = stream(6);
    const [n, k, genes] = [40, 2, 11];
    const places = Float64Array.from({ length: n * dims }, () => 9 * rng.uniform());
    places.copyWithin(6 * dims, 5 * dims, 6 * dims);
    const neighbors = Uint32Array.from({ length: n * m }, (_, e) => {
      const [i, a] = [Math.floor(e / m), e % m];
      return a < i ? i - 1 - a : i;
    });
    const process: Process = {
      places,
      dims,
      m,
      neighbors,
      gaussian: kernel === "gaussian",
      length: 1.7,
      share: 0.8,
    };
    const design = Float64Array.from({ length: n * k }, () => rng.uniform());
    const values = Float32Array.from({ length: n * genes }, () => Math.max(0, rng.uniform() - 0.5));

    const weights = nngpWeights(process);
    const columns = [0, 1].map((c) =>
      whiten(
        process,
        weights,
        Array.from({ length: n }, (_, i) => design[i * k + c]),
      ),
    );
    await withArena(1e5, (arena) => {
      const f64 = (from: Float64Array): number => {
        const array = arena.f64(from.length);
        array.set(from);
        return array.byteOffset;
      };
      const u32 = (from: ArrayLike<number>): number => {
        const array = arena.u32(from.length);
        array.set(from);
        return array.byteOffset;
      };
      const [found, whitened] = [arena.f64(n * (m + 1)), arena.f64(n * k)];
      const lists = u32(neighbors);
      const given = [f64(places), dims, m, lists, Number(process.gaussian), 1 / 1.7, 0.8] as const;
      const room = arena.f64((m + 2) * m).byteOffset;
      const designAt = f64(design);
      for (const [from, to] of [
        [0, 25],
        [25, n],
      ])
        arena.kernels.nngpWeights(
          from,
          to,
          ...given,
          found.byteOffset,
          k,
          designAt,
          whitened.byteOffset,
          room,
        );
      expect(found).toEqual(weights);
      columns.forEach((column, c) => column.forEach((v, i) => expect(whitened[i * k + c]).toBe(v)));

      const [indptr, rows, held] = [[0], [] as number[], [] as number[]];
      for (let g = 0; g < genes; g++) {
        for (let i = 0; i < n; i++) {
          if (!(values[g * n + i] > 0)) continue;
          rows.push(i);
          held.push(values[g * n + i]);
        }
        indptr.push(rows.length);
      }
      const heldAt = arena.f32(held.length);
      heldAt.set(held);
      const sums = arena.f64(8 * (1 + k));
      const gene = [7, 2, 10];
      const own = arena.f64(8 * n).byteOffset;
      arena.kernels.nngpSquares(
        n,
        m,
        lists,
        found.byteOffset,
        k,
        whitened.byteOffset,
        u32(gene),
        3,
        u32(indptr),
        u32(rows),
        heldAt.byteOffset,
        sums.byteOffset,
        own,
      );
      gene.forEach((g, lane) => {
        const u = whiten(process, weights, values.subarray(g * n, (g + 1) * n));
        expect(sums[lane]).toBe(u.reduce((s, v) => s + v * v, 0));
        columns.forEach((column, c) =>
          expect(sums[8 * (c + 1) + lane]).toBe(u.reduce((s, v, i) => s + column[i] * v, 0)),
        );
      });
      expect(sums[3]).toBe(0);
    });
  },
);
