import { parquetWriteBuffer } from "hyparquet-writer";
import * as annotate from "../../src/annotate/index.ts";
import * as cluster from "../../src/cluster/index.ts";
import * as communicate from "../../src/communicate/index.ts";
import type { RunOptions } from "../../src/core/index.ts";
import * as graph from "../../src/graph/index.ts";
import * as io from "../../src/io/index.ts";
import * as model from "../../src/model/index.ts";
import * as modules from "../../src/modules/index.ts";
import * as pipeline from "../../src/pipeline/index.ts";
import * as preprocess from "../../src/preprocess/index.ts";
import * as reduce from "../../src/reduce/index.ts";
import * as simulate from "../../src/simulate/index.ts";
import * as spatial from "../../src/spatial/index.ts";
import { memoryOutput } from "../../src/io/source.ts";
import { bins, mappings, outlines, seen } from "./parts.ts";

const tissue = simulate.simulateTissue({ observations: 300, genes: 240, modules: 4, seed: 8 });
const ds = tissue.dataset;
const names = model.geneNames(ds.genes);
const logged = preprocess.log1p(preprocess.normalizeTotal(ds.counts));
const types = tissue.truth.cells.columns["cell_type"] as model.Categorical;
const { array_row: row, array_col: col } = ds.cells.columns as Record<string, Int32Array>;
const space = graph.gridGraph(row, col);
const points = model.dense(
  300,
  3,
  Float32Array.from({ length: 900 }, (_, i) => ((i * 7919) % 1009) / 100),
);
const { graph: knn } = await graph.neighborGraph(points);
const fewGenes = model.expression(model.selectColumns(logged, [5, 9]), "log");
const genePairs: [number, number][] = [
  [0, 1],
  [5, 9],
];
const files = await simulate.writeSimulated(tissue, "visium");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A matrix as a reader gives it that has room for 40 rows. */
function fewAtATime(x: model.Expression<model.Sparse>): model.Expression<model.BlockedMatrix> {
  const whole = model.toBlocked(x);
  return { ...whole, blocks: (_, signal) => whole.blocks(40, signal) };
}

const mapped = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: "square_002um", data: ["s_002um_00000_00000-1", "s_002um_00000_00001-1"], type: "STRING" },
    ],
    rowGroupSize: 1,
  }),
);
const seenFile = (): io.Source =>
  io.memorySource(
    new Map([
      [
        "transcripts.csv",
        bytes("transcript_id,cell_id,feature_name,x_location,y_location,z_location,qv\n1,a-1,g,1,2,3,40\n"),
      ],
    ]),
  );
const pyramid: model.ImagePyramid = {
  kind: "pyramid",
  name: "DAPI",
  role: "intensity",
  channels: ["DAPI"],
  samples: "uint8",
  levels: [{ width: 40, height: 30 }],
  toPixels: [1, 0, 0, 0, 1, 0],
  read: async () => ({
    kind: "raster",
    width: 40,
    height: 30,
    channels: ["DAPI"],
    data: Uint8Array.from({ length: 1200 }, (_, k) => k % 251),
  }),
};

