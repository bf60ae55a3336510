import { SpatialError } from "../core/errors.ts";
import { fromWkb, type Geometry } from "./geometry.ts";
import type { Source } from "./source.ts";
import { object } from "./zarr.ts";

/** Reads a GeoParquet file: geometry as well-known binary, names from the index of its writer, radii of circles. */
export async function readGeoParquet(source: Source, name: string): Promise<Geometry> {
  const [{ parquetMetadataAsync, parquetRead }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const size = source.size(name);
  const file = {
    byteLength: size,
    slice: async (start: number, end: number = size) => {
      const bytes = await source.slice(name, start, end);
      return bytes.slice().buffer;
    },
  };
  const columns = new Map<string, unknown[]>();
  let notes = new Map<string, unknown>();
  try {
    const metadata = await parquetMetadataAsync(file, { geoparquet: false });
    notes = new Map(
      (metadata.key_value_metadata ?? [])
        .filter(({ key }) => key === "geo" || key === "pandas")
        .map(({ key, value }) => [key, JSON.parse(value ?? "null")]),
    );
    await parquetRead({
      file,
      metadata,
      compressors,
      utf8: false,
      geoparquet: false,
      onChunk: ({ columnName, columnData, rowStart }) => {
        const column = columns.get(columnName) ?? [];
        for (let k = 0; k < columnData.length; k++) column[rowStart + k] = columnData[k];
        columns.set(columnName, column);
      },
    });
  } catch (cause) {
    throw damaged(name, "must be a whole parquet file, but it cannot be read", cause);
  }
  const geo = object(notes.get("geo"));
  const primary = String(geo["primary_column"] ?? "geometry");
  const coding = String(object(object(geo["columns"])[primary])["encoding"] ?? "WKB");
  if (coding !== "WKB") {
    throw new SpatialError("unsupported", `${name} keeps its shapes as ${coding}, which is not read.`, {
      subject: name,
      hint: "Write it with geometry_encoding='WKB'.",
    });
  }
  const shapes = columns.get(primary);
  if (shapes === undefined) throw damaged(name, `must have the column ${primary}, but it does not`);
  const radii = columns.get("radius");
  const radius = radii === undefined ? null : Float64Array.from(radii, Number);
  return fromWkb(indexNames(notes.get("pandas"), columns, shapes.length), shapes, radius, name);
}

/** Row names as pandas notes them: a column, or a range of numbers. */
export function indexNames(pandas: unknown, columns: ReadonlyMap<string, unknown[]>, rows: number): string[] {
  const listed = object(pandas)["index_columns"];
  const index: unknown = Array.isArray(listed) ? listed[0] : null;
  const column = typeof index === "string" ? columns.get(index) : undefined;
  const decoder = new TextDecoder();
  if (column !== undefined)
    return column.map((v) => (v instanceof Uint8Array ? decoder.decode(v) : String(v)));
  const start = Number(object(index)["start"] ?? 0);
  const step = Number(object(index)["step"] ?? 1);
  return Array.from({ length: rows }, (_, k) => String(start + k * step));
}

function damaged(name: string, what: string, cause?: unknown): SpatialError {
  return new SpatialError("format", `${name} ${what}.`, {
    subject: name,
    hint: "The file is incomplete or damaged: copy or write it again.",
    cause,
  });
}
