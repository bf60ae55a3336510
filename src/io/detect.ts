import { SpatialError } from "../core/errors.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import { readAnndata, readAnndataZarr } from "./anndata.ts";
import { assemble } from "./assemble.ts";
import { findCosmx, readCosmx } from "./cosmx.ts";
import { findCurio, readCurio } from "./curio.ts";
import { isAnndata } from "./elements.ts";
import { readGem } from "./gem.ts";
import { withHdf5 } from "./hdf5.ts";
import { isLoom, readLoom } from "./loom.ts";
import { findMerscope, readMerscope } from "./merscope.ts";
import type { ReadOptions } from "./open.ts";
import { type Draft, sample } from "./report.ts";
import { findSeqfish, readSeqfish } from "./seqfish.ts";
import { gunzip, isGzip, type Source } from "./source.ts";
import { isSpatialData, readSpatialData } from "./spatialdata.ts";
import { findStarmap, readStarmap } from "./starmap.ts";
import { findStereoseq, readGef, readStereoseq } from "./stereoseq.ts";
import { mtxFiles, readTenxH5, readTenxMtx, refuseMolecules, tenxSchema } from "./tenx.ts";
import type { TextShape } from "./text-shape.ts";
import { findTables, readTableSample } from "./text-tables.ts";
import { openSource } from "./url.ts";
import { findVisium, isBin, readVisium } from "./visium.ts";
import { findVisiumHd, readVisiumHd } from "./visium-hd.ts";
import { findXenium, readXenium } from "./xenium.ts";
import { openZarr } from "./zarr.ts";
import { findZarr } from "./zarr-documents.ts";

/** One sample that was found, and how to read it. */
export interface Candidate {
  readonly platform: string;
  /** Its folder in the source, "" or ending in "/". */
  readonly folder: string;
  /** What tells it from others in the folder: its prefix or file. */
  readonly file: string;
  readonly read: (report: Draft, options: ReadOptions) => Promise<SpatialDataset>;
  /** It uses the option `positions` itself. */
  readonly places?: boolean;
}

/** Finds the one sample of a source, by layout and content; a sample inside another's folder is a part of that. */
export async function detect(source: Source): Promise<Candidate> {
  const wide = { ...source, names: [...source.names, ...(source.nearby?.() ?? [])] };
  const asked = (...names: readonly string[]): boolean => names.some((n) => source.names.includes(n));
  const visium = findVisium(source);
  const hd = findVisiumHd(source, visium);
  const vendors: Candidate[] = [
    ...findXenium(source).map((files) => ({
      platform: "xenium",
      folder: files.folder,
      file: "",
      read: (report: Draft, o: ReadOptions) =>
        readXenium(source, files, o.shapes ?? true, o.values, report, o),
    })),
    ...findMerscope(wide)
      .filter((files) => asked(files.counts, files.cells))
      .map((files) => ({
        platform: "merscope",
        folder: files.folder,
        file: files.counts.slice(files.folder.length),
        read: (report: Draft, o: ReadOptions) =>
          readMerscope(wide, files, o.shapes ?? true, o.values, report, o),
      })),
    ...findCosmx(wide)
      .filter((files) => asked(files.counts, files.cells))
      .map((files) => ({
        platform: "cosmx",
        folder: files.folder,
        file: files.prefix,
        read: (report: Draft, o: ReadOptions) =>
          readCosmx(source, files, o.shapes ?? true, o.values, report, o),
      })),
    ...findSeqfish(wide)
      .filter((files) => asked(files.counts, files.cells))
      .map((files) => ({
        platform: "seqfish",
        folder: files.folder,
        file: files.prefix,
        read: (report: Draft, o: ReadOptions) =>
          readSeqfish(source, files, o.shapes ?? true, o.values, report, o),
      })),
    ...findCurio(source).map((files) => ({
      platform: "curio",
      folder: files.folder,
      file: files.prefix,
      read: (report: Draft, o: ReadOptions) => readCurio(source, files, o.values, report, o),
    })),
    ...findStarmap(source).map((files) => ({
      platform: "starmap",
      folder: files.folder,
      file: "",
      read: (report: Draft, o: ReadOptions) => readStarmap(source, files, o.values, report, o),
    })),
    ...findStereoseq(source).map((files) => ({
      platform: "stereo-seq",
      folder: files.folder,
      file: files.chip,
      read: (report: Draft, o: ReadOptions) => readStereoseq(source, files, o.binSize, o.values, report, o),
    })),
    ...hd.map((files) => ({
      platform: "visium-hd",
      folder: files.folder,
      file: "",
      read: (report: Draft, o: ReadOptions) => readVisiumHd(source, files, o.binSize, o.values, report, o),
    })),
    ...visium
      .filter((files) => !hd.some((sample) => sample.bins.some((bin) => bin.files === files)))
      .map((files) => ({
        platform: "visium",
        folder: files.folder,
        file: files.prefix,
        read: (report: Draft, o: ReadOptions) => readVisium(source, files, o.values, report, o),
      })),
  ];
  let found = vendors.length > 0 ? vendors : await bareMatrices(source);
  const tables = found.length > 0 ? null : await findTables(source);
  if (tables !== null) {
    found = tables.samples.map((files) => ({
      platform: files.platform,
      folder: "",
      file: files.counts,
      places: files.platform !== "stereo-seq",
      read: async (report: Draft, o: ReadOptions) => {
        if (files.platform === "stereo-seq")
          return readGem(source, files.counts, o.binSize, o.values, report, o);
        const given = o.positions === undefined ? null : await positionsFile(o.positions);
        return readTableSample(source, files, given, o.values, report, o);
      },
    }));
  }
  if (found.length === 0)
    found = source.names
      .filter((name) => /\.loom$/i.test(name))
      .map((name) => ({
        platform: "loom",
        folder: "",
        file: name,
        read: (report: Draft, o: ReadOptions) => readLoom(source, name, o.values, report, o),
      }));
  const outermost = found.filter(
    (c) => !found.some((other) => other.folder !== c.folder && c.folder.startsWith(other.folder)),
  );
  if (outermost.length === 0) throw nothingFound(source, tables?.alone ?? []);
  if (outermost.length > 1) {
    const list = outermost.map((c) => `${c.folder}${c.file} (${c.platform})`);
    throw new SpatialError(
      "input",
      `${source.label} must hold one sample, found ${outermost.length}: ${sample(list, 12)}.`,
      {
        subject: source.label,
        hint: "Name one of them (files of several samples in one folder go into a folder each); samples are read one by one.",
      },
    );
  }
  return outermost[0];
}

