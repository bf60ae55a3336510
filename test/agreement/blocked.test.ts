import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rankGenes, rankGenesBlocked } from "../../src/cluster/index.ts";
import { stream } from "../../src/core/rng.ts";
import {
  type BlockedMatrix,
  categorical,
  collectBlocks,
  dense,
  type Expression,
  expression,
  mapBlocks,
  selectColumns,
  selectColumnsBlocked,
  selectRows,
  selectRowsBlocked,
  type Sparse,
  toBlocked,
  toSparse,
} from "../../src/model/index.ts";
import * as preprocess from "../../src/preprocess/index.ts";
import { pca, pcaBlocked } from "../../src/reduce/index.ts";

const n = 60;
const p = 24;
const names = Array.from({ length: p }, (_, j) => (j < 3 ? `MT-${j}` : `G${j}`));

/** Counts with empty cells and a silent gene. */
function someCounts(seed: number): Expression<Sparse> {
  const rng = stream(seed);
  const data = Float32Array.from({ length: n * p }, (_, e) =>
    rng.uniform() < 0.4 && e % p !== 7 && Math.floor(e / p) % 11 !== 5 ? rng.below(9) + 1 : 0,
  );
  return expression(toSparse(dense(n, p, data)), "counts");
}

/** The matrix in blocks of at most `most` rows whatever is asked for, as a reader gives them. */
function inBlocksOf(x: Expression<Sparse>, most: number): Expression<BlockedMatrix> {
  const whole = toBlocked(x);
  return { ...whole, blocks: (rows, signal) => whole.blocks(Math.min(rows, most), signal) };
}

const sample = categorical(
  Int32Array.from({ length: n }, (_, i) => (i * i) % 3),
  ["a", "b", "c"],
);
const labels = categorical(
  Int32Array.from({ length: n }, (_, i) => ((i * 5) % 4) - 1),
  ["x", "y", "z"],
);
const anySize = fc.integer({ min: 1, max: n + 5 });
const anySeed = fc.integer({ min: 0, max: 1e6 });

