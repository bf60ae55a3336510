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
import { type Column, idList, ids, isCategorical, selectTable, type Table, table } from "../model/table.ts";
import { GENES, noteRepeats } from "./assemble.ts";
import { encoding, readFrame, readMatrix } from "./elements.ts";
import { type H5File, withHdf5 } from "./hdf5.ts";
import { encodePng } from "./images.ts";
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

/** Reads an h5ad file in anndata's current encoding (and what is alike in older ones). */
export async function readAnndata(
  source: Source,
  name: string,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(name);
  return withHdf5(source, name, async (file) => {
    const cells = readFrame(file, "obs", report);
    const genes = namedGenes(readFrame(file, "var", report));
    checkIds(cells, name);
    noteRepeats(genes, report);
    const matrices = await readExpression(file, values, cells.ids.length, genes.ids.length, report, run);
    const spatial = readSpatial(file, cells, report);
    const images = await readImages(file, report);
    const own = ownNotes(file);
    const observation =
      own.observation ??
      (images.length > 0 || "array_row" in cells.columns || file.has("uns/spatial") ? "spot" : "cell");
    report.found.unshift(
      `${counted(genes.ids.length, "gene")} x ${counted(cells.ids.length, observation)} from ${name}.`,
    );
    noteSkipped(file, report);
    const split = splitKinds(genes, matrices, report);
    const whole = dataset({
      platform: own.platform ?? "h5ad",
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
      embeddings: readEmbeddings(file, cells.ids.length, report),
    });
    return dropUnplaced(whole, report);
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
  file: H5File,
  values: Values | undefined,
  n: number,
  p: number,
  report: Draft,
  run: RunOptions,
): Promise<Matrices> {
  const found: Matrices = { counts: null, layers: {} };
  const load = async (path: string): Promise<Sparse | Dense> => {
    const x = await readMatrix(file, path, report, run);
    if (x.rows !== n || x.cols !== p) {
      throw new SpatialError(
        "format",
        `"${path}" of ${file.name} must be ${n} x ${p}, found ${x.rows} x ${x.cols}.`,
        {
          subject: file.name,
        },
      );
    }
    return x;
  };
  const packed = (x: Sparse | Dense, kind: Values): Expression<Sparse> | Expression<Dense> =>
    kind === "scaled" || x.kind === "sparse"
      ? (expression(x, kind) as Expression<Sparse>)
      : expression(toSparse(x), kind);
  if (file.has("X") && !(encoding(file, "X") === "null")) {
    const x = await load("X");
    const inferred = inferValues(x);
    const kind = values ?? inferred;
    if (kind !== inferred) report.warnings.push(`X looks like ${inferred}; it is taken as ${kind} as asked.`);
    if (kind === "counts") found.counts = packed(x, kind) as Expression<Sparse>;
    else {
      found.layers[kind] = packed(x, kind);
      report.found.push(`X holds ${kind} values.`);
    }
  }
  for (const name of file.has("layers") ? file.keys("layers") : []) {
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
  if (found.counts === null && Object.keys(found.layers).length === 0) {
    throw new SpatialError(
      "format",
      `${file.name} must hold expression values in X or a layer, found none.`,
      {
        subject: file.name,
      },
    );
  }
  if (found.counts === null)
    report.warnings.push("The file holds no counts: what needs counts cannot be done.");
  return found;
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

function readSpatial(file: H5File, cells: Table, report: Draft): Positions | null {
  const path = ["obsm/spatial", "obsm/X_spatial"].find((p) => file.has(p) && !file.isGroup(p));
  if (path === undefined) {
    report.warnings.push("There are no coordinates (obsm/spatial).");
    return null;
  }
  const { shape } = file.info(path);
  const dimensions = shape?.[1];
  if (dimensions !== 2 && dimensions !== 3) {
    throw new SpatialError(
      "format",
      `"${path}" of ${file.name} must have 2 or 3 columns, found ${dimensions ?? 1}.`,
      {
        subject: file.name,
      },
    );
  }
  const data = Float64Array.from(file.numbers(path));
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
  report.joined.push(`Coordinates from ${path}, row by row.`);
  return positions(data, "px", scale, dimensions);
}

function readEmbeddings(file: H5File, n: number, report: Draft): Record<string, Dense> {
  const found: Record<string, Dense> = {};
  for (const key of file.has("obsm") ? file.keys("obsm") : []) {
    if (key === "spatial" || key === "X_spatial" || file.has(`${OWN_FEATURES}/${key}`)) continue;
    const info = file.isGroup(`obsm/${key}`) ? null : file.info(`obsm/${key}`);
    if (
      info === null ||
      info.shape?.length !== 2 ||
      info.shape[0] !== n ||
      (info.type !== "float" && info.type !== "integer")
    ) {
      report.dropped.push({ what: `obsm "${key}"`, count: 1, why: "it is no matrix of numbers" });
      continue;
    }
    found[key.replace(/^X_/, "")] = dense(n, info.shape[1], file.floats(`obsm/${key}`));
  }
  return found;
}

/** The tissue images of uns/spatial as PNG. */
async function readImages(file: H5File, report: Draft): Promise<Image[]> {
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
      const scale = file.has(factor) ? Number(file.numbers(factor)[0]) : NaN;
      const pixels = scale > 0 ? readPixels(file, `${at}/images/${name}`) : "it has no scale factor";
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

function readPixels(
  file: H5File,
  path: string,
): { width: number; height: number; data: Uint8Array } | string {
  const info = file.info(path);
  const [height, width, channels] = info.shape ?? [];
  if (info.shape?.length !== 3 || info.length === 0 || channels < 3) return "it is empty or no color image";
  const values = file.numbers(path);
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
function ownNotes(file: H5File): {
  platform?: string;
  observation?: SpatialDataset["observation"];
  unit?: Positions["unit"];
  microns: number | null;
} {
  const text = (key: string): string | undefined =>
    file.has(`uns/tissular/${key}`) ? file.strings(`uns/tissular/${key}`)[0] : undefined;
  const microns = file.has("uns/tissular/microns_per_unit")
    ? file.numbers("uns/tissular/microns_per_unit")[0]
    : null;
  return {
    platform: text("platform"),
    observation: text("observation") as SpatialDataset["observation"] | undefined,
    unit: text("unit") as Positions["unit"] | undefined,
    microns,
  };
}

const OWN_FEATURES = "uns/tissular/features";

/** Features of other kinds as our own writer keeps them: values in obsm, names in its notes. */
async function ownFeatures(
  file: H5File,
  report: Draft,
  run: RunOptions,
): Promise<Record<string, FeatureSet>> {
  const found: Record<string, FeatureSet> = {};
  for (const kind of file.has(OWN_FEATURES) ? file.keys(OWN_FEATURES) : []) {
    const x = await readMatrix(file, `obsm/${kind}`, report, run);
    const values = x.kind === "sparse" ? x : toSparse(x);
    const rows = ids(file.strings(`${OWN_FEATURES}/${kind}/ids`));
    found[kind] = {
      values: expression(values, inferValues(values)),
      table: table(rows, { name: file.strings(`${OWN_FEATURES}/${kind}/names`) }),
    };
    report.found.push(`${counted(rows.length, "feature")} of kind "${kind}", kept apart from genes.`);
  }
  return found;
}

function noteSkipped(file: H5File, report: Draft): void {
  if (file.has("raw"))
    report.dropped.push({ what: "raw", count: 1, why: "it has genes of its own; X and the layers are read" });
  const skip = (group: string, why: string, known: readonly string[] = []): void => {
    const keys = (file.has(group) ? file.keys(group) : []).filter((k) => !known.includes(k));
    if (keys.length > 0)
      report.dropped.push({ what: `${group}: ${sample(keys, 12)}`, count: keys.length, why });
  };
  for (const group of ["obsp", "varm", "varp"]) skip(group, "it is computed anew when needed");
  skip("uns", "notes of other tools are not read", ["spatial", "tissular"]);
}
