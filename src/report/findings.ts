import { log10 } from "../kernels/math.ts";
import type { RankGenesResult } from "../cluster/index.ts";
import { densityFigure, dotPlotFigure, heatmapFigure, histogramFigure } from "../plot/index.ts";
import { quantile } from "../stats/index.ts";
import type { Analysis } from "../pipeline/index.ts";
import { topInteractions, topMarkers, topSpatialGenes } from "./choose.ts";
import { columnLabel, type Embedded } from "./embed.ts";
import { geneLabels } from "./expression.ts";
import { count, percent, short, whole } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { groupCount } from "./overview.ts";
import { absent, chart, nouns, type Section, tableOf } from "./sections.ts";

/** How counts, genes, mitochondrial share, controls and sizes are distributed. */
export async function qualitySection(analysis: Analysis): Promise<Section> {
  const { cells, features } = analysis.dataset;
  const { one, many } = nouns(analysis);
  const charts: Markup[] = [];
  const column = (name: string): Float64Array | null => {
    const values = cells.columns[name];
    const numbers =
      values instanceof Float64Array || values instanceof Int32Array ? Float64Array.from(values) : null;
    return numbers?.some((v) => Number.isFinite(v)) ? numbers : null;
  };
  const totals = column("total_counts");
  if (totals?.some((v) => v > 0)) {
    const log = quantile(totals, 0.99) > 20 * quantile(totals, 0.01);
    charts.push(await chart(histogramFigure(totals, { title: `total counts per ${one}`, log })));
  }
  const detected = column("n_genes");
  if (detected?.some((v) => v > 0))
    charts.push(await chart(histogramFigure(detected, { title: `genes detected per ${one}` })));
  const mito = column("pct_mito");
  if (mito !== null) charts.push(await chart(histogramFigure(mito, { title: "mitochondrial counts (%)" })));
  if (totals !== null) {
    for (const name of Object.keys(cells.columns)
      .filter((c) => /(^|_)(area|volume)$/i.test(c))
      .slice(0, 3)) {
      const size = column(name);
      if (size?.some((v, i) => v > 0 && totals[i] > 0))
        charts.push(
          await chart(
            densityFigure(size, totals, { xTitle: columnLabel(name), yTitle: "total counts", log: true }),
          ),
        );
    }
  }
  const controls = Object.entries(features).map(([kind, { values, table }]) => {
    const sum = values.data.reduce((a, b) => a + b, 0);
    let touched = 0;
    for (let i = 0; i < values.rows; i++) {
      let any = false;
      for (let e = values.indptr[i]; e < values.indptr[i + 1]; e++) if (values.data[e] > 0) any = true;
      if (any) touched++;
    }
    const all = totals?.reduce((a, b) => a + b, 0) ?? NaN;
    return [kind, whole(table.ids.length), whole(sum), percent(sum / all), percent(touched / values.rows)];
  });
  const why =
    analysis.params.values === "counts"
      ? "no count can be shown"
      : `the values are ${analysis.params.values}, not counts`;
  const body = html`<h2>Quality</h2>
    ${
      charts.length > 0
        ? html`<p class="intro">
              One value per ${one} that passed the filter; the vertical axis counts ${many}, the dashed line
              is the
              median.${
                totals !== null && mito === null
                  ? " No gene of this sample is mitochondrial, so there is no mitochondrial share."
                  : ""
              }
            </p>
            <div class="charts">${charts}</div>`
        : html`<p class="absent">There are no distributions: ${why}.</p>`
    }
    ${
      controls.length > 0
        ? html`<h3 class="spaced">Control and other features</h3>
            ${tableOf(["kind", "#features", "#counts", "#share of gene counts", `#${many} with any`], controls)}
            <p class="small">These are kept apart: they are in no total and in no analysis.</p>`
        : null
    }`;
  return { id: "quality", title: "Quality", body };
}

