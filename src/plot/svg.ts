import type { TopLevelSpec } from "vega-lite";
import type { Figure } from "./figure.ts";

/**
 * Draws a figure as SVG text, without a browser. Vega is loaded at first use. Coordinates are rounded to hundredths of
 * a pixel; the text is the same in every runtime.
 *
 * @example
 * ```ts
 * import { histogramFigure, renderSvg } from "tissular/plot";
 * const svg = await renderSvg(histogramFigure(Float64Array.of(1, 2, 2, 3, 5), { title: "counts" }));
 * if (!svg.startsWith("<svg")) throw new Error("SVG wanted");
 * ```
 */
export async function renderSvg(figure: Figure): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  estimateTextWidths(vega);
  const compiled = vegaLite.compile(figure.spec as unknown as TopLevelSpec).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.Error });
  try {
    return nameByContent(roundCoordinates(await view.toSVG()));
  } finally {
    view.finalize();
  }
}

/** Where there is a canvas (in browsers), Vega would measure text with the fonts it finds there. */
function estimateTextWidths(vega: object): void {
  (vega as { readonly textMetrics: { readonly canvas: (use: boolean) => void } }).textMetrics.canvas(false);
}

/** Rounds numbers inside tags; words between tags stay as they are. */
function roundCoordinates(svg: string): string {
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100)),
  );
}

/** Vega numbers its gradients over the life of the program; here equal gradients get equal names, always. */
function nameByContent(svg: string): string {
  const names = new Map<string, string>();
  for (const [, kind, id, content] of svg.matchAll(/<(linearGradient|clipPath) id="(\w+)"([^]*?)<\/\1>/g)) {
    let hash = 0x811c9dc5;
    for (let k = 0; k < content.length; k++) hash = Math.imul(hash ^ content.charCodeAt(k), 0x01000193);
    names.set(id, `${kind}-${(hash >>> 0).toString(16)}`);
  }
  return svg.replace(/(\bid="|url\(#)(\w+)/g, (whole, lead: string, id: string) =>
    names.has(id) ? lead + names.get(id) : whole,
  );
}
