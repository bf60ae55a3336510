import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { type Sparse, toSparse } from "../model/matrix.ts";
import { idList } from "../model/table.ts";
import { kindsOf, namedGenes } from "./anndata-genes.ts";
import { rawOf } from "./anndata-matrices.ts";
import { checkUnique, featureKinds, GENES } from "./assemble.ts";
import { type Elements, encoding, matrixShape, readFrame, readMatrix } from "./elements.ts";
import { type Draft, grouped } from "./report.ts";
import { compressedRows, fullRows, type Head, type StoredRows, TURNED } from "./row-blocks.ts";

/** The matrix of an AnnData and what it says of cells and genes. */
export async function anndataRows(
  file: Elements,
  matrix: string,
  report: Draft,
  run: RunOptions,
): Promise<Head> {
  const at = place(file, matrix);
  const [rows, cols] = matrixShape(file, at.x);
  const cells = await readFrame(file, "obs", report);
  const features = namedGenes(await readFrame(file, at.genes, report));
  if (cells.ids.length !== rows || features.ids.length !== cols) {
    throw new SpatialError(
      "format",
      `"${at.x}" of ${file.name} must be ${cells.ids.length} x ${features.ids.length}, found ${rows} x ${cols}.`,
      { subject: file.name },
    );
  }
  checkUnique(idList(cells.ids), file.name, "cell");
  const kinds = kindsOf(features);
  return {
    platform: "anndata",
    matrix: await storedRows(file, at.x, rows, cols, report, run),
    cells,
    features,
    geneRows: kinds && featureKinds(kinds).columnsOf(GENES),
  };
}

/** Where a matrix and its genes stand. */
function place(file: Elements, matrix: string): { readonly x: string; readonly genes: string } {
  const raw = rawOf(file);
  const layers = file.isGroup("layers") ? file.keys("layers") : [];
  const hasX = file.has("X") && encoding(file, "X") !== "null";
  if (matrix === "X" && hasX) return { x: "X", genes: "var" };
  if (matrix === "raw" && raw !== null) return raw;
  if (layers.includes(matrix)) return { x: `layers/${matrix}`, genes: "var" };
  const there = [...(hasX ? ["X"] : []), ...(raw === null ? [] : ["raw"]), ...layers];
  throw new SpatialError(
    "not-found",
    `${file.name} must hold the matrix "${matrix}", but it has ${there.join(", ") || "none"}.`,
    { subject: "matrix", hint: "Say which with the option matrix." },
  );
}

async function storedRows(
  file: Elements,
  path: string,
  rows: number,
  cols: number,
  report: Draft,
  run: RunOptions,
): Promise<StoredRows | Sparse> {
  if (!file.isGroup(path)) return fullRows(file, path);
  if (encoding(file, path).startsWith("csr")) return compressedRows(file, path, rows, cols);
  const { length } = file.info(`${path}/data`);
  if (length > TURNED) {
    throw new SpatialError(
      "memory",
      `"${path}" of ${file.name} is stored by columns (csc) and has ${grouped(length)} entries; up to ${grouped(TURNED)} are turned in memory.`,
      { subject: file.name, hint: "Write it by rows in Python: adata.X = adata.X.tocsr()." },
    );
  }
  report.warnings.push(`"${path}" is stored by columns (csc): it was read whole and turned.`);
  const whole = await readMatrix(file, path, report, run);
  return whole.kind === "sparse" ? whole : toSparse(whole);
}
