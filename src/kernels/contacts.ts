import type { Shapes } from "../model/shapes.ts";

/** Outlines as straight pieces, owner by owner, and which of them lie in each tile of the plane. */
export interface Outlines {
  readonly owners: number;
  /** x, y of the corners that pieces begin and end at */
  readonly coordinates: Float64Array;
  /** corners of each piece */
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly owner: Uint32Array;
  /** length owners + 1: owner o has pieces starts[o] to starts[o + 1] */
  readonly starts: Uint32Array;
  /** largest coordinate */
  readonly span: number;
  /** how near two pieces must be to touch; at least the rounding of the coordinates */
  readonly reach: number;
  readonly tiles: Tiles;
}

interface Tiles {
  readonly low: readonly [number, number];
  readonly side: number;
  readonly across: number;
  /** length tiles + 1: tile t holds pieces entries[offsets[t]] to entries[offsets[t + 1]] */
  readonly offsets: Uint32Array;
  readonly entries: Uint32Array;
}

/** Pieces of all shapes; `owner[s]` from 0 to owners - 1, or `owners` for shapes that are left out. Cost O(corners). */
export function outlines(shapes: Shapes, owner: Uint32Array, owners: number, tolerance: number): Outlines {
  const { shapeOffsets, ringOffsets, coordinates } = shapes;
  const starts = new Uint32Array(owners + 1);
  const each = (visit: (o: number, a: number, b: number) => void): void => {
    for (let s = 0; s + 1 < shapeOffsets.length; s++) {
      if (owner[s] === owners) continue;
      for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
        const [first, end] = [ringOffsets[r], ringOffsets[r + 1]];
        for (let a = first; a < end; a++) {
          const b = a + 1 < end ? a + 1 : first; // closes the ring, where it is not closed
          if (coordinates[2 * a] !== coordinates[2 * b] || coordinates[2 * a + 1] !== coordinates[2 * b + 1])
            visit(owner[s], a, b);
        }
      }
    }
  };
  each((o) => starts[o + 1]++);
  for (let o = 0; o < owners; o++) starts[o + 1] += starts[o];
  const count = starts[owners];
  const [from, to, of] = [0, 0, 0].map(() => new Uint32Array(count));
  const next = starts.slice(0, owners);
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  each((o, a, b) => {
    const at = next[o]++;
    from[at] = a;
    to[at] = b;
    of[at] = o;
    x0 = Math.min(x0, coordinates[2 * a]);
    x1 = Math.max(x1, coordinates[2 * a]);
    y0 = Math.min(y0, coordinates[2 * a + 1]);
    y1 = Math.max(y1, coordinates[2 * a + 1]);
  });
  const span =
    count === 0 ? 0 : Math.max(x1 - x0, y1 - y0, Math.abs(x0), Math.abs(x1), Math.abs(y0), Math.abs(y1));
  const reach = Math.max(tolerance, 1e-9 * span);
  const tiles = tile({ coordinates, from, to }, reach, [x0, y0], Math.max(x1 - x0, y1 - y0));
  return { owners, coordinates, from, to, owner: of, starts, span, reach, tiles };
}

type Pieces = Pick<Outlines, "coordinates" | "from" | "to">;

/** Tiles about twice as wide as a piece is long, no more of them than pieces; each piece in all that it comes within reach of. */
function tile(pieces: Pieces, reach: number, low: readonly [number, number], wide: number): Tiles {
  const { coordinates, from, to } = pieces;
  const count = from.length;
  if (count === 0)
    return { low, side: 1, across: 1, offsets: new Uint32Array(2), entries: new Uint32Array(0) };
  let length = 0;
  for (let p = 0; p < count; p++) {
    const [a, b] = [2 * from[p], 2 * to[p]];
    length += Math.abs(coordinates[a] - coordinates[b]) + Math.abs(coordinates[a + 1] - coordinates[b + 1]);
  }
  const side = Math.max((2 * length) / count, 2 * reach, wide / Math.ceil(Math.sqrt(count)));
  const across = Math.floor(wide / side) + 1;
  const offsets = new Uint32Array(across * across + 1);
  const grid = { low, side, across };
  for (let p = 0; p < count; p++) eachTile(pieces, grid, p, reach, (t) => void offsets[t + 1]++);
  for (let t = 0; t < across * across; t++) offsets[t + 1] += offsets[t];
  const entries = new Uint32Array(offsets[across * across]);
  const next = offsets.slice(0, -1);
  for (let p = 0; p < count; p++) eachTile(pieces, grid, p, reach, (t) => void (entries[next[t]++] = p));
  return { ...grid, offsets, entries };
}

/** Tiles that piece p comes within `reach` of: row by row, those under the part of it that is near the row. */
function eachTile(
  { coordinates, from, to }: Pieces,
  { low, side, across }: Pick<Tiles, "low" | "side" | "across">,
  p: number,
  reach: number,
  visit: (tile: number) => void,
): void {
  const [a, b] = [2 * from[p], 2 * to[p]];
  const [ax, ay] = [coordinates[a] - low[0], coordinates[a + 1] - low[1]];
  const [bx, by] = [coordinates[b] - low[0], coordinates[b + 1] - low[1]];
  const at = (v: number): number => Math.max(0, Math.min(across - 1, Math.floor(v / side)));
  const margin = reach + 1e-9 * side;
  const last = at(Math.max(ay, by) + margin);
  for (let row = at(Math.min(ay, by) - margin); row <= last; row++) {
    let [left, right] = [Math.min(ax, bx), Math.max(ax, bx)];
    if (ay !== by) {
      const t = (row * side - margin - ay) / (by - ay);
      const u = ((row + 1) * side + margin - ay) / (by - ay);
      const clip = (v: number): number => ax + Math.max(0, Math.min(1, v)) * (bx - ax);
      [left, right] = [Math.min(clip(t), clip(u)), Math.max(clip(t), clip(u))];
    }
    const end = at(right + margin);
    for (let column = at(left - margin); column <= end; column++) visit(row * across + column);
  }
}

