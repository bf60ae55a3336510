import { describe } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { Rng } from "../core/rng.ts";
import { polygonIndex } from "../kernels/locate.ts";
import { ringMoments } from "../kernels/polygons.ts";
import { ids, type Shapes } from "../model/index.ts";

/**
 * Where points could have been seen: corners of a rectangle (least x, least y, largest x, largest y); polygons; or, from the points
 * themselves, their bounding `"rectangle"` or convex `"hull"`, each enlarged about its center so that its area is without bias
 * where points are random (Ripley and Rasson 1977, doi:10.2307/3212898).
 */
export type WindowOption = "rectangle" | "hull" | readonly [number, number, number, number] | Shapes;

/** A region of the plane. */
export interface Window {
  readonly area: number;
  readonly perimeter: number;
  /** least x, least y, largest x, largest y */
  readonly box: readonly [number, number, number, number];
  readonly isRectangle: boolean;
  /** Distance from a point to the border. */
  readonly toBorder: (x: number, y: number) => number;
  /** Which of the points (x, y of each) lie in it; the border belongs to it. */
  readonly holds: (at: Float64Array) => Uint8Array;
  /** `count` points placed independently and evenly, x and y of each. */
  readonly scatter: (count: number, rng: Rng) => Float64Array;
}

/** Is this a value of the option `window`? */
export function isWindow(value: unknown): boolean {
  if (value === "rectangle" || value === "hull") return true;
  if (Array.isArray(value))
    return (
      value.length === 4 &&
      value.every((v) => Number.isFinite(v)) &&
      (value[0] as number) < (value[2] as number) &&
      (value[1] as number) < (value[3] as number)
    );
  return (value as Shapes | null)?.kind === "shapes";
}

/**
 * The window of the points `at` (x, y of each) of the sample of that name; of polygons with several samples those whose id is
 * the sample's name.
 *
 * @throws {SpatialError} `input` where points lie outside, or window and points leave no area
 */
export function windowOf(option: WindowOption, at: Float64Array, sample: string | null): Window {
  const window = make(option, at, sample);
  const where = sample === null ? "" : ` of sample ${describe(sample)}`;
  if (!(window.area > 0 && window.area < Infinity))
    throw new SpatialError("input", `The window${where} has no area.`, {
      subject: "window",
      hint: "Points on one line (or fewer than 3) have none: give the window as a rectangle or polygons.",
    });
  const outside = window.holds(at).reduce((sum, inside) => sum + 1 - inside, 0);
  if (outside > 0)
    throw new SpatialError("input", `${outside} points${where} lie outside the window.`, {
      subject: "window",
      hint: "Points and window must be in one unit; leave out points that the window excludes.",
    });
  return window;
}

function make(option: WindowOption, at: Float64Array, sample: string | null): Window {
  if (option === "hull") {
    const hull = convexHull(at);
    const [n, corners] = [at.length / 2, hull.length / 2];
    if (corners < 3) return rectangle(0, 0, 0, 0);
    // Where all points are corners the correction has no value: the hull stays.
    return polygon(oneRing(corners < n ? enlarged(hull, 1 / Math.sqrt(1 - corners / n)) : hull));
  }
  if (option === "rectangle") {
    const [x0, y0, x1, y1] = extent(at);
    const more = (at.length / 2 + 1) / (at.length / 2 - 1);
    const [x, y, w, h] = [(x0 + x1) / 2, (y0 + y1) / 2, ((x1 - x0) / 2) * more, ((y1 - y0) / 2) * more];
    return rectangle(x - w, y - h, x + w, y + h);
  }
  if (!("kind" in option)) return rectangle(...option);
  const own = sample === null ? option : shapesNamed(option, sample);
  const corners = rectangleCorners(own);
  return corners === null ? polygon(own) : rectangle(...corners);
}

