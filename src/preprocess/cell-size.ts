import { checkOptions, either, literal, number, type Rule } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { areas } from "../kernels/polygons.ts";
import {
  type BlockedMatrix,
  type Expression,
  expression,
  mapBlocks,
  requireValues,
  type Shapes,
  type Sparse,
} from "../model/index.ts";
import { median } from "../stats/index.ts";
import { timesFactors } from "./normalize.ts";

export interface NormalizeBySizeOptions {
  /** The size that counts are brought to; default null: the median of all sizes. */
  readonly targetSize?: number | null;
}

/**
 * Makes cells comparable by their size: divides each cell's counts by its area or volume and multiplies by `targetSize`.
 *
 * value = count * targetSize / size. In imaging data a cut through a large cell holds more transcripts whatever the cell does, while
 * totals of a targeted panel differ because cell types and regions do: size takes the first away and leaves the second (Atta et
 * al. 2024, doi:10.1186/s13059-024-03303-w). Sizes may have any one unit; those of Xenium are `cell_area`, of MERSCOPE `volume`,
 * of CosMx `Area` in `dataset.cells.columns`; `shapeAreas` measures outlines. Cost: one pass over the stored entries.
 *
 * @param counts n cells x p genes, counts
 * @param size area or volume of each cell, length n, above 0
 * @returns n x p, values "normalized"; shares the places of the entries with `counts`
 * @throws {SpatialError} `values` unless counts; `input` for another length or sizes that are missing or not above 0
 *
 * @example
 * ```ts
 * import { dense, expression, toSparse } from "tissular/model";
 * import { normalizeBySize } from "tissular/preprocess";
 * const counts = expression(toSparse(dense(3, 1, Float32Array.of(2, 2, 2))), "counts");
 * if (normalizeBySize(counts, Float64Array.of(50, 100, 200)).data.join() !== "4,2,1") throw new Error("per area");
 * ```
 */
export function normalizeBySize(
  counts: Expression<Sparse>,
  size: ArrayLike<number>,
  options: NormalizeBySizeOptions = {},
): Expression<Sparse> {
  checkOptions("normalizeBySize", options, rules);
  requireValues("normalizeBySize", counts, "counts");
  const factors = sizeFactors(counts.rows, size, options);
  return expression(timesFactors(counts, factors, 0), "normalized");
}

/**
 * `normalizeBySize` of a matrix that is read in blocks: a view that divides as blocks go by.
 *
 * @returns n x p, values "normalized", read from `counts` at each pass
 * @throws {SpatialError} as `normalizeBySize`
 *
 * @example
 * ```ts
 * import { collectBlocks, dense, expression, toBlocked, toSparse } from "tissular/model";
 * import { normalizeBySizeBlocked } from "tissular/preprocess";
 * const counts = toBlocked(expression(toSparse(dense(3, 1, Float32Array.of(2, 2, 2))), "counts"));
 * const { data } = await collectBlocks(normalizeBySizeBlocked(counts, Float64Array.of(50, 100, 200)));
 * if (data.join() !== "4,2,1") throw new Error("per area");
 * ```
 */
export function normalizeBySizeBlocked(
  counts: Expression<BlockedMatrix>,
  size: ArrayLike<number>,
  options: NormalizeBySizeOptions = {},
): Expression<BlockedMatrix> {
  checkOptions("normalizeBySizeBlocked", options, rules);
  requireValues("normalizeBySizeBlocked", counts, "counts");
  const factors = sizeFactors(counts.rows, size, options);
  return expression(
    mapBlocks(counts, (block, start) => timesFactors(block, factors, start)),
    "normalized",
  );
}

/**
 * Area inside each outline, holes taken out, in the square of the coordinates' unit; 0 without an outline.
 *
 * @returns length of `shapes.ids`
 *
 * @example
 * ```ts
 * import { ids, type Shapes } from "tissular/model";
 * import { shapeAreas } from "tissular/preprocess";
 * const square: Shapes = {
 *   kind: "shapes", ids: ids(["a"]), shapeOffsets: Uint32Array.of(0, 1), ringOffsets: Uint32Array.of(0, 5),
 *   coordinates: Float64Array.of(0, 0, 2, 0, 2, 2, 0, 2, 0, 0),
 * };
 * if (shapeAreas(square)[0] !== 4) throw new Error("two by two");
 * ```
 */
export function shapeAreas(shapes: Shapes): Float64Array {
  return areas(shapes);
}

const rules: Readonly<Record<keyof NormalizeBySizeOptions, Rule>> = {
  targetSize: either(number(Number.MIN_VALUE), literal(null)),
};

function sizeFactors(
  n: number,
  size: ArrayLike<number>,
  { targetSize = null }: NormalizeBySizeOptions,
): Float64Array {
  const sizes = Float64Array.from(size);
  const wrong = sizes.filter((s) => !(s > 0 && s < Infinity)).length;
  if (sizes.length !== n || wrong > 0) {
    throw new SpatialError(
      "input",
      `Each of ${n} cells must have a size above 0, found ${sizes.length !== n ? `${sizes.length} sizes` : `${wrong} without`}.`,
      { subject: "size", hint: "Leave out the cells without a size first (selectCells)." },
    );
  }
  const target = targetSize ?? median(sizes);
  return sizes.map((s) => target / s);
}