/**
 * Finds whom an owner touches: `found(other, border)` for each other owner within reach, with the length of the owner's
 * outline that is within reach of the other's (0 where they meet in a point).
 */
export function contactSearch(
  lines: Outlines,
): (owner: number, found: (other: number, border: number) => void) => void {
  const { owners, coordinates, from, to, owner: of, starts, reach, tiles } = lines;
  const seen = new Uint32Array(from.length); // 1 + the piece that last met it
  const border = new Float64Array(owners);
  const touched = new Uint8Array(owners);
  const part = new Float64Array(2);
  // of the piece at hand: whom it is near and where, by (other, low)
  const [hit, low, high]: number[][] = [[], [], []];
  const insert = (other: number): void => {
    let at = hit.length;
    for (; at > 0 && (hit[at - 1] > other || (hit[at - 1] === other && low[at - 1] > part[0])); at--) {
      hit[at] = hit[at - 1];
      low[at] = low[at - 1];
      high[at] = high[at - 1];
    }
    hit[at] = other;
    low[at] = part[0];
    high[at] = part[1];
  };
  return (owner, found) => {
    const others: number[] = [];
    for (let p = starts[owner]; p < starts[owner + 1]; p++) {
      hit.length = low.length = high.length = 0;
      const [a, b] = [2 * from[p], 2 * to[p]];
      eachTile(lines, tiles, p, 0, (t) => {
        for (let k = tiles.offsets[t]; k < tiles.offsets[t + 1]; k++) {
          const q = tiles.entries[k];
          if (of[q] === owner || seen[q] === p + 1) continue;
          seen[q] = p + 1;
          if (nearPart(coordinates, a, b, 2 * from[q], 2 * to[q], reach, part)) insert(of[q]);
        }
      });
      const length = hypotenuse(coordinates[b] - coordinates[a], coordinates[b + 1] - coordinates[a + 1]);
      let end = 0; // overlaps count once
      for (let h = 0; h < hit.length; h++) {
        const other = hit[h];
        if (touched[other] === 0) {
          touched[other] = 1;
          others.push(other);
        }
        if (h === 0 || other !== hit[h - 1]) end = low[h];
        border[other] += Math.max(0, high[h] - Math.max(low[h], end)) * length;
        end = Math.max(end, high[h]);
      }
    }
    others.sort((u, v) => u - v);
    for (const other of others) {
      found(other, border[other]);
      border[other] = touched[other] = 0;
    }
  };
}

function hypotenuse(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/**
 * The part of the piece from a to b (0 to 1) that is within reach of the piece from c to d. What is within reach of a piece is
 * convex, a strip with round ends, so the part is one interval: the hull of what lies in the strip and in either end.
 */
function nearPart(
  at: Float64Array,
  a: number,
  b: number,
  c: number,
  d: number,
  reach: number,
  part: Float64Array,
): boolean {
  const [ux, uy] = [at[b] - at[a], at[b + 1] - at[a + 1]];
  const [vx, vy] = [at[d] - at[c], at[d + 1] - at[c + 1]];
  const [px, py] = [at[a] - at[c], at[a + 1] - at[c + 1]];
  // boxes first
  if (Math.min(px, px + ux) > Math.max(0, vx) + reach || Math.max(px, px + ux) < Math.min(0, vx) - reach)
    return false;
  if (Math.min(py, py + uy) > Math.max(0, vy) + reach || Math.max(py, py + uy) < Math.min(0, vy) - reach)
    return false;

  let [low, high] = [Infinity, -Infinity];
  const length = hypotenuse(ux, uy);
  for (let end = 0; end < 2; end++) {
    const [qx, qy] = end === 0 ? [px, py] : [px - vx, py - vy];
    const middle = -(qx * ux + qy * uy) / (length * length);
    const away = (qx * uy - qy * ux) / length;
    const square = reach * reach - away * away;
    if (square < 0) continue;
    const half = Math.sqrt(square) / length;
    const [from, to] = [Math.max(0, middle - half), Math.min(1, middle + half)];
    if (from > to) continue;
    low = Math.min(low, from);
    high = Math.max(high, to);
  }
  const other = hypotenuse(vx, vy);
  const along = between((px * vx + py * vy) / other, (ux * vx + uy * vy) / other, 0, other, 0, 1);
  const inStrip = between((px * vy - py * vx) / other, (ux * vy - uy * vx) / other, -reach, reach, ...along);
  if (inStrip[0] <= inStrip[1]) {
    low = Math.min(low, inStrip[0]);
    high = Math.max(high, inStrip[1]);
  }
  part[0] = low;
  part[1] = high;
  return low <= high;
}

/** Where in [from, to] the line start + t * slope lies in [low, high]. */
function between(
  start: number,
  slope: number,
  low: number,
  high: number,
  from: number,
  to: number,
): [number, number] {
  if (slope === 0) return start >= low && start <= high ? [from, to] : [1, 0];
  const [t, u] = [(low - start) / slope, (high - start) / slope];
  return [Math.max(from, Math.min(t, u)), Math.min(to, Math.max(t, u))];
}
