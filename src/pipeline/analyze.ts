import { checkOptions } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkMemory, residentMegabytes } from "../core/memory.ts";
import { checkAborted } from "../core/progress.ts";
import { leiden } from "../cluster/index.ts";
import { rankGenesEach } from "../cluster/markers.ts";
import { testInteractions } from "../communicate/index.ts";
import { neighborGraph } from "../graph/index.ts";
import { background } from "../io/index.ts";
import {
  dataset,
  expression,
  geneNames,
  selectColumns,
  toSparse,
  withColumns,
  type Categorical,
  type Column,
  type Dense,
  type Expression,
  type ReadReport,
  type SpatialDataset,
  type Sparse,
  type Values,
} from "../model/index.ts";
import { tissueModules } from "../modules/index.ts";
import {
  librarySizeByRegion,
  log1p,
  normalizeBySize,
  normalizeTotal,
  qcMetrics,
  variableGenes,
} from "../preprocess/index.ts";
import { pca, umap } from "../reduce/index.ts";
import { moran, neighborhoodEnrichment } from "../spatial/index.ts";
import {
  analysisSteps,
  type Analysis,
  type AnalysisNote,
  type AnalysisParams,
  type AnalysisStep,
  type StepTiming,
} from "./analysis.ts";
import { startingMatrix, variableGenesDefault } from "./defaults.ts";
import { filter } from "./filter.ts";
import { analyzeRules, type AnalyzeOptions } from "./options.ts";
import { choosePairs } from "./pairs.ts";
import { averagingGraph, sampleOf, spatialGraph } from "./spatial.ts";

/** Part of the variance of log totals between modules that is worth a note. */
const MUCH_BETWEEN_MODULES = 0.2;
/** What a whole run holds at least: values as read, logged and by gene; components, graphs and layouts. */
const BYTES_PER_VALUE = 24;
const BYTES_PER_OBSERVATION = 1500;

/** Components that the expression neighbors are sought on. */
const NEIGHBOR_COMPONENTS = 30;

/**
 * What is in this sample? The default path from a read sample to clusters, tissue modules, spatial genes, markers and
 * ligand-receptor pairs. Writes nothing; `renderReport` shows the result.
 *
 * Steps: filter (empty observations, genes in fewer than 3), normalization to the median total and log1p, variable
 * genes, PCA, expression neighbors, UMAP, Leiden clusters, spatial graph (first ring of an array, else a pruned
 * Delaunay triangulation), neighborhood enrichment, Moran's I of all genes, tissue modules, markers (Wilcoxon) and
 * interaction tests. Values that are not counts skip what needs counts, each with its reason in `notes`.
 *
 * @param sample what `readSample` returned: n observations, p genes
 * @returns every result; parts that were skipped are null and `notes` says why
 * @throws {SpatialError} `option`; `input` when nothing is left after the filter, when a table of `pairs` matches no
 *   gene, or when the gene names belong to the other species than `species`; `memory` where the machine has
 *   too little; `aborted`
 *
 * Cost: 4,000 spots x 18,000 genes take a few seconds and under 1 GB. The same seed gives the same bits in every
 * runtime and on any number of threads.
 *
 * @example
 * ```ts
 * import { simulateTissue } from "tissular/simulate";
 * import { analyze } from "tissular/pipeline";
 * const { dataset } = simulateTissue({ observations: 300, genes: 200, seed: 1 });
 * const analysis = await analyze({ dataset }, { permutations: 50 });
 * if (analysis.modules === null) throw new Error("no modules");
 * ```
 */