/** Every public verb that takes a signal, called with it. */
export const calls: Record<string, (run: RunOptions) => Promise<unknown>> = {
  pca: (run) => reduce.pca(logged, { components: 5, ...run }),
  umap: (run) => reduce.umap(knn, { epochs: 50, ...run }),
  tsne: (run) => reduce.tsne(points, { earlyIterations: 20, iterations: 30, ...run }),
  neighborGraph: (run) => graph.neighborGraph(points, run),
  leiden: (run) => cluster.leiden(knn, run),
  louvain: (run) => cluster.louvain(knn, run),
  gaussianMixture: (run) => cluster.gaussianMixture(points, { clusters: 3, ...run }),
  rankGenes: (run) => cluster.rankGenes(logged, types, run),
  collectBlocks: (run) => model.collectBlocks(fewAtATime(ds.counts), run),
  filterCellsBlocked: (run) => preprocess.filterCellsBlocked(fewAtATime(ds.counts), run),
  filterGenesBlocked: (run) => preprocess.filterGenesBlocked(fewAtATime(ds.counts), run),
  normalizeTotalBlocked: (run) => preprocess.normalizeTotalBlocked(fewAtATime(ds.counts), run),
  pcaBlocked: (run) => reduce.pcaBlocked(fewAtATime(logged), { components: 5, ...run }),
  qcMetricsBlocked: (run) => preprocess.qcMetricsBlocked(fewAtATime(ds.counts), { names }, run),
  rankGenesBlocked: (run) => cluster.rankGenesBlocked(fewAtATime(logged), types, run),
  pearsonResidualsBlocked: (run) => preprocess.pearsonResidualsBlocked(fewAtATime(ds.counts), run),
  regressOutBlocked: (run) => preprocess.regressOutBlocked(fewAtATime(logged), [types], run),
  scoreGenesBlocked: (run) => annotate.scoreGenesBlocked(fewAtATime(logged), [1, 4], run),
  scaleBlocked: (run) => preprocess.scaleBlocked(fewAtATime(logged), run),
  variableGenesBlocked: (run) => preprocess.variableGenesBlocked(fewAtATime(ds.counts), run),
  assignTranscripts: (run) => preprocess.assignTranscripts(seen, outlines, run),
  countTranscripts: (run) => preprocess.countTranscripts(seen, outlines, run),
  openTranscripts: (run) => io.openTranscripts(seenFile(), run),
  readTranscripts: (run) => io.readTranscripts(seenFile(), run),
  background: (run) => io.background({ ...ds, images: [], pyramids: [pyramid] }, run),
  thumbnail: (run) => io.thumbnail(pyramid, run),
  clarkEvans: (run) => spatial.clarkEvans(types, ds.positions!, { simulations: 500, ...run }),
  ripley: (run) => spatial.ripley(types, ds.positions!, { simulations: 300, ...run }),
  crossRipley: (run) => spatial.crossRipley(types, ds.positions!, { simulations: 300, ...run }),
  contiguityGraph: (run) => graph.contiguityGraph(outlines, outlines.ids, run),
  coOccurrence: (run) => spatial.coOccurrence(types, ds.positions!, { intervals: 4, ...run }),
  distanceGradient: (run) => spatial.distanceGradient(logged, ds.positions!.data.subarray(0, 300), run),
  genePatterns: (run) => spatial.genePatterns(logged, space, { minGenes: 2, ...run }),
  spatialDe: (run) => spatial.spatialDe(fewGenes, ds.positions!, { ...run, draws: 100 }),
  sepal: (run) => spatial.sepal(ds.counts, space, run),
  binSpect: (run) => spatial.binSpect(ds.counts, space, run),
  sparkX: (run) => spatial.sparkX(ds.counts, ds.positions!, run),
  nnSvg: (run) => spatial.nnSvg(fewGenes, ds.positions!, { ...run, draws: 100 }),
  moran: (run) => spatial.moran(logged, space, { permutations: 2, ...run }),
  geary: (run) => spatial.geary(logged, space, run),
  getisOrdG: (run) => spatial.getisOrdG(logged, space, run),
  correlogram: (run) => spatial.correlogram(logged, [space, space], run),
  variogram: (run) => spatial.variogram(logged, [space, space], run),
  mantelCorrelogram: (run) => spatial.mantelCorrelogram(points, [space, space], run),
  bivariateMoran: (run) => spatial.bivariateMoran(logged, genePairs, space, { permutations: 2, ...run }),
  leeL: (run) => spatial.leeL(logged, genePairs, space, run),
  localMoran: (run) => spatial.localMoran(fewGenes, space, run),
  localGeary: (run) => spatial.localGeary(fewGenes, space, run),
  localG: (run) => spatial.localG(fewGenes, space, run),
  losh: (run) => spatial.losh(fewGenes, space, run),
  localBivariateMoran: (run) => spatial.localBivariateMoran(logged, genePairs, space, run),
  localLee: (run) => spatial.localLee(logged, genePairs, space, run),
  neighborhoodEnrichment: (run) => spatial.neighborhoodEnrichment(types, space, run),
  neighborhoodEnrichmentPerSample: (run) =>
    spatial.neighborhoodEnrichmentPerSample(types, space, model.categorical(new Int32Array(300), ["s"]), run),
  neighborhoodPermutations: (run) => spatial.neighborhoodPermutations(types, space, run),
  abundanceEnrichment: (run) => spatial.abundanceEnrichment(model.dense(300, 4), space, run),
  centralityScores: (run) => spatial.centralityScores(types, space, run),
  tissueModules: (run) => modules.tissueModules(logged, space, run),
  testInteractions: (run) =>
    communicate.testInteractions(logged, types, names, communicate.interactionTable("human"), run),
  analyze: (run) => pipeline.analyze({ dataset: ds }, { permutations: 20, ...run }),
  openMatrix: (run) => io.openMatrix(io.memorySource(files), run),
  readSample: (run) => io.readSample(io.memorySource(files), run),
  readShapes: (run) => {
    const corners = "[[[0,0],[1,0],[0,1],[0,0]]]";
    return io.readShapes(
      bytes(`{"type":"Feature","geometry":{"type":"Polygon","coordinates":${corners}}}`),
      run,
    );
  },
  readBarcodeMappings: (run) =>
    io.readBarcodeMappings(io.memorySource(new Map([["barcode_mappings.parquet", mapped]])), run),
  sumBins: (run) => model.sumBins(bins, 4, run),
  sumBinsOfCells: (run) => model.sumBinsOfCells(bins, mappings, run),
  sumProbes: (run) => model.sumProbes(bins, run),
  sumRows: (run) => model.sumRows(ds.counts, new Int32Array(300), 1, run),
  readTable: (run) => io.readTable(bytes("id,G1,G2\na,1,2\nb,3,0\n"), bytes("id,x,y\na,0,0\nb,1,1\n"), run),
  writeH5ad: (run) => io.writeH5ad(ds, run),
  writeH5adTo: (run) => io.writeH5adTo(ds, memoryOutput(0), run),
  writeAnndataZarr: (run) => io.writeAnndataZarr(ds, run),
  writeSpatialData: (run) => io.writeSpatialData(ds, run),
  writeTenxH5: (run) => io.writeTenxH5(ds, run),
  writeMtx: (run) => io.writeMtx(ds, run),
};
