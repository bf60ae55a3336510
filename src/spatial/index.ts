export {
  type AutocorrelationOptions,
  type AutocorrelationSettings,
  type AutocorrelationTest,
} from "./autocorrelation.ts";
export { moran, type MoranOptions, type MoranResult } from "./moran.ts";
export { geary, type GearyOptions, type GearyResult } from "./geary.ts";
export { getisOrdG, type GetisOrdGOptions, type GetisOrdGResult } from "./getis-ord.ts";
export { joinCounts, type JoinCountsOptions, type JoinCountsResult } from "./joins.ts";
export { distanceBands, neighborOrders, type DistanceBandsOptions } from "./lags.ts";
export { correlogram, type CorrelogramOptions, type CorrelogramResult } from "./correlogram.ts";
export { variogram, type VariogramOptions, type VariogramResult } from "./variogram.ts";
export { mantelCorrelogram, type MantelCorrelogramOptions, type MantelCorrelogramResult } from "./mantel.ts";
export { bivariateMoran, type BivariateMoranOptions, type BivariateMoranResult } from "./bivariate-moran.ts";
export {
  leeL,
  localLee,
  type LeeLOptions,
  type LeeLResult,
  type LocalLeeOptions,
  type LocalLeeResult,
} from "./lee.ts";
export { type PairTest } from "./pairs.ts";
export {
  localBivariateMoran,
  localMoran,
  type LocalBivariateMoranOptions,
  type LocalBivariateMoranResult,
  type LocalMoranOptions,
  type LocalMoranResult,
} from "./local-moran.ts";
export { type LocalOptions, type LocalPermutationTest, type LocalSettings, type LocalTest } from "./local.ts";
export { localGeary, type LocalGearyOptions, type LocalGearyResult } from "./local-geary.ts";
export { localG, type LocalGOptions, type LocalGResult } from "./local-g.ts";
export {
  hotSpots,
  localClusters,
  type HotSpotsOptions,
  type LocalClustersOptions,
  type LocalP,
} from "./hot-spots.ts";
export { losh, type LoshOptions, type LoshResult } from "./losh.ts";
export {
  interactionMatrix,
  neighborhoodComposition,
  type InteractionMatrixOptions,
  type NeighborhoodCompositionOptions,
} from "./composition.ts";
export {
  neighborhoodEnrichment,
  neighborhoodEnrichmentPerSample,
  neighborhoodPermutations,
  type NeighborhoodEnrichmentOptions,
  type NeighborhoodEnrichmentPerSampleOptions,
  type NeighborhoodEnrichmentPerSampleResult,
  type NeighborhoodEnrichmentResult,
  type NeighborhoodPermutationsOptions,
  type NeighborhoodPermutationsResult,
} from "./neighborhood.ts";
export {
  abundanceEnrichment,
  type AbundanceEnrichmentOptions,
  type AbundanceEnrichmentResult,
} from "./abundance.ts";
export { type Enrichment } from "./enrichment.ts";
export { centralityScores, type CentralityScoresOptions, type CentralityScoresResult } from "./centrality.ts";
export { clarkEvans, type ClarkEvansOptions, type ClarkEvansResult } from "./clark-evans.ts";
export { coOccurrence, type CoOccurrenceOptions, type CoOccurrenceResult } from "./cooccurrence.ts";
export type { Envelopes } from "./envelopes.ts";
export type { NullModel } from "./patterns.ts";
export {
  crossRipley,
  ripley,
  type CrossRipleyOptions,
  type RipleyOptions,
  type RipleyResult,
} from "./ripley.ts";
export type { EdgeCorrection, RipleyStatistic } from "./ripley-design.ts";
export type { WindowOption } from "./window.ts";
export {
  categoryOverlap,
  diversity,
  type CategoryOverlapResult,
  type DiversityOptions,
  type DiversityResult,
} from "./diversity.ts";
export { spatialEntropy, type SpatialEntropyResult } from "./entropy.ts";
export { ithScore, type IthScoreOptions, type IthScoreResult } from "./patches.ts";
export {
  distanceToFeature,
  moduleBoundary,
  type ModuleBoundaryOptions,
  type ModuleBoundaryResult,
} from "./distance.ts";
export { distanceGradient, type DistanceGradientOptions, type DistanceGradientResult } from "./gradient.ts";
export { sparkX, type SparkXOptions, type SparkXResult } from "./sparkx.ts";
export { binSpect, type BinSpectOptions, type BinSpectResult } from "./binspect.ts";
export { sepal, type SepalOptions, type SepalResult } from "./sepal.ts";
export { nnSvg, type NnSvgOptions, type NnSvgResult } from "./nnsvg.ts";
export {
  rankSpatialGenes,
  type GeneScores,
  type RankSpatialGenesOptions,
  type RankSpatialGenesResult,
} from "./rankings.ts";
export { genePatterns, type GenePatternsOptions, type GenePatternsResult } from "./gene-patterns.ts";
export { spatialDe, type SpatialDeOptions, type SpatialDeResult } from "./spatialde.ts";
