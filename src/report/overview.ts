import { median } from "../stats/index.ts";
import type { Categorical, Column } from "../model/index.ts";
import type { Analysis } from "../pipeline/index.ts";
import { count, list, short, whole } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { neighborRule, nouns, type Section, tableOf } from "./sections.ts";

/** A platform's name, and how a sentence says that a sample is of it. */
const platforms: Readonly<Record<string, readonly [name: string, phrase: string]>> = {
  visium: ["Visium", "read as Visium data"],
  "visium-hd": ["Visium HD", "read as Visium HD data"],
  xenium: ["Xenium", "read as Xenium data"],
  merscope: ["MERSCOPE", "read as MERSCOPE data"],
  cosmx: ["CosMx", "read as CosMx data"],
  h5ad: ["h5ad", "read from an h5ad file"],
  "10x-h5": ["10x matrix", "read from a 10x HDF5 matrix"],
  "10x-mtx": ["10x matrix", "read from a 10x matrix folder"],
  simulated: ["Simulated", "simulated"],
};

function platformOf(analysis: Analysis): readonly [name: string, phrase: string] {
  const { platform } = analysis.dataset;
  return Object.hasOwn(platforms, platform) ? platforms[platform] : [platform, `read as ${platform} data`];
}

/** Groups that have at least one member. */
export function groupCount(labels: Categorical): number {
  return new Set(labels.codes.filter((code) => code >= 0)).size;
}

function spatialGenes(analysis: Analysis): number | null {
  return analysis.moran === null
    ? null
    : analysis.moran.pAdjusted.reduce((sum, q) => sum + (q < 0.05 ? 1 : 0), 0);
}

function testedGenes(analysis: Analysis): number {
  return analysis.moran === null ? 0 : analysis.moran.i.reduce((sum, i) => sum + (i === i ? 1 : 0), 0);
}

function medianOf(column: Column | undefined): number | null {
  if (!(column instanceof Float64Array) && !(column instanceof Int32Array)) return null;
  const known = Float64Array.from(column).filter((v) => Number.isFinite(v));
  return known.length === 0 ? null : median(known);
}

/** Title, a summary that says no more than was found, and the main figures. */
export function head(analysis: Analysis): Markup {
  const { dataset: ds, before } = analysis;
  const n = ds.cells.ids.length;
  const p = ds.genes.ids.length;
  const { one, many } = nouns(analysis);
  const [platform, phrase] = platformOf(analysis);
  const facts: [string, string][] = [
    [many, whole(n)],
    ["genes", whole(p)],
  ];
  const counts = medianOf(ds.cells.columns["total_counts"]);
  const detected = medianOf(ds.cells.columns["n_genes"]);
  if (counts !== null) facts.push([`median counts per ${one}`, short(counts)]);
  if (detected !== null) facts.push([`median genes per ${one}`, short(detected)]);
  if (analysis.clusters !== null) facts.push(["clusters", whole(groupCount(analysis.clusters.labels))]);
  if (analysis.modules !== null) facts.push(["tissue modules", whole(groupCount(analysis.modules.labels))]);
  const spatial = spatialGenes(analysis);
  if (spatial !== null) facts.push(["spatially variable genes", whole(spatial)]);

  const lost = before.observations - n;
  const lostGenes = before.genes - p;
  const sentences = [
    `This report shows ${count(n, one, many)} and ${count(p, "gene")}, ${phrase}.`,
    lost === 0 && lostGenes === 0
      ? "Everything that was read passed the filter."
      : `The filter removed ${list([
          ...(lost > 0 ? [`${whole(lost)} of ${count(before.observations, one, many)}`] : []),
          ...(lostGenes > 0 ? [`${whole(lostGenes)} of ${count(before.genes, "gene")}`] : []),
        ])}.`,
  ];
  if (analysis.clusters !== null)
    sentences.push(
      `By expression alone they fall into ${count(groupCount(analysis.clusters.labels), "cluster")}; the number depends on the resolution that was chosen.`,
    );
  if (analysis.modules !== null)
    sentences.push(
      `With their surroundings taken into account they form ${count(groupCount(analysis.modules.labels), "tissue module")}.`,
    );
  if (spatial !== null)
    sentences.push(
      `${whole(spatial)} of ${count(testedGenes(analysis), "tested gene")} vary across the tissue more than chance explains (Moran's I, adjusted p < 0.05).`,
    );
  if (one === "spot")
    sentences.push("A spot often holds more than one cell, so groups of spots are mixtures.");

  return html`<header>
    <p class="kicker">Spatial transcriptomics · ${platform}</p>
    <h1>${analysis.title}</h1>
    <p class="lead">${sentences.join(" ")}</p>
    <dl class="facts">
      ${facts.map(
        ([label, value]) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </header>`;
}

