import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  categorical,
  dense,
  type Expression,
  expression,
  selectColumns,
  selectRows,
  type Sparse,
  toDense,
  toSparse,
} from "../../src/model/index.ts";
import {
  featureTotals,
  filterCells,
  filterGenes,
  log1p,
  normalizeTotal,
  qcMetrics,
  scale,
  standardize,
  variableGenes,
} from "../../src/preprocess/index.ts";
import { median, variance } from "../../src/stats/index.ts";
import { tissue } from "../support/tissue.ts";

const counted = fc
  .tuple(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 8 }))
  .chain(([n, p]) =>
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 2, 5, 40), { minLength: n * p, maxLength: n * p })
      .map((data) => expression(toSparse(dense(n, p, Float32Array.from(data))), "counts")),
  );
const namesOf = (x: Sparse): string[] =>
  Array.from({ length: x.cols }, (_, j) => (j % 3 === 0 ? "mt-" : "G") + j);
const frozen = (x: Expression<Sparse>): string => [...x.indptr, ...x.indices, ...x.data, x.values].join();
const full = (x: Sparse): number[] => Array.from(toDense(x).data);

describe("always", () => {
  it("metrics are sums over the full matrix, and cells and genes count the same total", () => {
    fc.assert(
      fc.property(counted, (x) => {
        const before = frozen(x);
        const qc = qcMetrics(x, { names: namesOf(x) }, { percentTop: [1, 100] });
        const all = full(x);
        const row = (i: number): number[] => all.slice(i * x.cols, (i + 1) * x.cols);
        qc.totalCounts.forEach((total, i) => {
          expect(total).toBe(row(i).reduce((a, b) => a + b));
          expect(qc.nGenes[i]).toBe(row(i).filter((v) => v > 0).length);
          const mito = row(i).reduce((a, v, j) => a + (j % 3 === 0 ? v : 0), 0);
          expect(qc.pctMito![i]).toBe((100 * mito) / total);
          expect(qc.pctTop[0][i]).toBe((100 * Math.max(...row(i))) / total);
          expect(qc.pctTop[1][i]).toBe(total > 0 ? 100 : NaN);
        });
        const sum = (v: Float64Array): number => v.reduce((a, b) => a + b, 0);
        expect(sum(qc.genes.totalCounts)).toBe(sum(qc.totalCounts));
        expect(frozen(x)).toBe(before);
      }),
    );
  });

  it("normalized cells add up to the target, proportions stay, the input is unchanged", () => {
    fc.assert(
      fc.property(counted, fc.option(fc.integer({ min: 1, max: 10000 })), (x, targetSum) => {
        const before = frozen(x);
        const totals = featureTotals(x);
        const got = normalizeTotal(x, { targetSum });
        const target = targetSum ?? median(totals.filter((t) => t > 0));
        featureTotals(got).forEach((t, i) =>
          expect(Math.abs(t - (totals[i] > 0 ? target : 0))).toBeLessThan(1e-5 * (1 + t)),
        );
        expect([got.values, log1p(got).values]).toEqual(["normalized", "log"]);
        log1p(got).data.forEach((v, e) =>
          expect(Math.abs(v - Math.log1p(got.data[e]))).toBeLessThan(1e-6 * (1 + v)),
        );
        expect(frozen(x)).toBe(before);
      }),
    );
  });

  it("scaled genes have deviation 1, standardized ones mean 0 too; constant genes stay finite", () => {
    fc.assert(
      fc.property(counted, (x) => {
        const log = log1p(x);
        const { matrix, std } = scale(log, { maxValue: null });
        const z = standardize(log, { maxValue: null });
        const flat = full(matrix);
        for (let j = 0; j < x.cols; j++) {
          const column = (from: ArrayLike<number>): number[] =>
            Array.from({ length: x.rows }, (_, i) => from[i * x.cols + j]);
          const varies = new Set(column(full(log))).size > 1;
          expect(variance(column(flat))).toBeCloseTo(varies ? 1 : 0, 4);
          expect(variance(column(z.data))).toBeCloseTo(varies ? 1 : 0, 4);
          expect(column(z.data).reduce((a, b) => a + b)).toBeCloseTo(0, 4);
          if (!varies) expect(std[j]).toBe(1);
        }
        expect(scale(log, { maxValue: 0.5 }).matrix.data.every((v) => v <= 0.5)).toBe(true);
      }),
    );
  });

  it("filters keep what passes, in order", () => {
    fc.assert(
      fc.property(
        counted,
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 4 }),
        (x, minCounts, k) => {
          const qc = qcMetrics(x, { names: namesOf(x) });
          const options = { minCounts, minGenes: k, maxPctMito: 50, names: namesOf(x) };
          const kept = [...filterCells(x, options)];
          const want = [...qc.totalCounts.keys()].filter(
            (i) => qc.totalCounts[i] >= minCounts && qc.nGenes[i] >= k && !(qc.pctMito![i] > 50),
          );
          expect(kept).toEqual(want);
          expect([...filterGenes(x, { minCells: k })]).toEqual(
            [...qc.genes.nCells.keys()].filter((j) => qc.genes.nCells[j] >= k),
          );
        },
      ),
    );
  });

  it("variable genes do not depend on the order of cells, and follow their genes", () => {
    const { counts } = tissue();
    const got = variableGenes(counts, { top: 30 });
    const cells = Array.from({ length: counts.rows }, (_, i) => (i * 27) % counts.rows);
    expect(variableGenes(selectRows(counts, cells), { top: 30 }).selected).toEqual(got.selected);
    expect(got.selected.length).toBe(30);
    expect([...got.selected].every((j) => got.rank[j] < 30 && got.highlyVariable[j] === 1)).toBe(true);
    expect(got.params).toMatchObject({ flavor: "seurat_v3", top: 30, span: 0.3, samples: 1 });
  });

  it("two samples that are the same agree with one", () => {
    const { counts } = tissue();
    const twice = selectRows(
      counts,
      Array.from({ length: 128 }, (_, i) => i % 64),
    );
    const sample = categorical(
      Int32Array.from({ length: 128 }, (_, i) => Math.floor(i / 64)),
      ["a", "b"],
    );
    const one = variableGenes(counts, { top: 25 });
    const two = variableGenes(twice, { top: 25, sample });
    expect(two.selected).toEqual(one.selected);
    two.score.forEach((s, j) => expect(s).toBeCloseTo(one.score[j], 10));
  });
});

