export { pca, pcaBlocked, type PcaBlockedOptions, type PcaOptions, type PcaResult } from "./pca.ts";
export { tsne, type TsneOptions, type TsneResult } from "./tsne.ts";
export { umap, type UmapOptions, type UmapResult } from "./umap.ts";
