import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { gridGraph } from "../../dist/graph.js";
import { expression, positions, toSparse, dense } from "../../dist/model.js";
import { log1p, normalizeTotal } from "../../dist/preprocess.js";
import { binSpect, geary, moran, nnSvg, sepal, sparkX, spatialDe } from "../../dist/spatial.js";
import { random } from "../support/random.mjs";
import { days, machine, median, range, table, today } from "../support/measure.mjs";
import { readArray, writeArray } from "../tools/arrays.mjs";

const [ROWS, COLUMNS, GENES, PLANTED] = [40, 50, 300, 30];

/** Where a planted gene is up, from 0 to 1, for places from 0 to 1; drawn anew for each gene. */
const patterns = {
  gradient: (draw) => {
    const [a, b] = direction(draw);
    return (u, v) => clamp(0.5 + a * (u - 0.5) + b * (v - 0.5));
  },
  hotspot: (draw) => {
    const [x, y] = [0.2 + 0.6 * draw(), 0.2 + 0.6 * draw()];
    return (u, v) => Number((u - x) ** 2 + (v - y) ** 2 < 0.16 ** 2);
  },
  streak: (draw) => {
    const [a, b] = direction(draw);
    const at = 0.2 * (draw() - 0.5);
    return (u, v) => Number(Math.abs(a * (u - 0.5) + b * (v - 0.5) - at) < 0.09);
  },
  stripes: (draw) => {
    const [a, b] = direction(draw);
    const at = draw();
    return (u, v) => Number(((a * u + b * v + at + 9) * 5) % 1 < 0.5);
  },
  "small patches": (draw) => {
    const centres = Array.from({ length: 25 }, () => [draw(), draw()]);
    return (u, v) => Number(centres.some(([x, y]) => (u - x) ** 2 + (v - y) ** 2 < 0.04 ** 2));
  },
};
const folds = [1.5, 2, 3];

/** Higher for genes with more of a pattern. */
const methods = {
  "Moran's I": async ({ log, graph }) => (await moran(log, graph)).z,
  "Geary's C": async ({ log, graph }) => (await geary(log, graph)).z.map((z) => -z),
  "SPARK-X": async ({ log, places }) => (await sparkX(log, places)).logP.map((p) => -p),
  "SPARK-X, counts": async ({ counts, places }) => (await sparkX(counts, places)).logP.map((p) => -p),
  nnSVG: async ({ log, places }) => (await nnSvg(log, places, { draws: 100 })).statistic,
  SpatialDE: async ({ log, places }) => (await spatialDe(log, places, { draws: 100 })).statistic,
  sepal: async ({ log, graph }) => (await sepal(log, graph)).score,
  binSpect: async ({ log, graph }) => (await binSpect(log, graph)).z,
};

/**
 * How well planted genes are told from genes that differ from place to place by depth and chance only: the area under precision over recall, of each
 * method on the same tissues.
 */
export async function runGenes({ pairs: tissues, only, folder, peers, store }) {
  const records = store.get("genes");
  for (const pattern of Object.keys(patterns).filter((name) => only?.includes(name) !== false)) {
    for (const fold of folds) {
      const areas = {};
      const add = (name, scores) => (areas[name] ??= []).push(areaOf(scores));
      const folders = [];
      for (let tissue = 0; tissue < tissues; tissue++) {
        const section = sectionOf(patterns[pattern], fold, random(1000 * tissue + 10 * fold));
        for (const [name, method] of Object.entries(methods)) add(name, await method(section));
        folders.push(write(section, join(folder, `genes-${tissue}`)));
      }
      if (peers.tools.includes("scanpy")) {
        const script = resolve(import.meta.dirname, "../tools/genes.py");
        execFileSync(peers.python, [script, GENES, ...folders]);
        for (const one of folders) add("squidpy's Moran's I", readArray(one, "moran.f64"));
      }
      records[`${pattern} ${fold}`] = { date: today(), pattern, fold, areas };
      const line = Object.entries(areas).map(([name, area]) => `${name} ${range(area)}`);
      console.log(`${pattern}, ${fold}-fold: ${line.join(", ")}`);
    }
  }
  store.get("about").genes = { machine: machine() };
  store.save("genes", genesText(store));
}

