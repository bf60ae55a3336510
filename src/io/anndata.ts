import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import {
  dataset,
  type FeatureSet,
  positions,
  type Positions,
  type SpatialDataset,
} from "../model/dataset.ts";
import type { Image } from "../model/image.ts";
import {
  type Dense,
  dense,
  type Expression,
  expression,
  inferValues,
  selectColumns,
  type Sparse,
  toSparse,
  type Values,
} from "../model/matrix.ts";
import {
  type Column,
  idList,
  ids,
  isCategorical,
  selectTable,
  type Ids,
  type Table,
  table,
} from "../model/table.ts";
import { checkSigns, GENES, noteRepeats } from "./assemble.ts";
import { type Elements, encoding, matrixShape, readFrame, readMatrix } from "./elements.ts";
import { withHdf5 } from "./hdf5.ts";
import { encodePng } from "./images.ts";
import { unpackLzf } from "./lzf.ts";
import { dropUnplaced } from "./positions.ts";
import { counted, type Draft, sample } from "./report.ts";
import type { Source } from "./source.ts";
import { micronsPerPixel } from "./visium.ts";

const SYMBOLS = [
  "name",
  "gene_symbol",
  "gene_symbols",
  "gene_name",
  "gene_names",
  "symbol",
  "feature_name",
  "SYMBOL",
];
const GENE_IDS = ["gene_ids", "gene_id", "ensembl_id", "ensembl", "feature_id", "ENSEMBL"];

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
  const cells = await readFrame(file, "obs", report);
  const genes = namedGenes(await readFrame(file, "var", report));
  checkIds(cells, name);
  noteRepeats(genes, report);
  const matrices = await readExpression(file, values, cells.ids.length, genes.ids, report, run);
  const spatial = await readSpatial(file, cells, report);
  const images = await readImages(file, report);
  const own = await ownNotes(file);
  const observation =
    own.observation ??
    (images.length > 0 || "array_row" in cells.columns || file.has("uns/spatial") ? "spot" : "cell");
  report.found.unshift(
    `${counted(genes.ids.length, "gene")} x ${counted(cells.ids.length, observation)} from ${name}.`,
  );
  noteSkipped(file, report);
  const split = splitKinds(genes, matrices, report);
  return dataset({
    platform: own.platform ?? "",
    observation,
    cells,
    ...split,
    features: { ...split.features, ...(await ownFeatures(file, report, run)) },
    positions: spatial && {
      ...spatial,
      unit: own.unit ?? spatial.unit,
      micronsPerUnit: own.unit ? own.microns : spatial.micronsPerUnit,
    },
    images,
    embeddings: await readEmbeddings(file, cells.ids.length, report),
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

/** Ids and the column `name`: var's index holds one of them, a column perhaps the other. */
export function namedGenes(frame: Table): Table {
  const texts = (names: readonly string[]): [string, readonly string[]] | null => {
    for (const name of names) {
      const column = name in frame.columns ? textOf(frame.columns[name]) : null;
      if (column !== null) return [name, column];
    }
    return null;
  };
  const index = idList(frame.ids);
  const symbols = texts(SYMBOLS);
  if (symbols !== null) {
    const { [symbols[0]]: _, ...rest } = frame.columns;
    return table(frame.ids, { name: symbols[1].map((s, j) => s || index[j]), ...rest });
  }
  const geneIds = texts(GENE_IDS);
  if (geneIds !== null && new Set(geneIds[1]).size === index.length) {
    const { [geneIds[0]]: _, ...rest } = frame.columns;
    return table(ids(geneIds[1]), { name: index, ...rest });
  }
  return table(frame.ids, { name: index, ...frame.columns });
}

function textOf(column: Column): readonly string[] | null {
  if (isCategorical(column)) return Array.from(column.codes, (c) => (c < 0 ? "" : column.categories[c]));
  return Array.isArray(column) ? (column as readonly string[]) : null;
}

interface Matrices {
  counts: Expression<Sparse> | null;
  readonly layers: Record<string, Expression<Sparse> | Expression<Dense>>;
}

/** X and the layers: whole numbers from 0 called "counts" become the counts, X goes where its values say. */
async function readExpression(
  file: Elements,
  values: Values | undefined,
  n: number,
  genes: Ids,
  report: Draft,
  run: RunOptions,
): Promise<Matrices> {
  const p = genes.length;
  const found: Matrices = { counts: null, layers: {} };
  const load = async (path: string): Promise<Sparse | Dense> => {
    const [rows, cols] = matrixShape(file, path);
    if (rows !== n || cols !== p) {
      throw new SpatialError(
        "format",
        `"${path}" of ${file.name} must be ${n} x ${p}, found ${rows} x ${cols}.`,
        { subject: file.name },
      );
    }
    return readMatrix(file, path, report, run);
  };
  const packed = (x: Sparse | Dense, kind: Values): Expression<Sparse> | Expression<Dense> =>
    kind === "scaled" || x.kind === "sparse"
      ? (expression(x, kind) as Expression<Sparse>)
      : expression(toSparse(x), kind);
  if (file.has("X") && !(encoding(file, "X") === "null")) {
    const x = await load("X");
    const inferred = inferValues(x);
    const kind = values ?? inferred;
    checkSigns(kind, inferred);
    if (kind !== inferred) report.warnings.push(`X looks like ${inferred}; it is taken as ${kind} as asked.`);
    if (kind === "counts") found.counts = packed(x, kind) as Expression<Sparse>;
    else {
      found.layers[kind] = packed(x, kind);
      report.found.push(`X holds ${kind} values.`);
    }
  }
  for (const name of file.isGroup("layers") ? file.keys("layers") : []) {
    if (!isMatrix(file, `layers/${name}`)) {
      report.dropped.push({ what: `layer "${name}"`, count: 1, why: "it is no matrix of numbers" });
      continue;
    }
    const x = await load(`layers/${name}`);
    const kind = inferValues(x);
    if (kind === "counts" && found.counts === null && /count|raw/i.test(name)) {
      found.counts = packed(x, kind) as Expression<Sparse>;
      report.found.push(`Counts from layer "${name}".`);
    } else {
      found.layers[name in found.layers ? `layer_${name}` : name] = packed(x, kind);
      report.found.push(`Layer "${name}" holds ${kind} values.`);
    }
  }
  const raw = found.counts === null ? await readRaw(file, n, genes, report, run) : null;
  if (raw !== null) {
    const kind = inferValues(raw);
    if (kind === "counts") found.counts = packed(raw, kind) as Expression<Sparse>;
    else found.layers[kind in found.layers ? "raw" : kind] = packed(raw, kind);
    report.found.push(`raw, over the same genes, holds ${kind} values.`);
  } else if (found.counts !== null && rawOf(file) !== null)
    report.dropped.push({ what: "raw", count: 1, why: "the counts are taken from X or a layer" });
  if (found.counts === null && Object.keys(found.layers).length === 0) {
    throw new SpatialError(
      "format",
      `${file.name} must hold expression values in X or a layer, found ${file.has("X") ? "an empty X" : "no X"} and no layers.`,
      { subject: file.name, hint: "It describes observations only: give the file that has the matrix." },
    );
  }
  if (found.counts === null)
    report.warnings.push("The file holds no counts: what needs counts cannot be done.");
  return found;
}

/** Whether an element says or shows that it is a matrix. */
function isMatrix(file: Elements, path: string): boolean {
  if (file.isGroup(path)) return /^cs[rc]/.test(encoding(file, path));
  const { type, shape } = file.info(path);
  return shape?.length === 2 && type !== "string" && type !== "other";
}

/** Where the matrix and the genes of `raw` stand: in a group, or (anndata before 0.7) beside X. */
function rawOf(file: Elements): { readonly x: string; readonly genes: string } | null {
  const at = ["raw/", "raw."].find((start) => file.has(`${start}X`) && file.has(`${start}var`));
  return at === undefined ? null : { x: `${at}X`, genes: `${at}var` };
}

/** The matrix of `raw`, if it has the genes of X; else it is put aside, and the report says why. */
async function readRaw(
  file: Elements,
  n: number,
  genes: Ids,
  report: Draft,
  run: RunOptions,
): Promise<Sparse | Dense | null> {
  const raw = rawOf(file);
  if (raw === null) return null;
  const aside = (why: string): null => {
    report.dropped.push({ what: "raw", count: 1, why });
    return null;
  };
  if (!isMatrix(file, raw.x)) return aside("it is no matrix of numbers");
  const names = namedGenes(await readFrame(file, raw.genes, report)).ids;
  if (names.length !== genes.length || !idList(genes).every((id, j) => id === names.at(j)))
    return aside(`its ${counted(names.length, "gene")} are not the ${genes.length} of X`);
  const matrix = await readMatrix(file, raw.x, report, run);
  if (matrix.rows !== n || matrix.cols !== genes.length)
    return aside(`it is ${matrix.rows} x ${matrix.cols}, not ${n} x ${genes.length}`);
  return matrix;
}

/** Genes and features of other kinds apart, where var says what each row is. */
function splitKinds(
  all: Table,
  matrices: Matrices,
  report: Draft,
): Pick<SpatialDataset, "genes" | "counts" | "layers" | "features"> {
  const column = all.columns["feature_types"] ?? all.columns["feature_type"];
  const kinds = column === undefined ? null : textOf(column);
  const names = [...new Set(kinds ?? [])];
  if (kinds === null || names.length < 2 || !names.includes(GENES))
    return { genes: all, counts: matrices.counts, layers: matrices.layers, features: {} };
  const rowsOf = (kind: string): number[] => kinds.flatMap((k, j) => (k === kind ? [j] : []));
  const genes = rowsOf(GENES);
  const features: Record<string, FeatureSet> = {};
  for (const kind of names) {
    if (kind === GENES || matrices.counts === null) continue;
    const rows = rowsOf(kind);
    features[kind] = { values: selectColumns(matrices.counts, rows), table: selectTable(all, rows) };
    report.found.push(`${counted(rows.length, "feature")} of kind "${kind}", kept apart from genes.`);
  }
  return {
    genes: selectTable(all, genes),
    counts: matrices.counts && selectColumns(matrices.counts, genes),
    layers: Object.fromEntries(Object.entries(matrices.layers).map(([k, v]) => [k, selectColumns(v, genes)])),
    features,
  };
}

/** The matrices of obsm by name, without reading them; null for what is none. */
interface Obsm {
  readonly cols: number;
  readonly read: () => Promise<Float64Array | Float32Array | Int32Array | Uint8Array>;
}

async function listObsm(file: Elements, n: number): Promise<Map<string, Obsm | null>> {
  const found = new Map<string, Obsm | null>();
  if (!file.has("obsm")) return found;
  if (!file.isGroup("obsm")) {
    for (const [key, values] of Object.entries(await file.records("obsm"))) {
      const isNumbers = ArrayBuffer.isView(values) && n > 0 && values.length % n === 0;
      found.set(key, isNumbers ? { cols: values.length / n, read: async () => values } : null);
    }
    return found;
  }
  for (const key of file.keys("obsm")) {
    const info = file.isGroup(`obsm/${key}`) ? null : file.info(`obsm/${key}`);
    const isNumbers = info?.shape?.length === 2 && (info.type === "float" || info.type === "integer");
    const [rows, cols] = info?.shape ?? [];
    const read = async (): ReturnType<Obsm["read"]> => file.numbers(`obsm/${key}`);
    found.set(key, isNumbers && rows === n ? { cols, read } : null);
  }
  return found;
}

const SPATIAL = ["spatial", "X_spatial"];

async function readSpatial(file: Elements, cells: Table, report: Draft): Promise<Positions | null> {
  const obsm = await listObsm(file, cells.ids.length);
  const path = SPATIAL.find((key) => obsm.has(key));
  if (path === undefined) return null;
  const found = obsm.get(path) ?? null;
  if (found === null || (found.cols !== 2 && found.cols !== 3)) {
    throw new SpatialError(
      "format",
      `"obsm/${path}" of ${file.name} must be ${cells.ids.length} x 2 or 3 numbers, but it is not.`,
      { subject: file.name },
    );
  }
  const dimensions = found.cols as 2 | 3;
  const data = Float64Array.from(await found.read());
  const take = (axis: number): Float64Array =>
    Float64Array.from({ length: cells.ids.length }, (_, i) => data[i * dimensions + axis]);
  const hasArray = "array_row" in cells.columns && "array_col" in cells.columns;
  const scale = hasArray
    ? micronsPerPixel(
        {
          subject: file.name,
          ids: [],
          x: take(0),
          y: take(1),
          unit: "px",
          micronsPerUnit: null,
          columns: cells.columns,
        },
        report,
      )
    : null;
  report.joined.push(`Coordinates from obsm/${path}, row by row.`);
  return positions(data, "px", scale, dimensions);
}

async function readEmbeddings(file: Elements, n: number, report: Draft): Promise<Record<string, Dense>> {
  const found: Record<string, Dense> = {};
  for (const [key, obsm] of await listObsm(file, n)) {
    if (SPATIAL.includes(key) || file.has(`${OWN_FEATURES}/${key}`)) continue;
    if (obsm === null)
      report.dropped.push({ what: `obsm "${key}"`, count: 1, why: "it is no matrix of numbers" });
    else found[key.replace(/^X_/, "")] = dense(n, obsm.cols, Float32Array.from(await obsm.read()));
  }
  return found;
}

/** Values of the largest image that is read: 11,500 x 11,500 pixels in three colors. */
const LARGEST_IMAGE = 400_000_000;

/** The tissue images of uns/spatial as PNG. */
async function readImages(file: Elements, report: Draft): Promise<Image[]> {
  const libraries = file.isGroup("uns/spatial") ? file.keys("uns/spatial") : [];
  if (libraries.length > 1) {
    report.dropped.push({
      what: "images",
      count: libraries.length,
      why: "those of several samples cannot be told apart yet",
    });
    return [];
  }
  const images: Image[] = [];
  for (const library of libraries) {
    const at = `uns/spatial/${library}`;
    if (!file.isGroup(`${at}/images`)) continue;
    for (const name of file.keys(`${at}/images`)) {
      const factor = `${at}/scalefactors/tissue_${name}_scalef`;
      const scale = file.has(factor) ? Number((await file.numbers(factor))[0]) : NaN;
      const pixels = scale > 0 ? await readPixels(file, `${at}/images/${name}`) : "it has no scale factor";
      if (typeof pixels === "string") report.dropped.push({ what: `image "${name}"`, count: 1, why: pixels });
      else {
        const encoded = { type: "image/png", bytes: await encodePng(pixels) } as const;
        images.push({ kind: "image", name, width: pixels.width, height: pixels.height, encoded, scale });
        report.found.push(`Image ${name}, ${pixels.width} x ${pixels.height} pixels.`);
      }
    }
  }
  return images;
}

async function readPixels(
  file: Elements,
  path: string,
): Promise<{ width: number; height: number; data: Uint8Array } | string> {
  const info = file.info(path);
  const [height, width, channels] = info.shape ?? [];
  if (info.shape?.length !== 3 || info.length === 0 || channels < 3) return "it is empty or no color image";
  if (info.length > LARGEST_IMAGE) return `it has ${width} x ${height} pixels, too many to hold in memory`;
  const values = await file.numbers(path);
  const unit = info.type === "float";
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const v = unit ? values[i * channels + c] * 255 : values[i * channels + c];
      if (!(v >= -0.5 && v < 255.5)) return "its values are no colors";
      data[3 * i + c] = Math.round(v);
    }
  }
  return { width, height, data };
}

