export { pca, type PcaOptions, type PcaResult } from "./pca.ts";
export { umap, type UmapOptions, type UmapResult } from "./umap.ts";
