import type { RunOptions } from "../core/progress.ts";
import { cholesky, solveLower } from "../kernels/linalg.ts";
import { log } from "../kernels/math.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";
import type { Positions } from "../model/index.ts";
import { median } from "../stats/index.ts";
import { conditioningSets } from "./conditioning.ts";
import type { Design } from "./design.ts";

/** A covariance of unit variance: `share` of it follows the kernel with this length scale, the rest is noise. */
export interface Covariance {
  readonly length: number;
  readonly share: number;
}

/** Values of genes, by gene: `values[t]` of place `rows[t]`, indptr[g] <= t < indptr[g + 1]; all others are 0. */
export interface GeneValues {
  readonly indptr: Uint32Array;
  readonly rows: Uint32Array;
  readonly values: Float32Array;
}

/** How far places lie apart. */
export interface Reach {
  /** smallest distance of a place to the nearest one before it, coincident ones left out */
  readonly closest: number;
  /** median distance of a place to the nearest one before it, coincident ones left out; the diagonal of the tissue */
  readonly spacing: number;
  /** the diagonal of the tissue */
  readonly extent: number;
}

export interface Likelihoods extends Reach {
  /** Takes the place of the genes held before; rooms are as large as `most` said. */
  readonly load: (genes: GeneValues) => Promise<void>;
  /**
   * Twice the log-likelihood above that without space (n log RSS_0 / RSS - log |C|) of genes[c] under covariances[c], coefficients
   * and variance at their best; NaN for genes that the design explains wholly.
   */
  readonly evaluate: (
    covariances: readonly Covariance[],
    genes: readonly ArrayLike<number>[],
  ) => Promise<Float64Array[]>;
}

export type Kernel = "exponential" | "gaussian";

/** Bytes for the weights of the covariances that are at work together. */
const WEIGHTS = 6e7;
/** What is left of a gene's squares when the design explains it wholly. */
const NOTHING = 1e-12;

/**
 * Likelihoods of Gaussian processes, each place given its m neighbors among the places before it (Vecchia 1988; Datta et al. 2016,
 * doi:10.1080/01621459.2015.1044091): of a covariance C the rows of C^-1/2 have m + 1 weights, which all genes share.
 * With m = n - 1 the likelihood is exact. Memory 8 n (m + k + 1) bytes per covariance, 64 n per thread and 8 per value.
 */
