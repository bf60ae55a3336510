import { describe, expect, it } from "vitest";
import { scoreGenes, scoreGenesBlocked } from "../../src/annotate/index.ts";
import { pca, pcaBlocked } from "../../src/reduce/index.ts";
import {
  categorical,
  collectBlocks,
  dense,
  expression,
  ids,
  selectColumns,
  type Shapes,
  toBlocked,
  toDense,
  toSparse,
} from "../../src/model/index.ts";
import {
  librarySizeByRegion,
  log1p,
  normalizeBySize,
  normalizeBySizeBlocked,
  normalizeTotal,
  pearsonResiduals,
  pearsonResidualsBlocked,
  qcMetrics,
  regressOut,
  regressOutBlocked,
  shapeAreas,
  variableGenes,
} from "../../src/preprocess/index.ts";
import { worst } from "../support/close.ts";
import { coreFixture, tissue } from "../support/tissue.ts";

interface Wanted {
  pearson: number[];
  regressed: number[];
  regressed_by_group: number[];
  share: number[];
  set: number[];
  score: number[];
  cell_ranger: { score: number[]; selected: number[] };
  variance: { score: number[]; selected: number[]; selected_in_both: number[] };
  in_both: Record<"seurat" | "cell_ranger", { score: number[]; selected: number[] }>;
}

const { counts, names } = tissue();
const logged = log1p(normalizeTotal(counts, { targetSum: 1e4 }));
const columns = Uint32Array.from({ length: 12 }, (_, j) => j + 4);
const half = categorical(
  Int32Array.from({ length: 64 }, (_, i) => i % 2),
  ["even", "odd"],
);

describe("agrees with scanpy on a small tissue", () => {
  const want = coreFixture<Wanted>("residuals");
  const part = (x: ReturnType<typeof pearsonResiduals>): Float32Array =>
    selectColumns(x, columns).data as Float32Array;

  it("Pearson residuals, whole and of chosen genes", () => {
    expect(worst(part(pearsonResiduals(counts, { theta: 10 })), want.pearson, 0.01)).toBeLessThan(1e-5);
    const some = pearsonResiduals(counts, { theta: 10, genes: columns });
    expect(worst(some.data, want.pearson, 0.01)).toBeLessThan(1e-5);
  });

  it("residuals of a regression on numbers and on groups", () => {
    const total = qcMetrics(counts, { names }).totalCounts;
    const covariates = [total, Float64Array.from(want.share)];
    expect(worst(part(regressOut(logged, covariates)), want.regressed, 1)).toBeLessThan(2e-5);
    expect(worst(part(regressOut(logged, [half])), want.regressed_by_group, 1)).toBeLessThan(2e-5);
    const said = [...covariates, total.map((t, i) => 3 * t - want.share[i])];
    expect(worst(regressOut(logged, said).data, regressOut(logged, covariates).data, 1)).toBeLessThan(1e-6);
  });

  it("the score of a set of genes", () => {
    const { score, controls } = scoreGenes(logged, want.set, { controls: 1000, bins: 5 });
    expect(worst(score, want.score, 0.1)).toBeLessThan(1e-5);
    expect(controls.filter((j) => want.set.includes(j))).toHaveLength(0);
  });

  it("variable genes of Cell Ranger and by Pearson residuals", () => {
    const ranger = variableGenes(logged, { flavor: "cell_ranger", top: 20 });
    const varying = ranger.variances.map((v) => (v > 0 ? 1 : NaN));
    const scores = want.cell_ranger.score.map((s, j) => s * varying[j]);
    expect(worst(ranger.score, scores, 0.01)).toBeLessThan(1e-4);
    expect([...ranger.selected]).toEqual(want.cell_ranger.selected);
    const residual = variableGenes(counts, { flavor: "pearson_residuals", top: 20 });
    expect(worst(residual.score, want.variance.score, 0.01)).toBeLessThan(1e-5);
    expect([...residual.selected]).toEqual(want.variance.selected);
  });

  it("variable genes over two samples", () => {
    for (const flavor of ["seurat", "cell_ranger"] as const) {
      const got = variableGenes(logged, { flavor, top: 20, sample: half });
      expect([...got.selected], flavor).toEqual(want.in_both[flavor].selected);
      expect(
        worst(
          got.score.map((s) => (s === s ? s : 0)),
          want.in_both[flavor].score,
          0.1,
        ),
        flavor,
      ).toBeLessThan(1e-4);
    }
    const residual = variableGenes(counts, { flavor: "pearson_residuals", top: 20, sample: half });
    expect([...residual.selected]).toEqual(want.variance.selected_in_both);
  });
});

