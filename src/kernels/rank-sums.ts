import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Sparse } from "../model/index.ts";
import { type Call, threadsFor, withThreads } from "./wasm/threads.ts";

/** Entries that are turned and sorted at a time, and of a call to the kernel (a few milliseconds). */
const SLICE = 4_194_304;
const CALL = 65_536;
/** The sorting key of 0. */
const ZERO = 0x80000000;

/** A division of the rows into groups: the code of each row, -1 where it takes no part, and the rows of each group. */
export interface Labeling {
  readonly codes: Int32Array;
  readonly sizes: Float64Array;
}

export interface RankSums {
  /** rank sums, column by column: of group c in column j at j k + c */
  readonly sums: Float64Array;
  /** sum of t^3 - t over the groups of t ties of each column */
  readonly ties: Float64Array;
}

/**
 * For every column and each of some labelings, the sum of the ranks of each group's rows, ties sharing their mean rank. Only
 * entries that are not 0 are sorted, once for all labelings; zeros are one block of ties. Rank sums are multiples of 1/2 and exact
 * below 2^52.
 */
export async function rankSums(
  x: Sparse,
  labelings: readonly Labeling[],
  run: RunOptions,
): Promise<RankSums[]> {
  const { rows: n, cols: p } = x;
  const starts = new Uint32Array(p + 1);
  for (let e = 0; e < x.data.length; e++) if (x.data[e] !== 0) starts[x.indices[e] + 1]++;
  const longest = starts.reduce((most, m) => Math.max(most, m), 0);
  for (let j = 0; j < p; j++) starts[j + 1] += starts[j];
  const slices = cut(starts, 0, p, SLICE);
  const held = slices.reduce((most, [first, last]) => Math.max(most, starts[last] - starts[first]), 0);
  const groups = labelings.reduce((sum, { sizes }) => sum + sizes.length, 0);
  const words = p + 1 + 2 * held + labelings.length * (n + 5 + 2 * p) + 2 * groups * (p + 1);
  const perThread = 2 * longest + 1024 + 2 * groups + 16;
  let [first, last] = [0, 0];
  const onProgress: RunOptions["onProgress"] = ({ fraction }) =>
    run.onProgress?.({ step: "markers", fraction: (first + fraction * (last - first)) / p });
  return await withThreads(
    4 * (words + perThread * threadsFor(run)),
    { ...run, onProgress },
    async (arena) => {
      const offsets = arena.u32(p + 1);
      offsets.set(starts);
      const keys = arena.u32(held);
      const rows = arena.u32(held);
      const spareKeys = arena.u32(longest * arena.threads);
      const spareRows = arena.u32(longest * arena.threads);
      const histogram = arena.u32(1024 * arena.threads);
      const stored = arena.f64(groups * arena.threads);
      const described = arena.u32(5 * labelings.length);
      const results = labelings.map(({ codes, sizes }, l) => {
        const [own, each] = [arena.u32(n), arena.f64(sizes.length)];
        own.set(codes);
        each.set(sizes);
        const [sums, ties] = [arena.f64(p * sizes.length), arena.f64(p)];
        const addresses = [own.byteOffset, sizes.length, each.byteOffset, sums.byteOffset, ties.byteOffset];
        described.set(addresses, 5 * l);
        return { sums, ties };
      });
      const next = x.indptr.slice(0, n);
      for ([first, last] of slices) {
        await turn(x, next, starts, first, last, keys, rows, run);
        // Offsets count from the first entry of all, so the kernel is given where that would be.
        const before = 4 * starts[first];
        const calls = cut(starts, first, last, CALL).map(([from, to]): Call => [
          from,
          to,
          offsets.byteOffset,
          keys.byteOffset - before,
          rows.byteOffset - before,
          spareKeys.byteOffset,
          spareRows.byteOffset,
          histogram.byteOffset,
          stored.byteOffset,
          described.byteOffset,
          labelings.length,
        ]);
        const shifts = { 5: 4 * longest, 6: 4 * longest, 7: 4096, 8: 8 * groups };
        await arena.spread("markers", "rankColumns", calls, shifts);
      }
      return results.map(({ sums, ties }) => ({ sums: sums.slice(), ties: ties.slice() }));
    },
  );
}

/** Columns in runs of at most so many entries (a longer column is a run of its own) and columns. */
function cut(
  starts: Uint32Array,
  first: number,
  last: number,
  entries: number,
): (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = [];
  for (let from = first; from < last;) {
    let to = from + 1;
    while (to < last && to - from < entries / 16 && starts[to + 1] - starts[from] <= entries) to++;
    runs.push([from, to]);
    from = to;
  }
  return runs;
}

/** Rows that are turned without a breath. */
const ROWS = 16_384;

/** Puts the entries of the columns [first, last) column by column: keys that order as the values do, and rows. */
async function turn(
  x: Sparse,
  next: Uint32Array,
  starts: Uint32Array,
  first: number,
  last: number,
  keys: Uint32Array,
  rows: Uint32Array,
  run: RunOptions,
): Promise<void> {
  const bits = new Uint32Array(x.data.buffer, x.data.byteOffset, x.data.length);
  const at = starts.slice(first, last);
  for (let j = 0, from = starts[first]; j < at.length; j++) at[j] -= from;
  for (let i = 0; i < x.rows; i++) {
    let e = next[i];
    for (const end = x.indptr[i + 1]; e < end && x.indices[e] < last; e++) {
      if (x.data[e] === 0) continue;
      const to = at[x.indices[e] - first]++;
      // Positive numbers order as their bits do, negative ones the other way round.
      keys[to] = bits[e] >= ZERO ? ~bits[e] : bits[e] | ZERO;
      rows[to] = i;
    }
    next[i] = e;
    if (i % ROWS === 0) {
      checkAborted(run.signal);
      await breathe();
    }
  }
}