export async function analyze(
  sample: { readonly dataset: SpatialDataset; readonly report?: ReadReport; readonly title?: string },
  options: AnalyzeOptions = {},
): Promise<Analysis> {
  checkOptions("analyze", options, analyzeRules);
  const seed = options.seed ?? 0;
  const permutations = options.permutations ?? 1000;
  const notes: AnalysisNote[] = [];
  const timings: StepTiming[] = [];
  const asked = new Set(options.skip ?? []);
  const skip = (step: AnalysisStep, text: string): null => {
    notes.push({ step, kind: "skipped", text });
    return null;
  };
  /** Runs a step unless it was asked to be skipped or `obstacle` says why it cannot be done. */
  const step = async <T>(
    name: AnalysisStep | "filter",
    obstacle: string | null,
    work: () => T | Promise<T>,
  ): Promise<T | null> => {
    if (name !== "filter" && asked.has(name)) return skip(name, "left out as asked");
    if (name !== "filter" && obstacle !== null) return skip(name, obstacle);
    checkAborted(options.signal);
    const start = performance.now();
    options.onProgress?.({ step: name, fraction: 0 });
    const result = await work();
    options.onProgress?.({ step: name, fraction: 1 });
    timings.push({
      step: name,
      seconds: (performance.now() - start) / 1000,
      megabytes: residentMegabytes(),
    });
    return result;
  };
  const run = { signal: options.signal, onProgress: options.onProgress, threads: options.threads };

  const source = sample.dataset;
  const given = startingMatrix(source);
  checkMemory(
    `analyze of ${given.rows} observations with ${given.data.length} stored values`,
    BYTES_PER_VALUE * given.data.length + BYTES_PER_OBSERVATION * given.rows,
    "Read a region or fewer genes, or go step by step with the verbs that end in Blocked (docs/large.md).",
  );
  const kind: Values = given.values;
  const before = { observations: source.cells.ids.length, genes: source.genes.ids.length };
  const { kept, userLabels } = (await step("filter", null, () => filter(source, kind, options, notes)))!;
  const n = kept.cells.ids.length;
  const p = kept.genes.ids.length;
  const start = startingMatrix(kept);
  const noun = kept.observation;
  const names = geneNames(kept.genes);

  const qc = kind === "counts" ? qcMetrics(start as Expression<Sparse>, { names }) : null;
  if (qc === null)
    notes.push({
      step: "filter",
      kind: "note",
      text: `totals are not reported: the values are ${kind}, not counts`,
    });

  const logged = await step("normalize", obstacleToNormalize(kind), () => {
    const sparse = asSparse(start);
    return log1p(kind === "counts" ? normalized(sparse, kept, options) : sparse);
  });
  const x: Expression<Sparse> | Expression<Dense> = logged ?? start;
  const notLogged =
    x.values === "counts" || x.values === "normalized" ? "the values were not normalized and logged" : null;

  const chosen = options.variableGenes ?? variableGenesDefault(source).top;
  const allGenesWhy =
    options.variableGenes === "all"
      ? "all genes are used, as asked"
      : options.variableGenes === undefined
        ? variableGenesDefault(source).why
        : p <= options.variableGenes
          ? `${p} genes passed the filter, no more than the ${options.variableGenes} asked for: all are used`
          : null;
  const variable = await step(
    "variable-genes",
    allGenesWhy ??
      (kind === "counts" ? null : `seurat_v3 needs counts, the values are ${kind}: all genes are used`),
    () =>
      variableGenes(start as Expression<Sparse>, { flavor: "seurat_v3", top: Math.min(chosen as number, p) }),
  );

  const components = Math.min(options.components ?? 50, n - 1, (variable?.selected.length ?? p) - 1);
  const tooSmall = n < 4 ? `${n} ${noun}s are too few` : components < 1 ? `${p} genes are too few` : null;
  const pcaResult = await step("pca", tooSmall, () =>
    pca(x, { components, seed, ...(variable ? { genes: variable.selected } : {}), ...run }),
  );

  const neighbors = Math.min(options.neighbors ?? 15, n - 1);
  const neighborComponents = Math.min(NEIGHBOR_COMPONENTS, components);
  const noPca = pcaResult === null ? "there are no principal components" : null;
  const expressionGraph = await step("neighbors", noPca, () =>
    neighborGraph(firstColumns(pcaResult!.scores, neighborComponents), { neighbors, ...run }),
  );
  const noGraph = expressionGraph === null ? "there is no expression neighbor graph" : null;
  const embedding = await step("umap", noGraph, () =>
    umap(expressionGraph!.graph, {
      ...(components < 2 ? {} : { init: firstColumns(pcaResult!.scores, 2) }),
      seed,
      ...run,
    }),
  );
  const clusters = await step("clusters", noGraph, () =>
    leiden(expressionGraph!.graph, { resolution: options.resolution ?? 1, seed, ...run }),
  );
  const groups = userLabels ?? (clusters === null ? null : { name: "cluster", labels: clusters.labels });

  const noPositions =
    kept.positions === null ? `the sample has no positions` : n < 4 ? `${n} ${noun}s are too few` : null;
  const spatial = await step("spatial-graph", noPositions, () => spatialGraph(kept));
  const noSpace = spatial === null ? "there is no spatial graph" : null;
  const fewGroups =
    groups === null
      ? "there are no clusters or labels"
      : groupCount(groups.labels) < 2
        ? "there is only one group"
        : null;
  const enrichment = await step("enrichment", noSpace ?? fewGroups, () =>
    neighborhoodEnrichment(groups!.labels, spatial!.graph, {
      permutations,
      seed,
      sample: sampleOf(kept),
      ...run,
    }),
  );
  const moranResult = await step("moran", noSpace, () => moran(x, spatial!.graph, run));
  const modules = await step("modules", notLogged ?? noSpace ?? tooSmall, () =>
    tissueModules(x, averagingGraph(kept, spatial!.graph), {
      modules: options.modules ?? "auto",
      seed,
      ...run,
    }),
  );

  if (qc !== null && modules !== null && options.normalizeBy === undefined) {
    const { explained } = librarySizeByRegion(qc.totalCounts, modules.labels);
    if (explained > MUCH_BETWEEN_MODULES)
      notes.push({
        step: "normalize",
        kind: "note",
        text: `totals of counts follow the tissue: ${Math.round(100 * explained)} % of their variance lies between modules, and scaling to one total takes that away`,
      });
  }

  const needsImage = (kept.images ?? []).length === 0;
  const picture = needsImage ? await background(kept, run) : { image: null, why: null };
  if (picture.why !== null)
    notes.push({ step: "image", kind: "note", text: `no picture of the tissue: ${picture.why}` });

  const noCounts = kind === "scaled" ? "the values are scaled" : null;
  const moduleLabels = modules !== null && groupCount(modules.labels) > 1 ? [modules.labels] : [];
  const marked = await step("markers", notLogged ?? fewGroups, () =>
    rankGenesEach(x, [groups!.labels, ...moduleLabels], { method: "wilcoxon", ...run }),
  );
  const groupMarkers = marked?.[0] ?? null;
  // Modules have markers even where there are no groups.
  const [moduleMarkers = null] =
    marked?.slice(1) ?? (asked.has("markers") ? [] : await rankGenesEach(x, moduleLabels, run));
  if (noCounts !== null) notes.push({ step: "markers", kind: "note", text: `no fold changes: ${noCounts}` });

  const { species, table, match } = choosePairs(kept, options, notes);
  const noPairs =
    match !== null && match.complete === 0
      ? `none of the table's ${match.pairs} pairs has all its genes among the sample's ${p}`
      : null;
  const interactions = await step("interactions", noCounts ?? notLogged ?? noPairs ?? fewGroups, () =>
    testInteractions(asSparse(x), groups!.labels, names, table, {
      permutations,
      seed,
      ...(spatial ? { graph: spatial.graph } : {}),
      ...run,
    }),
  );

  const params: AnalysisParams = {
    values: kind,
    minCounts: options.minCounts ?? 1,
    minGenes: options.minGenes ?? 0,
    maxMito: options.maxMito ?? null,
    minCells: options.minCells ?? 3,
    targetSum: options.targetSum ?? null,
    normalizeBy: options.normalizeBy ?? null,
    variableGenes: variable === null ? "all" : variable.selected.length,
    components,
    neighbors,
    neighborComponents,
    resolution: options.resolution ?? 1,
    modules: options.modules ?? "auto",
    species,
    permutations,
    skip: analysisSteps.filter((s) => asked.has(s)),
    seed,
  };

  const columns: Record<string, Column> = {};
  if (qc !== null) {
    columns["total_counts"] = qc.totalCounts;
    columns["n_genes"] = qc.nGenes;
    if (qc.pctMito !== null) columns["pct_mito"] = qc.pctMito;
  }
  if (clusters !== null) columns["cluster"] = clusters.labels;
  if (userLabels !== null) columns[userLabels.name] = userLabels.labels;
  if (modules !== null) columns["module"] = modules.labels;
  const result = dataset({
    ...kept,
    cells: withColumns(kept.cells, columns),
    ...(picture.image && { images: [picture.image] }),
    layers: logged === null ? kept.layers : { ...kept.layers, log: logged },
    embeddings: {
      ...kept.embeddings,
      ...(pcaResult ? { pca: pcaResult.scores } : {}),
      ...(embedding ? { umap: embedding.embedding } : {}),
    },
    graphs: {
      ...(spatial ? { spatial: spatial.graph } : {}),
      ...(expressionGraph ? { expression: expressionGraph.graph } : {}),
    },
  });

  return {
    kind: "analysis",
    title: sample.title ?? kept.platform,
    dataset: result,
    read: sample.report ?? {
      platform: kept.platform,
      files: [],
      found: [],
      joined: [],
      dropped: [],
      warnings: [],
    },
    before,
    params,
    notes,
    qc,
    variableGenes: variable,
    pca: pcaResult,
    neighbors: expressionGraph,
    umap: embedding,
    clusters,
    groups,
    spatial,
    enrichment,
    moran: moranResult,
    modules,
    groupMarkers,
    moduleMarkers,
    interactionMatch: match,
    interactions,
    timings,
  };
}

