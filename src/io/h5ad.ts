import { checkOptions, number, runRules, string, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { inMemory, type SpatialDataset } from "../model/dataset.ts";
import type { Graph } from "../model/graph.ts";
import type { Dense, Sparse } from "../model/matrix.ts";
import { type Column, idList, isCategorical, type Table } from "../model/table.ts";
import { createHdf5, type H5Numbers, type H5WriteAttributes, type H5Writer } from "./hdf5-write.ts";
import { decodePng } from "./images.ts";

/** Notes for `uns`: texts, numbers, truth values, lists of them, and records of these. */
export type Notes = {
  readonly [key: string]: string | number | boolean | readonly string[] | readonly number[] | Notes | null;
};

/** Options of `writeH5ad`. */
export interface WriteH5adOptions extends RunOptions {
  /** What becomes X: "counts" or the name of a layer. Without it `log` where there is one, else counts, else the first layer. */
  readonly x?: string;
  /** Name of the sample under `uns/spatial`. */
  readonly library?: string;
  /** Diameter of a spot in positions' units; without it 55 um where the scale is known. */
  readonly spotDiameter?: number;
  /** Matrices with a row per gene for `varm`, e.g. PCA loadings as `PCs`. */
  readonly varm?: Readonly<Record<string, Dense>>;
  /** Further notes for `uns`. */
  readonly uns?: Notes;
}

const isObject = (v: unknown): boolean => typeof v === "object" && v !== null && !Array.isArray(v);
const rules = {
  x: string(),
  library: string(),
  spotDiameter: number(0),
  varm: such("an object of matrices", isObject),
  uns: such("an object", isObject),
  ...runRules,
};

/**
 * A dataset as an h5ad file that Python's anndata (0.8 and later) opens: X and layers as compressed rows of 32-bit
 * floats (dense layers stay dense), obs and var with texts, categories, whole numbers, floats (missing = NaN) and
 * truth values, `obsm/spatial` (64-bit) and embeddings as `X_pca`, `X_umap`, graphs in `obsp` (`expression` as
 * connectivities and distances, `spatial` as spatial_connectivities and spatial_distances, others by their name), images and
 * scale factors in `uns/spatial`. Features of other kinds go to `obsm` under their kind, their names to `uns/tissular`.
 *
 * @returns the bytes of the file. Two files of one dataset differ in time stamps only: compare `hdf5Digest`.
 * @throws {SpatialError} `input` where `x` names no matrix or counts are not in memory; `option`
 *
 * Cost: linear in the stored values, packed with gzip. Checked against anndata and h5py value for value.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, positions, sparse, table } from "tissular/model";
 * import { memorySource, readSample, writeH5ad } from "tissular/io";
 * const counts = expression(
 *   sparse(2, 2, Uint32Array.of(0, 1, 2), Uint32Array.of(0, 1), Float32Array.of(3, 5)), "counts");
 * const made = dataset({
 *   counts, cells: table(ids(["a", "b"]), { good: Uint8Array.of(1, 0) }),
 *   genes: table(ids(["g1", "g2"]), { name: ["CD4", "CD8A"] }),
 *   positions: positions(Float64Array.of(0, 0, 10, 5), "um", 1),
 * });
 * const bytes = await writeH5ad(made);
 * const { dataset: read } = await readSample(memorySource(new Map([["made.h5ad", bytes]])));
 * if (read.counts?.kind !== "sparse" || read.counts.data.join() !== "3,5") throw new Error("same counts");
 * ```
 */
export async function writeH5ad(ds: SpatialDataset, options: WriteH5adOptions = {}): Promise<Uint8Array> {
  checkOptions("writeH5ad", options, rules);
  const counts = ds.counts && inMemory(ds.counts, "writeH5ad");
  const matrices: Record<string, Sparse | Dense> = { ...(counts ? { counts } : {}), ...ds.layers };
  const main = options.x ?? ["log", "counts", ...Object.keys(matrices)].find((k) => k in matrices);
  if (main === undefined || !(main in matrices)) {
    throw new SpatialError(
      "input",
      `X must be one of ${Object.keys(matrices).join(", ") || "(no matrix)"}, found ${main}.`,
      {
        subject: "x",
      },
    );
  }
  const pixels = await Promise.all(
    (ds.images ?? []).map(async (image) =>
      image.encoded.type === "image/png"
        ? { image, rgb: await decodePng(image.encoded.bytes, `Image ${image.name}`) }
        : { image, rgb: null },
    ),
  );
  return createHdf5(async (w) => {
    const step = async (fraction: number): Promise<void> => {
      checkAborted(options.signal);
      options.onProgress?.({ step: "write h5ad", fraction });
      await breathe();
    };
    w.group("", typed("anndata", "0.1.0"));
    writeMatrix(w, "X", matrices[main]);
    w.group("layers", DICT);
    for (const [name, matrix] of Object.entries(matrices)) {
      await step(0.3);
      if (name !== main) writeMatrix(w, `layers/${safe(name)}`, matrix);
    }
    writeFrame(w, "obs", ds.cells);
    writeFrame(w, "var", ds.genes);
    await step(0.6);
    w.group("obsm", DICT);
    if (ds.positions !== null) writeMatrix(w, "obsm/spatial", ds.positions);
    for (const [name, e] of Object.entries(ds.embeddings)) writeMatrix(w, `obsm/X_${safe(name)}`, e);
    for (const [kind, set] of Object.entries(ds.features)) writeMatrix(w, `obsm/${safe(kind)}`, set.values);
    w.group("obsp", DICT);
    for (const [name, graph] of Object.entries(ds.graphs)) {
      await step(0.7);
      writeGraph(w, name, graph);
    }
    w.group("varm", DICT);
    for (const [name, matrix] of Object.entries(options.varm ?? {}))
      writeMatrix(w, `varm/${safe(name)}`, matrix);
    w.group("varp", DICT);
    await step(0.9);
    w.group("uns", DICT);
    writeNotes(w, "uns", { ...neighborNotes(ds), ...options.uns, tissular: ownNotes(ds, pixels) });
    if (pixels.length > 0 || ds.platform === "visium") writeImages(w, ds, pixels, options);
    await step(1);
  });
}

const typed = (type: string, version: string): H5WriteAttributes => ({
  "encoding-type": type,
  "encoding-version": version,
});
const DICT = typed("dict", "0.1.0");
const ARRAY = typed("array", "0.2.0");
const STRINGS = typed("string-array", "0.2.0");

/** A name without "/", which would mean a group. */
function safe(name: string): string {
  return name.replaceAll("/", "|");
}

function writeMatrix(w: H5Writer, path: string, x: Sparse | Dense): void {
  if (x.kind === "dense") w.numbers(path, x.data, ARRAY, [x.rows, x.cols]);
  else writeRows(w, path, x.rows, x.cols, x.indptr, x.indices, x.data);
}

function writeRows(
  w: H5Writer,
  path: string,
  rows: number,
  cols: number,
  indptr: Uint32Array,
  indices: Uint32Array,
  data: Float32Array | Float64Array,
): void {
  const shape = BigInt64Array.of(BigInt(rows), BigInt(cols));
  w.group(path, { ...typed("csr_matrix", "0.1.0"), shape });
  const wide = indices.length >= 2147483648;
  const integers = (v: Uint32Array): H5Numbers =>
    wide ? BigInt64Array.from(v, BigInt) : new Int32Array(v.buffer, v.byteOffset, v.length);
  w.numbers(`${path}/data`, data);
  w.numbers(`${path}/indices`, integers(indices));
  w.numbers(`${path}/indptr`, integers(indptr));
}

function writeFrame(w: H5Writer, path: string, frame: Table): void {
  const names = Object.keys(frame.columns);
  w.group(path, {
    ...typed("dataframe", "0.2.0"),
    _index: "_index",
    "column-order": names.map(safe),
  });
  w.strings(`${path}/_index`, idList(frame.ids), STRINGS);
  for (const name of names) writeColumn(w, `${path}/${safe(name)}`, frame.columns[name]);
}

function writeColumn(w: H5Writer, path: string, column: Column): void {
  if (isCategorical(column)) {
    w.group(path, { ...typed("categorical", "0.2.0"), ordered: false });
    const k = column.categories.length;
    const codes =
      k < 128 ? Int8Array.from(column.codes) : k < 32_768 ? Int16Array.from(column.codes) : column.codes;
    w.numbers(`${path}/codes`, codes, ARRAY);
    w.strings(`${path}/categories`, column.categories, STRINGS);
  } else if (column instanceof Uint8Array) w.booleans(path, column, ARRAY);
  else if (ArrayBuffer.isView(column)) w.numbers(path, column as Float64Array | Int32Array, ARRAY);
  else w.strings(path, column as readonly string[], STRINGS);
}

function writeGraph(w: H5Writer, name: string, graph: Graph): void {
  const base = name === "expression" ? "" : `${safe(name)}_`;
  const { nodes: n, indptr, indices } = graph;
  writeRows(w, `obsp/${base}connectivities`, n, n, indptr, indices, graph.weights);
  writeRows(w, `obsp/${base}distances`, n, n, indptr, indices, graph.distances);
}

/** What scanpy and squidpy look for before they use the graphs in obsp. */
function neighborNotes(ds: SpatialDataset): Notes {
  const notes = (base: string, params: Notes): Notes => ({
    connectivities_key: `${base}connectivities`,
    distances_key: `${base}distances`,
    params,
  });
  return {
    ...("expression" in ds.graphs ? { neighbors: notes("", { method: "umap" }) } : {}),
    ...("spatial" in ds.graphs ? { spatial_neighbors: notes("spatial_", {}) } : {}),
  };
}

type Pixels = readonly {
  readonly image: NonNullable<SpatialDataset["images"]>[number];
  readonly rgb: Awaited<ReturnType<typeof decodePng>> | null;
}[];

/** What a reader needs to make the same dataset of the file again. */
function ownNotes(ds: SpatialDataset, pixels: Pixels): Notes {
  const features: Record<string, Notes> = {};
  for (const [kind, set] of Object.entries(ds.features))
    features[kind] = {
      ids: idList(set.table.ids),
      names: [...((set.table.columns["name"] as string[]) ?? [])],
    };
  const leftOut = pixels.flatMap(({ image, rgb }) => (rgb === null ? [`image ${image.name} (JPEG)`] : []));
  return {
    platform: ds.platform,
    observation: ds.observation,
    ...(ds.positions ? { unit: ds.positions.unit, microns_per_unit: ds.positions.micronsPerUnit } : {}),
    ...(Object.keys(features).length > 0 ? { features } : {}),
    ...(leftOut.length > 0 ? { left_out: leftOut } : {}),
  };
}

function writeNotes(w: H5Writer, path: string, notes: Notes): void {
  for (const [key, value] of Object.entries(notes)) {
    const at = `${path}/${safe(key)}`;
    if (value === null) continue;
    if (typeof value === "string") w.text(at, value, typed("string", "0.2.0"));
    else if (typeof value === "boolean")
      w.booleans(at, Uint8Array.of(value ? 1 : 0), typed("numeric-scalar", "0.2.0"), []);
    else if (typeof value === "number") {
      const data = Number.isSafeInteger(value) ? BigInt64Array.of(BigInt(value)) : Float64Array.of(value);
      w.numbers(at, data, typed("numeric-scalar", "0.2.0"), []);
    } else if (!Array.isArray(value)) {
      w.group(at, DICT);
      writeNotes(w, at, value as Notes);
    } else if (value.every((v) => typeof v === "string")) w.strings(at, value, STRINGS);
    else w.numbers(at, Float64Array.from(value as number[]), ARRAY);
  }
}

function writeImages(w: H5Writer, ds: SpatialDataset, pixels: Pixels, options: WriteH5adOptions): void {
  const at = `uns/spatial/${safe(options.library ?? "sample")}`;
  w.group("uns/spatial", DICT);
  w.group(at, DICT);
  w.group(`${at}/images`, DICT);
  const factors: Record<string, number> = {};
  for (const { image, rgb } of pixels) {
    factors[`tissue_${safe(image.name)}_scalef`] = image.scale;
    if (rgb !== null)
      w.numbers(`${at}/images/${safe(image.name)}`, rgb.data, ARRAY, [rgb.height, rgb.width, 3]);
  }
  const scale = ds.positions?.micronsPerUnit ?? null;
  const diameter = options.spotDiameter ?? (scale === null ? null : 55 / scale);
  if (diameter !== null) factors["spot_diameter_fullres"] = diameter;
  w.group(`${at}/scalefactors`, DICT);
  for (const [key, value] of Object.entries(factors))
    w.numbers(`${at}/scalefactors/${key}`, Float64Array.of(value), typed("numeric-scalar", "0.2.0"), []);
  w.group(`${at}/metadata`, DICT);
}
