import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { delaunayGraph } from "../../src/graph/index.ts";
import { readSample } from "../../src/io/index.ts";
import {
  type Expression,
  geneNames,
  type Graph,
  type Positions,
  selectCells,
  selectColumns,
  type Sparse,
} from "../../src/model/index.ts";
import { filterCells, filterGenes, log1p, normalizeTotal } from "../../src/preprocess/index.ts";
import {
  binSpect,
  geary,
  moran,
  nnSvg,
  rankSpatialGenes,
  sparkX,
  spatialDe,
} from "../../src/spatial/index.ts";
import { realData } from "../support/shared.ts";

interface Section {
  readonly x: Expression<Sparse>;
  readonly names: readonly string[];
  readonly graph: Graph;
  readonly positions: Positions;
}

/** Scores that are higher for genes with more of a pattern, NaN last. */
const methods: Record<string, (section: Section) => Promise<Float64Array>> = {
  moran: async ({ x, graph }) => (await moran(x, graph)).z,
  geary: async ({ x, graph }) => (await geary(x, graph)).z.map((z) => -z),
  sparkX: async ({ x, positions }) => (await sparkX(x, positions)).logP.map((p) => -p),
  nnSvg: async ({ x, positions }) => (await nnSvg(x, positions, { draws: 100 })).statistic,
  spatialDe: async ({ x, positions }) => (await spatialDe(x, positions, { draws: 100 })).statistic,
  binSpect: async ({ x, graph }) => (await binSpect(x, graph, { split: "rank" })).z,
};

/** The part of all genes that ranks above each of some. */
function places(score: Float64Array, { names }: Section, genes: readonly string[]): number[] {
  return genes.map((gene) => {
    const own = score[names.indexOf(gene)];
    if (!(own > -Infinity)) throw new Error(`${gene} has no score`);
    return score.reduce((above, s) => above + Number(s > own), 0) / score.length;
  });
}

async function read(path: string): Promise<Section & { readonly blanks: Section | null }> {
  const { dataset: whole } = await readSample(join(realData!, "st", path));
  const all = geneNames(whole.genes);
  const raw = whole.counts as Expression<Sparse> | null;
  const dataset = raw ? selectCells(whole, filterCells(raw, { minCounts: 500 })) : whole;
  const counts = dataset.counts as Expression<Sparse> | null;
  const positions = dataset.positions!;
  const { graph } = delaunayGraph(positions);
  const blank = dataset.features["Blank"];
  const blanks = blank ? { x: blank.values, names: geneNames(blank.table), graph, positions } : null;
  if (!counts) {
    const x = log1p(dataset.layers["normalized"] as Expression<Sparse>);
    return { x, names: all, graph, positions, blanks };
  }
  const kept = filterGenes(counts, { minCells: Math.ceil(counts.rows / 10) });
  const x = log1p(normalizeTotal(selectColumns(counts, kept)));
  return { x, names: Array.from(kept, (j) => all[j]), graph, positions, blanks };
}

// The tumours are HER2-positive: the amplified region of chromosome 17, lipid synthesis that goes with it, and plasma cells, which lie in
// places of their own (Andersson et al. 2021, doi:10.1038/s41467-021-26271-2).
describe.skipIf(realData === null)("HER2-positive breast tumours (her2st)", () => {
  it.each<[string, string[], string[]]>([
    ["A1", ["ERBB2", "STARD3", "FASN", "SCD", "IGKC", "IGHG3", "MGP", "HLA-DRA"], Object.keys(methods)],
    ["B1", ["ERBB2", "GRB7", "IGKC", "FN1", "HLA-DRA"], ["moran", "geary", "sparkX", "nnSvg"]],
  ])(
    "section %s: genes of tumour and plasma cells are in the first twentieth",
    async (name, known, by) => {
      const section = await read(`st_her2st/ST-cnts/${name}.tsv.gz`);
      const results: Record<string, { score: Float64Array }> = {};
      for (const method of by) {
        const score = await methods[method](section);
        expect(Math.max(...places(score, section, known)), method).toBeLessThan(0.05);
        results[method] = { score };
      }
      const { methods: names, agreement } = rankSpatialGenes(results);
      const [k, at] = [names.length, (method: string) => names.indexOf(method)];
      expect(agreement.spearman.data[at("moran") * k + at("nnSvg")]).toBeGreaterThan(0.8);
    },
    180_000,
  );
});

// Genes of mature oligodendrocytes, which fill the white matter of the preoptic region, and Gad1 of its inhibitory nuclei, against genes
// of cells that this section lacks (one ependymal cell: Cd24a) and five blank barcodes. Moffitt et al. 2018, doi:10.1126/science.aau5324.
describe.skipIf(realData === null)("hypothalamic preoptic region (Moffitt, bregma 0.26)", () => {
  it("white matter first, absent cells and blank barcodes last", { timeout: 120_000 }, async () => {
    const section = await read("merfish_moffitt_hypothalamus");
    const { spatialDe: _, ...quick } = methods;
    for (const [method, score] of Object.entries(quick)) {
      const of = await score(section);
      const [first, ...white] = places(of, section, ["Mbp", "Ermn", "Ndrg1", "Sgk1", "Gjc3"]);
      expect(first, method).toBe(0);
      expect(Math.max(...white), method).toBeLessThan(0.07);
      expect(places(of, section, ["Gad1"])[0], method).toBeLessThan(0.2);
      expect(places(of, section, ["Cd24a"])[0], method).toBeGreaterThan(0.5);
      const noise = (await score(section.blanks!)).toSorted();
      const median = of.filter((s) => s === s).toSorted()[section.names.length >> 1];
      expect(noise[4], method).toBeLessThan(median);
    }
  });
});
