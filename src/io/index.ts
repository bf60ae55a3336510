export type { Choice } from "./choose.ts";
export type { Region } from "./region.ts";
export { readSample, type ReadOptions, type ReadSampleResult } from "./open.ts";
export { openImages, type OpenImagesOptions } from "./open-images.ts";
export { background, type BackgroundResult } from "./background.ts";
export { thumbnail, type ThumbnailOptions } from "./thumbnail.ts";
export { readShapes, type ReadShapesOptions, type ReadShapesResult } from "./shapes.ts";
export { readTable, type Orientation, type ReadTableOptions, type ReadTableResult } from "./table.ts";
export type { CoordinateColumns } from "./coordinates.ts";
export type { LongColumns } from "./column-matrix.ts";
export { readBarcodeMappings } from "./barcode-mappings.ts";
export { openMatrix, type OpenMatrixOptions, type OpenMatrixResult } from "./blocked.ts";
export { type WriteAnndataOptions } from "./anndata-write.ts";
export { type Notes } from "./elements-write.ts";
export { writeAnndataZarr } from "./anndata-zarr.ts";
export { writeH5ad, writeH5adTo, type WriteH5adOptions } from "./h5ad.ts";
export { leftOut, type Format } from "./left-out.ts";
export { writeArrowTable } from "./arrow-write.ts";
export { writeGeoJson } from "./geojson-write.ts";
export { writeParquetTable } from "./parquet-write.ts";
export { writeSpatialData, type WriteSpatialDataOptions } from "./spatialdata-write.ts";
export { writeMtx, writeTenxH5, type WriteTenxH5Options } from "./tenx-write.ts";
export { hdf5Digest, sha256 } from "./digest.ts";
export { blobSource, memorySource, type OutputFile, type Source, type SyncFile } from "./source.ts";
export { openSource, urlSource, type UrlSourceOptions } from "./url.ts";
export { pathSource, readText, sha256Files } from "./node.ts";
export {
  checkFolder,
  type FileContent,
  writeFile,
  writeFolder,
  type WriteFolderOptions,
} from "./node-write.ts";
export {
  csvColumn,
  csvNumbers,
  csvStrings,
  formatCsv,
  formatNumber,
  parseCsv,
  type Csv,
  type CsvColumn,
  type CsvOptions,
} from "./text.ts";
export {
  openTranscripts,
  type OpenTranscriptsOptions,
  type OpenTranscriptsResult,
  type TranscriptBlock,
} from "./transcripts.ts";
export { readTranscripts, type ReadTranscriptsResult } from "./transcripts-read.ts";
export type { Dropped } from "./transcript-blocks.ts";
export { readSelection } from "./selection.ts";
