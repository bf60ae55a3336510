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
  neighborhoodEnrichment,
  type InteractionMatrixOptions,
  type NeighborhoodEnrichmentOptions,
  type NeighborhoodEnrichmentResult,
} from "./neighborhood.ts";
export { coOccurrence, type CoOccurrenceOptions, type CoOccurrenceResult } from "./cooccurrence.ts";