export async function withLikelihoods<T>(
  positions: Positions,
  design: Design,
  kernel: Kernel,
  neighbors: number,
  most: { readonly genes: number; readonly values: number },
  run: RunOptions,
  work: (likelihoods: Likelihoods) => Promise<T>,
): Promise<T> {
  const { rows: n, cols: dims } = positions;
  const { columns: k, groups } = design;
  const m = Math.min(neighbors, n - 1);
  const sets = await conditioningSets(positions, groups, m, run);
  const together = Math.max(1, Math.min(64, Math.floor(WEIGHTS / (8 * n * (m + k + 1)))));
  const octets = Math.ceil(most.genes / 8);
  const own = { weights: m * (m + 1), squares: 8 * n };
  const words =
    2 * n * (dims + k) +
    n * m +
    2 * together * n * (m + 1 + k) +
    2 * threadsFor(run) * (own.weights + own.squares) +
    together * octets * 8 * (1 + 2 * (1 + k)) +
    most.genes +
    1 +
    2 * most.values;
  return withThreads(4 * words, run, async (arena) => {
    const places = arena.f64(n * dims);
    places.set(positions.data);
    const lists = arena.u32(n * m);
    lists.set(sets);
    const held = arena.f64(n * k);
    held.set(design.values);
    const weights = arena.f64(together * n * (m + 1));
    const whitened = arena.f64(together * n * k);
    const roomOfWeights = arena.f64(arena.threads * own.weights).byteOffset;
    const roomOfSquares = arena.f64(arena.threads * own.squares).byteOffset;
    const asked = arena.u32(together * octets * 8);
    const sums = arena.f64(together * octets * 8 * (1 + k));
    const indptr = arena.u32(most.genes + 1);
    const rows = arena.u32(most.values);
    const values = arena.f32(most.values);
    const shared = [places.byteOffset, dims, m, lists.byteOffset, Number(kernel === "gaussian")];
    const perCall = Math.max(16, Math.floor(4e7 / (1 + m * m * (m + 60))));

    /** Weights of covariance s of those at work together, and what they make of the design. */
    const weigh = async (covariances: readonly Covariance[]): Promise<void> => {
      const calls: Call[] = [];
      covariances.forEach(({ length, share }, s) => {
        const [w, u] = [weights.byteOffset + 8 * s * n * (m + 1), whitened.byteOffset + 8 * s * n * k];
        for (let from = 0; from < n; from += perCall)
          calls.push([
            from,
            Math.min(n, from + perCall),
            ...shared,
            1 / length,
            share,
            w,
            k,
            held.byteOffset,
            u,
            roomOfWeights,
          ]);
      });
      await arena.spread(null, "nngpWeights", calls, { 13: 8 * own.weights });
    };

    const squaresOf = async (
      covariances: readonly Covariance[],
      genes: readonly ArrayLike<number>[],
    ): Promise<Float64Array[]> => {
      await weigh(covariances);
      const calls: Call[] = [];
      const starts: number[] = [];
      let at = 0;
      genes.forEach((list, s) => {
        starts.push(at);
        asked.set(list, at);
        for (let g = 0; g < list.length; g += 8, at += 8)
          calls.push([
            n,
            m,
            lists.byteOffset,
            weights.byteOffset + 8 * s * n * (m + 1),
            k,
            whitened.byteOffset + 8 * s * n * k,
            asked.byteOffset + 4 * at,
            Math.min(8, list.length - g),
            indptr.byteOffset,
            rows.byteOffset,
            values.byteOffset,
            sums.byteOffset + 8 * at * (1 + k),
            roomOfSquares,
          ]);
      });
      await arena.spread(null, "nngpSquares", calls, { 12: 8 * own.squares });
      return genes.map((list, s) => {
        const left = residualOf(whitened.subarray(s * n * k, (s + 1) * n * k), n, k);
        const found = new Float64Array(list.length);
        for (let g = 0; g < list.length; g++)
          found[g] = left(sums, (starts[s] + (g & ~7)) * (1 + k) + (g & 7));
        return found;
      });
    };

    const rss0 = new Float64Array(most.genes);
    const load: Likelihoods["load"] = async (genes) => {
      indptr.set(genes.indptr);
      rows.set(genes.rows);
      values.set(genes.values);
      const count = genes.indptr.length - 1;
      const all = Uint32Array.from({ length: count }, (_, g) => g);
      const [left] = await squaresOf([{ length: 1, share: 0 }], [all]);
      for (let g = 0; g < count; g++) {
        let squares = 0;
        for (let t = genes.indptr[g]; t < genes.indptr[g + 1]; t++)
          squares += genes.values[t] * genes.values[t];
        rss0[g] = left[g] > NOTHING * squares ? left[g] : NaN;
      }
    };
    const evaluate: Likelihoods["evaluate"] = async (covariances, genes) => {
      const found: Float64Array[] = [];
      for (let c = 0; c < covariances.length; c += together) {
        const some = covariances.slice(c, c + together);
        const left = await squaresOf(some, genes.slice(c, c + together));
        some.forEach((_, s) => {
          const determinant = logDeterminant(weights.subarray(s * n * (m + 1), (s + 1) * n * (m + 1)), m + 1);
          const list = genes[c + s];
          found.push(left[s].map((rss, g) => n * log(rss0[list[g]] / rss) - determinant));
        });
      }
      return found;
    };
    return work({ ...reachOf(positions, sets, m), load, evaluate });
  });
}

/** The squares that are left of a gene beside the k whitened columns, from its sums 8 apart: u'u - u'U (U'U)^-1 U'u. */
function residualOf(
  whitened: Float64Array,
  n: number,
  k: number,
): (sums: Float64Array, at: number) => number {
  const gram = new Float64Array(k * k);
  for (let i = 0; i < n; i++)
    for (let a = 0; a < k; a++)
      for (let b = 0; b <= a; b++) gram[a * k + b] += whitened[i * k + a] * whitened[i * k + b];
  const lower = cholesky(gram, k);
  const along = new Float64Array(k);
  return (sums, at) => {
    for (let c = 0; c < k; c++) along[c] = sums[at + 8 * (c + 1)];
    solveLower(lower, k, along);
    let left = sums[at];
    for (let c = 0; c < k; c++) left -= along[c] * along[c];
    return left;
  };
}

/** log |C|: the own weight of a place is one over its standard deviation. */
function logDeterminant(weights: Float64Array, width: number): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at += width) sum -= 2 * log(weights[at]);
  return sum;
}

export function reachOf({ rows: n, cols, data }: Positions, sets: Uint32Array, m: number): Reach {
  const distances: number[] = [];
  const low = new Float64Array(cols).fill(Infinity);
  const high = new Float64Array(cols).fill(-Infinity);
  for (let i = 0; i < n; i++) {
    let square = 0;
    for (let d = 0; d < cols; d++) {
      const v = data[i * cols + d];
      const off = v - data[sets[i * m] * cols + d];
      square += off * off;
      low[d] = Math.min(low[d], v);
      high[d] = Math.max(high[d], v);
    }
    if (square > 0) distances.push(Math.sqrt(square));
  }
  const extent = Math.sqrt(high.reduce((s, v, d) => s + (v - low[d]) * (v - low[d]), 0));
  const spacing = median(Float64Array.from(distances));
  return { closest: distances.reduce((a, b) => Math.min(a, b), Infinity), spacing, extent };
}
