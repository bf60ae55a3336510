import type { Entries } from "./entries.ts";

/** What the moments of label counts over edges depend on: how many ordered pairs of entries share nodes, and how. */
export interface EdgeShape {
  readonly nodes: number;
  /** entries i -> j */
  readonly entries: number;
  /** entries whose reverse is also an entry */
  readonly mutual: number;
  /** ordered pairs of different entries from one node */
  readonly forks: number;
  /** ordered pairs of different entries to one node */
  readonly joins: number;
  /** ordered pairs of entries where one begins at the end of the other, reverses apart */
  readonly chains: number;
}

/** The shape of the part of a graph between the nodes [from, to); no entry may leave it. */
export function edgeShape(graph: Entries, from: number, to: number): EdgeShape {
  const { indptr, indices } = graph;
  const into = new Uint32Array(to - from);
  const [begin, end] = [indptr[from], indptr[to]];
  for (let e = begin; e < end; e++) into[indices[e] - from]++;
  let [forks, joins, passes, mutual] = [0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const out = indptr[i + 1] - indptr[i];
    forks += out * (out - 1);
    joins += into[i - from] * (into[i - from] - 1);
    passes += into[i - from] * out;
    if (!graph.directed) mutual += out;
    for (let e = indptr[i]; graph.directed && e < indptr[i + 1]; e++)
      if (hasEntry(graph, indices[e], i)) mutual++;
  }
  return { nodes: to - from, entries: end - begin, mutual, forks, joins, chains: 2 * (passes - mutual) };
}

function hasEntry({ indptr, indices }: Entries, i: number, j: number): boolean {
  let [low, high] = [indptr[i], indptr[i + 1]];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (indices[middle] < j) low = middle + 1;
    else high = middle;
  }
  return low < indptr[i + 1] && indices[low] === j;
}

/**
 * Adds the exact mean and variance of the number of entries from category a to category b when all orders of the
 * labels are equally likely.
 *
 * The second moment is a sum over ordered pairs of entries of the chance that both run from a to b, which depends only on
 * the nodes they share. Each chance is taken less the squared chance P^2 of one entry (the terms then add up to the variance without
 * cancelling the large squares): variance = sum over kinds of (number of pairs) * (chance - P^2).
 *
 * @param sizes labels of each category; they add up to the shape's nodes
 */
export function addMoments(
  shape: EdgeShape,
  sizes: Float64Array,
  expected: Float64Array,
  variance: Float64Array,
): void {
  const { nodes: n, entries: m, mutual, forks, joins, chains } = shape;
  const k = sizes.length;
  const apart = m * m - m - mutual - forks - joins - chains;
  const two = n * (n - 1);
  const three = two * (n - 2);
  const four = three * (n - 3);
  for (let a = 0; a < k; a++) {
    for (let b = 0; b < k; b++) {
      const [na, nb] = [sizes[a], sizes[b]];
      const same = a === b;
      const p = m === 0 ? 0 : (na * (same ? na - 1 : nb)) / two;
      const square = p * p;
      // chances that two entries that share nodes both run from a to b
      const fork = three === 0 ? 0 : (same ? na * (na - 1) * (na - 2) : na * nb * (nb - 1)) / three;
      const join = three === 0 ? 0 : (same ? na * (na - 1) * (na - 2) : nb * na * (na - 1)) / three;
      // chance of two entries without a common node less P^2, multiplied out
      const difference = same
        ? na * na * (4 * n - 6) + na * (6 - 4 * n * n) + 6 * n * (n - 1)
        : na * nb * (4 * n - 6) - (na + nb - 1) * n * (n - 1);
      const terms = [
        m * (p - square),
        mutual * ((same ? p : 0) - square),
        forks * (fork - square),
        joins * (join - square),
        chains * ((same ? fork : 0) - square),
        four <= 0 ? 0 : (apart * p * difference) / four,
      ];
      const sum = terms.reduce((s, t) => s + t, 0);
      const size = terms.reduce((s, t) => s + Math.abs(t), 0);
      expected[a * k + b] += m * p;
      if (sum > 1e-9 * size) variance[a * k + b] += sum; // else it cannot vary, up to rounding
    }
  }
}
