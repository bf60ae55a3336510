import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { combineRows, dot, leadingPairs, type Tridiagonal, tridiagonalize, vectorEnds } from "./linalg.ts";
import { log } from "./math.ts";
import { type Arena, withArena } from "./wasm/arena.ts";

/** The leading eigenpairs of a symmetric operator, in descending order. */
export interface LeadingEigen {
  /** length count */
  readonly values: Float64Array;
  /** length count * size, one vector per row */
  readonly vectors: Float64Array;
}

/** The operator applied to each of b vectors (rows of equal length). */
export type BlockProduct = (vectors: Float64Array, b: number) => Promise<Float64Array>;

/** How `leadingEigen` searches. */
export interface LanczosOptions {
  /** How many vectors go through the operator at a time. */
  readonly block: number;
  /** A pair (value, x) is done when |A x - value x| <= tolerance * value. */
  readonly tolerance: number;
  readonly seed: number;
  /** What is being done, for progress. */
  readonly step: string;
}

/** Below this part of the largest eigenvalue a residual is taken as rounding. */
const FLOOR = 1e-7;

/** What is known between two leases of memory. */
interface Search {
  /** Orthonormal vectors, `stride` numbers each. */
  basis: Float64Array;
  /** How many vectors there are, and how many of them went through the operator. */
  filled: number;
  done: number;
  /** Column by column: projected[j][i] = q_i . A q_j for all i known when column j was made. */
  readonly projected: Float64Array[];
  /** The longest image so far. */
  scale: number;
  /** The size at which convergence is looked at next, and what was found the last time. */
  nextCheck: number;
  last: { readonly done: number; readonly excess: number } | null;
}

/**
 * The `count` largest eigenvalues of a positive semidefinite operator and their vectors, by block Lanczos with full
 * reorthogonalization (Golub and Underwood 1977) from a seeded random block: the basis grows until every wanted pair
 * meets the tolerance, at the latest until it spans the space and the answer is exact.
 */
export async function leadingEigen(
  size: number,
  count: number,
  apply: BlockProduct,
  options: LanczosOptions,
  run: RunOptions,
): Promise<LeadingEigen> {
  const { block } = options;
  const stride = Math.ceil(size / 4) * 4;
  const search: Search = {
    basis: new Float64Array(0),
    filled: 0,
    done: 0,
    projected: [],
    scale: 0,
    nextCheck: 2 * count + block,
    last: null,
  };
  for (let capacity = 8 * count + 4 * block; ; capacity *= 2) {
    const rows = Math.min(size, capacity) + block;
    const found = await withArena(8 * rows * (stride + block), (arena) =>
      extend(search, arena, rows, size, stride, count, apply, options, run),
    );
    if (found !== null) return found;
  }
}

