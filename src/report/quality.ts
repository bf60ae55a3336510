import { densityFigure, histogramFigure } from "../plot/index.ts";
import type { Analysis } from "../pipeline/index.ts";
import { quantile } from "../stats/index.ts";
import { columnLabel, type Embedded } from "./embed.ts";
import { percent, whole } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { chart, nouns, type Section, smallMap, tableOf } from "./sections.ts";

/** Units of sizes, where the vendor's documents fix them. */
const sizeUnits: Readonly<Record<string, string>> = {
  "xenium cell_area": "\u00b5m\u00b2",
  "xenium nucleus_area": "\u00b5m\u00b2",
  "merscope volume": "\u00b5m\u00b3",
};

/** How counts, genes, mitochondrial share, controls and sizes are distributed. */
export async function qualitySection(analysis: Analysis, embedded: Embedded): Promise<Section> {
  const { cells, features } = analysis.dataset;
  const { one, many } = nouns(analysis);
  const charts: Markup[] = [];
  const sized = (name: string): string => {
    const unit = sizeUnits[`${analysis.dataset.platform} ${name.toLowerCase()}`];
    return columnLabel(name) + (unit === undefined ? "" : ` (${unit})`);
  };
  const column = (name: string): Float64Array | null => {
    const values = cells.columns[name];
    const numbers =
      values instanceof Float64Array || values instanceof Int32Array ? Float64Array.from(values) : null;
    return numbers?.some((v) => Number.isFinite(v)) ? numbers : null;
  };
  const totals = column("total_counts");
  if (totals?.some((v) => v > 0)) {
    const log = quantile(totals, 0.99) > 20 * quantile(totals, 0.01);
    charts.push(
      await chart(histogramFigure(totals, { title: `total counts per ${one}`, countTitle: many, log })),
    );
  }
  const detected = column("n_genes");
  if (detected?.some((v) => v > 0))
    charts.push(
      await chart(histogramFigure(detected, { title: `genes detected per ${one}`, countTitle: many })),
    );
  const mito = column("pct_mito");
  if (mito !== null)
    charts.push(await chart(histogramFigure(mito, { title: "mitochondrial counts (%)", countTitle: many })));
  if (totals !== null) {
    for (const name of Object.keys(cells.columns)
      .filter((c) => /(^|_)(area|volume)$/i.test(c))
      .slice(0, 3)) {
      const size = column(name);
      if (size?.some((v, i) => v > 0 && totals[i] > 0))
        charts.push(
          await chart(
            densityFigure(size, totals, {
              xTitle: sized(name),
              yTitle: `total counts per ${one}`,
              countTitle: many,
              log: true,
            }),
          ),
        );
    }
  }
  const maps =
    embedded.payload.tissue === null
      ? []
      : ["total_counts", "n_genes", "pct_mito"].filter((key) =>
          embedded.payload.numbers.some((c) => c.key === key),
        );
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
              One value per ${one} that passed the filter; the dashed line is the
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
      maps.length > 0
        ? html`<h3 class="spaced">On the tissue</h3>
            <div class="maps">${maps.map((key) => smallMap(key, columnLabel(key), ""))}</div>`
        : null
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
