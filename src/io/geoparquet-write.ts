import type { Shapes } from "../model/shapes.ts";
import { idList } from "../model/table.ts";
import { closedRings } from "./geojson-write.ts";
import { parquetFile } from "./parquet-write.ts";

/** Polygons as GeoParquet: well-known binary, ids as the index that pandas keeps. */
export function polygonsFile(shapes: Shapes): Promise<Uint8Array> {
  const geometry = Array.from({ length: shapes.ids.length }, (_, s) => polygon(closedRings(shapes, s)));
  return geoParquet(idList(shapes.ids), geometry, "Polygon", null);
}

/** Circles as GeoParquet: centers (x, y of each) and radii. */
export function circlesFile(
  names: readonly string[],
  centers: Float64Array,
  radius: Float64Array,
): Promise<Uint8Array> {
  const geometry = names.map((_, i) => point(centers[2 * i], centers[2 * i + 1]));
  return geoParquet(names, geometry, "Point", radius);
}

/** What pandas calls an index without a name. */
const INDEX = "__index_level_0__";

function geoParquet(
  names: readonly string[],
  geometry: Uint8Array[],
  type: "Polygon" | "Point",
  radius: Float64Array | null,
): Promise<Uint8Array> {
  const noted = (name: string | null, field: string, kind: string, numpy: string): object => ({
    name,
    field_name: field,
    pandas_type: kind,
    numpy_type: numpy,
    metadata: null,
  });
  return parquetFile(
    [
      { name: "geometry", data: geometry, type: "BYTE_ARRAY", nullable: false },
      ...(radius === null
        ? []
        : [{ name: "radius", data: radius, type: "DOUBLE" as const, nullable: false }]),
      { name: INDEX, data: [...names], type: "STRING", nullable: false },
    ],
    {
      geo: {
        version: "1.0.0",
        primary_column: "geometry",
        columns: { geometry: { encoding: "WKB", geometry_types: [type], crs: null } },
      },
      pandas: {
        index_columns: [INDEX],
        column_indexes: [noted(null, "None", "unicode", "object")],
        columns: [
          noted("geometry", "geometry", "bytes", "object"),
          ...(radius === null ? [] : [noted("radius", "radius", "float64", "float64")]),
          noted(null, INDEX, "unicode", "object"),
        ],
        creator: { library: "tissular", version: "" },
        pandas_version: "2.0.0",
      },
    },
  );
}

function polygon(rings: readonly Float64Array[]): Uint8Array {
  const bytes = new Uint8Array(rings.reduce((sum, ring) => sum + 4 + 8 * ring.length, 9));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint32(1, 3, true);
  view.setUint32(5, rings.length, true);
  let at = 9;
  for (const ring of rings) {
    view.setUint32(at, ring.length / 2, true);
    at += 4;
    for (const v of ring) {
      view.setFloat64(at, v, true);
      at += 8;
    }
  }
  return bytes;
}

function point(x: number, y: number): Uint8Array {
  const bytes = new Uint8Array(21);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint32(1, 1, true);
  view.setFloat64(5, x, true);
  view.setFloat64(13, y, true);
  return bytes;
}
