import { describe, expect, it } from "vitest";
import { type Dense, selectColumns, type Sparse, toDense } from "../../src/model/index.ts";
import {
  log1p,
  normalizeTotal,
  qcMetrics,
  scale,
  standardize,
  variableGenes,
} from "../../src/preprocess/index.ts";
import { worst } from "../support/close.ts";
import { coreFixture, tissue } from "../support/tissue.ts";

type Columns = Record<string, number[]>;

describe("agrees with scanpy on a small tissue", () => {
  const { counts, names } = tissue();
  const logged = log1p(normalizeTotal(counts, { targetSum: 1e4 }));
  const columns = Uint32Array.from({ length: 12 }, (_, j) => j + 4);
  const part = (x: Sparse | Dense): ArrayLike<number> => {
    const some: Sparse | Dense = selectColumns(x, columns);
    return some.kind === "sparse" ? toDense(some).data : some.data;
  };

  it("QC metrics", () => {
    const want = coreFixture<{ cells: Columns; genes: Columns }>("qc");
    const got = qcMetrics(counts, { names }, { percentTop: [20, 50] });
    const pairs: [ArrayLike<number>, number[]][] = [
      [got.totalCounts, want.cells["total_counts"]],
      [got.nGenes, want.cells["n_genes_by_counts"]],
      [got.pctMito!, want.cells["pct_counts_mt"]],
      [got.pctTop[0], want.cells["pct_counts_in_top_20_genes"]],
      [got.pctTop[1], want.cells["pct_counts_in_top_50_genes"]],
      [got.genes.nCells, want.genes["n_cells_by_counts"]],
      [got.genes.totalCounts, want.genes["total_counts"]],
      [got.genes.meanCounts, want.genes["mean_counts"]],
      [got.genes.pctDropout, want.genes["pct_dropout_by_counts"]],
    ];
    for (const [a, b] of pairs) expect(worst(a, b, 1e-6)).toBeLessThan(1e-6);
  });

  it("normalization", () => {
    const want = coreFixture<Columns>("normalize");
    const without = { targetSum: 1e4, excludeHighlyExpressed: true, maxFraction: 0.1 };
    expect(worst(part(normalizeTotal(counts)), want["median"])).toBeLessThan(1e-6);
    expect(worst(part(normalizeTotal(counts, { targetSum: 1e4 })), want["ten_thousand"])).toBeLessThan(1e-6);
    expect(worst(part(normalizeTotal(counts, without)), want["without_dominant"])).toBeLessThan(1e-6);
    expect(worst(part(logged), want["log"])).toBeLessThan(1e-6);
    expect(want["without_dominant"]).not.toEqual(want["ten_thousand"]);
  });

  it("scaling and standardization", () => {
    const want = coreFixture<Columns>("scale");
    const got = scale(logged, { maxValue: 3 });
    expect(worst(got.mean, want["mean"], 1e-9)).toBeLessThan(1e-5);
    expect(worst(got.std, want["std"])).toBeLessThan(1e-5);
    expect(worst(part(got.matrix), want["scaled"])).toBeLessThan(1e-5);
    expect(worst(part(standardize(logged, { maxValue: 3 })), want["standardized"], 0.1)).toBeLessThan(1e-5);
  });

  it("variable genes", () => {
    const want = coreFixture<Record<"seurat_v3" | "seurat", Columns>>("features");
    const v3 = variableGenes(counts, { top: 20 });
    expect(worst(v3.means, want.seurat_v3["means"])).toBeLessThan(1e-10);
    expect(worst(v3.variances, want.seurat_v3["variances"])).toBeLessThan(1e-10);
    expect(worst(v3.score, want.seurat_v3["score"])).toBeLessThan(1e-9);
    expect([...v3.selected]).toEqual(want.seurat_v3["selected"]);
    const seurat = variableGenes(logged, { flavor: "seurat", top: 20 });
    expect(worst(seurat.score, want.seurat["score"], 0.01)).toBeLessThan(1e-4);
    expect([...seurat.selected]).toEqual(want.seurat["selected"]);
    const cutoffs = { flavor: "seurat", top: null, minMean: 0.5, maxMean: 4, minScore: 0.3 } as const;
    expect([...variableGenes(logged, cutoffs).selected]).toEqual(want.seurat["selected_by_cutoffs"]);
  });
});
