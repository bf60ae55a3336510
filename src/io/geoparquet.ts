import { SpatialError } from "../core/errors.ts";
import { fromWkb, type Geometry } from "./geometry.ts";
import { asNumbers, asTexts, openParquet, readParquet } from "./parquet.ts";
import type { Source } from "./source.ts";
import { object } from "./zarr-documents.ts";

/** Reads a GeoParquet file: geometry as well-known binary, names from the index of its writer, radii of circles. */
export async function readGeoParquet(source: Source, name: string): Promise<Geometry> {
  const { note, rows } = await openParquet(source, name);
  const geo = object(note("geo"));
  const primary = String(geo["primary_column"] ?? "geometry");
  const coding = String(object(object(geo["columns"])[primary])["encoding"] ?? "WKB");
  if (coding !== "WKB") {
    throw new SpatialError("unsupported", `${name} keeps its shapes as ${coding}, which is not read.`, {
      subject: name,
      hint: "Write it with geometry_encoding='WKB'.",
    });
  }
  const { [primary]: shapes, ...others } = await readParquet(source, name, null);
  if (shapes === undefined) throw damaged(name, `must have the column ${primary}, but it does not`);
  const radius = "radius" in others ? asNumbers(others["radius"]) : null;
  const columns = new Map(Object.entries(others).map(([key, values]) => [key, asTexts(values)]));
  return fromWkb(indexNames(note("pandas"), columns, rows), Array.from<unknown>(shapes), radius, name);
}

/** Row names as pandas notes them: a column, or a range of numbers. */
export function indexNames(
  pandas: unknown,
  columns: ReadonlyMap<string, readonly string[]>,
  rows: number,
): readonly string[] {
  const listed = object(pandas)["index_columns"];
  const index: unknown = Array.isArray(listed) ? listed[0] : null;
  const column = typeof index === "string" ? columns.get(index) : undefined;
  if (column !== undefined) return column;
  const start = Number(object(index)["start"] ?? 0);
  const step = Number(object(index)["step"] ?? 1);
  return Array.from({ length: rows }, (_, k) => String(start + k * step));
}

function damaged(name: string, what: string): SpatialError {
  return new SpatialError("format", `${name} ${what}.`, {
    subject: name,
    hint: "The file is incomplete or damaged: copy or write it again.",
  });
}