/** Counts per total, or per area or volume where a column of sizes is named. */
function normalized(
  counts: Expression<Sparse>,
  { cells }: SpatialDataset,
  { normalizeBy, targetSum }: AnalyzeOptions,
): Expression<Sparse> {
  if (normalizeBy === undefined) return normalizeTotal(counts, targetSum === undefined ? {} : { targetSum });
  const size = cells.columns[normalizeBy];
  if (ArrayBuffer.isView(size) && targetSum === undefined) return normalizeBySize(counts, size);
  throw new SpatialError(
    "option",
    targetSum === undefined
      ? `normalizeBy must be a column of numbers, found ${normalizeBy}; there are ${Object.keys(cells.columns).join(", ")}.`
      : "targetSum does not go with normalizeBy.",
    { subject: "normalizeBy", hint: "Leave the option out to scale to the median total." },
  );
}

function obstacleToNormalize(kind: Values): string | null {
  return kind === "log"
    ? "the values are logged already"
    : kind === "scaled"
      ? "the values are scaled"
      : null;
}

function groupCount(labels: Categorical): number {
  return new Set(labels.codes.filter((code) => code >= 0)).size;
}

function firstColumns(x: Dense, count: number): Dense {
  return count === x.cols
    ? x
    : selectColumns(
        x,
        Array.from({ length: count }, (_, j) => j),
      );
}

function asSparse(x: Expression<Sparse> | Expression<Dense>): Expression<Sparse> {
  return x.kind === "sparse" ? x : expression(toSparse(x), x.values);
}
