import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rankGenes } from "../../src/cluster/markers.ts";
import {
  categorical,
  categories,
  dense,
  expression,
  selectColumns,
  selectRows,
  sparse,
  toSparse,
} from "../../src/model/index.ts";
import { adjustPValues, rankSumTest, welchTest } from "../../src/stats/index.ts";
import { worst } from "../support/close.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";
import { coreFixture, tissue } from "../support/tissue.ts";

describe.skipIf(oracles === null)("agrees with scanpy", () => {
  const at = (name: string): string => join(oracles!, "core", name);
  const text = (name: string): Record<string, string[]> => JSON.parse(readFileSync(at(name), "utf8"));

  it.each([
    ["t-test", "ttest", true],
    ["wilcoxon", "wilcoxon", false],
    ["wilcoxon", "wilcoxon_tie", true],
  ] as const)("on 600 spots: %s, %s", async (method, key, tieCorrection) => {
    const input = readNpz(at("input.npz"));
    const want = readNpz(at("rank_genes.npz"));
    // scanpy's own log values: a last bit more or less makes or breaks ties.
    const data = readNpz(at("normalize.npz"))["t1e4_log1p_data"].data as Float32Array;
    const x = expression({ ...readCsr(input, "X"), data }, "log");
    const got = await rankGenes(x, categories(text("input.json")["domain"]), { method, tieCorrection });
    expect(worst(got.scores, want[`${key}_scores`].data, 0.1)).toBeLessThan(1e-4);
    expect(worst(got.logFoldChange!, want[`${key}_logfoldchanges`].data, 0.1)).toBeLessThan(1e-4);
    expect(logDifference(got.pValue, want[`${key}_pvals`].data as Float64Array)).toBeLessThan(1e-3);
    expect(logDifference(got.pAdjusted, want[`${key}_pvals_adj`].data as Float64Array)).toBeLessThan(1e-3);
    expect(worst(got.fractionIn, want["pts"].data)).toBeLessThan(1e-6);
    expect(worst(got.fractionOut, want["pts_rest"].data)).toBeLessThan(1e-6);
  });

  it.each([
    ["t-test", "ttest"],
    ["wilcoxon", "wilcoxon_tie"],
  ] as const)("on 700 blood cells: %s", async (method, key) => {
    const x = expression(readCsr(readNpz(at("pbmc_input.npz")), "X"), "log");
    const want = readNpz(at("pbmc_rank_genes.npz"));
    const groups = text("pbmc_rank_genes.json")["categories"];
    const codes = Int32Array.from(text("pbmc_input.json")["bulk_labels"], (name) => groups.indexOf(name));
    const got = await rankGenes(x, categorical(codes, groups), { method });
    expect(worst(got.scores, want[`${key}_scores`].data, 0.1)).toBeLessThan(1e-4);
    expect(worst(got.logFoldChange!, want[`${key}_logfoldchanges`].data, 0.1)).toBeLessThan(1e-4);
    expect(logDifference(got.pAdjusted, want[`${key}_pvals_adj`].data as Float64Array)).toBeLessThan(1e-3);
  });
});

