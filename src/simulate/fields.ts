import type { Sparse } from "../model/index.ts";

/** Cells by the fields of view of an instrument: squares side by side, row by row. */
export interface Fields {
  readonly cols: number;
  readonly rows: number;
  /** field of each cell, from 0; length n */
  readonly field: Int32Array;
  /** number of each cell in its field, from 1; length n */
  readonly number: Int32Array;
  /** cells field by field, as instruments list them; length n */
  readonly order: Uint32Array;
}

/** Divides the plane into squares of that side. */
export function fieldsOfView(xy: Float64Array, side: number): Fields {
  const n = xy.length / 2;
  const end = (axis: 0 | 1): number =>
    1 + Math.floor(xy.reduce((most, v, k) => (k % 2 === axis && v > most ? v : most), 0) / side);
  const [cols, rows] = [end(0), end(1)];
  const field = Int32Array.from(
    { length: n },
    (_, i) => Math.floor(xy[2 * i + 1] / side) * cols + Math.floor(xy[2 * i] / side),
  );
  const count = new Int32Array(rows * cols);
  const number = Int32Array.from(field, (f) => ++count[f]);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  order.sort((a, b) => field[a] - field[b] || number[a] - number[b]);
  return { cols, rows, field, number, order };
}

/** Rows of text that are joined when there are enough of them. */
const ROWS = 512;

/** A table of counts as text, every zero written. */
export interface CountsText {
  /** Adds a line: its labels, then the entries of row i of matrices side by side. */
  readonly row: (label: string, matrices: readonly Sparse[], i: number) => void;
  readonly bytes: () => Uint8Array;
}

export function countsText(header: readonly string[], labels: number): CountsText {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let lines = [header.join(",")];
  const flush = (): void => {
    parts.push(encoder.encode(`${lines.join("\n")}\n`));
    lines = [];
  };
  return {
    row: (label, matrices, i) => {
      const fields = new Array<number>(header.length - labels).fill(0);
      let first = 0;
      for (const { indptr, indices, data, cols } of matrices) {
        for (let e = indptr[i]; e < indptr[i + 1]; e++) fields[first + indices[e]] = data[e];
        first += cols;
      }
      lines.push(`${label},${fields.join(",")}`);
      if (lines.length === ROWS) flush();
    },
    bytes: () => {
      if (lines.length > 0) flush();
      const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    },
  };
}
