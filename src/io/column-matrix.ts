import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { type Sparse, transpose } from "../model/matrix.ts";
import type { ColumnTable } from "./columns.ts";
import { sample } from "./report.ts";
import { type TextMatrix, tidy } from "./text-matrix.ts";

/** The columns of a long table: a row per cell and gene. */
export interface LongColumns {
  readonly cell: string;
  readonly gene: string;
  /** Without it each row counts one. */
  readonly count?: string;
}

const CELLS = ["cell", "cell_id", "cellid", "entityid", "barcode", "barcodes", "spot", "spot_id", "bin"];
const GENES = [
  "gene",
  "gene_id",
  "gene_name",
  "geneid",
  "feature",
  "feature_name",
  "feature_id",
  "target",
  "symbol",
];
const COUNTS = [
  "count",
  "counts",
  "umi",
  "umis",
  "umi_count",
  "midcount",
  "midcounts",
  "n",
  "value",
  "expression",
];

/** Does a header name the three columns of a long table? */
export function longColumns(names: readonly string[]): LongColumns | null {
  const find = (known: readonly string[]): string | undefined =>
    known
      .map((k) => names.find((name) => name.trim().toLowerCase() === k))
      .find((name) => name !== undefined);
  const [cell, gene, count] = [CELLS, GENES, COUNTS].map(find);
  return cell === undefined || gene === undefined || count === undefined ? null : { cell, gene, count };
}

/** A long table as cells x genes, both in the order in which they first come; rows of one cell and gene are added. */
export async function longMatrix(
  t: ColumnTable,
  { cell, gene, count }: LongColumns,
  run: RunOptions,
): Promise<TextMatrix> {
  for (const [what, name] of Object.entries({ cell, gene, count })) {
    if (name !== undefined && !t.names.includes(name))
      throw new SpatialError(
        "option",
        `long.${what} must name a column of ${t.subject}, found "${name}"; there are ${sample(t.names, 12)}.`,
        { subject: `long.${what}` },
      );
  }
  const rows = numbered(t.texts(cell));
  await breathe();
  const columns = numbered(t.texts(gene));
  checkAborted(run.signal);
  const counts = count === undefined ? null : t.numbers(count);
  const indptr = new Uint32Array(rows.names.length + 1);
  for (const i of rows.codes) indptr[i + 1]++;
  for (let i = 0; i < rows.names.length; i++) indptr[i + 1] += indptr[i];
  const next = indptr.slice();
  const indices = new Uint32Array(t.rows);
  const data = new Float32Array(t.rows);
  for (let e = 0; e < t.rows; e++) {
    const to = next[rows.codes[e]]++;
    indices[to] = columns.codes[e];
    data[to] = counts === null ? 1 : counts[e];
  }
  const { matrix } = tidy({
    kind: "sparse",
    rows: rows.names.length,
    cols: columns.names.length,
    indptr,
    indices,
    data,
  });
  run.onProgress?.({ step: `read ${t.subject}`, fraction: 1 });
  return { rowNames: rows.names, labels: [rows.names], colNames: columns.names, matrix };
}

/** Names in the order in which they first come, and the number of each. */
function numbered(list: readonly string[]): { names: string[]; codes: Uint32Array } {
  const codeOf = new Map<string, number>();
  const codes = new Uint32Array(list.length);
  list.forEach((name, e) => {
    let code = codeOf.get(name);
    if (code === undefined) codeOf.set(name, (code = codeOf.size));
    codes[e] = code;
  });
  return { names: [...codeOf.keys()], codes };
}

/** A wide table: a column of names, all others numbers. */
export async function wideMatrix(t: ColumnTable, run: RunOptions): Promise<TextMatrix> {
  const known = [...CELLS, ...GENES, "id", "name", ""];
  const names =
    t.index ??
    t.names.find((name) => known.includes(name.toLowerCase())) ??
    t.names.find((name) => t.isText(name));
  if (names === undefined)
    throw new SpatialError(
      "format",
      `${t.subject} must have a column of names, found ${sample(t.names, 12)}.`,
      {
        subject: t.subject,
        hint: "Keep the names of the rows (in pandas: reset_index()).",
      },
    );
  const colNames = t.names.filter((name) => name !== names);
  const text = colNames.find((name) => t.isText(name));
  if (text !== undefined)
    throw new SpatialError(
      "format",
      `${t.subject} must hold numbers beside "${names}", found texts in "${text}".`,
      {
        subject: t.subject,
      },
    );
  const parts: { readonly indices: Uint32Array; readonly data: Float32Array }[] = [];
  const indptr = new Uint32Array(colNames.length + 1);
  for (const [j, name] of colNames.entries()) {
    checkAborted(run.signal);
    const values = t.numbers(name);
    const stored = values.reduce((n, v) => n + (v === 0 ? 0 : 1), 0);
    const [indices, data] = [new Uint32Array(stored), new Float32Array(stored)];
    for (let i = 0, e = 0; i < values.length; i++) {
      if (values[i] === 0) continue;
      indices[e] = i;
      data[e++] = values[i];
    }
    parts.push({ indices, data });
    indptr[j + 1] = indptr[j] + stored;
    run.onProgress?.({ step: `order ${t.subject}`, fraction: (j + 1) / colNames.length });
    await breathe();
  }
  const total = indptr[colNames.length];
  const byColumn: Sparse = {
    kind: "sparse",
    rows: colNames.length,
    cols: t.rows,
    indptr,
    indices: new Uint32Array(total),
    data: new Float32Array(total),
  };
  parts.forEach(({ indices, data }, j) => {
    byColumn.indices.set(indices, indptr[j]);
    byColumn.data.set(data, indptr[j]);
  });
  const rowNames = t.texts(names);
  return { rowNames, labels: [rowNames], colNames, matrix: transpose(byColumn) };
}
