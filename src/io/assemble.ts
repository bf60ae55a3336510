import { SpatialError } from "../core/errors.ts";
import type { DatasetParts, FeatureSet, Observation } from "../model/dataset.ts";
import { expression, inferValues, selectColumns, type Sparse, type Values } from "../model/matrix.ts";
import { type Column, ids, selectColumn, type Table, table } from "../model/table.ts";
import { counted, type Draft, sample } from "./report.ts";
import { tidy } from "./text-matrix.ts";

/** A matrix of observations x features as a vendor's file has it, features of all kinds together. */
export interface VendorMatrix {
  readonly subject: string;
  readonly cellIds: readonly string[];
  readonly cellColumns: Readonly<Record<string, Column>>;
  readonly featureIds: readonly string[];
  readonly featureNames: readonly string[];
  /** "Gene Expression" or another kind, per feature. */
  readonly featureKinds: readonly string[];
  readonly featureColumns: Readonly<Record<string, Column>>;
  readonly matrix: Sparse;
}

export const GENES = "Gene Expression";

function unsound(subject: string, rows: number, cols: number, what: string): never {
  throw new SpatialError("format", `${subject} holds no sound ${rows} x ${cols} matrix: ${what}.`, {
    subject,
    hint: "The file is damaged or was written by a faulty tool: export or download it again.",
  });
}

/** Refuses compressed rows whose sizes disagree, so that nothing large is read or made room for in vain. */
export function soundSizes(
  subject: string,
  rows: number,
  cols: number,
  indptr: ArrayLike<number>,
  columns: number,
  values: number,
): void {
  if (indptr.length !== rows + 1 || indptr[0] !== 0)
    unsound(subject, rows, cols, `${rows + 1} row offsets from 0 are needed, found ${indptr.length}`);
  if (indptr[rows] !== columns || columns !== values)
    unsound(
      subject,
      rows,
      cols,
      `the offsets end at ${indptr[rows]} for ${columns} columns and ${values} values`,
    );
  if (columns > rows * cols) unsound(subject, rows, cols, `it says to hold ${columns} values`);
}

/**
 * Compressed rows as read from a file, made sound: offsets and columns must fit, values must be numbers; columns are
 * sorted and entries of one place added where a file needs it.
 */
export function soundRows(
  subject: string,
  rows: number,
  cols: number,
  indptr: Uint32Array,
  indices: Uint32Array,
  data: Float32Array,
  report: Draft,
): Sparse {
  const fail = (what: string): never => unsound(subject, rows, cols, what);
  soundSizes(subject, rows, cols, indptr, indices.length, data.length);
  let isSorted = true;
  let isFinite = true;
  for (let i = 0; i < rows; i++) {
    if (indptr[i + 1] < indptr[i] || indptr[i + 1] > indices.length)
      fail(`the offsets do not go up to ${indices.length} at row ${i}`);
    let last = -1;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const j = indices[e];
      if (j >= cols) fail(`it names column ${j}`);
      if (j <= last) isSorted = false;
      last = j;
      if (data[e] - data[e] !== 0) isFinite = false;
    }
  }
  if (!isFinite) checkFinite(subject, data);
  const stored: Sparse = { kind: "sparse", rows, cols, indptr, indices, data };
  if (isSorted) return stored;
  const { matrix, repeated } = tidy(stored);
  if (repeated > 0)
    report.warnings.push(`${subject}: ${counted(repeated, "entry")} stood twice and were added.`);
  return matrix;
}

/** Refuses values that are not numbers. */
export function checkFinite(subject: string, data: Float32Array | Float64Array): void {
  let bad = 0;
  for (let e = 0; e < data.length; e++) if (!Number.isFinite(data[e])) bad++;
  if (bad > 0) {
    throw new SpatialError(
      "input",
      `The expression values of ${subject} must be finite numbers, found ${bad} that are NaN or infinite.`,
      { subject, hint: "Replace or remove them where the file was made." },
    );
  }
}

/** The kinds of features that there are, which of them are genes, and the columns of each. */
export function featureKinds(all: readonly string[]): {
  readonly kinds: readonly string[];
  readonly geneKind: string;
  readonly columnsOf: (kind: string) => Uint32Array;
} {
  const kinds = [...new Set(all)];
  return {
    kinds,
    geneKind: kinds.includes(GENES) ? GENES : kinds[0],
    columnsOf: (kind) => Uint32Array.from(all.flatMap((k, j) => (k === kind ? [j] : []))),
  };
}

