import { stream, type Rng } from "../../src/core/index.ts";
import { exp, log1p, sin } from "../../src/kernels/math.ts";
import {
  categorical,
  dataset,
  dense,
  expression,
  ids,
  positions,
  sparse,
  table,
  type Categorical,
  type Sparse,
} from "../../src/model/index.ts";
import type { Analysis } from "../../src/pipeline/index.ts";

export interface FabricateOptions {
  readonly observation?: "cell" | "spot" | "bin";
  readonly genes?: number;
  readonly title?: string;
  /** Replaces the first gene names. */
  readonly names?: readonly string[];
  readonly categories?: readonly string[];
}

function gauss(rng: Rng): number {
  let sum = 0;
  for (let k = 0; k < 12; k++) sum += rng.uniform();
  return sum - 6;
}

/** An analysis made up for the report: random but plausible in every part, right in type and shape. */
export function fabricate(n: number, options: FabricateOptions = {}): Analysis {
  const { observation = "spot", genes: p = 120, title = "Fabricated sample" } = options;
  const rng = stream(7, n);
  const k = options.categories?.length ?? 8;
  const side = Math.ceil(Math.sqrt(n));
  const place = new Float64Array(2 * n);
  const umap = new Float32Array(2 * n);
  const codes = new Int32Array(n);
  const moduleCodes = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const row = Math.floor(i / side);
    const x = (i % side) + (row % 2) / 2;
    place[2 * i] = 100 * x + (observation === "cell" ? 40 * gauss(rng) : 0);
    place[2 * i + 1] = 86.6 * row + (observation === "cell" ? 40 * gauss(rng) : 0);
    const depth = row / side + 0.12 * sin((4 * x) / side);
    const layer = Math.max(0, Math.min(k - 1, Math.floor(depth * k)));
    codes[i] = rng.uniform() < 0.8 ? layer : rng.below(k);
    moduleCodes[i] = Math.min(4, Math.floor((layer * 5) / k));
    umap[2 * i] = 8 * sin(codes[i] * 2.4) + gauss(rng);
    umap[2 * i + 1] = 8 * sin(codes[i] * 2.4 + 1.57) + gauss(rng);
  }
  const groups = options.categories ?? Array.from({ length: k }, (_, g) => String(g));
  const cluster: Categorical = categorical(codes, groups);
  const module = categorical(moduleCodes, ["0", "1", "2", "3", "4"]);
  const counts = fabricateCounts(rng, n, p, codes, k);
  const log: Sparse = { ...counts, data: counts.data.map((v) => log1p(v)) };
  const totals = new Float64Array(n);
  const detected = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) totals[i] += counts.data[e];
    detected[i] = counts.indptr[i + 1] - counts.indptr[i];
  }
  const names = Array.from({ length: p }, (_, j) => options.names?.[j] ?? `GENE${j}`);
  const cells = table(ids(Array.from({ length: n }, (_, i) => `AAACAAGTATCTC${i}-1`)), {
    total_counts: totals,
    n_genes: detected,
    pct_mito: Float64Array.from({ length: n }, () => 4 + gauss(rng)),
    cell_area: totals.map((t) => t * (0.8 + 0.4 * rng.uniform())),
    cluster,
    module,
  });
  const ds = dataset({
    platform: observation === "cell" ? "xenium" : "visium",
    observation,
    counts: expression(counts, "counts"),
    cells,
    genes: table(ids(names.map((_, j) => `ENSG${100000 + j}`)), { name: names }),
    positions: positions(place, "um", 1),
    layers: { log: expression(log, "log") },
    features: {},
  });
  const perGene = (make: (j: number) => number): Float64Array =>
    Float64Array.from({ length: p }, (_, j) => make(j));
  const perGroup = (groupsHere: number, make: (g: number, j: number) => number): Float64Array =>
    Float64Array.from({ length: groupsHere * p }, (_, e) => make(Math.floor(e / p), e % p));
  const markers = (groupsHere: number): NonNullable<Analysis["groupMarkers"]> =>
    ({
      groups: Array.from({ length: groupsHere }, (_, g) => options.categories?.[g] ?? String(g)),
      meanIn: perGroup(groupsHere, (g, j) => (j % groupsHere === g ? 2 : 0.3)),
      scores: perGroup(groupsHere, (g, j) => (j % groupsHere === g ? 30 - j / p : -1 - j / p)),
      logFoldChange: perGroup(groupsHere, (g, j) => (j % groupsHere === g ? 2 : -0.5)),
      pValue: perGroup(groupsHere, (g, j) => (j % groupsHere === g ? 1e-30 : 0.8)),
      pAdjusted: perGroup(groupsHere, (g, j) => (j % groupsHere === g ? 1e-28 : 0.9)),
      fractionIn: perGroup(groupsHere, () => rng.uniform()),
      fractionOut: perGroup(groupsHere, () => rng.uniform()),
    }) as unknown as NonNullable<Analysis["groupMarkers"]>;
  const graph = {
    kind: "graph" as const,
    nodes: n,
    directed: false,
    indptr: new Uint32Array(n + 1),
    indices: new Uint32Array(0),
    weights: new Float32Array(0),
    distances: new Float64Array(0),
  };
  const rows = 60;
  const pairs = Array.from({ length: 12 }, (_, q) => ({
    ligand: [`GENE${q}`],
    receptor: [`GENE${q + 20}`, `GENE${q + 40}`],
    family: "made up",
    annotation: "secreted",
    source: "made up",
  }));
  const sideOf = (words: readonly string[], code: (r: number) => number): Categorical =>
    categorical(
      Int32Array.from({ length: rows }, (_, r) => code(r)),
      words,
    );
  const pair = Int32Array.from({ length: rows }, (_, r) => r % 12);
  return {
    kind: "analysis",
    title,
    dataset: ds,
    read: {
      platform: ds.platform,
      files: ["filtered_feature_bc_matrix.h5", "spatial/tissue_positions.csv"],
      found: [`${p} genes x ${n} ${observation}s from filtered_feature_bc_matrix.h5`],
      joined: [`positions by barcode: ${n} of ${n} ${observation}s`],
      dropped: [{ what: "positions", count: 12, why: "their barcode is not in the matrix" }],
      warnings: ["no high-resolution image was found"],
    },
    before: { observations: n + 3, genes: p + 40 },
    params: {
      values: "counts",
      minCounts: 1,
      minGenes: 0,
      maxMito: null,
      minCells: 3,
      targetSum: null,
      normalizeBy: null,
      variableGenes: "all",
      components: 50,
      neighbors: 15,
      neighborComponents: 30,
      resolution: 1,
      modules: "auto",
      species: "human",
      permutations: 1000,
      skip: [],
      seed: 0,
    },
    notes: [{ step: "variable-genes", kind: "skipped", text: `the panel has ${p} genes: all are used` }],
    qc: null,
    variableGenes: null,
    pca: null,
    neighbors: null,
    umap: { embedding: dense(n, 2, umap), a: 0.58, b: 1.33 } as unknown as Analysis["umap"],
    clusters: { labels: cluster } as unknown as Analysis["clusters"],
    groups: { name: "cluster", labels: cluster },
    spatial: { graph, rule: "first ring of the array" },
    enrichment: {
      z: Float64Array.from({ length: k * k }, (_, e) => {
        const apart = Math.abs(Math.floor(e / k) - (e % k));
        return 40 * exp(-apart * apart) - 8 + gauss(rng);
      }),
    } as unknown as Analysis["enrichment"],
    moran: {
      i: perGene((j) => 0.7 - (0.6 * j) / p),
      pAdjusted: perGene((j) => (j < p / 2 ? 1e-12 : 0.4)),
    } as unknown as Analysis["moran"],
    modules: {
      labels: module,
      modules: 5,
      candidates: [4, 5, 6, 7].map((c) => ({
        k: c,
        stability: 1 - Math.abs(c - 5) / 10,
        bic: -1e5 - 10 * c,
      })),
    } as unknown as Analysis["modules"],
    groupMarkers: markers(k),
    moduleMarkers: markers(5),
    interactionMatch: {
      pairs: 400,
      complete: 12,
      present: Uint32Array.from(pair.keys()),
      missing: [],
      likelyCause: null,
    },
    interactions: {
      pairs,
      pair,
      ligand: sideOf(
        pairs.map((q) => q.ligand.join("+")),
        (r) => r % 12,
      ),
      receptor: sideOf(
        pairs.map((q) => q.receptor.join("+")),
        (r) => r % 12,
      ),
      sender: sideOf(groups, (r) => Math.floor(r / 12) % k),
      receiver: sideOf(groups, (r) => (Math.floor(r / 12) + 1) % k),
      score: Float64Array.from({ length: rows }, () => 3 * rng.uniform()),
      ligandMean: new Float64Array(rows).fill(1),
      receptorMean: new Float64Array(rows).fill(1),
      ligandFraction: new Float64Array(rows).fill(0.5),
      receptorFraction: new Float64Array(rows).fill(0.5),
      p: Float64Array.from({ length: rows }, (_, r) => (r + 1) / 1001),
      pAdjusted: Float64Array.from({ length: rows }, (_, r) => (2 * (r + 1)) / 1001),
      edges: Float64Array.from({ length: rows }, () => rng.below(500)),
      edgeEnrichment: Float64Array.from({ length: rows }, () => gauss(rng)),
      params: { permutations: 1000, minFraction: 0.1, seed: 0, table: "built-in table", graph: true },
    },
    timings: [{ step: "pca", seconds: rng.uniform(), megabytes: 100 }],
  };
}

function fabricateCounts(rng: Rng, n: number, p: number, codes: Int32Array, k: number): Sparse {
  const indptr = new Uint32Array(n + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < p; j++) {
      const high = j % k === codes[i];
      if (rng.uniform() < (high ? 0.8 : 0.15)) {
        indices.push(j);
        data.push(1 + rng.below(high ? 12 : 3));
      }
    }
    indptr[i + 1] = indices.length;
  }
  return sparse(n, p, indptr, Uint32Array.from(indices), Float32Array.from(data));
}
