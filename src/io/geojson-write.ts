import type { Shapes } from "../model/shapes.ts";

/** Features of a piece of text. */
const BLOCK = 1024;

/**
 * Outlines as a GeoJSON FeatureCollection, one polygon (with its holes) per outline, in the coordinates that it has. Its id
 * is the property `cell_id`, where Space Ranger keeps it, and `name`, which QuPath shows; `objectType` makes each a detection
 * there. Rings are closed. Read by geopandas, QuPath (coordinates in pixels of its image) and this library.
 *
 * @returns UTF-8 text
 *
 * Cost: linear in the corners; numbers have as many digits as they need to be read back the same.
 *
 * @example
 * ```ts
 * import { ids } from "tissular/model";
 * import { writeGeoJson } from "tissular/io";
 * const square = {
 *   kind: "shapes" as const, ids: ids(["cell 1"]), shapeOffsets: Uint32Array.of(0, 1), ringOffsets: Uint32Array.of(0, 5),
 *   coordinates: Float64Array.of(0, 0, 1, 0, 1, 1, 0, 1, 0, 0),
 * };
 * const { features } = JSON.parse(new TextDecoder().decode(writeGeoJson(square)));
 * if (features[0].properties.cell_id !== "cell 1") throw new Error("its id");
 * ```
 */
export function writeGeoJson(shapes: Shapes): Uint8Array {
  const encoder = new TextEncoder();
  const parts = [encoder.encode('{"type":"FeatureCollection","features":[\n')];
  const n = shapes.ids.length;
  for (let start = 0; start < n; start += BLOCK) {
    const features: string[] = [];
    for (let s = start; s < Math.min(n, start + BLOCK); s++) features.push(feature(shapes, s));
    parts.push(encoder.encode(`${start === 0 ? "" : ",\n"}${features.join(",\n")}`));
  }
  parts.push(encoder.encode("\n]}\n"));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function feature(shapes: Shapes, s: number): string {
  const id = JSON.stringify(shapes.ids.at(s));
  const rings = closedRings(shapes, s).map((ring) => {
    const corners: string[] = [];
    for (let k = 0; k < ring.length; k += 2) corners.push(`[${ring[k]},${ring[k + 1]}]`);
    return `[${corners.join(",")}]`;
  });
  const properties = `{"cell_id":${id},"name":${id},"objectType":"detection"}`;
  return `{"type":"Feature","properties":${properties},"geometry":{"type":"Polygon","coordinates":[${rings.join(",")}]}}`;
}

/** The rings of a shape as x, y, ...; each ends where it begins and has at least four corners, as polygons must. */
export function closedRings({ shapeOffsets, ringOffsets, coordinates }: Shapes, s: number): Float64Array[] {
  const rings: Float64Array[] = [];
  for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
    const ring = coordinates.subarray(2 * ringOffsets[r], 2 * ringOffsets[r + 1]);
    const m = ring.length;
    const isClosed = m >= 8 && ring[0] === ring[m - 2] && ring[1] === ring[m - 1];
    if (isClosed || m === 0) rings.push(ring);
    else {
      const closed = new Float64Array(Math.max(8, m + 2));
      closed.set(ring);
      for (let k = m; k < closed.length; k += 2) closed.set(ring.subarray(0, 2), k);
      rings.push(closed);
    }
  }
  return rings;
}
