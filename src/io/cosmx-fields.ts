import type { SpatialDataset } from "../model/dataset.ts";
import type { Affine } from "../model/image.ts";
import { type Column, isCategorical } from "../model/table.ts";

/** Two cells of a field of view that lie far apart along an axis. */
interface Ends {
  readonly low: number;
  readonly high: number;
}

/**
 * Where fields of view of CosMx lie, from their cells' local and global coordinates: for a field and the height of its
 * image, the way from positions to the image's pixels; null where no two cells tell it.
 *
 * Rows of the images run with local y where global y runs against it, and against local y where the two run alike
 * (the first exports; so do the masks and transcripts of the published lung sections).
 */
export function placeFields(ds: SpatialDataset): (fov: number, height: number) => Affine | null {
  const column = (name: string): Column | undefined =>
    Object.entries(ds.cells.columns).find(([key]) => key.toLowerCase() === name)?.[1];
  const numbers = (name: string): ArrayLike<number> | null => {
    const values = column(name);
    return values instanceof Float64Array || values instanceof Int32Array ? values : null;
  };
  const [fov, x, y] = [column("fov"), numbers("centerx_local_px"), numbers("centery_local_px")];
  const at = ds.positions;
  if (fov === undefined || x === null || y === null || at === null) return () => null;
  const global = numbers("centery_global_px") ?? numbers("centery_global_mm");
  const fieldOf = (i: number): number =>
    Number(isCategorical(fov) ? fov.categories[fov.codes[i]] : (fov as ArrayLike<string | number>)[i]);
  const fields = new Map<number, number[]>();
  for (let i = 0; i < at.rows; i++) {
    const rows = fields.get(fieldOf(i));
    if (rows === undefined) fields.set(fieldOf(i), [i]);
    else rows.push(i);
  }
  const place =
    (axis: 0 | 1): ((i: number) => number) =>
    (i) =>
      at.data[i * at.cols + axis];
  /** Local = slope * position + start, through the two cells farthest apart. */
  const line = (
    rows: readonly number[],
    axis: 0 | 1,
    local: ArrayLike<number>,
  ): readonly [slope: number, start: number] | null => {
    const p = place(axis);
    const { low, high } = rows.reduce<Ends>(
      (ends, i) => ({ low: p(i) < p(ends.low) ? i : ends.low, high: p(i) > p(ends.high) ? i : ends.high }),
      { low: rows[0], high: rows[0] },
    );
    const slope = (local[high] - local[low]) / (p(high) - p(low));
    return slope > 0 && Number.isFinite(slope) ? [slope, local[low] - slope * p(low)] : null;
  };
  return (number, height) => {
    const rows = fields.get(number) ?? [];
    const [across, down] = rows.length < 2 ? [null, null] : [line(rows, 0, x), line(rows, 1, y)];
    if (across === null || down === null) return null;
    const [low, high] = [
      rows.reduce((a, b) => (y[b] < y[a] ? b : a)),
      rows.reduce((a, b) => (y[b] > y[a] ? b : a)),
    ];
    const isAlike = global !== null && global[high] > global[low];
    return isAlike
      ? [across[0], 0, across[1], 0, -down[0], height - down[1]]
      : [across[0], 0, across[1], 0, down[0], down[1]];
  };
}
