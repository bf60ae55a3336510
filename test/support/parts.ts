import * as model from "../../src/model/index.ts";

/** Four bins of 2 um in one row; the last two lie in cell 7. */
export const mappings: model.BarcodeMappings = {
  kind: "barcode-mappings",
  micrometers: 2,
  rows: 1,
  cols: 4,
  cell: Uint32Array.of(0, 0, 7, 7),
  inNucleus: Uint8Array.of(0, 0, 0, 1),
  inCell: Uint8Array.of(0, 0, 1, 1),
};
export const bins: model.SpatialDataset = model.dataset({
  observation: "bin",
  counts: model.expression(
    model.sparse(4, 1, Uint32Array.of(0, 1, 2, 3, 4), new Uint32Array(4), Float32Array.of(1, 2, 3, 4)),
    "counts",
  ),
  cells: model.table(model.squareBinIds(2, 1, 4), {
    array_row: new Int32Array(4),
    array_col: Int32Array.of(0, 1, 2, 3),
  }),
  genes: model.table(model.ids(["g"]), { gene_id: ["g"] }),
});

/** A triangle, and two transcripts of which one lies in it. */
export const outlines: model.Shapes = {
  kind: "shapes",
  ids: model.ids(["a"]),
  shapeOffsets: Uint32Array.of(0, 1),
  ringOffsets: Uint32Array.of(0, 3),
  coordinates: Float64Array.of(0, 0, 1, 0, 1, 1),
};
export const seen: model.Transcripts = model.transcripts({
  x: Float64Array.of(0.5, 9),
  y: Float64Array.of(0.2, 9),
  feature: Uint32Array.of(0, 1),
  features: ["g", "h"],
});
