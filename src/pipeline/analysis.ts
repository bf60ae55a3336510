import type { LeidenResult, RankGenesResult } from "../cluster/index.ts";
import type { InteractionMatch, TestInteractionsResult } from "../communicate/index.ts";
import type { NeighborGraphResult } from "../graph/index.ts";
import type { Categorical, Graph, ReadReport, SpatialDataset, Values } from "../model/index.ts";
import type { TissueModulesResult } from "../modules/index.ts";
import type { QcMetricsResult, VariableGenesResult } from "../preprocess/index.ts";
import type { PcaResult, UmapResult } from "../reduce/index.ts";
import type { MoranResult, NeighborhoodEnrichmentResult } from "../spatial/index.ts";

/** The steps of the default path that may be skipped, in order. */
export const analysisSteps = [
  "normalize",
  "variable-genes",
  "pca",
  "neighbors",
  "umap",
  "clusters",
  "spatial-graph",
  "enrichment",
  "moran",
  "modules",
  "markers",
  "interactions",
] as const;

export type AnalysisStep = (typeof analysisSteps)[number];

/** What a step did not do, or what a reader should know about it. */
export interface AnalysisNote {
  readonly step: AnalysisStep | "filter" | "labels" | "image";
  readonly kind: "skipped" | "note";
  readonly text: string;
}

/** Every parameter of `analyze` after defaults. */
export interface AnalysisParams {
  readonly values: Values;
  readonly minCounts: number;
  readonly minGenes: number;
  readonly maxMito: number | null;
  readonly minCells: number;
  readonly targetSum: number | null;
  /** column of areas or volumes that counts were divided by; null: their total */
  readonly normalizeBy: string | null;
  readonly variableGenes: number | "all";
  readonly components: number;
  readonly neighbors: number;
  readonly neighborComponents: number;
  readonly resolution: number;
  readonly modules: number | "auto";
  readonly species: "human" | "mouse";
  readonly permutations: number;
  readonly skip: readonly AnalysisStep[];
  readonly seed: number;
}

/** How the spatial neighbors were chosen, in words ("first ring of the hexagonal array"). */
export interface SpatialGraphStep {
  readonly graph: Graph;
  readonly rule: string;
}

/** How long a step took, and the memory that the process held at its end (null in a browser). */
export interface StepTiming {
  readonly step: string;
  readonly seconds: number;
  readonly megabytes: number | null;
}

/** Everything the default path found. Parts that were skipped are null and `notes` says why. */
export interface Analysis {
  readonly kind: "analysis";
  readonly title: string;
  /**
   * The observations and genes that passed the filter. `cells` carries total_counts, n_genes, pct_mito, cluster,
   * module (where they exist); `layers` holds what the steps ran on; `embeddings` pca and umap; `graphs` spatial and
   * expression; `images` a picture of the tissue where the sample has large images only.
   */
  readonly dataset: SpatialDataset;
  readonly read: ReadReport;
  /** Counts before the filter. */
  readonly before: { readonly observations: number; readonly genes: number };
  readonly params: AnalysisParams;
  readonly notes: readonly AnalysisNote[];
  readonly qc: QcMetricsResult | null;
  readonly variableGenes: VariableGenesResult | null;
  readonly pca: PcaResult | null;
  readonly neighbors: NeighborGraphResult | null;
  readonly umap: UmapResult | null;
  readonly clusters: LeidenResult | null;
  /** The groups that enrichment, markers and interactions compare: the clusters, or labels the user brought. */
  readonly groups: { readonly name: string; readonly labels: Categorical } | null;
  readonly spatial: SpatialGraphStep | null;
  readonly enrichment: NeighborhoodEnrichmentResult | null;
  readonly moran: MoranResult | null;
  readonly modules: TissueModulesResult | null;
  readonly groupMarkers: RankGenesResult | null;
  readonly moduleMarkers: RankGenesResult | null;
  readonly interactionMatch: InteractionMatch | null;
  readonly interactions: TestInteractionsResult | null;
  /** Seconds per step and resident memory after it; the only part that differs between two equal runs. */
  readonly timings: readonly StepTiming[];
}
