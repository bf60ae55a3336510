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
  const compiled = vegaLite.compile(figure.spec as unknown as TopLevelSpec).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.Error });
  try {
    return roundCoordinates(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** Rounds numbers inside tags; words between tags stay as they are. */
function roundCoordinates(svg: string): string {
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100)),
  );
}
