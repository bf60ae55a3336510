import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { idList, type Table } from "../model/table.ts";
import { namedGenes, splitKinds } from "./anndata-genes.ts";
import { readImages } from "./anndata-images.ts";
import { readExpression } from "./anndata-matrices.ts";
import { readOwnNotes, restored } from "./anndata-notes.ts";
import { readOwnFeatures, readOwnGraphs, readOwnShapes } from "./anndata-own.ts";
import { readEmbeddings, readSpatial } from "./anndata-obsm.ts";
import { noteRepeats } from "./assemble.ts";
import { type Elements, readFrame } from "./elements.ts";
import { withHdf5 } from "./hdf5.ts";
import { unpackLzf } from "./lzf.ts";
import { dropUnplaced } from "./positions.ts";
import { counted, type Draft, sample } from "./report.ts";
import type { Source } from "./source.ts";

/** Reads an h5ad file of any age. */
export async function readAnndata(
  source: Source,
  name: string,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(name);
  return withHdf5(await unpackLzf(source, name), name, async (file) => {
    return whole(await readElements(file, name, values, report, run), "h5ad", report);
  });
}

/** Reads an AnnData in zarr. */
export async function readAnndataZarr(
  tree: Elements,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(tree.name);
  return whole(await readElements(tree, tree.name, values, report, run), "anndata-zarr", report);
}

function whole(ds: SpatialDataset, platform: string, report: Draft): SpatialDataset {
  if (ds.positions === null) report.warnings.push("There are no coordinates (obsm/spatial).");
  return dropUnplaced({ ...ds, platform: ds.platform || platform }, report);
}

/** Reads an AnnData from a tree of elements; its platform is "" unless our own writer noted one. */
export async function readElements(
  file: Elements,
  name: string,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const own = await readOwnNotes(file);
  const obs = await readFrame(file, "obs", report);
  const cells = own === null ? obs : restored(obs, own);
  checkIds(cells, name);
  const features = await readFrame(file, "var", report);
  const genes = own === null ? namedGenes(features) : restored(features, own);
  if (Array.isArray(genes.columns["name"])) noteRepeats(genes, report);
  const n = cells.ids.length;
  const matrices = await readExpression(file, values, n, genes.ids, own, report, run);
  const places = await readSpatial(file, cells, own, report);
  const images = await readImages(file, own, report);
  const looksLikeSpots = images.length > 0 || "array_row" in cells.columns || file.has("uns/spatial");
  const observation = own?.observation ?? (looksLikeSpots ? "spot" : "cell");
  report.found.unshift(`${counted(genes.ids.length, "gene")} x ${counted(n, observation)} from ${name}.`);
  noteSkipped(file, own !== null, report);
  const whole = {
    observation,
    cells,
    positions: places,
    images,
    embeddings: await readEmbeddings(file, n, own, report),
  };
  if (own === null) return dataset({ platform: "", ...whole, ...splitKinds(genes, matrices, report) });
  return dataset({
    platform: own.platform,
    ...whole,
    genes,
    ...matrices,
    features: await readOwnFeatures(file, own, report, run),
    graphs: await readOwnGraphs(file, own, report, run),
    shapes: await readOwnShapes(file, own, report),
  });
}

function checkIds(cells: Table, name: string): void {
  const unique = new Set(idList(cells.ids)).size;
  if (unique < cells.ids.length) {
    throw new SpatialError(
      "format",
      `Every row of obs in ${name} must have a name of its own, but ${cells.ids.length - unique} repeat.`,
      { subject: name, hint: "Call adata.obs_names_make_unique() and write the file again." },
    );
  }
  if (cells.ids.length === 0)
    throw new SpatialError("input", `${name} must hold observations, found none.`, { subject: name });
}

function noteSkipped(file: Elements, isOwn: boolean, report: Draft): void {
  const skip = (group: string, why: string, known: readonly string[] = []): void => {
    if (file.has(group) && !file.isGroup(group)) report.dropped.push({ what: group, count: 1, why });
    const keys = (file.isGroup(group) ? file.keys(group) : []).filter((k) => !known.includes(k));
    if (keys.length > 0)
      report.dropped.push({ what: `${group}: ${sample(keys, 12)}`, count: keys.length, why });
  };
  for (const group of [...(isOwn ? [] : ["obsp"]), "varm", "varp"])
    skip(group, "it is computed anew when needed");
  skip("uns", "notes of other tools are not read", ["spatial", "spatialdata_attrs", "tissular"]);
}
