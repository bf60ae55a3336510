import { forEachBlock, inParts, type RunOptions } from "../core/progress.ts";
import { nearestList } from "../kernels/neighbor-list.ts";
import type { Positions } from "../model/index.ts";

/** Places that no level of squares has parted by now have one coordinate, or nearly so. */
const LEVELS = 17;

/**
 * For each place the (at most m) nearest of those that come before it in an order from coarse to fine, n x m; a shorter list
 * ends with the place itself. Places of different groups are never joined, and those of none are alone.
 *
 * The order: squares of side 1, 1/2, 1/4, ... of the extent; on each level the first place of every square that has none yet. So early
 * places are spread over the tissue, and later ones have neighbors on all sides (much like an order by largest distance; Guinness 2018,
 * doi:10.1080/00401706.2018.1437476).
 */
export async function conditioningSets(
  positions: Positions,
  groups: readonly Uint32Array[],
  m: number,
  run: RunOptions,
): Promise<Uint32Array> {
  const { rows: n, cols: dims } = positions;
  const lists = new Uint32Array(n * m);
  for (let i = 0; i < n; i++) lists.fill(i, i * m, (i + 1) * m);
  for (const rows of groups) {
    const units = unitPlaces(positions, rows);
    const order = await inParts(coarseToFine(units, rows.length, dims), run.signal);
    const near = nearestList(m);
    let grid = gridOver(units, dims, 1);
    for (let size = 1; size < order.length; size *= 2) {
      grid = gridOver(units, dims, size);
      for (const i of order.subarray(0, size)) grid.insert(i);
      const next = Math.min(order.length, 2 * size);
      const seek = (from: number, to: number): void => {
        for (const i of order.subarray(size + from, size + to)) {
          near.clear();
          grid.offerAround(i, near);
          near.held().forEach((j, e) => (lists[rows[i] * m + e] = rows[j]));
          grid.insert(i);
        }
      };
      await forEachBlock("neighbors", next - size, 2048, seek, { signal: run.signal });
    }
  }
  return lists;
}

/** The places of a group within the unit square (or cube), their longest side being 1. */
export function unitPlaces({ cols, data }: Positions, rows: Uint32Array): Float64Array {
  const low = new Float64Array(cols).fill(Infinity);
  let extent = 0;
  for (let d = 0; d < cols; d++) {
    let high = -Infinity;
    for (const i of rows) {
      low[d] = Math.min(low[d], data[i * cols + d]);
      high = Math.max(high, data[i * cols + d]);
    }
    extent = Math.max(extent, high - low[d]);
  }
  return Float64Array.from({ length: rows.length * cols }, (_, e) => {
    const d = e % cols;
    return extent > 0 ? (data[rows[(e - d) / cols] * cols + d] - low[d]) / extent : 0;
  });
}

/** Rows by squares of side 1, 1/2, 1/4, ...: on each level the first of every square that has none yet. */
export function* coarseToFine(units: Float64Array, n: number, dims: number): Generator<void, Uint32Array> {
  const order = new Uint32Array(n);
  const isTaken = new Uint8Array(n);
  let taken = 0;
  const take = (i: number): void => {
    order[taken++] = i;
    isTaken[i] = 1;
  };
  for (let level = 0, side = 1; level <= LEVELS && taken < n; level++, side *= 2) {
    const cellOf = (i: number): number => {
      let cell = 0;
      for (let d = 0; d < dims; d++)
        cell = cell * side + Math.min(side - 1, Math.floor(units[i * dims + d] * side));
      return cell;
    };
    const occupied = new Set<number>();
    for (let t = 0; t < taken; t++) occupied.add(cellOf(order[t]));
    for (let i = 0; i < n; i++) {
      if (isTaken[i] === 1 || occupied.has(cellOf(i))) continue;
      occupied.add(cellOf(i));
      take(i);
    }
    yield;
  }
  for (let i = 0; i < n; i++) if (isTaken[i] === 0) take(i);
  return order;
}

interface Grid {
  readonly insert: (i: number) => void;
  /** Gives `near` all that could be among its nearest. */
  readonly offerAround: (i: number, near: ReturnType<typeof nearestList>) => void;
}

/** Cells for about `expected` places of the unit square or cube. */
function gridOver(units: Float64Array, dims: number, expected: number): Grid {
  let side = 1;
  while ((dims === 3 ? 8 * side : 4 * side) * side * (dims === 3 ? side : 1) <= expected) side *= 2;
  const deep = dims === 3 ? side : 1;
  const first = new Int32Array(side * side * deep).fill(-1);
  const next = new Int32Array(units.length / dims);
  const at = (i: number, d: number): number =>
    d < dims ? Math.min(side - 1, Math.floor(units[i * dims + d] * side)) : 0;
  const insert = (i: number): void => {
    const cell = (at(i, 0) * side + at(i, 1)) * deep + at(i, 2);
    next[i] = first[cell];
    first[cell] = i;
  };
  const offerAround: Grid["offerAround"] = (i, near) => {
    const [x, y, z] = [at(i, 0), at(i, 1), at(i, 2)];
    const offer = (cell: number): void => {
      for (let j = first[cell]; j >= 0; j = next[j]) {
        let square = 0;
        for (let d = 0; d < dims; d++) {
          const off = units[i * dims + d] - units[j * dims + d];
          square += off * off;
        }
        near.offer(square, j);
      }
    };
    // Cells r away hold places at least (r - 1) sides away.
    for (let r = 0; r <= side; r++) {
      const least = Math.max(0, r - 1) / side;
      if (least * least > near.worst()) return;
      for (let a = Math.max(0, x - r); a <= Math.min(side - 1, x + r); a++)
        for (let b = Math.max(0, y - r); b <= Math.min(side - 1, y + r); b++) {
          const isEdge = Math.abs(a - x) === r || Math.abs(b - y) === r;
          const [low, high] = [Math.max(0, z - r), Math.min(deep - 1, z + r)];
          if (isEdge) for (let c = low; c <= high; c++) offer((a * side + b) * deep + c);
          else
            for (const c of r > 0 ? [z - r, z + r] : [z])
              if (c >= 0 && c < deep) offer((a * side + b) * deep + c);
        }
    }
  };
  return { insert, offerAround };
}
