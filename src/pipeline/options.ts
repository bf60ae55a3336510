import { either, integer, literal, number, oneOf, runRules, string, such, type Rule } from "../core/check.ts";
import type { RunOptions } from "../core/progress.ts";
import type { InteractionTable } from "../communicate/index.ts";
import type { Categorical } from "../model/index.ts";
import { analysisSteps, type AnalysisStep } from "./analysis.ts";

/** What `analyze` can be asked; everything has a default. */
export interface AnalyzeOptions extends RunOptions {
  /** Drop observations with fewer counts; default 1 (only the empty ones). */
  readonly minCounts?: number;
  /** Drop observations with fewer genes; default 0. */
  readonly minGenes?: number;
  /** Drop observations with more than this percentage of mitochondrial counts; default: no cutoff. */
  readonly maxMito?: number;
  /** Drop genes found in fewer observations; default 3. */
  readonly minCells?: number;
  /** Counts per observation after normalization; default: the median total. */
  readonly targetSum?: number;
  /** Column of `cells` with the area or volume that counts are divided by instead of their total. */
  readonly normalizeBy?: string;
  /** Genes for the embedding and clusters; default 2,000 by seurat_v3, or all of a panel or subset. */
  readonly variableGenes?: number | "all";
  /** Principal components, default 50 (fewer in small samples). */
  readonly components?: number;
  /** Expression neighbors, the observation itself counted; default 15. */
  readonly neighbors?: number;
  /** Resolution of the clusters; default 1. */
  readonly resolution?: number;
  /** Number of tissue modules, default "auto". */
  readonly modules?: number | "auto";
  /** Species of the built-in interaction table; default: read from the gene names. */
  readonly species?: "human" | "mouse";
  /** Interaction pairs of your own instead of the built-in table. */
  readonly pairs?: InteractionTable;
  /** Groups to compare instead of the clusters. */
  readonly labels?: { readonly name: string; readonly values: Categorical };
  /** Permutations of the enrichment and interaction tests; default 1,000. */
  readonly permutations?: number;
  readonly skip?: readonly AnalysisStep[];
  readonly seed?: number;
}

export const analyzeRules: Readonly<Record<string, Rule>> = {
  minCounts: number(0),
  minGenes: number(0),
  maxMito: number(0, 100),
  minCells: integer(0),
  targetSum: number(1e-9),
  normalizeBy: string(),
  variableGenes: either(integer(2), literal("all")),
  components: integer(1, 1000),
  neighbors: integer(2, 1000),
  resolution: number(1e-6, 1000),
  modules: either(integer(1, 200), literal("auto")),
  species: oneOf("human", "mouse"),
  pairs: such("an interaction table", (v) => typeof v === "object" && v !== null),
  labels: such("{name, values}", (v) => typeof v === "object" && v !== null && "name" in v && "values" in v),
  permutations: integer(1, 1e6),
  skip: such(
    `a list of steps (${analysisSteps.join(", ")})`,
    (v) => Array.isArray(v) && v.every((s) => analysisSteps.includes(s as AnalysisStep)),
  ),
  seed: integer(0),
  ...runRules,
};
