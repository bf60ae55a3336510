import { pow } from "../kernels/math.ts";

/** Pieces of a table: 64 for each octave of squared distances from 2^-20 to 2^20. */
export const FORCE_PIECES = 2560;

/**
 * A force over distance as the kernels read it: value and slope per unit in the last place of each piece. Forces of UMAP are off by
 * at most 3e-4 of themselves; beyond the ends they stay as they are there.
 */
export function tabulate(force: (square: number) => number): Float32Array {
  const table = new Float32Array(2 * FORCE_PIECES);
  const at = (piece: number): number => force(pow(2, Math.floor(piece / 64) - 20) * (1 + (piece % 64) / 64));
  for (let t = 0; t < FORCE_PIECES; t++) {
    table[2 * t] = at(t);
    table[2 * t + 1] = (at(t + 1) - at(t)) / 131072;
  }
  return table;
}
