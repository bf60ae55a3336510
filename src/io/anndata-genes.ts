import type { FeatureSet, SpatialDataset } from "../model/dataset.ts";
import { selectColumns } from "../model/matrix.ts";
import { type Column, idList, ids, isCategorical, selectTable, type Table, table } from "../model/table.ts";
import type { Matrices } from "./anndata-matrices.ts";
import { GENES } from "./assemble.ts";
import { counted, type Draft } from "./report.ts";

const SYMBOLS = [
  "name",
  "gene_symbol",
  "gene_symbols",
  "gene_name",
  "gene_names",
  "symbol",
  "feature_name",
  "SYMBOL",
];

const GENE_IDS = ["gene_ids", "gene_id", "ensembl_id", "ensembl", "feature_id", "ENSEMBL"];

/** Ids and the column `name`: var's index holds one of them, a column perhaps the other. */
export function namedGenes(frame: Table): Table {
  const texts = (names: readonly string[]): [string, readonly string[]] | null => {
    for (const name of names) {
      const column = name in frame.columns ? textOf(frame.columns[name]) : null;
      if (column !== null) return [name, column];
    }
    return null;
  };
  const index = idList(frame.ids);
  const symbols = texts(SYMBOLS);
  if (symbols !== null) {
    const { [symbols[0]]: _, ...rest } = frame.columns;
    return table(frame.ids, { name: symbols[1].map((s, j) => s || index[j]), ...rest });
  }
  const geneIds = texts(GENE_IDS);
  if (geneIds !== null && new Set(geneIds[1]).size === index.length) {
    const { [geneIds[0]]: _, ...rest } = frame.columns;
    return table(ids(geneIds[1]), { name: index, ...rest });
  }
  return table(frame.ids, { name: index, ...frame.columns });
}

export function textOf(column: Column): readonly string[] | null {
  if (isCategorical(column)) return Array.from(column.codes, (c) => (c < 0 ? "" : column.categories[c]));
  return Array.isArray(column) ? (column as readonly string[]) : null;
}

/** What each row of var is, where it says so and some are genes and others not; else null. */
export function kindsOf(all: Table): readonly string[] | null {
  const column = all.columns["feature_types"] ?? all.columns["feature_type"];
  const kinds = column === undefined ? null : textOf(column);
  const isMixed = kinds !== null && kinds.includes(GENES) && kinds.some((kind) => kind !== GENES);
  return isMixed ? kinds : null;
}

/** Genes and features of other kinds apart, where var says what each row is. */
export function splitKinds(
  all: Table,
  matrices: Matrices,
  report: Draft,
): Pick<SpatialDataset, "genes" | "counts" | "layers" | "features"> {
  const kinds = kindsOf(all);
  if (kinds === null) return { genes: all, counts: matrices.counts, layers: matrices.layers, features: {} };
  const rowsOf = (kind: string): number[] => kinds.flatMap((k, j) => (k === kind ? [j] : []));
  const genes = rowsOf(GENES);
  const features: Record<string, FeatureSet> = {};
  for (const kind of new Set(kinds)) {
    if (kind === GENES || matrices.counts === null) continue;
    const rows = rowsOf(kind);
    features[kind] = { values: selectColumns(matrices.counts, rows), table: selectTable(all, rows) };
    report.found.push(`${counted(rows.length, "feature")} of kind "${kind}", kept apart from genes.`);
  }
  return {
    genes: selectTable(all, genes),
    counts: matrices.counts && selectColumns(matrices.counts, genes),
    layers: Object.fromEntries(Object.entries(matrices.layers).map(([k, v]) => [k, selectColumns(v, genes)])),
    features,
  };
}
