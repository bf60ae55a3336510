import { SpatialError } from "../core/errors.ts";
import { formatCsv } from "../io/text.ts";
import type { Table } from "../model/index.ts";
import type { SimulatedTissue } from "./tissue.ts";
import { writeVisium } from "./visium.ts";
import { writeXenium } from "./xenium.ts";

/** Vendors' folder layouts that a simulated tissue can be written in. */
export type VendorLayout = "visium" | "xenium";

/**
 * A simulated tissue as the files an instrument would leave, so that readers and whole pipelines can be tried on
 * them: relative path to content. Beside them lie `truth_cells.csv`, `truth_genes.csv` and `truth_pairs.csv`.
 *
 * - `visium` (from layout "visium"), as Space Ranger 2: `filtered_feature_bc_matrix.h5`, `spatial/tissue_positions.csv` with the
 *   spots outside the tissue, `spatial/scalefactors_json.json`, `spatial/tissue_lowres_image.png` (600 pixels) and
 *   `spatial/tissue_hires_image.png` (1,200 pixels), both drawn.
 * - `xenium` (from layout "cells"): `cell_feature_matrix.h5` with control probes and codewords, `cells.csv.gz`, `experiment.xenium`.
 *
 * The content is the same for the same seed; the bytes of HDF5 and gzip files need not be (HDF5 keeps times, and
 * runtimes pack differently). Checked by reading back with this library's readers and with scanpy's `read_10x_h5`.
 *
 * @throws {SpatialError} `option` when spots are asked for as xenium, or cells as visium
 *
 * @example
 * ```ts
 * import { simulateTissue, writeSimulated } from "tissular/simulate";
 * const tissue = simulateTissue({ layout: "cells", observations: 150, genes: 200 });
 * const files = await writeSimulated(tissue, "xenium");
 * if (!files.has("cell_feature_matrix.h5")) throw new Error("the matrix is missing");
 * ```
 */
export async function writeSimulated(
  tissue: SimulatedTissue,
  vendor: VendorLayout,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted = { visium: "visium", xenium: "cells" }[vendor] as string | undefined;
  if (wanted !== tissue.params.layout) {
    throw new SpatialError(
      "option",
      wanted === undefined
        ? `writeSimulated: the vendor must be "visium" or "xenium", found ${JSON.stringify(vendor)}.`
        : `writeSimulated: "${vendor}" needs a tissue of layout "${wanted}", found "${tissue.params.layout}".`,
      { subject: "vendor" },
    );
  }
  const files = await (vendor === "visium" ? writeVisium(tissue) : writeXenium(tissue));
  const text = new TextEncoder();
  const { cells, genes, pairs } = tissue.truth;
  files.set("truth_cells.csv", text.encode(withIds(cells)));
  files.set("truth_genes.csv", text.encode(withIds(genes)));
  files.set("truth_pairs.csv", text.encode(formatCsv(pairs.columns)));
  return files;
}

function withIds(table: Table): string {
  return formatCsv({ id: table.ids, ...table.columns });
}