/** Matrices without a vendor's folder around them: HDF5 files by content, text folders. */
async function bareMatrices(source: Source): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const only = source.names.length === 1;
  for (const name of source.names) {
    if (!(only || /\.(h5|h5ad|hdf5|he5)$/i.test(name)) || !(await hasHdf5Signature(source, name))) continue;
    const kind = await withHdf5(source, name, (file) => {
      if (isAnndata(file)) return "h5ad";
      if (file.has("geneExp") || file.has("cellBin")) return "stereo-seq";
      if (only && isLoom(file)) return "loom";
      if (only) refuseMolecules(file);
      return tenxSchema(file) === null ? null : "10x-h5";
    });
    if (kind === null) continue;
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    found.push({
      platform: kind,
      folder,
      file: name.slice(folder.length),
      read: (report, o) => {
        if (kind === "h5ad") return readAnndata(source, name, o.values, report, o);
        if (kind === "loom") return readLoom(source, name, o.values, report, o);
        if (kind === "stereo-seq") return readGef(source, name, o.binSize, o.values, report, o);
        return readBareH5(source, name, report, o);
      },
    });
  }
  for (const folder of findZarr(source)) {
    const tree = await openZarr(source, folder);
    const isSpatial = isSpatialData(tree);
    if (!isSpatial && !isAnndata(tree)) continue;
    const read: Candidate["read"] = (report, o) =>
      isSpatial
        ? readSpatialData(source, folder, tree, o.values, report, o)
        : readAnndataZarr(tree, o.values, report, o);
    found.push({ platform: isSpatial ? "spatialdata" : "anndata-zarr", folder, file: "", read });
  }
  if (found.length > 0) return found;
  for (const folder of new Set(source.names.map((n) => n.slice(0, n.lastIndexOf("/") + 1)))) {
    if (mtxFiles(source, folder) === null) continue;
    const read: Candidate["read"] = async (report, o) => {
      const vendor = await readTenxMtx(source, folder, report, o);
      return dataset({ ...assemble(vendor, "cell", o.values, report), platform: "10x-mtx" });
    };
    found.push({ platform: "10x-mtx", folder, file: "", read });
  }
  return found;
}

async function readBareH5(
  source: Source,
  name: string,
  report: Draft,
  o: ReadOptions,
): Promise<SpatialDataset> {
  const vendor = await readTenxH5(source, name, report, o);
  const observation = isBin(vendor.cellIds[0]) ? "bin" : vendor.spatial ? "spot" : "cell";
  return dataset({ ...assemble(vendor, observation, o.values, report), platform: "10x-h5" });
}

async function hasHdf5Signature(source: Source, name: string): Promise<boolean> {
  const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  for (const at of [0, 512, 1024, 2048]) {
    const head = await source.slice(name, at, at + 8);
    if (signature.every((b, k) => head[k] === b)) return true;
  }
  return false;
}

