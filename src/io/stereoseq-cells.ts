import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, positions, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { type Column, categorical, ids } from "../model/table.ts";
import { assemble, GENES, soundRows, soundSizes } from "./assemble.ts";
import { BLOCK, geneTable, member, pitchOf } from "./gef.ts";
import type { H5File, Records } from "./hdf5.ts";
import { counted, type Draft } from "./report.ts";
import { pause } from "./count-stream.ts";

/** Outlines read at once. */
const OUTLINES = 65_536;
/** Most corners of an outline; the vendor writes 32. */
const CORNERS = 1024;
/** Stands where an outline has no more corners. */
const PADDING = 32_767;

/** Reads a cell bin GEF: counts per segmented cell, what the vendor says of each, outlines. */
export async function readCellBins(
  file: H5File,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const path = "cellBin/cell";
  const cells = file.records(path);
  const x = member(file, path, cells, "x");
  const y = member(file, path, cells, "y");
  const n = x.length;
  const genes = geneTable(file, "cellBin/gene");
  const featureIds = Array.from({ length: genes.ids.length }, (_, j) => genes.ids.at(j));
  const parts = assemble(
    {
      subject: file.name,
      cellIds: Array.from(member(file, path, cells, "id", "cellID"), String),
      cellColumns: columnsOf(file, cells),
      featureIds,
      featureNames: genes.columns["name"] as readonly string[],
      featureKinds: featureIds.map(() => GENES),
      featureColumns: {},
      matrix: await readCounts(file, cells, n, featureIds.length, report, run),
    },
    "cell",
    values,
    report,
  );
  const xy = Float64Array.from({ length: 2 * n }, (_, k) => (k % 2 === 0 ? x : y)[k >> 1]);
  const outlines = await readBorders(file, xy, parts.cells.ids, report, run);
  return dataset({
    ...parts,
    platform: "stereo-seq",
    positions: positions(xy, "px", pitchOf(file, path) / 1000),
    ...(outlines === null ? {} : { shapes: { cell_boundaries: outlines } }),
  });
}

/** What is said of each cell, under the vendor's names; types by name where there is more than the default one. */
function columnsOf(file: H5File, cells: Records): Record<string, Column> {
  const columns: Record<string, Column> = {};
  for (const key of ["geneCount", "expCount", "dnbCount", "area", "cellTypeID", "clusterID"]) {
    const column = cells[key];
    if (column !== undefined) columns[key] = Int32Array.from(column as ArrayLike<number>);
  }
  const types = file.has("cellBin/cellTypeList") ? file.strings("cellBin/cellTypeList") : [];
  const codes = columns["cellTypeID"] as Int32Array | undefined;
  if (codes !== undefined && types.length > 1)
    columns["cellType"] = categorical(
      codes.map((c) => (c < types.length ? c : -1)),
      types,
    );
  return columns;
}

async function readCounts(
  file: H5File,
  cells: Records,
  rows: number,
  cols: number,
  report: Draft,
  run: RunOptions,
): Promise<ReturnType<typeof soundRows>> {
  const offset = member(file, "cellBin/cell", cells, "offset");
  const count = member(file, "cellBin/cell", cells, "geneCount");
  const path = "cellBin/cellExp";
  const { length } = file.whole(path);
  const indptr = new Uint32Array(rows + 1);
  for (let i = 0; i < rows; i++) {
    if (offset[i] !== indptr[i]) {
      throw new SpatialError(
        "format",
        `The cells of ${file.name} must divide the rows of "${path}" among them.`,
        {
          subject: file.name,
          hint: "The file is damaged: copy or download it again.",
        },
      );
    }
    indptr[i + 1] = indptr[i] + count[i];
  }
  soundSizes(file.name, rows, cols, indptr, length, length);
  const indices = new Uint32Array(length);
  const data = new Float32Array(length);
  for (let start = 0; start < length; start += BLOCK) {
    const end = Math.min(length, start + BLOCK);
    const part = file.records(path, start, end);
    indices.set(member(file, path, part, "geneID"), start);
    data.set(member(file, path, part, "count", "MIDcount"), start);
    await pause(run, end / length);
  }
  return soundRows(file.name, rows, cols, indptr, indices, data, report);
}

/** Outlines lie relative to the cell's center, padded to one length; closed here as everywhere. */
async function readBorders(
  file: H5File,
  centers: Float64Array,
  names: { readonly at: (i: number) => string },
  report: Draft,
  run: RunOptions,
): Promise<Shapes | null> {
  const path = "cellBin/cellBorder";
  if (!file.has(path)) return null;
  const [rows, most, two] = file.info(path).shape ?? [];
  const n = centers.length / 2;
  if (rows !== n || two !== 2 || most > CORNERS) {
    throw new SpatialError(
      "format",
      `"${path}" of ${file.name} must hold ${n} outlines of up to ${CORNERS} corners, found ${rows} of ${most}.`,
      {
        subject: file.name,
      },
    );
  }
  const coordinates = new Float64Array(2 * n * (most + 1));
  const shapeNames: string[] = [];
  const ringOffsets = [0];
  let corners = 0;
  for (let start = 0; start < n; start += OUTLINES) {
    const end = Math.min(n, start + OUTLINES);
    const border = file.numbers(path, start, end);
    for (let i = start; i < end; i++) {
      const base = (i - start) * most * 2;
      const first = corners;
      for (let c = 0; c < most; c++) {
        const [dx, dy] = [border[base + 2 * c], border[base + 2 * c + 1]];
        if (dx === PADDING || dy === PADDING) break;
        coordinates[2 * corners] = centers[2 * i] + dx;
        coordinates[2 * corners++ + 1] = centers[2 * i + 1] + dy;
      }
      if (corners - first < 3) {
        corners = first;
        continue;
      }
      coordinates.copyWithin(2 * corners, 2 * first, 2 * first + 2);
      shapeNames.push(names.at(i));
      ringOffsets.push(++corners);
    }
    await pause(run, end / n, "outlines");
  }
  report.found.push(`${counted(shapeNames.length, "outline")} from ${file.name}.`);
  if (shapeNames.length < n)
    report.warnings.push(`${counted(n - shapeNames.length, "cell")} without an outline; counts are kept.`);
  return {
    kind: "shapes",
    ids: ids(shapeNames),
    shapeOffsets: Uint32Array.from({ length: shapeNames.length + 1 }, (_, s) => s),
    ringOffsets: Uint32Array.from(ringOffsets),
    coordinates: coordinates.slice(0, 2 * corners),
  };
}
