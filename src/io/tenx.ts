import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { type Sparse, transpose } from "../model/matrix.ts";
import type { Column } from "../model/table.ts";
import { GENES, soundRows, soundSizes, type VendorMatrix } from "./assemble.ts";
import type { Elements } from "./elements.ts";
import { type H5File, withHdf5 } from "./hdf5.ts";
import { counted, type Draft } from "./report.ts";
import { checkRoom } from "./room.ts";
import { type Source, unpacked } from "./source.ts";
import { csvStrings, parseCsv, textColumn } from "./text.ts";
import { parseMatrixMarket } from "./text-matrix.ts";

/** The schema of a 10x HDF5 file: one group "matrix" (since Cell Ranger 3) or one group per genome; null for neither. */
export function tenxSchema(file: H5File): "v3" | "v2" | null {
  if (file.has("matrix/barcodes") && file.has("matrix/indptr")) return "v3";
  return genomes(file).length > 0 ? "v2" : null;
}

/** The groups of a file with one per genome. */
export function genomes(file: H5File): string[] {
  return file
    .keys("")
    .filter(
      (g) =>
        file.isGroup(g) && file.has(`${g}/barcodes`) && file.has(`${g}/genes`) && file.has(`${g}/indptr`),
    );
}

/** Refuses a 10x file that holds molecules, not a matrix. */
export function refuseMolecules(file: H5File): void {
  if (file.has("barcode_idx") && (file.has("umi") || file.has("count"))) {
    throw new SpatialError("format", `${file.name} must hold a matrix, but it lists single molecules.`, {
      subject: file.name,
      hint: "Give filtered_feature_bc_matrix.h5 of the same run instead of molecule_info.h5.",
    });
  }
}

/** Is the chemistry a spatial one? (Then rows are spots.) */
export function isSpatialChemistry(file: H5File): boolean {
  return /spatial|visium/i.test(String(file.attribute("", "chemistry_description") ?? ""));
}

/** The schema of a 10x HDF5 file; refuses others. */
export function requireTenx(file: H5File): "v3" | "v2" {
  refuseMolecules(file);
  const schema = tenxSchema(file);
  if (schema !== null) return schema;
  throw new SpatialError(
    "format",
    `${file.name} must hold a 10x matrix (a group "matrix", or one per genome), found ${file.keys("").join(", ") || "nothing"}.`,
    { subject: file.name },
  );
}

/** Reads a 10x HDF5 matrix of either schema. */
export async function readTenxH5(
  source: Source,
  name: string,
  report: Draft,
  run: RunOptions,
): Promise<VendorMatrix & { readonly spatial: boolean }> {
  report.files.push(name);
  return withHdf5(source, name, async (file) => {
    const read = requireTenx(file) === "v3" ? readV3 : readV2;
    return { ...(await read(file, report, run)), spatial: isSpatialChemistry(file) };
  });
}

/** What a group of compressed barcodes says before its entries are read. */
export interface TenxHead {
  readonly group: string;
  readonly rows: number;
  readonly cols: number;
  readonly indptr: Uint32Array;
}

export function tenxHead(file: H5File, group: string): TenxHead {
  const [cols, rows] = file.offsets(`${group}/shape`);
  checkRoom(file.name, file.info(`${group}/data`).length);
  return { group, rows, cols, indptr: file.offsets(`${group}/indptr`) };
}

async function readRows(file: H5File, head: TenxHead, report: Draft, run: RunOptions): Promise<Sparse> {
  const { group, rows, cols, indptr } = head;
  const stored = (part: string): number => file.info(`${group}/${part}`).length;
  soundSizes(file.name, rows, cols, indptr, stored("indices"), stored("data"));
  const indices = await readLong(file, `${group}/indices`, "offsets", run);
  const data = await readLong(file, `${group}/data`, "floats", run);
  return soundRows(file.name, rows, cols, indptr, indices, data, report);
}

/** Values read at once: 32 MB of 64-bit ones. */
const BLOCK = 4_194_304;

/** A long dataset in blocks, so that the caller can stop and the library's memory stays small. */
export async function readLong<K extends "offsets" | "floats">(
  file: Pick<Elements, "name" | "whole" | "offsets" | "floats">,
  path: string,
  kind: K,
  run: RunOptions,
): Promise<K extends "offsets" ? Uint32Array : Float32Array> {
  const { length } = file.whole(path);
  const out: Uint32Array | Float32Array =
    kind === "offsets" ? new Uint32Array(length) : new Float32Array(length);
  for (let start = 0; start < length; start += BLOCK) {
    checkAborted(run.signal);
    const end = Math.min(length, start + BLOCK);
    out.set(
      await (kind === "offsets" ? file.offsets(path, start, end) : file.floats(path, start, end)),
      start,
    );
    run.onProgress?.({ step: `read ${path} of ${file.name}`, fraction: end / length });
    await breathe();
  }
  return out as K extends "offsets" ? Uint32Array : Float32Array;
}

