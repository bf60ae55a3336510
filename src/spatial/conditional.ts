import type { RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";

/** The weights of each node's neighbors; which nodes they are does not matter here. */
export interface Neighborhoods {
  /** length nodes + 1 */
  readonly indptr: Uint32Array;
  readonly weights: Float64Array;
}

/** What a local statistic compares, given the values of a node's neighbors. */
export interface Compared {
  /** "sum": sum w u; "difference": sum w v - 2 u_i sum w u; "product": sum w u * sum w v. */
  readonly kind: "sum" | "difference" | "product";
  readonly u: Float64Array;
  readonly v?: Float64Array;
  /** The same of the true neighbors, length nodes. */
  readonly observed: Float64Array;
}

/** Differences up to this share of the largest compared value are rounding. */
const ROUNDING = 1e-12;

/** Drawn numbers that are kept at a time, and neighbors that one call goes over (about 10 ms). */
const DRAWN = 1e6;
const VISITS = 4e6;

/**
 * Conditional permutations (Anselin 1995): each node keeps its value and draws as many neighbors as it has from all others. How
 * often is the statistic at least, and at most, as large as with the true neighbors? Permutation b draws from `stream(seed, b)`,
 * once for all nodes: node i takes the first numbers as its neighbors, so that results of several nodes depend on each other
 * as they do between overlapping neighborhoods. Counts are whole numbers, the same on any number of threads.
 */
export async function rankNeighborhoods(
  step: string,
  { indptr, weights }: Neighborhoods,
  { kind, u, v = u, observed }: Compared,
  permutations: number,
  seed: number,
  run: RunOptions,
): Promise<{ readonly upper: Float64Array; readonly lower: Float64Array }> {
  const n = observed.length;
  const upper = new Float64Array(n);
  const lower = new Float64Array(n);
  let width = 0;
  for (let i = 0; i < n; i++) width = Math.max(width, indptr[i + 1] - indptr[i]);
  if (permutations === 0 || width === 0) return { upper, lower };
  const most = Math.max(1, Math.min(permutations, Math.floor(DRAWN / width)));
  const perCall = Math.max(1, Math.floor(VISITS / (2 * n + weights.length)));
  const bytes = 4 * (n + 1 + most * width + 2 * threadsFor(run) * n) + 8 * (weights.length + 3 * n);
  const slack = ROUNDING * observed.reduce((most, o) => (Math.abs(o) > most ? Math.abs(o) : most), 0);
  await withThreads(bytes, run, async (arena) => {
    const f64 = (values: Float64Array): number => {
      const array = arena.f64(values.length);
      array.set(values);
      return array.byteOffset;
    };
    const starts = arena.u32(n + 1);
    starts.set(indptr);
    const drawn = arena.u32(most * width);
    const above = arena.u32(arena.threads * n);
    const below = arena.u32(arena.threads * n);
    const fixed = [n, starts.byteOffset, f64(weights)];
    const compared = [f64(u), f64(v), ["sum", "difference", "product"].indexOf(kind)];
    const results = [f64(observed), slack, above.byteOffset, below.byteOffset];
    const others = Uint32Array.from({ length: n - 1 }, (_, i) => i);
    for (let first = 0; first < permutations; first += most) {
      const count = Math.min(most, permutations - first);
      for (let b = 0; b < count; b++) draw(others, drawn, b * width, width, seed, first + b);
      const calls: Call[] = [];
      for (let b = 0; b < count; b += perCall)
        calls.push([
          ...fixed,
          drawn.byteOffset + 4 * b * width,
          width,
          Math.min(perCall, count - b),
          ...compared,
          ...results,
        ]);
      await arena.spread(first === 0 ? step : `${step}, from ${first}`, "rankNeighborhoods", calls, {
        11: 4 * n,
        12: 4 * n,
      });
    }
    for (let t = 0; t < arena.threads; t++)
      for (let i = 0; i < n; i++) {
        upper[i] += above[t * n + i];
        lower[i] += below[t * n + i];
      }
  });
  return { upper, lower };
}

/** Draws `width` of the others without repetition; `others` is put back in order. */
function draw(
  others: Uint32Array,
  target: Uint32Array,
  at: number,
  width: number,
  seed: number,
  permutation: number,
): void {
  const rng = stream(seed, permutation);
  for (let m = 0; m < width; m++) {
    const k = m + rng.below(others.length - m);
    const chosen = others[k];
    others[k] = others[m];
    others[m] = chosen;
    target[at + m] = chosen;
  }
  for (let m = 0; m < width; m++) {
    others[m] = m;
    const chosen = target[at + m];
    others[chosen] = chosen;
  }
}
