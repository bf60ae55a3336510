import { SpatialError } from "../core/errors.ts";
import { log } from "../kernels/math.ts";
import type { Categorical } from "../model/index.ts";
import { median, variance } from "../stats/index.ts";

export interface LibrarySizeByRegionResult {
  /** length k */
  readonly regions: readonly string[];
  /** cells with counts per region, length k */
  readonly cells: Int32Array;
  /** median total of a region's cells, NaN without cells; length k */
  readonly medians: Float64Array;
  /** part of the variance of log totals that lies between regions (eta squared, 0 to 1); NaN where totals do not vary */
  readonly explained: number;
}

/**
 * Do totals of counts differ by region, so that dividing by them would take biology away?
 *
 * Within tissue the number of transcripts follows the kind of tissue (tumour against stroma, cortex against white matter), and
 * normalization to one total then shifts all genes of a region the other way (Bhuva et al. 2024, doi:10.1186/s13059-024-03241-7). explained
 * = 1 - sum within regions (l - mean of region)^2 / sum (l - mean)^2 with l = log total. Above some 0.2 compare with
 * `normalizeBySize`, or with counts as they are. Cells without counts or region are left out. Cost O(n log n).
 *
 * @param totals counts of each cell, length n
 * @param regions region of each cell, n codes
 * @throws {SpatialError} `input` if lengths differ
 *
 * @example
 * ```ts
 * import { categories } from "tissular/model";
 * import { librarySizeByRegion } from "tissular/preprocess";
 * const { medians, explained } = librarySizeByRegion([10, 10, 1000, 1000], categories(["stroma", "stroma", "tumour", "tumour"]));
 * if (medians.join() !== "10,1000" || explained !== 1) throw new Error("all of it lies between regions");
 * ```
 */
export function librarySizeByRegion(
  totals: ArrayLike<number>,
  regions: Categorical,
): LibrarySizeByRegionResult {
  if (totals.length !== regions.codes.length) {
    throw new SpatialError(
      "input",
      `Each cell must have a total and a region, found ${totals.length} totals and ${regions.codes.length} regions.`,
      { subject: "regions" },
    );
  }
  const groups: number[][] = regions.categories.map(() => []);
  regions.codes.forEach((c, i) => c >= 0 && totals[i] > 0 && groups[c].push(totals[i]));
  const squares = (values: readonly number[]): number =>
    values.length < 2 ? 0 : variance(values.map(log)) * (values.length - 1);
  const within = groups.reduce((sum, group) => sum + squares(group), 0);
  return {
    regions: regions.categories,
    cells: Int32Array.from(groups, (group) => group.length),
    medians: Float64Array.from(groups, median),
    explained: 1 - within / squares(groups.flat()),
  };
}
