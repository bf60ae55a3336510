import { type Sparse, transpose } from "../model/matrix.ts";

/** Counts how often each pair of a row and a column comes, in memory of the distinct pairs. */
export interface Tally {
  readonly add: (row: number, column: number) => void;
  /** The counts with column c at place `order[c]`; every column that came must have one. */
  readonly finish: (order: Uint32Array) => Sparse;
}

/** Pairs that are kept before they are counted, at least. */
const PENDING = 1_048_576;

/** Starts counts over `rows` rows. Cost O(1) per pair, in the mean, and O(rows + columns) now and then. */
export function startTally(rows: number): Tally {
  let counted: Sparse = {
    kind: "sparse",
    rows,
    cols: 0,
    indptr: new Uint32Array(rows + 1),
    indices: new Uint32Array(0),
    data: new Float32Array(0),
  };
  let row = new Uint32Array(PENDING);
  let column = new Uint32Array(PENDING);
  let pending = 0;
  let cols = 0;

  /** Sorts by column, then (stably) by row, and adds what stands side by side. */
  const settle = (order: Uint32Array | null): void => {
    const at = (c: number): number => (order === null ? c : order[c]);
    const byColumn = new Uint32Array(cols + 1);
    for (const c of counted.indices) byColumn[at(c) + 1]++;
    for (let k = 0; k < pending; k++) byColumn[at(column[k]) + 1]++;
    for (let c = 0; c < cols; c++) byColumn[c + 1] += byColumn[c];
    const next = byColumn.slice(0, cols);
    const owner = new Uint32Array(byColumn[cols]);
    const value = new Float32Array(byColumn[cols]);
    const put = (r: number, c: number, v: number): void => {
      const place = next[at(c)]++;
      owner[place] = r;
      value[place] = v;
    };
    for (let r = 0; r < rows; r++)
      for (let e = counted.indptr[r]; e < counted.indptr[r + 1]; e++)
        put(r, counted.indices[e], counted.data[e]);
    for (let k = 0; k < pending; k++) put(row[k], column[k], 1);
    counted = collapse(
      transpose({ kind: "sparse", rows: cols, cols: rows, indptr: byColumn, indices: owner, data: value }),
    );
    pending = 0;
    const wanted = Math.max(PENDING, counted.indices.length);
    if (wanted > 2 * row.length) {
      row = new Uint32Array(wanted);
      column = new Uint32Array(wanted);
    }
  };
  return {
    add: (r, c) => {
      if (pending === row.length) settle(null);
      row[pending] = r;
      column[pending++] = c;
      if (c >= cols) cols = c + 1;
    },
    finish: (order) => {
      cols = order.length;
      settle(order);
      return counted;
    },
  };
}

/** Adds entries of one place, which stand side by side. */
function collapse({ rows, cols, indptr, indices, data }: Sparse): Sparse {
  const ends = new Uint32Array(rows + 1);
  let at = 0;
  for (let r = 0; r < rows; r++) {
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      if (at > ends[r] && indices[at - 1] === indices[e]) data[at - 1] += data[e];
      else {
        indices[at] = indices[e];
        data[at++] = data[e];
      }
    }
    ends[r + 1] = at;
  }
  return { kind: "sparse", rows, cols, indptr: ends, indices: indices.slice(0, at), data: data.slice(0, at) };
}
