export { variableGenes, type VariableGenesOptions, type VariableGenesResult } from "./features.ts";
export { log1p, normalizeTotal, type NormalizeTotalOptions } from "./normalize.ts";
export {
  featureTotals,
  filterCells,
  filterGenes,
  qcMetrics,
  type FilterCellsOptions,
  type FilterGenesOptions,
  type MitochondrialGenes,
  type QcMetricsOptions,
  type QcMetricsResult,
} from "./qc.ts";
export { scale, standardize, type ScaleOptions, type ScaleResult, type StandardizeOptions } from "./scale.ts";