function rectangle(x0: number, y0: number, x1: number, y1: number): Window {
  const toBorder = (x: number, y: number): number => Math.min(x - x0, x1 - x, y - y0, y1 - y);
  return {
    area: (x1 - x0) * (y1 - y0),
    perimeter: 2 * (x1 - x0 + y1 - y0),
    box: [x0, y0, x1, y1],
    isRectangle: true,
    toBorder,
    holds: (at) =>
      Uint8Array.from({ length: at.length / 2 }, (_, i) => (toBorder(at[2 * i], at[2 * i + 1]) >= 0 ? 1 : 0)),
    scatter: (count, rng) => {
      const at = new Float64Array(2 * count);
      for (let t = 0; t < at.length; t += 2) {
        at[t] = x0 + (x1 - x0) * rng.uniform();
        at[t + 1] = y0 + (y1 - y0) * rng.uniform();
      }
      return at;
    },
  };
}

function polygon(shapes: Shapes): Window {
  const { shapeOffsets, ringOffsets, coordinates } = shapes;
  const edges: number[] = []; // start, end less start, 1 / squared length
  let [area, perimeter] = [0, 0];
  for (let s = 0; s + 1 < shapeOffsets.length; s++)
    for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
      const ring = coordinates.subarray(2 * ringOffsets[r], 2 * ringOffsets[r + 1]);
      area += ((r === shapeOffsets[s] ? 1 : -1) * Math.abs(ringMoments(ring)[0])) / 2;
      for (let c = 0; c < ring.length; c += 2) {
        const next = (c + 2) % ring.length;
        const [dx, dy] = [ring[next] - ring[c], ring[next + 1] - ring[c + 1]];
        const square = dx * dx + dy * dy;
        if (square === 0) continue;
        perimeter += Math.sqrt(square);
        edges.push(ring[c], ring[c + 1], dx, dy, 1 / square);
      }
    }
  const sides = Float64Array.from(edges);
  const box = extent(coordinates);
  const index = polygonIndex(shapes, new Uint32Array(shapeOffsets.length - 1));
  const toBorder = (x: number, y: number): number => {
    let least = Infinity;
    for (let e = 0; e < sides.length; e += 5) {
      const [px, py] = [x - sides[e], y - sides[e + 1]];
      const along = Math.max(0, Math.min(1, (px * sides[e + 2] + py * sides[e + 3]) * sides[e + 4]));
      const [dx, dy] = [px - along * sides[e + 2], py - along * sides[e + 3]];
      least = Math.min(least, dx * dx + dy * dy);
    }
    return Math.sqrt(least);
  };
  const inside = (at: Float64Array): Int32Array => {
    const out = new Int32Array(at.length / 2);
    const x = new Float64Array(out.length);
    const y = new Float64Array(out.length);
    for (let i = 0; i < out.length; i++) [x[i], y[i]] = [at[2 * i], at[2 * i + 1]];
    index.locate(x, y, 0, x.length, out);
    return out;
  };
  const rounding = 1e-9 * Math.max(...box.map(Math.abs));
  return {
    area,
    perimeter,
    box,
    isRectangle: false,
    toBorder,
    holds: (at) =>
      Uint8Array.from(inside(at), (owner, i) =>
        owner >= 0 || toBorder(at[2 * i], at[2 * i + 1]) <= rounding ? 1 : 0,
      ),
    scatter: (count, rng) => {
      const found = new Float64Array(2 * count);
      const tried = rectangle(...box);
      for (let placed = 0; placed < count;) {
        const more = Math.ceil(((count - placed) * tried.area) / area) + 8;
        const at = tried.scatter(more, rng);
        const owners = inside(at);
        for (let i = 0; i < more && placed < count; i++) {
          if (owners[i] < 0) continue;
          found[2 * placed] = at[2 * i];
          found[2 * placed++ + 1] = at[2 * i + 1];
        }
      }
      return found;
    },
  };
}

function extent(at: Float64Array): [number, number, number, number] {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let t = 0; t < at.length; t += 2) {
    x0 = Math.min(x0, at[t]);
    x1 = Math.max(x1, at[t]);
    y0 = Math.min(y0, at[t + 1]);
    y1 = Math.max(y1, at[t + 1]);
  }
  return [x0, y0, x1, y1];
}

