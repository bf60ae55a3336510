import { SpatialError } from "../core/errors.ts";
import { type Sparse, toSparse } from "../model/matrix.ts";
import type { Table } from "../model/table.ts";
import { checkFinite, soundRows, soundSizes } from "./assemble.ts";
import { type Elements, matrixShape } from "./elements.ts";
import { draft } from "./report.ts";

/** A matrix that is stored by rows, as far as it is known before its entries are read. */
export interface StoredRows {
  readonly rows: number;
  readonly cols: number;
  /** The row after a block that starts at `start`: at most `most` rows, fewer where they are long. */
  readonly end: (start: number, most: number) => number;
  readonly read: (file: Elements, start: number, end: number) => Promise<Sparse>;
}

/** What a file says about its matrix before entries are read. */
export interface Head {
  readonly platform: string;
  /** By rows where they lie, or the whole matrix where it had to be turned. */
  readonly matrix: StoredRows | Sparse;
  readonly cells: Table;
  /** All features, with the column `name`. */
  readonly features: Table;
  /** Rows of `features` that are genes, ascending; null for all. */
  readonly geneRows: Uint32Array | null;
}

/** Entries up to which a matrix that is not stored by rows is turned in memory: 1 GB, three times that meanwhile. */
export const TURNED = 134_217_728;

/** Entries of a block: 32 MB once read, three times that while it is read. */
const ENTRIES = 4_194_304;

/** Compressed rows in a group of indptr, indices and data; offsets may exceed 2^32. */
export async function compressedRows(
  file: Elements,
  group: string,
  rows: number,
  cols: number,
): Promise<StoredRows> {
  const subject = `"${group}" of ${file.name}`;
  const indptr = await file.numbers(`${group}/indptr`);
  const stored = (part: string): number => file.info(`${group}/${part}`).length;
  soundSizes(subject, rows, cols, indptr, stored("indices"), stored("data"));
  for (let i = 0; i < rows; i++) {
    if (indptr[i + 1] >= indptr[i]) continue;
    throw new SpatialError("format", `The offsets of ${subject} must ascend, but go down at row ${i}.`, {
      subject: file.name,
    });
  }
  return {
    rows,
    cols,
    end: (start, most) => {
      const last = Math.min(rows, start + most);
      let end = start + 1;
      while (end < last && indptr[end + 1] - indptr[start] <= ENTRIES) end++;
      return end;
    },
    read: async (from, start, end) => {
      const first = indptr[start];
      const offsets = Uint32Array.from({ length: end - start + 1 }, (_, i) => indptr[start + i] - first);
      const indices = await from.offsets(`${group}/indices`, first, indptr[end]);
      const data = await from.floats(`${group}/data`, first, indptr[end]);
      return soundRows(subject, end - start, cols, offsets, indices, data, draft());
    },
  };
}

/** The rows of a full matrix. */
export function fullRows(file: Elements, path: string): StoredRows {
  const subject = `"${path}" of ${file.name}`;
  const [rows, cols] = matrixShape(file, path);
  const atOnce = Math.max(1, Math.floor(ENTRIES / Math.max(1, cols)));
  return {
    rows,
    cols,
    end: (start, most) => Math.min(rows, start + Math.min(most, atOnce)),
    read: async (from, start, end) => {
      const data = await from.floats(path, start, end);
      checkFinite(subject, data);
      return toSparse({ kind: "dense", rows: end - start, cols, data });
    },
  };
}
