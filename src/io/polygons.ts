import { SpatialError } from "../core/errors.ts";
import { ringMoments } from "../kernels/polygons.ts";
import type { Shapes } from "../model/shapes.ts";
import { ids } from "../model/table.ts";

/** Rings of a polygon, each x, y of its corners; the first is the outline, others are holes. */
export type Part = readonly ArrayLike<number>[];

/** Shapes put together one after the other. */
export interface ShapeBuilder {
  /** Of several parts the largest is kept. */
  readonly add: (name: string, parts: readonly Part[]) => void;
  readonly finish: () => Shapes;
  /** How many had several parts. */
  readonly multiple: () => number;
}

export function shapeBuilder(): ShapeBuilder {
  const names: string[] = [];
  const shapeOffsets = [0];
  const ringOffsets = [0];
  let coordinates = new Float64Array(4096);
  let length = 0;
  let multiple = 0;
  return {
    add: (name, parts) => {
      if (parts.length > 1) multiple++;
      names.push(name);
      for (const ring of largest(parts)) {
        if (length + ring.length > coordinates.length) {
          const larger = new Float64Array(2 * (length + ring.length));
          larger.set(coordinates);
          coordinates = larger;
        }
        coordinates.set(ring, length);
        length += ring.length;
        ringOffsets.push(length / 2);
      }
      shapeOffsets.push(ringOffsets.length - 1);
    },
    multiple: () => multiple,
    finish: () => ({
      kind: "shapes",
      ids: ids(names),
      shapeOffsets: Uint32Array.from(shapeOffsets),
      ringOffsets: Uint32Array.from(ringOffsets),
      coordinates: coordinates.slice(0, length),
    }),
  };
}

function largest(parts: readonly Part[]): Part {
  if (parts.length < 2) return parts[0] ?? [];
  const size = (part: Part): number => (part.length === 0 ? 0 : Math.abs(ringMoments(part[0])[0]));
  return parts.reduce((best, part) => (size(part) > size(best) ? part : best));
}

/**
 * Outlines from a table of corners: rows of one id that follow each other are one outline. Where `parts` is given, a
 * change of it begins a new outline of the same id too (nuclei of one cell).
 *
 * @throws {SpatialError} `format` where a corner is no number
 */
export function shapesFromCorners(
  names: readonly string[],
  x: Float64Array,
  y: Float64Array,
  parts: readonly string[] | null,
  subject: string,
): Shapes {
  const shapeNames: string[] = [];
  const starts: number[] = [];
  const coordinates = new Float64Array(2 * names.length);
  for (let i = 0; i < names.length; i++) {
    if (!Number.isFinite(x[i]) || !Number.isFinite(y[i]))
      throw new SpatialError(
        "format",
        `Corners in ${subject} must be numbers, found others in row ${i + 1}.`,
        {
          subject,
        },
      );
    if (i === 0 || names[i] !== names[i - 1] || (parts !== null && parts[i] !== parts[i - 1])) {
      shapeNames.push(names[i]);
      starts.push(i);
    }
    coordinates[2 * i] = x[i];
    coordinates[2 * i + 1] = y[i];
  }
  return {
    kind: "shapes",
    ids: ids(shapeNames),
    shapeOffsets: Uint32Array.from({ length: shapeNames.length + 1 }, (_, s) => s),
    ringOffsets: Uint32Array.from([...starts, names.length]),
    coordinates,
  };
}
