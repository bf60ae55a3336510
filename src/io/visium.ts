import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Image } from "../model/image.ts";
import type { Values } from "../model/matrix.ts";
import { type Column, isCategorical } from "../model/table.ts";
import { assemble } from "./assemble.ts";
import { imageFile } from "./images.ts";
import { readPositions } from "./parquet-positions.ts";
import { joinPositions, type PositionTable } from "./positions.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { withVendorClusters } from "./vendor-clusters.ts";
import { mtxFiles, readTenxH5, readTenxMtx } from "./tenx.ts";

/** The files of one Visium sample. */
export interface VisiumFiles {
  /** Folder of the sample, "" or ending in "/". */
  readonly folder: string;
  /** What stands before the vendor's file names, e.g. "S1_". */
  readonly prefix: string;
  readonly positions: string;
  /** All matrices found, the preferred first: filtered before raw, features before probes, HDF5 before text. */
  readonly matrices: readonly { readonly kind: "h5" | "mtx"; readonly name: string }[];
}

const POSITIONS = /^(.*?)tissue_positions(?:_list)?\.(?:(?:csv|txt)(?:\.gz)?|parquet)$/;

/** All Visium samples of a source: wherever positions and a matrix lie together. */
export function findVisium(source: Source): VisiumFiles[] {
  const samples: VisiumFiles[] = [];
  for (const name of source.names) {
    const file = name.slice(name.lastIndexOf("/") + 1);
    const match = POSITIONS.exec(file);
    if (match === null) continue;
    const parts = name.split("/").slice(0, -1);
    const inside = parts.at(-1) ?? "";
    const isSpatial = /(^|[_.-])spatial$/.test(inside);
    const folder = (isSpatial ? parts.slice(0, -1) : parts).map((p) => `${p}/`).join("");
    const prefixes = new Set([match[1], isSpatial ? inside.replace(/spatial$/, "") : "", ""]);
    for (const prefix of prefixes) {
      const matrices = findMatrices(source, folder, prefix);
      if (matrices.length === 0) continue;
      if (!samples.some((s) => s.folder === folder && s.prefix === prefix))
        samples.push({ folder, prefix, positions: name, matrices });
      break;
    }
  }
  return samples;
}

function findMatrices(source: Source, folder: string, prefix: string): VisiumFiles["matrices"] {
  const found: { kind: "h5" | "mtx"; name: string }[] = [];
  for (const which of ["filtered_feature", "raw_feature", "raw_probe"]) {
    const base = `${folder}${prefix}${which}_bc_matrix`;
    if (source.names.includes(`${base}.h5`)) found.push({ kind: "h5", name: `${base}.h5` });
    if (mtxFiles(source, `${base}/`)) found.push({ kind: "mtx", name: `${base}/` });
  }
  if (found.length === 0 && mtxFiles(source, `${folder}${prefix}`))
    found.push({ kind: "mtx", name: `${folder}${prefix}` });
  return found;
}

/** Reads a Visium sample: matrix, positions, scale factors, images; of Visium HD one size of bins. */
export async function readVisium(
  source: Source,
  files: VisiumFiles,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const [chosen, ...others] = files.matrices;
  if (others.length > 0) {
    report.warnings.push(
      `${chosen.name} was read; ${others.map((m) => m.name).join(", ")} also ${others.length === 1 ? "lies" : "lie"} there and ${others.length === 1 ? "was" : "were"} not.`,
    );
  }
  const vendor =
    chosen.kind === "h5"
      ? await readTenxH5(source, chosen.name, report, run)
      : await readTenxMtx(source, chosen.name, report, run);
  report.files.push(files.positions);
  const read = await readPositions(source, files.positions, run);
  const table = { ...read, columns: wholeNumbers(read.columns) };
  const beside = files.positions.slice(0, files.positions.lastIndexOf("/") + 1);
  const scale = await readScale(source, beside, files.prefix, report);
  const observation = scale.binMicrons !== null || isBin(vendor.cellIds[0]) ? "bin" : "spot";
  const joined = joinPositions(
    assemble(vendor, observation, values, report),
    { ...table, micronsPerUnit: scale.micronsPerPixel ?? micronsPerPixel(table, report) },
    report,
  );
  const inTissue = joined.cells.columns["in_tissue"];
  if (inTissue instanceof Int32Array) {
    let off = 0;
    for (const v of inTissue) if (v === 0) off++;
    if (off > 0)
      report.warnings.push(`Off the tissue, but in the matrix and kept: ${counted(off, observation)}.`);
  }
  const cells = await withVendorClusters(source, files.folder, joined.cells, report);
  const platform = observation === "bin" ? "visium-hd" : "visium";
  return dataset({ ...joined, cells, platform, images: scale.images });
}

