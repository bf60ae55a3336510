export { leiden, louvain, type LeidenOptions, type LeidenResult } from "./leiden.ts";
export { gaussianMixture, type GaussianMixtureOptions, type GaussianMixtureResult } from "./mixture.ts";
export { adjustedRandIndex, normalizedMutualInformation } from "./evaluate.ts";
export { rankGenes, rankGenesBlocked, type RankGenesOptions, type RankGenesResult } from "./markers.ts";
