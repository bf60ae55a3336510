import type { Graph } from "../model/index.ts";

/** What the moments of sum_ij w_ij a_i b_j over all orders of the rows depend on, of one sample's weights w. */
export interface WeightSums {
  /** observations */
  readonly n: number;
  /** sum of w_ij */
  readonly total: number;
  /** sum of w_ij^2 */
  readonly squares: number;
  /** sum of w_ij w_ji */
  readonly mutual: number;
  /** sums over i of (row sum)^2, (column sum)^2 and row sum * column sum */
  readonly rows: number;
  readonly columns: number;
  readonly crossed: number;
}

/** Sums of the weights among the given nodes (ascending); no entry may leave them. */
export function weightSums({ indptr, indices, weights, nodes }: Graph, among: Uint32Array): WeightSums {
  const into = new Float64Array(nodes);
  const out = new Float64Array(nodes);
  let [total, squares, mutual, rows, columns, crossed] = [0, 0, 0, 0, 0, 0];
  for (const i of among) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const w = weights[e];
      out[i] += w;
      into[indices[e]] += w;
      total += w;
      squares += w * w;
      mutual += w * weightOf(indices[e], i);
    }
  }
  for (const i of among) {
    rows += out[i] * out[i];
    columns += into[i] * into[i];
    crossed += out[i] * into[i];
  }
  return { n: among.length, total, squares, mutual, rows, columns, crossed };

  function weightOf(i: number, j: number): number {
    let [low, high] = [indptr[i], indptr[i + 1]];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (indices[middle] < j) low = middle + 1;
      else high = middle;
    }
    return low < indptr[i + 1] && indices[low] === j ? weights[low] : 0;
  }
}

/** Means of two columns, and sums of products of powers of what is left of them: s21 = sum a^2 b. */
export interface ColumnSums {
  readonly a: number;
  readonly b: number;
  readonly s11: number;
  readonly s20: number;
  readonly s02: number;
  readonly s21: number;
  readonly s12: number;
  readonly s22: number;
}

/**
 * Exact mean and variance of T = sum_ij w_ij a_i b_j (w_ii = 0) when all orders of the rows, a and b together, are equally
 * likely.
 *
 * Less their means the columns add up to 0, which leaves T = Q + L + constant: Q the same sum of what is left, and
 * L = sum_i (mean b * row sum_i) a_i + (mean a * column sum_i) b_i. Var T = Var Q + 2 Cov(Q, L) + Var L. E Q^2 is a sum
 * over ordered pairs of entries, by the nodes they share: the same entry, its reverse, two from one node, two to one node, one after
 * the other, apart. The expectation of each kind is a sum over different rows, which inclusion and exclusion writes in
 * the sums of `ColumnSums` (single sums vanish).
 */
export function quadraticMoments(
  w: WeightSums,
  c: ColumnSums,
): { readonly mean: number; readonly variance: number } {
  const { n, total, squares, mutual, rows, columns, crossed } = w;
  const { a, b, s11, s20, s02, s21, s12, s22 } = c;
  if (n < 2) return { mean: 0, variance: 0 };
  const two = n * (n - 1);
  const three = two * (n - 2);
  const four = three * (n - 3);
  const per = (sum: number, ways: number): number => (ways > 0 ? sum / ways : 0);

  const forks = rows - squares;
  const joins = columns - squares;
  const chains = 2 * (crossed - mutual);
  const apart = total * total - squares - mutual - forks - joins - chains;
  const meanQ = (-total * s11) / two;
  const terms = [
    squares * per(s20 * s02 - s22, two),
    mutual * per(s11 * s11 - s22, two),
    forks * per(2 * s22 - s20 * s02, three),
    joins * per(2 * s22 - s20 * s02, three),
    chains * per(2 * s22 - s11 * s11, three),
    apart * per(2 * s11 * s11 + s20 * s02 - 6 * s22, four),
    -meanQ * meanQ,
    // 2 Cov(Q, L)
    2 * b * (rows + crossed) * per(-s21, two),
    2 * b * (total * total - rows - crossed) * per(2 * s21, three),
    2 * a * (columns + crossed) * per(-s12, two),
    2 * a * (total * total - columns - crossed) * per(2 * s12, three),
    // Var L
    (b * b * (rows - (total * total) / n) * s20) / (n - 1),
    (a * a * (columns - (total * total) / n) * s02) / (n - 1),
    (2 * a * b * (crossed - (total * total) / n) * s11) / (n - 1),
  ];
  const sum = terms.reduce((s, t) => s + t, 0);
  const size = terms.reduce((s, t) => s + Math.abs(t), 0);
  const mean = meanQ + total * a * b;
  const least = Math.max(1e-9 * size, 1e-18 * mean * mean); // below, it cannot vary, up to rounding
  return { mean, variance: sum > least ? sum : 0 };
}
