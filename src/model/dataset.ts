import { SpatialError } from "../core/errors.ts";
import type { Graph } from "./graph.ts";
import type { Image, ImagePyramid } from "./image.ts";
import type { BlockedMatrix } from "./blocked.ts";
import { type Dense, type Expression, type Sparse, selectColumns, selectRows } from "./matrix.ts";
import type { Shapes, Transcripts } from "./shapes.ts";
import { selectTable, type Table } from "./table.ts";

/** What a row is. A spot or a bin covers several cells or a part of one and is never called a cell. */
export type Observation = "cell" | "spot" | "bin";

/** Where the observations lie: n x 2 or n x 3, x to the right, y down. */
export interface Positions extends Dense {
  readonly data: Float64Array;
  /** What a step of 1 is: a micrometre, a pixel of the full-resolution image, or a step of the array. */
  readonly unit: "um" | "px" | "array";
  /** Micrometres per unit, or null where it is not known (then nothing may claim micrometres). */
  readonly micronsPerUnit: number | null;
}

/** Features that are not genes: protein, control probes, blanks; never part of totals or analysis. */
export interface FeatureSet {
  readonly values: Expression<Sparse>;
  readonly table: Table;
}

/** One or more samples, read and joined: an immutable bag whose parts are shared, never changed. */
export interface SpatialDataset {
  readonly kind: "dataset";
  /** The vendor's platform as detected, e.g. "visium", "xenium", "merscope", "h5ad", "10x-h5", "simulated". */
  readonly platform: string;
  readonly observation: Observation;
  /** Raw counts of gene-expression features, n x p; null where the source holds none (see `layers`). */
  readonly counts: Expression<Sparse> | Expression<BlockedMatrix> | null;
  /** n rows; a categorical `sample` column where there are several samples. */
  readonly cells: Table;
  /** p rows by id; the column `name` (string[]) holds symbols, which may repeat. */
  readonly genes: Table;
  /** Kind ("Negative Control Probe", "Blank", "Antibody Capture", ...) to its values (n x q) and table (q rows). */
  readonly features: Readonly<Record<string, FeatureSet>>;
  readonly positions: Positions | null;
  readonly shapes?: Readonly<Record<string, Shapes>>;
  readonly transcripts?: Transcripts;
  readonly images?: readonly Image[];
  /** Images and masks whose pixels are read when asked for. */
  readonly pyramids?: readonly ImagePyramid[];
  /** Other expression matrices over the same cells and genes, e.g. `log`, `scaled`. */
  readonly layers: Readonly<Record<string, Expression<Sparse> | Expression<Dense>>>;
  /** n x d coordinates, e.g. `pca`, `umap`. */
  readonly embeddings: Readonly<Record<string, Dense>>;
  readonly graphs: Readonly<Record<string, Graph>>;
}

/** What a reader found, joined and left out, and why. Nothing is dropped silently. */
export interface ReadReport {
  readonly platform: string;
  /** Files that were used, relative to the input. */
  readonly files: readonly string[];
  /** One line each, e.g. "36,601 genes x 2,172 spots from filtered_feature_bc_matrix.h5". */
  readonly found: readonly string[];
  /** How parts were joined, e.g. "positions by barcode: 2,172 of 2,172 spots". */
  readonly joined: readonly string[];
  /** What was left out, how many, and why. */
  readonly dropped: readonly { readonly what: string; readonly count: number; readonly why: string }[];
  /** What the reader doubts. */
  readonly warnings: readonly string[];
}

/** The parts of a dataset that have defaults may be left out. */
export type DatasetParts = Partial<SpatialDataset> & Pick<SpatialDataset, "cells" | "genes">;

/**
 * Puts a dataset together and checks that everything aligned with cells has n rows and with genes p columns.
 *
 * @throws {SpatialError} `input`, naming the part that does not fit
 *
 * @example
 * ```ts
 * import { dataset, ids, positions, selectCells, table } from "tissular/model";
 * const ds = dataset({
 *   cells: table(ids(["a", "b"])),
 *   genes: table(ids(["TP53"])),
 *   positions: positions(Float64Array.from([0, 0, 10, 5]), "um", 1),
 * });
 * if (selectCells(ds, [1]).positions?.data.join() !== "10,5") throw new Error("positions follow");
 * ```
 */
