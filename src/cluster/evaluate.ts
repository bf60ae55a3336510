import { SpatialError } from "../core/errors.ts";
import { log } from "../kernels/math.ts";
import type { Categorical } from "../model/index.ts";

/** Pairs of categories of two labellings over the rows labelled in both. */
interface Contingency {
  /** length ka * kb, row-major */
  readonly both: Float64Array;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly total: number;
}

function contingency(verb: string, a: Categorical, b: Categorical): Contingency {
  const n = a.codes.length;
  if (b.codes.length !== n) {
    throw new SpatialError(
      "input",
      `${verb} needs two labels per row, found ${n} and ${b.codes.length} rows.`,
    );
  }
  const kb = b.categories.length;
  const both = new Float64Array(a.categories.length * kb);
  const rows = new Float64Array(a.categories.length);
  const cols = new Float64Array(kb);
  let total = 0;
  for (let i = 0; i < n; i++) {
    const p = a.codes[i];
    const q = b.codes[i];
    if (p < 0 || q < 0) continue;
    both[p * kb + q]++;
    rows[p]++;
    cols[q]++;
    total++;
  }
  return { both, a: rows, b: cols, total };
}

/**
 * How far do two labellings of the same rows agree, corrected for chance? The adjusted Rand index: 1 for the same
 * partition (whatever the names), about 0 for unrelated ones, negative for less agreement than chance.
 *
 * With C(x) = x (x - 1) / 2 over table cells n_ab and margins: (sum C(n_ab) - e) / ((sum C(n_a) + sum C(n_b)) / 2 - e),
 * e = sum C(n_a) sum C(n_b) / C(n). Rows missing (-1) in either are left out. Where the denominator is 0 (both put all
 * rows together, or each row apart, or no row is left) the answer is 1. Cost O(n + ka kb).
 *
 * @throws {SpatialError} `input` if the lengths differ
 *
 * Checked against brute force over pairs. Source: Hubert and Arabie 1985, doi:10.1007/BF01908075.
 *
 * @example
 * ```ts
 * import { categories } from "tissular/model";
 * import { adjustedRandIndex } from "tissular/cluster";
 * const ari = adjustedRandIndex(categories(["a", "a", "b"]), categories(["2", "2", "1"]));
 * if (ari !== 1) throw new Error("the same partition under other names");
 * ```
 */
export function adjustedRandIndex(a: Categorical, b: Categorical): number {
  const table = contingency("adjustedRandIndex", a, b);
  const both = pairs(table.both);
  const inA = pairs(table.a);
  const inB = pairs(table.b);
  const all = (table.total * (table.total - 1)) / 2;
  const expected = all === 0 ? 0 : (inA * inB) / all;
  const denominator = (inA + inB) / 2 - expected;
  return denominator === 0 ? 1 : (both - expected) / denominator;
}

function pairs(counts: Float64Array): number {
  let sum = 0;
  for (const n of counts) sum += (n * (n - 1)) / 2;
  return sum;
}

/**
 * How much does one labelling tell about the other? Mutual information over the arithmetic mean of the two entropies:
 * 1 for the same partition, 0 for independent ones. Rows missing (-1) in either are left out; 1 where both entropies
 * are 0. Not corrected for chance: with many small clusters `adjustedRandIndex` is the fairer figure. Cost O(n + ka kb).
 *
 * @throws {SpatialError} `input` if the lengths differ
 *
 * Checked against the definition. Source: Vinh, Epps and Bailey 2010, https://jmlr.org/papers/v11/vinh10a.html.
 *
 * @example
 * ```ts
 * import { categories } from "tissular/model";
 * import { normalizedMutualInformation } from "tissular/cluster";
 * const nmi = normalizedMutualInformation(categories(["a", "a", "b", "b"]), categories(["x", "y", "x", "y"]));
 * if (nmi !== 0) throw new Error("independent");
 * ```
 */
export function normalizedMutualInformation(a: Categorical, b: Categorical): number {
  const table = contingency("normalizedMutualInformation", a, b);
  const hA = entropy(table.a, table.total);
  const hB = entropy(table.b, table.total);
  if (hA + hB === 0) return 1;
  return Math.max(0, (2 * (hA + hB - entropy(table.both, table.total))) / (hA + hB));
}

function entropy(counts: Float64Array, total: number): number {
  let sum = 0;
  for (const n of counts) if (n > 0) sum -= (n / total) * log(n / total);
  return sum;
}
