import { breathe, checkAborted, forEachBlock, inParts, type RunOptions } from "../core/progress.ts";
import { addScaled, cholesky, dot, solveLower, symmetricEigen } from "../kernels/linalg.ts";
import { exp, log } from "../kernels/math.ts";
import type { Positions } from "../model/index.ts";
import { coarseToFine, unitPlaces } from "./conditioning.ts";
import type { Design } from "./design.ts";
import type { Optimum } from "./lattice-search.ts";
import type { GeneValues } from "./nngp.ts";

/** A kernel matrix as U S U', the columns of U orthonormal: n x rank, row-major. */
export interface Spectrum {
  readonly rank: number;
  readonly basis: Float64Array;
  readonly values: Float64Array;
}

/** Up to so many places the spectrum is exact; so many stand for all others at most. */
const EXACT = 400;
/** Numbers of a basis that are held. */
const HELD = 5e7;
/** More places stand for the others, from the first on, until this part of the variance of TRIED places is missing... */
const [FIRST, ENOUGH, TRIED] = [50, 1e-3, 300];
/** ...and no more than this may be. */
const MISSING = 0.01;
/** Eigenvalues below this part of the largest are rounding. */
const ROUNDING = 1e-11;

/** Log ratios of noise to space that are tried: from LEAST on, in steps of 1 and then down to 1 / PER_UNIT. */
const [LEAST, RATIOS, PER_UNIT] = [-10, 31, 8];

/**
 * The Gaussian kernel exp(-d^2 / 2 l^2): of up to 400 places exact, else through r places that stand for all (Nystrom: Williams and
 * Seeger 2001), the first of an order from coarse to fine; null where that misses too much. Cost n r^2.
 */
export async function gaussianSpectrum(
  places: Positions,
  length: number,
  run: RunOptions,
): Promise<Spectrum | null> {
  const { rows: n, cols: dims, data } = places;
  const kernel = (i: number, j: number): number => {
    let square = 0;
    for (let d = 0; d < dims; d++) {
      const off = (data[i * dims + d] - data[j * dims + d]) / length;
      square += off * off;
    }
    return exp(-square / 2);
  };
  const every = Uint32Array.from({ length: n }, (_, i) => i);
  const kernelOf = (chosen: Uint32Array): Eigen => {
    const r = chosen.length;
    const entries = Float64Array.from({ length: r * r }, (_, e) =>
      kernel(chosen[Math.floor(e / r)], chosen[e % r]),
    );
    return eigenOf(entries, r);
  };
  if (n <= EXACT) {
    const { rank, values, vectors } = kernelOf(every);
    return {
      rank,
      values,
      basis: Float64Array.from(
        { length: n * rank },
        (_, e) => vectors[(e % rank) * n + Math.floor(e / rank)],
      ),
    };
  }
  const order = await inParts(coarseToFine(unitPlaces(places, every), n, dims), run.signal);
  const most = Math.min(EXACT, Math.max(16, Math.floor(HELD / n)));
  for (let r = Math.min(most, FIRST); ; r = Math.min(most, 2 * r)) {
    checkAborted(run.signal);
    const chosen = order.subarray(0, r);
    const { rank, values, vectors } = kernelOf(chosen);
    /** Row i of the root of the kernel matrix: its correlations with the chosen ones, along their eigenvectors. */
    const along = new Float64Array(r);
    const rootOf = (i: number, out: Float64Array, at: number): void => {
      for (let c = 0; c < r; c++) along[c] = kernel(i, chosen[c]);
      for (let v = 0; v < rank; v++) out[at + v] = dot(along, 0, vectors, v * r, r) / Math.sqrt(values[v]);
    };
    const row = new Float64Array(rank);
    const stride = Math.ceil(n / TRIED);
    let [missing, seen] = [0, 0];
    for (let i = 0; i < n; i += stride, seen++) {
      rootOf(i, row, 0);
      missing += 1 - dot(row, 0, row, 0, rank);
    }
    missing /= seen;
    await breathe();
    if (missing > ENOUGH && r < most) continue;
    if (missing > MISSING) return null;

    const root = new Float64Array(n * rank);
    const gram = new Float64Array(rank * rank);
    const block = Math.max(1, Math.floor(2e7 / (r * r)));
    const fill = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        rootOf(i, root, i * rank);
        for (let a = 0; a < rank; a++) addScaled(gram, a * rank, root[i * rank + a], root, i * rank, a + 1);
      }
    };
    await forEachBlock("kernel", n, block, fill, { signal: run.signal });
    for (let a = 0; a < rank; a++) for (let b = 0; b < a; b++) gram[b * rank + a] = gram[a * rank + b];
    const turned = eigenOf(gram, rank);
    const basis = new Float64Array(n * turned.rank);
    const turn = (from: number, to: number): void => {
      for (let i = from; i < to; i++)
        for (let v = 0; v < turned.rank; v++)
          basis[i * turned.rank + v] =
            dot(root, i * rank, turned.vectors, v * rank, rank) / Math.sqrt(turned.values[v]);
    };
    await forEachBlock("kernel", n, block, turn, { signal: run.signal });
    return { rank: turned.rank, basis, values: turned.values };
  }
}

