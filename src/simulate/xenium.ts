import { gzip } from "../io/source.ts";
import { formatCsv } from "../io/text.ts";
import type { Sparse } from "../model/index.ts";
import { featureTotals } from "../preprocess/index.ts";
import { writeTenxH5 } from "../io/tenx-write.ts";
import type { SimulatedDataset, SimulatedTissue } from "./tissue.ts";

/** The files of a Xenium output folder: matrix, cells, and what was run. */
export async function writeXenium(tissue: SimulatedTissue): Promise<Map<string, Uint8Array>> {
  const ds = tissue.dataset;
  const text = new TextEncoder();
  const experiment = {
    run_name: "simulated",
    region_name: `seed ${tissue.params.seed}`,
    preservation_method: "",
    num_cells: ds.cells.ids.length,
    panel_name: "simulated",
    panel_organism: "Human",
    panel_num_targets_predesigned: ds.genes.ids.length,
    panel_num_targets_custom: 0,
    pixel_size: 0.2125,
    analysis_sw_version: "simulated",
  };
  return new Map([
    ["cell_feature_matrix.h5", await writeTenxH5(ds, { genome: "Unknown" })],
    ["cells.csv.gz", await gzip(text.encode(cellsTable(ds)))],
    ["experiment.xenium", text.encode(`${JSON.stringify(experiment, null, 2)}\n`)],
  ]);
}

function cellsTable(ds: SimulatedDataset): string {
  const xy = ds.positions.data;
  const transcripts = rowSums(ds.counts);
  const probes = rowSums(ds.features["Negative Control Probe"].values);
  const codewords = rowSums(ds.features["Negative Control Codeword"].values);
  const unassigned = rowSums(ds.features["Unassigned Codeword"].values);
  return formatCsv({
    cell_id: ds.cells.ids,
    x_centroid: xy.filter((_, k) => k % 2 === 0),
    y_centroid: xy.filter((_, k) => k % 2 === 1),
    transcript_counts: transcripts,
    control_probe_counts: probes,
    control_codeword_counts: codewords,
    unassigned_codeword_counts: unassigned,
    total_counts: transcripts.map((c, i) => c + probes[i] + codewords[i] + unassigned[i]),
    cell_area: ds.cells.columns["cell_area"],
    nucleus_area: ds.cells.columns["nucleus_area"],
  });
}

function rowSums(x: Sparse): Int32Array {
  return Int32Array.from(featureTotals(x));
}
