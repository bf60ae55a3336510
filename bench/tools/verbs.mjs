import * as annotate from "../../dist/annotate.js";
import * as cluster from "../../dist/cluster.js";
import * as communicate from "../../dist/communicate.js";
import { stream } from "../../dist/core.js";
import * as graph from "../../dist/graph.js";
import * as io from "../../dist/io.js";
import * as model from "../../dist/model.js";
import * as modules from "../../dist/modules.js";
import * as pipeline from "../../dist/pipeline.js";
import * as preprocess from "../../dist/preprocess.js";
import * as reduce from "../../dist/reduce.js";
import * as spatial from "../../dist/spatial.js";

const MOLECULES = 3_000_000;
const LINES = 1_000_000;
const IMAGE = 6000;

/** A file to write in memory. */
function memoryFile() {
  let memory = new Uint8Array(0);
  let end = 0;
  const reach = (length) => {
    if (length > memory.length) {
      const larger = new Uint8Array(Math.max(length, 2 * memory.length));
      larger.set(memory);
      memory = larger;
    }
    end = Math.max(end, length);
  };
  return {
    write(bytes, position) {
      reach(position + bytes.length);
      memory.set(bytes, position);
    },
    read(into, position) {
      const part = memory.subarray(position, Math.min(end, position + into.length));
      into.set(part);
      return part.length;
    },
    truncate(length) {
      reach(length);
      end = length;
    },
  };
}

