import { type Figure } from "../plot/figure.ts";
import { renderSvg } from "../plot/index.ts";
import type { Analysis, AnalysisStep } from "../pipeline/index.ts";
import { html, type Markup, type Part, trusted } from "./html.ts";

/** A part of the report with its place in the navigation. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}

/** A chart with the words under it; its inks follow the page's light or dark paper. */
export async function chart(figure: Figure, caption: Part = null): Promise<Markup> {
  const svg = (await renderSvg(figure))
    .replaceAll('"#24292E"', '"var(--ink)"')
    .replaceAll('"#6A737D"', '"var(--quiet)"')
    .replaceAll('"#D9DEE3"', '"var(--rule)"')
    .replaceAll('"#3B6EA5"', '"var(--bar)"');
  return html`<figure>
    <div class="chart">${trusted(svg)}</div>
    ${caption === null ? null : html`<figcaption>${caption}</figcaption>`}
  </figure>`;
}

/** A table; cells under a heading that starts with "#" are numbers. */
export function tableOf(
  headings: readonly string[],
  rows: readonly (readonly Part[])[],
  chosen: number = -1,
): Markup {
  const numeric = headings.map((h) => h.startsWith("#"));
  const kind = (k: number): string => (numeric[k] ? "number" : "");
  return html`<div class="table">
    <table>
      <thead>
        <tr>
          ${headings.map((h, k) => html`<th scope="col" class="${kind(k)}">${h.replace(/^#/, "")}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row, r) =>
            html`<tr class="${r === chosen ? "chosen" : ""}">
              ${row.map((cell, k) => html`<td class="${kind(k)}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A small map that the page's script draws as it comes into sight; a click opens it in the tissue view. */
export function smallMap(key: string, label: string, words: string): Markup {
  return html`<button type="button" title="Open in the tissue view">
    <canvas data-key="${key}" role="img" aria-label="Map of ${label === "" ? key : label}"></canvas>
    ${label === "" ? null : html`<strong>${label}</strong>`}${words === "" ? null : html`<span>${words}</span>`}
    <span class="scale"></span>
  </button>`;
}

/** A group's color before its name. */
export function swatch(color: string): Markup {
  return html`<svg class="dot" width="10" height="10" aria-hidden="true">
    <circle cx="5" cy="5" r="5" fill="${color}" />
  </svg>`;
}

/** Why a part is not there: what the analysis noted for its step. */
export function absent(analysis: Analysis, step: AnalysisStep, what: string): Markup {
  const reasons = analysis.notes
    .filter((note) => note.step === step && note.kind === "skipped")
    .map((note) => note.text);
  return html`<p class="absent">
    ${what} is not part of this report${reasons.length > 0 ? `: ${reasons.join("; ")}` : ""}.
  </p>`;
}

/** "spot" and "spots", "cell" and "cells", "bin" and "bins": what the sample's rows are, and nothing else. */
export function nouns(analysis: Analysis): { readonly one: string; readonly many: string } {
  const one = analysis.dataset.observation;
  return { one, many: `${one}s` };
}

/** How spatial neighbors were chosen, with the unit as it is written. */
export function neighborRule(analysis: Analysis): string {
  return analysis.spatial === null ? "none" : analysis.spatial.rule.replace(/ um\b/, " \u00b5m");
}
