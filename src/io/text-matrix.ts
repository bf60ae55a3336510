import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { type Sparse, transpose } from "../model/matrix.ts";
import { fieldEnd, fieldNumber, fieldText, sniffDelimiter, textStart } from "./text.ts";

const LF = 10;
/** Lines between two looks at the clock and the abort signal. */
const STEP = 4096;
/** Bytes of the shortest entry: "1 1" and the end of its line. */
const SHORTEST_ENTRY = 4;

/** Sparse entries that arrive row by row. */
interface Builder {
  readonly push: (column: number, value: number) => void;
  readonly endRow: () => void;
  readonly finish: (cols: number) => Sparse;
}

function builder(): Builder {
  let indices = new Uint32Array(65_536);
  let data = new Float32Array(65_536);
  let indptr = new Uint32Array(4096);
  let m = 0;
  let rows = 0;
  return {
    push: (column, value) => {
      if (m === indices.length) {
        indices = larger(indices, new Uint32Array(2 * m));
        data = larger(data, new Float32Array(2 * m));
      }
      indices[m] = column;
      data[m++] = value;
    },
    endRow: () => {
      rows++;
      if (rows === indptr.length) indptr = larger(indptr, new Uint32Array(2 * rows));
      indptr[rows] = m;
    },
    finish: (cols) => ({
      kind: "sparse",
      rows,
      cols,
      indptr: indptr.slice(0, rows + 1),
      indices: indices.slice(0, m),
      data: data.slice(0, m),
    }),
  };
}

function larger<A extends Uint32Array | Float32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

/** Between two blocks of lines: stops if asked to, says how far it is. */
async function step(run: RunOptions, subject: string, fraction: number): Promise<void> {
  checkAborted(run.signal);
  run.onProgress?.({ step: `read ${subject}`, fraction: Math.min(1, fraction) });
  await breathe();
}

/** A table of numbers with a header and row names in its first column, one row per observation. */
export interface TextMatrix {
  readonly rowNames: string[];
  /** The fields of the leading columns that hold no values, a list per column; the first are the row names. */
  readonly labels: readonly string[][];
  readonly colNames: string[];
  readonly matrix: Sparse;
}

/**
 * Reads a table of numbers straight from the bytes: no string per cell, zeros are not stored. `labels` says of a header
 * how many of its columns stand before the numbers (one where it is left out).
 *
 * @throws {SpatialError} `format` for a field that is no number or a line of another length, naming the line
 */
export async function parseMatrix(
  bytes: Uint8Array,
  subject: string,
  run: RunOptions = {},
  labels: (header: readonly string[]) => number = () => 1,
): Promise<TextMatrix> {
  const start = textStart(bytes);
  const delimiter = sniffDelimiter(bytes, start);
  const colNames: string[] = [];
  let at = start;
  for (;;) {
    const end = fieldEnd(bytes, at, delimiter);
    colNames.push(fieldText(bytes, at, end));
    at = end + 1;
    if (bytes[end] !== delimiter) break;
  }
  const leading = Math.max(1, labels(colNames));
  colNames.splice(0, leading);
  const entries = builder();
  const texts: string[][] = Array.from({ length: leading }, () => []);
  const rowNames = texts[0];
  while (at < bytes.length) {
    const nameEnd = fieldEnd(bytes, at, delimiter);
    const name = fieldText(bytes, at, nameEnd);
    let end = nameEnd;
    at = end + 1;
    if (name === "" && bytes[end] !== delimiter) continue;
    rowNames.push(name);
    for (let k = 1; k < leading && bytes[end] === delimiter; k++) {
      end = fieldEnd(bytes, at, delimiter);
      texts[k].push(fieldText(bytes, at, end));
      at = end + 1;
    }
    let column = 0;
    while (bytes[end] === delimiter) {
      end = fieldEnd(bytes, at, delimiter);
      if (end !== at + 1 || bytes[at] !== 48) {
        const v = fieldNumber(bytes, at, end);
        if (!Number.isFinite(Math.fround(v))) {
          throw new SpatialError(
            "format",
            `${subject}: row "${name}" must hold numbers, found ${JSON.stringify(fieldText(bytes, at, end))} in column "${colNames[column] ?? column + 2}".`,
            { subject },
          );
        }
        if (v !== 0) entries.push(column, v);
      }
      column++;
      at = end + 1;
    }
    if (column !== colNames.length) {
      throw new SpatialError(
        "format",
        `${subject}: row "${name}" must have ${colNames.length} numbers as the header says, found ${column}.`,
        { subject, hint: "The file may be truncated: copy or download it again." },
      );
    }
    entries.endRow();
    if (rowNames.length % STEP === 0) {
      await step(run, subject, at / bytes.length);
    }
  }
  await step(run, subject, 1);
  return { rowNames, labels: texts, colNames, matrix: entries.finish(colNames.length) };
}

/**
 * Reads a Matrix Market file of features x observations as observations x features. Entries of one place are added.
 * `named` are the sizes that the names beside it allow: another one is refused before room is made for it.
 *
 * @returns the matrix and how many entries stood twice
 * @throws {SpatialError} `format` where it is no coordinate matrix, an entry is outside, or entries are missing
 */
