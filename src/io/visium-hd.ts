import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { centroids } from "../kernels/polygons.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { sumBins } from "../model/square-bins.ts";
import { idList } from "../model/table.ts";
import { assemble } from "./assemble.ts";
import { readFeatureSlice } from "./feature-slice.ts";
import { parseGeoJson } from "./geojson.ts";
import { joinPositions } from "./positions.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { mtxFiles, readTenxH5, readTenxMtx } from "./tenx.ts";
import { withVendorClusters } from "./vendor-clusters.ts";
import { readScale, readVisium, type VisiumFiles } from "./visium.ts";

/** The files of segmented cells (Space Ranger 4). */
interface SegmentedFiles {
  readonly folder: string;
  readonly matrix: { readonly kind: "h5" | "mtx"; readonly name: string };
  readonly outlines: string;
}

/** The files of one Visium HD sample: bins of one or more sizes, segmented cells. */
export interface HdFiles {
  readonly folder: string;
  readonly bins: readonly { readonly microns: number; readonly files: VisiumFiles }[];
  readonly cells: SegmentedFiles | null;
  /** feature_slice.h5, from which bins of any size can be made. */
  readonly slices: string | null;
}

const SQUARE = /(?:binned_outputs\/)?square_(\d+)um\/$/;

/** All Visium HD samples of a source, from its Visium folders (one per size of bins) and segmented cells. */
export function findVisiumHd(source: Source, folders: readonly VisiumFiles[]): HdFiles[] {
  const samples = new Map<
    string,
    {
      bins: { microns: number; files: VisiumFiles }[];
      cells: SegmentedFiles | null;
      slices: string | null;
    }
  >();
  const at = (folder: string): NonNullable<ReturnType<typeof samples.get>> => {
    const known = samples.get(folder) ?? { bins: [], cells: null, slices: null };
    samples.set(folder, known);
    return known;
  };
  for (const files of folders) {
    const match = SQUARE.exec(files.folder);
    if (match !== null)
      at(files.folder.slice(0, match.index)).bins.push({ microns: Number(match[1]), files });
  }
  for (const name of source.names) {
    const slice = /^(.*\/)?([^/]*_)?feature_slice\.h5$/.exec(name);
    if (slice !== null) at(slice[1] ?? "").slices = name;
    const match = /^(.*\/)?cell_segmentations\.geojson(\.gz)?$/.exec(name);
    if (match === null) continue;
    const folder = match[1] ?? "";
    const matrix = cellMatrix(source, folder);
    if (matrix !== null)
      at(folder.replace(/segmented_outputs\/$/, "")).cells = { folder, matrix, outlines: name };
  }
  return [...samples].map(([folder, parts]) => ({ folder, ...parts }));
}

function cellMatrix(source: Source, folder: string): SegmentedFiles["matrix"] | null {
  for (const which of ["filtered", "raw"]) {
    const base = `${folder}${which}_feature_cell_matrix`;
    if (source.names.includes(`${base}.h5`)) return { kind: "h5", name: `${base}.h5` };
    if (mtxFiles(source, `${base}/`)) return { kind: "mtx", name: `${base}/` };
  }
  return null;
}

/**
 * Reads the bins of one size (8 um where there are any and nothing else is asked for), summed from the largest that divide it
 * where they are not stored, or made from feature_slice.h5; the segmented cells where there are no bins.
 *
 * @throws {SpatialError} `not-found` where there are no bins to make those asked for
 */
export async function readVisiumHd(
  source: Source,
  files: HdFiles,
  binSize: number | undefined,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const sizes = files.bins.map((bin) => bin.microns);
  const wanted = binSize ?? (sizes.includes(8) ? 8 : sizes[0]);
  const chosen = files.bins
    .filter((bin) => wanted % bin.microns === 0)
    .reduce<HdFiles["bins"][number] | undefined>(
      (best, bin) => (best === undefined || bin.microns > best.microns ? bin : best),
      undefined,
    );
  if (chosen === undefined) {
    if (binSize === undefined && files.cells !== null)
      return readSegmented(source, files.cells, values, report, run);
    if (files.slices !== null)
      return readFeatureSlice(source, files.slices, binSize ?? 8, values, report, run);
    const there = sizes.length > 0 ? `bins of ${sizes.join(", ")} um` : "segmented cells only";
    throw new SpatialError(
      "not-found",
      `There are no bins of ${binSize} um in ${source.label}, but ${there}.`,
      {
        subject: "binSize",
        hint: "Choose a size that is there, or give the vendor's whole folder.",
      },
    );
  }
  const others = sizes.filter((size) => size !== chosen.microns);
  if (others.length > 0)
    report.warnings.push(
      `Bins of ${chosen.microns} um were read; there are also bins of ${others.join(" and ")} um: choose with binSize (--bin-size).`,
    );
  if (files.cells !== null)
    report.warnings.push(`There are segmented cells too: to read them, give ${files.cells.folder}.`);
  const bins = await readVisium(source, chosen.files, values, report, run);
  if (chosen.microns === wanted) return bins;
  const { signal, onProgress } = run;
  const larger = await sumBins(bins, wanted / chosen.microns, { signal, onProgress });
  report.joined.push(
    `${counted(larger.cells.ids.length, "bin")} of ${wanted} um are sums of those of ${chosen.microns} um.`,
  );
  return larger;
}

/** Segmented cells: counts, outlines (cells and nuclei), centroids as positions. */
async function readSegmented(
  source: Source,
  files: SegmentedFiles,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const { kind, name } = files.matrix;
  const vendor = await (kind === "h5" ? readTenxH5 : readTenxMtx)(source, name, report, run);
  const outlines = await readOutlines(source, files.outlines, report, run);
  const scale = await readScale(source, `${files.folder}spatial/`, "", report);
  const places = centroids(outlines);
  const joined = joinPositions(
    assemble(vendor, "cell", values, report),
    {
      subject: files.outlines,
      ids: idList(outlines.ids),
      x: places.filter((_, k) => k % 2 === 0),
      y: places.filter((_, k) => k % 2 === 1),
      unit: "px",
      micronsPerUnit: scale.micronsPerPixel,
      columns: {},
    },
    report,
  );
  const shapes: Record<string, Shapes> = { cell_boundaries: outlines };
  const nuclei = source.names.find(
    (n) =>
      n.startsWith(files.folder) &&
      /^nucleus_segmentations\.geojson(\.gz)?$/.test(n.slice(files.folder.length)),
  );
  if (nuclei !== undefined) shapes["nucleus_boundaries"] = await readOutlines(source, nuclei, report, run);
  const cells = await withVendorClusters(source, files.folder, joined.cells, report);
  return dataset({ ...joined, cells, platform: "visium-hd", images: scale.images, shapes });
}

async function readOutlines(source: Source, name: string, report: Draft, run: RunOptions): Promise<Shapes> {
  report.files.push(name);
  const { shapes, multiple } = await parseGeoJson(
    await unpacked(source, name),
    ({ cell_id: id }) => {
      if (typeof id === "string" && id !== "") return id;
      if (Number.isSafeInteger(id)) return `cellid_${String(id).padStart(9, "0")}-1`;
      throw new SpatialError("format", `Every outline of ${name} must have a cell_id.`, { subject: name });
    },
    name,
    run,
  );
  report.found.push(`${counted(shapes.ids.length, "outline")} from ${name}.`);
  if (multiple > 0)
    report.warnings.push(`${name}: ${counted(multiple, "outline")} of several parts; the largest was kept.`);
  return shapes;
}
