import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Sparse } from "../model/index.ts";

/** Entries in a slice of work, about. */
const SLICE = 500_000;
/** The sorting key of 0. */
const ZERO = 0x80000000;

/**
 * For every column, the sum of the ranks of each group's rows, ties sharing their mean rank. Only entries that
 * are not 0 are sorted; zeros are one block of ties. One sort per column serves all groups. Rank sums are
 * multiples of 1/2 and exact below 2^52.
 *
 * @param codes group of each row, -1: the row does not take part
 * @param sizes rows per group, length k
 * @param nonzero entries that are not 0 per group and column, row-major k x cols
 * @param visit gets the column, its rank sums (length k, reused) and the sum of t^3 - t over its groups of t ties
 */
export async function rankSums(
  x: Sparse,
  codes: Int32Array,
  sizes: Float64Array,
  nonzero: Float64Array,
  visit: (column: number, sums: Float64Array, ties: number) => void,
  run: RunOptions,
): Promise<void> {
  const k = sizes.length;
  const p = x.cols;
  const bits = new Uint32Array(x.data.buffer, x.data.byteOffset, x.data.length);
  const next = x.indptr.slice(0, x.rows);
  const count = new Uint32Array(p);
  for (let c = 0; c < k; c++) for (let j = 0; j < p; j++) count[j] += nonzero[c * p + j];
  const sums = new Float64Array(k);
  const sorter = keySorter(count.reduce((most, m) => Math.max(most, m), 0));
  const work = (first: number, last: number): void => {
    const offsets = new Uint32Array(last - first + 1);
    for (let j = first; j < last; j++) offsets[j - first + 1] = offsets[j - first] + count[j];
    const keys = new Uint32Array(offsets[last - first]);
    const groups = new Uint32Array(keys.length);
    const at = offsets.slice();
    for (let i = 0; i < x.rows; i++) {
      let e = next[i];
      const end = x.indptr[i + 1];
      for (; e < end && x.indices[e] < last; e++) {
        if (codes[i] < 0 || x.data[e] === 0) continue;
        const to = at[x.indices[e] - first]++;
        // Positive numbers order as their bits do, negative ones the other way round.
        keys[to] = bits[e] >= ZERO ? ~bits[e] : bits[e] | ZERO;
        groups[to] = codes[i];
      }
      next[i] = e;
    }
    for (let j = first; j < last; j++) {
      const from = offsets[j - first];
      const to = offsets[j - first + 1];
      const [sortedKeys, sortedGroups] = sorter(keys.subarray(from, to), groups.subarray(from, to));
      visit(j, sums, rankColumn(sortedKeys, sortedGroups, to - from, j));
    }
  };

  /** Fills `sums` for one column and returns its tie sum. */
  const rankColumn = (keys: Uint32Array, groups: Uint32Array, m: number, j: number): number => {
    sums.fill(0);
    let before = 0;
    let ties = 0;
    let zerosPending = true;
    const placeZeros = (): void => {
      let zeros = 0;
      for (let c = 0; c < k; c++) zeros += sizes[c] - nonzero[c * p + j];
      const rank = before + (zeros + 1) / 2;
      for (let c = 0; c < k; c++) sums[c] += (sizes[c] - nonzero[c * p + j]) * rank;
      ties += zeros * zeros * zeros - zeros;
      before += zeros;
      zerosPending = false;
    };
    for (let start = 0; start < m;) {
      if (zerosPending && keys[start] >= ZERO) placeZeros();
      let end = start + 1;
      while (end < m && keys[end] === keys[start]) end++;
      const t = end - start;
      const rank = before + (t + 1) / 2;
      for (let r = start; r < end; r++) sums[groups[r]] += rank;
      ties += t * t * t - t;
      before += t;
      start = end;
    }
    if (zerosPending) placeZeros();
    return ties;
  };

  const columns = Math.max(8, Math.floor((p * SLICE) / Math.max(x.data.length, SLICE)));
  await forEachBlock("markers", p, columns, work, run);
}

type Pairs = readonly [Uint32Array, Uint32Array];

/**
 * Sorts keys ascending and carries payloads along, up to `capacity` of them: by insertion where few, else by
 * digits of a byte. The inputs serve as scratch; the result is one of the two pairs of buffers and holds until
 * the next call.
 */
function keySorter(capacity: number): (keys: Uint32Array, payloads: Uint32Array) => Pairs {
  const otherKeys = new Uint32Array(capacity);
  const otherPayloads = new Uint32Array(capacity);
  const histogram = new Uint32Array(4 * 256);
  return (keys, payloads) => {
    const m = keys.length;
    if (m <= 48) {
      insertionSort(keys, payloads);
      return [keys, payloads];
    }
    histogram.fill(0);
    for (let i = 0; i < m; i++) {
      const key = keys[i];
      histogram[key & 255]++;
      histogram[256 + ((key >>> 8) & 255)]++;
      histogram[512 + ((key >>> 16) & 255)]++;
      histogram[768 + (key >>> 24)]++;
    }
    let from: Pairs = [keys, payloads];
    let to: Pairs = [otherKeys, otherPayloads];
    for (let digit = 0; digit < 4; digit++) {
      const shift = 8 * digit;
      const places = histogram.subarray(256 * digit, 256 * digit + 256);
      if (places[(keys[0] >>> shift) & 255] === m) continue;
      for (let d = 0, sum = 0; d < 256; d++) {
        const size = places[d];
        places[d] = sum;
        sum += size;
      }
      const [fromKeys, fromPayloads] = from;
      const [toKeys, toPayloads] = to;
      for (let i = 0; i < m; i++) {
        const place = places[(fromKeys[i] >>> shift) & 255]++;
        toKeys[place] = fromKeys[i];
        toPayloads[place] = fromPayloads[i];
      }
      [from, to] = [to, from];
    }
    return from;
  };
}

function insertionSort(keys: Uint32Array, payloads: Uint32Array): void {
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i];
    const payload = payloads[i];
    let j = i;
    for (; j > 0 && keys[j - 1] > key; j--) {
      keys[j] = keys[j - 1];
      payloads[j] = payloads[j - 1];
    }
    keys[j] = key;
    payloads[j] = payload;
  }
}
