export { distancesTo, nearestCenter } from "./cells";
export { closestSquares } from "./closest";
export { rankNeighborhoods } from "./conditional";
export { gatherNearest, gatherShares, nearestGroup } from "./mixture";
export { mergeNearest, nearestOfNeighbors, nearestRectangles, turnAround } from "./nearest";
export { nngpSquares, nngpWeights } from "./nngp";
export { countPairs } from "./pairs";
export { reachDeals, tallyDeals } from "./permutation";
export { projectRows } from "./project";
export { rankColumns } from "./ranks";
export { refineNearest32, refineNearest64 } from "./refine";
export { combineRows, crossRows, filterRows } from "./spectral";
export {
  centredProduct32,
  sparseTimesDense32,
  sparseTimesDense64,
  transposeTimesDense32,
  transposeTimesDense64,
} from "./spmm";
export { strengthsOf } from "./strengths";
export { countEarlier } from "./strips";
export { tsneForces, tsneMove, tsneTree } from "./tsne";
export { listEdges, umapEpoch } from "./umap";
export { weighPairs } from "./weights";
