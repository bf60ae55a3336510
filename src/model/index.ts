export {
  dense,
  expression,
  inferValues,
  requireValues,
  selectColumns,
  selectRows,
  sparse,
  toDense,
  toSparse,
  transpose,
  type Dense,
  type Expression,
  type Matrix,
  type Sparse,
  type Values,
} from "./matrix.ts";
export {
  collectBlocks,
  mapBlocks,
  selectColumnsBlocked,
  selectRowsBlocked,
  toBlocked,
  type BlockedMatrix,
  type CollectBlocksOptions,
} from "./blocked.ts";
export {
  categorical,
  categories,
  idList,
  isCategorical,
  ids,
  selectColumn,
  selectTable,
  table,
  withColumns,
  type Categorical,
  type Column,
  type Ids,
  type Table,
} from "./table.ts";
export { sumRows } from "./aggregate.ts";
export { sumProbes } from "./probes.ts";
export { squareBin, squareBinIds, squareBinName, sumBins, type SquareBin } from "./square-bins.ts";
export {
  binsOfCells,
  cellsOfBins,
  sumBinsOfCells,
  type BarcodeMappings,
  type BinsOfCellsResult,
  type CellPart,
  type CellsOfBinsResult,
  type OverlapOptions,
  type SumBinsOfCellsOptions,
} from "./barcode-mappings.ts";
export { type Graph } from "./graph.ts";
export {
  type Affine,
  type Image,
  type ImagePyramid,
  type ImageWindow,
  type Raster,
  type ReadPixelsOptions,
  type SampleType,
} from "./image.ts";
export { transcripts, type Shapes, type TranscriptParts, type Transcripts } from "./shapes.ts";
export {
  dataset,
  geneNames,
  positions,
  selectCells,
  selectGenes,
  withCells,
  type DatasetParts,
  type FeatureSet,
  type Observation,
  type Positions,
  type ReadReport,
  type SpatialDataset,
} from "./dataset.ts";