/** Turns a vendor's matrix into the parts of a dataset: genes apart from other kinds, values by content. */
export function assemble(
  vendor: VendorMatrix,
  observation: Observation,
  values: Values | undefined,
  report: Draft,
): DatasetParts {
  const { subject, matrix } = vendor;
  const n = vendor.cellIds.length;
  checkUnique(vendor.cellIds, subject, observation);
  if (n === 0 || matrix.cols === 0) {
    throw new SpatialError(
      "input",
      `${subject} must hold observations and features, found ${n} x ${matrix.cols}.`,
      {
        subject,
      },
    );
  }
  const { kinds, geneKind, columnsOf } = featureKinds(vendor.featureKinds);
  const geneColumns = columnsOf(geneKind);
  const onlyGenes = kinds.length === 1;
  const genes = featureTable(vendor, geneColumns);
  const x = onlyGenes ? matrix : selectColumns(matrix, geneColumns);
  const features: Record<string, FeatureSet> = {};
  for (const kind of kinds) {
    if (kind === geneKind) continue;
    const columns = columnsOf(kind);
    const part = selectColumns(matrix, columns);
    features[kind] = { values: expression(part, inferValues(part)), table: featureTable(vendor, columns) };
    report.found.push(`${counted(columns.length, "feature")} of kind "${kind}", kept apart from genes.`);
  }
  report.found.unshift(
    `${counted(geneColumns.length, "gene")} x ${counted(n, observation)} from ${subject}.`,
  );
  noteRepeats(genes, report);
  if (matrix.indices.length === 0) report.warnings.push(`${subject}: all values are 0.`);
  return {
    observation,
    cells: table(ids(vendor.cellIds), vendor.cellColumns),
    genes,
    features,
    ...place(x, values, report),
  };
}

/** Refuses negative values (they look scaled) under the name of counts or normalized ones. */
export function checkSigns(kind: Values, inferred: Values): void {
  if (inferred !== "scaled" || (kind !== "counts" && kind !== "normalized")) return;
  throw new SpatialError("values", `Values said to be ${kind} must not be negative, but some are.`, {
    subject: "values",
    hint: "Negative values are scaled ones, or logarithms: say scaled or log, or nothing.",
  });
}

/** Puts a matrix where its values belong: counts, or a layer named after them. */
export function place(
  x: Sparse,
  values: Values | undefined,
  report: Draft,
): Pick<DatasetParts, "counts" | "layers"> {
  const inferred = inferValues(x);
  if (values !== undefined && values !== inferred)
    report.warnings.push(`The values look like ${inferred}; they are taken as ${values} as asked.`);
  const kind = values ?? inferred;
  checkSigns(kind, inferred);
  if (kind === "counts") {
    if (inferred !== "counts") {
      report.warnings.push("Taken as counts, but some values are no whole numbers from 0.");
    }
    return { counts: expression(x, kind), layers: {} };
  }
  if (values === undefined) report.warnings.push(`The values are no counts: they look ${kind}.`);
  return { counts: null, layers: { [kind]: expression(x, kind) } };
}

/** Some of a vendor's features as a table. */
export function featureTable(
  vendor: Pick<VendorMatrix, "featureIds" | "featureNames" | "featureColumns">,
  rows: Uint32Array,
): Table {
  const pick = <T extends Column>(column: T): T => selectColumn(column, rows);
  const columns: Record<string, Column> = { name: pick(vendor.featureNames) };
  for (const [name, column] of Object.entries(vendor.featureColumns)) columns[name] = pick(column);
  return table(ids(pick(vendor.featureIds)), columns);
}

/** Refuses observations that share an id. */
export function checkUnique(names: readonly string[], subject: string, noun: string): void {
  let isAscending = true;
  for (let i = 1; i < names.length && isAscending; i++) isAscending = names[i - 1] < names[i];
  if (isAscending) return;
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  if (twice.size > 0) {
    throw new SpatialError(
      "format",
      `Every ${noun} of ${subject} must have an id of its own, but ${counted(twice.size, "id")} stand${twice.size === 1 ? "s" : ""} more than once: ${sample([...twice])}.`,
      { subject, hint: "If several samples were put together, give each id its sample's name." },
    );
  }
}

/** Notes gene names and ids that stand more than once. */
export function noteRepeats(genes: Table, report: Draft): void {
  const names = genes.columns["name"] as readonly string[];
  const repeats = names.length - new Set(names).size;
  if (repeats > 0)
    report.warnings.push(
      `${counted(repeats, "gene name")} repeat${repeats === 1 ? "s" : ""} an earlier one; genes are told apart by id.`,
    );
  const seen = new Set<string>();
  for (let j = 0; j < genes.ids.length; j++) seen.add(genes.ids.at(j));
  if (seen.size < genes.ids.length)
    report.warnings.push(`${counted(genes.ids.length - seen.size, "gene id")} stand more than once.`);
}
