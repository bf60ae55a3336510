import { SpatialError } from "../core/errors.ts";
import type { SpatialDataset } from "../model/dataset.ts";

/** A form in which a dataset, or a part of it, is written. */
export type Format =
  "h5ad" | "anndata-zarr" | "spatialdata" | "10x-h5" | "mtx" | "parquet" | "arrow" | "csv" | "geojson";

type Part =
  | "counts"
  | "other features"
  | "columns of cells"
  | "columns of genes"
  | "positions"
  | "outlines"
  | "transcripts"
  | "images"
  | "large images"
  | "layers"
  | "embeddings"
  | "graphs";

const ANNDATA: readonly Part[] = [
  "counts",
  "other features",
  "columns of cells",
  "columns of genes",
  "positions",
  "outlines",
  "images",
  "layers",
  "embeddings",
  "graphs",
];
const CELLS: readonly Part[] = ["columns of cells", "positions"];

/** What each format has a place for. */
const HELD: Readonly<Record<Format, readonly Part[]>> = {
  h5ad: ANNDATA,
  "anndata-zarr": ANNDATA,
  spatialdata: [...ANNDATA, "transcripts"],
  "10x-h5": ["counts", "other features"],
  mtx: ["counts", "other features"],
  parquet: CELLS,
  arrow: CELLS,
  csv: CELLS,
  geojson: ["outlines"],
};

/**
 * What of a dataset a format has no place for, in words: what is lost when it is written so and read again.
 * AnnData has no place for where an image begins: one that does not begin at (0, 0) is left out there.
 *
 * @throws {SpatialError} `option` for a format that is not known
 *
 * @example
 * ```ts
 * import { leftOut } from "tissular/io";
 * import { dataset, ids, positions, table } from "tissular/model";
 * const ds = dataset({
 *   cells: table(ids(["a"])), genes: table(ids(["g"])), positions: positions(Float64Array.of(1, 2), "um", 1),
 * });
 * if (leftOut(ds, "mtx").join() !== "positions" || leftOut(ds, "h5ad").length > 0) throw new Error("10x has no places");
 * ```
 */
export function leftOut(ds: SpatialDataset, format: Format): readonly string[] {
  if (!Object.hasOwn(HELD, format)) {
    throw new SpatialError("option", `leftOut: there is no format "${String(format)}".`, {
      subject: "format",
      hint: `Formats are: ${Object.keys(HELD).join(", ")}.`,
    });
  }
  const names = (record: object | undefined): string => Object.keys(record ?? {}).join(", ");
  const listed = (part: Part, list: string): readonly (readonly [Part, string])[] =>
    list === "" ? [] : [[part, `${part}: ${list}`]];
  const there: readonly (readonly [Part, string])[] = [
    ...(ds.counts === null ? [] : [["counts", "counts"] as const]),
    ...listed("other features", names(ds.features)),
    ...listed("columns of cells", names(ds.cells.columns)),
    ...listed(
      "columns of genes",
      Object.keys(ds.genes.columns)
        .filter((name) => name !== "name")
        .join(", "),
    ),
    ...(ds.positions === null ? [] : [["positions", "positions"] as const]),
    ...listed("outlines", names(ds.shapes)),
    ...(ds.transcripts === undefined ? [] : [["transcripts", "transcripts"] as const]),
    ...listed("images", (ds.images ?? []).map((image) => image.name).join(", ")),
    ...listed("large images", (ds.pyramids ?? []).map((image) => image.name).join(", ")),
    ...listed("layers", names(ds.layers)),
    ...listed("embeddings", names(ds.embeddings)),
    ...listed("graphs", names(ds.graphs)),
  ];
  const held = HELD[format];
  const moved = held === ANNDATA ? (ds.images ?? []).filter((image) => image.origin !== undefined) : [];
  return [
    ...there.filter(([part]) => !held.includes(part)).map(([, what]) => what),
    ...moved.map(({ name }) => `image ${name} (it does not begin at 0, 0)`),
  ];
}
