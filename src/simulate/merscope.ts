import { parquetFile } from "../io/parquet-write.ts";
import { formatCsv } from "../io/text.ts";
import { writeWkb } from "../io/wkb-write.ts";
import type { Sparse } from "../model/index.ts";
import { featureTotals } from "../preprocess/index.ts";
import { countsText, type Fields, fieldsOfView } from "./fields.ts";
import { boxOf, cellOutlines } from "./outlines.ts";
import type { SimulatedTissue, VendorFiles } from "./tissue.ts";

/** Micrometres across a field of view, between planes, and per pixel of the mosaic. */
const FIELD = 200;
const PLANE = 1.5;
const PLANES = 7;
const PIXEL = 0.108;
/** Empty border of the mosaic, micrometres. */
const BORDER = 20;

/**
 * The files of a MERSCOPE region: cells x genes with blank barcodes, cells, outlines (the same on seven planes) and the
 * place of the mosaic. Ids have 18 digits.
 */
export async function writeMerscope(tissue: SimulatedTissue): Promise<VendorFiles> {
  const fields = fieldsOfView(tissue.dataset.positions.data, FIELD);
  const ids = Array.from(
    fields.field,
    (f, i) => `112824700${String(f).padStart(5, "0")}${String(fields.number[i]).padStart(4, "0")}`,
  );
  const text = new TextEncoder();
  const scale = 1 / PIXEL;
  const shift = BORDER / PIXEL;
  const files = new Map([
    ["cell_by_gene.csv", matrixTable(tissue, fields, ids)],
    ["cell_metadata.csv", text.encode(cellsTable(tissue, fields, ids))],
    ["cell_boundaries.parquet", await outlinesTable(tissue, fields, ids)],
    [
      "images/micron_to_mosaic_pixel_transform.csv",
      text.encode(`${scale} 0 ${shift}\n0 ${scale} ${shift}\n0 0 1\n`),
    ],
  ]);
  return { files, ids };
}

function matrixTable(tissue: SimulatedTissue, { order }: Fields, ids: readonly string[]): Uint8Array {
  const { counts, genes, features } = tissue.dataset;
  const blank = features["Negative Control Codeword"].values as Sparse;
  const text = countsText(
    [
      "cell",
      ...(genes.columns["name"] as readonly string[]),
      ...Array.from({ length: blank.cols }, (_, k) => `Blank-${k + 1}`),
    ],
    1,
  );
  for (const i of order) text.row(ids[i], [counts, blank], i);
  return text.bytes();
}

function cellsTable(tissue: SimulatedTissue, { field, order }: Fields, ids: readonly string[]): string {
  const { cells, counts, features, positions } = tissue.dataset;
  const outlines = cellOutlines(tissue);
  const area = cells.columns["cell_area"] as Float64Array;
  const sums = [counts, features["Negative Control Codeword"].values as Sparse].map((x) => featureTotals(x));
  const boxes = Array.from(order, (i) => boxOf(outlines, i));
  const column = (value: (cell: number) => number): Float64Array => Float64Array.from(order, value);
  const side = (k: 0 | 1 | 2 | 3): Float64Array => Float64Array.from(boxes, (box) => box[k]);
  return formatCsv({
    EntityID: Array.from(order, (i) => ids[i]),
    fov: column((i) => field[i]),
    volume: column((i) => area[i] * PLANE * PLANES),
    center_x: column((i) => positions.data[2 * i]),
    center_y: column((i) => positions.data[2 * i + 1]),
    min_x: side(0),
    min_y: side(1),
    max_x: side(2),
    max_y: side(3),
    transcript_count: column((i) => sums[0][i] + sums[1][i]),
  });
}

function outlinesTable(
  tissue: SimulatedTissue,
  { order }: Fields,
  ids: readonly string[],
): Promise<Uint8Array> {
  const outlines = cellOutlines(tissue);
  const rows = PLANES * order.length;
  const each = <T>(value: (cell: number, plane: number, row: number) => T): T[] =>
    Array.from({ length: rows }, (_, r) => value(order[Math.floor(r / PLANES)], r % PLANES, r));
  const shapes = Array.from(order, (i) => writeWkb(outlines, i, true));
  const nothing = each(() => null);
  return parquetFile(
    [
      { name: "ID", data: each((_, __, r) => BigInt(r)), type: "INT64" },
      { name: "EntityID", data: each((i) => BigInt(ids[i])), type: "INT64" },
      { name: "ZIndex", data: Int32Array.from(each((_, z) => z)), type: "INT32" },
      { name: "Type", data: each(() => "cell"), type: "STRING" },
      { name: "ZLevel", data: Float64Array.from(each((_, z) => PLANE * (z + 1))), type: "DOUBLE" },
      { name: "Name", data: nothing, type: "STRING" },
      { name: "ParentID", data: nothing, type: "INT64" },
      { name: "ParentType", data: nothing, type: "STRING" },
      { name: "Geometry", data: each((_, __, r) => shapes[Math.floor(r / PLANES)]), type: "BYTE_ARRAY" },
    ],
    {
      geo: {
        version: "1.0.0",
        primary_column: "Geometry",
        columns: { Geometry: { encoding: "WKB", geometry_types: ["MultiPolygon"], crs: null } },
      },
    },
  );
}
