export { gridGraph, type GridGraphOptions } from "./grid.ts";
export { kNearestGraph, radiusGraph, type KNearestGraphOptions, type RadiusGraphOptions } from "./spatial.ts";
export { delaunayGraph, type DelaunayGraphOptions, type DelaunayGraphResult } from "./delaunay.ts";
export {
  gabrielGraph,
  relativeNeighborGraph,
  sphereOfInfluenceGraph,
  type ProximityGraphOptions,
  type ProximityGraphResult,
} from "./proximity.ts";
export { contiguityGraph, type ContiguityGraphOptions, type ContiguityGraphResult } from "./contiguity.ts";
export {
  connectedComponents,
  filterComponents,
  filterEdges,
  type ConnectedComponentsResult,
  type FilterComponentsOptions,
  type FilterEdgesOptions,
} from "./filter.ts";
export { weighEdges, type WeighEdgesOptions, type WeightKernel } from "./weights.ts";
export { neighborGraph, type NeighborGraphOptions, type NeighborGraphResult } from "./expression.ts";
