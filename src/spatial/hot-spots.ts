import { checkOptions, number, oneOf } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { Categorical } from "../model/index.ts";
import type { LocalGResult } from "./local-g.ts";
import type { LocalMoranResult } from "./local-moran.ts";
import type { LocalTest } from "./local.ts";

/** Which p of a local statistic decides. */
export type LocalP = "p" | "pAdjusted" | "pPermutation" | "pPermutationAdjusted";

const KINDS = ["p", "pAdjusted", "pPermutation", "pPermutationAdjusted"] as const;

export interface HotSpotsOptions {
  /** Default "pAdjusted": of all observations that are called at 95 %, 5 % are expected to be none. */
  readonly by?: LocalP;
}

const SPOTS = ["cold 99%", "cold 95%", "cold 90%", "neither", "hot 90%", "hot 95%", "hot 99%"];

/**
 * Which observations are hot spots and which are cold spots of a gene, and how sure is that? Labels from the z of `localG`: hot where it is
 * positive, cold where negative, at 99, 95 or 90 % where p is up to .01, .05 or .1; else "neither". Seven categories from coldest to
 * hottest, the same for every gene, so that maps of several genes have one legend.
 *
 * The default p is adjusted (Benjamini-Hochberg), as many tests ask for; where values are mostly 0 `"pPermutationAdjusted"` is surer, with
 * so many permutations that 1 / (1 + B) can pass. With `alternative: "greater"` or "less" in `localG` only one kind can be found.
 *
 * @param found what `localG` gave, n x p
 * @returns p categoricals over n observations; -1 where there is no test
 * @throws {SpatialError} `option`, also where p of permutations is asked for and none were drawn
 *
 * Cost: O(n p). Levels as ArcGIS and esda name them. Source: Getis and Ord 1992 (doi:10.1111/j.1538-4632.1992.tb00261.x); Caldas de
 * Castro and Singer 2006 (doi:10.1111/j.0016-7363.2006.00682.x).
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { hotSpots, localG } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(8), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
 * const x = dense(8, 1, Float32Array.of(9, 9, 9, 1, 0, 1, 0, 0));
 * const [gene] = hotSpots(await localG(expression(x, "counts"), graph), { by: "p" });
 * if (!gene.categories[gene.codes[1]].startsWith("hot")) throw new Error("a hot spot at 1");
 * ```
 */
export function hotSpots(found: LocalGResult, options: HotSpotsOptions = {}): readonly Categorical[] {
  checkOptions("hotSpots", options, { by: oneOf(...KINDS) });
  const { z } = found;
  const p = chosen("hotSpots", found, options.by);
  return labelled(z.rows, z.cols, SPOTS, (at) => {
    if (Number.isNaN(z.data[at]) || Number.isNaN(p[at])) return -1;
    const level = p[at] <= 0.01 ? 3 : p[at] <= 0.05 ? 2 : p[at] <= 0.1 ? 1 : 0;
    return 3 + Math.sign(z.data[at]) * level;
  });
}

export interface LocalClustersOptions extends HotSpotsOptions {
  /** The largest p that is called, default 0.05. */
  readonly alpha?: number;
}

/**
 * Which observations are clusters of a gene and which are outliers? The quadrants of `localMoran` where p is up to `alpha`: "high-high"
 * and "low-low" are clusters, "high-low" and "low-high" (first the observation, then its neighbors) outliers; else "neither". The same
 * five categories for every gene.
 *
 * @param found what `localMoran` or `localBivariateMoran` gave, n x p
 * @returns p categoricals over n observations; -1 where there is no test
 * @throws {SpatialError} `option`, also where p of permutations is asked for and none were drawn
 *
 * Cost: O(n p). Source: Anselin 1995 (doi:10.1111/j.1538-4632.1995.tb00338.x).
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { dense, expression } from "tissular/model";
 * import { localClusters, localMoran } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(12), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
 * const x = dense(12, 1, Float32Array.of(8, 9, 8, 1, 0, 1, 1, 0, 1, 0, 1, 0));
 * const [gene] = localClusters(await localMoran(expression(x, "log"), graph), { by: "p" });
 * if (gene.categories[gene.codes[1]] !== "high-high" || gene.categories[gene.codes[7]] !== "neither")
 *   throw new Error("one cluster at the left");
 * ```
 */
export function localClusters(
  found: LocalMoranResult,
  options: LocalClustersOptions = {},
): readonly Categorical[] {
  checkOptions("localClusters", options, { by: oneOf(...KINDS), alpha: number(0, 1) });
  const { alpha = 0.05 } = options;
  const { quadrants, i } = found;
  const p = chosen("localClusters", found, options.by);
  const categories = ["high-high", "low-high", "low-low", "high-low", "neither"];
  return labelled(i.rows, i.cols, categories, (at, row, gene) =>
    Number.isNaN(p[at]) ? -1 : p[at] <= alpha ? quadrants[gene].codes[row] : categories.length - 1,
  );
}

function chosen(verb: string, found: LocalTest, by: LocalP = "pAdjusted"): ArrayLike<number> {
  if (by.startsWith("pPermutation") && found.params.permutations === 0)
    throw new SpatialError("option", `${verb}: by "${by}" needs permutations, found 0.`, {
      subject: "by",
      hint: "Give the local statistic `permutations`, or take the normal p.",
    });
  return found[by].data;
}

/** A categorical per column of an n x p result. */
function labelled(
  n: number,
  genes: number,
  categories: readonly string[],
  codeOf: (at: number, row: number, gene: number) => number,
): readonly Categorical[] {
  return Array.from({ length: genes }, (_, gene) => ({
    kind: "categorical",
    codes: Int32Array.from({ length: n }, (_, row) => codeOf(row * genes + gene, row, gene)),
    categories,
  }));
}
