import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { assemble } from "./assemble.ts";
import { asNumbers, asTexts, openParquet, readParquet } from "./parquet.ts";
import { readPositions } from "./parquet-positions.ts";
import { shapesFromCorners } from "./polygons.ts";
import { joinPositions } from "./positions.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { mtxFiles, readTenxH5, readTenxMtx } from "./tenx.ts";
import { csvNumbers, csvStrings, parseCsv } from "./text.ts";
import { withVendorClusters } from "./vendor-clusters.ts";
import { parseJson } from "./visium.ts";

/** The files of one Xenium sample. */
export interface XeniumFiles {
  readonly folder: string;
  /** What stands before the vendor's file names. */
  readonly prefix: string;
  readonly matrix: { readonly kind: "h5" | "mtx"; readonly name: string };
  readonly cells: string;
}

/** All Xenium samples of a source: a cell_feature_matrix with a table of cells beside it. */
export function findXenium(source: Source): XeniumFiles[] {
  const samples: XeniumFiles[] = [];
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*?)cells\.(csv\.gz|csv|parquet)$/.exec(name);
    if (match === null) continue;
    const [, folder = "", prefix, ending] = match;
    const base = `${folder}${prefix}`;
    if (ending !== "csv.gz" && source.names.includes(`${base}cells.csv.gz`)) continue;
    if (ending === "parquet" && source.names.includes(`${base}cells.csv`)) continue;
    const h5 = `${base}cell_feature_matrix.h5`;
    const mtx = `${base}cell_feature_matrix/`;
    if (source.names.includes(h5))
      samples.push({ folder, prefix, matrix: { kind: "h5", name: h5 }, cells: name });
    else if (mtxFiles(source, mtx))
      samples.push({ folder, prefix, matrix: { kind: "mtx", name: mtx }, cells: name });
  }
  return samples;
}

/** Reads a Xenium sample: counts per cell, centroids and outlines in micrometres, control features apart. */
export async function readXenium(
  source: Source,
  files: XeniumFiles,
  outlines: boolean,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const vendor =
    files.matrix.kind === "h5"
      ? await readTenxH5(source, files.matrix.name, report, run)
      : await readTenxMtx(source, files.matrix.name, report, run);
  report.files.push(files.cells);
  const table = await readPositions(source, files.cells, run);
  const joined = joinPositions(assemble(vendor, "cell", values, report), table, report);
  await noteExperiment(source, files, report);
  const shapes: Record<string, Shapes> = {};
  for (const what of outlines ? ["cell", "nucleus"] : []) {
    const found = await readBoundaries(source, files, what, report, run);
    if (found !== null) shapes[`${what}_boundaries`] = found;
  }
  const cells = await withVendorClusters(source, files.folder, joined.cells, report);
  return dataset({
    ...joined,
    cells,
    platform: "xenium",
    ...(Object.keys(shapes).length > 0 ? { shapes } : {}),
  });
}

/** Outlines of cells or nuclei, from parquet where there is one. */
async function readBoundaries(
  source: Source,
  files: XeniumFiles,
  what: string,
  report: Draft,
  run: RunOptions,
): Promise<Shapes | null> {
  const name = ["parquet", "csv.gz", "csv"]
    .map((ending) => `${files.folder}${files.prefix}${what}_boundaries.${ending}`)
    .find((n) => source.names.includes(n));
  if (name === undefined) return null;
  report.files.push(name);
  const shapes = await (name.endsWith(".parquet") ? cornersOfParquet : cornersOfText)(source, name, run);
  report.found.push(`${counted(shapes.ids.length, "outline")} from ${name}.`);
  return shapes;
}

/** The columns of a table of corners. */
export const CORNERS = ["cell_id", "vertex_x", "vertex_y"] as const;

/** Outlines from a table of corners as parquet. */
export async function cornersOfParquet(source: Source, name: string, run: RunOptions): Promise<Shapes> {
  const { columns } = await openParquet(source, name);
  const hasLabels = columns.includes("label_id");
  const read = await readParquet(source, name, hasLabels ? [...CORNERS, "label_id"] : CORNERS, run);
  const [id, x, y] = CORNERS.map((c) => read[c]);
  return shapesFromCorners(
    asTexts(id),
    asNumbers(x),
    asNumbers(y),
    hasLabels ? asTexts(read["label_id"]) : null,
    name,
  );
}

/** Outlines from a table of corners as text. */
export async function cornersOfText(source: Source, name: string): Promise<Shapes> {
  const csv = parseCsv(await unpacked(source, name), name);
  const at = (column: string): number => csv.header.indexOf(column);
  const [id, x, y] = CORNERS.map(at);
  if (id < 0 || x < 0 || y < 0) {
    throw new SpatialError(
      "format",
      `${name} must have the columns ${CORNERS.join(", ")}, found ${csv.header.join(", ")}.`,
      { subject: name },
    );
  }
  const labels = at("label_id") < 0 ? null : csvStrings(csv, at("label_id"));
  return shapesFromCorners(csvStrings(csv, id), csvNumbers(csv, x), csvNumbers(csv, y), labels, name);
}

/** Notes what experiment.xenium says about the run. */
async function noteExperiment(source: Source, files: XeniumFiles, report: Draft): Promise<void> {
  const name = `${files.folder}${files.prefix}experiment.xenium`;
  if (!source.names.includes(name)) return;
  report.files.push(name);
  const json = parseJson(await source.bytes(name), name);
  const ranger = json["xenium_ranger"];
  const again = typeof ranger === "object" && ranger !== null && "version" in ranger ? ranger.version : null;
  const facts = [
    ["panel", json["panel_name"]],
    ["region", json["region_name"]],
    ["analyzed with", json["analysis_sw_version"]],
    ["segmented again with", again],
  ].flatMap(([what, value]) =>
    typeof value === "string" && value !== "" ? [`${what as string} ${value}`] : [],
  );
  if (facts.length > 0) report.found.push(`Xenium: ${facts.join(", ")}.`);
}
