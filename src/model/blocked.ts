import { checkOptions, number, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { type Expression, selectColumns, selectRows, type Sparse } from "./matrix.ts";

/** A matrix that is read in blocks of rows because it does not fit, or need not be, in memory. */
export interface BlockedMatrix {
  readonly kind: "blocked";
  readonly rows: number;
  readonly cols: number;
  /**
   * The matrix from top to bottom in blocks of at most `rows` rows; fewer where rows are long, so that a block stays small.
   * Each call starts a new pass.
   */
  readonly blocks: (rows: number, signal?: AbortSignal) => AsyncIterable<Sparse>;
}

/**
 * A matrix in memory as one that is read in blocks; shares its arrays.
 *
 * @example
 * ```ts
 * import { dense, toBlocked, toSparse } from "tissular/model";
 * let rows = 0;
 * for await (const block of toBlocked(toSparse(dense(3, 1, Float32Array.of(1, 0, 2)))).blocks(2)) rows += block.rows;
 * if (rows !== 3) throw new Error("two blocks");
 * ```
 */
export function toBlocked(x: Expression<Sparse>): Expression<BlockedMatrix>;
export function toBlocked(x: Sparse): BlockedMatrix;
export function toBlocked(x: Sparse): BlockedMatrix {
  const { indptr: _, indices: __, data: ___, ...rest } = x;
  async function* pass(rows: number, signal?: AbortSignal): AsyncGenerator<Sparse> {
    for (let start = 0; start < x.rows; start += rows) {
      checkAborted(signal);
      yield rowRange(x, start, Math.min(x.rows, start + rows));
    }
  }
  return { ...rest, kind: "blocked", blocks: (rows, signal) => pass(checkBlock(rows), signal) };
}

/**
 * The size of a block, if there can be such blocks.
 *
 * @throws {SpatialError} `option`
 */
export function checkBlock(rows: number): number {
  if (Number.isSafeInteger(rows) && rows >= 1) return rows;
  throw new SpatialError("option", `A block must have at least 1 row, found ${rows}.`, { subject: "rows" });
}

/** Rows [start, end) of a sparse matrix; shares its entries. */
export function rowRange(x: Sparse, start: number, end: number): Sparse {
  const first = x.indptr[start];
  const last = x.indptr[end];
  const indptr = x.indptr.slice(start, end + 1);
  if (first > 0) for (let i = 0; i < indptr.length; i++) indptr[i] -= first;
  const indices = x.indices.subarray(first, last);
  return {
    kind: "sparse",
    rows: end - start,
    cols: x.cols,
    indptr,
    indices,
    data: x.data.subarray(first, last),
  };
}

/**
 * The matrix as it is after `change`, which gets each block and its first row; nothing is read or computed before a pass
 * asks for it. Columns stay as many as they are unless `cols` says otherwise.
 *
 * @example
 * ```ts
 * import { dense, mapBlocks, toBlocked, toSparse } from "tissular/model";
 * const x = toBlocked(toSparse(dense(2, 1, Float32Array.of(1, 2))));
 * const doubled = mapBlocks(x, (block) => ({ ...block, data: block.data.map((v) => 2 * v) }));
 * for await (const { data } of doubled.blocks(2)) if (data.join() !== "2,4") throw new Error("doubled");
 * ```
 */
export function mapBlocks<M extends BlockedMatrix>(
  x: M,
  change: (block: Sparse, start: number) => Sparse,
  cols: number = x.cols,
): M {
  async function* blocks(rows: number, signal?: AbortSignal): AsyncGenerator<Sparse> {
    let start = 0;
    for await (const block of x.blocks(rows, signal)) {
      yield change(block, start);
      start += block.rows;
    }
  }
  return { ...x, cols, blocks };
}

/**
 * A view of the given columns, strictly ascending, chosen as blocks go by.
 *
 * @throws {SpatialError} `input` for a column that is not there or out of order
 */
export function selectColumnsBlocked<M extends BlockedMatrix>(x: M, columns: ArrayLike<number>): M {
  const none: Sparse = {
    kind: "sparse",
    rows: 0,
    cols: x.cols,
    indptr: new Uint32Array(1),
    indices: new Uint32Array(0),
    data: new Float32Array(0),
  };
  selectColumns(none, columns);
  return mapBlocks(x, (block) => selectColumns(block, columns), columns.length);
}

/**
 * A view of the given rows, strictly ascending, chosen as blocks go by: a pass reads the whole matrix.
 *
 * @throws {SpatialError} `input` for a row that is not there or out of order
 *
 * @example
 * ```ts
 * import { collectBlocks, dense, selectRowsBlocked, toBlocked, toSparse } from "tissular/model";
 * const x = toBlocked(toSparse(dense(3, 1, Float32Array.of(1, 2, 3))));
 * const { data } = await collectBlocks(selectRowsBlocked(x, [0, 2]));
 * if (data.join() !== "1,3") throw new Error("first and last");
 * ```
 */
export function selectRowsBlocked<M extends BlockedMatrix>(x: M, rows: ArrayLike<number>): M {
  for (let r = 0; r < rows.length; r++) {
    const exists = rows[r] >= 0 && rows[r] < x.rows && Number.isInteger(rows[r]);
    if (!exists || (r > 0 && rows[r] <= rows[r - 1]))
      throw new SpatialError("input", `Rows must ascend strictly below ${x.rows}, found ${rows[r]}.`);
  }
  async function* blocks(most: number, signal?: AbortSignal): AsyncGenerator<Sparse> {
    let start = 0;
    let next = 0;
    for await (const block of x.blocks(most, signal)) {
      const first = next;
      while (next < rows.length && rows[next] < start + block.rows) next++;
      const chosen = Uint32Array.from({ length: next - first }, (_, r) => rows[first + r] - start);
      start += block.rows;
      if (chosen.length === block.rows) yield block;
      else if (chosen.length > 0) yield selectRows(block, chosen);
      if (next === rows.length) return;
    }
  }
  return { ...x, rows: rows.length, blocks };
}

/** Options of `collectBlocks`. */
export interface CollectBlocksOptions extends RunOptions {
  /** Refuse once the matrix takes more bytes than this; default 4e9. */
  readonly maxBytes?: number;
}

/**
 * Reads a matrix of blocks into memory, for example the variable genes of a large one. Cost: one pass; 8 bytes per stored
 * entry, twice that for a moment.
 *
 * @throws {SpatialError} `memory` once it needs more than `maxBytes`; `aborted`
 */
export async function collectBlocks(
  x: Expression<BlockedMatrix>,
  options?: CollectBlocksOptions,
): Promise<Expression<Sparse>>;
export async function collectBlocks(x: BlockedMatrix, options?: CollectBlocksOptions): Promise<Sparse>;
export async function collectBlocks(x: BlockedMatrix, options: CollectBlocksOptions = {}): Promise<Sparse> {
  checkOptions("collectBlocks", options, { maxBytes: number(0), ...runRules });
  const { maxBytes = 4e9, signal, onProgress } = options;
  const parts: Sparse[] = [];
  const indptr = new Uint32Array(x.rows + 1);
  let row = 0;
  let m = 0;
  for await (const block of x.blocks(COLLECT_ROWS, signal)) {
    for (let i = 0; i < block.rows; i++) indptr[row + i + 1] = m + block.indptr[i + 1];
    row += block.rows;
    m += block.data.length;
    if (8 * m > Math.min(maxBytes, MOST_BYTES)) {
      throw new SpatialError(
        "memory",
        `collectBlocks: ${m} values of the first ${row} of ${x.rows} rows need ${((8 * m) / 1e9).toFixed(1)} GB, the limit is ${(Math.min(maxBytes, MOST_BYTES) / 1e9).toFixed(1)} GB.`,
        {
          subject: "maxBytes",
          hint: "Choose genes or cells first (selectColumnsBlocked, selectRowsBlocked).",
        },
      );
    }
    parts.push(block);
    onProgress?.({ step: "collect", fraction: row / x.rows });
    await breathe();
  }
  const indices = new Uint32Array(m);
  const data = new Float32Array(m);
  let at = 0;
  for (const part of parts) {
    indices.set(part.indices, at);
    data.set(part.data, at);
    at += part.data.length;
  }
  const { blocks: _, ...rest } = x;
  return { ...rest, kind: "sparse", indptr, indices, data };
}

const COLLECT_ROWS = 65_536;
/** What offsets of 32 bits can count. */
const MOST_BYTES = 8 * 4_294_967_295;
