import type { Categorical } from "../model/index.ts";

/** Groups as labels "0", "1", ... from the largest to the smallest; of equal ones the first to appear comes first. */
export function bySize(groups: Uint32Array | Int32Array): Categorical {
  let k = 0;
  for (const g of groups) k = Math.max(k, g + 1);
  const { labels, order } = relabelBySize(groups, k);
  const present = new Set(groups).size;
  return {
    kind: "categorical",
    codes: labels,
    categories: Array.from(order.slice(0, present), (_, c) => String(c)),
  };
}

/** Renumbers groups (from 0 to k - 1) by size; `order[new]` is the old number, empty groups last. */
export function relabelBySize(
  groups: Uint32Array | Int32Array,
  k: number,
): { labels: Int32Array; order: Uint32Array } {
  const sizes = new Float64Array(k);
  const first = new Float64Array(k).fill(Infinity);
  for (let i = groups.length - 1; i >= 0; i--) {
    sizes[groups[i]]++;
    first[groups[i]] = i;
  }
  const order = Uint32Array.from({ length: k }, (_, g) => g).sort(
    (a, b) => sizes[b] - sizes[a] || (first[a] < first[b] ? -1 : first[a] > first[b] ? 1 : a - b),
  );
  const to = new Int32Array(k);
  order.forEach((g, at) => (to[g] = at));
  return { labels: Int32Array.from(groups, (g) => to[g]), order };
}
