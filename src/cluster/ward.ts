/** A hierarchy of merges over points, built bottom up. */
export interface WardTree {
  readonly points: number;
  /** length 2 (points - 1): the two points that stand for the merged groups, by ascending height */
  readonly merges: Uint32Array;
}

/**
 * Ward's hierarchy: groups merge in the order in which that adds least to the sum of squared distances to their means
 * (Ward 1963), found by chains of nearest neighbors (Murtagh 1983) from means alone. Time O(n^2 d), memory O(n d).
 *
 * @param data n x d, row-major
 */
export function wardTree(data: Float64Array, n: number, d: number): WardTree {
  const means = data.slice();
  const sizes = new Float64Array(n).fill(1);
  /** Slots 0 to alive - 1 hold groups; name[slot] is a point of the group. */
  const name = Uint32Array.from({ length: n }, (_, i) => i);
  const slotOf = Uint32Array.from({ length: n }, (_, i) => i);
  const pair = new Uint32Array(2 * Math.max(0, n - 1));
  const heights = new Float64Array(Math.max(0, n - 1));
  const chain: number[] = [];
  let alive = n;
  for (let merged = 0; merged < n - 1;) {
    if (chain.length === 0) chain.push(name[0]);
    const tip = slotOf[chain[chain.length - 1]];
    const before = chain.length > 1 ? slotOf[chain[chain.length - 2]] : -1;
    let nearest = before;
    let least = before >= 0 ? cost(means, sizes, d, tip, before) : Infinity;
    for (let s = 0; s < alive; s++) {
      if (s === tip) continue;
      const c = cost(means, sizes, d, tip, s);
      if (c < least) {
        least = c;
        nearest = s;
      }
    }
    if (nearest !== before) {
      chain.push(name[nearest]);
      continue;
    }
    chain.length -= 2;
    pair[2 * merged] = name[tip];
    pair[2 * merged + 1] = name[before];
    heights[merged++] = least;
    const total = sizes[tip] + sizes[before];
    for (let c = 0; c < d; c++) {
      const sum = sizes[tip] * means[tip * d + c] + sizes[before] * means[before * d + c];
      means[before * d + c] = sum / total;
    }
    sizes[before] = total;
    alive--;
    means.copyWithin(tip * d, alive * d, (alive + 1) * d);
    sizes[tip] = sizes[alive];
    name[tip] = name[alive];
    slotOf[name[tip]] = tip;
  }
  const order = Uint32Array.from(heights, (_, m) => m).sort((a, b) => heights[a] - heights[b] || a - b);
  const merges = new Uint32Array(pair.length);
  order.forEach((m, at) => merges.set(pair.subarray(2 * m, 2 * m + 2), 2 * at));
  return { points: n, merges };
}

/** What the merge of two groups adds to the sum of squares. */
function cost(means: Float64Array, sizes: Float64Array, d: number, a: number, b: number): number {
  let sum = 0;
  for (let c = 0, p = a * d, q = b * d; c < d; c++) {
    const x = means[p + c] - means[q + c];
    sum += x * x;
  }
  return (sum * sizes[a] * sizes[b]) / (sizes[a] + sizes[b]);
}

/** The tree cut into k groups (k from 1 to the number of points): one label per point, from 0 in order of appearance. */
export function cutTree(tree: WardTree, k: number): Int32Array {
  const { points, merges } = tree;
  const parent = Uint32Array.from({ length: points }, (_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (let m = 0; m < points - k; m++) parent[root(merges[2 * m])] = root(merges[2 * m + 1]);
  const labels = new Int32Array(points);
  const labelOf = new Map<number, number>();
  for (let i = 0; i < points; i++) {
    const r = root(i);
    let label = labelOf.get(r);
    if (label === undefined) labelOf.set(r, (label = labelOf.size));
    labels[i] = label;
  }
  return labels;
}
