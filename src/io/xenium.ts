import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { categories, type Column, idList, type Table, withColumns } from "../model/table.ts";
import { assemble } from "./assemble.ts";
import { asNumbers, asTexts, openParquet, readParquet } from "./parquet.ts";
import { readPositions } from "./parquet-positions.ts";
import { shapesFromCorners } from "./polygons.ts";
import { joinPositions } from "./positions.ts";
import { counted, type Draft, sample } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { mtxFiles, readTenxH5, readTenxMtx } from "./tenx.ts";
import { csvNumbers, csvStrings, parseCsv } from "./text.ts";
import { vendorColumn, withVendorClusters } from "./vendor-clusters.ts";
import { parseJson } from "./visium.ts";
import { storedClusters, storedOutlines, storedTable, xeniumStore } from "./xenium-zarr.ts";
import type { ZarrTree } from "./zarr.ts";

/** The files of one Xenium sample. */
export interface XeniumFiles {
  readonly folder: string;
  /** What stands before the vendor's file names. */
  readonly prefix: string;
  readonly matrix: { readonly kind: "h5" | "mtx"; readonly name: string };
  /** The table of cells; the store of them where there is no table. */
  readonly cells: string;
}

/** How cells are kept, what is read first. */
const TABLES: readonly string[] = ["csv.gz", "csv", "parquet", "zarr.zip", "zarr"];

/** All Xenium samples of a source: a cell_feature_matrix with a table or a store of cells beside it. */
export function findXenium(source: Source): XeniumFiles[] {
  const samples: XeniumFiles[] = [];
  const best = new Map<string, RegExpExecArray>();
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*?)cells\.(csv\.gz|csv|parquet|zarr\.zip|zarr)(?=$|\/\.zgroup$)/.exec(name);
    if (match === null) continue;
    const base = `${match[1] ?? ""}${match[2]}`;
    const known = best.get(base);
    if (known === undefined || TABLES.indexOf(match[3]) < TABLES.indexOf(known[3])) best.set(base, match);
  }
  for (const [base, [name, folder = "", prefix]] of best) {
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
  const isStored = /zarr(\.zip)?$/.test(files.cells);
  const wanted = outlines ? ["cell", "nucleus"] : [];
  const isNeeded = isStored || wanted.some((what) => boundaryFile(source, files, what) === undefined);
  const store = isNeeded ? await xeniumStore(source, `${files.folder}${files.prefix}cells`) : null;
  const table =
    isStored && store !== null ? await storedTable(store) : await readPositions(source, files.cells, run);
  const joined = joinPositions(assemble(vendor, "cell", values, report), table, report);
  await noteExperiment(source, files, report);
  const shapes: Record<string, Shapes> = {};
  for (const what of wanted) {
    const found = await readBoundaries(source, files, what, store, report, run);
    if (found === null) continue;
    shapes[`${what}_boundaries`] = found;
    if (found.ids.length > 0 && !idList(found.ids).some((id) => joined.cells.ids.indexOf(id) >= 0))
      report.warnings.push(
        `No outline of ${what}_boundaries has the name of a cell: outlines have ${sample(idList(found.ids))}, cells ${sample(idList(joined.cells.ids))}.`,
      );
  }
  const clustered = await withVendorClusters(source, files.folder, joined.cells, report);
  const cells =
    clustered === joined.cells
      ? await withStoredClusters(source, files, vendor.cellIds, clustered, report)
      : clustered;
  return dataset({
    ...joined,
    cells,
    platform: "xenium",
    ...(Object.keys(shapes).length > 0 ? { shapes } : {}),
  });
}

/** Clusterings of analysis.zarr, which counts cells in the order of the matrix. */
async function withStoredClusters(
  source: Source,
  { folder, prefix }: XeniumFiles,
  names: readonly string[],
  cells: Table,
  report: Draft,
): Promise<Table> {
  const store = await xeniumStore(source, `${folder}${prefix}analysis`);
  if (store === null) return cells;
  const found = await storedClusters(store, names.length);
  report.files.push(store.name);
  const rowOf = new Map(names.map((name, i) => [name, i]));
  const columns: Record<string, Column> = {};
  for (const [name, labels] of found) {
    const own = idList(cells.ids).map((id) => labels[rowOf.get(id) ?? -1] ?? "");
    columns[vendorColumn(name)] = categories(own);
    report.joined.push(`Clusters ${name} of ${store.name} by the order of cells.`);
  }
  return withColumns(cells, columns);
}

function boundaryFile(source: Source, { folder, prefix }: XeniumFiles, what: string): string | undefined {
  return ["parquet", "csv.gz", "csv"]
    .map((ending) => `${folder}${prefix}${what}_boundaries.${ending}`)
    .find((name) => source.names.includes(name));
}

/** Outlines of cells or nuclei: from parquet, from text, or from the store of cells. */
async function readBoundaries(
  source: Source,
  files: XeniumFiles,
  what: string,
  store: ZarrTree | null,
  report: Draft,
  run: RunOptions,
): Promise<Shapes | null> {
  const name = boundaryFile(source, files, what);
  if (name === undefined) {
    const stored = store && (await storedOutlines(store, what === "cell" ? 1 : 0));
    if (store !== null && stored !== null) {
      report.files.push(store.name);
      report.found.push(
        `${counted(stored.ids.length, "outline")} of ${what === "cell" ? "cells" : "nuclei"} from ${store.name}.`,
      );
    }
    return stored;
  }
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
