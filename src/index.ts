/**
 * The main job in one import: read a sample, analyse it, render the report. Everything else has its own subpath
 * (`tissular/graph`, `tissular/spatial`, ...).
 */
export { SpatialError, version, type RunOptions } from "./core/index.ts";
export { type ReadReport, type SpatialDataset } from "./model/index.ts";
export { readSample, writeH5ad } from "./io/index.ts";
export { analyze, type Analysis, type AnalyzeOptions } from "./pipeline/index.ts";
export { renderReport } from "./report/index.ts";