/** Every verb that takes a signal as a call of `run`, over the arrays of `prepare.mjs` and the files of the sample. */
export function verbs({ n, p, types, names, pairs, array }, { h5, csv }) {
  const made = new Map();
  /** What several verbs start from, made once. */
  const once = (name, make) => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name);
  };
  const matrix = (data, values) =>
    once(data, () => {
      const [indptr, indices] = [array("counts.indptr.u32"), array("counts.indices.u32")];
      return model.expression(model.sparse(n, p, indptr, indices, array(`${data}.f32`)), values);
    });
  const counts = () => matrix("counts", "counts");
  const log = () => matrix("log", "log");
  const blocked = (x) => once(`blocked ${x.values}`, () => model.toBlocked(x));
  const points = () => once("points", () => model.dense(n, 30, array("points.f32")));
  const places = () => once("places", () => model.positions(array("positions.f64"), "um", 1));
  const labels = () =>
    once("labels", () => {
      const categories = Array.from({ length: types }, (_, t) => String(t));
      return model.categorical(array("labels.i32"), categories);
    });
  const edges = (name) =>
    once(name, () => ({
      kind: "graph",
      nodes: n,
      directed: false,
      indptr: array(`${name}.indptr.u32`),
      indices: array(`${name}.indices.u32`),
      weights: array(`${name}.f32`),
      distances: array(`${name}.distances.f64`),
    }));
  const space = () => edges("spatial");
  const genePairs = () =>
    once("genePairs", () => {
      const at = new Map(names.map((name, j) => [name, j]));
      return pairs.map((pair) => pair.split(",").map((name) => at.get(name)));
    });
  const interactions = () =>
    once("interactions", () =>
      communicate.parseInteractions(`ligand,receptor\n${pairs.join("\n")}\n`, "pairs.csv"),
    );
  const few = (count) =>
    once(`few ${count}`, () => {
      const genes = Array.from({ length: count }, (_, j) => j);
      return model.expression(model.selectColumns(log(), genes), "log");
    });
  const sample = () =>
    once("sample", () =>
      model.dataset({
        observation: "cell",
        cells: model.table(model.squareBinIds(2, 1, n), {
          array_row: new Int32Array(n),
          array_col: Int32Array.from({ length: n }, (_, i) => i),
          kind: labels(),
        }),
        genes: model.table(model.ids(names), { gene_id: names.map((_, j) => `gene ${j >> 1}`) }),
        counts: counts(),
        positions: places(),
        embeddings: { pca: points() },
      }),
    );
  const bins = () => once("bins", () => ({ ...sample(), observation: "bin" }));
  const mappings = () =>
    once("mappings", () => {
      const cell = Uint32Array.from({ length: n }, (_, i) => i >> 2);
      const inCell = new Uint8Array(n).fill(1);
      return { kind: "barcode-mappings", micrometers: 2, rows: 1, cols: n, cell, inNucleus: inCell, inCell };
    });
  /** A square of 10 um about every cell. */
  const outlines = () =>
    once("outlines", () => {
      const { data } = places();
      const corner = [-5, -5, 5, -5, 5, 5, -5, 5];
      const coordinates = Float64Array.from({ length: 8 * n }, (_, k) => {
        return data[2 * (k >> 3) + (k & 1)] + corner[k & 7];
      });
      const offsets = (step) => Uint32Array.from({ length: n + 1 }, (_, s) => step * s);
      const ids = model.squareBinIds(2, 1, n);
      return { kind: "shapes", ids, shapeOffsets: offsets(1), ringOffsets: offsets(4), coordinates };
    });
  /** Molecules of all cells in turn, within 6 um of them. */
  const molecules = () =>
    once("molecules", () => {
      const random = stream(0);
      const { data } = places();
      const about = (axis) =>
        Float64Array.from(
          { length: MOLECULES },
          (_, t) => data[2 * (t % n) + axis] + 12 * random.uniform() - 6,
        );
      const feature = Uint32Array.from({ length: MOLECULES }, () => random.below(p));
      return model.transcripts({ x: about(0), y: about(1), feature, features: names });
    });
  const encode = (lines) => new TextEncoder().encode(lines.join("\n"));
  const moleculeFile = () =>
    once("moleculeFile", () => {
      const { x, y, feature } = molecules();
      const lines = ["transcript_id,cell_id,feature_name,x_location,y_location,z_location,qv"];
      for (let t = 0; t < LINES; t++)
        lines.push(`${t},c-${t % n},${names[feature[t]]},${x[t].toFixed(2)},${y[t].toFixed(2)},1,40`);
      return io.memorySource(new Map([["transcripts.csv", encode(lines)]]));
    });
  const outlineFile = () =>
    once("outlineFile", () => {
      const { coordinates } = outlines();
      const ring = (s) =>
        [0, 1, 2, 3, 0].map((c) => Array.from(coordinates.subarray(8 * s + 2 * c, 8 * s + 2 * c + 2)));
      const features = Array.from({ length: n }, (_, s) => {
        return { type: "Feature", id: `c${s}`, geometry: { type: "Polygon", coordinates: [ring(s)] } };
      });
      return encode([JSON.stringify({ type: "FeatureCollection", features })]);
    });
  const mappingFile = () =>
    once("mappingFile", () => {
      const squares = Array.from({ length: LINES }, (_, i) => squareName(i));
      return io.writeParquetTable(model.table(model.squareBinIds(2, 1, LINES), { square_002um: squares }));
    });
  const squareName = (i) => model.squareBinName({ micrometers: 2, row: Math.floor(i / 1000), col: i % 1000 });
  const tableFiles = () =>
    once("tableFiles", () => {
      const { indptr, indices, data } = counts();
      const row = new Float32Array(p);
      const lines = [`id,${names.join(",")}`];
      for (let i = 0; i < n; i++) {
        row.fill(0);
        for (let t = indptr[i]; t < indptr[i + 1]; t++) row[indices[t]] = data[t];
        lines.push(`c${i},${row.join(",")}`);
      }
      const at = places().data;
      const where = Array.from({ length: n }, (_, i) => `c${i},${at[2 * i]},${at[2 * i + 1]}`);
      return [encode(lines), encode(["id,x,y", ...where])];
    });
  const pyramid = () =>
    once("pyramid", () => {
      const data = Uint8Array.from({ length: IMAGE * IMAGE }, (_, k) => (k * 7919) % 251);
      return {
        kind: "pyramid",
        name: "DAPI",
        role: "intensity",
        channels: ["DAPI"],
        samples: "uint8",
        levels: [{ width: IMAGE, height: IMAGE }],
        toPixels: [1, 0, 0, 0, 1, 0],
        read: async (_, { x = 0, y = 0, width = IMAGE, height = IMAGE } = {}) => {
          const part = new Uint8Array(width * height);
          for (let r = 0; r < height; r++)
            part.set(data.subarray((y + r) * IMAGE + x, (y + r) * IMAGE + x + width), r * width);
          return { kind: "raster", width, height, channels: ["DAPI"], data: part };
        },
      };
    });
  const shares = () =>
    once("shares", () => {
      const random = stream(1);
      return model.dense(
        n,
        types,
        Float32Array.from({ length: n * types }, () => random.uniform()),
      );
    });
  const distance = () =>
    once("distance", () => Float64Array.from({ length: n }, (_, i) => places().data[2 * i]));
  const chosen = Array.from({ length: 50 }, (_, j) => j);
  const one = () => once("one", () => model.categorical(new Int32Array(n), ["s"]));

  return {
    pca: (run) => reduce.pca(log(), run),
    umap: (run) => reduce.umap(edges("graph"), run),
    tsne: (run) => reduce.tsne(points(), { earlyIterations: 10, iterations: 10, ...run }),
    neighborGraph: (run) => graph.neighborGraph(points(), run),
    leiden: (run) => cluster.leiden(edges("graph"), run),
    louvain: (run) => cluster.louvain(edges("graph"), run),
    gaussianMixture: (run) => cluster.gaussianMixture(points(), { clusters: types, ...run }),
    rankGenes: (run) => cluster.rankGenes(log(), labels(), run),
    collectBlocks: (run) => model.collectBlocks(blocked(counts()), run),
    filterCellsBlocked: (run) => preprocess.filterCellsBlocked(blocked(counts()), { minCounts: 5, ...run }),
    filterGenesBlocked: (run) => preprocess.filterGenesBlocked(blocked(counts()), { minCells: 5, ...run }),
    normalizeTotalBlocked: (run) => preprocess.normalizeTotalBlocked(blocked(counts()), run),
    pcaBlocked: (run) => reduce.pcaBlocked(blocked(log()), run),
    qcMetricsBlocked: (run) => preprocess.qcMetricsBlocked(blocked(counts()), { names }, run),
    rankGenesBlocked: (run) => cluster.rankGenesBlocked(blocked(log()), labels(), run),
    pearsonResidualsBlocked: (run) => preprocess.pearsonResidualsBlocked(blocked(counts()), run),
    regressOutBlocked: (run) => preprocess.regressOutBlocked(blocked(log()), [labels()], run),
    scoreGenesBlocked: (run) => annotate.scoreGenesBlocked(blocked(log()), chosen, run),
    scaleBlocked: (run) => preprocess.scaleBlocked(blocked(log()), run),
    variableGenesBlocked: (run) => preprocess.variableGenesBlocked(blocked(counts()), run),
    assignTranscripts: (run) => preprocess.assignTranscripts(molecules(), outlines(), run),
    countTranscripts: (run) => preprocess.countTranscripts(molecules(), outlines(), run),
    openTranscripts: (run) => io.openTranscripts(moleculeFile(), run),
    readTranscripts: (run) => io.readTranscripts(moleculeFile(), run),
    background: (run) => io.background({ ...sample(), images: [], pyramids: [pyramid()] }, run),
    thumbnail: (run) => io.thumbnail(pyramid(), run),
    clarkEvans: (run) => spatial.clarkEvans(labels(), places(), run),
    ripley: (run) => spatial.ripley(labels(), places(), { statistic: "L", simulations: 20, ...run }),
    crossRipley: (run) => spatial.crossRipley(labels(), places(), { simulations: 2, ...run }),
    contiguityGraph: (run) => graph.contiguityGraph(outlines(), outlines().ids, run),
    coOccurrence: (run) => spatial.coOccurrence(labels(), places(), run),
    distanceGradient: (run) => spatial.distanceGradient(log(), distance(), run),
    binSpect: (run) => spatial.binSpect(log(), space(), run),
    nnSvg: (run) => spatial.nnSvg(few(2), places(), { draws: 100, neighbors: 3, ...run }),
    genePatterns: (run) => spatial.genePatterns(few(50), space(), run),
    spatialDe: (run) => spatial.spatialDe(few(2), places(), { draws: 100, ...run }),
    sepal: (run) => spatial.sepal(few(2), space(), run),
    sparkX: (run) => spatial.sparkX(counts(), places(), run),
    moran: (run) => spatial.moran(log(), space(), { permutations: 10, ...run }),
    geary: (run) => spatial.geary(log(), space(), run),
    getisOrdG: (run) => spatial.getisOrdG(log(), space(), run),
    correlogram: (run) => spatial.correlogram(log(), [space(), space()], run),
    variogram: (run) => spatial.variogram(log(), [space(), space()], run),
    mantelCorrelogram: (run) => spatial.mantelCorrelogram(points(), [space()], { permutations: 99, ...run }),
    bivariateMoran: (run) => spatial.bivariateMoran(log(), genePairs(), space(), { permutations: 9, ...run }),
    leeL: (run) => spatial.leeL(log(), genePairs(), space(), run),
    localMoran: (run) => spatial.localMoran(few(20), space(), run),
    localGeary: (run) => spatial.localGeary(few(20), space(), run),
    localG: (run) => spatial.localG(few(20), space(), run),
    losh: (run) => spatial.losh(few(20), space(), run),
    localBivariateMoran: (run) => spatial.localBivariateMoran(log(), genePairs().slice(0, 20), space(), run),
    localLee: (run) => spatial.localLee(log(), genePairs().slice(0, 20), space(), run),
    neighborhoodEnrichment: (run) =>
      spatial.neighborhoodEnrichment(labels(), space(), { permutations: 1000, ...run }),
    neighborhoodEnrichmentPerSample: (run) =>
      spatial.neighborhoodEnrichmentPerSample(labels(), space(), one(), { permutations: 1000, ...run }),
    neighborhoodPermutations: (run) => spatial.neighborhoodPermutations(labels(), space(), run),
    abundanceEnrichment: (run) =>
      spatial.abundanceEnrichment(shares(), space(), { permutations: 100, ...run }),
    centralityScores: (run) => spatial.centralityScores(labels(), space(), run),
    tissueModules: (run) => modules.tissueModules(log(), space(), run),
    testInteractions: (run) => communicate.testInteractions(log(), labels(), names, interactions(), run),
    analyze: (run) => pipeline.analyze({ dataset: sample() }, run),
    openMatrix: (run) => io.openMatrix(h5, run),
    readSample: (run) => io.readSample(h5, { positions: csv, ...run }),
    readShapes: (run) => io.readShapes(outlineFile(), run),
    readBarcodeMappings: async (run) =>
      io.readBarcodeMappings(
        io.memorySource(new Map([["barcode_mappings.parquet", await mappingFile()]])),
        run,
      ),
    sumBins: (run) => model.sumBins(bins(), 4, run),
    sumBinsOfCells: (run) => model.sumBinsOfCells(bins(), mappings(), run),
    sumProbes: (run) => model.sumProbes(sample(), run),
    sumRows: (run) =>
      model.sumRows(
        counts(),
        Int32Array.from({ length: n }, (_, i) => i >> 2),
        n,
        run,
      ),
    readTable: (run) => io.readTable(...tableFiles(), run),
    writeH5ad: (run) => io.writeH5ad(sample(), run),
    writeH5adTo: (run) => io.writeH5adTo(sample(), memoryFile(), run),
    writeAnndataZarr: (run) => io.writeAnndataZarr(sample(), run),
    writeSpatialData: (run) => io.writeSpatialData(sample(), run),
    writeTenxH5: (run) => io.writeTenxH5(sample(), run),
    writeMtx: (run) => io.writeMtx(sample(), run),
  };
}
