import { number, runRules, string, such, type Rule } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { inMemory, type SpatialDataset } from "../model/dataset.ts";
import type { Dense, Sparse } from "../model/matrix.ts";
import { type Pixels, unpackImages, writeImages } from "./anndata-images.ts";
import { namesOf, writeOwnNotes } from "./anndata-notes.ts";
import { writeGraph, writeOwnFeatures, writeOwnShapes } from "./anndata-own.ts";
import {
  DICT,
  type ElementWriter,
  type Notes,
  naming,
  typed,
  type WriteAttributes,
  writeFrame,
  writeMatrix,
  writeNotes,
} from "./elements-write.ts";

/** Options of `writeH5ad` and `writeAnndataZarr`. */
export interface WriteAnndataOptions extends RunOptions {
  /** What becomes X: "counts" or the name of a layer. Without it `log` where there is one, else counts, else the first layer. */
  readonly x?: string;
  /** Name of the sample under `uns/spatial`. Default "sample". */
  readonly library?: string;
  /** Diameter of a spot in positions' units; without it 55 um where the scale is known. */
  readonly spotDiameter?: number;
  /** Matrices with a row per gene for `varm`, e.g. PCA loadings as `PCs`. */
  readonly varm?: Readonly<Record<string, Dense>>;
  /** Further notes for `uns`. */
  readonly uns?: Notes;
}

const isObject = (v: unknown): boolean => typeof v === "object" && v !== null && !Array.isArray(v);
export const anndataRules: Readonly<Record<string, Rule>> = {
  x: string(),
  library: string(),
  spotDiameter: number(0),
  varm: such("an object of matrices", isObject),
  uns: such(
    "an object without the keys spatial and tissular",
    (v) => isObject(v) && !("spatial" in (v as object)) && !("tissular" in (v as object)),
  ),
  ...runRules,
};

/** An AnnData that is ready to be written: its matrices, which of them is X, pixels of its images. */
export interface AnndataParts {
  readonly ds: SpatialDataset;
  readonly matrices: Readonly<Record<string, Sparse | Dense>>;
  readonly x: string;
  readonly pixels: Pixels;
}

/**
 * Decides what becomes X and unpacks the images.
 *
 * @throws {SpatialError} `input` where `x` names no matrix or counts are not in memory
 */
export async function anndataParts(
  verb: string,
  ds: SpatialDataset,
  x: string | undefined,
): Promise<AnndataParts> {
  const counts = ds.counts && inMemory(ds.counts, verb);
  const matrices: Record<string, Sparse | Dense> = { ...(counts ? { counts } : {}), ...ds.layers };
  const main = x ?? ["log", "counts", ...Object.keys(matrices)].find((k) => k in matrices);
  if (main === undefined || !(main in matrices)) {
    throw new SpatialError(
      "input",
      `X must be one of ${Object.keys(matrices).join(", ") || "(no matrix)"}, found ${main}.`,
      { subject: "x" },
    );
  }
  return { ds, matrices, x: main, pixels: await unpackImages(ds) };
}

/**
 * Writes an AnnData into a tree of elements: X and layers, obs, var, obsm (positions, embeddings, features of other
 * kinds), obsp (graphs), varm, and in uns what scanpy and squidpy look for, images, and what our own reader needs to make
 * the same dataset of it again. `attributes` make it a table of SpatialData: they are added to those of the tree, and names
 * are plain. An image that does not begin at (0, 0) would be shown in a wrong place and is left out.
 */
export async function writeElements(
  tree: ElementWriter,
  { ds, matrices, x, pixels }: AnndataParts,
  options: WriteAnndataOptions,
  leftOut: readonly string[],
  attributes: WriteAttributes | null = null,
): Promise<void> {
  const w = { ...tree, name: naming(namesOf(ds), attributes !== null) };
  const step = async (fraction: number): Promise<void> => {
    checkAborted(options.signal);
    options.onProgress?.({ step: "write", fraction });
    await breathe();
  };
  w.group("", { ...typed("anndata", "0.1.0"), ...attributes });
  writeMatrix(w, "X", matrices[x]);
  w.group("layers", DICT);
  for (const [name, matrix] of Object.entries(matrices)) {
    await step(0.3);
    if (name !== x) writeMatrix(w, `layers/${w.name(name)}`, matrix);
  }
  writeFrame(w, "obs", ds.cells);
  writeFrame(w, "var", ds.genes);
  await step(0.6);
  w.group("obsm", DICT);
  if (ds.positions !== null) writeMatrix(w, "obsm/spatial", ds.positions);
  for (const [name, e] of Object.entries(ds.embeddings)) writeMatrix(w, `obsm/X_${w.name(name)}`, e);
  w.group("obsp", DICT);
  for (const [name, graph] of Object.entries(ds.graphs)) {
    await step(0.7);
    writeGraph(w, name, graph);
  }
  w.group("varm", DICT);
  for (const [name, matrix] of Object.entries(options.varm ?? {}))
    writeMatrix(w, `varm/${w.name(name)}`, matrix);
  w.group("varp", DICT);
  await step(0.8);
  w.group("uns", DICT);
  writeNotes(w, "uns", { ...neighborNotes(ds), ...options.uns });
  writeOwnNotes(w, ds, x, leftOut);
  writeOwnFeatures(w, ds);
  writeOwnShapes(w, ds.shapes ?? {});
  const shown = pixels.filter(({ image }) => image.origin === undefined);
  if (shown.length > 0 || ds.observation === "spot")
    writeImages(w, ds, shown, options.library ?? "sample", options.spotDiameter);
  await step(1);
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