export function dataset(parts: DatasetParts): SpatialDataset {
  const result: SpatialDataset = {
    platform: "unknown",
    observation: "cell",
    counts: null,
    features: {},
    positions: null,
    layers: {},
    embeddings: {},
    graphs: {},
    ...parts,
    kind: "dataset",
  };
  const n = result.cells.ids.length;
  const p = result.genes.ids.length;
  const check = (what: string, rows: number, cols: number | null, wantCols: number | null): void => {
    if (rows !== n || cols !== wantCols) {
      const want = wantCols === null ? `${n} rows` : `${n} x ${wantCols}`;
      throw new SpatialError(
        "input",
        `${what} must be ${want}, found ${cols === null ? `${rows} rows` : `${rows} x ${cols}`}.`,
        { subject: what },
      );
    }
  };
  if (result.counts) check("counts", result.counts.rows, result.counts.cols, p);
  for (const [name, layer] of Object.entries(result.layers))
    check(`layers.${name}`, layer.rows, layer.cols, p);
  for (const [name, set] of Object.entries(result.features)) {
    check(`features.${name}`, set.values.rows, set.values.cols, set.table.ids.length);
  }
  if (result.positions) check("positions", result.positions.rows, null, null);
  for (const [name, e] of Object.entries(result.embeddings)) check(`embeddings.${name}`, e.rows, null, null);
  for (const [name, g] of Object.entries(result.graphs)) check(`graphs.${name}`, g.nodes, null, null);
  return result;
}

/**
 * Positions over `data` (shared), row-major n x dimensions.
 *
 * @throws {SpatialError} `input` where the values do not make whole points
 */
export function positions(
  data: Float64Array,
  unit: Positions["unit"],
  micronsPerUnit: number | null,
  dimensions: 2 | 3 = 2,
): Positions {
  if (data.length % dimensions !== 0) {
    throw new SpatialError(
      "input",
      `Positions in ${dimensions} dimensions need a multiple of ${dimensions} values, found ${data.length}.`,
      { subject: "positions" },
    );
  }
  return { kind: "dense", rows: data.length / dimensions, cols: dimensions, data, unit, micronsPerUnit };
}

/**
 * The given observations, in the given order. Graphs are dropped (rebuild them); shapes, transcripts and images, which
 * have ids and places of their own, stay whole.
 *
 * @throws {SpatialError} `input` for a row that is not there, or counts that are not in memory
 */
export function selectCells(ds: SpatialDataset, rows: ArrayLike<number>): SpatialDataset {
  const map = <T, U>(record: Readonly<Record<string, T>>, f: (value: T) => U): Record<string, U> =>
    Object.fromEntries(Object.entries(record).map(([k, v]) => [k, f(v)]));
  return dataset({
    ...ds,
    counts: ds.counts && selectRows(inMemory(ds.counts, "selectCells"), rows),
    cells: selectTable(ds.cells, rows),
    features: map(ds.features, (set) => ({ ...set, values: selectRows(set.values, rows) })),
    positions: ds.positions && (selectRows(ds.positions, rows) as Positions),
    layers: map(ds.layers, (layer) => selectRows(layer, rows)),
    embeddings: map(ds.embeddings, (e) => selectRows(e, rows)),
    graphs: {},
  });
}

/**
 * The given genes, strictly ascending.
 *
 * @throws {SpatialError} `input` for a gene that is not there or out of order, or counts that are not in memory
 */
export function selectGenes(ds: SpatialDataset, columns: ArrayLike<number>): SpatialDataset {
  return dataset({
    ...ds,
    counts: ds.counts && selectColumns(inMemory(ds.counts, "selectGenes"), columns),
    genes: selectTable(ds.genes, columns),
    layers: Object.fromEntries(Object.entries(ds.layers).map(([k, v]) => [k, selectColumns(v, columns)])),
  });
}

/** The same dataset with other observations' variables; shares every array. */
export function withCells(ds: SpatialDataset, cells: Table): SpatialDataset {
  return dataset({ ...ds, cells });
}

/** The matrix, if it is in memory. */
export function inMemory(
  matrix: Expression<Sparse> | Expression<BlockedMatrix>,
  verb: string,
): Expression<Sparse> {
  if (matrix.kind === "sparse") return matrix;
  throw new SpatialError("input", `${verb} needs a matrix in memory, found one that is read in blocks.`);
}

/** Symbols of the genes where the table has them, else ids. */
export function geneNames(genes: Table): readonly string[] {
  const names = genes.columns["name"];
  return Array.isArray(names) ? names : Array.from({ length: genes.ids.length }, (_, j) => genes.ids.at(j));
}
