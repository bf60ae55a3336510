import { SpatialError } from "../core/errors.ts";
import { checkMemory } from "../core/memory.ts";
import type { BlockedMatrix } from "./blocked.ts";
import { checkRows } from "./table.ts";

/** A full matrix, row-major: entry (i, j) is `data[i * cols + j]`. */
export interface Dense {
  readonly kind: "dense";
  readonly rows: number;
  readonly cols: number;
  /** length rows * cols */
  readonly data: Float32Array | Float64Array;
}

/** A compressed sparse row matrix; column indices ascend within a row and no entry stands twice. */
export interface Sparse {
  readonly kind: "sparse";
  readonly rows: number;
  readonly cols: number;
  /** length rows + 1; row i owns entries indptr[i] to indptr[i + 1] */
  readonly indptr: Uint32Array;
  /** column of each stored entry, length m */
  readonly indices: Uint32Array;
  /** value of each stored entry, length m */
  readonly data: Float32Array;
}

/** Any matrix of observations (rows) by features (columns). */
export type Matrix = Dense | Sparse | BlockedMatrix;

/**
 * What an expression matrix holds: `counts` (whole numbers >= 0), `normalized` (scaled by size, not logged),
 * `log` (log1p of normalized), `scaled` (centred, has negatives).
 */
export type Values = "counts" | "normalized" | "log" | "scaled";

/** A matrix that says what its values are. */
export type Expression<M extends Matrix = Matrix> = M & { readonly values: Values };

/**
 * A row-major matrix over `data` (shared, not copied), or of zeros.
 *
 * @throws {SpatialError} `input` where the number of values is not rows * cols
 */
export function dense(rows: number, cols: number, data?: Float32Array | Float64Array): Dense {
  const values = data ?? new Float32Array(rows * cols);
  if (values.length !== rows * cols) {
    throw new SpatialError(
      "input",
      `A ${rows} x ${cols} matrix needs ${rows * cols} values, found ${values.length}.`,
    );
  }
  return { kind: "dense", rows, cols, data: values };
}

/**
 * A sparse matrix over the given arrays (shared, not copied), checked: offsets ascend and fit, columns ascend
 * strictly within each row and stay below `cols`. Cost: one pass over the stored entries.
 *
 * @throws {SpatialError} `input` where the arrays do not fit together
 *
 * @example
 * ```ts
 * import { selectRows, sparse, toDense, transpose } from "tissular/model";
 * // [[0, 5], [7, 0]]
 * const x = sparse(2, 2, Uint32Array.from([0, 1, 2]), Uint32Array.from([1, 0]), Float32Array.from([5, 7]));
 * if (toDense(transpose(x)).data.join() !== "0,7,5,0") throw new Error("rows become columns");
 * if (selectRows(x, [1]).data[0] !== 7) throw new Error("the second row");
 * ```
 */
export function sparse(
  rows: number,
  cols: number,
  indptr: Uint32Array,
  indices: Uint32Array,
  data: Float32Array,
): Sparse {
  const fail = (what: string): never => {
    throw new SpatialError("input", `Not a valid ${rows} x ${cols} sparse matrix: ${what}.`);
  };
  if (indptr.length !== rows + 1 || indptr[0] !== 0)
    fail(`needs ${rows + 1} row offsets starting at 0, found ${indptr.length}`);
  if (indptr[rows] !== indices.length || indices.length !== data.length) {
    fail(`offsets end at ${indptr[rows]}, but there are ${indices.length} columns and ${data.length} values`);
  }
  for (let i = 0; i < rows; i++) {
    if (indptr[i + 1] < indptr[i]) fail(`row offsets go down at row ${i}`);
    let last = -1;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      if (indices[e] <= last) fail(`columns of row ${i} are not strictly ascending`);
      last = indices[e];
    }
    if (last >= cols) fail(`row ${i} names column ${last}`);
  }
  return { kind: "sparse", rows, cols, indptr, indices, data };
}