/** Counts of a hexagonal array: depth by place and chance by gene and place, both log-normal, then Poisson; the first genes have a pattern. */
function sectionOf(shape, fold, draw) {
  const n = ROWS * COLUMNS;
  const row = Int32Array.from({ length: n }, (_, i) => Math.floor(i / COLUMNS));
  const column = Int32Array.from({ length: n }, (_, i) => 2 * (i % COLUMNS) + (row[i] % 2));
  const depth = Float64Array.from({ length: n }, () => Math.exp(0.4 * normal(draw)));
  const data = new Float32Array(n * GENES);
  for (let gene = 0; gene < GENES; gene++) {
    const base = 0.2 + 1.8 * draw();
    const up = gene < PLANTED ? shape(draw) : () => 0;
    for (let i = 0; i < n; i++) {
      const height = 1 + (fold - 1) * up(column[i] / (2 * COLUMNS), row[i] / ROWS);
      data[i * GENES + gene] = poisson(draw, base * height * depth[i] * Math.exp(0.5 * normal(draw)));
    }
  }
  const counts = expression(toSparse(dense(n, GENES, data)), "counts");
  const xy = Float64Array.from(
    { length: 2 * n },
    (_, k) => (k % 2 ? row[k >> 1] * Math.sqrt(3) : column[k >> 1]) * 50,
  );
  return {
    counts,
    log: log1p(normalizeTotal(counts)),
    places: positions(xy, "um", 1),
    graph: gridGraph(row, column),
  };
}

function write({ log, graph }, folder) {
  mkdirSync(folder, { recursive: true });
  const full = new Float32Array(log.rows * log.cols);
  const from = new Uint32Array(graph.indices.length);
  for (let i = 0; i < log.rows; i++) {
    for (let e = log.indptr[i]; e < log.indptr[i + 1]; e++) full[i * log.cols + log.indices[e]] = log.data[e];
    from.fill(i, graph.indptr[i], graph.indptr[i + 1]);
  }
  writeArray(folder, "log.f32", full);
  writeArray(folder, "from.u32", from);
  writeArray(folder, "to.u32", graph.indices);
  return folder;
}

/** Area under precision over recall; genes without a score come last. */
function areaOf(scores) {
  const of = (gene) => (Number.isNaN(scores[gene]) ? -Infinity : scores[gene]);
  const order = [...scores.keys()].sort((a, b) => of(b) - of(a) || b - a);
  let [found, sum] = [0, 0];
  order.forEach((gene, above) => {
    if (gene < PLANTED) sum += ++found / (above + 1);
  });
  return sum / PLANTED;
}

const clamp = (value) => Math.min(1, Math.max(0, value));

function direction(draw) {
  const angle = 2 * Math.PI * draw();
  return [Math.cos(angle), Math.sin(angle)];
}

const normal = (draw) => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());

function poisson(draw, mean) {
  const least = Math.exp(-mean);
  let count = 0;
  for (let product = draw(); product > least; product *= draw()) count++;
  return count;
}

export function genesText(store) {
  const records = Object.values(store.get("genes"));
  const names = [...new Set(records.flatMap(({ areas }) => Object.keys(areas)))];
  const rows = records.map(({ pattern, fold, areas }) => {
    const best = Math.max(...Object.values(areas).map(median));
    const cell = (name) => {
      if (!(name in areas)) return "-";
      const text = median(areas[name]).toFixed(2);
      return median(areas[name]) >= best - 0.02 ? `**${text}**` : text;
    };
    return [pattern, `${fold}`, ...names.map(cell)];
  });
  return `\`npm run bench -- genes\`: area under precision over recall, 1 where all planted genes come before all others, ${PLANTED / GENES} by chance; median of
${Object.values(records[0].areas)[0].length} tissues. Each is a hexagonal array of ${(ROWS * COLUMNS).toLocaleString("en")} spots and ${GENES} genes of 0.2 to 2 counts, ${PLANTED} of them higher by the
fold within a pattern that is drawn for each gene; depth differs by spot and each gene by spot and chance (log-normal, 0.4 and 0.5), then Poisson. Methods see log
values of counts per spot, "counts" those as they are. Bold: the best, and what is within 0.02 of it.

${table(["pattern", "fold", ...names], rows)}

Measured ${days(records)}. Machine: ${store.get("about").genes.machine}.
`;
}
