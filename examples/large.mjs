// A matrix larger than memory, in blocks. Run after `npm run build`: node examples/large.mjs [FILE: .h5, .h5ad, or a zarr store]
import { leiden, rankGenesBlocked } from "tissular/cluster";
import { neighborGraph } from "tissular/graph";
import { memorySource, openMatrix } from "tissular/io";
import { collectBlocks, selectColumnsBlocked, selectRowsBlocked } from "tissular/model";
import {
  filterCellsBlocked,
  filterGenesBlocked,
  log1pBlocked,
  normalizeTotalBlocked,
  qcMetricsBlocked,
  variableGenesBlocked,
} from "tissular/preprocess";
import { pcaBlocked } from "tissular/reduce";
import { simulateTissue, writeSimulated } from "tissular/simulate";

const simulated = async () =>
  memorySource(
    await writeSimulated(simulateTissue({ layout: "cells", observations: 2000, genes: 300 }), "xenium"),
  );
const opened = await openMatrix(process.argv[2] ?? (await simulated()));
console.log(opened.report.found.join("\n"));
const names = opened.genes.columns.name;

// One pass each; onProgress and signal work everywhere.
const qc = await qcMetricsBlocked(opened.matrix, { names });
const cells = await filterCellsBlocked(opened.matrix, { minCounts: 10 });
const genes = await filterGenesBlocked(opened.matrix, { minCells: 3 });

// Views: nothing is copied, the choice is made as blocks go by.
const counts = selectColumnsBlocked(selectRowsBlocked(opened.matrix, cells), genes);
const { selected } = await variableGenesBlocked(counts, { top: 200 });
const logged = log1pBlocked(await normalizeTotalBlocked(counts));

// From here on the scores, n x 30, are in memory.
const { scores, varianceRatio } = await pcaBlocked(logged, { components: 30, genes: selected });
const { graph } = await neighborGraph(scores);
const { labels } = await leiden(graph);
const markers = await rankGenesBlocked(logged, labels);

// A few genes of interest may come into memory for whatever needs all values of a gene at once.
const few = await collectBlocks(selectColumnsBlocked(logged, selected.subarray(0, 20)));

console.log(
  `${qc.totalCounts.reduce((a, b) => a + b, 0)} counts; ${counts.rows} cells, ${counts.cols} genes kept`,
);
console.log(
  `first component: ${(100 * varianceRatio[0]).toFixed(1)} % of the variance of ${selected.length} genes`,
);
console.log(`${markers.groups.length} clusters; ${few.data.length} values of ${few.cols} genes in memory`);
