import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { countReached } from "../../src/communicate/permuted.ts";
import { dealTallies } from "../../src/spatial/deals.ts";
import { shuffleInto } from "./twins/permutation.ts";

describe("the twin of the shuffle", () => {
  it("keeps the source and every value", () => {
    const source = Int32Array.from({ length: 1000 }, (_, i) => (i * 7) % 13);
    const before = source.slice();
    const target = new Int32Array(1000);
    shuffleInto(source, target, stream(1));
    expect(source).toEqual(before);
    expect(target).not.toEqual(source);
    expect(target.slice().sort()).toEqual(source.slice().sort());
  });

  it("gives the same order for the same stream and another for another", () => {
    const source = Int32Array.from({ length: 50 }, (_, i) => i);
    const [a, b, c] = [new Int32Array(50), new Int32Array(50).fill(9), new Int32Array(50)];
    shuffleInto(source, a, stream(3, 1));
    shuffleInto(source, b, stream(3, 1));
    shuffleInto(source, c, stream(3, 2));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it("gives each of the 24 orders of four equally often", () => {
    const source = Int32Array.of(0, 1, 2, 3);
    const target = new Int32Array(4);
    const seen = new Map<string, number>();
    for (let b = 0; b < 24000; b++) {
      shuffleInto(source, target, stream(5, b));
      seen.set(target.join(), (seen.get(target.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(24);
    let chi = 0;
    for (const count of seen.values()) chi += (count - 1000) ** 2 / 1000;
    expect(chi).toBeLessThan(49.7); // 99.9 % of chi-squared with 23 degrees of freedom
  });

  it("draws again where a number would favor the lower places", () => {
    const draws = [5, 5, 0, 4294967295]; // with three places left, 0 belongs to none
    const rng = { ...stream(0), u32: (): number => draws.shift() as number };
    const target = new Int32Array(3);
    shuffleInto(Int32Array.of(7, 8, 9), target, rng);
    expect(draws).toEqual([]);
    expect([...target]).toEqual([8, 7, 9]);
  });

  it("takes no element and one", () => {
    const one = new Int32Array(1);
    shuffleInto(Int32Array.of(7), one, stream(0));
    expect([...one]).toEqual([7]);
    shuffleInto(new Int32Array(0), new Int32Array(0), stream(0));
  });
});

describe("the kernels of permutations agree with the twin on any number of threads", () => {
  const n = 300;
  const k = 4;
  const rng = stream(8);
  const codes = Int32Array.from({ length: n }, () => rng.below(k));

  it("tallies of a graph, dealt within parts", async () => {
    const indptr = Uint32Array.from({ length: n + 1 }, (_, i) => 3 * i);
    const indices = Uint32Array.from({ length: 3 * n }, () => rng.below(n));
    const graph = { nodes: n, directed: true, indptr, indices };
    const parts = [0, 120, n];
    const expected = Array.from({ length: 70 }, (_, b) => {
      const own = stream(6, b);
      const dealt = new Int32Array(n);
      for (let s = 0; s < 2; s++)
        shuffleInto(codes.subarray(parts[s], parts[s + 1]), dealt.subarray(parts[s], parts[s + 1]), own);
      const found = new Array<number>(k * k).fill(0);
      indices.forEach((j, e) => found[dealt[Math.floor(e / 3)] * k + dealt[j]]++);
      return found;
    });
    for (const threads of [1, 3]) {
      const seen: number[][] = [];
      await dealTallies(graph, codes, parts, k, 70, 6, { threads }, (found) => seen.push([...found]));
      expect(seen).toEqual(expected);
    }
  });

  it("how often pairs of complexes reach what was seen", async () => {
    const genes = {
      start: Uint32Array.of(0, 100, 220, 400),
      cells: Uint32Array.from([100, 120, 180].flatMap((m) => Array.from({ length: m }, (_, e) => e))),
      values: Float32Array.from({ length: 400 }, () => rng.uniform()),
    };
    const complexes = {
      names: ["a", "b+c"],
      start: Uint32Array.of(0, 1, 3),
      parts: Uint32Array.of(0, 1, 2),
      genes: Uint32Array.of(0, 1, 2),
      ligand: Uint32Array.of(0),
      receptor: Uint32Array.of(1),
    };
    const sizes = new Float64Array(k);
    codes.forEach((c) => sizes[c]++);
    const rows = {
      ligand: Uint32Array.from({ length: k * k }, (_, r) => Math.floor(r / k)),
      receptor: Uint32Array.from({ length: k * k }, (_, r) => k + (r % k)),
      observed: Float64Array.from({ length: k * k }, () => 0.3 + 0.1 * rng.uniform()),
    };
    const expected = new Uint32Array(k * k);
    const dealt = new Int32Array(n);
    for (let b = 0; b < 90; b++) {
      shuffleInto(codes, dealt, stream(6, b));
      const means = [0, 1, 2].map((gene) => {
        const sums = new Float64Array(k);
        for (let e = genes.start[gene]; e < genes.start[gene + 1]; e++)
          sums[dealt[genes.cells[e]]] += genes.values[e];
        return sums.map((sum, c) => sum / sizes[c]);
      });
      for (let r = 0; r < k * k; r++) {
        const [from, to] = [rows.ligand[r], rows.receptor[r] - k];
        if (means[0][from] + Math.min(means[1][to], means[2][to]) >= rows.observed[r] * (1 - 1e-9))
          expected[r]++;
      }
    }
    expect(new Set(expected).size).toBeGreaterThan(3);
    for (const threads of [1, 3])
      expect(await countReached(genes, complexes, codes, sizes, rows, 90, 6, { threads })).toEqual(expected);
  });
});
