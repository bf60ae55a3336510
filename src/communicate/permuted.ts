import { type RunOptions, forEachBlock } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { shuffleInto } from "../kernels/permute.ts";
import type { Sparse } from "../model/index.ts";
import { type Complexes, leastSubunit } from "./complexes.ts";

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

/** Permutations that go through the genes together: their chains of additions overlap and each value is read once. */
const LANES = 4;
/** Stored values per slice of work, well under 50 ms. */
const SLICE = 4e6;

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
  const reached = new Uint32Array(rows.observed.length);
  const least = rows.observed.map((sum) => sum - 1e-9 * sum);
  const shuffled = new Int32Array(n);
  const slots = new (k * LANES <= 65535 ? Uint16Array : Uint32Array)(n * LANES);
  const sums = new Float64Array(k * LANES);
  const means = Array.from({ length: LANES }, () => new Float64Array(g * k));
  const perComplex = new Float64Array(complexes.names.length * k);
  const slices = slicesOf(genes.start);
  const rounds = Math.ceil(permutations / LANES);

  await forEachBlock(
    "interactions",
    rounds * (slices.length - 1),
    1,
    (unit) => {
      const round = Math.floor(unit / (slices.length - 1));
      const slice = unit % (slices.length - 1);
      if (slice === 0) {
        for (let lane = 0; lane < LANES; lane++) {
          shuffleInto(codes, shuffled, stream(seed, round * LANES + lane));
          for (let cell = 0; cell < n; cell++) slots[cell * LANES + lane] = shuffled[cell] * LANES + lane;
        }
      }
      for (let gene = slices[slice]; gene < slices[slice + 1]; gene++) {
        addGene(genes, gene, slots, sums);
        for (let lane = 0; lane < LANES; lane++) {
          for (let c = 0; c < k; c++) means[lane][gene * k + c] = sums[c * LANES + lane] / sizes[c];
        }
      }
      if (slice < slices.length - 2) return;
      for (let lane = 0; lane < LANES && round * LANES + lane < permutations; lane++) {
        leastSubunit(complexes, means[lane], k, perComplex);
        for (let r = 0; r < reached.length; r++) {
          if (perComplex[rows.ligand[r]] + perComplex[rows.receptor[r]] >= least[r]) reached[r]++;
        }
      }
    },
    run,
  );
  return reached;
}

/** One gene's sums in all lanes: `sums[cluster * LANES + lane]`. */
function addGene(
  genes: GeneValues,
  gene: number,
  slots: Uint16Array | Uint32Array,
  sums: Float64Array,
): void {
  const { start, cells, values } = genes;
  sums.fill(0);
  for (let e = start[gene]; e < start[gene + 1]; e++) {
    const at = cells[e] * LANES;
    const value = values[e];
    sums[slots[at]] += value;
    sums[slots[at + 1]] += value;
    sums[slots[at + 2]] += value;
    sums[slots[at + 3]] += value;
  }
}

/** Bounds of runs of genes with about SLICE stored values each. */
function slicesOf(start: Uint32Array): number[] {
  const bounds = [0];
  for (let gene = 1; gene < start.length; gene++) {
    if (gene === start.length - 1 || start[gene + 1] - start[bounds[bounds.length - 1]] > SLICE)
      bounds.push(gene);
  }
  return bounds;
}