/** What a group of features says about each feature. */
export function tenxFeatures(
  file: H5File,
  cols: number,
  report: Draft,
  at: string = "matrix/features",
): Pick<VendorMatrix, "featureIds" | "featureNames" | "featureKinds" | "featureColumns"> {
  checkNames(file, `${at}/id`, cols, "features");
  const featureIds = file.strings(`${at}/id`);
  const featureKinds = file.has(`${at}/feature_type`)
    ? file.strings(`${at}/feature_type`)
    : featureIds.map(() => GENES);
  const featureColumns: Record<string, Column> = {};
  for (const key of file.keys(at)) {
    if (["id", "name", "feature_type"].includes(key) || key.startsWith("_") || file.isGroup(`${at}/${key}`))
      continue;
    const info = file.info(`${at}/${key}`);
    if (info.length !== cols || info.type === "other") continue;
    if (info.type === "string") featureColumns[key] = textColumn(file.strings(`${at}/${key}`));
    else if (info.type === "boolean") featureColumns[key] = Uint8Array.from(file.numbers(`${at}/${key}`));
    else featureColumns[key] = Float64Array.from(file.numbers(`${at}/${key}`));
  }
  let featureNames = file.has(`${at}/name`) ? file.strings(`${at}/name`) : featureIds;
  if (file.has(`${at}/probe_region`)) {
    featureColumns["probe"] = featureNames;
    featureNames = featureNames.map((name) => name.split("|")[0]);
    report.warnings.push(
      `${file.name} counts probes, not genes: a gene may have several rows. Each probe stays a feature of its own, named after its gene.`,
    );
  }
  return { featureIds, featureNames, featureKinds, featureColumns };
}

/** Refuses a list of names of another length than the matrix, before it is read. */
function checkNames(file: H5File, path: string, count: number, what: string): void {
  const { length } = file.info(path);
  if (length === count) return;
  throw new SpatialError("format", `${file.name} must name its ${count} ${what}, found ${length} names.`, {
    subject: file.name,
  });
}

/** Names of cells and features: all that a file says besides its entries. */
export type TenxNames = Omit<VendorMatrix, "matrix">;

/** Names of a file with one group "matrix" of `rows` barcodes and `cols` features. */
export function tenxNames(file: H5File, rows: number, cols: number, report: Draft): TenxNames {
  checkNames(file, "matrix/barcodes", rows, "barcodes");
  const cellIds = file.strings("matrix/barcodes");
  const cellColumns: Record<string, Column> = {};
  if (file.has("matrix/filtered_barcodes"))
    cellColumns["filtered_barcodes"] = Uint8Array.from(file.numbers("matrix/filtered_barcodes"));
  return { subject: file.name, cellIds, cellColumns, ...tenxFeatures(file, cols, report) };
}

async function readV3(file: H5File, report: Draft, run: RunOptions): Promise<VendorMatrix> {
  const head = tenxHead(file, "matrix");
  return {
    ...tenxNames(file, head.rows, head.cols, report),
    matrix: await readRows(file, head, report, run),
  };
}

/** Names of a file with one group per genome: their features stand side by side, barcodes are joined. */
export function genomeNames(file: H5File): TenxNames {
  const cellIds = new Set<string>();
  const featureIds: string[] = [];
  const featureNames: string[] = [];
  const genome: string[] = [];
  for (const g of genomes(file)) {
    const barcodes = file.strings(`${g}/barcodes`);
    if (new Set(barcodes).size < barcodes.length) {
      throw new SpatialError(
        "format",
        `Every barcode of ${g} in ${file.name} must stand once, but some repeat.`,
        { subject: file.name },
      );
    }
    for (const b of barcodes) cellIds.add(b);
    const names = file.strings(`${g}/genes`);
    for (const id of names) featureIds.push(id);
    for (const symbol of file.has(`${g}/gene_names`) ? file.strings(`${g}/gene_names`) : names)
      featureNames.push(symbol);
    for (let j = 0; j < names.length; j++) genome.push(g);
  }
  return {
    subject: file.name,
    cellIds: [...cellIds],
    cellColumns: {},
    featureIds,
    featureNames,
    featureKinds: featureIds.map(() => GENES),
    featureColumns: { genome: textColumn(genome) },
  };
}