describe("always", () => {
  it("in blocks as in memory, and the components of residuals too", async () => {
    const inBlocks = toBlocked(counts);
    const few = { ...inBlocks, blocks: (_: number, signal?: AbortSignal) => inBlocks.blocks(7, signal) };
    const residuals = pearsonResiduals(counts);
    const view = await pearsonResidualsBlocked(few);
    expect(toDense(await collectBlocks(view)).data).toEqual(residuals.data);
    const components = { components: 5, solver: "gram" } as const;
    const { scores } = await pcaBlocked(view, { components: 5 });
    expect(worst(scores.data, (await pca(residuals, components)).scores.data, 1)).toBeLessThan(1e-5);

    const logs = toBlocked(logged);
    const regressed = toDense(await collectBlocks(await regressOutBlocked(logs, [half]))).data;
    expect(regressed).toEqual(regressOut(logged, [half]).data);
    const size = Float64Array.from({ length: 64 }, (_, i) => 1 + (i % 9));
    const divided = await collectBlocks(normalizeBySizeBlocked(few, size));
    expect(divided.data).toEqual(normalizeBySize(counts, size).data);
    expect((await scoreGenesBlocked(logs, [3, 9])).score).toEqual(scoreGenes(logged, [3, 9]).score);
  });

  it("residuals are at right angles to what was regressed out", () => {
    const total = qcMetrics(counts, { names }).totalCounts;
    const { data, cols } = regressOut(logged, [total, half]);
    for (const column of [total, Float64Array.from(half.codes), new Float64Array(64).fill(1)]) {
      const length = Math.sqrt(column.reduce((sum, v) => sum + v * v, 0));
      for (let j = 0; j < cols; j++) {
        const along = column.reduce((sum, v, i) => sum + v * data[i * cols + j], 0);
        expect(Math.abs(along) / length).toBeLessThan(1e-4);
      }
    }
  });

  it("the variance of residuals is that of the full matrix", () => {
    const full = pearsonResiduals(counts, { theta: 7, clip: 2 });
    const { score } = variableGenes(counts, { flavor: "pearson_residuals", theta: 7, clip: 2 });
    for (let j = 0; j < full.cols; j++) {
      const values = Array.from({ length: 64 }, (_, i) => full.data[i * full.cols + j]);
      const mean = values.reduce((a, b) => a + b) / 64;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 64;
      expect(Math.abs(score[j] - variance)).toBeLessThan(1e-5 * Math.max(1, variance));
    }
  });

  it("counts per size are counts times the median size over the size of the cell, or times what is asked for", () => {
    const size = Float64Array.from({ length: 64 }, (_, i) => 10 + i);
    const median = 41.5;
    const [usual, asked] = [normalizeBySize(counts, size), normalizeBySize(counts, size, { targetSize: 5 })];
    for (let i = 0; i < 64; i++) {
      for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) {
        expect(usual.data[e]).toBeCloseTo((counts.data[e] * median) / size[i], 4);
        expect(asked.data[e]).toBeCloseTo((counts.data[e] * 5) / size[i], 4);
      }
    }
  });

  it("a drawn set of controls depends on the seed only and is no larger than asked for", () => {
    const drawn = (seed: number): Uint32Array =>
      scoreGenes(logged, [30, 90], { controls: 3, bins: 4, seed }).controls;
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(drawn(1).length).toBeLessThanOrEqual(6);
  });

  it("the area of a square with a hole is what is left of it", () => {
    const ring = (a: number, b: number): number[] => [a, a, b, a, b, b, a, b, a, a];
    const shapes: Shapes = {
      kind: "shapes",
      ids: ids(["holed", "turned", "none"]),
      shapeOffsets: Uint32Array.of(0, 2, 3, 3),
      ringOffsets: Uint32Array.of(0, 5, 10, 15),
      coordinates: Float64Array.from([...ring(1e6, 1e6 + 4), ...ring(1e6 + 1, 1e6 + 2), ...ring(3, 1)]),
    };
    expect([...shapeAreas(shapes)]).toEqual([15, 4, 0]);
  });
});

describe("at the edges", () => {
  it("cells and genes without counts have residual 0", () => {
    const x = expression(toSparse(dense(3, 3, Float32Array.of(2, 0, 1, 0, 0, 0, 1, 0, 3))), "counts");
    const { data } = pearsonResiduals(x);
    expect([data[1], data[3], data[4], data[5], data[7]]).toEqual([0, 0, 0, 0, 0]);
    const { score } = variableGenes(x, { flavor: "pearson_residuals", top: 3 });
    expect(score[1]).toBe(0);
  });

  it("refuses what it cannot use, each with the reason", () => {
    const none = Float64Array.from({ length: 64 }, (_, i) => (i === 5 ? 0 : 1));
    expect(() => normalizeBySize(counts, none)).toThrow(/above 0, found 1 without/);
    expect(() => normalizeBySize(counts, [1])).toThrow(/found 1 sizes/);
    expect(() => regressOut(logged, [new Float64Array(3)])).toThrow(/64 cells, found 3/);
    expect(() => regressOut(logged, [none.map((v) => v / 0)])).toThrow(/not finite/);
    expect(() => regressOut(logged, [{ ...half, codes: half.codes.map(() => -1) }])).toThrow(/missing/);
    expect(() => pearsonResiduals(counts, { maxBytes: 100 })).toThrow(/GB/);
    expect(() => pearsonResiduals(counts, { genes: Uint32Array.of(4, 4) })).toThrow(/ascend/);
    expect(() => scoreGenes(logged, [])).toThrow(/at least one gene/);
    expect(() => scoreGenes(logged, [200])).toThrow(/below 200, found 200/);
    expect(() => librarySizeByRegion([1], half)).toThrow(/1 totals and 64/);
  });

  it("totals that differ between regions are told from totals that do not", () => {
    const regions = categorical(Int32Array.of(0, 0, 1, 1, -1), ["a", "b", "c"]);
    const { explained, medians, cells } = librarySizeByRegion([10, 20, 10, 20, 1e9], regions);
    expect(Math.abs(explained)).toBeLessThan(1e-12);
    expect([...medians, ...cells]).toEqual([15, 15, NaN, 2, 2, 0]);
  });
});
