export {
  normalizeBySize,
  normalizeBySizeBlocked,
  shapeAreas,
  type NormalizeBySizeOptions,
} from "./cell-size.ts";
export {
  variableGenes,
  variableGenesBlocked,
  type VariableGenesFlavor,
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
export { librarySizeByRegion, type LibrarySizeByRegionResult } from "./library-size.ts";
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
export { regressOut, regressOutBlocked, type Covariate } from "./regress.ts";
export { pearsonResiduals, pearsonResidualsBlocked, type PearsonResidualsOptions } from "./residuals.ts";
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
