export { gridGraph, type GridGraphOptions } from "./grid.ts";
export { kNearestGraph, radiusGraph, type KNearestGraphOptions, type RadiusGraphOptions } from "./spatial.ts";
export { delaunayGraph, type DelaunayGraphOptions, type DelaunayGraphResult } from "./delaunay.ts";
export { neighborGraph, type NeighborGraphOptions, type NeighborGraphResult } from "./expression.ts";
