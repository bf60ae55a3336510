import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { streamState } from "../core/rng.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";
import type { Sparse } from "../model/index.ts";
import type { Complexes } from "./complexes.ts";

/** Values of some genes over the labeled cells, gene by gene. */
export interface GeneValues {
  /** length g + 1; gene i owns entries start[i] to start[i + 1] */
  readonly start: Uint32Array;
  /** position among the labeled cells, ascending within a gene */
  readonly cells: Uint32Array;
  readonly values: Float32Array;
}

/** The stored values of `columns` over `cells`, both in the order given. Cost: one pass over the matrix, twice. */
export function geneValues(x: Sparse, columns: Uint32Array, cells: Uint32Array): GeneValues {
  const geneAt = new Int32Array(x.cols).fill(-1);
  columns.forEach((column, gene) => (geneAt[column] = gene));
  const start = new Uint32Array(columns.length + 1);
  for (const row of cells) {
    for (let e = x.indptr[row]; e < x.indptr[row + 1]; e++) {
      const gene = geneAt[x.indices[e]];
      if (gene >= 0) start[gene + 1]++;
    }
  }
  for (let gene = 0; gene < columns.length; gene++) start[gene + 1] += start[gene];
  const next = start.slice(0, columns.length);
  const positions = new Uint32Array(start[columns.length]);
  const values = new Float32Array(start[columns.length]);
  for (let cell = 0; cell < cells.length; cell++) {
    const row = cells[cell];
    for (let e = x.indptr[row]; e < x.indptr[row + 1]; e++) {
      const gene = geneAt[x.indices[e]];
      if (gene < 0) continue;
      positions[next[gene]] = cell;
      values[next[gene]++] = x.data[e];
    }
  }
  return { start, cells: positions, values };
}

/** Mean of each gene in each cluster (g x k) and the share of cells above 0; NaN for a cluster without cells. */
export function clusterMeans(
  genes: GeneValues,
  codes: Int32Array,
  sizes: Float64Array,
): { means: Float64Array; fractions: Float64Array } {
  const k = sizes.length;
  const g = genes.start.length - 1;
  const means = new Float64Array(g * k);
  const fractions = new Float64Array(g * k);
  for (let gene = 0; gene < g; gene++) {
    for (let e = genes.start[gene]; e < genes.start[gene + 1]; e++) {
      const at = gene * k + codes[genes.cells[e]];
      means[at] += genes.values[e];
      if (genes.values[e] > 0) fractions[at]++;
    }
    for (let c = 0; c < k; c++) {
      means[gene * k + c] /= sizes[c];
      fractions[gene * k + c] /= sizes[c];
    }
  }
  return { means, fractions };
}

/** What is compared in each permutation: row r sums `least[ligand[r]] + least[receptor[r]]`. */
export interface TestRows {
  /** complex * k + cluster of each row's ligand in its sender and receptor in its receiver */
  readonly ligand: Uint32Array;
  readonly receptor: Uint32Array;
  /** the observed sum of each row */
  readonly observed: Float64Array;
}

/** Permutations that go through the genes together: each value is read once for all of them. */
const LANES = 4;

/**
 * In how many of `permutations` random labelings each row's sum reaches the observed one. Permutation b draws from
 * `stream(seed, b)` alone. Sums that agree to 1e-9 count as reached, so that ties do not hang on rounding.
 */
export async function countReached(
  genes: GeneValues,
  complexes: Complexes,
  codes: Int32Array,
  sizes: Float64Array,
  rows: TestRows,
  permutations: number,
  seed: number,
  run: RunOptions,
): Promise<Uint32Array> {
  const n = codes.length;
  const k = sizes.length;
  const g = genes.start.length - 1;
  const c = complexes.names.length;
  const m = rows.observed.length;
  if (k * LANES > 65536)
    throw new SpatialError("input", `There may be at most 16,384 groups, found ${k}.`, { subject: "labels" });
  const perThread = {
    reached: 4 * m,
    dealt: 4 * n,
    slots: 8 * n,
    sums: 32 * k,
    means: 32 * g * k,
    least: 8 * c * k,
  };
  const room = Object.values(perThread).reduce((a, b) => a + b, 0);
  const rounds = Math.ceil(permutations / LANES);
  const shared =
    4 * (n + g + 1 + 2 * genes.values.length + complexes.start.length + complexes.parts.length + 2 * m) +
    8 * (k + m) +
    16 * LANES * rounds;
  return withThreads(shared + threadsFor(run) * room, run, async (arena) => {
    const u32 = (values: ArrayLike<number>): number => {
      const array = arena.u32(values.length);
      array.set(values);
      return array.byteOffset;
    };
    const f64 = (values: ArrayLike<number>): number => {
      const array = arena.f64(values.length);
      array.set(values);
      return array.byteOffset;
    };
    const values = arena.f32(genes.values.length);
    values.set(genes.values);
    const states = arena.u32(4 * LANES * rounds);
    for (let b = 0; b < permutations; b++) states.set(streamState(seed, b), 4 * b);
    const { threads } = arena;
    const reached = arena.u32(threads * m);
    const before = [u32(codes), n, k, f64(sizes)];
    const behind = [
      u32(genes.start),
      g,
      u32(genes.cells),
      values.byteOffset,
      u32(complexes.start),
      u32(complexes.parts),
      c,
      u32(rows.ligand),
      u32(rows.receptor),
      f64(rows.observed.map((sum) => sum - 1e-9 * sum)),
      m,
      reached.byteOffset,
      arena.u32(threads * n).byteOffset,
      arena.u32(threads * 2 * n).byteOffset,
      arena.f64(threads * LANES * k).byteOffset,
      arena.f64(threads * LANES * g * k).byteOffset,
      arena.f64(threads * c * k).byteOffset,
    ];
    const calls = Array.from({ length: rounds }, (_, round): Call => [
      ...before,
      states.byteOffset + 16 * LANES * round,
      Math.min(LANES, permutations - LANES * round),
      ...behind,
    ]);
    await arena.spread("interactions", "reachDeals", calls, {
      17: perThread.reached,
      18: perThread.dealt,
      19: perThread.slots,
      20: perThread.sums,
      21: perThread.means,
      22: perThread.least,
    });
    const total = new Uint32Array(m);
    for (let t = 0; t < threads; t++) for (let r = 0; r < m; r++) total[r] += reached[t * m + r];
    return total;
  });
}
