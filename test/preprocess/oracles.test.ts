import { join } from "node:path";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { categories, expression } from "../../src/model/index.ts";
import { scoreGenes } from "../../src/annotate/index.ts";
import {
  log1p,
  normalizeTotal,
  pearsonResiduals,
  qcMetrics,
  regressOut,
  scale,
  standardize,
  variableGenes,
} from "../../src/preprocess/index.ts";
import { mean } from "../../src/stats/index.ts";
import { worst } from "../support/close.ts";
import { readCsr, readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

describe.skipIf(oracles === null)("agrees with scanpy on 600 spots", () => {
  const at = (name: string): string => join(oracles!, "core", name);
  const input = oracles === null ? {} : readNpz(at("input.npz"));
  const strings =
    oracles === null
      ? ({} as Record<string, string[]>)
      : (JSON.parse(readFileSync(at("input.json"), "utf8")) as Record<string, string[]>);
  const counts = oracles === null ? null! : expression(readCsr(input, "X"), "counts");
  const names = strings["var_names"];
  const logged = oracles === null ? null! : log1p(normalizeTotal(counts, { targetSum: 1e4 }));

  it("QC metrics", () => {
    const want = readNpz(at("qc.npz"));
    const qc = qcMetrics(counts, { names }, { percentTop: [20, 50, 100] });
    expect(worst(qc.totalCounts, want["obs_total_counts"].data)).toBe(0);
    expect(worst(qc.nGenes, want["obs_n_genes_by_counts"].data)).toBe(0);
    expect(worst(qc.pctMito!, want["obs_pct_counts_mt"].data)).toBeLessThan(1e-6);
    [20, 50, 100].forEach((k, i) =>
      expect(worst(qc.pctTop[i], want[`obs_pct_counts_in_top_${k}_genes`].data)).toBeLessThan(1e-6),
    );
    expect(worst(qc.genes.nCells, want["var_n_cells_by_counts"].data)).toBe(0);
    expect(worst(qc.genes.totalCounts, want["var_total_counts"].data)).toBe(0);
    expect(worst(qc.genes.meanCounts, want["var_mean_counts"].data)).toBeLessThan(1e-6);
    expect(worst(qc.genes.pctDropout, want["var_pct_dropout_by_counts"].data, 1e-9)).toBeLessThan(1e-6);
  });

  it("totals of 1e4, the median, and without dominant genes", () => {
    const want = readNpz(at("normalize.npz"));
    const same = (key: string, data: Float32Array): void =>
      expect(worst(data, want[key].data), key).toBeLessThan(1e-6);
    same("t1e4_data", normalizeTotal(counts, { targetSum: 1e4 }).data);
    same("t1e4_log1p_data", logged.data);
    same("median_data", normalizeTotal(counts).data);
    const without = { targetSum: 1e4, excludeHighlyExpressed: true, maxFraction: 0.03 };
    same("excl_data", normalizeTotal(counts, without).data);
  });

  it("scaling and standardization", () => {
    const want = readNpz(at("scale.npz"));
    const scaled = scale(logged, { maxValue: null });
    expect(worst(scaled.mean, want["mean"].data)).toBeLessThan(1e-5);
    expect(worst(scaled.std, want["std"].data)).toBeLessThan(1e-5);
    expect(worst(scaled.matrix.data.subarray(0, 20000), want["X_nozc_data_f32"].data)).toBeLessThan(1e-5);
    const standard = standardize(logged);
    expect(worst(standard.data.subarray(0, 100 * 300), want["X_first100spots"].data, 0.1)).toBeLessThan(1e-5);
  });

  it.each([
    ["hvg_seurat", { top: 60 }],
    ["hvg_seurat_cutoffs", { top: null }],
  ])("variable genes, %s", (file, options) => {
    const want = readNpz(at(`${file}.npz`));
    const got = variableGenes(logged, { flavor: "seurat", ...options });
    expect(worst(got.means.map(Math.log1p), want["means"].data)).toBeLessThan(1e-5);
    expect(
      worst(
        got.variances.map((v, j) => Math.log(v / got.means[j])),
        want["dispersions"].data,
        0.1,
      ),
    ).toBeLessThan(1e-5);
    expect(worst(got.score, want["dispersions_norm"].data, 0.01)).toBeLessThan(1e-5);
    expect([...got.highlyVariable]).toEqual([...want["highly_variable"].data]);
  });

  it("variable genes, seurat_v3", () => {
    const want = readNpz(at("hvg_seurat_v3.npz"));
    const got = variableGenes(counts, { top: 60 });
    expect(worst(got.means, want["means"].data)).toBeLessThan(1e-10);
    expect(worst(got.variances, want["variances"].data)).toBeLessThan(1e-10);
    expect(worst(got.score, want["variances_norm"].data)).toBeLessThan(1e-9);
    expect([...got.highlyVariable]).toEqual([...want["highly_variable"].data]);
    const places = want["highly_variable_rank"].data as Float32Array;
    places.forEach((place, j) => Number.isNaN(place) || expect(got.rank[j]).toBe(place));
  });

  it("variable genes, seurat_v3 over two samples", () => {
    const want = readNpz(at("hvg_seurat_v3_batch.npz"));
    const got = variableGenes(counts, { top: 60, sample: categories(strings["batch"]) });
    // Within samples scanpy adds up values divided by n, so equal means differ in the last bit and the trend is cut elsewhere.
    expect(worst(got.score, want["variances_norm"].data)).toBeLessThan(2e-3);
    expect([...got.highlyVariable]).toEqual([...want["highly_variable"].data]);
  });

  it("variable genes, seurat over two samples", () => {
    const want = readNpz(at("hvg_seurat_batch.npz"));
    const sample = categories(strings["batch"]);
    const got = variableGenes(logged, { flavor: "seurat", top: 60, sample });
    expect(worst(got.score, want["dispersions_norm"].data, 0.1)).toBeLessThan(1e-5);
    expect([...got.highlyVariable]).toEqual([...want["highly_variable"].data]);
  });

  it("variable genes, cell_ranger", () => {
    const want = readNpz(at("hvg_cell_ranger.npz"));
    const got = variableGenes(logged, { flavor: "cell_ranger", top: 60 });
    expect(worst(got.means, want["means"].data)).toBeLessThan(1e-5);
    expect(worst(got.score, want["dispersions_norm"].data, 0.1)).toBeLessThan(2e-5);
    expect([...got.highlyVariable]).toEqual([...want["highly_variable"].data]);
  });

  it("Pearson residuals and the genes where they vary", () => {
    const want = readNpz(at("pearson_residuals.npz"));
    const { data } = pearsonResiduals(counts);
    expect(worst(data.subarray(0, 100 * 300), want["X_first100spots"].data, 0.1)).toBeLessThan(1e-5);
    const got = variableGenes(counts, { flavor: "pearson_residuals", top: 60 });
    expect(worst(got.score, want["gene_var"].data)).toBeLessThan(1e-5);
    expect([...got.highlyVariable]).toEqual([...want["hvg"].data]);
  });

  it("residuals of a regression on total counts and mitochondrial share", () => {
    const want = readNpz(at("regress_out.npz"));
    const { totalCounts, pctMito } = qcMetrics(counts, { names });
    const { data } = regressOut(logged, [totalCounts, pctMito!]);
    expect(worst(data.subarray(0, 100 * 300), want["X_first100spots"].data, 1)).toBeLessThan(1e-4);
  });

  it("scores of a gene set", () => {
    const want = readNpz(at("score_genes.npz"));
    const { genes } = JSON.parse(readFileSync(at("score_genes.json"), "utf8")) as { genes: string[] };
    const set = genes.map((gene) => names.indexOf(gene));
    const whole = scoreGenes(logged, set, { controls: 10_000, bins: 5 });
    expect(worst(whole.score, want["score_no_sampling"].data, 0.1)).toBeLessThan(1e-5);
    const drawn = scoreGenes(logged, set, { controls: 50, bins: 25 });
    expect(correlation(drawn.score, want["score"].data as Float64Array)).toBeGreaterThan(0.98);
  });
});

function correlation(a: Float64Array, b: Float64Array): number {
  const product = (x: Float64Array, y: Float64Array): number => {
    const [mx, my] = [mean(x), mean(y)];
    return x.reduce((sum, v, i) => sum + (v - mx) * (y[i] - my), 0);
  };
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
