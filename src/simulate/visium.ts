import { formatCsv } from "../io/text.ts";
import { idList, ids } from "../model/index.ts";
import { drawHistology } from "./histology.ts";
import { MICRONS_PER_PIXEL } from "./observations.ts";
import { writeTenxH5 } from "../io/tenx-write.ts";
import type { SimulatedTissue } from "./tissue.ts";

/** Diameters that the vendor states, in micrometres: larger than the spots' own 55. */
const STATED_SPOT = 65;
const STATED_FIDUCIAL = 105;

/** The files of a Space Ranger 2 output folder. */
export async function writeVisium(tissue: SimulatedTissue): Promise<Map<string, Uint8Array>> {
  const text = new TextEncoder();
  const low = await drawHistology(tissue, 600);
  const high = await drawHistology(tissue, 1200);
  const scales = {
    tissue_hires_scalef: high.scale,
    tissue_lowres_scalef: low.scale,
    fiducial_diameter_fullres: STATED_FIDUCIAL / MICRONS_PER_PIXEL,
    spot_diameter_fullres: STATED_SPOT / MICRONS_PER_PIXEL,
  };
  return new Map([
    ["filtered_feature_bc_matrix.h5", await writeTenxH5(tissue.dataset, { genome: "GRCh38" })],
    ["spatial/tissue_positions.csv", text.encode(positionsOfAllSpots(tissue))],
    ["spatial/scalefactors_json.json", text.encode(JSON.stringify(scales))],
    ["spatial/tissue_lowres_image.png", low.png],
    ["spatial/tissue_hires_image.png", high.png],
  ]);
}

/** Every spot of the capture area, under tissue or not, row by row: not in the order of the matrix, as the vendor's. */
function positionsOfAllSpots(tissue: SimulatedTissue): string {
  const { cells, positions } = tissue.dataset;
  const off = tissue.offTissue;
  const n = cells.ids.length;
  const numbers = (name: string): number[] => [
    ...(cells.columns[name] as Int32Array),
    ...((off?.columns[name] ?? []) as Int32Array),
  ];
  const names = [...idList(cells.ids), ...(off === null ? [] : idList(off.ids))];
  const row = numbers("array_row");
  const col = numbers("array_col");
  const xy = positions.data;
  const x = [...xy.filter((_, k) => k % 2 === 0), ...((off?.columns["x"] ?? []) as Float64Array)];
  const y = [...xy.filter((_, k) => k % 2 === 1), ...((off?.columns["y"] ?? []) as Float64Array)];
  const order = Array.from(names.keys()).sort((a, b) => row[a] - row[b] || col[a] - col[b]);
  const pick = (values: readonly number[]): Int32Array => Int32Array.from(order, (s) => values[s]);
  return formatCsv({
    barcode: ids(order.map((s) => names[s])),
    in_tissue: Int32Array.from(order, (s) => (s < n ? 1 : 0)),
    array_row: pick(row),
    array_col: pick(col),
    pxl_row_in_fullres: pick(y),
    pxl_col_in_fullres: pick(x),
  });
}