/** Marks a matrix with what it holds; shares all arrays. */
export function expression<M extends Matrix>(matrix: M, values: Values): Expression<M> {
  return { ...matrix, values };
}

/**
 * What the values look like: any negative means `scaled`, whole numbers mean `counts`. Of the rest, no value above
 * 50 and rows that do not share a total mean `log`; else `normalized`. Reads every stored value once.
 */
export function inferValues(matrix: Dense | Sparse): Values {
  const { data, rows } = matrix;
  let whole = true;
  let max = 0;
  for (let e = 0; e < data.length; e++) {
    const v = data[e];
    if (v < 0) return "scaled";
    if (v > max) max = v;
    if (whole && v !== Math.floor(v)) whole = false;
  }
  if (whole) return "counts";
  if (max > 50) return "normalized";
  let low = Infinity;
  let high = 0;
  for (let i = 0; i < rows; i++) {
    const start = matrix.kind === "sparse" ? matrix.indptr[i] : i * matrix.cols;
    const end = matrix.kind === "sparse" ? matrix.indptr[i + 1] : start + matrix.cols;
    let sum = 0;
    for (let e = start; e < end; e++) sum += data[e];
    if (sum === 0) continue;
    low = Math.min(low, sum);
    high = Math.max(high, sum);
  }
  return high > 0 && high - low < 1e-3 * high ? "normalized" : "log";
}

/**
 * Refuses an expression matrix whose values are not among the wanted ones.
 *
 * @throws {SpatialError} `values`
 */
export function requireValues(
  verb: string,
  matrix: { readonly values: Values },
  ...wanted: readonly Values[]
): void {
  if (!wanted.includes(matrix.values)) {
    throw new SpatialError("values", `${verb} needs ${wanted.join(" or ")} values, found ${matrix.values}.`, {
      hint: "If the values are labelled wrongly, say what they are with the option values (--values on the command line).",
    });
  }
}

/** The transpose, also sparse and sorted: rows become columns. Cost O(m + rows + cols). */
export function transpose(x: Sparse): Sparse {
  const indptr = new Uint32Array(x.cols + 1);
  const m = x.indices.length;
  for (let e = 0; e < m; e++) indptr[x.indices[e] + 1]++;
  for (let j = 0; j < x.cols; j++) indptr[j + 1] += indptr[j];
  const next = indptr.slice(0, x.cols);
  const indices = new Uint32Array(m);
  const data = new Float32Array(m);
  for (let i = 0; i < x.rows; i++) {
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) {
      const at = next[x.indices[e]]++;
      indices[at] = i;
      data[at] = x.data[e];
    }
  }
  return { kind: "sparse", rows: x.cols, cols: x.rows, indptr, indices, data };
}

/**
 * The given rows, in the given order (repeats allowed); other properties such as `values` are kept.
 *
 * @throws {SpatialError} `input` for a row that is not there
 */
export function selectRows<M extends Dense | Sparse>(x: M, rows: ArrayLike<number>): M {
  const n = rows.length;
  checkRows(rows, x.rows);
  const matrix: Dense | Sparse = x;
  if (matrix.kind === "dense") {
    const Array = matrix.data.constructor as Float32ArrayConstructor;
    const data = new Array(n * matrix.cols);
    for (let r = 0; r < n; r++)
      data.set(matrix.data.subarray(rows[r] * matrix.cols, (rows[r] + 1) * matrix.cols), r * matrix.cols);
    return { ...x, rows: n, data };
  }
  const indptr = new Uint32Array(n + 1);
  for (let r = 0; r < n; r++) indptr[r + 1] = indptr[r] + matrix.indptr[rows[r] + 1] - matrix.indptr[rows[r]];
  const indices = new Uint32Array(indptr[n]);
  const data = new Float32Array(indptr[n]);
  for (let r = 0; r < n; r++) {
    indices.set(matrix.indices.subarray(matrix.indptr[rows[r]], matrix.indptr[rows[r] + 1]), indptr[r]);
    data.set(matrix.data.subarray(matrix.indptr[rows[r]], matrix.indptr[rows[r] + 1]), indptr[r]);
  }
  return { ...x, rows: n, indptr, indices, data };
}

