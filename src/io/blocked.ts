import { checkOptions, oneOf, runRules, string, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { type BlockedMatrix, checkBlock, selectColumnsBlocked, toBlocked } from "../model/blocked.ts";
import type { ReadReport } from "../model/dataset.ts";
import { type Expression, expression, inferValues, type Sparse, type Values } from "../model/matrix.ts";
import { selectTable, type Table } from "../model/table.ts";
import { unwrapped } from "./archives.ts";
import { anndataRows } from "./blocked-anndata.ts";
import { checkSigns } from "./assemble.ts";
import { tenxRows } from "./blocked-tenx.ts";
import { chooseGenes } from "./choose.ts";
import { below, type Elements, isAnndata } from "./elements.ts";
import { type H5File, openHdf5 } from "./hdf5.ts";
import { unpackLzf } from "./lzf.ts";
import { counted, type Draft, draft, finished, sample } from "./report.ts";
import type { StoredRows } from "./row-blocks.ts";
import type { Source } from "./source.ts";
import { chooseTable, isSpatialData } from "./spatialdata.ts";
import { openSource } from "./url.ts";
import { openZarr } from "./zarr.ts";
import { findZarr } from "./zarr-documents.ts";

/** Options of `openMatrix`. */
export interface OpenMatrixOptions extends RunOptions {
  /** Which file, or folder of a zarr store, of a source with several. */
  readonly file?: string;
  /** Of an AnnData: "X" (the default), "raw" or the name of a layer. */
  readonly matrix?: string;
  /** Only these genes, by name or id, in the file's order. */
  readonly genes?: readonly string[];
  /** What the values are; without it inferred from the first rows. */
  readonly values?: Values;
}

/** A matrix that stays in its file, with the names of its rows and columns. */
export interface OpenMatrixResult {
  readonly matrix: Expression<BlockedMatrix>;
  /** n rows */
  readonly cells: Table;
  /** p rows, with the column `name` */
  readonly genes: Table;
  readonly report: ReadReport;
}

/** A file as it is opened for one pass. */
interface Opened {
  readonly file: Elements;
  /** The same where it is HDF5. */
  readonly hdf5: H5File | null;
  readonly close: () => void;
}

/** Rows from which the kind of values is inferred. */
const LOOK = 1000;

/**
 * Opens an expression matrix without reading it: `matrix.blocks(rows)` reads it from top to bottom in blocks, as often as
 * wanted, in memory of one block (at most 4 million entries) and 8 bytes per row. It may be larger than memory, with more than
 * 2^32 stored entries.
 *
 * Reads HDF5 of 10x (all versions), h5ad (X, raw or a layer), AnnData in zarr and the table of SpatialData, by content; in a
 * vendor's folder the one cell matrix in HDF5. Only genes are read where the file has features of other kinds. Compressed rows
 * and full matrices are read where they lie. Compressed columns (csc) and 10x files of several genomes are turned in memory up to
 * 2^27 entries, and refused beyond, with the way out; files packed with LZF are unpacked in memory up to 1.5 GB.
 *
 * @returns `values` of the matrix are inferred from its first 1,000 rows unless given
 * @throws {SpatialError} `format` where there is no matrix or it is damaged; `input` for a source with several; `memory` where it
 *   would have to be turned and is too large; `not-found` where no gene has a name asked for; `aborted`
 *
 * Cost: opening reads names and offsets; each pass reads and unpacks everything once. Checked against `readSample` and h5py,
 * on files of 2.2 and 4.4 billion entries too.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, sparse, table } from "tissular/model";
 * import { memorySource, openMatrix, writeH5ad } from "tissular/io";
 * const counts = expression(sparse(2, 1, Uint32Array.of(0, 1, 2), Uint32Array.of(0, 0), Float32Array.of(2, 3)), "counts");
 * const made = dataset({ counts, cells: table(ids(["a", "b"])), genes: table(ids(["g"]), { name: ["g"] }) });
 * const source = memorySource(new Map([["made.h5ad", await writeH5ad(made)]]));
 * const { matrix } = await openMatrix(source);
 * let total = 0;
 * for await (const block of matrix.blocks(1)) total += block.data[0];
 * if (total !== 5) throw new Error("both rows were read");
 * ```
 */
export async function openMatrix(
  input: string | Source,
  options: OpenMatrixOptions = {},
): Promise<OpenMatrixResult> {
  checkOptions("openMatrix", options, {
    file: string(),
    matrix: string(),
    genes: such("a list of names", (v) => Array.isArray(v) && v.every((name) => typeof name === "string")),
    values: oneOf("counts", "normalized", "log", "scaled"),
    ...runRules,
  });
  checkAborted(options.signal);
  const report = draft();
  const given = typeof input === "string" ? await openSource(input, options.signal) : input;
  const open = await opener(given, options, report);
  const { file, hdf5, close } = await open();
  try {
    const head =
      hdf5 === null || options.matrix !== undefined || isAnndata(file)
        ? await anndataRows(file, options.matrix ?? "X", report, options)
        : await tenxRows(hdf5, report, options);
    if (head.matrix.rows === 0 || head.matrix.cols === 0) {
      throw new SpatialError(
        "input",
        `${file.name} must hold observations and features, found ${head.matrix.rows} x ${head.matrix.cols}.`,
        { subject: file.name },
      );
    }
    const { matrix, first } = await blocksOf(head.matrix, file, open);
    const inferred = inferValues(first);
    const values = options.values ?? inferred;
    checkSigns(values, inferred);
    if (values !== inferred)
      report.warnings.push(`The values look like ${inferred}; they are taken as ${values} as asked.`);
    const genes = head.geneRows === null ? head.features : selectTable(head.features, head.geneRows);
    report.found.unshift(
      `${counted(genes.ids.length, "gene")} x ${counted(matrix.rows, "cell")} from ${file.name}, read in blocks.`,
    );
    if (head.geneRows !== null) {
      const count = head.features.ids.length - head.geneRows.length;
      report.dropped.push({ what: "features of other kinds", count, why: "genes are read in blocks" });
    }
    const chosen = options.genes === undefined ? null : chooseGenes(genes, options.genes, report);
    const columns = chosen === null ? head.geneRows : chosen.map((j) => head.geneRows?.[j] ?? j);
    return {
      matrix: expression(columns === null ? matrix : selectColumnsBlocked(matrix, columns), values),
      cells: head.cells,
      genes: chosen === null ? genes : selectTable(genes, chosen),
      report: finished(report, head.platform),
    };
  } finally {
    close();
  }
}

/** The matrix in blocks, and its first rows. */
async function blocksOf(
  stored: StoredRows | Sparse,
  file: Elements,
  open: () => Promise<Opened>,
): Promise<{ readonly matrix: BlockedMatrix; readonly first: Sparse }> {
  if (!("read" in stored)) return { matrix: toBlocked(stored), first: stored };
  const { rows, cols } = stored;
  const first = await stored.read(file, 0, stored.end(0, LOOK));
  const blocks: BlockedMatrix["blocks"] = (most, signal) => pass(stored, open, checkBlock(most), signal);
  return { matrix: { kind: "blocked", rows, cols, blocks }, first };
}

async function* pass(
  stored: StoredRows,
  open: () => Promise<Opened>,
  most: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Sparse> {
  checkAborted(signal);
  const { file, close } = await open();
  try {
    for (let start = 0; start < stored.rows;) {
      checkAborted(signal);
      const end = stored.end(start, most);
      yield await stored.read(file, start, end);
      start = end;
      await breathe();
    }
  } finally {
    close();
  }
}

/** How the one file or store with a matrix is opened, as often as wanted. */
async function opener(
  given: Source,
  options: OpenMatrixOptions,
  report: Draft,
): Promise<() => Promise<Opened>> {
  const { source, archives } = await unwrapped(given);
  const name = options.file ?? theMatrix(source);
  report.files.push(...archives, name);
  const stores = findZarr(source);
  const store = stores.find((folder) => folder === name || folder === `${name}/`);
  if (store !== undefined) {
    const tree = await openZarr(source, store);
    const file = isSpatialData(tree) ? below(tree, chooseTable(tree, report)) : tree;
    return async () => ({ file, hdf5: null, close: () => undefined });
  }
  const unpacked = await unpackLzf(source, name);
  return async () => {
    const { file, close } = await openHdf5(unpacked, name);
    return { file, hdf5: file, close };
  };
}

/** The file or zarr store of a source that holds the matrix of cells. */
function theMatrix(source: Source): string {
  const stores = findZarr(source);
  const files = source.names.filter(
    (n) => /\.(h5|h5ad|hdf5)$/i.test(n) && !stores.some((s) => n.startsWith(s)),
  );
  const found = [...stores, ...files];
  const likely = [
    found,
    files.filter((n) => /(^|_|\/)(filtered_feature_bc|cell_feature)_matrix\.h5$/.test(n)),
    source.names,
  ].find((names) => names.length === 1);
  if (likely !== undefined) return likely[0];
  throw new SpatialError(
    "input",
    `${source.label} must hold one matrix in HDF5 or zarr, found ${found.length === 0 ? "none" : sample(found, 12)}.`,
    {
      subject: source.label,
      hint:
        found.length === 0
          ? "Text matrices are read by readSample; write it as h5ad to read it in blocks."
          : "Say which with the option file.",
    },
  );
}