/** What was read, joined, dropped and filtered, and what to know about it. */
export function inputSection(analysis: Analysis): Section {
  const { read, before, dataset: ds, params, notes } = analysis;
  const { many } = nouns(analysis);
  const items = (lines: readonly Markup[], none: string): Markup =>
    html`<ul class="plain">
      ${lines.length > 0 ? lines.map((line) => html`<li>${line}</li>`) : html`<li class="quiet">${none}</li>`}
    </ul>`;
  const rules = [
    `${many} with fewer than ${count(params.minCounts, "count")}`,
    ...(params.minGenes > 0 ? [`${many} with fewer than ${count(params.minGenes, "gene")}`] : []),
    ...(params.maxMito !== null ? [`${many} with more than ${params.maxMito} % mitochondrial counts`] : []),
    `genes found in fewer than ${params.minCells} ${many}`,
  ];
  const filtered =
    params.values === "counts"
      ? [
          html`Left out: ${list(rules)}.`,
          html`${whole(ds.cells.ids.length)} of ${whole(before.observations)} ${many} and
          ${whole(ds.genes.ids.length)} of ${whole(before.genes)} genes remain.`,
        ]
      : [html`Not filtered: the values are ${params.values}, not counts.`];
  const body = html`<div class="columns">
    <div>
      <h3>Found</h3>
      ${items(
        [...read.found, ...read.joined].map((line) => html`${line}`),
        "The reader reported nothing.",
      )}
    </div>
    <div>
      <h3>Filter</h3>
      ${items(
        [
          ...filtered,
          ...read.dropped.map(
            (d) => html`<span class="tag">not read</span>${whole(d.count)} ${d.what}: ${d.why}`,
          ),
        ],
        "Nothing was left out.",
      )}
    </div>
    <div>
      <h3>Notes</h3>
      ${items(
        [
          ...read.warnings.map((line) => html`<span class="tag warn">warning</span>${line}`),
          ...notes.map(
            (note) =>
              html`<span class="tag">${note.kind === "skipped" ? `${note.step} skipped` : note.step}</span
                >${note.text}`,
          ),
        ],
        "No step was skipped.",
      )}
    </div>
  </div>`;
  return {
    id: "input",
    title: "Input",
    body: html`<h2>What was read</h2>
      <p class="intro">Files: ${read.files.length > 0 ? read.files.join(", ") : "given in memory"}.</p>
      ${body}`,
  };
}

/** Every parameter after defaults, and versions. */
export function methodsSection(analysis: Analysis, versions: Readonly<Record<string, string>>): Section {
  const { params } = analysis;
  const words = (value: unknown): string =>
    value === null
      ? "none"
      : Array.isArray(value)
        ? value.length > 0
          ? value.join(", ")
          : "none"
        : typeof value === "number" && value >= 1000
          ? whole(value)
          : String(value);
  const { one, many } = nouns(analysis);
  const parameterWords: Readonly<Record<string, string>> = {
    minCounts: `min counts per ${one}`,
    minGenes: `min genes per ${one}`,
    maxMito: "max mitochondrial %",
    minCells: `min ${many} per gene`,
  };
  const steps = methodLines(analysis);
  const table = tableOf(
    ["parameter", "value"],
    Object.entries(params).map(([name, value]) => [
      parameterWords[name] ?? name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`),
      name === "targetSum" && value === null
        ? params.normalizeBy === null
          ? "median total"
          : "none"
        : name === "seed"
          ? String(value)
          : words(value),
    ]),
  );
  const body = html`<h2>Methods and parameters</h2>
    <p class="intro">The same input, parameters and seed give the same numbers on any machine.</p>
    <div class="columns">
      <div>
        <h3>Steps</h3>
        <ul class="plain">
          ${steps.map((line) => html`<li>${line}</li>`)}
        </ul>
      </div>
      <div>
        <h3>Parameters</h3>
        ${table}
      </div>
      <div>
        <h3>Versions</h3>
        ${tableOf(["software", "version"], Object.entries(versions))}
      </div>
    </div>`;
  return { id: "methods", title: "Methods", body };
}

function methodLines(analysis: Analysis): string[] {
  const { params, dataset: ds } = analysis;
  const { many } = nouns(analysis);
  const lines: string[] = [];
  if (ds.layers["log"] !== undefined)
    lines.push(
      params.values === "counts"
        ? params.normalizeBy !== null
          ? `Counts were divided by ${params.normalizeBy}, scaled to its median, and log1p was taken.`
          : `Counts were scaled to ${params.targetSum === null ? "the median total" : `${whole(params.targetSum)} per ${ds.observation}`} and log1p was taken.`
        : `Values were given as ${params.values}.`,
    );
  if (analysis.variableGenes !== null)
    lines.push(
      `${whole(analysis.variableGenes.selected.length)} variable genes were chosen for the embedding.`,
    );
  if (analysis.pca !== null)
    lines.push(
      `Principal components: ${params.components}; neighbors on ${params.neighborComponents} of them, ${params.neighbors} per ${ds.observation}.`,
    );
  if (analysis.clusters !== null)
    lines.push(`Clusters: Leiden on the expression neighbor graph, resolution ${params.resolution}.`);
  if (analysis.umap !== null)
    lines.push(
      "UMAP shows the same graph in two dimensions; distances in it have no unit and sizes of gaps no meaning.",
    );
  if (analysis.spatial !== null) lines.push(`Spatial neighbors: ${neighborRule(analysis)}.`);
  if (analysis.modules !== null)
    lines.push(
      `Tissue modules: expression averaged with spatial neighbors, principal components, Gaussian mixture; ${params.modules === "auto" ? "their number taken at the bend of the BIC curve" : "their number as asked"}.`,
    );
  if (analysis.moran !== null)
    lines.push("Spatial genes: Moran's I, upper tail, Benjamini-Hochberg over the tested genes.");
  if (analysis.groupMarkers !== null)
    lines.push(`Markers: rank-sum test of each group against all other ${many}.`);
  if (analysis.interactions !== null)
    lines.push(
      `Ligand-receptor pairs: group means against ${whole(analysis.interactions.params.permutations)} random labelings; table of pairs: ${analysis.interactions.params.table}.`,
    );
  return lines;
}
