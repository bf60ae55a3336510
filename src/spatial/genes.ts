import { SpatialError } from "../core/errors.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";

/** The columns of an expression matrix, one after the other. */
export interface Genes {
  readonly rows: number;
  readonly cols: number;
  /**
   * Gives each gene's values in turn: `values[t]` of row `rows[start + t]` for t < count, all other rows 0. A gene that is
   * stored in every row is given less its first value, `shift`: that moves no statistic of differences, and
   * makes a constant gene exactly 0.
   */
  each(
    from: number,
    to: number,
    visit: (
      gene: number,
      rows: Uint32Array,
      start: number,
      values: Float64Array,
      count: number,
      shift: number,
    ) => void,
  ): void;
  /** Genes that are about `work` visits of an edge or value, with `pairs` edges in the graph. */
  block(pairs: number, work?: number): number;
}

/** Columns of x, which must be over the nodes of the graphs. */
export async function genesOver(
  verb: string,
  x: Expression<Sparse> | Expression<Dense>,
  graphs: readonly Graph[],
  run: RunOptions,
): Promise<Genes> {
  for (const graph of graphs) checkNodes(verb, x.rows, graph);
  return genesOf(x, run);
}

/** Columns of x; a sparse one is turned by gene first, in slices. */
export async function genesOf(x: Expression<Sparse> | Expression<Dense>, run: RunOptions): Promise<Genes> {
  const n = x.rows;
  const values = new Float64Array(n);
  const byGene = x.kind === "sparse" ? await geneMajor(x, run) : null;
  const all = Uint32Array.from({ length: n }, (_, i) => i);
  const each: Genes["each"] = (from, to, visit) => {
    for (let gene = from; gene < to; gene++) {
      let rows: Uint32Array = all;
      let [start, count] = [0, n];
      if (byGene) {
        rows = byGene.indices;
        start = byGene.indptr[gene];
        count = byGene.indptr[gene + 1] - start;
        for (let t = 0; t < count; t++) values[t] = byGene.data[start + t];
      } else {
        for (let i = 0; i < n; i++) values[i] = (x as Dense).data[i * x.cols + gene];
      }
      const shift = count === n && n > 0 && values[0] - values[0] === 0 ? values[0] : 0;
      for (let t = 0; shift !== 0 && t < n; t++) values[t] -= shift;
      visit(gene, rows, start, values, count, shift);
    }
  };
  const stored = x.kind === "sparse" ? x.indices.length : n * x.cols;
  const block = (pairs: number, work = 4e6): number => {
    const perGene = (stored / x.cols) * (4 + pairs / n) + n / 8;
    return perGene > 0 ? Math.max(1, Math.floor(work / perGene)) : 1;
  };
  return { rows: n, cols: x.cols, each, block };
}

/** Refuses data that are not over the nodes of the graph. */
export function checkNodes(verb: string, rows: number, graph: Graph): void {
  if (rows === graph.nodes) return;
  throw new SpatialError(
    "input",
    `${verb} needs one row of x per node of the graph, found ${rows} rows and ${graph.nodes} nodes.`,
    { subject: "graph", hint: "Build the graph on the same observations as x." },
  );
}

/** Refuses pairs that are not two columns of x each. */
export function checkPairs(
  verb: string,
  pairs: readonly (readonly [number, number])[],
  x: Dense | Sparse,
): void {
  const wrong = pairs.findIndex((pair) => !pair.every((j) => Number.isInteger(j) && j >= 0 && j < x.cols));
  if (wrong < 0) return;
  throw new SpatialError(
    "input",
    `${verb} needs pairs of two columns of x (0 to ${x.cols - 1}), found ${pairs[wrong].join(" and ")} as pair ${wrong}.`,
    { subject: "pairs" },
  );
}

/** The transpose of x (genes are rows), made in slices. */
async function geneMajor(x: Sparse, run: RunOptions): Promise<Sparse> {
  const indptr = new Uint32Array(x.cols + 1);
  const indices = new Uint32Array(x.indices.length);
  const data = new Float32Array(x.indices.length);
  const block = Math.max(1, Math.floor(2e6 / (1 + x.indices.length / x.rows)));
  await forEachBlock(
    "counting values by gene",
    x.rows,
    block,
    (from, to) => {
      for (let e = x.indptr[from]; e < x.indptr[to]; e++) indptr[x.indices[e] + 1]++;
    },
    run,
  );
  for (let j = 0; j < x.cols; j++) indptr[j + 1] += indptr[j];
  const next = indptr.slice(0, x.cols);
  await forEachBlock(
    "sorting values by gene",
    x.rows,
    block,
    (from, to) => {
      for (let i = from; i < to; i++) {
        for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) {
          const at = next[x.indices[e]]++;
          indices[at] = i;
          data[at] = x.data[e];
        }
      }
    },
    run,
  );
  return { kind: "sparse", rows: x.cols, cols: x.rows, indptr, indices, data };
}