/** Goes on with a search while the memory has room for `rows` vectors; null when it has no more. */
async function extend(
  search: Search,
  arena: Arena,
  rows: number,
  size: number,
  stride: number,
  count: number,
  apply: BlockProduct,
  { block, tolerance, seed, step }: LanczosOptions,
  run: RunOptions,
): Promise<LeadingEigen | null> {
  const { projected } = search;
  const basis = arena.f64(rows * stride);
  const sizes = arena.f64(rows * block);
  basis.set(search.basis);
  const project = (from: number, to: number, at: number, b: number, c: number): void => {
    const first = basis.byteOffset;
    const taken = sizes.byteOffset + 8 * rows * c;
    arena.kernels.projectRows(first, 8 * stride, from, to, first + 8 * stride * at, b, taken, 8 * rows);
  };
  const lengthOf = (row: number): number => Math.sqrt(dot(basis, row * stride, basis, row * stride, size));
  /**
   * Orthogonalizes the b rows after the last vector and appends what is left of each; returns their coefficients. In exact
   * arithmetic only the last vectors matter; they go first, and the pass over all removes what rounding brought back. A
   * row that shrinks much among its own block is cleaned once more.
   */
  const append = (b: number, least: number): Float64Array[] => {
    const first = search.filled;
    sizes.fill(0);
    project(Math.max(0, first - 3 * block), first, first, b, 0);
    project(0, first, first, b, 0);
    return Array.from({ length: b }, (_, c) => {
      const row = first + c;
      let from = first;
      let before = lengthOf(row);
      let left = before;
      for (;;) {
        project(from, search.filled, row, 1, c);
        left = lengthOf(row);
        if (!(left < 0.1 * before && left > least)) break;
        before = left;
        from = 0;
      }
      const to = search.filled;
      const coefficients = sizes.slice(c * rows, c * rows + to + 1);
      if (to === size || left <= least) return coefficients;
      coefficients[to] = left;
      for (let i = 0; i < size; i++) basis[to * stride + i] = basis[row * stride + i] / left;
      search.filled++;
      return coefficients;
    });
  };
  const appendRandom = (): void => {
    const rng = stream(seed, 0x1a2c, search.filled);
    const at = search.filled * stride;
    for (let i = 0; i < size; i++) basis[at + i] = rng.uniform() - 0.5;
    append(1, 1e-12);
  };

  while (search.filled < Math.min(block, size)) appendRandom();
  const vectors = new Float64Array(block * size);
  for (;;) {
    checkAborted(run.signal);
    const { done, filled: first } = search;
    const b = first - done;
    if (first < size && first + b > rows) {
      search.basis = basis.slice(0, first * stride);
      return null;
    }
    for (let c = 0; c < b; c++)
      vectors.set(basis.subarray((done + c) * stride, (done + c) * stride + size), c * size);
    const images = await apply(vectors.subarray(0, b * size), b);
    for (let c = 0; c < b; c++) {
      const image = images.subarray(c * size, (c + 1) * size);
      search.scale = Math.max(search.scale, Math.sqrt(dot(image, 0, image, 0, size)));
      basis.set(image, (first + c) * stride);
    }
    projected.push(...append(b, 1e-12 * search.scale));
    if (search.filled === first && first < size) appendRandom();
    search.done = first;
    const complete = first === size;
    if (first >= search.nextCheck || complete) {
      const inner = tridiagonalize(within(projected, first), first);
      const { converged, excess } = complete
        ? { converged: count, excess: 0 }
        : residuals(projected, inner, count, b, tolerance);
      run.onProgress?.({ step, fraction: converged / count });
      if (converged === count) {
        const { values, vectors } = leadingPairs(inner, count);
        return {
          values: values.slice(0, count),
          vectors: combineRows(vectors, count, basis, first, stride, size),
        };
      }
      search.nextCheck = first + Math.ceil(nextStep(search.last, first, excess));
      search.last = { done: first, excess };
    }
    await breathe();
  }
}

/** How many vectors more until convergence, judged from the last two looks: residuals fall geometrically. */
function nextStep(last: Search["last"], done: number, excess: number): number {
  const gain = last === null ? 0 : (last.excess - excess) / (done - last.done);
  return Math.max(0.04 * done, Math.min(gain > 0 ? excess / gain : Infinity, 0.25 * done));
}

/** The operator within the basis of the first `m` vectors. */
function within(projected: readonly Float64Array[], m: number): Float64Array {
  const t = new Float64Array(m * m);
  for (let j = 0; j < m; j++) {
    const column = projected[j];
    for (let i = 0; i < Math.min(m, column.length); i++) t[i * m + j] = t[j * m + i] = column[i];
  }
  return t;
}

/**
 * How many of the leading pairs within the basis (`inner`: the operator there), from the first on, are pairs of the whole: what the
 * operator makes of the last `b` vectors outside the basis is the residual. `excess` is the logarithm of the
 * worst residual over what is allowed.
 */
function residuals(
  projected: readonly Float64Array[],
  inner: Tridiagonal,
  count: number,
  b: number,
  tolerance: number,
): { readonly converged: number; readonly excess: number } {
  const m = inner.size;
  const { values, vectors } = vectorEnds(inner, b);
  const floor = FLOOR * Math.max(0, values[0]);
  const outside = new Float64Array(b);
  let converged = 0;
  let worst = 0;
  for (let k = 0; k < count; k++) {
    outside.fill(0);
    for (let c = 0; c < b; c++) {
      const column = projected[m - b + c];
      for (let i = m; i < column.length; i++) outside[i - m] += vectors[k * b + c] * column[i];
    }
    const residual = Math.sqrt(dot(outside, 0, outside, 0, b));
    const allowed = Math.max(tolerance * values[k], floor);
    if (residual <= allowed && converged === k) converged++;
    if (residual > 0) worst = Math.max(worst, residual / allowed);
  }
  return { converged, excess: log(worst) };
}
