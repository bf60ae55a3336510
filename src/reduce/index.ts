export { pca, type PcaOptions, type PcaResult } from "./pca.ts";
