export {
  type AutocorrelationOptions,
  type AutocorrelationSettings,
  type AutocorrelationTest,
} from "./autocorrelation.ts";
export { moran, type MoranOptions, type MoranResult } from "./moran.ts";
export { geary, type GearyOptions, type GearyResult } from "./geary.ts";
export { getisOrdG, type GetisOrdGOptions, type GetisOrdGResult } from "./getis-ord.ts";
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
export type { EdgeCorrection, RipleyStatistic } from "./summaries.ts";
export type { WindowOption } from "./window.ts";
