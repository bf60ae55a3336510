import { stream } from "../core/rng.ts";
import { gzip } from "../io/source.ts";
import { formatCsv } from "../io/text.ts";
import { poisson } from "../kernels/random.ts";
import { dense, type Sparse, toSparse } from "../model/index.ts";
import { featureTotals } from "../preprocess/index.ts";
import { countsText, type Fields, fieldsOfView } from "./fields.ts";
import { boxOf, cellOutlines } from "./outlines.ts";
import type { SimulatedDataset, SimulatedTissue, VendorFiles } from "./tissue.ts";

/** Micrometres per pixel, and pixels across a field of view. */
const PIXEL = 0.120280945;
const FIELD = 4256;
/** Molecules outside all cells, as a share of those inside. */
const OUTSIDE = 0.15;
const SLIDE = "Simulated";

/**
 * The flat files of a CosMx slide as the vendor's platform exports them: matrix with a row of what lies in no cell for
 * each field, cells, places of fields, outlines. Pixels count down from the upper left corner of a field, but up over the slide.
 */
export async function writeCosmx(tissue: SimulatedTissue): Promise<VendorFiles> {
  const ds = tissue.dataset;
  const fields = fieldsOfView(ds.positions.data, FIELD * PIXEL);
  const texts: readonly (readonly [string, string | Uint8Array])[] = [
    [`${SLIDE}_exprMat_file.csv.gz`, matrixTable(tissue, fields)],
    [`${SLIDE}_metadata_file.csv.gz`, cellsTable(tissue, fields)],
    [`${SLIDE}_fov_positions_file.csv.gz`, fieldsTable(fields)],
    [`${SLIDE}-polygons.csv.gz`, polygonsTable(tissue, fields)],
  ];
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>();
  for (const [name, text] of texts)
    files.set(name, await gzip(typeof text === "string" ? encoder.encode(text) : text));
  const ids = Array.from(fields.field, (f, i) => `${f + 1}_${fields.number[i]}`);
  return { files, ids };
}

/** Genes, then negative probes, then codes that no probe has. */
function matrices(ds: SimulatedDataset): { readonly negative: Sparse; readonly codes: readonly Sparse[] } {
  const of = (kind: string): Sparse => ds.features[kind].values as Sparse;
  return {
    negative: of("Negative Control Probe"),
    codes: [of("Negative Control Codeword"), of("Unassigned Codeword")],
  };
}

function matrixTable(tissue: SimulatedTissue, { field, number, order }: Fields): Uint8Array {
  const ds = tissue.dataset;
  const { negative, codes } = matrices(ds);
  const all = [ds.counts, negative, ...codes];
  const numbered = (word: string, count: number): string[] =>
    Array.from({ length: count }, (_, k) => `${word}${k + 1}`);
  const names = [
    ...(ds.genes.columns["name"] as readonly string[]),
    ...numbered("Negative", negative.cols),
    ...numbered(
      "SystemControl",
      codes.reduce((sum, x) => sum + x.cols, 0),
    ),
  ];
  const text = countsText(["fov", "cell_ID", ...names], 2);
  for (let from = 0; from < order.length;) {
    const f = field[order[from]];
    let to = from;
    while (to < order.length && field[order[to]] === f) to++;
    const inField = order.subarray(from, to);
    text.row(`${f + 1},0`, [outside(tissue.params.seed, f, inField, all)], 0);
    for (const i of inField) text.row(`${f + 1},${number[i]}`, all, i);
    from = to;
  }
  return text.bytes();
}

/** One row of molecules of a field that lie in no cell. */
function outside(seed: number, field: number, cells: Uint32Array, parts: readonly Sparse[]): Sparse {
  const rng = stream(seed, 8, field);
  const cols = parts.reduce((sum, x) => sum + x.cols, 0);
  const sums = new Float64Array(cols);
  let first = 0;
  for (const { indptr, indices, data, cols: width } of parts) {
    for (const i of cells)
      for (let e = indptr[i]; e < indptr[i + 1]; e++) sums[first + indices[e]] += data[e];
    first += width;
  }
  return toSparse(
    dense(
      1,
      cols,
      Float32Array.from(sums, (sum) => poisson(rng, OUTSIDE * sum)),
    ),
  );
}

