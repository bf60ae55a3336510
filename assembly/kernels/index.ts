export { distancesTo, nearestCenter } from "./cells";
export { closestSquares } from "./closest";
export { mergeNearest, nearestOfNeighbors, nearestRectangles } from "./nearest";
export { countPairs } from "./pairs";
export { reachDeals, tallyDeals } from "./permutation";
export { projectRows } from "./project";
export { sparseTimesDense32, sparseTimesDense64, transposeTimesDense32, transposeTimesDense64 } from "./spmm";
export { umapEpoch } from "./umap";
export { weighPairs } from "./weights";
