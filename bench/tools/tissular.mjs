// tissular's side of the steps. usage: node bench/tools/tissular.mjs INPUTS, then a step per line (serve.mjs)
import { leiden, rankGenes } from "../../dist/cluster.js";
import { parseInteractions, testInteractions } from "../../dist/communicate.js";
import { delaunayGraph, neighborGraph } from "../../dist/graph.js";
import { categorical, dense, expression, positions, sparse } from "../../dist/model.js";
import { log1p, normalizeTotal, variableGenes } from "../../dist/preprocess.js";
import { pca, umap } from "../../dist/reduce.js";
import { coOccurrence, geary, moran, neighborhoodEnrichment, ripley } from "../../dist/spatial.js";
import { inputs } from "./inputs.mjs";
import { serve } from "./serve.mjs";

const given = inputs(process.argv[2]);
const { n, p, array } = given;
const matrix = (data, values) =>
  expression(
    sparse(n, p, array("counts.indptr.u32"), array("counts.indices.u32"), array(`${data}.f32`)),
    values,
  );
const counts = () => matrix("counts", "counts");
const log = () => matrix("log", "log");
const points = () => dense(n, 30, array("points.f32"));
const labels = () =>
  categorical(
    array("labels.i32"),
    Array.from({ length: given.types }, (_, t) => String(t)),
  );
const graph = (name) => ({
  kind: "graph",
  nodes: n,
  directed: false,
  indptr: array(`${name}.indptr.u32`),
  indices: array(`${name}.indices.u32`),
  weights: array(`${name}.f32`),
  distances: array(`${name}.distances.f64`),
});
const places = () => positions(array("positions.f64"), "um", 1);
const ripleyL = (simulations) => (_, run) => {
  const [groups, at, distances] = [labels(), places(), array("distances.f64")];
  return step(
    () => ripley(groups, at, { statistic: "L", correction: "none", distances, simulations, ...run }),
    ({ observed, sizes }) => ({ curves: observed, sizes }),
  );
};
const step = (call, answer) => ({ call, answer });

await serve(given, {
  normalize() {
    const x = counts();
    return step(
      () => log1p(normalizeTotal(x, { targetSum: 1e4 })),
      ({ data }) => ({ data }),
    );
  },
  "variable-genes"() {
    const x = counts();
    return step(
      () => variableGenes(x, { flavor: "seurat_v3", top: given.top }),
      ({ selected }) => ({ selected }),
    );
  },
  pca(_, run) {
    const x = log();
    const genes = array("variable.u32");
    const chosen = genes.length < p ? { genes } : {};
    return step(
      () => pca(x, { components: given.components, ...chosen, ...run }),
      ({ loadings, variance }) => ({ loadings: loadings.data, variance }),
    );
  },
  neighbors(_, run) {
    const x = points();
    return step(
      () => neighborGraph(x, { neighbors: 15, ...run }),
      ({ knn }) => ({ indices: knn.indices }),
    );
  },
  umap(_, run) {
    const edges = graph("graph");
    return step(
      () => umap(edges, run),
      ({ embedding }) => ({ layout: embedding.data }),
    );
  },
  "umap-pca"(_, run) {
    const edges = graph("graph");
    const init = dense(n, 2, array("start.f32"));
    return step(
      () => umap(edges, { init, ...run }),
      ({ embedding }) => ({ layout: embedding.data }),
    );
  },
  leiden(_, run) {
    const edges = graph("graph");
    return step(
      () => leiden(edges, run),
      (result) => ({ labels: result.labels.codes }),
    );
  },
  "spatial-graph"() {
    const at = places();
    return step(
      () => delaunayGraph(at, { maxLength: Infinity }).graph,
      ({ indptr, indices }) => ({ indptr, indices }),
    );
  },
  enrichment(_, run) {
    const [groups, edges] = [labels(), graph("spatial")];
    return step(
      () => neighborhoodEnrichment(groups, edges, { permutations: 1000, ...run }),
      ({ zPermutation }) => ({ z: zPermutation }),
    );
  },
  "enrichment-analytic"(_, run) {
    const [groups, edges] = [labels(), graph("spatial")];
    return step(
      () => neighborhoodEnrichment(groups, edges, { permutations: 0, ...run }),
      ({ z }) => ({ z }),
    );
  },
  moran(_, run) {
    const [x, edges] = [log(), graph("spatial")];
    return step(
      () => moran(x, edges, run),
      ({ i }) => ({ statistic: i }),
    );
  },
  geary(_, run) {
    const [x, edges] = [log(), graph("spatial")];
    return step(
      () => geary(x, edges, run),
      ({ c }) => ({ statistic: c }),
    );
  },
  wilcoxon(_, run) {
    const [x, groups] = [log(), labels()];
    return step(
      () => rankGenes(x, groups, { method: "wilcoxon", tieCorrection: false, ...run }),
      ({ scores }) => ({ scores }),
    );
  },
  interactions(_, run) {
    const [x, groups] = [log(), labels()];
    const pairs = parseInteractions(`ligand,receptor\n${given.pairs.join("\n")}\n`, "pairs.csv");
    const at = new Map(given.pairs.map((pair, t) => [pair, t]));
    const k = given.types;
    return step(
      () =>
        testInteractions(x, groups, given.names, pairs, { permutations: 1000, minFraction: 0.01, ...run }),
      ({ score, ligand, receptor, sender, receiver }) => {
        const means = new Float64Array(given.pairs.length * k * k).fill(NaN);
        for (let r = 0; r < score.length; r++) {
          const pair = `${ligand.categories[ligand.codes[r]]},${receptor.categories[receptor.codes[r]]}`;
          means[(at.get(pair) * k + sender.codes[r]) * k + receiver.codes[r]] = score[r];
        }
        return { means };
      },
    );
  },
  "co-occurrence"(_, run) {
    const [groups, at, thresholds] = [labels(), places(), array("thresholds.f64")];
    return step(
      () => coOccurrence(groups, at, { thresholds, ...run }),
      ({ ratio }) => ({ ratio }),
    );
  },
  "ripley-curves": ripleyL(0),
  ripley: ripleyL(100),
});