describe("agrees with scanpy on a small tissue", () => {
  type Found = Record<"scores" | "logfoldchanges" | "pvals" | "pvals_adj", number[]>;
  interface Fixture extends Record<"t_test" | "wilcoxon" | "wilcoxon_ties", Found> {
    readonly log: { readonly indptr: number[]; readonly indices: number[]; readonly data: number[] };
    readonly fraction_in: number[];
    readonly fraction_out: number[];
  }
  const want = coreFixture<Fixture>("markers");
  const { indptr, indices, data } = want.log;
  const x = expression(
    sparse(64, 40, Uint32Array.from(indptr), Uint32Array.from(indices), Float32Array.from(data)),
    "log",
  );

  it.each([
    ["t_test", { method: "t-test" }],
    ["wilcoxon", { method: "wilcoxon", tieCorrection: false }],
    ["wilcoxon_ties", {}],
  ] as const)("%s", async (key, options) => {
    const got = await rankGenes(x, tissue().domain, options);
    expect(worst(got.scores, want[key].scores, 0.1)).toBeLessThan(1e-5);
    expect(worst(got.logFoldChange!, want[key].logfoldchanges, 0.1)).toBeLessThan(1e-5);
    expect(worst(got.pValue, want[key].pvals)).toBeLessThan(1e-5);
    expect(worst(got.pAdjusted, want[key].pvals_adj)).toBeLessThan(1e-5);
    expect(worst(got.fractionIn, want.fraction_in)).toBeLessThan(1e-7);
    expect(worst(got.fractionOut, want.fraction_out)).toBeLessThan(1e-7);
  });
});

/** The largest difference of log10, over values that are not both below the smallest normal double. */
function logDifference(a: Float64Array, b: Float64Array): number {
  return Math.max(
    ...Array.from(a, (v, i) =>
      v < 1e-300 && b[i] < 1e-300 ? 0 : Math.abs(Math.log10(v) - Math.log10(b[i])),
    ),
  );
}

const values = fc.constantFrom(0, 0, 0, 0.5, 1, 1.25, -1);
const sample = fc.tuple(fc.integer({ min: 4, max: 40 }), fc.integer({ min: 1, max: 4 })).chain(([n, p]) =>
  fc.record({
    n: fc.constant(n),
    p: fc.constant(p),
    data: fc.array(values, { minLength: n * p, maxLength: n * p }),
    codes: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: n, maxLength: n }),
  }),
);

describe("always", () => {
  it.each(["wilcoxon", "t-test"] as const)(
    "is the plain two-sample test, gene by gene: %s",
    async (method) => {
      await fc.assert(
        fc.asyncProperty(sample, async ({ n, p, data, codes }) => {
          const x = expression(toSparse(dense(n, p, Float32Array.from(data))), "scaled");
          const got = await rankGenes(x, categorical(Int32Array.from(codes), ["a", "b", "c"]), { method });
          for (let c = 0; c < 3; c++) {
            for (let j = 0; j < p; j++) {
              const column = (keep: (code: number) => boolean): number[] =>
                codes.flatMap((code, i) => (keep(code) ? [data[i * p + j]] : []));
              const inside = column((code) => code === c);
              const outside = column((code) => code >= 0 && code !== c);
              if (inside.length < 2 || outside.length < 2) {
                expect(got.scores[c * p + j]).toBeNaN();
                continue;
              }
              const want = method === "wilcoxon" ? rankSumTest(inside, outside) : welchTest(inside, outside);
              const score = "z" in want ? want.z : want.t;
              if (Math.abs(score) === Infinity) expect(got.scores[c * p + j]).toBe(score);
              else expect(got.scores[c * p + j]).toBeCloseTo(score, 8);
              expect(got.pValue[c * p + j]).toBeCloseTo(want.pValue, 8);
            }
            expect(got.pAdjusted.slice(c * p, c * p + p)).toEqual(
              adjustPValues(got.pValue.slice(c * p, c * p + p)),
            );
          }
          expect(got.logFoldChange).toBeNull();
        }),
        { numRuns: 60 },
      );
    },
  );

  it("sorts long columns as short ones", async () => {
    const n = 3000;
    const x = Float32Array.from({ length: n }, (_, i) => ((i * 7919) % 2003) / 8 - 40);
    const codes = Int32Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const got = await rankGenes(expression(dense(n, 1, x), "scaled"), categorical(codes, ["a", "b"]));
    const part = (c: number): Float32Array => x.filter((_, i) => codes[i] === c);
    expect(got.scores[1]).toBeCloseTo(rankSumTest(part(1), part(0)).z, 10);
  });

  it("does not depend on the order of cells or on other genes", async () => {
    const n = 50;
    const p = 6;
    const data = Float32Array.from({ length: n * p }, (_, e) => Math.max(0, ((e * 31) % 17) - 8) / 4);
    const x = expression(toSparse(dense(n, p, data)), "log");
    const labels = categorical(
      Int32Array.from({ length: n }, (_, i) => (i * i) % 3),
      ["a", "b", "c"],
    );
    const order = Array.from({ length: n }, (_, i) => (i * 7) % n);
    const got = await rankGenes(x, labels);
    const turned = await rankGenes(
      selectRows(x, order),
      categorical(
        Int32Array.from(order, (i) => labels.codes[i]),
        labels.categories,
      ),
    );
    expect(turned.scores).toEqual(got.scores);
    expect(turned.fractionIn).toEqual(got.fractionIn);
    const one = await rankGenes(selectColumns(x, [3]), labels);
    expect([...one.scores]).toEqual([3, 3 + p, 3 + 2 * p].map((e) => got.scores[e]));
  });
});