/**
 * The given columns, strictly ascending; other properties such as `values` are kept.
 *
 * @throws {SpatialError} `input` for a column that is not there or out of order
 */
export function selectColumns<M extends Dense | Sparse>(x: M, columns: ArrayLike<number>): M {
  const p = columns.length;
  const at = new Int32Array(x.cols).fill(-1);
  for (let c = 0; c < p; c++) {
    const exists = columns[c] >= 0 && columns[c] < x.cols && Number.isInteger(columns[c]);
    if (!exists || (c > 0 && columns[c] <= columns[c - 1])) {
      throw new SpatialError("input", `Columns must ascend strictly below ${x.cols}, found ${columns[c]}.`);
    }
    at[columns[c]] = c;
  }
  const matrix: Dense | Sparse = x;
  if (matrix.kind === "dense") {
    const Array = matrix.data.constructor as Float32ArrayConstructor;
    const data = new Array(matrix.rows * p);
    for (let i = 0; i < matrix.rows; i++)
      for (let c = 0; c < p; c++) data[i * p + c] = matrix.data[i * matrix.cols + columns[c]];
    return { ...x, cols: p, data };
  }
  // Without branches, which processors guess wrong: what is not chosen is written over, or past the end, where nothing is kept.
  const indptr = new Uint32Array(matrix.rows + 1);
  let m = 0;
  for (let i = 0; i < matrix.rows; i++) {
    for (let e = matrix.indptr[i], end = matrix.indptr[i + 1]; e < end; e++)
      m += 1 + (at[matrix.indices[e]] >> 31);
    indptr[i + 1] = m;
  }
  const indices = new Uint32Array(m);
  const data = new Float32Array(m);
  m = 0;
  for (let e = 0; e < matrix.indices.length; e++) {
    const c = at[matrix.indices[e]];
    indices[m] = c;
    data[m] = matrix.data[e];
    m += 1 + (c >> 31);
  }
  return { ...x, cols: p, indptr, indices, data };
}

/** The non-zero entries of a dense matrix. */
export function toSparse(x: Dense): Sparse {
  const indptr = new Uint32Array(x.rows + 1);
  for (let i = 0; i < x.rows; i++) {
    let m = indptr[i];
    for (let j = 0; j < x.cols; j++) if (x.data[i * x.cols + j] !== 0) m++;
    indptr[i + 1] = m;
  }
  const indices = new Uint32Array(indptr[x.rows]);
  const data = new Float32Array(indptr[x.rows]);
  let m = 0;
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < x.cols; j++) {
      const v = x.data[i * x.cols + j];
      if (v !== 0) {
        indices[m] = j;
        data[m++] = v;
      }
    }
  }
  return { kind: "sparse", rows: x.rows, cols: x.cols, indptr, indices, data };
}

/**
 * All entries of a sparse matrix, zeros included.
 *
 * @throws {SpatialError} `memory` from 2^31 entries on, or where the machine has less
 */
export function toDense(x: Sparse): Dense {
  if (x.rows * x.cols >= 2147483648) {
    throw new SpatialError(
      "memory",
      `A full ${x.rows} x ${x.cols} matrix needs ${((x.rows * x.cols * 4) / 1e9).toFixed(1)} GB.`,
      {
        hint: "Select rows or columns first.",
      },
    );
  }
  checkMemory(`A full ${x.rows} x ${x.cols} matrix`, 4 * x.rows * x.cols, "Select rows or columns first.");
  const data = new Float32Array(x.rows * x.cols);
  for (let i = 0; i < x.rows; i++) {
    for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) data[i * x.cols + x.indices[e]] = x.data[e];
  }
  return { kind: "dense", rows: x.rows, cols: x.cols, data };
}
