import { breathe, checkAborted } from "../core/progress.ts";
import type { Rng } from "../core/rng.ts";
import { inSlices, type Points } from "./tied.ts";
import { cutTree, type WardTree } from "./ward.ts";

/** Rounds of k-means before a mixture goes on from its groups. */
const ROUNDS = 5;

/** k-means: centers drawn far apart (k-means++, Arthur and Vassilvitskii 2007), then a few rounds. One label per point. */
export async function kMeansStart(
  points: Points,
  k: number,
  rng: Rng,
  signal: AbortSignal | undefined,
): Promise<Int32Array> {
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
  const labels = new Int32Array(n);
  for (let round = 0; round < ROUNDS; round++) {
    if (!(await assignNearest(points, centers, k, labels, signal)) && round > 0) break;
    moveCenters(points, k, labels, centers);
  }
  return labels;
}

/** The tree's k groups of some rows, and every other point in the group with the nearest mean. */
export async function wardStart(
  points: Points,
  k: number,
  tree: WardTree,
  rows: Uint32Array,
  signal: AbortSignal | undefined,
): Promise<Int32Array> {
  const { n, d, data } = points;
  const cut = cutTree(tree, k);
  if (rows.length === n) return cut;
  const centers = new Float64Array(k * d);
  const sizes = new Float64Array(k);
  for (let r = 0; r < rows.length; r++) {
    sizes[cut[r]]++;
    for (let c = 0; c < d; c++) centers[cut[r] * d + c] += data[rows[r] * d + c];
  }
  for (let e = 0; e < k * d; e++) centers[e] /= sizes[Math.floor(e / d)];
  const labels = new Int32Array(n);
  await assignNearest(points, centers, k, labels, signal);
  return labels;
}

/** Labels each point with its nearest center; whether any label changed. */
async function assignNearest(
  points: Points,
  centers: Float64Array,
  k: number,
  labels: Int32Array,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { d, data } = points;
  let changed = false;
  await inSlices(points, k, signal, (start, end) => {
    for (let i = start; i < end; i++) {
      let best = 0;
      let least = Infinity;
      for (let g = 0; g < k; g++) {
        let s = 0;
        for (let c = 0, p = i * d, q = g * d; c < d && s < least; c++) {
          const x = data[p + c] - centers[q + c];
          s += x * x;
        }
        if (s < least) {
          least = s;
          best = g;
        }
      }
      if (labels[i] !== best) {
        labels[i] = best;
        changed = true;
      }
    }
  });
  return changed;
}

/** Moves each center to the mean of its points; a center without points stays. */
function moveCenters(points: Points, k: number, labels: Int32Array, centers: Float64Array): void {
  const { n, d, data } = points;
  const sums = new Float64Array(k * d);
  const sizes = new Float64Array(k);
  for (let i = 0; i < n; i++) {
    sizes[labels[i]]++;
    for (let c = 0; c < d; c++) sums[labels[i] * d + c] += data[i * d + c];
  }
  for (let g = 0; g < k; g++)
    if (sizes[g] > 0) for (let c = 0; c < d; c++) centers[g * d + c] = sums[g * d + c] / sizes[g];
}

function squaredDistance(a: Float64Array, p: number, b: Float64Array, q: number, d: number): number {
  let sum = 0;
  for (let c = 0; c < d; c++) {
    const x = a[p + c] - b[q + c];
    sum += x * x;
  }
  return sum;
}