/** Which groups lie side by side more, or less, often than chance. */
export async function neighborhoodSection(analysis: Analysis): Promise<Section> {
  const { enrichment, groups } = analysis;
  const title = "Neighborhoods";
  if (enrichment === null || groups === null || analysis.spatial === null)
    return {
      id: "neighborhoods",
      title,
      body: html`<h2>${title}</h2>
        ${absent(analysis, "enrichment", "Neighborhood enrichment")}`,
    };
  const names = groups.labels.categories;
  const k = names.length;
  const pairs: { readonly a: number; readonly b: number; readonly z: number }[] = [];
  for (let a = 0; a < k; a++)
    for (let b = a + 1; b < k; b++)
      if (Number.isFinite(enrichment.z[a * k + b])) pairs.push({ a, b, z: enrichment.z[a * k + b] });
  const sizes = pairs.map(({ z }) => Math.abs(z)).sort((x, y) => x - y);
  const limit = Math.max(3, sizes[Math.floor((sizes.length - 1) * 0.95)] ?? 0);
  const strongest = (list: typeof pairs): Markup =>
    tableOf(
      [`${groups.name}s`, "#z"],
      list.slice(0, 5).map(({ a, b, z }) => [`${names[a]} and ${names[b]}`, short(z)]),
    );
  const together = pairs.filter(({ z }) => z > 2).sort((x, y) => y.z - x.z);
  const apart = pairs.filter(({ z }) => z < -2).sort((x, y) => x.z - y.z);
  const figure = heatmapFigure(
    { rows: names, columns: names, values: enrichment.z },
    { title: "z", rowTitle: groups.name, columnTitle: groups.name, limit },
  );
  const caption = `z-score of the number of neighbor pairs. Colors end at \u00b1${short(limit)}${k <= 16 ? "; numbers are not cut" : ""}. z grows with the size of the tissue, so compare values within a map, not between samples.`;
  const body = html`<h2>${title}</h2>
    <p class="intro">
      How often neighbors of one ${groups.name} belong to another, against random placement of the same
      labels. Red: side by side more often than chance; blue: less often. Neighbors: ${analysis.spatial.rule}.
    </p>
    <div class="charts">
      ${await chart(figure, caption)}
      ${
        together.length > 0
          ? html`<div>
              <h3>Together more than by chance</h3>
              ${strongest(together)}
            </div>`
          : null
      }
      ${
        apart.length > 0
          ? html`<div>
              <h3>Apart more than by chance</h3>
              ${strongest(apart)}
            </div>`
          : null
      }
    </div>`;
  return { id: "neighborhoods", title, body };
}

/** The genes that vary most across the tissue, as maps. */
export function spatialGenesSection(analysis: Analysis, embedded: Embedded): Section {
  const { moran } = analysis;
  const title = "Spatial genes";
  if (moran === null)
    return {
      id: "spatial-genes",
      title,
      body: html`<h2>${title}</h2>
        ${absent(analysis, "moran", "Moran's I")}`,
    };
  const labels = geneLabels(analysis);
  const top = topSpatialGenes(moran, 12).filter((j) => embedded.placeOf.has(j));
  const found = moran.pAdjusted.reduce((sum, q) => sum + (q < 0.05 ? 1 : 0), 0);
  const body = html`<h2>${title}</h2>
    <p class="intro">
      Moran's I is near 0 where a gene is scattered without order and near 1 where neighbors agree.
      ${count(found, "gene")} have an adjusted p below 0.05; the ${top.length} with the highest I are shown.
      Click a map to open it above.
    </p>
    <div class="maps">
      ${top.map(
        (j) =>
          html`<button type="button">
            <canvas
              data-key="gene:${embedded.placeOf.get(j) ?? 0}"
              role="img"
              aria-label="Map of ${labels[j]}"
            ></canvas
            ><strong>${labels[j]}</strong
            ><span>I ${moran.i[j].toFixed(3)} · adjusted p ${probability(moran.pAdjusted[j])}</span>
          </button>`,
      )}
    </div>
    <p class="small">
      Each map has its own scale, from the lowest value (dark) to the 99th percentile of the non-zero values
      (yellow). All genes are in genes.csv.
    </p>`;
  return { id: "spatial-genes", title, body };
}

/** A p value as words; below what doubles hold it says so. */
function probability(p: number): string {
  return p === 0 ? "< 10\u207b\u00b3\u2070\u2070" : short(p);
}

/** Genes that mark groups and modules. */
export async function markersSection(analysis: Analysis): Promise<Section> {
  const title = "Markers";
  const parts: Markup[] = [];
  if (analysis.groupMarkers !== null && analysis.groups !== null)
    parts.push(await markerDots(analysis, analysis.groupMarkers, analysis.groups.name));
  if (analysis.moduleMarkers !== null && analysis.modules !== null)
    parts.push(await markerDots(analysis, analysis.moduleMarkers, "module"));
  const { many } = nouns(analysis);
  const body = html`<h2>${title}</h2>
    ${
      parts.length === 0
        ? absent(analysis, "markers", "The search for markers")
        : html`<p class="intro">
              The genes with the highest scores in each group against all other ${many}. Groups were found
              with the same genes, so p values say how to rank markers, not whether the groups exist.
            </p>
            <div class="charts">${parts}</div>`
    }`;
  return { id: "markers", title, body };
}

