import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { addScaled, dot, projectOut, symmetricEigen } from "./linalg.ts";

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
  const { block, tolerance, seed, step } = options;
  const rng = stream(seed, 0x1a2c);
  let capacity = Math.min(size, 2 * count + 4 * block);
  let basis = new Float64Array(capacity * size);
  /** Column by column: projected[j][i] = q_i . A q_j for all i known when column j was made. */
  const projected: Float64Array[] = [];
  let scale = 0;
  let filled = 0;

  const grow = (rows: number): void => {
    if (rows <= capacity) return;
    capacity = Math.min(size, Math.max(rows, Math.floor(capacity * 1.5)));
    const wider = new Float64Array(capacity * size);
    wider.set(basis);
    basis = wider;
  };
  /**
   * Orthogonalizes row `filled` against the basis and appends it; returns its coefficients and what was left. In exact
   * arithmetic only the last rows matter; they go first, and the pass over all removes what rounding brought back.
   */
  const append = (): Float64Array => {
    const at = filled * size;
    const coefficients = new Float64Array(filled + 1);
    projectOut(basis, size, Math.max(0, filled - 3 * block), filled, at, coefficients);
    projectOut(basis, size, 0, filled, at, coefficients);
    const left = Math.sqrt(dot(basis, at, basis, at, size));
    if (left > 1e-12 * scale) {
      coefficients[filled] = left;
      for (let i = at; i < at + size; i++) basis[i] /= left;
      filled++;
    }
    return coefficients;
  };
  const appendRandom = (): void => {
    grow(filled + 1);
    for (let i = filled * size; i < (filled + 1) * size; i++) basis[i] = rng.uniform() - 0.5;
    const before = scale;
    scale = 1;
    append();
    scale = before;
  };

  while (filled < Math.min(block, size)) appendRandom();
  let done = 0;
  let nextCheck = 2 * count + block;
  for (;;) {
    checkAborted(run.signal);
    const b = filled - done;
    const images = await apply(basis.subarray(done * size, filled * size), b);
    for (let c = 0; c < b; c++)
      scale = Math.max(scale, Math.sqrt(dot(images, c * size, images, c * size, size)));
    const first = filled;
    for (let c = 0; c < b; c++) {
      if (filled === size) {
        projected.push(
          Float64Array.from({ length: size }, (_, i) => dot(basis, i * size, images, c * size, size)),
        );
        continue;
      }
      grow(filled + 1);
      basis.set(images.subarray(c * size, (c + 1) * size), filled * size);
      projected.push(append());
    }
    if (filled === first && filled < size) appendRandom();
    done = first;
    const complete = done === size;
    if (done >= nextCheck || complete) {
      nextCheck = Math.ceil(done * 1.2);
      const converged = complete ? count : countConverged(projected, done, count, b, tolerance);
      run.onProgress?.({ step, fraction: converged / count });
      if (converged === count) return combine(projected, basis, size, done, count);
    }
    await breathe();
  }
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
 * How many of the leading pairs within the basis of `m` vectors, from the first on, are pairs of the whole: what the
 * operator makes of the last `b` vectors outside the basis is the residual.
 */
function countConverged(
  projected: readonly Float64Array[],
  m: number,
  count: number,
  b: number,
  tolerance: number,
): number {
  const { values, vectors } = symmetricEigen(within(projected, m), m, b);
  const floor = FLOOR * Math.max(0, values[0]);
  const outside = new Float64Array(b);
  for (let k = 0; k < count; k++) {
    outside.fill(0);
    for (let c = 0; c < b; c++) {
      const column = projected[m - b + c];
      for (let i = m; i < column.length; i++) outside[i - m] += vectors[k * b + c] * column[i];
    }
    const residual = Math.sqrt(dot(outside, 0, outside, 0, b));
    if (!(residual <= Math.max(tolerance * values[k], floor))) return k;
  }
  return count;
}

function combine(
  projected: readonly Float64Array[],
  basis: Float64Array,
  size: number,
  m: number,
  count: number,
): LeadingEigen {
  const found = symmetricEigen(within(projected, m), m);
  const vectors = new Float64Array(count * size);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < m; i++) addScaled(vectors, k * size, found.vectors[k * m + i], basis, i * size, size);
  }
  return { values: found.values.slice(0, count), vectors };
}
