import type { RankGenesResult } from "../cluster/index.ts";
import { formatCsv, type CsvColumn } from "../io/index.ts";
import { csvParts } from "../io/text.ts";
import { leading } from "../kernels/select.ts";
import { categorical, geneNames, selectColumn, type Categorical } from "../model/index.ts";
import type { Analysis } from "../pipeline/index.ts";

/** Rows of markers.csv per group: the best by Wilcoxon score. */
export const MARKERS_PER_GROUP = 100;

const nothing = (n: number): Float64Array => new Float64Array(n).fill(NaN);

/** One row per observation that passed the filter, as text in parts. */
export function cellsTable(analysis: Analysis): Iterable<string> {
  const { cells, positions, embeddings } = analysis.dataset;
  const n = cells.ids.length;
  const c = cells.columns;
  const own = new Set(["sample", "total_counts", "n_genes", "pct_mito", "cluster", "module"]);
  const coordinate = (data: Float32Array | Float64Array | undefined, cols: number, j: number): CsvColumn =>
    data === undefined ? nothing(n) : column(data, cols, j, n);
  const columns: Record<string, CsvColumn> = {
    id: cells.ids,
    sample: c["sample"] ?? new Array<string>(n).fill(analysis.title),
    x: coordinate(positions?.data, positions?.cols ?? 2, 0),
    y: coordinate(positions?.data, positions?.cols ?? 2, 1),
    total_counts: c["total_counts"] ?? nothing(n),
    n_genes: c["n_genes"] ?? nothing(n),
    pct_mito: c["pct_mito"] ?? nothing(n),
    cluster: analysis.clusters?.labels ?? nothing(n),
    module: analysis.modules?.labels ?? nothing(n),
    umap1: coordinate(embeddings["umap"]?.data, 2, 0),
    umap2: coordinate(embeddings["umap"]?.data, 2, 1),
  };
  for (const [name, values] of Object.entries(c))
    if (!own.has(name) && !Object.hasOwn(columns, name)) columns[name] = values;
  return csvParts(columns);
}

function column(
  data: Float32Array | Float64Array,
  cols: number,
  j: number,
  n: number,
): Float32Array | Float64Array {
  const out = data instanceof Float32Array ? new Float32Array(n) : new Float64Array(n);
  for (let i = 0; i < n; i++) out[i] = data[i * cols + j];
  return out;
}

/** One row per gene that passed the filter. */
export function genesTable(analysis: Analysis): string {
  const { genes } = analysis.dataset;
  const p = genes.ids.length;
  const { moran, variableGenes, qc } = analysis;
  return formatCsv({
    id: genes.ids,
    name: geneNames(genes),
    highly_variable: variableGenes?.highlyVariable ?? new Uint8Array(p).fill(1),
    n_cells: qc?.genes.nCells ?? nothing(p),
    mean_counts: qc?.genes.meanCounts ?? nothing(p),
    moran_i: moran?.i ?? nothing(p),
    moran_z: moran?.z ?? nothing(p),
    moran_p: moran?.p ?? nothing(p),
    moran_log_p: moran?.logP ?? nothing(p),
    moran_p_adj: moran?.pAdjusted ?? nothing(p),
  });
}

/** The best markers of every group and every module. */
export function markersTable(analysis: Analysis): string {
  const names = geneNames(analysis.dataset.genes);
  const parts = [
    { grouping: analysis.groups?.name ?? "cluster", result: analysis.groupMarkers },
    { grouping: "module", result: analysis.moduleMarkers },
  ].flatMap(({ grouping, result }) =>
    result === null ? [] : [{ grouping, result, rows: bestRows(result) }],
  );
  const all = <T>(value: (part: (typeof parts)[number], row: number) => T): T[] =>
    parts.flatMap((part) => part.rows.map((row) => value(part, row)));
  const p = names.length;
  const numbers = (pick: (r: RankGenesResult) => Float64Array | null): Float64Array =>
    Float64Array.from(all(({ result }, row) => pick(result)?.[row] ?? NaN));
  return formatCsv({
    grouping: all(({ grouping }) => grouping),
    group: all(({ result }, row) => result.groups[Math.floor(row / p)]),
    gene_id: all((_, row) => analysis.dataset.genes.ids.at(row % p)),
    gene: all((_, row) => names[row % p]),
    score: numbers((r) => r.scores),
    log_fold_change: numbers((r) => r.logFoldChange),
    p: numbers((r) => r.pValue),
    p_adj: numbers((r) => r.pAdjusted),
    fraction_in: numbers((r) => r.fractionIn),
    fraction_out: numbers((r) => r.fractionOut),
  });
}

