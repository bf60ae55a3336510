export { readSample, type ReadOptions, type ReadSampleResult } from "./open.ts";
export { blobSource, memorySource, type Source, type SyncFile } from "./source.ts";
export {
  checkFolder,
  pathSource,
  readText,
  sha256Files,
  writeFile,
  writeFolder,
  type WriteFolderOptions,
} from "./node.ts";
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
