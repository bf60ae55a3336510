import { SpatialError } from "../core/errors.ts";
import type { Column } from "../model/table.ts";
import type { CosmxFiles } from "./cosmx.ts";
import type { PositionTable } from "./positions.ts";
import { type Draft, sample } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { type Csv, csvColumn, csvNumbers, csvStrings, parseCsv } from "./text.ts";

/** Where the cells of a slide are. */
export interface CosmxCells extends PositionTable {
  /** Was y turned down? Then that of the files' global pixels points up. */
  readonly flipped: boolean;
  /** Are these the files' global pixels (but for the turn)? */
  readonly global: boolean;
  /** Pixels from the upper left corner of the field of view. */
  readonly local: Pair | null;
  /** Micrometres per pixel, or null. */
  readonly pixel: number | null;
}

export interface Pair {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Micrometres per pixel of the first instruments, whose fields are 5472 x 3648 pixels, and of the later ones, 4256 x 4256. */
const FIRST_PIXEL = 0.18;
const PIXEL = 0.120280945;
const WIDE = 4256;
const HIGH = 3648;

/** Columns by their names in lower case; -1 where there is none. */
export function finder(header: readonly string[]): (...names: readonly string[]) => number {
  const lower = header.map((h) => h.trim().toLowerCase());
  return (...names) => names.map((name) => lower.indexOf(name)).find((j) => j >= 0) ?? -1;
}

/**
 * Names of cells, field of view and number within it ("12_345"): from the columns fov and cell_ID, or from one that
 * holds both ("c_1_12_345", the first number that of the slide).
 */
export function cellKeys(
  header: readonly string[],
  rows: number,
  text: (row: number, column: number) => string,
  subject: string,
): string[] {
  const column = finder(header);
  const exact = header.findIndex((h) => h.trim() === "cell_ID");
  const cell = exact >= 0 ? exact : column("cellid", "cell_id", "cell");
  const fov = column("fov");
  return Array.from({ length: rows }, (_, i) => {
    const name = cell < 0 ? "" : text(i, cell).trim();
    const whole = /^c_\d+_(\d+_\d+)$/.exec(name);
    if (whole !== null) return whole[1];
    if (fov >= 0 && /^\d+$/.test(name)) return `${text(i, fov).trim()}_${name}`;
    throw new SpatialError(
      "format",
      `${subject} must name cells by whole numbers in the columns fov and cell_ID, found ${JSON.stringify(name)} in row ${i + 1} of the columns ${sample(header, 8)}.`,
      { subject },
    );
  });
}

/** The table of cells: global coordinates, in pixels or millimetres, or local ones put together by field of view. */
export async function readCells(source: Source, files: CosmxFiles, report: Draft): Promise<CosmxCells> {
  const csv = parseCsv(await unpacked(source, files.cells), files.cells);
  const local = pair(csv, "centerx_local_px", "centery_local_px");
  const px = pair(csv, "centerx_global_px", "centery_global_px");
  const mm = pair(csv, "centerx_global_mm", "centery_global_mm") ?? pair(csv, "x_slide_mm", "y_slide_mm");
  const ids = cellKeys(csv.header, csv.rows, csv.text, files.cells);
  const fov = ids.map((key) => key.slice(0, key.indexOf("_")));
  const fields = await readFields(source, files);
  const size =
    areaSize(csv) ??
    ratio(mm, px) ??
    ratio(fields?.mm ?? null, fields?.px ?? null) ??
    (local && fieldPixel(local));
  const places =
    px ?? (mm && scaled(mm, 1000)) ?? (local && fromLocal(local, fov, fields, size, files, report));
  if (places === null) {
    throw new SpatialError(
      "format",
      `${files.cells} must have centers of cells (CenterX_global_px or _mm, or CenterX_local_px), found ${sample(csv.header, 8)}.`,
      { subject: files.cells },
    );
  }
  const inMicrons = px === null && mm !== null;
  const flipped = local === null ? inMicrons : runsAgainst(fov, local.y, places.y);
  if (flipped)
    report.found.push(
      local === null
        ? "Global y was turned down: where coordinates are millimetres it points up."
        : "Global y points up, against local y: it was turned down.",
    );
  const columns: Record<string, Column> = {};
  csv.header.forEach((name, j) => {
    if (name.trim() !== "") columns[name] = csvColumn(csv, j);
  });
  if (!inMicrons && size === null) {
    report.warnings.push(
      "The size of a pixel is not in these files (0.12 um, or 0.18 um from the first instruments): micrometres are unknown.",
    );
  }
  return {
    subject: files.cells,
    ids,
    x: places.x,
    y: flipped ? places.y.map((v) => 0 - v) : places.y,
    unit: inMicrons ? "um" : "px",
    micronsPerUnit: inMicrons ? 1 : size,
    columns,
    flipped,
    global: px !== null,
    local,
    pixel: size,
  };
}

/** Two columns of numbers, or null where one is missing. */
function pair(csv: Csv, xName: string, yName: string): Pair | null {
  const column = finder(csv.header);
  const [x, y] = [column(xName), column(yName)];
  return x < 0 || y < 0 ? null : { x: csvNumbers(csv, x), y: csvNumbers(csv, y) };
}

const scaled = ({ x, y }: Pair, by: number): Pair => ({ x: x.map((v) => v * by), y: y.map((v) => v * by) });

/** Where the fields of view are. */
interface Fields {
  readonly rowOf: ReadonlyMap<string, number>;
  readonly px: Pair | null;
  readonly mm: Pair | null;
}

async function readFields(source: Source, files: CosmxFiles): Promise<Fields | null> {
  if (files.fields === null) return null;
  const csv = parseCsv(await unpacked(source, files.fields), files.fields);
  const fov = finder(csv.header)("fov");
  if (fov < 0) return null;
  return {
    rowOf: new Map(csvStrings(csv, fov).map((name, i) => [name.trim(), i])),
    px: pair(csv, "x_global_px", "y_global_px"),
    mm: pair(csv, "x_global_mm", "y_global_mm") ?? pair(csv, "x_mm", "y_mm"),
  };
}

/**
 * Local coordinates put together by the places of the fields of view; one field needs none. Fields placed in
 * pixels only are placed by their upper edge with y down; with millimetres y points up, so local y counts down from it.
 */
function fromLocal(
  local: Pair,
  fov: readonly string[],
  fields: Fields | null,
  size: number | null,
  files: CosmxFiles,
  report: Draft,
): Pair {
  if (new Set(fov).size === 1) return local;
  const places = fields && (fields.px ?? (fields.mm && scaled(fields.mm, 1000 / (size ?? PIXEL))));
  if (fields === null || places === null) {
    throw new SpatialError(
      "format",
      `${files.cells} has local coordinates in several fields of view; where these lie must be said in ${files.fields ?? "a fov_positions_file beside it, which is missing"}.`,
      {
        subject: files.fields ?? files.cells,
        hint: "Put fov_positions_file.csv of the same export beside it, with the columns fov, x_global_px and y_global_px.",
      },
    );
  }
  report.files.push(files.fields as string);
  report.joined.push("Local coordinates put together by the places of the fields of view.");
  const sign = fields.mm === null ? 1 : -1;
  const rows = fov.map((name) => fields.rowOf.get(name) ?? -1);
  return {
    x: local.x.map((v, i) => (places.x[rows[i]] ?? NaN) + v),
    y: local.y.map((v, i) => (places.y[rows[i]] ?? NaN) + sign * v),
  };
}

/** Micrometres per pixel, told from how far a field of view reaches; null where it does not reach far enough to tell. */
export function fieldPixel({ x, y }: Pair): number | null {
  if (most(x) > WIDE) return FIRST_PIXEL;
  return most(y) > HIGH ? PIXEL : null;
}

/** Does global y go down where local y goes up, within a field of view? */
export function runsAgainst<F>(fov: ArrayLike<F>, local: Float64Array, global: Float64Array): boolean {
  const lastOf = new Map<F, number>();
  let sign = 0;
  for (let i = 0; i < fov.length; i++) {
    const j = lastOf.get(fov[i]);
    if (j !== undefined) sign += Math.sign((local[i] - local[j]) * (global[i] - global[j])) || 0;
    lastOf.set(fov[i], i);
  }
  return sign < 0;
}

/** Micrometres per pixel from areas in both units. */
function areaSize(csv: Csv): number | null {
  const areas = pair(csv, "area.um2", "area");
  if (areas === null) return null;
  let [microns, pixels] = [0, 0];
  areas.x.forEach((v, i) => {
    if (!(v > 0 && areas.y[i] > 0)) return;
    microns += v;
    pixels += areas.y[i];
  });
  return pixels > 0 ? Math.sqrt(microns / pixels) : null;
}

/** Micrometres per pixel from the same places in millimetres and in pixels. */
function ratio(mm: Pair | null, px: Pair | null): number | null {
  if (mm === null || px === null) return null;
  for (const axis of ["x", "y"] as const) {
    const low = px[axis].indexOf(least(px[axis]));
    const high = px[axis].indexOf(most(px[axis]));
    const found = (1000 * (mm[axis][high] - mm[axis][low])) / (px[axis][high] - px[axis][low]);
    if (found > 0 && Number.isFinite(found)) return found;
  }
  return null;
}

const most = (a: Float64Array): number => a.reduce((m, v) => (v > m ? v : m), -Infinity);
const least = (a: Float64Array): number => a.reduce((m, v) => (v < m ? v : m), Infinity);