describe("at the edges", () => {
  const x = expression(dense(4, 2, Float32Array.of(1, 2, 3, 2, 0, 2, 5, 2)), "log");

  it("a group of one cell has no test but a fold change; unlabeled cells are left out", async () => {
    const labels = categorical(Int32Array.of(0, 1, 1, -1), ["one", "two"]);
    for (const method of ["wilcoxon", "t-test"] as const) {
      const got = await rankGenes(x, labels, { method });
      expect([...got.pValue, ...got.pAdjusted, ...got.scores].every(Number.isNaN)).toBe(true);
      expect(got.logFoldChange![0]).toBeCloseTo(Math.log2(Math.expm1(1) / Math.expm1(1.5)), 6);
      expect(got.fractionIn[2]).toBe(0.5);
      expect(got.fractionOut[2]).toBe(1);
    }
  });

  it("a constant gene has score 0 and p 1", async () => {
    const labels = categorical(Int32Array.of(0, 0, 1, 1), ["a", "b"]);
    for (const method of ["wilcoxon", "t-test"] as const) {
      const got = await rankGenes(x, labels, { method });
      expect([got.scores[1], got.pValue[1], got.logFoldChange![1]]).toEqual([0, 1, 0]);
    }
  });

  it("empty groups, one group, no cells and no genes", async () => {
    const one = await rankGenes(x, categorical(new Int32Array(4), ["a", "empty"]));
    expect([...one.pValue].every(Number.isNaN)).toBe(true);
    const none = await rankGenes(expression(dense(0, 2), "log"), categorical(new Int32Array(0), ["a"]));
    expect(none.scores.length).toBe(2);
    const bare = await rankGenes(expression(dense(4, 0), "log"), categorical(new Int32Array(4), ["a"]));
    expect(bare.scores.length).toBe(0);
  });

  it("a gene with a missing value has no test", async () => {
    const y = expression(dense(4, 1, Float32Array.of(1, NaN, 0, 2)), "log");
    const got = await rankGenes(y, categorical(Int32Array.of(0, 0, 1, 1), ["a", "b"]));
    expect(got.pValue.every(Number.isNaN)).toBe(true);
  });

  it("refuses counts, other lengths, unknown options, and stops", async () => {
    const labels = categorical(Int32Array.of(0, 0, 1, 1), ["a", "b"]);
    await expect(rankGenes({ ...x, values: "counts" }, labels)).rejects.toMatchObject({ code: "values" });
    await expect(rankGenes(x, categorical(new Int32Array(3), ["a"]))).rejects.toMatchObject({
      code: "input",
    });
    await expect(rankGenes(x, labels, { methods: "t" } as object)).rejects.toMatchObject({ code: "option" });
    const signal = AbortSignal.abort();
    await expect(rankGenes(x, labels, { signal })).rejects.toMatchObject({ code: "aborted" });
  });
});