interface Eigen {
  readonly rank: number;
  readonly values: Float64Array;
  /** one per row */
  readonly vectors: Float64Array;
}

/** Eigenpairs above rounding. */
function eigenOf(matrix: Float64Array, n: number): Eigen {
  const { values, vectors } = symmetricEigen(matrix, n);
  const rank = values.findLastIndex((v) => v > ROUNDING * values[0]) + 1;
  return { rank, values: values.slice(0, rank), vectors };
}

/**
 * The largest likelihood of each gene over the ratio of noise to space, exp(-10) to exp(20), for one kernel. With the kernel's spectrum a
 * likelihood costs `rank` multiplications (Lippert et al. 2011, doi:10.1038/nmeth.1681).
 */
export async function bestRatios(
  { rank, basis, values: spectrum }: Spectrum,
  design: Design,
  length: number,
  { indptr, rows, values }: GeneValues,
  run: RunOptions,
  take: (g: number, optimum: Optimum) => void,
): Promise<void> {
  const { columns: k, values: columns, used } = design;
  const n = used.length;
  const columnsAlong = new Float64Array(k * rank);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < k; c++) addScaled(columnsAlong, c * rank, columns[i * k + c], basis, i * rank, rank);

  /** What all genes share at a ratio: the precision along the basis above that of noise, log |C|, and that of the columns. */
  const shared = new Map<
    number,
    { noise: number; above: Float64Array; logDet: number; lower: Float64Array }
  >();
  const at = (step: number): NonNullable<ReturnType<typeof shared.get>> => {
    const found = shared.get(step);
    if (found) return found;
    const ratio = exp(LEAST + step / PER_UNIT);
    const above = spectrum.map((s) => 1 / (s + ratio) - 1 / ratio);
    const logDet = spectrum.reduce((sum, s) => sum + log(s + ratio), (n - rank) * log(ratio));
    const gram = new Float64Array(k * k);
    for (let a = 0; a < k; a++)
      for (let b = 0; b < k; b++) {
        let sum = a === b ? 1 / ratio : 0;
        for (let v = 0; v < rank; v++)
          sum += above[v] * columnsAlong[a * rank + v] * columnsAlong[b * rank + v];
        gram[a * k + b] = sum;
      }
    const made = { noise: 1 / ratio, above, logDet, lower: cholesky(gram, k) };
    shared.set(step, made);
    return made;
  };

  const along = new Float64Array(rank);
  const weighted = new Float64Array(rank);
  const withColumns = new Float64Array(k);
  const coefficients = new Float64Array(k);
  const fit = (g: number): Optimum => {
    along.fill(0);
    withColumns.fill(0);
    let squares = 0;
    for (let t = indptr[g]; t < indptr[g + 1]; t++) {
      const [i, v] = [rows[t], values[t]];
      squares += v * v;
      addScaled(along, 0, v, basis, i * rank, rank);
      for (let c = 0; c < k; c++) withColumns[c] += v * columns[i * k + c];
    }
    const rss0 = squares - dot(withColumns, 0, withColumns, 0, k);
    if (!(rss0 > 1e-12 * squares)) return { statistic: NaN, length: NaN, share: NaN };
    const statistic = (step: number): number => {
      const { noise, above, logDet, lower } = at(step);
      for (let v = 0; v < rank; v++) weighted[v] = above[v] * along[v];
      let left = squares * noise + dot(weighted, 0, along, 0, rank);
      for (let c = 0; c < k; c++)
        coefficients[c] = withColumns[c] * noise + dot(weighted, 0, columnsAlong, c * rank, rank);
      solveLower(lower, k, coefficients);
      left -= dot(coefficients, 0, coefficients, 0, k);
      return n * log(rss0 / left) - logDet;
    };
    let [best, top] = [0, -Infinity];
    for (let step = 0; step < RATIOS * PER_UNIT; step += PER_UNIT) {
      const v = statistic(step);
      if (v > top) [best, top] = [step, v];
    }
    let [low, high] = [NaN, NaN];
    const last = (RATIOS - 1) * PER_UNIT;
    for (let half = PER_UNIT / 2; half >= 1; half /= 2) {
      const center = best;
      low = center > 0 ? statistic(center - half) : NaN;
      high = center < last ? statistic(center + half) : NaN;
      const before = top;
      if (low > top) [best, top, low, high] = [center - half, low, NaN, before];
      if (high > top) [best, top, low, high] = [center + half, high, before, NaN];
    }
    if (low !== low && best > 0) low = statistic(best - 1);
    if (high !== high && best < last) high = statistic(best + 1);
    const bend = low + high - 2 * top;
    const shift = bend < 0 ? (low - high) / (2 * bend) : 0;
    const found = top + (bend < 0 ? ((high - low) / 4) * shift : 0);
    if (!(found > 0)) return { statistic: 0, length: NaN, share: 0 };
    return { statistic: found, length, share: 1 / (1 + exp(LEAST + (best + shift) / PER_UNIT)) };
  };
  const block = Math.max(1, Math.floor(1e7 / ((rows.length / indptr.length + 50) * rank)));
  const work = (from: number, to: number): void => {
    for (let g = from; g < to; g++) take(g, fit(g));
  };
  await forEachBlock("Gaussian processes", indptr.length - 1, block, work, { signal: run.signal });
}
