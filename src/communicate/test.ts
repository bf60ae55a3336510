import { checkOptions, integer, number, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import { groupEdges } from "../kernels/edges.ts";
import { log2 } from "../kernels/math.ts";
import { type Categorical, type Expression, type Graph, requireValues, type Sparse } from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import { type Complexes, leastSubunit, listComplexes } from "./complexes.ts";
import { matchInteractions } from "./match.ts";
import { clusterMeans, countReached, geneValues } from "./permuted.ts";
import type { Interaction, InteractionTable } from "./resource.ts";

export interface TestInteractionsOptions extends RunOptions {
  /** A spatial graph over the same cells: adds how often sender and receiver lie side by side. */
  readonly graph?: Graph;
  /** Random labelings, default 1,000; the smallest possible p is 1 / (permutations + 1). */
  readonly permutations?: number;
  /** Share of the sender's (receiver's) cells that must express the ligand (receptor), default 0.1. */
  readonly minFraction?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** The tested rows (length m): every present pair x sender x receiver that is expressed, in that order. */
export interface TestInteractionsResult {
  /** the table's pairs whose genes are all present, in its order; length q */
  readonly pairs: readonly Interaction[];
  /** index into `pairs` of each row; length m */
  readonly pair: Int32Array;
  /** subunits joined by "+"; length m */
  readonly ligand: Categorical;
  readonly receptor: Categorical;
  /** cluster that sends and cluster that receives; length m */
  readonly sender: Categorical;
  readonly receiver: Categorical;
  /** (ligandMean + receptorMean) / 2; length m */
  readonly score: Float64Array;
  /** mean of the ligand in the sender, of the receptor in the receiver (least subunit); length m */
  readonly ligandMean: Float64Array;
  readonly receptorMean: Float64Array;
  /** share of expressing cells (least subunit); length m */
  readonly ligandFraction: Float64Array;
  readonly receptorFraction: Float64Array;
  /** permutation p and its Benjamini-Hochberg adjustment over the m rows; length m */
  readonly p: Float64Array;
  readonly pAdjusted: Float64Array;
  /** spatial edges between sender and receiver, NaN without a graph; length m */
  readonly edges: Float64Array;
  /** log2 of (edges + 1) / (expected edges + 1), NaN without a graph; length m */
  readonly edgeEnrichment: Float64Array;
  readonly params: {
    readonly permutations: number;
    readonly minFraction: number;
    readonly seed: number;
    readonly table: string;
    readonly graph: boolean;
  };
}

/** About 5 GB of results. */
const MOST_ROWS = 5e7;

const rules = {
  graph: such("a graph", (v) => (v as Graph | null)?.kind === "graph"),
  permutations: integer(1, 1e6),
  minFraction: number(0, 1),
  seed: integer(0),
  ...runRules,
};

/**
 * Which ligand-receptor pairs are expressed together by which clusters more than chance would have it?
 *
 * Each pair is tested from each sending to each receiving cluster (a cluster may signal to itself). The score is the
 * mean of two means, L of the ligand over the sender's cells and R of the receptor over the receiver's: (L + R) / 2. A
 * complex has the least of its subunits' means. Then the labels are shuffled over the cells B times, everything is
 * recomputed, least subunits included, and p = (1 + #{null >= observed}) / (1 + B). A row is tested only where at least
 * `minFraction` of the cells on both sides express it (for a complex its least expressed subunit); `pAdjusted`
 * (Benjamini-Hochberg) is over the tested rows. With a single cluster every shuffle is the observation and p is 1.
 *
 * The test says that a pair is specific to two clusters, not that they signal: protein, contact and response are not
 * measured. Given a spatial graph, `edges` counts the neighboring cells of the two clusters (in a directed graph the
 * edges from sender to receiver) and `edgeEnrichment` compares them with the number expected if labels were placed at
 * random; 1 is added to both, so that clusters that never touch have a finite value.
 *
 * @param x n cells x p genes, log values (normalized ones are accepted)
 * @param labels cluster of each cell; cells without one (-1) are left out
 * @param genes p gene symbols; of a symbol that stands twice the first column counts
 * @param table pairs from `interactionTable` or `parseInteractions`
 * @returns the m tested rows by pair, sender, receiver; m may be 0 where pairs are present but not expressed
 * @throws {SpatialError} `values` for counts and scaled values; `input` when sizes disagree, no cell has a label, a
 *   value is not finite, or no pair has all its genes (the message says why, e.g. mouse symbols with the human table);
 *   `memory` above 50 million rows; `option`; `aborted`
 *
 * Cost: B times the stored values of the pairs' genes. Checked against squidpy 1.8.3 `gr.ligrec` and liana 1.10.0
 * `cellphonedb` (means exact, p within 0.03). Method: CellPhoneDB, doi:10.1038/s41596-020-0292-x; p with the 1 added:
 * doi:10.2202/1544-6115.1585.
 *
 * @example
 * ```ts
 * import { parseInteractions, testInteractions } from "tissular/communicate";
 * import { categories, dense, expression, toSparse } from "tissular/model";
 * // Four cells of each of two types: "a" makes L, "b" makes its receptor R.
 * const values = Float32Array.from([2, 0, 2, 0, 2, 0, 2, 0, 0, 3, 0, 3, 0, 3, 0, 3]);
 * const x = expression(toSparse(dense(8, 2, values)), "log");
 * const labels = categories(["a", "a", "a", "a", "b", "b", "b", "b"]);
 * const table = parseInteractions("ligand,receptor\nL,R\n", "mine.csv");
 * const result = await testInteractions(x, labels, ["L", "R"], table);
 * if (result.score.length !== 1 || result.score[0] !== 2.5) throw new Error("only a to b, (2 + 3) / 2");
 * if (result.p[0] > 0.05) throw new Error("2 of 70 labelings do as well");
 * ```
 */
export async function testInteractions(
  x: Expression<Sparse>,
  labels: Categorical,
  genes: readonly string[],
  table: InteractionTable,
  options: TestInteractionsOptions = {},
): Promise<TestInteractionsResult> {
  checkOptions("testInteractions", options, rules);
  const { graph, permutations = 1000, minFraction = 0.1, seed = 0 } = options;
  requireValues("testInteractions", x, "log", "normalized");
  checkSizes(x, labels, genes, graph);
  checkAborted(options.signal);

  const match = matchInteractions(table, genes);
  if (match.complete === 0) {
    throw new SpatialError(
      "input",
      `testInteractions: none of the ${match.pairs} pairs has all its genes among the ${genes.length} gene names.`,
      {
        subject: "genes",
        hint: match.likelyCause ?? "Compare the symbols of the pairs with the gene names, capitals included.",
      },
    );
  }
  const pairs = Array.from(match.present, (index) => table.pairs[index]);
  const columnOf = new Map<string, number>();
  genes.forEach((gene, column) => columnOf.has(gene) || columnOf.set(gene, column));
  const complexes = listComplexes(pairs, columnOf);

  const { cells, codes, sizes } = labeled(labels);
  const k = sizes.length;
  const values = geneValues(x, complexes.genes, cells);
  if (!values.values.every((value) => Number.isFinite(value))) {
    throw new SpatialError("input", "testInteractions: every value must be finite.", { subject: "x" });
  }
  const observed = clusterMeans(values, codes, sizes);
  const means = new Float64Array(complexes.names.length * k);
  const fractions = new Float64Array(complexes.names.length * k);
  leastSubunit(complexes, observed.means, k, means);
  leastSubunit(complexes, observed.fractions, k, fractions);

  const rows = expressedRows(complexes, fractions, k, minFraction);
  const m = rows.pair.length;
  const sums = Float64Array.from(rows.ligand, (at, r) => means[at] + means[rows.receptor[r]]);
  const reached = await countReached(
    values,
    complexes,
    codes,
    sizes,
    { ...rows, observed: sums },
    permutations,
    seed,
    options,
  );
  const p = Float64Array.from(reached, (count) => (1 + count) / (1 + permutations));
  const contact = contacts(graph, labels.codes, sizes);

  const column = (of: (r: number) => number): Float64Array =>
    Float64Array.from({ length: m }, (_, r) => of(r));
  const coded = (categories: readonly string[], of: (r: number) => number): Categorical => ({
    kind: "categorical",
    codes: Int32Array.from({ length: m }, (_, r) => of(r)),
    categories,
  });
  const between = (r: number): number => (rows.ligand[r] % k) * k + (rows.receptor[r] % k);
  return {
    pairs,
    pair: rows.pair,
    ligand: coded(complexes.names, (r) => Math.floor(rows.ligand[r] / k)),
    receptor: coded(complexes.names, (r) => Math.floor(rows.receptor[r] / k)),
    sender: coded(labels.categories, (r) => rows.ligand[r] % k),
    receiver: coded(labels.categories, (r) => rows.receptor[r] % k),
    score: column((r) => sums[r] / 2),
    ligandMean: column((r) => means[rows.ligand[r]]),
    receptorMean: column((r) => means[rows.receptor[r]]),
    ligandFraction: column((r) => fractions[rows.ligand[r]]),
    receptorFraction: column((r) => fractions[rows.receptor[r]]),
    p,
    pAdjusted: adjustPValues(p),
    edges: column((r) => contact.edges[between(r)]),
    edgeEnrichment: column((r) => contact.enrichment[between(r)]),
    params: { permutations, minFraction, seed, table: table.version, graph: graph !== undefined },
  };
}

function checkSizes(
  x: Expression<Sparse>,
  labels: Categorical,
  genes: readonly string[],
  graph: Graph | undefined,
): void {
  const fail = (subject: string, message: string): never => {
    throw new SpatialError("input", `testInteractions: ${message}.`, { subject });
  };
  if (labels.codes.length !== x.rows) {
    fail("labels", `there must be one label per cell, found ${labels.codes.length} for ${x.rows} cells`);
  }
  if (genes.length !== x.cols) {
    fail("genes", `there must be one name per gene, found ${genes.length} for ${x.cols} columns`);
  }
  if (graph !== undefined && graph.nodes !== x.rows) {
    fail("graph", `the graph must have one node per cell, found ${graph.nodes} for ${x.rows} cells`);
  }
  if (labels.codes.every((code) => code < 0)) fail("labels", "no cell has a label");
}

/** The cells that have a label, their labels, and how many each cluster has. */
function labeled(labels: Categorical): { cells: Uint32Array; codes: Int32Array; sizes: Float64Array } {
  const cells = Uint32Array.from(labels.codes.keys()).filter((cell) => labels.codes[cell] >= 0);
  const codes = Int32Array.from(cells, (cell) => labels.codes[cell]);
  const sizes = new Float64Array(labels.categories.length);
  for (const code of codes) sizes[code]++;
  return { cells, codes, sizes };
}

/** The rows to test, as places in the complex x cluster tables: enough cells of both clusters express their side. */
function expressedRows(
  complexes: Complexes,
  fractions: Float64Array,
  k: number,
  minFraction: number,
): { pair: Int32Array; ligand: Uint32Array; receptor: Uint32Array } {
  const clusters = Array.from(complexes.names, (_, complex) => {
    const own = Array.from({ length: k }, (_, c) => complex * k + c);
    return own.filter((at) => fractions[at] >= minFraction);
  });
  let m = 0;
  complexes.ligand.forEach(
    (ligand, pair) => (m += clusters[ligand].length * clusters[complexes.receptor[pair]].length),
  );
  if (m > MOST_ROWS) {
    throw new SpatialError(
      "memory",
      `testInteractions: ${m} rows (pairs x clusters x clusters) are too many.`,
      {
        subject: "labels",
        hint: `At most ${MOST_ROWS} rows are tested at once: use fewer clusters or fewer pairs.`,
      },
    );
  }
  const rows = { pair: new Int32Array(m), ligand: new Uint32Array(m), receptor: new Uint32Array(m) };
  let r = 0;
  complexes.ligand.forEach((ligand, pair) => {
    for (const sender of clusters[ligand]) {
      for (const receiver of clusters[complexes.receptor[pair]]) {
        rows.pair[r] = pair;
        rows.ligand[r] = sender;
        rows.receptor[r++] = receiver;
      }
    }
  });
  return rows;
}

/** Edges from each cluster to each cluster and log2((edges + 1) / (expected + 1)); NaN without a graph. */
function contacts(
  graph: Graph | undefined,
  codes: Int32Array,
  sizes: Float64Array,
): { edges: Float64Array; enrichment: Float64Array } {
  const k = sizes.length;
  const enrichment = new Float64Array(k * k).fill(NaN);
  if (graph === undefined) return { edges: enrichment, enrichment };
  const edges = groupEdges(graph, codes, k);
  let total = 0;
  let n = 0;
  for (const count of edges) total += count;
  for (const size of sizes) n += size;
  for (let a = 0; a < k; a++) {
    for (let b = 0; b < k; b++) {
      const at = a * k + b;
      const share = n < 2 ? 0 : (sizes[a] * (a === b ? sizes[b] - 1 : sizes[b])) / (n * (n - 1));
      const twice = a === b && !graph.directed ? 2 : 1; // within a cluster both ways of an edge are counted
      edges[at] /= twice;
      enrichment[at] = log2((edges[at] + 1) / ((total * share) / twice + 1));
    }
  }
  return { edges, enrichment };
}