describe("at the edges", () => {
  const x = expression(toSparse(dense(2, 2, Float32Array.of(1, 2, 0, 0))), "counts");

  it("no mitochondrial genes: missing, never 0; an empty cell: missing", () => {
    expect(qcMetrics(x, { names: ["A", "MTOR"] }).pctMito).toBeNull();
    expect(qcMetrics(x, { names: ["MT-A", "B"] }).pctMito![1]).toBeNaN();
    const masked = qcMetrics(x, { names: ["A", "B"], mitochondrial: Uint8Array.of(0, 1) });
    expect(masked.pctMito![0]).toBeCloseTo(200 / 3, 12);
    expect(masked.params.mitochondrialGenes).toBe(1);
  });

  it("an unknown mitochondrial share passes", () => {
    expect([...filterCells(x, { minCounts: 0, maxPctMito: 0, names: ["A", "B"] })]).toEqual([0, 1]);
    expect([...filterCells(x, { minCounts: 0, maxPctMito: 0, names: ["MT-A", "B"] })]).toEqual([1]);
    expect(() => filterCells(x, { maxPctMito: 5 })).toThrow(/names/);
  });

  it("empty matrices and empty cells", () => {
    const none = expression(toSparse(dense(0, 0)), "counts");
    expect(qcMetrics(none, { names: [] }).totalCounts.length).toBe(0);
    expect(normalizeTotal(none).rows).toBe(0);
    expect([...filterCells(x)]).toEqual([0]);
    const zeros = expression(toSparse(dense(3, 2)), "counts");
    expect(normalizeTotal(zeros).data.length).toBe(0);
    expect(variableGenes(zeros).selected.length).toBe(0);
    expect(() => variableGenes(selectRows(x, [0]))).toThrow(/at least 2 cells/);
  });

  it("genes that do not vary are never chosen", () => {
    const flat = expression(toSparse(dense(3, 2, Float32Array.of(1, 2, 1, 0, 1, 5))), "counts");
    expect([...variableGenes(flat, { top: 2 }).selected]).toEqual([1]);
    expect([...variableGenes(log1p(flat), { flavor: "seurat", top: 2 }).selected]).toEqual([1]);
  });

  it("a constant gene keeps its value and does not explode", () => {
    const same = expression(dense(3, 1, new Float32Array(3).fill(1.1)), "log");
    const sparse = expression(toSparse(same), "log");
    expect(scale(sparse).matrix.data.every((v) => v === Math.fround(1.1))).toBe(true);
    expect(standardize(sparse).data.every((v) => Math.abs(v) < 1e-6)).toBe(true);
  });

  it("refuses values of the wrong kind, by name", () => {
    const log = log1p(x);
    const scaled = scale(log).matrix;
    const normalized = normalizeTotal(x);
    const values = (message: RegExp): object =>
      expect.objectContaining({ code: "values", message: expect.stringMatching(message) as string });
    expect(() => qcMetrics(log, { names: ["A", "B"] })).toThrow(values(/qcMetrics needs counts/));
    expect(() => normalizeTotal(normalized)).toThrow(values(/found normalized/));
    expect(() => log1p(log)).toThrow(values(/found log/));
    expect(() => log1p(scaled)).toThrow(values(/found scaled/));
    expect(() => scale(x)).toThrow(values(/found counts/));
    expect(() => standardize(scaled)).toThrow(values(/found scaled/));
    expect(() => variableGenes(log)).toThrow(values(/seurat_v3.*needs counts/));
    expect(() => variableGenes(x, { flavor: "seurat" })).toThrow(values(/needs log/));
    expect(() => filterCells(log)).toThrow(values(/found log/));
  });

  it("refuses what would not fit, before it is built", () => {
    const wide = expression(
      {
        kind: "sparse",
        rows: 100000,
        cols: 30000,
        indptr: new Uint32Array(100001),
        indices: new Uint32Array(0),
        data: new Float32Array(0),
      } satisfies Sparse,
      "log",
    );
    expect(() => standardize(wide)).toThrow(
      expect.objectContaining({ code: "memory", message: expect.stringContaining("12.0 GB") as string }),
    );
  });

  it("refuses unknown and impossible options", () => {
    for (const call of [
      () => normalizeTotal(x, { target: 1 } as object),
      () => normalizeTotal(x, { targetSum: 0 }),
      () => scale(log1p(x), { maxValue: -1 }),
      () => variableGenes(x, { top: null }),
      () => variableGenes(x, { flavour: "seurat" } as object),
      () => variableGenes(x, { sample: categorical(new Int32Array(1), ["a"]) }),
      () => qcMetrics(x, { names: ["A", "B"] }, { percentTop: [0] }),
      () => filterGenes(x, { minCells: 1.5 }),
    ])
      expect(call).toThrow(expect.objectContaining({ code: "option" }));
    expect(() => qcMetrics(x, { names: ["A"] })).toThrow(expect.objectContaining({ code: "input" }));
  });

  it("a column subset normalizes to its own totals", () => {
    const part = selectColumns(tissue().counts, [4, 5, 6]);
    featureTotals(normalizeTotal(part, { targetSum: 10 })).forEach((t) =>
      expect([0, 10]).toContain(Math.round(t * 1e4) / 1e4),
    );
  });
});

it("refuses cells without a sample when genes are scored by sample", () => {
  const x = expression(toSparse(dense(3, 1, Float32Array.of(1, 2, 4))), "counts");
  expect(() => variableGenes(x, { sample: categorical(Int32Array.of(0, 0, -1), ["a"]) })).toThrow(
    /every cell must have a sample/,
  );
});
