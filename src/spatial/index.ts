export { moran, type MoranOptions, type MoranResult } from "./autocorrelation.ts";
export {
  interactionMatrix,
  neighborhoodEnrichment,
  type InteractionMatrixOptions,
  type NeighborhoodEnrichmentOptions,
  type NeighborhoodEnrichmentResult,
} from "./neighborhood.ts";
export { coOccurrence, type CoOccurrenceOptions, type CoOccurrenceResult } from "./cooccurrence.ts";
