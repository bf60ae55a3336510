import { complexName, type Interaction } from "./resource.ts";

/** The ligands and receptors of some pairs, each once, and the genes they are made of, each once. */
export interface Complexes {
  /** subunits joined by "+", in order of first appearance; length c */
  readonly names: readonly string[];
  /** length c + 1; complex i owns parts start[i] to start[i + 1] */
  readonly start: Uint32Array;
  /** position of each subunit in `genes` */
  readonly parts: Uint32Array;
  /** columns of the expression matrix, in order of first appearance; length g */
  readonly genes: Uint32Array;
  /** complex of each pair's ligand and receptor; length of the pairs */
  readonly ligand: Uint32Array;
  readonly receptor: Uint32Array;
}

/** Lists the complexes of pairs whose subunits all have a column. */
export function listComplexes(
  pairs: readonly Interaction[],
  columnOf: ReadonlyMap<string, number>,
): Complexes {
  const names: string[] = [];
  const start = [0];
  const parts: number[] = [];
  const genes: number[] = [];
  const geneAt = new Map<string, number>();
  const complexAt = new Map<string, number>();
  const add = (subunits: readonly string[]): number => {
    const name = complexName(subunits);
    const known = complexAt.get(name);
    if (known !== undefined) return known;
    for (const gene of subunits) {
      if (!geneAt.has(gene)) {
        geneAt.set(gene, genes.length);
        genes.push(columnOf.get(gene)!);
      }
      parts.push(geneAt.get(gene)!);
    }
    start.push(parts.length);
    complexAt.set(name, names.length);
    return names.push(name) - 1;
  };
  const ligand = Uint32Array.from(pairs, (pair) => add(pair.ligand));
  const receptor = Uint32Array.from(pairs, (pair) => add(pair.receptor));
  return {
    names,
    start: Uint32Array.from(start),
    parts: Uint32Array.from(parts),
    genes: Uint32Array.from(genes),
    ligand,
    receptor,
  };
}

/**
 * A complex has as much as its scarcest subunit: `out[i * k + c]` is the least of `values[gene * k + c]` over its parts.
 */
export function leastSubunit(complexes: Complexes, values: Float64Array, k: number, out: Float64Array): void {
  const { start, parts } = complexes;
  for (let i = 0; i + 1 < start.length; i++) {
    const to = i * k;
    const from = parts[start[i]] * k;
    for (let c = 0; c < k; c++) out[to + c] = values[from + c];
    for (let part = start[i] + 1; part < start[i + 1]; part++) {
      const other = parts[part] * k;
      for (let c = 0; c < k; c++) if (values[other + c] < out[to + c]) out[to + c] = values[other + c];
    }
  }
}