async function markerDots(analysis: Analysis, markers: RankGenesResult, name: string): Promise<Markup> {
  const { groups } = markers;
  const k = groups.length;
  const p = analysis.dataset.genes.ids.length;
  const each = k <= 8 ? 5 : k <= 14 ? 4 : k <= 24 ? 3 : 2;
  const genes = [...new Set(topMarkers(markers, each).flat())];
  if (genes.length === 0) return html`<p class="absent">No gene marks any ${name} (adjusted p < 0.05).</p>`;
  const names = geneLabels(analysis);
  const size = new Float64Array(genes.length * k);
  const color = new Float64Array(genes.length * k);
  genes.forEach((j, column) => {
    const z = standardized(Float64Array.from(groups, (_, g) => markers.meanIn[g * p + j]));
    for (let g = 0; g < k; g++) {
      size[g * genes.length + column] = markers.fractionIn[g * p + j];
      color[g * genes.length + column] = z[g];
    }
  });
  const { many } = nouns(analysis);
  const figure = dotPlotFigure(
    { rows: groups, columns: genes.map((j) => names[j]), size, color },
    { palette: "diverging", sizeTitle: "fraction", colorTitle: "mean, z", rowTitle: name, largest: 1 },
  );
  const caption = `Size: fraction of the ${name}'s ${many} in which the gene is not 0. Color: mean of each ${name}, as z over the ${k} ${name}s. All tests are in markers.csv.`;
  return html`<div>
    <h3>By ${name}</h3>
    ${await chart(figure, caption)}
  </div>`;
}

function standardized(values: Float64Array): Float64Array {
  const known = values.filter((v) => v === v);
  const mean = known.reduce((a, b) => a + b, 0) / known.length;
  const sd = Math.sqrt(known.reduce((a, b) => a + (b - mean) * (b - mean), 0) / known.length);
  return values.map((v) => (sd > 0 ? (v - mean) / sd : 0));
}

