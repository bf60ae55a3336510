import { withArena } from "../kernels/wasm/arena.ts";

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
export async function wardTree(data: Float64Array, n: number, d: number): Promise<WardTree> {
  const stride = 2 * Math.ceil(n / 2);
  return withArena(8 * (stride * (d + 1) + 1), (arena) => {
    // Slots 0 to alive - 1 hold groups; name[slot] is a point of the group. Coordinate c of slot s is means[c stride + s].
    const means = arena.f64(stride * d);
    const sizes = arena.f64(stride).fill(1);
    const least = arena.f64(1);
    for (let i = 0; i < n; i++) for (let c = 0; c < d; c++) means[c * stride + i] = data[i * d + c];
    const name = Uint32Array.from({ length: n }, (_, i) => i);
    const slotOf = name.slice();
    const pair = new Uint32Array(2 * Math.max(0, n - 1));
    const heights = new Float64Array(Math.max(0, n - 1));
    const chain: number[] = [];
    let alive = n;
    for (let merged = 0; merged < n - 1;) {
      if (chain.length === 0) chain.push(name[0]);
      const tip = slotOf[chain[chain.length - 1]];
      const before = chain.length > 1 ? slotOf[chain[chain.length - 2]] : -1;
      const nearest = arena.kernels.nearestGroup(
        tip,
        before,
        alive,
        d,
        stride,
        means.byteOffset,
        sizes.byteOffset,
        least.byteOffset,
      );
      if (nearest !== before) {
        chain.push(name[nearest]);
        continue;
      }
      chain.length -= 2;
      pair[2 * merged] = name[tip];
      pair[2 * merged + 1] = name[before];
      heights[merged++] = least[0];
      const total = sizes[tip] + sizes[before];
      alive--;
      for (let at = 0; at < means.length; at += stride) {
        const sum = sizes[tip] * means[at + tip] + sizes[before] * means[at + before];
        means[at + before] = sum / total;
        means[at + tip] = means[at + alive];
      }
      sizes[before] = total;
      sizes[tip] = sizes[alive];
      name[tip] = name[alive];
      slotOf[name[tip]] = tip;
    }
    const order = Uint32Array.from(heights, (_, m) => m).sort((a, b) => heights[a] - heights[b] || a - b);
    const merges = new Uint32Array(pair.length);
    order.forEach((m, at) => merges.set(pair.subarray(2 * m, 2 * m + 2), 2 * at));
    return { points: n, merges };
  });
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
