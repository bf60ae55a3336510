export {
  variableGenes,
  variableGenesBlocked,
  type VariableGenesOptions,
  type VariableGenesResult,
} from "./features.ts";
export {
  filterCells,
  filterCellsBlocked,
  filterGenes,
  filterGenesBlocked,
  type FilterCellsOptions,
  type FilterGenesOptions,
} from "./filter.ts";
export {
  log1p,
  log1pBlocked,
  normalizeTotal,
  normalizeTotalBlocked,
  type NormalizeTotalOptions,
} from "./normalize.ts";
export {
  featureTotals,
  qcMetrics,
  qcMetricsBlocked,
  type MitochondrialGenes,
  type QcMetricsOptions,
  type QcMetricsResult,
} from "./qc.ts";
export {
  scale,
  scaleBlocked,
  standardize,
  type ScaleBlockedResult,
  type ScaleOptions,
  type ScaleResult,
  type StandardizeOptions,
} from "./scale.ts";
export { assignTranscripts, countTranscripts, type CountTranscriptsResult } from "./transcripts.ts";
