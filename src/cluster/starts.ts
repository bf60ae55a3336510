import { breathe, checkAborted } from "../core/progress.ts";
import type { Rng } from "../core/rng.ts";
import type { Gather, Sums } from "./gather.ts";
import type { Points } from "./tied.ts";
import { cutTree, type WardTree } from "./ward.ts";

/** Rounds of k-means before a mixture goes on from its groups. */
const ROUNDS = 5;

/** k points drawn far apart (k-means++, Arthur and Vassilvitskii 2007), k x d. */
export async function farPoints(
  points: Points,
  k: number,
  rng: Rng,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const { n, d, data } = points;
  const centers = new Float64Array(k * d);
  const nearest = new Float64Array(n).fill(Infinity);
  let next = rng.below(n);
  for (let g = 0; g < k; g++) {
    await breathe();
    checkAborted(signal);
    centers.set(data.subarray(next * d, (next + 1) * d), g * d);
    let total = 0;
    for (let i = 0; i < n; i++) {
      nearest[i] = Math.min(nearest[i], squaredDistance(data, i * d, centers, g * d, d));
      total += nearest[i];
    }
    let left = rng.uniform() * total;
    next = 0;
    while (next < n - 1 && (left -= nearest[next]) > 0) next++;
  }
  return centers;
}

/** A few rounds of k-means for several sets of centers at a time: the sums of the last groups. */
export async function kMeans(
  gather: Gather,
  starts: readonly { readonly points: Points; readonly centers: Float64Array }[],
): Promise<Sums[]> {
  let found: Sums[] = [];
  let looks = starts.map(({ points, centers }) => ({ points, rows: centers, offsets: null }));
  for (let round = 0; round < ROUNDS; round++) {
    found = await gather(looks);
    looks = looks.map(({ points, rows }, t) => ({ points, rows: meansOf(found[t], rows), offsets: null }));
  }
  return found;
}

/** Means of the groups; of an empty one what it was. */
function meansOf({ mass, sums }: Sums, before: Float64Array): Float64Array {
  const d = before.length / mass.length;
  return sums.map((s, e) => (mass[Math.floor(e / d)] > 0 ? s / mass[Math.floor(e / d)] : before[e]));
}

/** The sums of the tree's k groups (fewer where it has fewer points) of some rows. */
export function wardGroups({ d, data }: Points, k: number, tree: WardTree, rows: Uint32Array): Sums {
  const groups = Math.min(k, tree.points);
  const cut = cutTree(tree, groups);
  const mass = new Float64Array(groups);
  const sums = new Float64Array(groups * d);
  for (let r = 0; r < rows.length; r++) {
    mass[cut[r]]++;
    for (let c = 0; c < d; c++) sums[cut[r] * d + c] += data[rows[r] * d + c];
  }
  return { mass, sums, logs: 0 };
}

/** The sums of all points of several sets by which of the groups' means is nearest. */
export async function spreadGroups(
  gather: Gather,
  groups: readonly { readonly points: Points; readonly found: Sums }[],
): Promise<Sums[]> {
  return gather(
    groups.map(({ points, found }) => ({ points, rows: meansOf(found, found.sums), offsets: null })),
  );
}

function squaredDistance(a: Float64Array, p: number, b: Float64Array, q: number, d: number): number {
  let sum = 0;
  for (let c = 0; c < d; c++) {
    const x = a[p + c] - b[q + c];
    sum += x * x;
  }
  return sum;
}
