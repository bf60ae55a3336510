import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, positions, type SpatialDataset } from "../model/dataset.ts";
import {
  type Dense,
  dense,
  type Expression,
  expression,
  inferValues,
  type Sparse,
  type Values,
} from "../model/matrix.ts";
import type { Column } from "../model/table.ts";
import { assemble, checkFinite, GENES } from "./assemble.ts";
import { type Pass, pause, sumEntries } from "./count-stream.ts";
import { type H5File, withHdf5 } from "./hdf5.ts";
import { dropUnplaced } from "./positions.ts";
import type { Draft } from "./report.ts";
import type { Source } from "./source.ts";
import { textColumn } from "./text.ts";
import { axesOf } from "./text-shape.ts";

/** Values of the matrix read at once, and rows of the chunks that Loom files are packed in. */
const BLOCK = 8_388_608;
const CHUNK = 64;
/** Most genes or cells that need no names. */
const MOST = 10_000_000;

/** Names under which Loom files keep names, the preferred first. */
const CELL_IDS = ["cellid", "cell_id", "obs_names", "cell_names", "barcode", "barcodes", "cell"];
const GENE_IDS = ["accession", "gene_ids", "gene_id", "ensembl", "ensembl_id"];
const GENE_NAMES = ["gene", "genes", "gene_name", "gene_names", "var_names", "symbol"];

/** Is this a Loom file? */
export function isLoom(file: H5File): boolean {
  const parts = ["row_attrs", "col_attrs"].every((part) => file.has(part) && file.isGroup(part));
  return parts && file.has("matrix") && !file.isGroup("matrix");
}

/**
 * Reads a Loom file: genes x cells and layers of them, what is said of genes and cells; coordinates where two columns of
 * cells are named so, or one matrix of two or three columns is.
 *
 * @throws {SpatialError} `format` where attributes or layers do not fit the matrix
 */
export async function readLoom(
  source: Source,
  name: string,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(name);
  return withHdf5(source, name, async (file) => {
    const shape = file.info("matrix").shape ?? [];
    if (shape.length !== 2)
      throw new SpatialError("format", `"matrix" of ${name} must be genes x cells.`, { subject: name });
    const [p, n] = shape;
    const cells = attributes(file, "col_attrs", n, report);
    const genes = attributes(file, "row_attrs", p, report);
    const symbols = takeTexts(genes, GENE_NAMES);
    const ids = takeTexts(genes, GENE_IDS);
    const featureNames = symbols ?? ids ?? numbered(p, "gene", name, report);
    const cellIds = takeTexts(cells, CELL_IDS) ?? numbered(n, "cell", name, report);
    const places = takePlaces(cells, n);
    const parts = assemble(
      {
        subject: name,
        cellIds,
        cellColumns: cells.columns,
        featureIds: ids ?? featureNames,
        featureNames,
        featureKinds: featureNames.map(() => GENES),
        featureColumns: genes.columns,
        matrix: await cellsByGenes(file, "matrix", p, n, run),
      },
      "cell",
      values,
      report,
    );
    const layers: Record<string, Expression<Sparse> | Expression<Dense>> = { ...parts.layers };
    for (const key of file.has("layers") ? file.keys("layers") : []) {
      const x = await cellsByGenes(file, `layers/${key}`, p, n, run);
      layers[key] = expression(x, inferValues(x));
      report.found.push(`Layer ${key}, ${layers[key].values}.`);
    }
    const ds = dataset({ ...parts, platform: "loom", layers, embeddings: cells.matrices });
    return places === null ? ds : dropUnplaced({ ...ds, positions: places }, report);
  });
}

/** What is said of rows or columns: one value each, or several. */
interface Attributes {
  readonly columns: Record<string, Column>;
  readonly matrices: Record<string, Dense>;
}

function attributes(file: H5File, group: string, n: number, report: Draft): Attributes {
  const columns: Record<string, Column> = {};
  const matrices: Record<string, Dense> = {};
  for (const key of file.keys(group)) {
    const path = `${group}/${key}`;
    if (file.isGroup(path)) continue;
    const { type, shape } = file.info(path);
    const [rows, width] = shape ?? [];
    if (rows !== n) {
      throw new SpatialError("format", `"${path}" of ${file.name} must have ${n} values, found ${rows}.`, {
        subject: file.name,
      });
    }
    if (width !== undefined && shape?.length === 2 && type !== "string" && type !== "other")
      matrices[key] = dense(n, width, Float64Array.from(file.numbers(path)));
    else if (width !== undefined || type === "other")
      report.dropped.push({ what: `${group} "${key}"`, count: 1, why: "its kind is not read" });
    else if (type === "string") columns[key] = textColumn(file.strings(path));
    else columns[key] = asColumn(file.numbers(path), type === "boolean");
  }
  return { columns, matrices };
}