/** The columns of Space Ranger's array as whole numbers, whatever they were kept as: numbers, truth values or texts. */
function wholeNumbers(columns: Readonly<Record<string, Column>>): Record<string, Column> {
  const out = { ...columns };
  for (const name of ["in_tissue", "array_row", "array_col"]) {
    const column = out[name];
    if (column === undefined || column instanceof Int32Array) continue;
    const values = isCategorical(column)
      ? Array.from(column.codes, (c) => column.categories[c])
      : Array.from<string | number>(column);
    const numbers = values.map((v) => TRUTH[String(v).toLowerCase()] ?? Number(v));
    if (numbers.every((v) => v === (v | 0))) out[name] = Int32Array.from(numbers);
  }
  return out;
}

const TRUTH: Readonly<Record<string, number>> = { true: 1, false: 0 };

/** Is this the name of a bin of Visium HD, e.g. s_008um_00000_00000-1? */
export function isBin(id: string | undefined): boolean {
  return id !== undefined && /^s_\d+um_/.test(id);
}

/**
 * Micrometres per pixel from the lattice of the spots in tissue: neighbors on the hexagonal array are 100 um apart.
 * Null where the array is not hexagonal or no two spots are neighbors.
 */
export function micronsPerPixel(table: PositionTable, report: Draft): number | null {
  const { array_row: row, array_col: column } = table.columns;
  if (!(row instanceof Int32Array) || !(column instanceof Int32Array)) {
    report.warnings.push("The positions have no array rows and columns: their scale is unknown.");
    return null;
  }
  const inTissue = table.columns["in_tissue"];
  const spots = Array.from(row.keys()).filter((i) => !(inTissue instanceof Int32Array) || inTissue[i] !== 0);
  const parity = (i: number): number => (row[i] + column[i]) & 1;
  if (!spots.every((i) => parity(i) === parity(spots[0]))) {
    report.warnings.push("The array is no hexagonal Visium array: its pitch, and so the scale, is unknown.");
    return null;
  }
  const place = (i: number): number => row[i] * 65_536 + column[i];
  const at = new Map(spots.map((i) => [place(i), i]));
  const pitches: number[] = [];
  for (const i of spots) {
    for (const step of [2, 65_537, 65_535]) {
      const j = at.get(place(i) + step);
      if (j === undefined) continue;
      const dx = table.x[i] - table.x[j];
      const dy = table.y[i] - table.y[j];
      pitches.push(Math.sqrt(dx * dx + dy * dy));
    }
  }
  if (pitches.length === 0) {
    report.warnings.push("No two spots are neighbors on the array: the scale is unknown.");
    return null;
  }
  pitches.sort((a, b) => a - b);
  const pitch = (pitches[(pitches.length - 1) >> 1] + pitches[pitches.length >> 1]) / 2;
  return pitch > 0 ? 100 / pitch : null;
}

/** What lies in a folder "spatial" besides positions. */
export interface SpatialFolder {
  /** The tissue images that have a scale factor. */
  readonly images: readonly Image[];
  /** As Visium HD states it, else null. */
  readonly micronsPerPixel: number | null;
  /** Size of a bin of Visium HD, else null. */
  readonly binMicrons: number | null;
}

/** Reads scale factors and images of a folder ("" or ending in "/"). */
export async function readScale(
  source: Source,
  folder: string,
  prefix: string,
  report: Draft,
): Promise<SpatialFolder> {
  const find = (pattern: string): string | undefined =>
    [folder + prefix, folder].flatMap((base) =>
      source.names.filter((n) => n.startsWith(base) && new RegExp(`^${pattern}$`).test(n.slice(base.length))),
    )[0];
  const factorsFile = find("scalefactors_json\\.json(\\.gz)?");
  if (factorsFile === undefined) {
    report.warnings.push("There is no scalefactors_json.json: images cannot be placed and are left out.");
    return { images: [], micronsPerPixel: null, binMicrons: null };
  }
  report.files.push(factorsFile);
  const factors = parseJson(await unpacked(source, factorsFile), factorsFile);
  const positive = (key: string): number | null => {
    const value = factors[key];
    return typeof value === "number" && value > 0 && Number.isFinite(value) ? value : null;
  };
  const images: Image[] = [];
  for (const name of ["hires", "lowres"]) {
    const file = find(`tissue_${name}_image\\.(png|jpg|jpeg)(\\.gz)?`);
    if (file === undefined) continue;
    const scale = positive(`tissue_${name}_scalef`);
    if (scale === null) {
      report.dropped.push({
        what: `image ${file}`,
        count: 1,
        why: `${factorsFile} has no tissue_${name}_scalef`,
      });
      continue;
    }
    report.files.push(file);
    const image = imageFile(name, await unpacked(source, file), scale, file);
    images.push(image);
    report.found.push(`Image ${name}, ${image.width} x ${image.height} pixels.`);
  }
  return { images, micronsPerPixel: positive("microns_per_pixel"), binMicrons: positive("bin_size_um") };
}

export function parseJson(bytes: Uint8Array, subject: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new SpatialError("format", `${subject} must be a JSON object, but it is not.`, { subject });
}
