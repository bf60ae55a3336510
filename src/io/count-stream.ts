import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Sparse } from "../model/matrix.ts";

/** Counts of one gene at places of a square lattice: entries [start, end) of the arrays. */
export interface PlacedCounts {
  readonly gene: number;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly count: ArrayLike<number>;
  readonly start: number;
  readonly end: number;
}

/** Counts of all genes, in ascending order of genes, in pieces that are read anew by each pass. */
export interface CountStream {
  readonly subject: string;
  readonly genes: number;
  readonly pieces: (run: RunOptions) => AsyncIterable<PlacedCounts>;
}

/** Goes once through all pieces. */
export type Pass = (work: (piece: PlacedCounts) => void) => Promise<void>;

/** What lies in each square, rows by y, then x. */
export interface SquareBins {
  /** n squares that hold something x p genes */
  readonly counts: Sparse;
  /** corner of each square with the smallest coordinates, in steps of the lattice */
  readonly x: Int32Array;
  readonly y: Int32Array;
}

/** Passes over the counts that summing takes. */
const PASSES = 4;
/** Most squares of the area, one bit and a quarter of a rank each: 1 GB. */
const MOST = 4_294_967_296;

/**
 * Sums counts on a lattice into squares of `size` steps: square (i, j) holds x in [i size, (i + 1) size), y likewise.
 * Reads them four times (area, squares, entries per square, entries) and keeps none: memory is 8 bytes per entry of the
 * result, a quarter of a byte per square of the area.
 *
 * @throws {SpatialError} `format` for coordinates below 0; `memory` for an area of more than 2^32 squares
 */
export async function sumSquares(stream: CountStream, size: number, run: RunOptions): Promise<SquareBins> {
  let pass = 0;
  const each: Pass = async (work) => {
    const onProgress: RunOptions["onProgress"] = (p) =>
      run.onProgress?.({ step: "sum", fraction: (pass + p.fraction) / PASSES });
    for await (const piece of stream.pieces({ ...run, onProgress })) work(piece);
    pass++;
  };
  const { columns, squares } = await areaOf(each, stream.subject, size);
  const squareOf = (x: number, y: number): number => Math.floor(y / size) * columns + Math.floor(x / size);
  const bits = new Uint32Array(Math.ceil(squares / 32));
  await each(({ x, y, start, end }) => {
    for (let e = start; e < end; e++) {
      const square = squareOf(x[e], y[e]);
      bits[square >>> 5] |= 1 << (square & 31);
    }
  });
  const { before, total } = ranksOf(bits);
  const counts = await sumEntries(each, total, stream, ({ x, y }, e) => {
    const square = squareOf(x[e], y[e]);
    return before[square >>> 5] + ones(bits[square >>> 5] & ((1 << (square & 31)) - 1));
  });
  const at = { x: new Int32Array(total), y: new Int32Array(total) };
  for (let w = 0, row = 0; w < bits.length; w++) {
    for (let word = bits[w]; word !== 0; word &= word - 1) {
      const square = w * 32 + 31 - Math.clz32(word & -word);
      at.x[row] = (square % columns) * size;
      at.y[row++] = Math.floor(square / columns) * size;
    }
  }
  return { counts, ...at };
}

/** How many squares lie across and in all of the area from 0, 0 to the farthest counts. */
export async function areaOf(
  each: Pass,
  subject: string,
  size: number,
): Promise<{ readonly columns: number; readonly squares: number }> {
  let [maxX, maxY] = [-1, -1];
  await each(({ x, y, start, end }) => {
    for (let e = start; e < end; e++) {
      if (x[e] < 0 || y[e] < 0) throw below(subject, Math.min(x[e], y[e]));
      if (x[e] > maxX) maxX = x[e];
      if (y[e] > maxY) maxY = y[e];
    }
  });
  const columns = Math.floor(maxX / size) + 1;
  const squares = columns * (Math.floor(maxY / size) + 1);
  if (squares > MOST) throw tooFine(subject, squares);
  return { columns, squares };
}

/**
 * Sums counts into rows x genes: `rowOf` says to which row an entry belongs, -1 to none. Genes must come in ascending
 * order, so that the place of each sum is the last one taken in its row. Two passes, counting and filling.
 *
 * @throws {SpatialError} `memory` for 2^32 sums and more
 */
export async function sumEntries(
  each: Pass,
  rows: number,
  { subject, genes }: Pick<CountStream, "subject" | "genes">,
  rowOf: (piece: PlacedCounts, e: number) => number,
): Promise<Sparse> {
  const indptr = new Uint32Array(rows + 1);
  const last = new Int32Array(rows).fill(-1);
  let sums = 0;
  await each((piece) => {
    for (let e = piece.start; e < piece.end; e++) {
      const row = rowOf(piece, e);
      if (row < 0 || last[row] === piece.gene) continue;
      last[row] = piece.gene;
      indptr[row + 1]++;
      sums++;
    }
  });
  if (sums >= MOST) throw tooFine(subject, sums);
  for (let i = 0; i < rows; i++) indptr[i + 1] += indptr[i];
  const next = indptr.slice(0, rows);
  const indices = new Uint32Array(sums);
  const data = new Float32Array(sums);
  last.fill(-1);
  await each((piece) => {
    for (let e = piece.start; e < piece.end; e++) {
      const row = rowOf(piece, e);
      if (row < 0) continue;
      if (last[row] !== piece.gene) {
        last[row] = piece.gene;
        indices[next[row]++] = piece.gene;
      }
      data[next[row] - 1] += piece.count[e];
    }
  });
  return { kind: "sparse", rows, cols: genes, indptr, indices, data };
}

function below(subject: string, found: number): SpatialError {
  return new SpatialError("format", `Coordinates of ${subject} must not be below 0, found ${found}.`, {
    subject,
  });
}

function tooFine(subject: string, found: number): SpatialError {
  return new SpatialError(
    "memory",
    `Bins this small are too many: ${found} of ${subject} do not fit in memory.`,
    {
      subject: "binSize",
      hint: "Choose larger bins with binSize (--bin-size).",
    },
  );
}

/** How many bits are set before each word. */
function ranksOf(bits: Uint32Array): { readonly before: Uint32Array; readonly total: number } {
  const before = new Uint32Array(bits.length);
  let total = 0;
  for (let w = 0; w < bits.length; w++) {
    before[w] = total;
    total += ones(bits[w]);
  }
  return { before, total };
}

/** How many bits of a word are set. */
function ones(word: number): number {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Lets other work in between two pieces, and the caller stop. */
export async function pause(run: RunOptions, fraction: number, step: string = "read"): Promise<void> {
  checkAborted(run.signal);
  run.onProgress?.({ step, fraction });
  await breathe();
}
