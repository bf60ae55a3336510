import { checkOptions, oneOf, string } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted } from "../core/progress.ts";
import type { BlockedMatrix } from "../model/blocked.ts";
import {
  type Expression,
  expression,
  inferValues,
  selectColumns,
  type Sparse,
  type Values,
} from "../model/matrix.ts";
import { ids, type Table, table } from "../model/table.ts";
import { namedGenes } from "./anndata-genes.ts";
import { featureKinds, featureTable, soundRows } from "./assemble.ts";
import { encoding, isAnndata, readFrame } from "./elements.ts";
import { type H5File, openHdf5, withHdf5 } from "./hdf5.ts";
import { draft } from "./report.ts";
import type { Source } from "./source.ts";
import { tenxFeatures, tenxSchema } from "./tenx.ts";
import { openSource } from "./url.ts";

/** Options of `openMatrix`. */
export interface OpenMatrixOptions {
  /** Which file of a source with several. */
  readonly file?: string;
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
}

/** Rows from which the kind of values is inferred. */
const LOOK = 1000;

/**
 * Opens the matrix of an HDF5 file (10x with one group "matrix", or h5ad with X in compressed rows) without reading it:
 * `matrix.blocks(rows)` reads it from top to bottom in blocks, as often as wanted, in memory of one block.
 *
 * @throws {SpatialError} `format` where the file holds no matrix stored by rows
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
    values: oneOf("counts", "normalized", "log", "scaled"),
  });
  const source = typeof input === "string" ? await openSource(input) : input;
  const name = options.file ?? source.names[0];
  if (options.file === undefined && source.names.length !== 1) {
    throw new SpatialError("input", `${source.label} must be one file, found ${source.names.length}.`, {
      subject: source.label,
      hint: "Say which with the option file.",
    });
  }
  const head = await withHdf5(source, name, readHead);
  const first = await withHdf5(source, name, (file) => readRows(file, head, 0, Math.min(LOOK, head.rows)));
  const blocks = (rows: number, signal?: AbortSignal): AsyncIterable<Sparse> => {
    if (!Number.isSafeInteger(rows) || rows < 1)
      throw new SpatialError("option", `A block must have at least 1 row, found ${rows}.`, {
        subject: "rows",
      });
    return pass(source, name, head, rows, signal);
  };
  const matrix: BlockedMatrix = { kind: "blocked", rows: head.rows, cols: head.genes.ids.length, blocks };
  return {
    matrix: expression(matrix, options.values ?? inferValues(first)),
    cells: head.cells,
    genes: head.genes,
  };
}

interface Head {
  readonly group: string;
  readonly rows: number;
  readonly cols: number;
  /** Offsets may exceed 2^32 here. */
  readonly indptr: Float64Array | Float32Array | Int32Array;
  readonly cells: Table;
  readonly genes: Table;
  /** Columns that are genes, or null for all. */
  readonly columns: Uint32Array | null;
}

async function readHead(file: H5File): Promise<Head> {
  if (isAnndata(file)) {
    const shape = file.attribute("X", "shape");
    if (!encoding(file, "X").startsWith("csr") || !Array.isArray(shape)) {
      throw new SpatialError(
        "format",
        `X of ${file.name} must be stored by rows (csr_matrix) to be read in blocks.`,
        {
          subject: file.name,
          hint: "Convert it in Python: adata.X = scipy.sparse.csr_matrix(adata.X).",
        },
      );
    }
    const [rows, cols] = shape.map(Number);
    const cells = await readFrame(file, "obs", draft());
    const genes = namedGenes(await readFrame(file, "var", draft()));
    return { group: "X", rows, cols, indptr: file.numbers("X/indptr"), cells, genes, columns: null };
  }
  if (tenxSchema(file) !== "v3") {
    throw new SpatialError(
      "format",
      `${file.name} must be a 10x matrix (group "matrix") or h5ad to be read in blocks.`,
      {
        subject: file.name,
      },
    );
  }
  const [cols, rows] = file.offsets("matrix/shape");
  const features = tenxFeatures(file, cols, draft());
  const { geneKind, columnsOf, kinds } = featureKinds(features.featureKinds);
  const columns = columnsOf(geneKind);
  return {
    group: "matrix",
    rows,
    cols,
    indptr: file.numbers("matrix/indptr"),
    cells: table(ids(file.strings("matrix/barcodes"))),
    genes: featureTable(features, columns),
    columns: kinds.length === 1 ? null : columns,
  };
}

function readRows(file: H5File, head: Head, start: number, end: number): Sparse {
  const from = head.indptr[start];
  const to = head.indptr[end];
  const indptr = Uint32Array.from({ length: end - start + 1 }, (_, i) => head.indptr[start + i] - from);
  const indices = file.offsets(`${head.group}/indices`, from, to);
  const data = file.floats(`${head.group}/data`, from, to);
  const rows = soundRows(file.name, end - start, head.cols, indptr, indices, data, draft());
  return head.columns === null ? rows : selectColumns(rows, head.columns);
}

async function* pass(
  source: Source,
  name: string,
  head: Head,
  rows: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Sparse> {
  const { file, close } = await openHdf5(source, name);
  try {
    for (let start = 0; start < head.rows; start += rows) {
      checkAborted(signal);
      yield readRows(file, head, start, Math.min(head.rows, start + rows));
      await breathe();
    }
  } finally {
    close();
  }
}