/** Says what was looked for, what there is and, where that is known, what to do. */
function nothingFound(source: Source, alone: readonly TextShape[]): SpatialError {
  const has = (pattern: RegExp): string | undefined => source.names.find((n) => pattern.test(n));
  const looked =
    "Looked for Visium (filtered_feature_bc_matrix and spatial/tissue_positions; of HD also segmented_outputs), Xenium (cell_feature_matrix and cells.csv.gz or cells.parquet), MERSCOPE (cell_by_gene.csv and cell_metadata.csv), CosMx (exprMat_file.csv and metadata_file.csv), seqFISH (CellxGene.csv and CellCoordinates.csv), Stereo-seq (.gef or .gem), a 10x matrix, h5ad, a zarr store of AnnData or SpatialData, and tables of values and coordinates as text";
  const ways: readonly (readonly [RegExp, string])[] = [
    [
      /(^|\/)transcripts\.(csv|csv\.gz|parquet)$/,
      "There are transcripts, but neither cell_feature_matrix nor cells: open them with openTranscripts and count them in outlines with countTranscripts.",
    ],
    [/cell_by_gene.*\.csv/, "cell_metadata.csv must lie beside cell_by_gene.csv."],
    [/cell_metadata.*\.csv/, "cell_by_gene.csv must lie beside cell_metadata.csv."],
    [/(^|\/)cells\.(csv|csv\.gz|parquet)$/, "cell_feature_matrix.h5 must lie beside the table of cells."],
    [
      /detected_transcripts|feature_data_[^/]*\.hdf5$|m(icron|osaic)_space\.parquet$/,
      "This is a part of a MERSCOPE run: cell_by_gene.csv and cell_metadata.csv must lie beside its transcripts and outlines.",
    ],
    [
      /molecule_info\.h5$/,
      "molecule_info.h5 lists single molecules: filtered_feature_bc_matrix.h5 of the same run must lie there.",
    ],
    [/tissue_positions/, "A filtered_feature_bc_matrix (.h5 or folder) must lie beside the folder spatial."],
    [/exprMat_file/, "metadata_file.csv of the same export must lie beside exprMat_file.csv."],
    [
      /(metadata|tx|fov_positions)_file/,
      "This is a part of a CosMx export: exprMat_file.csv must lie beside metadata_file.csv.",
    ],
    [/CellxGene|CellCoordinates/i, "CellxGene.csv and CellCoordinates.csv of one region must lie together."],
    [/zarr\.json|\.zgroup|zmetadata/, "The zarr store there is neither a SpatialData nor an AnnData."],
    [/\.(h5|h5ad|hdf5)$/, "The HDF5 files there are no 10x matrices, no h5ad and no GEF."],
    [
      /\.(feather|arrow|parquet)$/,
      "A table of values as parquet or Arrow is read with one of coordinates by readTable.",
    ],
    [
      /\.geojson(\.gz)?$/,
      "Outlines alone are no sample: readShapes reads them, countTranscripts counts by them.",
    ],
    [/\.(rds|rda|rdata)$/i, "R objects are not read: write the sample as h5ad."],
    [/\.(zip|tar|tar\.gz|tgz)$/, "Give one archive by itself, or unpack it and give the folder."],
  ];
  const half = alone.find((s) => s.kind === "matrix") ?? alone[0];
  const isEmpty = source.names.length === 1 && source.size(source.names[0]) === 0;
  const way = isEmpty
    ? "The file is empty (0 bytes): copy or download it again."
    : half === undefined
      ? ways.find(([pattern]) => has(pattern) !== undefined)?.[1]
      : halfOf(half);
  const there = source.names.length === 0 ? "it is empty" : `it has ${sample(topLevel(source), 10)}`;
  return new SpatialError("not-found", `No sample was found in ${source.label}: ${there}. ${looked}.`, {
    subject: source.label,
    hint: way ?? "Give the folder that the vendor's software wrote (for 10x: outs).",
  });
}

/** What to do about a table without its other half. */
function halfOf({ name, kind }: TextShape): string {
  return kind === "matrix"
    ? `${name} is a table of values without coordinates: name it alone and give them with --positions.`
    : `${name} has coordinates, but no table of values lies beside it: download the counts of the same sample.`;
}

function topLevel(source: Source): string[] {
  return [...new Set(source.names.map((n) => (n.includes("/") ? n.slice(0, n.indexOf("/") + 1) : n)))];
}

/** A table of coordinates that was given as a path or as bytes. */
export async function positionsFile(
  positions: string | Uint8Array,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const file = typeof positions === "string" ? await openSource(positions) : null;
  if (file !== null && file.names.length !== 1)
    throw new SpatialError("input", `positions must be one file, found the folder ${file.label}.`, {
      subject: "positions",
    });
  const name = file === null ? "positions" : file.names[0];
  const bytes = file === null ? (positions as Uint8Array) : await file.bytes(name);
  return { name, bytes: isGzip(bytes) ? await gunzip(bytes, name) : bytes };
}
