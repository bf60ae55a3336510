import { describe, expect, it } from "vitest";
import { adjustedRandIndex } from "../../src/cluster/index.ts";
import { type Categorical } from "../../src/model/index.ts";
import { analyze, type Analysis } from "../../src/pipeline/index.ts";
import {
  type Difficulty,
  type Layout,
  simulateTissue,
  type SimulatedTissue,
} from "../../src/simulate/index.ts";

/** What one simulated tissue shows about the default path. */
interface Finding {
  /** agreement of tissue modules and of clusters, which know nothing of space, with the true modules */
  readonly modules: number;
  readonly clusters: number;
  /** modules found, less the true number */
  readonly surplus: number;
  /** area under the precision-recall curve of Moran's I, planted genes against null genes */
  readonly spatialGenes: number;
  /** p-values of the null pairs between any two clusters */
  readonly nullPairs: readonly number[];
  /** share of planted pairs with adjusted p below 0.05 between some two clusters */
  readonly plantedPairs: number;
}

async function study(layout: Layout, difficulty: Difficulty, seed: number): Promise<Finding> {
  const size = layout === "visium" ? { observations: 1500, genes: 800 } : {};
  const tissue = simulateTissue({ layout, difficulty, seed, ...size });
  const analysis = await analyze(
    { dataset: tissue.dataset },
    { skip: ["umap", "enrichment", "markers"], permutations: 1000, seed },
  );
  const truth = tissue.truth.cells.columns["module"] as Categorical;
  const { modules, clusters, moran } = analysis;
  if (modules === null || clusters === null || moran === null) throw new Error("a step was skipped");
  expect(analysis.dataset.cells.ids.length).toBe(tissue.dataset.cells.ids.length);
  const p = pairs(tissue, analysis);
  return {
    modules: adjustedRandIndex(modules.labels, truth),
    clusters: adjustedRandIndex(clusters.labels, truth),
    surplus: modules.modules - truth.categories.length,
    spatialGenes: averagePrecision(tissue, analysis, moran.i),
    nullPairs: p.null,
    plantedPairs: p.planted,
  };
}

/** Mean, over planted genes, of the share of planted genes among all planted and null genes that rank at least as high. */
function averagePrecision(tissue: SimulatedTissue, analysis: Analysis, score: Float64Array): number {
  const classes = tissue.truth.genes.columns["class"] as readonly string[];
  const ranked = Array.from(score.keys())
    .map((j) => ({
      score: score[j],
      class: classes[tissue.truth.genes.ids.indexOf(analysis.dataset.genes.ids.at(j))],
    }))
    .filter((g) => g.class === "planted" || g.class === "null")
    .sort((a, b) => b.score - a.score);
  let found = 0;
  let sum = 0;
  ranked.forEach((g, k) => {
    if (g.class === "planted") sum += ++found / (k + 1);
  });
  return sum / found;
}

function pairs(tissue: SimulatedTissue, analysis: Analysis): { null: number[]; planted: number } {
  const { columns } = tissue.truth.pairs;
  const kinds = columns["class"] as readonly string[];
  const kindOf = new Map(
    kinds.map((kind, k) => [
      `${(columns["ligand"] as readonly string[])[k]} ${(columns["receptor"] as readonly string[])[k]}`,
      kind,
    ]),
  );
  const rows = analysis.interactions;
  if (rows === null) throw new Error("interactions were skipped");
  const name = (k: number): string =>
    `${rows.ligand.categories[rows.ligand.codes[k]]} ${rows.receptor.categories[rows.receptor.codes[k]]}`;
  const all = Array.from(rows.p.keys());
  const planted = new Set(
    all.filter((k) => kindOf.get(name(k)) === "planted" && rows.pAdjusted[k] < 0.05).map(name),
  );
  return {
    null: all.filter((k) => kindOf.get(name(k)) === "null").map((k) => rows.p[k]),
    planted: planted.size / kinds.filter((kind) => kind === "planted").length,
  };
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

async function tissues(layout: Layout, difficulty: Difficulty, seeds: number): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (let seed = 0; seed < seeds; seed++) findings.push(await study(layout, difficulty, seed));
  const line = (name: string, pick: (f: Finding) => number): string =>
    `${name} ${median(findings.map(pick)).toFixed(3)} [${findings.map((f) => pick(f).toFixed(2)).join(" ")}]`;
  console.info(
    [
      `${layout}, ${difficulty}:`,
      line("modules", (f) => f.modules),
      line("clusters", (f) => f.clusters),
      `surplus ${findings.map((f) => f.surplus).join(" ")}`,
      line("spatial genes", (f) => f.spatialGenes),
      line("planted pairs", (f) => f.plantedPairs),
      `null pairs ${nullRate(findings).toFixed(4)} of ${findings.flatMap((f) => f.nullPairs).length}`,
    ].join("\n  "),
  );
  return findings;
}

/** Share of null pairs with p below 0.05 over all tissues. */
function nullRate(findings: readonly Finding[]): number {
  const p = findings.flatMap((f) => f.nullPairs);
  return p.filter((v) => v < 0.05).length / p.length;
}

const agreement = (f: Finding): number => f.modules;
const MINUTES = 60_000;

describe("the default path agrees with simulated truth", () => {
  it(
    "easy: modules at least 0.9, their number within 1",
    async () => {
      const findings = await tissues("visium", "easy", 10);
      expect(median(findings.map(agreement))).toBeGreaterThanOrEqual(0.9);
      expect(Math.max(...findings.map((f) => Math.abs(f.surplus)))).toBeLessThanOrEqual(1);
      common(findings);
    },
    5 * MINUTES,
  );

  it(
    "medium: modules at least 0.7 and 0.15 above clusters, which do not suffice; their number within 1",
    async () => {
      const findings = await tissues("visium", "medium", 10);
      const clusters = median(findings.map((f) => f.clusters));
      expect(median(findings.map(agreement))).toBeGreaterThanOrEqual(0.7);
      expect(clusters).toBeLessThanOrEqual(0.65);
      expect(median(findings.map(agreement)) - clusters).toBeGreaterThanOrEqual(0.15);
      expect(Math.max(...findings.map((f) => Math.abs(f.surplus)))).toBeLessThanOrEqual(1);
      common(findings);
    },
    5 * MINUTES,
  );

  it(
    "hard: spatial genes and pairs hold",
    async () => common(await tissues("visium", "hard", 10)),
    5 * MINUTES,
  );

  it(
    "free cells: modules at least 0.9 in easy, 0.7 in medium",
    async () => {
      const easy = await tissues("cells", "easy", 2);
      expect(median(easy.map(agreement))).toBeGreaterThanOrEqual(0.9);
      common(easy);
      const medium = await tissues("cells", "medium", 3);
      expect(median(medium.map(agreement))).toBeGreaterThanOrEqual(0.7);
      common(medium);
    },
    5 * MINUTES,
  );
});

/** Holds at every difficulty. */
function common(findings: readonly Finding[]): void {
  expect(median(findings.map((f) => f.spatialGenes))).toBeGreaterThanOrEqual(0.95);
  expect(nullRate(findings)).toBeGreaterThanOrEqual(0.03);
  expect(nullRate(findings)).toBeLessThanOrEqual(0.07);
  expect(median(findings.map((f) => f.plantedPairs))).toBeGreaterThanOrEqual(0.9);
}
