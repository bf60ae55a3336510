import type { Shapes } from "../model/shapes.ts";
import { closedRings } from "./geojson-write.ts";

const [POLYGON, MULTIPOLYGON] = [3, 6];

/** A shape as well-known binary, little-endian, its rings closed; as a multipolygon of one polygon where that is asked for. */
export function writeWkb(shapes: Shapes, s: number, isMulti: boolean): Uint8Array {
  const rings = closedRings(shapes, s);
  const head = isMulti ? 9 : 0;
  const size = rings.reduce((sum, ring) => sum + 4 + 8 * ring.length, head + 9);
  const view = new DataView(new ArrayBuffer(size));
  let at = 0;
  const part = (kind: number, members: number): void => {
    view.setUint8(at, 1);
    view.setUint32(at + 1, kind, true);
    view.setUint32(at + 5, members, true);
    at += 9;
  };
  if (isMulti) part(MULTIPOLYGON, 1);
  part(POLYGON, rings.length);
  for (const ring of rings) {
    view.setUint32(at, ring.length / 2, true);
    at += 4;
    for (const v of ring) {
      view.setFloat64(at, v, true);
      at += 8;
    }
  }
  return new Uint8Array(view.buffer);
}
