import { stream } from "../../../src/core/index.ts";
import type { Compared, Neighborhoods } from "../../../src/spatial/conditional.ts";

/** What the kernel of conditional permutations does, word by word. */
export function rankNeighborhoods(
  { indptr, weights }: Neighborhoods,
  { kind, u, v = u, observed }: Compared,
  slack: number,
  permutations: number,
  seed: number,
): { readonly upper: number[]; readonly lower: number[] } {
  const n = observed.length;
  const [upper, lower] = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
  const width = Math.max(...Array.from(observed, (_, i) => indptr[i + 1] - indptr[i]));
  for (let b = 0; b < permutations; b++) {
    const rng = stream(seed, b);
    const others = Array.from({ length: n - 1 }, (_, i) => i);
    for (let m = 0; m < width; m++) {
      const k = m + rng.below(n - 1 - m);
      [others[m], others[k]] = [others[k], others[m]];
    }
    for (let i = 0; i < n; i++) {
      const degree = indptr[i + 1] - indptr[i];
      if (degree === 0) continue;
      let [su, sv] = [0, 0];
      for (let m = 0; m < degree; m++) {
        const other = others[m] >= i ? others[m] + 1 : others[m];
        su += weights[indptr[i] + m] * u[other];
        sv += weights[indptr[i] + m] * v[other];
      }
      const value = { sum: su, difference: sv - 2 * u[i] * su, product: su * sv }[kind];
      if (value - observed[i] >= -slack) upper[i]++;
      if (value - observed[i] <= slack) lower[i]++;
    }
  }
  return { upper, lower };
}
