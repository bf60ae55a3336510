import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import * as annotate from "../../src/annotate/index.ts";
import * as cluster from "../../src/cluster/index.ts";
import * as communicate from "../../src/communicate/index.ts";
import * as graph from "../../src/graph/index.ts";
import * as io from "../../src/io/index.ts";
import { memoryOutput } from "../../src/io/source.ts";
import * as model from "../../src/model/index.ts";
import * as modules from "../../src/modules/index.ts";
import * as pipeline from "../../src/pipeline/index.ts";
import * as preprocess from "../../src/preprocess/index.ts";
import * as reduce from "../../src/reduce/index.ts";
import * as report from "../../src/report/index.ts";
import { simulateTissue, writeSimulated } from "../../src/simulate/index.ts";
import * as spatial from "../../src/spatial/index.ts";
import * as stats from "../../src/stats/index.ts";
import { bins, mappings, outlines, seen } from "../support/parts.ts";

const root = resolve(import.meta.dirname, "../..");

/** Every value reachable from the arguments, arrays by their bytes. */
function fingerprint(value: unknown, seen: Set<unknown> = new Set()): string {
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name}:${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}`;
  if (typeof value === "function") return "f";
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  if (seen.has(value)) return "seen";
  seen.add(value);
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  return `{${entries.map(([k, v]) => `${String(k)}=${fingerprint(v, seen)}`).join(",")}}`;
}

const tissue = simulateTissue({ observations: 250, genes: 240, modules: 4, seed: 8 });
const ds = tissue.dataset;
const counts = ds.counts as model.Expression<model.Sparse>;
const names = model.geneNames(ds.genes);
const logged = preprocess.log1p(preprocess.normalizeTotal(counts));
const types = tissue.truth.cells.columns["cell_type"] as model.Categorical;
const { array_row: row, array_col: col } = ds.cells.columns as Record<string, Int32Array>;
const space = graph.gridGraph(row, col);
const points = model.dense(
  250,
  3,
  Float32Array.from({ length: 750 }, (_, i) => ((i * 7919) % 1009) / 100),
);
const rows = Uint32Array.from([3, 1, 4]);
const fewGenes = model.expression(model.selectColumns(logged, [5, 9]), "log");
const genePairs: [number, number][] = [
  [0, 1],
  [5, 9],
];
const columns = Uint32Array.from([1, 3, 4]);
const p = Float64Array.from([0.01, NaN, 0.04, 0.5]);
const a = Float64Array.from([3, 1, 2, 2]);
const csvBytes = new TextEncoder().encode("id,x\na,1\nb,2\n");
const table = communicate.interactionTable("human");

const seenFile = new TextEncoder().encode(
  "transcript_id,cell_id,feature_name,x_location,y_location,z_location,qv\n1,a-1,g,1,2,3,40\n",
);

let files: ReadonlyMap<string, Uint8Array>;
let analysis: pipeline.Analysis;
let knn: model.Graph;
let h5ad: Uint8Array;
let pairs: spatial.CoOccurrenceResult;
let hot: Awaited<ReturnType<typeof spatial.localG>>;
let clusters: Awaited<ReturnType<typeof spatial.localMoran>>;
beforeAll(async () => {
  files = await writeSimulated(tissue, "visium");
  knn = (await graph.neighborGraph(points)).graph;
  analysis = await pipeline.analyze({ dataset: ds }, { permutations: 20 });
  h5ad = await io.writeH5ad(ds);
  pairs = await spatial.coOccurrence(types, ds.positions!, { intervals: 5 });
  hot = await spatial.localG(fewGenes, space, { permutations: 0 });
  clusters = await spatial.localMoran(fewGenes, space, { permutations: 0 });
});

type Call = readonly [(...args: never[]) => unknown, () => readonly unknown[]];
const call = <const A extends readonly unknown[]>(
  verb: (...args: [...A]) => unknown,
  args: () => [...A],
): Call => [verb as never, args];

/** A blocked matrix and, for the fingerprint, what it reads from. */
const inBlocks = (
  x: model.Expression<model.Sparse>,
): model.Expression<model.BlockedMatrix> & { readonly source: unknown } => ({
  ...model.toBlocked(x),
  source: x,
});

/** One call of every verb that takes data. */
const calls: Record<string, Call> = {
  adjustPValues: call(stats.adjustPValues, () => [p]),
  mean: call(stats.mean, () => [a]),
  median: call(stats.median, () => [a]),
  quantile: call(stats.quantile, () => [a, 0.3]),
  rank: call(stats.rank, () => [a]),
  variance: call(stats.variance, () => [a]),
  rankSumTest: call(stats.rankSumTest, () => [a, p.subarray(2)]),
  welchTest: call(stats.welchTest, () => [a, Float64Array.from([2, 3, 9])]),
  categorical: call(model.categorical, () => [types.codes, types.categories]),
  categories: call(model.categories, () => [["b", "a", ""]]),
  dataset: call(model.dataset, () => [ds]),
  dense: call(model.dense, () => [2, 2, Float64Array.from([1, 2, 3, 4])]),
  expression: call(model.expression<model.Sparse>, () => [counts, "counts"]),
  geneNames: call(model.geneNames, () => [ds.genes]),
  idList: call(model.idList, () => [ds.cells.ids]),
  ids: call(model.ids, () => [["a", "b"]]),
  inferValues: call(model.inferValues, () => [counts]),
  isCategorical: call(model.isCategorical, () => [types]),
  positions: call(model.positions, () => [Float64Array.from([1, 2]), "um", 1]),
  requireValues: call(model.requireValues, () => ["test", counts, "counts"]),
  selectCells: call(model.selectCells, () => [ds, rows]),
  selectColumn: call(model.selectColumn, () => [types, rows]),
  selectColumns: call(model.selectColumns<model.Sparse>, () => [counts, columns]),
  selectGenes: call(model.selectGenes, () => [ds, columns]),
  selectRows: call(model.selectRows<model.Sparse>, () => [counts, rows]),
  selectTable: call(model.selectTable, () => [ds.cells, rows]),
  sparse: call(model.sparse, () => [counts.rows, counts.cols, counts.indptr, counts.indices, counts.data]),
  table: call(model.table, () => [ds.cells.ids, ds.cells.columns]),
  toDense: call(model.toDense, () => [counts]),
  toSparse: call(model.toSparse, () => [points]),
  transpose: call(model.transpose, () => [counts]),
  binsOfCells: call(model.binsOfCells, () => [mappings, { binSize: 8 }]),
  cellsOfBins: call(model.cellsOfBins, () => [mappings]),
  squareBinName: call(model.squareBinName, () => [{ micrometers: 2, row: 0, col: 1 }]),
  sumBins: call(model.sumBins, () => [bins, 4]),
  sumBinsOfCells: call(model.sumBinsOfCells, () => [bins, mappings]),
  sumProbes: call(model.sumProbes, () => [bins]),
  sumRows: call(model.sumRows, () => [counts, new Int32Array(counts.rows), 1]),
  withCells: call(model.withCells, () => [ds, ds.cells]),
  withColumns: call(model.withColumns, () => [ds.cells, { extra: row }]),
  collectBlocks: call(model.collectBlocks, () => [inBlocks(counts)]),
  mapBlocks: call(model.mapBlocks<model.BlockedMatrix>, () => [inBlocks(counts), (block) => block]),
  selectColumnsBlocked: call(model.selectColumnsBlocked<model.BlockedMatrix>, () => [
    inBlocks(counts),
    columns,
  ]),
  selectRowsBlocked: call(model.selectRowsBlocked<model.BlockedMatrix>, () => [inBlocks(counts), columns]),
  toBlocked: call(model.toBlocked, () => [counts]),
  filterCellsBlocked: call(preprocess.filterCellsBlocked, () => [inBlocks(counts), { minCounts: 10 }]),
  filterGenesBlocked: call(preprocess.filterGenesBlocked, () => [inBlocks(counts), { minCells: 2 }]),
  qcMetricsBlocked: call(preprocess.qcMetricsBlocked, () => [inBlocks(counts), { names }]),
  normalizeTotalBlocked: call(preprocess.normalizeTotalBlocked, () => [inBlocks(counts)]),
  log1pBlocked: call(preprocess.log1pBlocked, () => [inBlocks(counts)]),
  librarySizeByRegion: call(preprocess.librarySizeByRegion, () => [
    a,
    { ...types, codes: types.codes.slice(0, 4) },
  ]),
  normalizeBySize: call(preprocess.normalizeBySize, () => [counts, new Float64Array(250).fill(2)]),
  normalizeBySizeBlocked: call(preprocess.normalizeBySizeBlocked, () => [
    inBlocks(counts),
    new Float64Array(250).fill(2),
  ]),
  pearsonResiduals: call(preprocess.pearsonResiduals, () => [counts, { genes: columns }]),
  pearsonResidualsBlocked: call(preprocess.pearsonResidualsBlocked, () => [inBlocks(counts)]),
  regressOut: call(preprocess.regressOut, () => [logged, [types]]),
  regressOutBlocked: call(preprocess.regressOutBlocked, () => [inBlocks(logged), [types]]),
  scoreGenes: call(annotate.scoreGenes, () => [logged, columns]),
  scoreGenesBlocked: call(annotate.scoreGenesBlocked, () => [inBlocks(logged), columns]),
  shapeAreas: call(preprocess.shapeAreas, () => [outlines]),
  scaleBlocked: call(preprocess.scaleBlocked, () => [inBlocks(logged)]),
  variableGenesBlocked: call(preprocess.variableGenesBlocked, () => [inBlocks(counts), { top: 50 }]),
  pcaBlocked: call(reduce.pcaBlocked, () => [inBlocks(logged), { components: 5 }]),
  rankGenesBlocked: call(cluster.rankGenesBlocked, () => [inBlocks(logged), types]),
  transcripts: call(model.transcripts, () => [seen]),
  assignTranscripts: call(preprocess.assignTranscripts, () => [seen, outlines]),
  countTranscripts: call(preprocess.countTranscripts, () => [seen, outlines]),
  readTranscripts: call(io.readTranscripts, () => [
    io.memorySource(new Map([["transcripts.csv", seenFile]])),
  ]),
  featureTotals: call(preprocess.featureTotals, () => [
    Object.values(simulateTissue({ layout: "cells", observations: 100, genes: 200 }).dataset.features)[0]
      .values,
  ]),
  filterCells: call(preprocess.filterCells, () => [counts, { minCounts: 10 }]),
  filterGenes: call(preprocess.filterGenes, () => [counts, { minCells: 2 }]),
  qcMetrics: call(preprocess.qcMetrics, () => [counts, { names }]),
  normalizeTotal: call(preprocess.normalizeTotal, () => [counts]),
  log1p: call(preprocess.log1p, () => [preprocess.normalizeTotal(counts)]),
  scale: call(preprocess.scale, () => [logged]),
  standardize: call(preprocess.standardize, () => [logged]),
  variableGenes: call(preprocess.variableGenes, () => [counts, { top: 50 }]),
  pca: call(reduce.pca, () => [logged, { components: 5 }]),
  umap: call(reduce.umap, () => [knn, { init: points.cols === 2 ? points : undefined, epochs: 20 }]),
  tsne: call(reduce.tsne, () => [points, { init: points, earlyIterations: 10, iterations: 10 }]),
  neighborGraph: call(graph.neighborGraph, () => [points]),
  gridGraph: call(graph.gridGraph, () => [row, col]),
  kNearestGraph: call(graph.kNearestGraph, () => [ds.positions!]),
  radiusGraph: call(graph.radiusGraph, () => [ds.positions!, { radius: 300 }]),
  delaunayGraph: call(graph.delaunayGraph, () => [ds.positions!]),
  gabrielGraph: call(graph.gabrielGraph, () => [ds.positions!]),
  relativeNeighborGraph: call(graph.relativeNeighborGraph, () => [ds.positions!]),
  sphereOfInfluenceGraph: call(graph.sphereOfInfluenceGraph, () => [ds.positions!]),
  contiguityGraph: call(graph.contiguityGraph, () => [outlines, outlines.ids]),
  weighEdges: call(graph.weighEdges, () => [
    space,
    { kernel: "gaussian", bandwidth: 1, rowStandardize: true },
  ]),
  filterEdges: call(graph.filterEdges, () => [space, { percentile: 50 }]),
  connectedComponents: call(graph.connectedComponents, () => [space]),
  filterComponents: call(graph.filterComponents, () => [space, { minSize: 3 }]),
  leiden: call(cluster.leiden, () => [knn]),
  louvain: call(cluster.louvain, () => [knn]),
  gaussianMixture: call(cluster.gaussianMixture, () => [points, { clusters: 3 }]),
  adjustedRandIndex: call(cluster.adjustedRandIndex, () => [types, types]),
  normalizedMutualInformation: call(cluster.normalizedMutualInformation, () => [types, types]),
  rankGenes: call(cluster.rankGenes, () => [logged, types]),
  clarkEvans: call(spatial.clarkEvans, () => [types, ds.positions!, { simulations: 2 }]),
  ripley: call(spatial.ripley, () => [types, ds.positions!, { simulations: 2, null: "labels" }]),
  crossRipley: call(spatial.crossRipley, () => [types, ds.positions!, { simulations: 2 }]),
  coOccurrence: call(spatial.coOccurrence, () => [types, ds.positions!, { intervals: 5 }]),
  categoryOverlap: call(spatial.categoryOverlap, () => [types, types]),
  distanceGradient: call(spatial.distanceGradient, () => [logged, ds.positions!.data.subarray(0, 250)]),
  distanceToFeature: call(spatial.distanceToFeature, () => [ds.positions!, outlines]),
  diversity: call(spatial.diversity, () => [types, { regions: types }]),
  ithScore: call(spatial.ithScore, () => [types, space]),
  moduleBoundary: call(spatial.moduleBoundary, () => [
    types,
    space,
    ds.positions!,
    { inside: types.categories[0] },
  ]),
  spatialEntropy: call(spatial.spatialEntropy, () => [pairs]),
  genePatterns: call(spatial.genePatterns, () => [logged, space, { minGenes: 2 }]),
  rankSpatialGenes: call(spatial.rankSpatialGenes, () => [
    { a: { p: Float64Array.of(0.1, NaN, 0.3) }, b: { score: Float64Array.of(1, 2, 3) } },
  ]),
  sepal: call(spatial.sepal, () => [logged, space, { permutations: 2 }]),
  binSpect: call(spatial.binSpect, () => [counts, space]),
  sparkX: call(spatial.sparkX, () => [counts, ds.positions!]),
  nnSvg: call(spatial.nnSvg, () => [counts, ds.positions!, { draws: 100 }]),
  spatialDe: call(spatial.spatialDe, () => [counts, ds.positions!, { draws: 100 }]),
  moran: call(spatial.moran, () => [logged, space, { permutations: 2 }]),
  geary: call(spatial.geary, () => [logged, space]),
  getisOrdG: call(spatial.getisOrdG, () => [logged, space]),
  neighborhoodComposition: call(spatial.neighborhoodComposition, () => [types, space, { weighted: true }]),
  neighborhoodEnrichmentPerSample: call(spatial.neighborhoodEnrichmentPerSample, () => [
    types,
    space,
    model.categorical(new Int32Array(250), ["s"]),
    { permutations: 10 },
  ]),
  neighborhoodPermutations: call(spatial.neighborhoodPermutations, () => [
    types,
    space,
    { permutations: 10 },
  ]),
  abundanceEnrichment: call(spatial.abundanceEnrichment, () => [points, space, { permutations: 10 }]),
  centralityScores: call(spatial.centralityScores, () => [types, space]),
  joinCounts: call(spatial.joinCounts, () => [types, space]),
  distanceBands: call(spatial.distanceBands, () => [ds.positions!, Float64Array.of(150, 300)]),
  neighborOrders: call(spatial.neighborOrders, () => [space, 2]),
  correlogram: call(spatial.correlogram, () => [fewGenes, [space]]),
  variogram: call(spatial.variogram, () => [fewGenes, [space]]),
  mantelCorrelogram: call(spatial.mantelCorrelogram, () => [points, [space], { permutations: 9 }]),
  bivariateMoran: call(spatial.bivariateMoran, () => [logged, genePairs, space, { permutations: 2 }]),
  leeL: call(spatial.leeL, () => [logged, genePairs, space]),
  localMoran: call(spatial.localMoran, () => [fewGenes, space, { permutations: 9 }]),
  localGeary: call(spatial.localGeary, () => [fewGenes, space, { permutations: 9 }]),
  localG: call(spatial.localG, () => [fewGenes, space, { permutations: 9 }]),
  hotSpots: call(spatial.hotSpots, () => [hot]),
  localClusters: call(spatial.localClusters, () => [clusters]),
  losh: call(spatial.losh, () => [fewGenes, space, { permutations: 9 }]),
  localBivariateMoran: call(spatial.localBivariateMoran, () => [
    logged,
    genePairs,
    space,
    { permutations: 9 },
  ]),
  localLee: call(spatial.localLee, () => [logged, genePairs, space, { permutations: 9 }]),
  interactionMatrix: call(spatial.interactionMatrix, () => [types, space]),
  neighborhoodEnrichment: call(spatial.neighborhoodEnrichment, () => [types, space, { permutations: 10 }]),
  tissueModules: call(modules.tissueModules, () => [logged, space, { modules: 3 }]),
  matchInteractions: call(communicate.matchInteractions, () => [table, names]),
  testInteractions: call(communicate.testInteractions, () => [
    logged,
    types,
    names,
    table,
    { permutations: 10, graph: space },
  ]),
  writeSimulated: call(writeSimulated, () => [tissue, "visium"]),
  readSample: call(io.readSample, () => [io.memorySource(files)]),
  readShapes: call(io.readShapes, () => [
    new TextEncoder().encode('{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1]]]}'),
  ]),
  readTable: call(io.readTable, () => [
    new TextEncoder().encode("id,g,h\na,1,0\nb,0,2\n"),
    new TextEncoder().encode("id,x,y\na,1,2\nb,3,4\n"),
    { unit: "um" },
  ]),
  memorySource: call(io.memorySource, () => [files]),
  writeH5ad: call(io.writeH5ad, () => [ds]),
  writeH5adTo: call(
    async (made: typeof ds) => io.writeH5adTo(made, memoryOutput(0)),
    () => [ds],
  ),
  writeAnndataZarr: call(io.writeAnndataZarr, () => [ds]),
  writeSpatialData: call(io.writeSpatialData, () => [ds]),
  writeTenxH5: call(io.writeTenxH5, () => [ds]),
  writeMtx: call(io.writeMtx, () => [ds]),
  writeParquetTable: call(io.writeParquetTable, () => [ds.cells]),
  writeArrowTable: call(io.writeArrowTable, () => [ds.cells]),
  writeGeoJson: call(io.writeGeoJson, () => [outlines]),
  leftOut: call(io.leftOut, () => [ds, "mtx"]),
  hdf5Digest: call(io.hdf5Digest, () => [h5ad]),
  sha256: call(io.sha256, () => [csvBytes]),
  parseCsv: call(io.parseCsv, () => [csvBytes, "a.csv"]),
  csvColumn: call(io.csvColumn, () => [io.parseCsv(csvBytes, "a.csv"), 1]),
  csvNumbers: call(io.csvNumbers, () => [io.parseCsv(csvBytes, "a.csv"), 1]),
  csvStrings: call(io.csvStrings, () => [io.parseCsv(csvBytes, "a.csv"), 0]),
  formatCsv: call(io.formatCsv, () => [{ a, p }]),
  analyze: call(pipeline.analyze, () => [{ dataset: ds }, { permutations: 10, skip: ["umap"] }]),
  renderReport: call(report.renderReport, () => [analysis]),
};

/** Verbs that take no data of the caller's that could change: text, numbers, paths. */
const takeNothing = new Set([
  "SpatialError",
  "background",
  "blobSource",
  "categoricalColors",
  "checkFolder",
  "densityFigure",
  "divergingStops",
  "dotPlotFigure",
  "formatNumber",
  "heatmapFigure",
  "histogramFigure",
  "interactionTable",
  "mapFigure",
  "openImages",
  "openMatrix",
  "openSource",
  "openTranscripts",
  "parseInteractions",
  "pathSource",
  "readBarcodeMappings",
  "readSelection",
  "readText",
  "renderSvg",
  "sequentialStops",
  "readBarcodeMappings",
  "sha256Files",
  "simulateTissue",
  "squareBin",
  "squareBinIds",
  "stream",
  "thumbnail",
  "urlSource",
  "writeFile",
  "writeFolder",
]);

describe("a call never changes what it was given", () => {
  it("every public function is in the table", async () => {
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      exports: Record<string, { default: string }>;
    };
    const missing: string[] = [];
    for (const target of Object.values(exports)) {
      if (typeof target !== "object") continue;
      const exported = (await import(pathToFileURL(join(root, target.default)).href)) as Record<
        string,
        unknown
      >;
      for (const [name, value] of Object.entries(exported)) {
        if (typeof value === "function" && !(name in calls) && !takeNothing.has(name)) missing.push(name);
      }
    }
    expect([...new Set(missing)]).toEqual([]);
  });

  it.each(Object.keys(calls))("%s", async (name) => {
    const [verb, make] = calls[name];
    const args = make();
    const before = fingerprint(args);
    await (verb as (...args: unknown[]) => unknown)(...args);
    expect(fingerprint(args)).toBe(before);
  });
});
