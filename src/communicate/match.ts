import type { InteractionTable } from "./resource.ts";

/** How a table of pairs meets the genes of a sample. */
export interface InteractionMatch {
  /** Pairs in the table. */
  readonly pairs: number;
  /** Pairs with every subunit among the genes. */
  readonly complete: number;
  /** indices into the table's pairs, ascending; length `complete` */
  readonly present: Uint32Array;
  /** Subunits that are not among the genes, by how many pairs lack them, then by name. */
  readonly missing: readonly { readonly gene: string; readonly pairs: number }[];
  /** Why hardly anything matches, if the names show it: ids instead of symbols, or symbols of the other species. */
  readonly likelyCause: string | null;
}

/**
 * Which pairs of a table can be tested on a sample, and why others cannot. Names must agree exactly, capitals included,
 * since capitals tell human symbols (TGFB1) from mouse symbols (Tgfb1).
 *
 * @param table pairs from `interactionTable` or `parseInteractions`
 * @param genes the sample's p gene symbols
 * @returns counts, the pairs that are present, the missing subunits and, if one shows, the likely cause.
 *   Cost: O(p + pairs)
 *
 * @example
 * ```ts
 * import { interactionTable, matchInteractions } from "tissular/communicate";
 * const match = matchInteractions(interactionTable("human"), ["Tgfb1", "Tgfbr1", "Tgfbr2"]);
 * if (match.complete !== 0 || !match.likelyCause?.includes("mouse")) throw new Error("mouse names, human table");
 * ```
 */
export function matchInteractions(table: InteractionTable, genes: readonly string[]): InteractionMatch {
  const known = new Set(genes);
  const lacking = new Map<string, number>();
  const present: number[] = [];
  const symbols = new Set<string>();
  table.pairs.forEach((pair, index) => {
    let complete = true;
    for (const gene of new Set([...pair.ligand, ...pair.receptor])) {
      symbols.add(gene);
      if (known.has(gene)) continue;
      complete = false;
      lacking.set(gene, (lacking.get(gene) ?? 0) + 1);
    }
    if (complete) present.push(index);
  });
  const missing = [...lacking].map(([gene, pairs]) => ({ gene, pairs }));
  missing.sort((a, b) => b.pairs - a.pairs || (a.gene < b.gene ? -1 : 1));
  return {
    pairs: table.pairs.length,
    complete: present.length,
    present: Uint32Array.from(present),
    missing,
    likelyCause: likelyCause(table, symbols, lacking, genes),
  };
}

function likelyCause(
  table: InteractionTable,
  symbols: ReadonlySet<string>,
  lacking: ReadonlyMap<string, number>,
  genes: readonly string[],
): string | null {
  const idNames = genes.filter((gene) => /^ENS[A-Z]*G\d{6,}/.test(gene));
  if (idNames.length * 2 > genes.length) {
    return `The genes are named by Ensembl ids (${idNames[0]}), the pairs by symbols (${[...symbols][0]}): name the genes by symbol.`;
  }
  const folded = new Map(genes.map((gene) => [gene.toUpperCase(), gene]));
  const onlyByCase = [...lacking.keys()].filter((gene) => folded.has(gene.toUpperCase()));
  const exact = symbols.size - lacking.size;
  if (onlyByCase.length <= exact) return null;
  const wanted = onlyByCase[0];
  const found = folded.get(wanted.toUpperCase())!;
  const instead = `${onlyByCase.length} symbols agree but for their capitals (${found} in the sample, ${wanted} in the table)`;
  if (isHumanStyle(wanted) && !isHumanStyle(found)) {
    return `${instead}: the sample has mouse symbols, the table human ones. Use the mouse table${table.species === null ? " or mouse symbols in your pairs" : ""}.`;
  }
  if (!isHumanStyle(wanted) && isHumanStyle(found)) {
    return `${instead}: the sample has human symbols, the table mouse ones. Use the human table${table.species === null ? " or human symbols in your pairs" : ""}.`;
  }
  return `${instead}.`;
}

/** Human symbols are capitals throughout (but C1orf52), mouse symbols only begin with one. */
function isHumanStyle(symbol: string): boolean {
  return symbol === symbol.toUpperCase();
}
