/**
 * The steps that are measured apart. `beside`: the peers; `sets`: where they are compared by default; `only`: the sets of a peer that takes
 * minutes elsewhere. `check` names the comparison of answers (support/agreement.mjs) where it is not the step's own name.
 */
const usual = ["v4k", "x50k", "m100k"];
export const steps = {
  normalize: { beside: ["scanpy"], sets: usual, what: "normalize to 10,000 and log1p" },
  "variable-genes": { beside: ["scanpy"], sets: usual, what: "variable genes, seurat_v3" },
  pca: {
    beside: ["scanpy", "scran.js", "ml-pca"],
    sets: ["t1k", ...usual],
    only: { "ml-pca": ["t500", "t1k"] },
    what: "PCA, 50 components of the variable genes",
  },
  neighbors: {
    beside: ["scanpy", "scran.js"],
    sets: usual,
    what: "15 neighbors in 30 dimensions and their graph (scran.js: neighbors only)",
  },
  umap: {
    beside: ["scanpy", "scran.js", "umap-js"],
    sets: ["v4k", "x50k"],
    only: { "umap-js": ["t500", "t1k", "v4k"] },
    what: "UMAP of the same graph from a spectral start (umap-js: random), 500 epochs up to 10,000 cells, else 200",
  },
  "umap-pca": {
    beside: ["scanpy"],
    sets: ["v4k", "x50k"],
    check: "umap",
    what: "UMAP of the same graph from two principal components",
  },
  leiden: {
    beside: ["scanpy"],
    sets: usual,
    what: "Leiden of the same graph (theirs: igraph, 2 iterations)",
  },
  "spatial-graph": { beside: ["scanpy"], sets: usual, what: "Delaunay graph" },
  enrichment: {
    beside: ["scanpy"],
    sets: usual,
    what: "neighborhood enrichment of 12 cell types, 1,000 permutations",
  },
  "enrichment-analytic": {
    beside: ["scanpy"],
    sets: usual,
    check: "enrichment",
    what: "the same by exact moments (theirs: 1,000 permutations)",
  },
  moran: { beside: ["scanpy"], sets: usual, what: "Moran's I of all genes" },
  geary: { beside: ["scanpy"], sets: usual, what: "Geary's C of all genes" },
  wilcoxon: { beside: ["scanpy"], sets: usual, what: "Wilcoxon markers of 12 cell types, all genes" },
  interactions: {
    beside: ["scanpy"],
    sets: ["v4k", "x50k"],
    what: "ligand-receptor test, 300 pairs, 1,000 permutations",
  },
  "ripley-curves": {
    beside: ["scanpy"],
    sets: ["v4k", "x50k"],
    check: "ripley",
    what: "Ripley's L of 12 cell types at 50 distances up to a quarter of the side, without random patterns",
  },
  ripley: {
    beside: ["scanpy"],
    sets: ["v4k", "x50k"],
    what: "the same and 100 random patterns: each type's of as many cells as it has (theirs: of 1,000)",
  },
  "co-occurrence": { beside: ["scanpy"], sets: ["v4k", "x50k"], what: "co-occurrence at 50 distances" },
};

export const peerRuns = (step, tool, set) => steps[step].only?.[tool]?.includes(set) ?? true;
