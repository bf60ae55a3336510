export {
  densityFigure,
  histogramFigure,
  type DensityOptions,
  type HistogramOptions,
} from "./distributions.ts";
export { type Figure } from "./figure.ts";
export { mapFigure, type MapOptions } from "./map.ts";
export { categoricalColors, divergingStops, sequentialStops } from "./palettes.ts";
export { renderSvg } from "./svg.ts";
export {
  dotPlotFigure,
  heatmapFigure,
  type DotMatrix,
  type DotPlotOptions,
  type HeatmapOptions,
  type LabelledMatrix,
} from "./tables.ts";
