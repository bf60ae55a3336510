export { moran, type MoranOptions, type MoranResult } from "./autocorrelation.ts";
export {
  interactionMatrix,
  neighborhoodEnrichment,
  type InteractionMatrixOptions,
  type NeighborhoodEnrichmentOptions,
  type NeighborhoodEnrichmentResult,
} from "./neighborhood.ts";