/** What our own writer noted, so that a file reads back as the same kind of sample. */
async function ownNotes(file: Elements): Promise<{
  readonly platform: string | undefined;
  readonly observation: SpatialDataset["observation"] | undefined;
  readonly unit: Positions["unit"] | undefined;
  readonly microns: number | null;
}> {
  const text = async (key: string): Promise<string | undefined> =>
    file.has(`uns/tissular/${key}`) ? (await file.strings(`uns/tissular/${key}`))[0] : undefined;
  const microns = "uns/tissular/microns_per_unit";
  return {
    platform: await text("platform"),
    observation: (await text("observation")) as SpatialDataset["observation"] | undefined,
    unit: (await text("unit")) as Positions["unit"] | undefined,
    microns: file.has(microns) ? (await file.numbers(microns))[0] : null,
  };
}

const OWN_FEATURES = "uns/tissular/features";

/** Features of other kinds as our own writer keeps them: values in obsm, names in its notes. */
async function ownFeatures(
  file: Elements,
  report: Draft,
  run: RunOptions,
): Promise<Record<string, FeatureSet>> {
  const found: Record<string, FeatureSet> = {};
  for (const kind of file.has(OWN_FEATURES) ? file.keys(OWN_FEATURES) : []) {
    const x = await readMatrix(file, `obsm/${kind}`, report, run);
    const values = x.kind === "sparse" ? x : toSparse(x);
    const rows = ids(await file.strings(`${OWN_FEATURES}/${kind}/ids`));
    found[kind] = {
      values: expression(values, inferValues(values)),
      table: table(rows, { name: await file.strings(`${OWN_FEATURES}/${kind}/names`) }),
    };
    report.found.push(`${counted(rows.length, "feature")} of kind "${kind}", kept apart from genes.`);
  }
  return found;
}

function noteSkipped(file: Elements, report: Draft): void {
  const skip = (group: string, why: string, known: readonly string[] = []): void => {
    if (file.has(group) && !file.isGroup(group)) report.dropped.push({ what: group, count: 1, why });
    const keys = (file.isGroup(group) ? file.keys(group) : []).filter((k) => !known.includes(k));
    if (keys.length > 0)
      report.dropped.push({ what: `${group}: ${sample(keys, 12)}`, count: keys.length, why });
  };
  for (const group of ["obsp", "varm", "varp"]) skip(group, "it is computed anew when needed");
  skip("uns", "notes of other tools are not read", ["spatial", "spatialdata_attrs", "tissular"]);
}
