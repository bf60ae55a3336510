import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/rng.ts";
import { rankSums } from "../../src/kernels/rank-sums.ts";
import { sparse, type Sparse } from "../../src/model/index.ts";
import * as twin from "./twins/ranks.ts";

/** Columns from empty to full, of few and of many values, some negative, some stored zeros. */
function sample(rows: number, cols: number, seed: number): Sparse {
  const rng = stream(seed);
  const indptr = new Uint32Array(rows + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      if (rng.uniform() >= j / (cols - 1)) continue;
      indices.push(j);
      data.push(j % 3 === 0 ? rng.below(5) - 1 : (rng.uniform() - 0.2) * 2 ** rng.below(9));
    }
    indptr[i + 1] = indices.length;
  }
  return sparse(rows, cols, indptr, Uint32Array.from(indices), Float32Array.from(data));
}

function labeling(n: number, k: number, seed: number): { codes: Int32Array; sizes: Float64Array } {
  const rng = stream(seed, k);
  const codes = Int32Array.from({ length: n }, () => rng.below(k + 1) - 1);
  const sizes = new Float64Array(k);
  for (const c of codes) if (c >= 0) sizes[c]++;
  return { codes, sizes };
}

describe("rankSums", () => {
  it.each([
    [1, 4],
    [40, 13],
    [700, 30],
    [9000, 40],
  ])("agrees with its twin bit for bit on any number of threads: %i x %i", async (n, p) => {
    const x = sample(n, p, n);
    const labelings = [labeling(n, 3, n), labeling(n, 11, n)];
    const want = labelings.map(({ codes, sizes }) => twin.rankSums(x, codes, sizes.length));
    for (const threads of [1, 3]) expect(await rankSums(x, labelings, { threads })).toEqual(want);
  });

  it("stops within its slices and says how far it is", async () => {
    const x = sample(9000, 60, 1);
    const abort = new AbortController();
    const seen: number[] = [];
    const onProgress = ({ fraction }: { fraction: number }): void => {
      seen.push(fraction);
      if (seen.length === 2) abort.abort();
    };
    const run = { signal: abort.signal, onProgress, threads: 1 };
    await expect(rankSums(x, [labeling(9000, 4, 1)], run)).rejects.toMatchObject({ code: "aborted" });
    expect(seen.length).toBe(2);
    expect(seen[1]).toBeGreaterThan(seen[0]);
  });
});