export async function parseMatrixMarket(
  bytes: Uint8Array,
  subject: string,
  run: RunOptions = {},
  named: readonly (readonly [features: number, observations: number])[] | null = null,
): Promise<{ matrix: Sparse; repeated: number }> {
  const fail = (what: string): never => {
    throw new SpatialError("format", `${subject}: ${what}.`, {
      subject,
      hint: "The file may be truncated or damaged: copy or download it again.",
    });
  };
  let at = textStart(bytes);
  const line = (): string => {
    const end = fieldEnd(bytes, at, LF);
    const text = fieldText(bytes, at, end);
    at = end + 1;
    return text;
  };
  const banner = line();
  const kind = /^%%MatrixMarket\s+matrix\s+coordinate\s+(integer|real|pattern)\s+general/i.exec(banner);
  if (kind === null)
    return fail(
      `must begin as a general coordinate Matrix Market file, found ${JSON.stringify(banner.slice(0, 60))}`,
    );
  const pattern = kind[1].toLowerCase() === "pattern";
  let sizes = line();
  while (sizes.startsWith("%") || (sizes.trim() === "" && at < bytes.length)) sizes = line();
  const [features, observations, stored] = sizes.trim().split(/\s+/).map(Number);
  if (![features, observations, stored].every((v) => Number.isSafeInteger(v) && v >= 0))
    fail(`must state its size, found ${JSON.stringify(sizes.slice(0, 60))}`);
  if (named !== null && !named.some(([rows, columns]) => rows === features && columns === observations)) {
    throw new SpatialError(
      "format",
      `${subject} must be features x barcodes = ${named[0].join(" x ")}, found ${features} x ${observations}.`,
      { subject, hint: "The three files must come from one run." },
    );
  }
  const room = Math.ceil((bytes.length - at) / SHORTEST_ENTRY);
  if (stored > room) fail(`must hold ${stored} entries as it says, but has room for ${room} at most`);

  const row = new Uint32Array(stored);
  const column = new Uint32Array(stored);
  const data = new Float32Array(stored);
  const number = (): number => {
    while (bytes[at] === 32 || bytes[at] === 9) at++;
    const start = at;
    while (at < bytes.length && bytes[at] > 32) at++;
    return fieldNumber(bytes, start, at);
  };
  let m = 0;
  while (at < bytes.length) {
    while (at < bytes.length && bytes[at] <= 32) at++;
    if (at >= bytes.length) break;
    const i = number();
    const j = number();
    const v = pattern ? 1 : number();
    if (m === stored) fail(`must hold ${stored} entries as it says, found more`);
    if (!(i >= 1 && i <= features && j >= 1 && j <= observations && Number.isFinite(Math.fround(v))))
      fail(`entry ${m + 1} must lie in ${features} x ${observations}, found ${i}, ${j}, ${v}`);
    row[m] = j - 1;
    column[m] = i - 1;
    data[m++] = v;
    if (m % (64 * STEP) === 0) {
      await step(run, subject, at / bytes.length);
    }
  }
  await step(run, subject, 1);
  if (m !== stored) fail(`must hold ${stored} entries as it says, found ${m}`);
  const indptr = new Uint32Array(observations + 1);
  for (let e = 0; e < m; e++) indptr[row[e] + 1]++;
  for (let i = 0; i < observations; i++) indptr[i + 1] += indptr[i];
  const next = indptr.slice();
  const indices = new Uint32Array(m);
  const values = new Float32Array(m);
  for (let e = 0; e < m; e++) {
    const to = next[row[e]]++;
    indices[to] = column[e];
    values[to] = data[e];
  }
  return tidy({ kind: "sparse", rows: observations, cols: features, indptr, indices, data: values });
}

/** Sorts columns within rows and adds entries of one place, if need be; says how many stood twice. */
export function tidy(x: Sparse): { matrix: Sparse; repeated: number } {
  let sorted = true;
  for (let i = 0; i < x.rows && sorted; i++)
    for (let e = x.indptr[i] + 1; e < x.indptr[i + 1]; e++)
      if (x.indices[e] <= x.indices[e - 1]) {
        sorted = false;
        break;
      }
  if (sorted) return { matrix: x, repeated: 0 };
  const s = transpose(transpose(x));
  const indptr = new Uint32Array(x.rows + 1);
  let m = 0;
  for (let i = 0; i < s.rows; i++) {
    const first = m;
    for (let e = s.indptr[i]; e < s.indptr[i + 1]; e++) {
      if (m > first && s.indices[m - 1] === s.indices[e]) s.data[m - 1] += s.data[e];
      else {
        s.indices[m] = s.indices[e];
        s.data[m++] = s.data[e];
      }
    }
    indptr[i + 1] = m;
  }
  const repeated = s.indices.length - m;
  return {
    matrix: { ...s, indptr, indices: s.indices.slice(0, m), data: s.data.slice(0, m) },
    repeated,
  };
}
