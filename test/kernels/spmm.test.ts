import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { sparse, type Sparse, transpose } from "../../src/model/index.ts";
import { sparseTimesDense, transposeTimesDense } from "../../src/kernels/spmm.ts";
import { withArena } from "../../src/kernels/wasm/arena.ts";
import * as twin from "./twins/spmm.ts";

function randomSparse(rows: number, cols: number, density: number, seed: number): Sparse {
  const rng = stream(seed);
  const indptr = new Uint32Array(rows + 1);
  const indices: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) if (rng.uniform() < density) indices.push(j);
    indptr[i + 1] = indices.length;
  }
  const data = Float32Array.from(indices, () => rng.uniform() * 5);
  return sparse(rows, cols, indptr, Uint32Array.from(indices), data);
}

function randomNumbers<B extends Float32Array | Float64Array>(out: B, seed: number): B {
  const rng = stream(seed, 1);
  for (let i = 0; i < out.length; i++) out[i] = rng.uniform() - 0.5;
  return out;
}

describe("sparse products", () => {
  for (const k of [1, 2, 3, 4, 7, 8, 16, 33, 50, 64, 76]) {
    it(`agree with their twins bit for bit, k = ${k}`, async () => {
      const x = randomSparse(57, 41, 0.2, k);
      for (const kind of [Float32Array, Float64Array] as const) {
        const b = randomNumbers(new kind(41 * k), k);
        expect(await sparseTimesDense(x, b as Float32Array, k)).toEqual(twin.sparseTimesDense(x, b, k));
        const c = randomNumbers(new kind(57 * k), k + 1);
        expect(await transposeTimesDense(x, c as Float32Array, k)).toEqual(twin.transposeTimesDense(x, c, k));
      }
    });
  }

  it("there and back, centred, agree with their twin bit for bit", async () => {
    for (const k of [4, 8, 20]) {
      const x = randomSparse(57, 41, 0.2, k);
      const v = randomNumbers(new Float32Array(41 * k), k);
      const shift = randomNumbers(new Float64Array(k), k + 1);
      const got = await withArena(4 * (58 + 2 * x.data.length + (41 + 41 + 57) * k) + 16 * k, (arena) => {
        const put = <A extends Uint32Array | Float32Array | Float64Array>(to: A, from: A): number => {
          to.set(from);
          return to.byteOffset;
        };
        const [z, sums] = [arena.f32(41 * k), arena.f64(k)];
        arena.kernels.centredProduct32(
          57,
          41,
          put(arena.u32(58), x.indptr),
          put(arena.u32(x.data.length), x.indices),
          put(arena.f32(x.data.length), x.data as Float32Array),
          put(arena.f32(41 * k), v),
          4 * k,
          put(arena.f64(k), shift),
          arena.f32(57 * k).byteOffset,
          z.fill(9).byteOffset,
          sums.byteOffset,
        );
        return { z: z.slice(), sums: sums.slice() };
      });
      expect(got).toEqual(twin.centredProduct(x, v, shift, k));
    }
  });

  it("do not depend on how rows are divided into blocks", async () => {
    const x = randomSparse(40_000, 30, 0.5, 3); // 600,000 entries: several blocks
    const b = randomNumbers(new Float32Array(30 * 5), 3);
    expect(await sparseTimesDense(x, b, 5)).toEqual(twin.sparseTimesDense(x, b, 5));
    const c = randomNumbers(new Float64Array(40_000 * 2), 4);
    expect(await transposeTimesDense(x, c, 2)).toEqual(twin.transposeTimesDense(x, c, 2));
    expect(await transposeTimesDense(x, c, 2)).toEqual(await sparseTimesDense(transpose(x), c, 2));
  });

  it("take a row longer than a block", async () => {
    const cols = 300_000;
    const indices = Uint32Array.from({ length: cols + 1 }, (_, e) => e % cols);
    const data = new Float32Array(cols + 1).fill(1);
    const x = sparse(2, cols, Uint32Array.of(0, cols, cols + 1), indices, data);
    expect(await sparseTimesDense(x, new Float64Array(cols).fill(1), 1)).toEqual(Float64Array.of(cols, 1));
  });

  it("take empty matrices and empty rows", async () => {
    const none = sparse(0, 3, new Uint32Array(1), new Uint32Array(0), new Float32Array(0));
    expect(await sparseTimesDense(none, new Float32Array(6), 2)).toEqual(new Float32Array(0));
    expect(await transposeTimesDense(none, new Float32Array(0), 2)).toEqual(new Float32Array(6));
    const hollow = sparse(3, 2, Uint32Array.of(0, 0, 1, 1), Uint32Array.of(1), Float32Array.of(2));
    expect(await sparseTimesDense(hollow, Float32Array.of(1, 10), 1)).toEqual(Float32Array.of(0, 20, 0));
  });

  it("stop when asked to", async () => {
    const x = randomSparse(5, 4, 0.5, 0);
    const run = sparseTimesDense(x, new Float32Array(4), 1, AbortSignal.abort());
    await expect(run).rejects.toMatchObject({ code: "aborted" });
  });
});