function cellsTable(tissue: SimulatedTissue, fields: Fields): string {
  const { order, field, number } = fields;
  const ds = tissue.dataset;
  const { negative, codes } = matrices(ds);
  const outlines = cellOutlines(tissue);
  const column = (value: (cell: number) => number): Float64Array => Float64Array.from(order, value);
  const texts = (value: (cell: number) => string): string[] => Array.from(order, value);
  const place = placer(fields);
  const center = (axis: 0 | 1, i: number): number => ds.positions.data[2 * i + axis];
  const pixels = column((i) =>
    Math.round((ds.cells.columns["cell_area"] as Float64Array)[i] / (PIXEL * PIXEL)),
  );
  const boxes = Array.from(order, (i) => boxOf(outlines, i));
  const width = Float64Array.from(boxes, ([left, , right]) => Math.round((right - left) / PIXEL));
  const height = Float64Array.from(boxes, ([, upper, , lower]) => Math.round((lower - upper) / PIXEL));
  const name = texts((i) => `c_1_${field[i] + 1}_${number[i]}`);
  const totals = (parts: readonly Sparse[]): Float64Array => {
    const sums = parts.map((x) => featureTotals(x));
    return column((i) => sums.reduce((sum, of) => sum + of[i], 0));
  };
  const detected = (parts: readonly Sparse[]): Float64Array =>
    column((i) => parts.reduce((sum, x) => sum + x.indptr[i + 1] - x.indptr[i], 0));
  return formatCsv({
    fov: column((i) => field[i] + 1),
    Area: pixels,
    AspectRatio: width.map((w, k) => Math.round((100 * w) / height[k]) / 100),
    CenterX_local_px: column((i) => place.localX(i, center(0, i))),
    CenterY_local_px: column((i) => place.localY(i, center(1, i))),
    Width: width,
    Height: height,
    cell_id: name,
    assay_type: texts(() => "RNA"),
    version: texts(() => "v6"),
    Run_Tissue_name: texts(() => SLIDE),
    Panel: texts(() => "simulated"),
    slide_ID: column(() => 1),
    CenterX_global_px: column((i) => place.globalX(center(0, i))),
    CenterY_global_px: column((i) => place.globalY(center(1, i))),
    cell_ID: column((i) => number[i]),
    nCount_RNA: totals([ds.counts]),
    nFeature_RNA: detected([ds.counts]),
    nCount_negprobes: totals([negative]),
    nFeature_negprobes: detected([negative]),
    nCount_falsecode: totals(codes),
    nFeature_falsecode: detected(codes),
    "Area.um2": pixels.map((v) => v * PIXEL * PIXEL),
    cell: name,
  });
}

/** Micrometres from the upper left corner of the tissue as pixels of a field, and of the slide with y up. */
function placer({ cols, rows, field }: Fields): {
  readonly localX: (cell: number, x: number) => number;
  readonly localY: (cell: number, y: number) => number;
  readonly globalX: (x: number) => number;
  readonly globalY: (y: number) => number;
} {
  return {
    localX: (i, x) => x / PIXEL - FIELD * (field[i] % cols),
    localY: (i, y) => y / PIXEL - FIELD * Math.floor(field[i] / cols),
    globalX: (x) => x / PIXEL,
    globalY: (y) => FIELD * rows - y / PIXEL,
  };
}

/** Where the upper left corners of fields are. */
function fieldsTable({ cols, rows, field }: Fields): string {
  const used = Float64Array.from(new Set(field)).sort();
  const x = used.map((f) => FIELD * (f % cols));
  const y = used.map((f) => FIELD * (rows - Math.floor(f / cols)));
  const mm = (px: Float64Array): Float64Array => px.map((v) => (v * PIXEL) / 1000);
  return formatCsv({
    FOV: used.map((f) => f + 1),
    x_global_px: x,
    y_global_px: y,
    x_global_mm: mm(x),
    y_global_mm: mm(y),
  });
}

function polygonsTable(tissue: SimulatedTissue, fields: Fields): string {
  const { field, number, order } = fields;
  const { ringOffsets, coordinates } = cellOutlines(tissue);
  const place = placer(fields);
  const owner: number[] = [];
  const corner: number[] = [];
  for (const i of order) {
    for (let c = ringOffsets[i]; c + 1 < ringOffsets[i + 1]; c++) {
      owner.push(i);
      corner.push(c);
    }
  }
  const column = (value: (cell: number, x: number, y: number) => number): Float64Array =>
    Float64Array.from(corner, (c, k) => value(owner[k], coordinates[2 * c], coordinates[2 * c + 1]));
  return formatCsv({
    fov: column((i) => field[i] + 1),
    cellID: column((i) => number[i]),
    cell: owner.map((i) => `c_1_${field[i] + 1}_${number[i]}`),
    x_local_px: column((i, x) => place.localX(i, x)),
    y_local_px: column((i, _, y) => place.localY(i, y)),
    x_global_px: column((_, x) => place.globalX(x)),
    y_global_px: column((_, __, y) => place.globalY(y)),
  });
}
