import { writeFileSync, renameSync } from "node:fs";
import { stream } from "../../dist/core.js";
import { writeTenxH5 } from "../../dist/io.js";
import { dataset, expression, ids, positions, sparse, table } from "../../dist/model.js";

const TYPES = 12;
const DOMAINS = 8;

/**
 * Writes a synthetic sample as a 10x HDF5 file and a CSV of barcode, x, y, domain, celltype: curved layers and islands, in each its own
 * mix of cell types; types and domains have genes of their own. Molecules are drawn from each cell's profile, as many as make the share
 * `density` of values other than 0.
 */
export async function makeSample(h5, csv, { cells: n, genes: p, density, hexagonal, seed }) {
  const random = stream(seed);
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const at = places(n, hexagonal, random);
  const base = Float64Array.from({ length: p }, () => Math.exp(normal()));
  const raised = (least, most, share) => {
    const folds = new Float64Array(p).fill(1);
    for (let t = 0; t < Math.max(6, p / share); t++)
      folds[random.below(p)] = least + (most - least) * random.uniform();
    return folds;
  };
  const ofType = Array.from({ length: TYPES }, () => raised(3, 12, 40));
  const ofDomain = Array.from({ length: DOMAINS }, () => raised(2, 5, 60));
  const mixes = Array.from({ length: DOMAINS }, () =>
    cumulative(Float64Array.from({ length: TYPES }, () => Math.log(1 - random.uniform()) ** 2)),
  );
  const profiles = ofDomain.map((domain) =>
    ofType.map((type) => cumulative(base.map((b, j) => b * type[j] * domain[j]))),
  );
  const depth = depthFor(density, profiles[0][0]);

  const indptr = new Uint32Array(n + 1);
  const indices = [];
  const values = [];
  const found = new Uint16Array(p);
  const lines = ["barcode,x,y,domain,celltype"];
  const barcodes = Array.from({ length: n }, (_, i) => `C${String(i).padStart(9, "0")}-1`);
  for (let i = 0; i < n; i++) {
    const domain = domainOf(at.u[i], at.v[i]);
    const type = draw(mixes[domain], random);
    const molecules = Math.max(1, Math.round(depth * Math.exp(0.35 * normal())));
    const genes = [];
    for (let m = 0; m < molecules; m++) {
      const gene = draw(profiles[domain][type], random);
      if (found[gene]++ === 0) genes.push(gene);
    }
    for (const gene of genes.sort((a, b) => a - b)) {
      indices.push(gene);
      values.push(found[gene]);
      found[gene] = 0;
    }
    indptr[i + 1] = indices.length;
    lines.push(`${barcodes[i]},${at.x[i].toFixed(2)},${at.y[i].toFixed(2)},${domain},${type}`);
  }
  const names = Array.from({ length: p }, (_, j) => `Gene${String(j).padStart(5, "0")}`);
  const xy = Float64Array.from({ length: 2 * n }, (_, t) => (t % 2 ? at.y : at.x)[t >> 1]);
  const counts = sparse(n, p, indptr, Uint32Array.from(indices), Float32Array.from(values));
  const sample = dataset({
    platform: "simulated",
    observation: "cell",
    cells: table(ids(barcodes), {}),
    genes: table(ids(names.map((_, j) => `ENSG${String(j).padStart(11, "0")}`)), { name: names }),
    counts: expression(counts, "counts"),
    positions: positions(xy, "um", 1),
  });
  writeFileSync(`${csv}.tmp`, `${lines.join("\n")}\n`);
  writeFileSync(`${h5}.tmp`, await writeTenxH5(sample));
  renameSync(`${csv}.tmp`, csv);
  renameSync(`${h5}.tmp`, h5);
}

/** Micrometres, and the same scaled to the unit square. */
function places(n, hexagonal, random) {
  const columns = Math.ceil(Math.sqrt(n));
  const side = hexagonal ? 100 * columns : 12 * Math.sqrt(n);
  const x = new Float64Array(n);
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = Math.floor(i / columns);
    x[i] = hexagonal ? 100 * ((i % columns) + 0.5 * (row % 2)) : side * random.uniform();
    y[i] = hexagonal ? 50 * Math.sqrt(3) * row : side * random.uniform();
  }
  return { x, y, u: x.map((v) => v / side), v: y.map((v) => v / side) };
}

const islands = [
  [0.22, 0.3, 0.12],
  [0.7, 0.62, 0.14],
  [0.45, 0.85, 0.1],
];

function domainOf(u, v) {
  const island = islands.findIndex(([x, y, r]) => (u - x) ** 2 + (v - y) ** 2 < r * r);
  if (island >= 0) return DOMAINS - islands.length + island;
  const layers = DOMAINS - islands.length;
  return Math.min(layers - 1, Math.max(0, Math.floor(layers * (v + 0.1 * Math.sin(2 * Math.PI * u)))));
}

/** Sums up to each, over their total. */
function cumulative(shares) {
  let sum = 0;
  const sums = Float64Array.from(shares, (share) => (sum += share));
  return sums.map((s) => s / sum);
}

/** The first index whose cumulative share is above a random number. */
function draw(sums, random) {
  const u = random.uniform();
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many molecules give values other than 0 in the wanted share of genes. */
function depthFor(density, sums) {
  const shares = sums.map((s, j) => s - (j > 0 ? sums[j - 1] : 0));
  const reached = (m) => shares.reduce((s, q) => s + 1 - Math.exp(-m * q), 0) / shares.length;
  let [low, high] = [0, 1e7];
  for (let t = 0; t < 60; t++) {
    const middle = (low + high) / 2;
    if (reached(middle) > density) high = middle;
    else low = middle;
  }
  return high;
}
