// QC, normalization, variable genes and PCA over a matrix that is read in blocks; prints seconds per step and peak memory as JSON.
// usage: node bench/blocked.mjs MATRIX.h5 [--qc | --pca] (only QC; PCA too); MATRIX.json beside it (make_blocks.py) says what totals must come out.
import { existsSync, readFileSync } from "node:fs";
import { openMatrix } from "../dist/io.js";
import {
  log1pBlocked,
  normalizeTotalBlocked,
  qcMetricsBlocked,
  variableGenesBlocked,
} from "../dist/preprocess.js";
import { pcaBlocked } from "../dist/reduce.js";

const [path, mode] = process.argv.slice(2);
const steps = {};
let passes = 0;
let entries = 0;
const timed = async (name, work) => {
  const start = performance.now();
  const before = passes;
  const result = await work();
  steps[name] = {
    passes: passes - before,
    seconds: (performance.now() - start) / 1000,
    peak: process.resourceUsage().maxRSS / 1024,
  };
  return result;
};

const { matrix: opened, genes } = await timed("open", () => openMatrix(path));
const matrix = {
  ...opened,
  async *blocks(...at) {
    passes++;
    entries = 0;
    for await (const block of opened.blocks(...at)) {
      entries += block.data.length;
      yield block;
    }
  },
};
const names = genes.columns.name;
const qc = await timed("QC", () => qcMetricsBlocked(matrix, { names }));
if (mode !== "--qc") {
  const { selected } = await timed("variable genes", () => variableGenesBlocked(matrix, { top: 1000 }));
  const logged = log1pBlocked(await timed("normalize", () => normalizeTotalBlocked(matrix)));
  if (mode === "--pca") await timed("PCA", () => pcaBlocked(logged, { genes: selected, components: 30 }));
}

const told = path.replace(/\.h5$/, ".json");
if (existsSync(told)) {
  const { rows, totals } = JSON.parse(readFileSync(told, "utf8"));
  const wrong = totals.findIndex((total, j) => total !== qc.genes.totalCounts[j]);
  if (rows !== matrix.rows || wrong >= 0)
    throw new Error(`gene ${wrong}: totals differ from what was written`);
}
console.log(JSON.stringify({ rows: matrix.rows, cols: matrix.cols, entries, steps }));
