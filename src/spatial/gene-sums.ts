import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import { checkNodes } from "./genes.ts";
import type { PairWeights } from "./weights.ts";

/** Visits of a value between two breaths. */
const VISITS = 4e6;

/**
 * The values of a matrix row by row, and their moments gene by gene (arrays of length p). A gene that is stored in every row is taken
 * less its first value, `shift`: that moves no statistic of differences, and makes a constant gene exactly 0.
 */
export interface GeneMoments {
  readonly rows: number;
  readonly cols: number;
  /** length rows + 1; entry e of row i is values[e] of gene columns[e - i * skip] */
  readonly starts: Uint32Array | Float64Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array | Float64Array;
  readonly skip: number;
  readonly shift: Float64Array;
  /** less the shift */
  readonly mean: Float64Array;
  /** sum z^2, sum z^3, sum z^4 with z = x - mean */
  readonly m2: Float64Array;
  readonly m3: Float64Array;
  readonly m4: Float64Array;
}

/** What the genes' values x less their shift give with weights of pairs of nodes; arrays of length p. */
export interface GeneProducts {
  /** sum_i T_i x_i and sum_i T_i x_i^2, with T_i = row sum + column sum of the weights */
  readonly share: Float64Array;
  readonly square: Float64Array;
  /** sum_ij w_ij x_i x_j */
  readonly product: Float64Array;
}

/** Moments of the columns of x, which must be over the nodes of the graphs. */
export async function momentsOver(
  verb: string,
  x: Expression<Sparse> | Expression<Dense>,
  graphs: readonly Graph[],
  run: RunOptions,
): Promise<GeneMoments> {
  for (const graph of graphs) checkNodes(verb, x.rows, graph);
  const { rows: n, cols: p } = x;
  const entries =
    x.kind === "sparse"
      ? { starts: x.indptr, columns: x.indices, values: x.data, skip: 0 }
      : {
          starts: Float64Array.from({ length: n + 1 }, (_, i) => i * p),
          columns: Uint32Array.from({ length: p }, (_, j) => j),
          values: x.data,
          skip: p,
        };
  const { starts, columns, values, skip } = entries;
  const [shift, mean, m2, m3, m4] = Array.from({ length: 5 }, () => new Float64Array(p));
  for (let e = starts[0]; n > 0 && e < starts[1]; e++)
    if (values[e] - values[e] === 0) shift[columns[e]] = values[e];
  const stored = new Uint32Array(p);
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      for (let e = starts[i], end = starts[i + 1]; e < end; e++) {
        const gene = columns[e - i * skip];
        stored[gene]++;
        mean[gene] += values[e] - shift[gene];
      }
    }
  };
  const block = Math.max(1, Math.floor((VISITS * n) / (starts[n] + n)));
  await forEachBlock("means of genes", n, block, add, run);
  for (let j = 0; j < p; j++) {
    if (stored[j] < n) {
      mean[j] += stored[j] * shift[j];
      shift[j] = 0;
    }
    mean[j] /= n;
    m2[j] = (n - stored[j]) * mean[j] * mean[j];
    m3[j] = -m2[j] * mean[j];
    m4[j] = m2[j] * mean[j] * mean[j];
  }
  const spread = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      for (let e = starts[i], end = starts[i + 1]; e < end; e++) {
        const gene = columns[e - i * skip];
        const z = values[e] - shift[gene] - mean[gene];
        const zz = z * z;
        m2[gene] += zz;
        m3[gene] += zz * z;
        m4[gene] += zz * zz;
      }
    }
  };
  await forEachBlock("moments of genes", n, block, spread, run);
  return { rows: n, cols: p, ...entries, shift, mean, m2, m3, m4 };
}

/** Nodes whose pairs are about as many visits as fit between two breaths. */
export function nodesPerBlock({ rows: n, starts }: GeneMoments, { indices }: PairWeights): number {
  return Math.max(1, Math.floor((VISITS * n) / (starts[n] * (3 + indices.length / n) + n)));
}

/**
 * Adds the products of the nodes [from, to) with themselves and with their later neighbors, of all genes at once: the sums of all
 * genes stay in the cache, and each row is read as it lies. Row rowAt[i] lies at node i (null: row i). `work` has length p, all 0.
 */
export function addProducts(
  { starts, columns, values, skip, shift }: GeneMoments,
  { indptr, indices, weights, totals }: PairWeights,
  rowAt: Uint32Array | null,
  from: number,
  to: number,
  { share, square, product }: GeneProducts,
  work: Float64Array,
): void {
  for (let i = from; i < to; i++) {
    const row = rowAt === null ? i : rowAt[i];
    const total = totals[i];
    const [first, last] = [starts[row], starts[row + 1]];
    for (let e = first; e < last; e++) {
      const gene = columns[e - row * skip];
      const value = values[e] - shift[gene];
      work[gene] = value;
      share[gene] += total * value;
      square[gene] += total * value * value;
    }
    for (let pair = indptr[i], end = indptr[i + 1]; pair < end; pair++) {
      const other = rowAt === null ? indices[pair] : rowAt[indices[pair]];
      const weight = weights[pair];
      for (let e = starts[other], stop = starts[other + 1]; e < stop; e++) {
        const gene = columns[e - other * skip];
        product[gene] += weight * work[gene] * (values[e] - shift[gene]);
      }
    }
    for (let e = first; e < last; e++) work[columns[e - row * skip]] = 0;
  }
}
