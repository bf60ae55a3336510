export { distancesTo, nearestCenter } from "./cells";
export { closestSquares } from "./closest";
export { mergeNearest, nearestOfNeighbors, nearestRectangles } from "./nearest";
export { rankNeighborhoods } from "./conditional";
export { countPairs } from "./pairs";
export { reachDeals, tallyDeals } from "./permutation";
export { projectRows } from "./project";
export { rankColumns } from "./ranks";
export {
  centredProduct32,
  sparseTimesDense32,
  sparseTimesDense64,
  transposeTimesDense32,
  transposeTimesDense64,
} from "./spmm";
export { umapEpoch } from "./umap";
export { weighPairs } from "./weights";
