import { SpatialError } from "../core/errors.ts";
import { type Rule, such } from "../core/check.ts";
import { type SpatialDataset, selectCells } from "../model/dataset.ts";
import type { Shapes } from "../model/shapes.ts";
import { ids } from "../model/table.ts";
import { counted, type Draft, grouped } from "./report.ts";

/**
 * A part of a section in the unit of its positions: a box [x0, y0, x1, y1] with its edges, or the corners of a polygon
 * (three or more; one that crosses itself holds what an odd number of its turns encloses).
 */
export type Region = readonly [number, number, number, number] | readonly (readonly [number, number])[];

const finite = (v: unknown, length: number): boolean =>
  Array.isArray(v) && v.length === length && v.every((x) => Number.isFinite(x));

export const regionRule: Rule = such(
  "a box [x0, y0, x1, y1] with x0 < x1 and y0 < y1, or a list of three or more corners [x, y]",
  (v) =>
    (finite(v, 4) && (v as number[])[0] < (v as number[])[2] && (v as number[])[1] < (v as number[])[3]) ||
    (Array.isArray(v) && v.length >= 3 && v.every((corner) => finite(corner, 2))),
);

/** Says of any place whether it lies in a region. */
export function insideRegion(region: Region): (x: number, y: number) => boolean {
  if (typeof region[0] === "number") {
    const [x0, y0, x1, y1] = region as readonly [number, number, number, number];
    return (x, y) => x >= x0 && x <= x1 && y >= y0 && y <= y1;
  }
  const corners = region as readonly (readonly [number, number])[];
  return (x, y) => {
    let inside = false;
    for (let k = 0, j = corners.length - 1; k < corners.length; j = k++) {
      const [ax, ay] = corners[k];
      const [bx, by] = corners[j];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
    return inside;
  };
}

/**
 * The observations within a region, with their outlines. Outlines of other things than observations (fields of view)
 * stay.
 *
 * @throws {SpatialError} `input` where there are no positions, or none lies within
 */
export function withinRegion(ds: SpatialDataset, region: Region, report: Draft): SpatialDataset {
  if (ds.positions === null)
    throw new SpatialError("input", "region needs coordinates, but the sample has none.", {
      subject: "region",
      hint: "Give a table of them with positions (--positions).",
    });
  const { data, rows, cols, unit } = ds.positions;
  const isInside = insideRegion(region);
  const kept: number[] = [];
  const [low, high] = [
    [Infinity, Infinity],
    [-Infinity, -Infinity],
  ];
  for (let i = 0; i < rows; i++) {
    const place = data.subarray(i * cols, i * cols + 2);
    place.forEach((v, k) => {
      low[k] = Math.min(low[k], v);
      high[k] = Math.max(high[k], v);
    });
    if (isInside(place[0], place[1])) kept.push(i);
  }
  if (kept.length === 0)
    throw new SpatialError(
      "input",
      `region must hold some of the ${grouped(rows)} ${ds.observation}s, which lie from x ${low[0]}, y ${low[1]} to x ${high[0]}, y ${high[1]} (${unit}).`,
      { subject: "region", hint: "A region is given in the unit of the positions." },
    );
  report.found.push(`${counted(kept.length, ds.observation)} of ${grouped(rows)} within the region.`);
  if (kept.length === rows) return ds;
  report.dropped.push({ what: ds.observation, count: rows - kept.length, why: "outside the region" });
  const part = selectCells(ds, kept);
  if (ds.shapes === undefined) return part;
  const isGone = (id: string): boolean => ds.cells.ids.indexOf(id) >= 0 && part.cells.ids.indexOf(id) < 0;
  const shapes = Object.entries(ds.shapes).map(([name, s]) => [name, withoutShapes(s, isGone)] as const);
  return { ...part, shapes: Object.fromEntries(shapes) };
}

/** The shapes whose ids are not gone. */
function withoutShapes(shapes: Shapes, isGone: (id: string) => boolean): Shapes {
  const names: string[] = [];
  const shapeOffsets = [0];
  const ringOffsets = [0];
  const parts: Float64Array[] = [];
  for (let s = 0; s < shapes.ids.length; s++) {
    const id = shapes.ids.at(s);
    if (isGone(id)) continue;
    names.push(id);
    for (let r = shapes.shapeOffsets[s]; r < shapes.shapeOffsets[s + 1]; r++) {
      const [from, to] = [shapes.ringOffsets[r], shapes.ringOffsets[r + 1]];
      parts.push(shapes.coordinates.subarray(2 * from, 2 * to));
      ringOffsets.push(ringOffsets[ringOffsets.length - 1] + to - from);
    }
    shapeOffsets.push(ringOffsets.length - 1);
  }
  const coordinates = new Float64Array(2 * ringOffsets[ringOffsets.length - 1]);
  parts.reduce((at, part) => (coordinates.set(part, at), at + part.length), 0);
  return {
    kind: "shapes",
    ids: ids(names),
    shapeOffsets: Uint32Array.from(shapeOffsets),
    ringOffsets: Uint32Array.from(ringOffsets),
    coordinates,
  };
}