describe("a matrix in blocks", () => {
  it("always gives what the same matrix in memory gives, to the last bit, for blocks of any size", async () => {
    await fc.assert(
      fc.asyncProperty(anySeed, anySize, async (seed, size) => {
        const counts = someCounts(seed);
        const blocked = inBlocksOf(counts, size);
        const genes = { names };
        expect(await preprocess.qcMetricsBlocked(blocked, genes, { percentTop: [2, 5] })).toEqual(
          preprocess.qcMetrics(counts, genes, { percentTop: [2, 5] }),
        );
        const strict = { minCounts: 30, minGenes: 4, maxPctMito: 15, names };
        const rows = preprocess.filterCells(counts, strict);
        expect(await preprocess.filterCellsBlocked(blocked, strict)).toEqual(rows);
        const few = { minCells: 20, minCounts: 90 };
        const columns = preprocess.filterGenes(counts, few);
        expect(await preprocess.filterGenesBlocked(blocked, few)).toEqual(columns);
        expect(await collectBlocks(selectRowsBlocked(blocked, rows))).toEqual(selectRows(counts, rows));
        expect(await collectBlocks(selectColumnsBlocked(blocked, columns))).toEqual(
          selectColumns(counts, columns),
        );

        for (const options of [{}, { targetSum: 100, excludeHighlyExpressed: true, maxFraction: 0.2 }]) {
          const normalized = preprocess.normalizeTotal(counts, options);
          const view = await preprocess.normalizeTotalBlocked(blocked, options);
          expect(await collectBlocks(view)).toEqual(normalized);
          expect(await collectBlocks(preprocess.log1pBlocked(view))).toEqual(preprocess.log1p(normalized));
        }

        const logged = preprocess.log1p(preprocess.normalizeTotal(counts));
        const view = inBlocksOf(logged, size);
        const scaled = preprocess.scale(logged, { maxValue: 2 });
        const { matrix, ...moments } = await preprocess.scaleBlocked(view, { maxValue: 2 });
        expect({ ...moments, matrix: await collectBlocks(matrix) }).toEqual(scaled);

        for (const of of [undefined, sample]) {
          const v3 = { top: 6, sample: of };
          expect(await preprocess.variableGenesBlocked(blocked, v3)).toEqual(
            preprocess.variableGenes(counts, v3),
          );
          const seurat = { flavor: "seurat", top: 6, sample: of } as const;
          expect(await preprocess.variableGenesBlocked(view, seurat)).toEqual(
            preprocess.variableGenes(logged, seurat),
          );
        }

        const some = Uint32Array.of(0, 2, 3, 5, 8, 13, 21);
        expect(await pcaBlocked(view, { components: 4, genes: some })).toEqual(
          await pca(logged, { components: 4, genes: some, solver: "gram" }),
        );
        expect(await rankGenesBlocked(view, labels)).toEqual(
          await rankGenes(logged, labels, { method: "t-test" }),
        );
      }),
      { numRuns: 25 },
    );
  });

  it("views read nothing until a pass asks, and stop reading once they have their rows", async () => {
    let read = 0;
    const counted = mapBlocks(toBlocked(someCounts(1)), (block) => {
      read += block.rows;
      return block;
    });
    const view = selectRowsBlocked(preprocess.log1pBlocked(counted), [3, 4, 12]);
    expect(read).toBe(0);
    let rows = 0;
    for await (const block of view.blocks(5)) rows += block.rows;
    expect([rows, read]).toEqual([3, 15]);
  });

  it("passes are as many as said", async () => {
    const passesOf = async (work: (x: Expression<BlockedMatrix>) => Promise<unknown>): Promise<number> => {
      let passes = 0;
      const x = toBlocked(someCounts(2));
      const blocks: BlockedMatrix["blocks"] = (rows, signal) => {
        passes++;
        return x.blocks(rows, signal);
      };
      await work({ ...x, blocks });
      return passes;
    };
    const logged = (x: Expression<BlockedMatrix>): Expression<BlockedMatrix> => preprocess.log1pBlocked(x);
    expect(await passesOf((x) => preprocess.qcMetricsBlocked(x, { names }))).toBe(1);
    expect(await passesOf((x) => preprocess.normalizeTotalBlocked(x))).toBe(1);
    expect(await passesOf((x) => preprocess.variableGenesBlocked(x, { sample }))).toBe(2);
    expect(await passesOf((x) => preprocess.variableGenesBlocked(logged(x), { flavor: "seurat" }))).toBe(1);
    expect(await passesOf((x) => pcaBlocked(logged(x), { components: 3 }))).toBe(2);
    expect(await passesOf((x) => rankGenesBlocked(logged(x), labels))).toBe(1);
  });

  it("refuses what the verbs in memory refuse, and what does not fit", async () => {
    const counts = toBlocked(someCounts(3));
    const logged = preprocess.log1pBlocked(counts);
    await expect(preprocess.qcMetricsBlocked(logged, { names })).rejects.toMatchObject({ code: "values" });
    await expect(preprocess.variableGenesBlocked(logged)).rejects.toMatchObject({ code: "values" });
    await expect(rankGenesBlocked(counts, labels)).rejects.toMatchObject({ code: "values" });
    expect(() => preprocess.log1pBlocked(logged)).toThrow("log1pBlocked needs");
    expect(() => selectRowsBlocked(counts, [2, 2])).toThrow("Rows must ascend strictly below 60, found 2.");
    expect(() => selectColumnsBlocked(counts, [p])).toThrow(
      "Columns must ascend strictly below 24, found 24.",
    );
    await expect(collectBlocks(counts, { maxBytes: 100 })).rejects.toMatchObject({
      code: "memory",
      subject: "maxBytes",
    });
    const wide: BlockedMatrix = { kind: "blocked", rows: 10, cols: 20_000, blocks: counts.blocks };
    await expect(pcaBlocked(wide)).rejects.toThrow("the covariance of 20000 genes needs 3.2 GB");
  });
});
