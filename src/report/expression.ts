import {
  type Dense,
  type Expression,
  geneNames,
  type Sparse,
  transpose,
  type Values,
} from "../model/index.ts";
import type { Analysis } from "../pipeline/index.ts";
import { startingMatrix } from "../pipeline/defaults.ts";

/** One gene over all observations: its stored values, and their rows where only some are stored. */
export interface GeneValues {
  readonly rows: Uint32Array | null;
  readonly data: Float32Array;
}

/** The expression that the analysis compared, gene by gene. */
export interface GeneReader {
  readonly values: Values;
  readonly stored: (gene: number) => number;
  readonly read: (gene: number) => GeneValues;
}

/** The matrix that clusters and tests were made on: log values where there are any. */
export function comparedMatrix(analysis: Analysis): Expression<Sparse> | Expression<Dense> {
  return analysis.dataset.layers["log"] ?? startingMatrix(analysis.dataset);
}

export function geneReader(x: Expression<Sparse> | Expression<Dense>): GeneReader {
  if (x.kind === "dense") {
    const read = (gene: number): GeneValues => {
      const data = new Float32Array(x.rows);
      for (let i = 0; i < x.rows; i++) data[i] = x.data[i * x.cols + gene];
      return { rows: null, data };
    };
    return { values: x.values, stored: () => x.rows, read };
  }
  const byGene = transpose(x);
  const read = (gene: number): GeneValues => {
    const [from, to] = [byGene.indptr[gene], byGene.indptr[gene + 1]];
    return { rows: byGene.indices.subarray(from, to), data: byGene.data.subarray(from, to) };
  };
  return { values: x.values, stored: (gene) => byGene.indptr[gene + 1] - byGene.indptr[gene], read };
}

/** Symbols for people: where a symbol stands twice, its id follows in parentheses. */
export function geneLabels(analysis: Analysis): readonly string[] {
  const { genes } = analysis.dataset;
  const names = geneNames(genes);
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return names.map((name, j) => (times.get(name) === 1 ? name : `${name} (${genes.ids.at(j)})`));
}

/** What the values are, in words. */
export function valueWords(values: Values): string {
  return {
    counts: "counts",
    normalized: "normalized counts",
    log: "log1p of normalized counts",
    scaled: "scaled values",
  }[values];
}
