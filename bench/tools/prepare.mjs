// What the steps start from, the same for every tool: counts, log values, scores, graphs, labels, places, pairs of genes.
// usage: node bench/tools/prepare.mjs SAMPLE.h5 OBS.csv FOLDER
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stream } from "../../dist/core.js";
import { delaunayGraph, neighborGraph } from "../../dist/graph.js";
import { readSample } from "../../dist/io.js";
import { geneNames, selectCells, selectColumns, selectGenes } from "../../dist/model.js";
import { filterCells, filterGenes, log1p, normalizeTotal, variableGenes } from "../../dist/preprocess.js";
import { pca } from "../../dist/reduce.js";
import { writeArray } from "./arrays.mjs";

const COMPONENTS = 50;
const [h5, csv, out] = process.argv.slice(2);
const folder = `${out}.tmp`;
mkdirSync(folder, { recursive: true });

const read = (await readSample(h5, { positions: csv })).dataset;
const [head, ...lines] = readFileSync(csv, "utf8").trim().split("\n");
const column = head.split(",").indexOf("celltype");
const typeOf = new Map(lines.map((line) => [line.split(",")[0], Number(line.split(",")[column])]));
const cells = filterCells(read.counts, { minCounts: 1 });
const some = selectCells(read, cells);
const {
  counts,
  genes,
  positions,
  cells: kept,
} = selectGenes(some, filterGenes(some.counts, { minCells: 3 }));
const log = log1p(normalizeTotal(counts, { targetSum: 1e4 }));

const matrix = (name, { indptr, indices, data }) => {
  writeArray(folder, `${name}.indptr.u32`, indptr);
  writeArray(folder, `${name}.indices.u32`, indices);
  writeArray(folder, `${name}.f32`, data);
};
matrix("counts", counts);
writeArray(folder, "log.f32", log.data);

const p = counts.cols;
const top = Math.min(2000, Math.ceil(p / 2));
const selected =
  p > 2000
    ? variableGenes(counts, { flavor: "seurat_v3", top }).selected
    : Uint32Array.from({ length: p }, (_, j) => j);
writeArray(folder, "variable.u32", selected);
const { scores } = await pca(log, {
  components: COMPONENTS,
  ...(selected.length < p ? { genes: selected } : {}),
});
const first = (count) =>
  selectColumns(
    scores,
    Array.from({ length: count }, (_, j) => j),
  );
const points = first(30);
writeArray(folder, "points.f32", points.data);
writeArray(folder, "start.f32", first(2).data);
const { graph, knn } = await neighborGraph(points, { neighbors: 15 });
matrix("graph", { ...graph, data: graph.weights });
writeArray(folder, "graph.distances.f64", graph.distances);
matrix("knn", { ...knn, data: Float32Array.from(knn.distances) });
const touching = delaunayGraph(positions).graph;
matrix("spatial", { ...touching, data: touching.weights });
writeArray(folder, "spatial.distances.f64", touching.distances);

const labels = Array.from({ length: counts.rows }, (_, i) => typeOf.get(kept.ids.at(i)));
if (labels.some((label) => !(label >= 0)))
  throw new Error(`${csv} does not give every cell of ${h5} a cell type`);
writeArray(folder, "labels.i32", labels);
writeArray(folder, "positions.f64", positions.data);
const box = [0, 1].map((axis) => {
  const values = Array.from({ length: counts.rows }, (_, i) => positions.data[2 * i + axis]);
  return values.reduce((most, v) => Math.max(most, v)) - values.reduce((least, v) => Math.min(least, v));
});
const upTo = (last, from) => Array.from({ length: 50 }, (_, t) => (last * (t + 1 - from)) / (50 - from));
writeArray(folder, "thresholds.f64", upTo(Math.sqrt(box[0] ** 2 + box[1] ** 2) / 2, 0));
writeArray(folder, "distances.f64", upTo(Math.min(...box) / 4, 1));

const names = Array.from(geneNames(genes));
const random = stream(0);
const pairs = new Set();
while (pairs.size < 300) pairs.add(`${names[random.below(p)]},${names[random.below(p)]}`);
const types = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
writeFileSync(
  join(folder, "sample.json"),
  JSON.stringify({ n: counts.rows, p, types, names, top, components: COMPONENTS, pairs: [...pairs] }),
);
renameSync(folder, out);
