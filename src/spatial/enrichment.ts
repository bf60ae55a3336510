import { log2 } from "../kernels/math.ts";
import { normalUpperTail } from "../kernels/special.ts";

/** All arrays are k x k, row-major: what the observation is by what its neighbor is. */
export interface Enrichment {
  /** Mean over all orders, exact. */
  readonly expected: Float64Array;
  /** Variance over all orders, exact; 0 where the value cannot vary. */
  readonly variance: Float64Array;
  /** (observed - expected) / sqrt(variance); NaN where it cannot vary. */
  readonly z: Float64Array;
  /** P(|Z| >= |z|) of a normal Z, two-sided; NaN where it cannot vary, never 0. */
  readonly p: Float64Array;
  /** The same z with mean and standard deviation (divisor B) of the B random orders; NaN where they do not vary. */
  readonly zPermutation: Float64Array;
  /** (1 + orders with a value >= the observed) / (1 + B): small where the two are neighbors more often than by chance. */
  readonly pUpper: Float64Array;
  /** (1 + orders with a value <= the observed) / (1 + B): small where the two avoid each other. */
  readonly pLower: Float64Array;
  /** Effect size: log2(observed / expected); -Infinity where none was seen, NaN where none can be. */
  readonly log2Ratio: Float64Array;
}

/** Gathers the values of random orders, one by one, beside the observed. */
export interface OrderTally {
  /** Takes value `value` of cell `c` in one more order. */
  readonly add: (c: number, value: number) => void;
  readonly result: (permutations: number) => Enrichment;
}

/**
 * @param slack values nearer to the observed than this share of it are equal to it (rounding of sums that are not whole)
 */
export function orderTally(
  observed: Float64Array,
  expected: Float64Array,
  variance: Float64Array,
  slack: number,
): OrderTally {
  const size = observed.length;
  const [sums, squares, reached, kept] = [0, 0, 0, 0].map(() => new Float64Array(size));
  const around = slack === 0 ? expected.map(Math.round) : expected; // sums of whole numbers are exact
  const near = observed.map((v, c) => slack * Math.max(Math.abs(v), Math.abs(expected[c])));
  const add = (c: number, value: number): void => {
    const d = value - around[c];
    sums[c] += d;
    squares[c] += d * d;
    if (value >= observed[c] - near[c]) reached[c]++;
    if (value <= observed[c] + near[c]) kept[c]++;
  };
  const result = (permutations: number): Enrichment => {
    const ratio = (c: number, spread: number, centre: number): number =>
      spread > 0 ? (observed[c] - centre) / Math.sqrt(spread) : NaN;
    const chance = (count: number): number => (permutations === 0 ? NaN : (1 + count) / (1 + permutations));
    const z = variance.map((v, c) => ratio(c, v, expected[c]));
    const zPermutation = squares.map((q, c) => {
      const mean = sums[c] / permutations;
      const spread = q / permutations - mean * mean;
      return ratio(c, spread > near[c] * near[c] ? spread : 0, around[c] + mean);
    });
    return {
      expected,
      variance,
      z,
      p: z.map((v) => Math.max(Number.MIN_VALUE, Math.min(1, 2 * normalUpperTail(Math.abs(v))))),
      zPermutation,
      pUpper: reached.map(chance),
      pLower: kept.map(chance),
      log2Ratio: observed.map((v, c) => log2(v / expected[c])),
    };
  };
  return { add, result };
}
