import type { WardTree } from "./ward.ts";

/** A hierarchy whose merges have heights that never fall. */
export interface AverageTree extends WardTree {
  /** length points - 1, ascending */
  readonly heights: Float64Array;
}

/**
 * Average linkage (UPGMA): groups merge in the order of the mean distance between their points, found by chains of nearest neighbors
 * (Murtagh 1983). Time O(n^2), and no memory but the distances, which are used up.
 *
 * @param distance n x n, symmetric
 */
export function averageTree(distance: Float64Array, n: number): AverageTree {
  const sizes = new Float64Array(n).fill(1);
  const pair = new Uint32Array(2 * Math.max(0, n - 1));
  const heights = new Float64Array(Math.max(0, n - 1));
  const alive = Array.from({ length: n }, (_, i) => i);
  const chain: number[] = [];
  for (let merged = 0; merged < n - 1;) {
    if (chain.length === 0) chain.push(alive[0]);
    const tip = chain[chain.length - 1];
    const before = chain.length > 1 ? chain[chain.length - 2] : -1;
    let nearest = before;
    let least = before >= 0 ? distance[tip * n + before] : Infinity;
    for (const s of alive) {
      if (s !== tip && distance[tip * n + s] < least) {
        least = distance[tip * n + s];
        nearest = s;
      }
    }
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    pair[2 * merged] = tip;
    pair[2 * merged + 1] = before;
    heights[merged++] = least;
    alive.splice(alive.indexOf(tip), 1);
    const total = sizes[tip] + sizes[before];
    for (const s of alive) {
      if (s === before) continue;
      const mean = (sizes[tip] * distance[tip * n + s] + sizes[before] * distance[before * n + s]) / total;
      distance[before * n + s] = distance[s * n + before] = mean;
    }
    sizes[before] = total;
  }
  const order = Uint32Array.from(heights, (_, m) => m).sort((a, b) => heights[a] - heights[b] || a - b);
  const merges = new Uint32Array(pair.length);
  order.forEach((m, at) => merges.set(pair.subarray(2 * m, 2 * m + 2), 2 * at));
  return { points: n, merges, heights: heights.slice().sort() };
}
