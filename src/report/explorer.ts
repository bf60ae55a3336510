import type { Analysis } from "../pipeline/index.ts";
import { whole } from "./format.ts";
import { dataAddress, type Embedded } from "./embed.ts";
import { html, type Markup, trusted } from "./html.ts";
import { absent, nouns, type Section } from "./sections.ts";

/** The linked tissue and UMAP views with their controls; the page's script draws them. */
export function explorerSection(analysis: Analysis, embedded: Embedded): Section {
  const { payload, image } = embedded;
  const { many } = nouns(analysis);
  const total = analysis.dataset.genes.ids.length;
  const view = (id: string, label: string, name: string): Markup =>
    html`<div
      class="view"
      id="${id}"
      tabindex="0"
      role="application"
      aria-label="${label}. Arrow keys move, plus and minus zoom, 0 resets."
    >
      <span class="name">${name}</span>
    </div>`;
  const options = (
    columns: readonly { readonly key: string; readonly label: string }[],
    label: string,
  ): Markup | null =>
    columns.length === 0
      ? null
      : html`<optgroup label="${label}">
          ${columns.map((c) => html`<option value="${c.key}">${c.label}</option>`)}
        </optgroup>`;
  const embeddedWords =
    payload.genes.length === total
      ? `all ${whole(total)} genes`
      : `${whole(payload.genes.length)} of ${whole(total)} genes (the most spatial, markers and interacting ones first)`;
  const { tissue } = payload;
  const both = tissue !== null && payload.umap !== null;
  const space =
    tissue === null
      ? ""
      : tissue.micronsPerUnit === null
        ? ` Positions are in ${tissue.unit === "px" ? "image pixels" : tissue.unit}; their size in \u00b5m is not known, so there is no scale bar.`
        : "";
  const body = html`<h2>Tissue and expression</h2>
    <p class="intro">
      ${both ? `Both views show the same ${many}. ` : ""}Drag to move, scroll or pinch to zoom, double-click
      to reset; click a group to select it${both ? " in both views" : ""}. Expression values of
      ${embeddedWords} are in this file.${space}
    </p>
    ${tissue === null ? html`<p class="absent">There is no tissue view: the sample has no positions.</p>` : null}
    ${payload.umap === null ? absent(analysis, "umap", "The UMAP view") : null}
    <div class="toolbar">
      <label
        >Color by
        <select id="color">
          ${options(payload.groups, "Groups")}${options(payload.numbers, "Per " + payload.noun.one)}
          <optgroup label="Gene"><option id="color-gene" hidden></option></optgroup></select
      ></label>
      <label
        >Gene
        <input
          id="gene"
          type="search"
          list="gene-names"
          placeholder="${whole(payload.genes.length)} genes"
          autocomplete="off"
          spellcheck="false" /><datalist id="gene-names"></datalist
      ></label>
      <label>Dot size <input id="dots" type="range" min="0.4" max="3" step="0.1" value="1" /></label>
      ${image === null ? null : html`<label><input id="image" type="checkbox" checked /> Image</label><label>Dot opacity <input id="opacity" type="range" min="0" max="1" step="0.05" value="0.85" /></label>`}
      <label><input id="lasso" type="checkbox" /> Lasso</label>
      <button type="button" class="plain" id="fit">Reset views</button>
    </div>
    <div class="explorer${both ? "" : " single"}">
      ${tissue === null ? null : view("tissue", "Tissue view", `Tissue (${tissue.unit})`)}
      ${payload.umap === null ? null : view("umap", "UMAP view", "UMAP (no unit)")}
      <div id="legend" role="group" aria-label="Legend"></div>
    </div>
    <div class="status">
      <span id="status" role="status"></span
      ><button type="button" class="text" id="clear" hidden>Clear selection</button>
    </div>
    <div id="tip" hidden></div>
    ${image === null ? null : html`<img id="tissue-image" alt="" hidden src="${trusted(dataAddress(image))}" />`}
    <noscript
      ><p class="absent">
        The views need JavaScript, which this browser has switched off. All other parts of the report are
        complete without it, except the gene maps.
      </p></noscript
    >`;
  return { id: "tissue-section", title: "Tissue", body };
}
