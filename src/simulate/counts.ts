import { stream } from "../core/rng.ts";
import { exp, log } from "../kernels/math.ts";
import { negativeBinomial, normal, poisson } from "../kernels/random.ts";
import { type Expression, expression, type FeatureSet, ids, type Sparse, table } from "../model/index.ts";
import type { Parameters } from "./difficulty.ts";
import type { Program } from "./genes.ts";
import type { Places } from "./observations.ts";
import type { Population } from "./population.ts";

/** Spread of the mitochondrial share between observations (standard deviation of its log). */
const MITO_SPREAD = 0.4;

/**
 * Negative-binomial counts. The rates of all genes that vary are brought to the same sum in every observation,
 * so a null gene's expected share of the molecules is the same everywhere.
 */
export function drawCounts(
  seed: number,
  parameters: Parameters,
  program: Program,
  population: Population,
  places: Places,
): Expression<Sparse> {
  const { genes, patterns } = program;
  const { typeShare, moduleShare, size } = population;
  const n = size.length;
  const p = genes.length;
  const types = typeShare.length / n;
  const modules = moduleShare.length / n;
  const varying = Uint32Array.from(genes.keys()).filter((j) => genes[j].class !== "null");
  const mitochondrial = Uint32Array.from(genes.keys()).filter((j) => genes[j].name.startsWith("MT-"));
  const base = Float64Array.from(genes, (g) => g.base);
  const target = Int32Array.from(genes, (g) => g.target);
  const fold = Float64Array.from(genes, (g) => g.fold);
  const kind = Uint8Array.from(genes, (g) => ["cell-type", "module", "planted", "null"].indexOf(g.class));
  const logPlanted = log(parameters.plantedFold);
  const total = base.reduce((a, b) => a + b, 0);
  const varyingTotal = varying.reduce((a, j) => a + base[j], 0);
  const molecules = (parameters.depth * p) / total;

  const rate = Float64Array.from(base);
  const pattern = new Float64Array(patterns.length);
  return collect(n, p, (i, row) => {
    const rng = stream(seed, 5, i);
    const u = places.uv[2 * i];
    const v = places.uv[2 * i + 1];
    patterns.forEach((each, k) => (pattern[k] = exp(logPlanted * each.at(u, v))));
    let sum = 0;
    for (const j of varying) {
      let rise: number;
      if (kind[j] === 0) rise = 1 + typeShare[i * types + target[j]] * (fold[j] - 1);
      else if (kind[j] === 1) rise = 1 + moduleShare[i * modules + target[j]] * (fold[j] - 1);
      else rise = pattern[target[j]];
      rate[j] = base[j] * rise;
      sum += rate[j];
    }
    for (const j of varying) rate[j] *= varyingTotal / sum;
    const mito = exp(MITO_SPREAD * normal(rng));
    for (const j of mitochondrial) rate[j] = base[j] * mito;
    for (let j = 0; j < p; j++)
      row[j] = negativeBinomial(rng, molecules * size[i] * rate[j], parameters.dispersion);
  });
}

/** What the instrument counts where nothing is: a few molecules of control probes and codewords per thousand cells. */
export function drawControls(seed: number, observations: number): Record<string, FeatureSet> {
  const kinds = [
    { kind: "Negative Control Probe", prefix: "NegControlProbe_", count: 20 },
    { kind: "Negative Control Codeword", prefix: "NegControlCodeword_", count: 40 },
    { kind: "Unassigned Codeword", prefix: "UnassignedCodeword_", count: 20 },
  ];
  return Object.fromEntries(
    kinds.map(({ kind, prefix, count }, k) => {
      const names = Array.from({ length: count }, (_, j) => prefix + String(j + 1).padStart(5, "0"));
      const values = collect(observations, count, (i, row) => {
        const rng = stream(seed, 6, k, i);
        for (let j = 0; j < count; j++) row[j] = poisson(rng, 0.002);
      });
      return [kind, { values, table: table(ids(names), { name: names }) }];
    }),
  );
}

/** A sparse matrix of counts from a function that fills one row at a time. */
function collect(
  rows: number,
  cols: number,
  fill: (i: number, row: Float64Array) => void,
): Expression<Sparse> {
  const row = new Float64Array(cols);
  const indptr = new Uint32Array(rows + 1);
  let indices = new Uint32Array(cols);
  let data = new Float32Array(cols);
  let m = 0;
  for (let i = 0; i < rows; i++) {
    fill(i, row);
    if (m + cols > indices.length) {
      const larger = Math.max(m + cols, 2 * indices.length);
      const grownIndices = new Uint32Array(larger);
      const grownData = new Float32Array(larger);
      grownIndices.set(indices);
      grownData.set(data);
      indices = grownIndices;
      data = grownData;
    }
    for (let j = 0; j < cols; j++) {
      if (row[j] === 0) continue;
      indices[m] = j;
      data[m++] = row[j];
    }
    indptr[i + 1] = m;
  }
  return expression(
    { kind: "sparse", rows, cols, indptr, indices: indices.slice(0, m), data: data.slice(0, m) },
    "counts",
  );
}
