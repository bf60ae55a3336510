import type { Sparse } from "./matrix.ts";

/** A matrix that is read in blocks of rows because it does not fit, or need not be, in memory. */
export interface BlockedMatrix {
  readonly kind: "blocked";
  readonly rows: number;
  readonly cols: number;
  /**
   * The matrix from top to bottom in blocks of at most `rows` rows (the last may be smaller).
   * Each call starts a new pass.
   */
  readonly blocks: (rows: number, signal?: AbortSignal) => AsyncIterable<Sparse>;
}
