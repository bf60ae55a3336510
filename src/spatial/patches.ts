import { checkOptions, such } from "../core/check.ts";
import { connectedComponents } from "../graph/index.ts";
import { keepEntries } from "../kernels/edges.ts";
import type { Categorical, Graph } from "../model/index.ts";
import { checkLabels } from "./entries.ts";

export interface IthScoreOptions {
  /** Region of each observation; default one region, "all". Patches end where a region ends. */
  readonly regions?: Categorical;
}

/** Patches by region (row) and category. */
export interface IthScoreResult {
  readonly categories: readonly string[];
  readonly regions: readonly string[];
  /** 0: each category is one patch of all there is, towards 1: many small patches; length r, NaN without observations */
  readonly score: Float64Array;
  /** patches of each category, r x k */
  readonly patches: Int32Array;
  /** observations of its largest patch, r x k */
  readonly largest: Int32Array;
}

/**
 * How scattered is each region: does a category lie in one patch, or in many?
 *
 * A patch is a connected set of observations of one category. score = 1 - (1 / n) sum_c largest_c / patches_c, the global part of the score of
 * intratumour heterogeneity of Li et al. (2022, doi:10.1007/s00330-022-09055-0), with observations for pixels. A tissue of one category has score 0; one of k
 * that fill a patch each has 0 too, so read it beside `diversity`.
 *
 * @param labels k categories over n observations; those without a label (-1) are left out
 * @param graph over the same n observations; its edges join, whatever their direction
 * @throws {SpatialError} `input` where lengths differ; `option`
 *
 * Cost: one pass over the edges. Checked against flood filling.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { categories } from "tissular/model";
 * import { ithScore } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(4), Int32Array.of(0, 1, 2, 3)); // a - a - b - a
 * const { score, patches } = ithScore(categories(["a", "a", "b", "a"]), graph);
 * if (patches.join() !== "2,1" || score[0] !== 0.5) throw new Error("2 / 2 and 1 / 1 of 4");
 * ```
 */
export function ithScore(labels: Categorical, graph: Graph, options: IthScoreOptions = {}): IthScoreResult {
  checkOptions("ithScore", options, {
    regions: such("a categorical", (v) => (v as Categorical | null)?.kind === "categorical"),
  });
  checkLabels("ithScore", labels, graph);
  const codes = new Int32Array(graph.nodes);
  const { regions = { kind: "categorical", codes, categories: ["all"] } } = options;
  checkLabels("ithScore", regions, graph);
  const k = labels.categories.length;
  const r = regions.categories.length;
  const kind = Int32Array.from(labels.codes, (c, i) =>
    c < 0 || regions.codes[i] < 0 ? -1 : regions.codes[i] * k + c,
  );
  const within = keepEntries(graph, (i, e) => kind[i] === kind[graph.indices[e]]);
  const { component, sizes } = connectedComponents(within);
  const seen = new Uint8Array(sizes.length);
  const patches = new Int32Array(r * k);
  const largest = new Int32Array(r * k);
  const cells = new Float64Array(r);
  kind.forEach((g, i) => {
    if (g < 0) return;
    cells[Math.floor(g / k)]++;
    if (seen[component[i]] === 1) return;
    seen[component[i]] = 1;
    patches[g]++;
    largest[g] = Math.max(largest[g], sizes[component[i]]);
  });
  const score = cells.map((n, g) => {
    let sum = 0;
    for (let c = g * k; c < (g + 1) * k; c++) if (patches[c] > 0) sum += largest[c] / patches[c];
    return n > 0 ? 1 - sum / n : NaN;
  });
  return { categories: labels.categories, regions: regions.categories, score, patches, largest };
}
