import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { rankNeighborhoods } from "../../src/spatial/conditional.ts";
import { rankNeighborhoods as twin } from "./twins/conditional.ts";

const rng = stream(4);
const n = 90;
const degrees = Array.from({ length: n }, () => rng.below(7));
const indptr = Uint32Array.from({ length: n + 1 }, (_, i) => degrees.slice(0, i).reduce((s, d) => s + d, 0));
const weights = Float64Array.from({ length: indptr[n] }, () => rng.uniform());
const values = (): Float64Array => Float64Array.from({ length: n }, () => Math.floor(4 * rng.uniform()) - 1);
const [u, v, observed] = [values(), values(), values()];

describe("ranks among random neighborhoods agree with the twin on any number of threads", () => {
  it.each(["sum", "difference", "product"] as const)("%s", async (kind) => {
    const want = twin({ indptr, weights }, { kind, u, v, observed }, 2e-12, 60, 7);
    expect(Math.max(...want.upper)).toBe(60);
    for (const threads of [1, 3]) {
      const found = await rankNeighborhoods("test", { indptr, weights }, { kind, u, v, observed }, 60, 7, {
        threads,
      });
      expect([...found.upper]).toEqual(want.upper);
      expect([...found.lower]).toEqual(want.lower);
    }
  });

  it("begins permutation b from its own stream, wherever the work is cut", async () => {
    const run = (permutations: number): ReturnType<typeof rankNeighborhoods> =>
      rankNeighborhoods("test", { indptr, weights }, { kind: "sum", u, observed }, permutations, 7, {});
    const [few, more] = [await run(40), await run(41)];
    const gained = more.upper.map((c, i) => c - few.upper[i]);
    expect(new Set(gained)).toEqual(new Set([0, 1]));
  });

  it("counts nothing without neighbors or permutations", async () => {
    const lone = { indptr: new Uint32Array(4), weights: new Float64Array(0) };
    const three = Float64Array.of(1, 2, 3);
    const found = await rankNeighborhoods("test", lone, { kind: "sum", u: three, observed: three }, 9, 0, {});
    expect([...found.upper, ...found.lower]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
