import { join } from "node:path";
import { readSample } from "../../src/io/index.ts";
import {
  type Expression,
  expression,
  geneNames,
  type Graph,
  type Positions,
  selectColumns,
  type Sparse,
} from "../../src/model/index.ts";
import { gridGraph } from "../../src/graph/index.ts";
import { filterGenes, log1p, normalizeTotal } from "../../src/preprocess/index.ts";
import { realData } from "./shared.ts";

export interface Cortex {
  readonly counts: Expression<Sparse>;
  /** log values per spot of the same genes */
  readonly x: Expression<Sparse>;
  readonly names: readonly string[];
  readonly positions: Positions;
  readonly graph: Graph;
}

/** Markers of layers and of white matter in Maynard et al. 2021, doi:10.1038/s41593-020-00787-0. */
export const layerGenes: readonly string[] = [
  "MOBP",
  "MBP",
  "PLP1",
  "PCP4",
  "SNAP25",
  "GFAP",
  "HPCAL1",
  "ENC1",
  "NEFL",
  "HOPX",
  "CCK",
];

/** Section 151673 of dorsolateral prefrontal cortex: genes seen in `minCells` spots, of them every `every`th and those named. */
export async function cortex(
  minCells: number,
  every: number = 1,
  named: readonly string[] = [],
): Promise<Cortex> {
  const { dataset } = await readSample(join(realData!, "st", "visium_dlpfc_151673"));
  const all = dataset.counts as Expression<Sparse>;
  const allNames = geneNames(dataset.genes);
  const genes = Uint32Array.from(filterGenes(all, { minCells })).filter(
    (j, t) => t % every === 0 || named.includes(allNames[j]),
  );
  const columns = dataset.cells.columns as Record<string, Int32Array>;
  return {
    counts: selectColumns(all, genes),
    x: expression(selectColumns(log1p(normalizeTotal(all)), genes), "log"),
    names: Array.from(genes, (j) => allNames[j]),
    positions: dataset.positions!,
    graph: gridGraph(columns["array_row"], columns["array_col"]),
  };
}
