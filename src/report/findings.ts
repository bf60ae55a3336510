import type { RankGenesResult } from "../cluster/index.ts";
import { curveFigure } from "../plot/curve.ts";
import { categoricalColors, dotPlotFigure, heatmapFigure } from "../plot/index.ts";
import type { Categorical } from "../model/index.ts";
import type { Analysis } from "../pipeline/index.ts";
import { topMarkers, topSpatialGenes } from "./choose.ts";
import type { Embedded } from "./embed.ts";
import { geneLabels } from "./expression.ts";
import { count, fixed, percent, probability, whole } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { groupCount } from "./overview.ts";
import { absent, chart, neighborRule, nouns, type Section, smallMap, swatch, tableOf } from "./sections.ts";

/** Figures show at most this many groups: the largest. */
const GROUPS_SHOWN = 40;

/** The largest groups, in their order, when there are too many to show. */
function shownGroups(sizes: ArrayLike<number>): number[] {
  const all = Array.from(sizes, (_, g) => g);
  const largest = [...all].sort((a, b) => sizes[b] - sizes[a] || a - b).slice(0, GROUPS_SHOWN);
  return all.filter((g) => largest.includes(g));
}

/** Members of each group. */
function groupSizes(labels: Categorical): Float64Array {
  const sizes = new Float64Array(labels.categories.length);
  for (const code of labels.codes) if (code >= 0) sizes[code]++;
  return sizes;
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
      list
        .slice(0, 5)
        .map(({ a, b, z }) => [
          html`${swatch(colors[a])}${names[a]} and ${swatch(colors[b])}${names[b]}`,
          fixed(z, 1),
        ]),
    );
  const colors = categoricalColors(k);
  const shown = shownGroups(groupSizes(groups.labels));
  const labels = shown.map((g) => names[g]);
  const together = pairs.filter(({ z }) => z > 2).sort((x, y) => y.z - x.z);
  const apart = pairs.filter(({ z }) => z < -2).sort((x, y) => x.z - y.z);
  const figure = heatmapFigure(
    {
      rows: labels,
      columns: labels,
      values: shown.flatMap((a) => shown.map((b) => enrichment.z[a * k + b])),
    },
    { title: "z", rowTitle: groups.name, columnTitle: groups.name, limit },
  );
  const caption = `z-score of the number of neighbor pairs. Colors end at \u00b1${fixed(limit, 1)}${k <= 16 ? "; numbers are not cut" : ""}.${shown.length < k ? ` The ${shown.length} largest of ${k} ${groups.name}s are shown.` : ""} z grows with the size of the tissue, so compare values within a map, not between samples.`;
  const body = html`<h2>${title}</h2>
    <p class="intro">
      How often neighbors of one ${groups.name} belong to another, against random placement of the same
      labels. Red: side by side more often than chance; blue: less often. Neighbors:
      ${neighborRule(analysis)}.
    </p>
    <div class="charts">
      ${await chart(figure, caption)}
      <div class="charts">
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
      </div>
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
      ${top.map((j) =>
        smallMap(
          `gene:${embedded.placeOf.get(j) ?? 0}`,
          labels[j],
          `I ${moran.i[j].toFixed(3)} \u00b7 adj. p ${probability(moran.pAdjusted[j])}`,
        ),
      )}
    </div>
    <p class="small">
      Values: ${embedded.payload.geneValues}. Each map has its own scale, from the lowest value to the 99th
      percentile of the non-zero values (marked ≥ where values lie above).
      ${
        found > top.length
          ? `${whole(found - top.length)} more spatially variable genes and all others are in genes.csv.`
          : "All genes are in genes.csv."
      }
    </p>`;
  return { id: "spatial-genes", title, body };
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
  const found = analysis.groups?.labels === analysis.clusters?.labels ? "Groups" : "Modules and clusters";
  const body = html`<h2>${title}</h2>
    ${
      parts.length === 0
        ? absent(analysis, "markers", "The search for markers")
        : html`<p class="intro">
              The genes with the highest scores in each group against all other ${many}. ${found} were found
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
  const labels = name === "module" ? analysis.modules?.labels : analysis.groups?.labels;
  const sizeOf = new Map(labels && Array.from(groupSizes(labels), (n, g) => [labels.categories[g], n]));
  const shown = shownGroups(groups.map((group) => sizeOf.get(group) ?? 0));
  const top = topMarkers(markers, each);
  const genes = [...new Set(shown.flatMap((g) => top[g]))];
  if (genes.length === 0) return html`<p class="absent">No gene marks any ${name} (adjusted p < 0.05).</p>`;
  const names = geneLabels(analysis);
  const size = new Float64Array(genes.length * shown.length);
  const color = new Float64Array(size.length);
  genes.forEach((j, column) => {
    const z = standardized(Float64Array.from(groups, (_, g) => markers.meanIn[g * p + j]));
    shown.forEach((g, row) => {
      size[row * genes.length + column] = markers.fractionIn[g * p + j];
      color[row * genes.length + column] = z[g];
    });
  });
  const { many } = nouns(analysis);
  const figure = dotPlotFigure(
    { rows: shown.map((g) => groups[g]), columns: genes.map((j) => names[j]), size, color },
    { palette: "diverging", sizeTitle: "fraction", colorTitle: "mean, z", rowTitle: name, largest: 1 },
  );
  const caption = `Size: fraction of the ${name}'s ${many} in which the gene is not 0. Color: mean of each ${name}, as z over the ${k} ${name}s.${shown.length < k ? ` The ${shown.length} largest of ${k} ${name}s are shown.` : ""} The best ${each} genes per ${name}; more are in markers.csv.`;
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
export async function modulesSection(analysis: Analysis, embedded: Embedded): Promise<Section> {
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
  const sizes = groupSizes(modules.labels);
  const colors = categoricalColors(sizes.length);
  const names = geneLabels(analysis);
  const markers = analysis.moduleMarkers === null ? null : topMarkers(analysis.moduleMarkers, 6);
  const rows = modules.labels.categories.map((name, m) => [
    html`${swatch(colors[m])}${name}`,
    whole(sizes[m]),
    percent(sizes[m] / n),
    markers === null ? "" : markers[m].map((j) => names[j]).join(", "),
  ]);
  const chosen = modules.candidates.findIndex((c) => c.k === modules.modules);
  const counted = modules.candidates.map((c) => c.k);
  const stability = modules.candidates.map((c) => c.stability);
  const bic = modules.candidates.map((c) => c.bic);
  const candidates =
    modules.candidates.length > 1
      ? html`<div>
          <h3>Candidates for their number</h3>
          <div class="charts">
            ${await chart(curveFigure(counted, stability, chosen, { x: "modules", y: "stability" }))}
            ${await chart(curveFigure(counted, bic, chosen, { x: "modules", y: "BIC" }))}
          </div>
          <p class="small">
            Stability: agreement of the modules found on two halves of the ${many} (adjusted Rand index, 1 is
            perfect). BIC: lower is better, but it goes on falling where neighbors share their values, so the
            number taken (${modules.modules}, large dot) is at the bend of its curve; among equals, the most
            stable.
          </p>
        </div>`
      : html`<div><p class="small">The number of modules was given.</p></div>`;
  const body = html`<h2>Tissue modules</h2>
    <p class="intro">
      ${many[0].toUpperCase() + many.slice(1)} whose surroundings look alike:
      ${count(groupCount(modules.labels), "module")}. A click on the map opens them in the tissue view.
    </p>
    <div class="columns">
      ${
        embedded.payload.tissue !== null && embedded.payload.groups.some((g) => g.key === "module")
          ? html`<div class="maps large">${smallMap("module", "", "")}</div>`
          : null
      }
      <div>${tableOf(["module", `#${many}`, "#share", "top markers"], rows)}</div>
    </div>
    <div class="spaced">${candidates}</div>`;
  return { id: "modules", title, body };
}