/** Rows (cluster x gene) of the best markers by group, then by score. */
function bestRows(result: RankGenesResult): number[] {
  const k = result.groups.length;
  const p = result.scores.length / k;
  return Array.from({ length: k }, (_, g) => {
    const rows = Array.from({ length: p }, (_, j) => g * p + j).filter((row) => result.scores[row] > 0);
    return leading(rows, result.scores, MARKERS_PER_GROUP);
  }).flat();
}

/** One row per tested pair and pair of groups; header only where nothing was tested. */
export function interactionsTable(analysis: Analysis): string {
  const r = analysis.interactions;
  const none = categorical(new Int32Array(0), []);
  const empty = new Float64Array(0);
  const facts = (pick: "family" | "annotation" | "source"): readonly string[] =>
    r === null ? [] : Array.from(r.pair, (pair) => r.pairs[pair][pick]);
  const order =
    r === null
      ? new Uint32Array(0)
      : Uint32Array.from(r.p.keys()).sort((a, b) => r.p[a] - r.p[b] || r.score[b] - r.score[a] || a - b);
  const columns: Record<string, CsvColumn> = {
    ligand: r?.ligand ?? none,
    receptor: r?.receptor ?? none,
    sender: r?.sender ?? none,
    receiver: r?.receiver ?? none,
    score: r?.score ?? empty,
    ligand_mean: r?.ligandMean ?? empty,
    receptor_mean: r?.receptorMean ?? empty,
    ligand_fraction: r?.ligandFraction ?? empty,
    receptor_fraction: r?.receptorFraction ?? empty,
    p: r?.p ?? empty,
    p_adj: r?.pAdjusted ?? empty,
    contact_edges: r?.edges ?? empty,
    contact_log2_enrichment: r?.edgeEnrichment ?? empty,
    family: facts("family"),
    annotation: facts("annotation"),
    source: facts("source"),
  };
  return formatCsv(
    Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [name, selectColumn(values as Float64Array, order)]),
    ),
  );
}

/** One row per tissue module. */
export function modulesTable(analysis: Analysis): string {
  const labels = analysis.modules?.labels ?? categorical(new Int32Array(0), []);
  const k = labels.categories.length;
  const n = labels.codes.length;
  const size = new Int32Array(k);
  for (const code of labels.codes) if (code >= 0) size[code]++;
  const mean = (values: ArrayLike<number> | undefined): Float64Array => {
    const sum = new Float64Array(k);
    if (values === undefined) return sum.fill(NaN);
    for (let i = 0; i < n; i++) if (labels.codes[i] >= 0) sum[labels.codes[i]] += values[i];
    return sum.map((s, m) => s / size[m]);
  };
  const markers = analysis.moduleMarkers;
  const names = geneNames(analysis.dataset.genes);
  const top = Array.from({ length: k }, () => "");
  if (markers !== null) {
    for (const row of bestRows(markers)) {
      const m = labels.categories.indexOf(markers.groups[Math.floor(row / names.length)]);
      if (top[m].split(" ").length < 10) top[m] = `${top[m]} ${names[row % names.length]}`.trim();
    }
  }
  const { columns } = analysis.dataset.cells;
  return formatCsv({
    module: [...labels.categories],
    observations: size,
    share: Float64Array.from(size, (s) => s / n),
    mean_total_counts: mean(columns["total_counts"] as Float64Array | undefined),
    mean_n_genes: mean(columns["n_genes"] as Int32Array | undefined),
    same_module_neighbors: sameNeighbors(analysis, labels),
    top_markers: top,
  });
}

/** Share of a module's spatial edges that stay inside it. */
function sameNeighbors(analysis: Analysis, labels: Categorical): Float64Array {
  const k = labels.categories.length;
  const inside = new Float64Array(k);
  const all = new Float64Array(k);
  const graph = analysis.spatial?.graph;
  if (graph === undefined) return inside.fill(NaN);
  for (let i = 0; i < graph.nodes; i++) {
    const m = labels.codes[i];
    if (m === undefined || m < 0) continue;
    for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++) {
      all[m]++;
      if (labels.codes[graph.indices[e]] === m) inside[m]++;
    }
  }
  return inside.map((s, m) => s / all[m]);
}

/** How many of a categorical's categories are in use. */
export function inUse(labels: Categorical | undefined): number | null {
  return labels === undefined ? null : new Set(labels.codes.filter((c) => c >= 0)).size;
}