function asColumn(numbers: ReturnType<H5File["numbers"]>, isTruth: boolean): Column {
  if (isTruth) return Uint8Array.from(numbers);
  return numbers instanceof Int32Array ? numbers : Float64Array.from(numbers);
}

/** Takes the first column of texts, or whole numbers, that has one of the names and no value twice. */
function takeTexts({ columns }: Attributes, names: readonly string[]): readonly string[] | null {
  for (const name of names) {
    const key = Object.keys(columns).find((k) => k.toLowerCase() === name);
    if (key === undefined) continue;
    const texts = textsOf(columns[key]);
    if (texts === null) continue;
    delete columns[key];
    return texts;
  }
  return null;
}

function textsOf(column: Column): readonly string[] | null {
  if (column instanceof Int32Array) return Array.from(column, String);
  if (Array.isArray(column)) return column as readonly string[];
  if ("codes" in column) return Array.from(column.codes, (c) => column.categories[c] ?? "");
  return null;
}

function numbered(count: number, noun: string, name: string, report: Draft): readonly string[] {
  if (count > MOST)
    throw new SpatialError("format", `${name} must name its ${count} ${noun}s, but it does not.`, {
      subject: name,
    });
  report.warnings.push(`${name} does not name its ${noun}s; they are numbered from 1.`);
  return Array.from({ length: count }, (_, k) => `${noun}${k + 1}`);
}

/** Takes coordinates: two columns named so, or a matrix. */
function takePlaces({ columns, matrices }: Attributes, n: number): SpatialDataset["positions"] {
  const keys = Object.keys(columns);
  const axes = axesOf(keys);
  if (axes !== null) {
    const [x, y] = [columns[keys[axes.x]], columns[keys[axes.y]]];
    if (ArrayBuffer.isView(x) && ArrayBuffer.isView(y)) {
      delete columns[keys[axes.x]];
      delete columns[keys[axes.y]];
      const xy = Float64Array.from({ length: 2 * n }, (_, k) => (k % 2 === 0 ? x : y)[k >> 1]);
      return positions(xy, axes.micrometres ? "um" : "px", axes.micrometres ? 1 : null);
    }
  }
  for (const [key, { data, cols }] of Object.entries(matrices)) {
    if (!/^(x_)?(spatial|coord|coords|coordinates|positions?|xy)$/i.test(key) || (cols !== 2 && cols !== 3))
      continue;
    delete matrices[key];
    return positions(data as Float64Array, "px", null, cols);
  }
  return null;
}

/** A matrix of genes x cells as compressed rows of cells, read in blocks of genes. */
async function cellsByGenes(
  file: H5File,
  path: string,
  genes: number,
  cells: number,
  run: RunOptions,
): Promise<Sparse> {
  const [p, n] = file.info(path).shape ?? [];
  if (p !== genes || n !== cells) {
    throw new SpatialError(
      "format",
      `"${path}" of ${file.name} must be ${genes} x ${cells}, found ${p} x ${n}.`,
      {
        subject: file.name,
      },
    );
  }
  const height = Math.max(1, Math.min(CHUNK, Math.floor(BLOCK / Math.max(1, cells))));
  let pass = 0;
  const each: Pass = async (work) => {
    for (let start = 0; start < genes; start += height) {
      const end = Math.min(genes, start + height);
      const block = file.floats(path, start, end);
      checkFinite(file.name, block);
      for (let gene = start; gene < end; gene++) {
        const count = block.subarray((gene - start) * cells, (gene - start + 1) * cells);
        work({ gene, x: count, y: count, count, start: 0, end: cells });
      }
      await pause(run, (pass + end / genes) / 2, path === "matrix" ? "read" : path);
    }
    pass++;
  };
  return sumEntries(each, cells, { subject: file.name, genes }, ({ count }, cell) =>
    count[cell] === 0 ? -1 : cell,
  );
}
