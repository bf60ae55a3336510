import { boolean, checkOptions } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { groupEdges } from "../kernels/edges.ts";
import type { Categorical, Dense, Graph } from "../model/index.ts";
import { checkLabels } from "./entries.ts";

export interface InteractionMatrixOptions {
  /** Divide each row by its sum: the share of a category's edges that lead to each other one. Default false. */
  readonly normalized?: boolean;
}

/**
 * How often does each category touch each other one? Counts the graph's entries i -> j by the categories of i (row) and j (column).
 *
 * In an undirected graph an edge between two categories counts once in both cells, an edge within one counts twice.
 * Observations without a label (-1) are left out with their edges.
 *
 * @param labels k categories over n observations
 * @param graph over the same n observations
 * @returns k x k; with `normalized`, a category without edges has NaN shares
 * @throws {SpatialError} `input` where labels and graph differ in n; `option`
 *
 * Cost: one pass over the edges. Checked against squidpy 1.8.3 `interaction_matrix`, exactly.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { categories } from "tissular/model";
 * import { interactionMatrix } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(4), Int32Array.of(0, 1, 2, 3)); // a - a - a - b
 * const counts = interactionMatrix(categories(["a", "a", "a", "b"]), graph);
 * if (counts.data.join() !== "4,1,1,0") throw new Error("two edges within a, one between");
 * ```
 */
export function interactionMatrix(
  labels: Categorical,
  graph: Graph,
  options: InteractionMatrixOptions = {},
): Dense {
  checkOptions("interactionMatrix", options, { normalized: boolean() });
  checkLabels("interactionMatrix", labels, graph);
  const k = labels.categories.length;
  const counts = groupEdges(graph, labels.codes, k);
  for (let a = 0; options.normalized === true && a < k; a++) {
    const row = counts.subarray(a * k, (a + 1) * k);
    const sum = row.reduce((s, c) => s + c, 0);
    row.forEach((c, b) => (row[b] = c / sum));
  }
  return { kind: "dense", rows: k, cols: k, data: counts };
}

export interface NeighborhoodCompositionOptions {
  /** Count the observation among its neighbors, with weight 1. Default false. */
  readonly includeSelf?: boolean;
  /** Neighbors count by the weights of the graph instead of equally. Default false. */
  readonly weighted?: boolean;
}

/**
 * What surrounds each observation? The share of each category among its neighbors; of proportions (deconvolved spots), the
 * neighbors' mean.
 *
 * Neighbors without a label (-1) do not count. Clustering the rows gives cellular neighborhoods (niches).
 *
 * @param composition k categories over n observations, or n x k numbers (proportions, abundances)
 * @param graph over the same n observations; row i's neighbors are what i points to
 * @returns n x k; of labels, rows add up to 1. An observation without (labelled) neighbors has a row of zeros.
 * @throws {SpatialError} `input` where the graph has another n, numbers are not finite, or with `weighted` weights are negative; `option`
 *
 * Cost: O(edges) for labels, O(edges * k) for numbers; the result takes 4 n k bytes. Checked against brute force.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { categories } from "tissular/model";
 * import { neighborhoodComposition } from "tissular/spatial";
 * const graph = gridGraph(new Int32Array(3), Int32Array.of(0, 1, 2)); // a - b - b
 * const around = neighborhoodComposition(categories(["a", "b", "b"]), graph);
 * if (around.data.join() !== "0,1,0.5,0.5,0,1") throw new Error("the middle one has one a and one b");
 * ```
 */
export function neighborhoodComposition(
  composition: Categorical | Dense,
  graph: Graph,
  options: NeighborhoodCompositionOptions = {},
): Dense {
  checkOptions("neighborhoodComposition", options, { includeSelf: boolean(), weighted: boolean() });
  const { includeSelf = false, weighted = false } = options;
  const add = composition.kind === "dense" ? numbersOf(composition, graph) : labelsOf(composition, graph);
  const k = composition.kind === "dense" ? composition.cols : composition.categories.length;
  const { nodes: n, indptr, indices, weights } = graph;
  if (weighted && weights.some((w) => !(w >= 0))) {
    throw new SpatialError("input", "neighborhoodComposition needs weights >= 0.", { subject: "graph" });
  }
  const data = new Float32Array(n * k);
  const row = new Float64Array(k);
  for (let i = 0; i < n; i++) {
    row.fill(0);
    let total = includeSelf ? add(row, i, 1) : 0;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) total += add(row, indices[e], weighted ? weights[e] : 1);
    for (let b = 0; total > 0 && b < k; b++) data[i * k + b] = row[b] / total;
  }
  return { kind: "dense", rows: n, cols: k, data };
}

/** Adds what observation j is, times w, to a row; returns the weight that was added. */
type Adding = (row: Float64Array, j: number, w: number) => number;

function labelsOf(labels: Categorical, graph: Graph): Adding {
  checkLabels("neighborhoodComposition", labels, graph);
  const { codes } = labels;
  return (row, j, w) => {
    if (codes[j] < 0) return 0;
    row[codes[j]] += w;
    return w;
  };
}

function numbersOf(numbers: Dense, graph: Graph): Adding {
  checkAbundances("neighborhoodComposition", numbers, graph);
  const { cols: k, data } = numbers;
  return (row, j, w) => {
    for (let b = 0; b < k; b++) row[b] += w * data[j * k + b];
    return w;
  };
}

/** Refuses abundances of another number of rows than the graph's nodes, or that are not finite. */
export function checkAbundances(verb: string, { rows, cols, data }: Dense, graph: Graph): void {
  if (rows !== graph.nodes) {
    throw new SpatialError(
      "input",
      `${verb} needs one row of abundances per node of the graph, found ${rows} rows and ${graph.nodes} nodes.`,
      { subject: "abundances", hint: "Build the graph on the same observations as the abundances." },
    );
  }
  const strange = data.findIndex((v) => !Number.isFinite(v));
  if (strange >= 0) {
    throw new SpatialError(
      "input",
      `${verb} needs finite abundances, found ${data[strange]} in row ${Math.floor(strange / cols)}.`,
      {
        subject: "abundances",
        hint: "Select the observations that have abundances, and build the graph on them.",
      },
    );
  }
}