/** Corners of the convex hull, in order; points on an edge are none (Andrew 1979, doi:10.1016/0020-0190(79)90072-3). */
export function convexHull(at: Float64Array): Float64Array {
  const order = Uint32Array.from({ length: at.length / 2 }, (_, i) => i).sort(
    (i, j) => at[2 * i] - at[2 * j] || at[2 * i + 1] - at[2 * j + 1],
  );
  const half = (points: Uint32Array): number[] => {
    const hull: number[] = [];
    for (const i of points) {
      for (; hull.length > 1; hull.pop()) {
        const [a, b] = [hull[hull.length - 2], hull[hull.length - 1]];
        const turn =
          (at[2 * b] - at[2 * a]) * (at[2 * i + 1] - at[2 * a + 1]) -
          (at[2 * b + 1] - at[2 * a + 1]) * (at[2 * i] - at[2 * a]);
        if (turn > 0) break;
      }
      hull.push(i);
    }
    return hull.slice(0, -1);
  };
  const corners = [...half(order), ...half(order.reverse())];
  return Float64Array.from(corners.flatMap((i) => [at[2 * i], at[2 * i + 1]]));
}

/** A ring `by` times as large about its centroid. */
function enlarged(ring: Float64Array, by: number): Float64Array {
  const [twice, x, y] = ringMoments(ring);
  const center = [x / twice, y / twice];
  return ring.map((v, t) => center[t % 2] + by * (v - center[t % 2]));
}

function oneRing(coordinates: Float64Array): Shapes {
  return {
    kind: "shapes",
    ids: ids(["window"]),
    shapeOffsets: Uint32Array.of(0, 1),
    ringOffsets: Uint32Array.of(0, coordinates.length / 2),
    coordinates,
  };
}

function shapesNamed(shapes: Shapes, name: string): Shapes {
  const { shapeOffsets, ringOffsets, coordinates } = shapes;
  const kept = Array.from({ length: shapes.ids.length }, (_, s) => s).filter(
    (s) => shapes.ids.at(s) === name,
  );
  if (kept.length === 0)
    throw new SpatialError("input", `No polygon of the window has sample ${describe(name)} as its id.`, {
      subject: "window",
      hint: "With several samples the ids of the polygons are the names of the samples.",
    });
  const [shapesFrom, ringsFrom, corners]: number[][] = [[0], [0], []];
  for (const s of kept) {
    for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
      for (let c = 2 * ringOffsets[r]; c < 2 * ringOffsets[r + 1]; c++) corners.push(coordinates[c]);
      ringsFrom.push(corners.length / 2);
    }
    shapesFrom.push(ringsFrom.length - 1);
  }
  return {
    kind: "shapes",
    ids: ids(kept.map((s) => `${name} ${s}`)),
    shapeOffsets: Uint32Array.from(shapesFrom),
    ringOffsets: Uint32Array.from(ringsFrom),
    coordinates: Float64Array.from(corners),
  };
}

/** The box of a polygon that is a rectangle along the axes. */
function rectangleCorners({ ringOffsets, coordinates }: Shapes): [number, number, number, number] | null {
  if (ringOffsets.length !== 2) return null;
  const box = extent(coordinates);
  const corners: number[] = [];
  for (let t = 0; t < coordinates.length; t += 2) {
    const [x, y] = [coordinates[t], coordinates[t + 1]];
    if ((x !== box[0] && x !== box[2]) || (y !== box[1] && y !== box[3])) return null;
    const corner = (x === box[0] ? 0 : 1) + (y === box[1] ? 0 : 2);
    if (!corners.includes(corner)) corners.push(corner);
  }
  // Round the box: no step across.
  return corners.length === 4 && corners.every((c, t) => (c ^ corners[(t + 1) % 4]) !== 3) ? box : null;
}
