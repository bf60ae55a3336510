import { checkOptions, such } from "../core/check.ts";
import { version } from "../core/version.ts";
import type { Analysis } from "../pipeline/index.ts";
import { clientScript } from "./client.generated.ts";
import { embed } from "./embed.ts";
import { explorerSection } from "./explorer.ts";
import { markersSection, modulesSection, neighborhoodSection, spatialGenesSection } from "./findings.ts";
import { html, rawBlock, scriptJson, trusted } from "./html.ts";
import { interactionsSection } from "./interactions.ts";
import { head, inputSection, methodsSection } from "./overview.ts";
import { qualitySection } from "./quality.ts";
import type { Section } from "./sections.ts";
import { styleSheet } from "./style.ts";

export interface ReportOptions {
  /** Software and its version, for the last table; default: this package. */
  readonly versions?: Readonly<Record<string, string>>;
}

/**
 * What did this analysis find? One HTML page that holds everything it shows: it opens offline, asks for nothing and runs
 * no script but its own (Content-Security-Policy by hash). Parts that the analysis lacks say why.
 *
 * The page carries the analysis' own 32-bit values of as many genes as fit in about 5 MB (first the most spatial, the
 * markers and the interacting ones) and says how many. The same analysis gives the same text in every runtime.
 *
 * @param analysis from `analyze`
 * @returns the text of the page, 0.2 MB for a small sample, up to about 15 MB for 50,000 observations with a picture
 * @throws {SpatialError} `option` for an unknown option
 *
 * @example
 * ```ts
 * import { analyze } from "tissular/pipeline";
 * import { renderReport } from "tissular/report";
 * import { simulateTissue } from "tissular/simulate";
 * const { dataset } = simulateTissue({ observations: 150, genes: 200, seed: 1 });
 * const page = await renderReport(await analyze({ dataset }, { permutations: 20, modules: 3 }));
 * if (!page.startsWith("<!doctype html>")) throw new Error("a page wanted");
 * ```
 */
export async function renderReport(analysis: Analysis, options: ReportOptions = {}): Promise<string> {
  checkOptions("renderReport", options, {
    versions: such("an object of strings", (v) => typeof v === "object" && v !== null),
  });
  const embedded = embed(analysis);
  const sections: Section[] = [
    explorerSection(analysis, embedded),
    inputSection(analysis),
    await qualitySection(analysis, embedded),
    await modulesSection(analysis, embedded),
    await neighborhoodSection(analysis),
    spatialGenesSection(analysis, embedded),
    await markersSection(analysis),
    await interactionsSection(analysis),
    methodsSection(analysis, options.versions ?? { tissular: version }),
  ];
  const policy = [
    "default-src 'none'",
    `script-src '${await sha256(clientScript)}'`,
    `style-src '${await sha256(styleSheet)}'`,
    "img-src data: blob:",
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trusted(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${analysis.title} · tissular report</title>
        <link rel="icon" href="data:," />
        ${rawBlock("style", styleSheet)}
      </head>
      <body>
        <nav aria-label="Sections">
          <div class="page">
            <div class="links">${sections.map((s) => html`<a href="#${s.id}">${s.title}</a>`)}</div>
            <button type="button" class="text" id="theme" title="Switch between light and dark">
              Light / dark
            </button>
          </div>
        </nav>
        <div class="page">
          ${head(analysis)}
          <main>${sections.map((s) => html`<section id="${s.id}">${s.body}</section> `)}</main>
          <footer>
            Made with tissular. This file is complete in itself and loads nothing from elsewhere.
          </footer>
        </div>
        ${rawBlock("script", scriptJson(embedded.payload), ' type="application/json" id="payload"')}
        ${rawBlock("script", embedded.arrays, ' type="application/octet-stream+base64" id="arrays"')}
        ${rawBlock("script", clientScript)}
      </body>
    </html> `.markup;
}

/** The policy's name for an inline text. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