/** The tissue modules and how their number was found. */
export function modulesSection(analysis: Analysis): Section {
  const { modules } = analysis;
  const title = "Modules";
  if (modules === null)
    return {
      id: "modules",
      title,
      body: html`<h2>Tissue modules</h2>
        ${absent(analysis, "modules", "The search for tissue modules")}`,
    };
  const { many } = nouns(analysis);
  const n = modules.labels.codes.length;
  const sizes = new Float64Array(modules.labels.categories.length);
  for (const code of modules.labels.codes) if (code >= 0) sizes[code]++;
  const names = geneLabels(analysis);
  const markers = analysis.moduleMarkers === null ? null : topMarkers(analysis.moduleMarkers, 6);
  const rows = modules.labels.categories.map((name, m) => [
    name,
    whole(sizes[m]),
    percent(sizes[m] / n),
    markers === null ? "" : markers[m].map((j) => names[j]).join(", "),
  ]);
  const chosen = modules.candidates.findIndex((c) => c.k === modules.modules);
  const candidates =
    modules.candidates.length > 1
      ? html`<div>
          <h3>Candidates for their number</h3>
          ${tableOf(
            ["#modules", "#stability", "#BIC"],
            modules.candidates.map((c) => [
              whole(c.k),
              c.stability === c.stability ? c.stability.toFixed(3).replace("-", "\u2212") : "",
              whole(c.bic),
            ]),
            chosen,
          )}
          <p class="small">
            Stability: agreement of the modules found on two halves of the ${many} (adjusted Rand index, 1 is
            perfect). BIC: lower is better, but it goes on falling where neighbors share their values, so the
            number in bold is taken at the bend of its curve; among equals, the most stable.
          </p>
        </div>`
      : html`<div><p class="small">The number of modules was given.</p></div>`;
  const body = html`<h2>Tissue modules</h2>
    <p class="intro">
      ${many[0].toUpperCase() + many.slice(1)} whose surroundings look alike:
      ${count(groupCount(modules.labels), "module")}. See them in the tissue view with “Color by module”.
    </p>
    <div class="columns">
      <div>${tableOf(["module", `#${many}`, "#share", "top markers"], rows)}</div>
      ${candidates}
    </div>`;
  return { id: "modules", title, body };
}

/** The first row of each pair, in order. */
function bestPerPair(rows: readonly number[], pairName: (row: number) => string): number[] {
  const seen = new Set<string>();
  return rows.filter((row) => !seen.has(pairName(row)) && seen.add(pairName(row)));
}

/** The names that come first, at most `count` different ones, sorted as numbers where they start with one. */
function mostUsed(names: readonly string[], count: number): string[] {
  const parts = (name: string): number[] => name.split(" \u2192 ").map((part) => Number(part));
  return [...new Set(names)].slice(0, count).sort((a, b) => {
    const [p, q] = [parts(a), parts(b)];
    const order = p[0] - q[0] || p[1] - q[1];
    return order === order ? order : a < b ? -1 : a > b ? 1 : 0;
  });
}

/** Ligand-receptor pairs between groups, or why there are none. */
export async function interactionsSection(analysis: Analysis): Promise<Section> {
  const title = "Ligand-receptor";
  const { interactions: result, interactionMatch: match } = analysis;
  const matched =
    match === null
      ? null
      : `${whole(match.complete)} of ${whole(match.pairs)} pairs have all their genes in this sample.`;
  const page = (body: Markup): Section => ({
    id: "interactions",
    title,
    body: html`<h2>Ligand-receptor pairs</h2>
      ${body}`,
  });
  if (result === null)
    return page(
      html`${absent(analysis, "interactions", "The test of ligand-receptor pairs")}${matched === null ? null : html`<p class="quiet">${matched}${match?.likelyCause ? ` ${match.likelyCause}` : ""}</p>`}`,
    );
  if (result.score.length === 0)
    return page(
      html`<p class="absent">No pair is expressed by enough of any two groups to be tested.</p>
        <p class="quiet">${matched}</p>`,
    );
  const order = topInteractions(result);
  const significant = order.filter((row) => result.pAdjusted[row] < 0.05);
  const pairName = (row: number): string =>
    `${result.ligand.categories[result.ligand.codes[row]]} \u2192 ${result.receptor.categories[result.receptor.codes[row]]}`;
  const wayName = (row: number): string =>
    `${result.sender.categories[result.sender.codes[row]]} \u2192 ${result.receiver.categories[result.receiver.codes[row]]}`;
  const shown = significant.length > 0 ? significant : order;
  const best = bestPerPair(shown, pairName).slice(0, 20);
  const pairs = best.map(pairName);
  const ways = mostUsed([...best, ...shown.filter((row) => pairs.includes(pairName(row)))].map(wayName), 20);
  const size = new Float64Array(pairs.length * ways.length).fill(NaN);
  const color = new Float64Array(size.length).fill(NaN);
  for (const row of order) {
    const [r, c] = [pairs.indexOf(pairName(row)), ways.indexOf(wayName(row))];
    if (r < 0 || c < 0) continue;
    size[r * ways.length + c] = result.score[row];
    color[r * ways.length + c] = Math.min(300, Math.max(0, -log10(result.pAdjusted[row])));
  }
  const { one, many } = nouns(analysis);
  const name = analysis.groups?.name ?? "group";
  const figure = dotPlotFigure(
    { rows: pairs, columns: ways, size, color },
    { sizeTitle: "score", colorTitle: "\u2212log10 adj. p", columnTitle: `${name}: sender \u2192 receiver` },
  );
  const rows = shown
    .slice(0, 15)
    .map((row) => [
      pairName(row),
      wayName(row),
      short(result.score[row]),
      probability(result.pAdjusted[row]),
      result.edges[row] === result.edges[row] ? whole(result.edges[row]) : "",
      result.edgeEnrichment[row] === result.edgeEnrichment[row]
        ? result.edgeEnrichment[row].toFixed(2).replace("-", "\u2212")
        : "",
    ]);
  const caution =
    one === "cell"
      ? ""
      : ` A ${one} can hold both sender and receiver, so a ${name} that pairs with itself may mean contact within ${many}.`;
  return page(
    html`<p class="intro">
        ${matched} ${whole(significant.length)} of ${whole(result.score.length)} tested rows have an adjusted
        p below 0.05. A pair whose genes are expressed in two groups may interact; expression alone does not
        show that it does.${caution}
      </p>
      <div class="charts">
        ${await chart(figure, html`Size: mean of ligand in the sender and receptor in the receiver. Color: significance against ${whole(result.params.permutations)} random labelings. All rows are in interactions.csv.`)}
        <div>
          ${tableOf(["pair", `${name}s`, "#score", "#adj. p", "#contacts", "#contacts, log2 vs chance"], rows)}
        </div>
      </div>`,
  );
}
