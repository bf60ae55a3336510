// A Visium section step by step, with pure functions. Run after `npm run build`: node examples/visium.mjs [FOLDER]
import { leiden, rankGenes } from "tissular/cluster";
import { gridGraph, neighborGraph } from "tissular/graph";
import { memorySource, readSample } from "tissular/io";
import { tissueModules } from "tissular/modules";
import { filterGenes, log1p, normalizeTotal, variableGenes } from "tissular/preprocess";
import { selectGenes } from "tissular/model";
import { pca } from "tissular/reduce";
import { simulateTissue, writeSimulated } from "tissular/simulate";
import { moran } from "tissular/spatial";

const folder = process.argv[2];
const { dataset, report } = await readSample(
  folder ?? memorySource(await writeSimulated(simulateTissue({ observations: 800, genes: 600 }), "visium")),
);
console.log(report.found.join("\n"));

const sample = selectGenes(dataset, filterGenes(dataset.counts, { minCells: 3 }));
const x = log1p(normalizeTotal(sample.counts));
const { selected } = variableGenes(sample.counts, { flavor: "seurat_v3", top: 300 });
const { scores } = await pca(x, { components: 30, genes: selected });
const { graph } = await neighborGraph(scores, { neighbors: 15 });
const { labels: clusters } = await leiden(graph);

const { array_row, array_col } = sample.cells.columns;
const space = gridGraph(array_row, array_col);
const modules = await tissueModules(x, space, { modules: "auto" });
const { i } = await moran(x, space);
const markers = await rankGenes(x, modules.labels);

const names = sample.genes.columns.name;
const best = [...i.keys()].sort((a, b) => i[b] - i[a]).slice(0, 5);
console.log(`${clusters.categories.length} clusters, ${modules.modules} tissue modules`);
console.log(`most spatial genes: ${best.map((j) => `${names[j]} (I = ${i[j].toFixed(2)})`).join(", ")}`);
console.log(`markers are ranked in ${markers.groups.length} modules x ${names.length} genes`);
