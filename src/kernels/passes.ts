import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { type BlockedMatrix, selectRows, type Sparse } from "../model/index.ts";
import { rowRange } from "../model/blocked.ts";

/** What is done with each block of rows of a matrix; `start` is its first row. */
export type Pass = (block: Sparse, start: number) => void;

/**
 * A computation that goes over the rows of a matrix once or several times: it yields what to do with each block and is
 * resumed after the last one. Written once, it runs over a matrix in memory or over one that is read in blocks. Whatever
 * adds up row by row gives the same bits either way, for any size of blocks.
 */
export type Passes<R> = Generator<Pass, R, void>;

/** Rows that are read at a time. */
const ROWS = 65_536;
/** Stored entries that light work goes over without a breath. */
const ENTRIES = 4_194_304;
const rowsPerBreath = (block: Sparse): number =>
  Math.floor((block.rows * ENTRIES) / Math.max(ENTRIES, block.data.length));

/** Several computations of as many passes each, in the same passes. */
export function* together<R>(computations: readonly Passes<R>[]): Passes<R[]> {
  for (;;) {
    const next = computations.map((computation) => computation.next());
    const works = next.flatMap((step) => (step.done === true ? [] : [step.value]));
    if (works.length === 0) return next.map((step) => step.value as R);
    yield (block, start) => works.forEach((work) => work(block, start));
  }
}

/** A computation over the given rows only, ascending. */
export function* among<R>(rows: ArrayLike<number>, computation: Passes<R>): Passes<R> {
  for (;;) {
    const next = computation.next();
    if (next.done === true) return next.value;
    let at = 0;
    yield (block, start) => {
      const first = at;
      while (at < rows.length && rows[at] < start + block.rows) at++;
      const chosen = Uint32Array.from({ length: at - first }, (_, r) => rows[first + r] - start);
      next.value(selectRows(block, chosen), first);
    };
  }
}

/** Runs a computation over a matrix in memory. */
export function runInMemory<R>(x: Sparse, computation: Passes<R>): R {
  for (;;) {
    const next = computation.next();
    if (next.done === true) return next.value;
    next.value(x, 0);
  }
}

/** Runs a computation over a matrix that is read in blocks, in memory of one block; each stored entry is visited so often. */
export async function runBlocked<R>(
  step: string,
  x: BlockedMatrix,
  computation: Passes<R>,
  run: RunOptions,
  visits: number = 1,
): Promise<R> {
  const most = (block: Sparse): number => Math.floor(rowsPerBreath(block) / visits);
  for (let pass = 1; ; pass++) {
    const next = computation.next();
    if (next.done === true) return next.value;
    await forEachRows(pass === 1 ? step : `${step}, pass ${pass}`, x, next.value, run, most);
  }
}

/**
 * Goes over the rows of a matrix once, with progress and abort between blocks. `most` says how many rows
 * of a block are worked on at a time, where that takes long.
 */
export async function forEachRows(
  step: string,
  x: BlockedMatrix,
  work: (...at: Parameters<Pass>) => void | Promise<void>,
  run: RunOptions,
  most: (block: Sparse) => number = rowsPerBreath,
): Promise<void> {
  checkAborted(run.signal);
  let row = 0;
  for await (const block of x.blocks(ROWS, run.signal)) {
    const rows = Math.max(1, most(block));
    for (let start = 0; start < block.rows; start += rows) {
      checkAborted(run.signal);
      const end = Math.min(block.rows, start + rows);
      await work(end - start === block.rows ? block : rowRange(block, start, end), row + start);
      run.onProgress?.({ step, fraction: (row + end) / x.rows });
      await breathe();
    }
    row += block.rows;
  }
}
