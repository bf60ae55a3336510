import type { RunOptions } from "../core/progress.ts";
import { streamState } from "../core/rng.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";
import type { Entries } from "./entries.ts";

/** Words of counts that are kept at a time, and node and entry visits per call (about 10 ms). */
const COUNTS = 4e6;
const VISITS = 4e6;

/**
 * Deals the codes anew within each part (nodes parts[s] to parts[s + 1]), permutation b by `stream(seed, b)`, and hands the
 * entries counted by the codes of both ends (`found[a * k + b]`) to `take`, permutation by permutation.
 */
export async function dealTallies(
  { nodes, indptr, indices }: Entries,
  codes: Int32Array,
  parts: readonly number[],
  k: number,
  permutations: number,
  seed: number,
  run: RunOptions,
  take: (found: Uint32Array) => void,
): Promise<void> {
  if (permutations === 0) return;
  const most = Math.max(1, Math.min(permutations, Math.floor(COUNTS / (k * k))));
  const perCall = Math.max(1, Math.floor(VISITS / (3 * nodes + indices.length + 1)));
  const words = 2 * nodes + 1 + indices.length + parts.length + most * (k * k + 4) + threadsFor(run) * nodes;
  await withThreads(4 * words, run, async (arena) => {
    const u32 = (values: ArrayLike<number>): number => {
      const array = arena.u32(values.length);
      array.set(values);
      return array.byteOffset;
    };
    const states = arena.u32(4 * most);
    const found = arena.u32(most * k * k);
    const dealt = arena.u32(arena.threads * nodes).byteOffset;
    const before = [u32(codes), u32(parts), parts.length - 1, nodes, u32(indptr), u32(indices), k];
    for (let first = 0; first < permutations; first += most) {
      const count = Math.min(most, permutations - first);
      for (let b = 0; b < count; b++) states.set(streamState(seed, first + b), 4 * b);
      const calls: Call[] = [];
      for (let b = 0; b < count; b += perCall)
        calls.push([
          ...before,
          states.byteOffset + 16 * b,
          Math.min(perCall, count - b),
          found.byteOffset + 4 * k * k * b,
          dealt,
        ]);
      await arena.spread("neighborhood enrichment", "tallyDeals", calls, { 10: 4 * nodes });
      for (let b = 0; b < count; b++) take(found.subarray(b * k * k, (b + 1) * k * k));
    }
  });
}