/** Reads a file with one group per genome. */
export async function readV2(file: H5File, report: Draft, run: RunOptions): Promise<VendorMatrix> {
  const groups = genomes(file);
  const names = genomeNames(file);
  const rowOf = new Map(names.cellIds.map((b, i) => [b, i]));
  const parts: { rows: number[]; x: Sparse }[] = [];
  for (const g of groups) {
    const x = await readRows(file, tenxHead(file, g), report, run);
    parts.push({ rows: file.strings(`${g}/barcodes`).map((b) => rowOf.get(b) as number), x });
  }
  if (groups.length > 1)
    report.joined.push(`${counted(groups.length, "genome")} by barcode: ${groups.join(", ")}.`);
  return { ...names, matrix: sideBySide(rowOf.size, parts) };
}

function sideBySide(rows: number, parts: readonly { rows: readonly number[]; x: Sparse }[]): Sparse {
  const indptr = new Uint32Array(rows + 1);
  for (const { rows: to, x } of parts)
    for (let i = 0; i < x.rows; i++) indptr[to[i] + 1] += x.indptr[i + 1] - x.indptr[i];
  for (let i = 0; i < rows; i++) indptr[i + 1] += indptr[i];
  const next = indptr.slice();
  const indices = new Uint32Array(indptr[rows]);
  const data = new Float32Array(indptr[rows]);
  let shift = 0;
  for (const { rows: to, x } of parts) {
    for (let i = 0; i < x.rows; i++) {
      for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) {
        const at = next[to[i]]++;
        indices[at] = x.indices[e] + shift;
        data[at] = x.data[e];
      }
    }
    shift += x.cols;
  }
  return { kind: "sparse", rows, cols: shift, indptr, indices, data };
}

/** The three files of a text matrix. */
export interface MtxFiles {
  readonly matrix: string;
  readonly barcodes: string;
  readonly features: string;
}

/** The three files of a 10x text matrix in a folder ("" or ending in "/"), or null where one is missing. */
export function mtxFiles(source: Source, folder: string): MtxFiles | null {
  const find = (...names: readonly string[]): string | undefined =>
    names.flatMap((n) => [`${folder}${n}.gz`, `${folder}${n}`]).find((n) => source.names.includes(n));
  const matrix = find("matrix.mtx");
  const barcodes = find("barcodes.tsv");
  const features = find("features.tsv", "genes.tsv");
  return matrix && barcodes && features ? { matrix, barcodes, features } : null;
}

/** Reads a 10x folder of matrix.mtx, barcodes.tsv and features.tsv (or genes.tsv), packed or not. */
export async function readTenxMtx(
  source: Source,
  folder: string,
  report: Draft,
  run: RunOptions,
): Promise<VendorMatrix> {
  const files = mtxFiles(source, folder);
  if (files === null) {
    throw new SpatialError(
      "not-found",
      `${source.label}/${folder} must hold matrix.mtx, barcodes.tsv and features.tsv (or genes.tsv), packed or not.`,
      { subject: folder },
    );
  }
  return readMtx(source, files, report, run);
}

/** Reads a matrix market file with the names of its rows and columns. */
export async function readMtx(
  source: Source,
  files: MtxFiles,
  report: Draft,
  run: RunOptions,
): Promise<VendorMatrix> {
  report.files.push(files.matrix, files.barcodes, files.features);
  const tsv = { header: false, delimiter: "\t" } as const;
  const barcodes = parseCsv(await unpacked(source, files.barcodes), files.barcodes, tsv);
  const features = parseCsv(await unpacked(source, files.features), files.features, tsv);
  const parsed = await parseMatrixMarket(await unpacked(source, files.matrix), files.matrix, run, [
    [features.rows, barcodes.rows],
    [barcodes.rows, features.rows],
  ]);
  if (parsed.repeated > 0)
    report.warnings.push(`${files.matrix}: ${counted(parsed.repeated, "entry")} stood twice and were added.`);
  let { matrix } = parsed;
  if (matrix.cols === barcodes.rows && matrix.rows === features.rows && matrix.rows !== matrix.cols) {
    matrix = transpose(matrix);
    report.warnings.push(`${files.matrix} has observations as rows; it was turned.`);
  }
  const width = features.header.length;
  const featureIds = csvStrings(features, 0);
  return {
    subject: files.matrix,
    cellIds: csvStrings(barcodes, 0),
    cellColumns: {},
    featureIds,
    featureNames: width > 1 ? csvStrings(features, 1) : featureIds,
    featureKinds: width > 2 ? csvStrings(features, 2) : featureIds.map(() => GENES),
    featureColumns: {},
    matrix,
  };
}
