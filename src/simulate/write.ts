import { SpatialError } from "../core/errors.ts";
import { formatCsv } from "../io/text.ts";
import { idList, ids, type Table, table } from "../model/index.ts";
import { writeCosmx } from "./cosmx.ts";
import type { Layout } from "./difficulty.ts";
import { writeMerscope } from "./merscope.ts";
import type { SimulatedTissue, VendorFiles } from "./tissue.ts";
import { writeVisium } from "./visium.ts";
import { writeXenium } from "./xenium.ts";

/** Vendors' folder layouts that a simulated tissue can be written in. */
export type VendorLayout = "visium" | "xenium" | "merscope" | "cosmx";

/** What each layout is written from and by; without names of its own the cells keep theirs. */
const vendors: Readonly<
  Record<
    VendorLayout,
    { readonly layout: Layout; readonly write: (tissue: SimulatedTissue) => Promise<VendorFiles> }
  >
> = {
  visium: { layout: "visium", write: async (tissue) => named(tissue, await writeVisium(tissue)) },
  xenium: { layout: "cells", write: async (tissue) => named(tissue, await writeXenium(tissue)) },
  merscope: { layout: "cells", write: writeMerscope },
  cosmx: { layout: "cells", write: writeCosmx },
};

const named = (tissue: SimulatedTissue, files: Map<string, Uint8Array>): VendorFiles => ({
  files,
  ids: idList(tissue.dataset.cells.ids),
});

/**
 * A simulated tissue as the files an instrument would leave, so that readers and whole pipelines can be tried on
 * them: relative path to content. Beside them lie `truth_cells.csv` (by the names that the vendor gives cells),
 * `truth_genes.csv` and `truth_pairs.csv`.
 *
 * - `visium` (from layout "visium"), as Space Ranger 2: `filtered_feature_bc_matrix.h5`, `spatial/tissue_positions.csv` with the
 *   spots outside the tissue, `spatial/scalefactors_json.json`, `spatial/tissue_lowres_image.png` (600 pixels) and
 *   `spatial/tissue_hires_image.png` (1,200 pixels), both drawn.
 * - `xenium` (from layout "cells"): `cell_feature_matrix.h5` with control probes and codewords, `cells.csv.gz`, `experiment.xenium`.
 * - `merscope` (from layout "cells"): `cell_by_gene.csv` with blanks, `cell_metadata.csv`, `cell_boundaries.parquet` (outlines on seven
 *   planes), `images/micron_to_mosaic_pixel_transform.csv`; ids of 18 digits.
 * - `cosmx` (from layout "cells"), as AtoMx 1.3: `exprMat_file` with the rows of cell 0, negative probes and system controls,
 *   `metadata_file`, `fov_positions_file`, `polygons`, packed; local y down, global y up.
 *
 * The content is the same for the same seed; the bytes of HDF5 and gzip files need not be (HDF5 keeps times, and
 * runtimes pack differently). Checked by reading back with this library's readers and with scanpy's `read_10x_h5`.
 *
 * @throws {SpatialError} `option` when spots are asked for in a layout of cells, or cells as visium
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
  const known = (vendors as Readonly<Record<string, (typeof vendors)[VendorLayout] | undefined>>)[vendor];
  if (known?.layout !== tissue.params.layout) {
    throw new SpatialError(
      "option",
      known === undefined
        ? `writeSimulated: the vendor must be one of ${Object.keys(vendors).join(", ")}, found ${JSON.stringify(vendor)}.`
        : `writeSimulated: "${vendor}" needs a tissue of layout "${known.layout}", found "${tissue.params.layout}".`,
      { subject: "vendor" },
    );
  }
  const { files, ids: names } = await known.write(tissue);
  const text = new TextEncoder();
  const { cells, genes, pairs } = tissue.truth;
  files.set("truth_cells.csv", text.encode(withIds(table(ids(names), cells.columns))));
  files.set("truth_genes.csv", text.encode(withIds(genes)));
  files.set("truth_pairs.csv", text.encode(formatCsv(pairs.columns)));
  return files;
}

function withIds(table: Table): string {
  return formatCsv({ id: table.ids, ...table.columns });
}
