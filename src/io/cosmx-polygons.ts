import type { Shapes } from "../model/shapes.ts";
import { cellKeys, type CosmxCells, finder } from "./cosmx-cells.ts";
import { shapesFromCorners } from "./polygons.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { csvNumbers, parseCsv } from "./text.ts";

/**
 * Outlines of cells in the coordinates of their centers: global pixels where the centers are such, else local ones,
 * set around the center of their cell.
 */
export async function readPolygons(
  source: Source,
  name: string,
  cells: CosmxCells,
  report: Draft,
): Promise<Shapes | null> {
  const csv = parseCsv(await unpacked(source, name), name);
  report.files.push(name);
  const column = finder(csv.header);
  const keys = cellKeys(csv.header, csv.rows, csv.text, name);
  const columns = (kind: "global" | "local"): readonly number[] =>
    [`x_${kind}_px`, `y_${kind}_px`].map((axis) => column(axis));
  const has = (kind: "global" | "local"): boolean => columns(kind).every((j) => j >= 0);
  const corners = (kind: "global" | "local"): readonly Float64Array[] =>
    columns(kind).map((j) => csvNumbers(csv, j));
  let shapes: Shapes;
  if (cells.global && has("global")) {
    const [x, y] = corners("global");
    shapes = shapesFromCorners(keys, x, cells.flipped ? y.map((v) => 0 - v) : y, null, name);
  } else if (has("local") && cells.local !== null && (cells.unit === "px" || cells.pixel !== null)) {
    const step = cells.unit === "px" ? 1 : (cells.pixel as number);
    const rowOf = new Map(cells.ids.map((id, i) => [id, i]));
    const rows = keys.map((key) => rowOf.get(key) ?? -1);
    const kept = rows.flatMap((row, k) => (row >= 0 ? [k] : []));
    if (kept.length < rows.length)
      report.dropped.push({
        what: `corner of ${name}`,
        count: rows.length - kept.length,
        why: "of cells without a center",
      });
    const [x, y] = corners("local");
    const around = (center: Float64Array, own: Float64Array, corner: Float64Array): Float64Array =>
      Float64Array.from(kept, (k) => center[rows[k]] + step * (corner[k] - own[rows[k]]));
    shapes = shapesFromCorners(
      kept.map((k) => keys[k]),
      around(cells.x, cells.local.x, x),
      around(cells.y, cells.local.y, y),
      null,
      name,
    );
  } else {
    report.dropped.push({
      what: `corner of ${name}`,
      count: csv.rows,
      why: "they cannot be brought to the coordinates of the cells' centers",
    });
    return null;
  }
  report.found.push(`${counted(shapes.ids.length, "outline")} from ${name}.`);
  return shapes;
}
