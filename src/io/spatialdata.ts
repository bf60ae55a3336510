import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, positions, type Positions, selectCells, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { type Column, isCategorical, type Table, table, withColumns } from "../model/table.ts";
import { readElements } from "./anndata.ts";
import { below } from "./elements.ts";
import { type Geometry, moved } from "./geometry.ts";
import { readLabels } from "./labels.ts";
import { zarrPyramids } from "./multiscale.ts";
import { counted, type Draft, sample } from "./report.ts";
import type { Source } from "./source.ts";
import { readOwnImages } from "./spatialdata-images.ts";
import { nameOf, placementOf, readOtherShapes, readShapes } from "./spatialdata-shapes.ts";
import { IDENTITY, type Placement } from "./transforms.ts";
import type { ZarrTree } from "./zarr.ts";
import { object } from "./zarr-documents.ts";

/** Is this store a SpatialData (or a part of one)? */
export function isSpatialData(tree: ZarrTree): boolean {
  return "spatialdata_attrs" in tree.json("") || ["tables", "shapes", "points"].some((g) => tree.isGroup(g));
}

/**
 * Reads a SpatialData store: its table, placed by the elements that it annotates. Coordinates are those of the
 * table (obsm/spatial) or else centers of its shapes or labels, joined by region and instance key, taken
 * to the coordinate system "global".
 */
export async function readSpatialData(
  source: Source,
  root: string,
  tree: ZarrTree,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const path = chooseTable(tree, report);
  report.files.push(`${root}${path}`);
  const ds = await readElements(below(tree, path), path, values, report, run);
  const attrs = await annotation(tree, path);
  noteOthers(tree, report);
  const elements = await readRegions(source, root, tree, attrs.regions, ds, report, run);
  const rows = joinRows(ds, attrs, elements);
  const placed = place(ds, attrs, elements, rows, report);
  const pyramids = zarrPyramids(tree, report);
  const whole = dataset({
    ...placed,
    platform: placed.platform || "spatialdata",
    cells: withoutAdded(placed, tree),
    images: await readOwnImages(tree, report),
    shapes: { ...placed.shapes, ...(await readOtherShapes(source, root, tree, attrs.regions, report)) },
    ...(pyramids.length > 0 ? { pyramids } : {}),
  });
  return dropUnjoined(whole, attrs, report);
}

/** The columns of cells without those that our own writer added to join the table to its elements. */
function withoutAdded({ cells }: SpatialDataset, tree: ZarrTree): Table {
  const added = object(tree.json("")["tissular"])["added"];
  if (!Array.isArray(added)) return cells;
  return table(
    cells.ids,
    Object.fromEntries(Object.entries(cells.columns).filter(([name]) => !added.includes(name))),
  );
}

/** The one table, the one that is called "table", or the first; others are put aside. */
export function chooseTable(tree: ZarrTree, report: Draft): string {
  const folder = ["tables", "table"].find((g) => tree.isGroup(g) && tree.keys(g).length > 0);
  if (folder === undefined) {
    const there = ["points", "shapes", "labels", "images"].filter((g) => tree.isGroup(g));
    const list = there.map((g) => `${g} (${sample(tree.keys(g))})`).join(", ");
    throw new SpatialError(
      "not-found",
      `${tree.name} must hold a table of counts, but it has none: it has ${list === "" ? "nothing" : list}.`,
      {
        subject: tree.name,
        hint: "Add one, e.g. sdata.aggregate(values='transcripts', by='cell_boundaries', value_key='feature_name').",
      },
    );
  }
  const names = tree.keys(folder);
  const chosen = names.find((n) => n === "table") ?? names[0];
  for (const name of names)
    if (name !== chosen)
      report.dropped.push({ what: `table "${name}"`, count: 1, why: `"${chosen}" is read` });
  return `${folder}/${chosen}`;
}

/** Which elements a table annotates, and the columns that say so for each row. */
interface Annotation {
  readonly regions: readonly string[];
  readonly regionKey: string;
  readonly instanceKey: string;
}

async function annotation(tree: ZarrTree, path: string): Promise<Annotation> {
  const attrs = tree.json(path);
  const at = `${path}/uns/spatialdata_attrs`;
  const texts = async (key: string): Promise<readonly string[]> => {
    const own = attrs[key];
    if (typeof own === "string") return [own];
    if (Array.isArray(own)) return own.map(String);
    const noted = `${at}/${key}`;
    return tree.has(noted) && !tree.isGroup(noted) && tree.info(noted).type === "string"
      ? tree.strings(noted)
      : [];
  };
  return {
    regions: await texts("region"),
    regionKey: (await texts("region_key"))[0] ?? "",
    instanceKey: (await texts("instance_key"))[0] ?? "",
  };
}

/** What else the store has; molecules stay there. */
function noteOthers(tree: ZarrTree, report: Draft): void {
  for (const name of tree.isGroup("points") ? tree.keys("points") : []) {
    const why = "molecules stay in the store; the table has the counts";
    report.dropped.push({ what: `points "${name}"`, count: 1, why });
  }
}

/** An element that the table annotates: where its instances lie and where its coordinates go. */
interface Region {
  readonly name: string;
  readonly geometry: Geometry | null;
  readonly placement: Placement | null;
}

async function readRegions(
  source: Source,
  root: string,
  tree: ZarrTree,
  regions: readonly string[],
  ds: SpatialDataset,
  report: Draft,
  run: RunOptions,
): Promise<Region[]> {
  const found: Region[] = [];
  for (const name of regions) {
    const shapes = `shapes/${name}`;
    const labels = `labels/${name}`;
    let geometry: Geometry | null = null;
    let place: Placement | null = null;
    if (tree.isGroup(shapes)) {
      place = placementOf(tree, shapes);
      geometry = await readShapes(source, root, tree, shapes);
      report.files.push(`${root}${shapes}`);
      if (geometry.multiple > 0)
        report.warnings.push(
          `${counted(geometry.multiple, "shape")} of "${name}" have several parts; outlines show the largest.`,
        );
    } else if (tree.isGroup(labels)) {
      const found = await readLabels(tree, labels, ds.positions === null, report, run);
      geometry = found.geometry;
      place = found.placement;
      report.files.push(`${root}${labels}`);
    } else report.warnings.push(`The table describes "${name}", which is not in the store.`);
    if (place !== null && place.affine === null)
      report.warnings.push(
        `The way of "${name}" to "${place.system}" is of a kind that is not read; its own coordinates are kept.`,
      );
    else if (place !== null && place.system !== "global")
      report.warnings.push(`"${name}" has no way to "global"; it is placed in "${place.system}".`);
    const isMade = object(tree.json(shapes)["tissular"])["circles"] === true;
    const radius = isMade ? null : (geometry?.radius ?? null);
    found.push({ name: nameOf(tree, name), geometry: geometry && { ...geometry, radius }, placement: place });
  }
  return found;
}

/** For each observation its region (index, -1: none) and its instance there (-1: none). */
interface Rows {
  readonly region: Int32Array;
  readonly instance: Int32Array;
}

function joinRows(ds: SpatialDataset, attrs: Annotation, regions: readonly Region[]): Rows {
  const n = ds.cells.ids.length;
  const of = (key: string): ((i: number) => string) | null => {
    const column: Column | undefined = ds.cells.columns[key];
    if (column === undefined) return null;
    return isCategorical(column)
      ? (i) => column.categories[column.codes[i]] ?? ""
      : (i) => String((column as ArrayLike<number | string>)[i]);
  };
  const regionAt = of(attrs.regionKey);
  const instanceAt = of(attrs.instanceKey) ?? ((i: number): string => ds.cells.ids.at(i));
  const regionOf = new Map(attrs.regions.map((name, r) => [name, r]));
  const lookups = regions.map(({ geometry }) => new Map((geometry?.names ?? []).map((id, s) => [id, s])));
  const region = new Int32Array(n);
  const instance = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    region[i] = regionAt === null ? (regions.length === 1 ? 0 : -1) : (regionOf.get(regionAt(i)) ?? -1);
    instance[i] = region[i] < 0 ? -1 : (lookups[region[i]].get(instanceAt(i)) ?? -1);
  }
  return { region, instance };
}

function place(
  ds: SpatialDataset,
  attrs: Annotation,
  regions: readonly Region[],
  rows: Rows,
  report: Draft,
): SpatialDataset {
  const n = ds.cells.ids.length;
  const isJoined = regions.some(({ geometry }) => geometry !== null);
  if (ds.positions === null && !isJoined) {
    report.warnings.push("The table annotates no shapes or labels and has no coordinates of its own.");
    return ds;
  }
  const stride = ds.positions?.cols ?? 2;
  const own = ds.positions?.data ?? centroids(n, regions, rows);
  const affines = regions.map(({ placement }) => placement?.affine ?? IDENTITY);
  const data = own.slice();
  for (let i = 0; i < n; i++) {
    const affine = affines[rows.region[i]] ?? IDENTITY;
    data.set(moved(own.subarray(i * stride, (i + 1) * stride), affine, stride), i * stride);
  }
  const matched = rows.instance.reduce((sum, s) => sum + (s >= 0 ? 1 : 0), 0);
  if (isJoined)
    report.joined.push(
      `${attrs.regions.join(", ")} by ${attrs.instanceKey || "name"}: ${counted(matched, ds.observation)} of ${counted(n, ds.observation)}.`,
    );
  if (ds.positions === null) report.joined.push("Coordinates from the centers of shapes or labels.");
  const circles = regions.some(({ geometry }) => (geometry?.radius ?? null) !== null);
  const outlines: Record<string, Shapes> = {};
  for (const [r, { name, geometry }] of regions.entries()) {
    const shapes = geometry?.shapes ?? null;
    if (shapes === null) continue;
    outlines[name] = { ...shapes, coordinates: moved(shapes.coordinates, affines[r]) };
    report.found.push(`${counted(shapes.ids.length, "outline")} in "${name}".`);
  }
  const columns: Record<string, Column> = circles
    ? {
        radius: Float64Array.from(
          rows.instance,
          (s, i) => regions[rows.region[i]]?.geometry?.radius?.[s] ?? NaN,
        ),
      }
    : {};
  return dataset({
    ...ds,
    observation:
      ds.observation === "cell" && circles && "array_row" in ds.cells.columns ? "spot" : ds.observation,
    cells: withColumns(ds.cells, columns),
    positions: { ...scaled(ds.positions, regions, affines[0] ?? IDENTITY, report), ...shape(data, stride) },
    shapes: outlines,
  });
}

function shape(data: Float64Array, stride: number): Pick<Positions, "kind" | "rows" | "cols" | "data"> {
  const { kind, rows, cols } = positions(data, "px", null, stride as 2 | 3);
  return { kind, rows, cols, data };
}

function centroids(n: number, regions: readonly Region[], rows: Rows): Float64Array {
  const out = new Float64Array(2 * n).fill(NaN);
  for (let i = 0; i < n; i++) {
    const s = rows.instance[i];
    const from = s < 0 ? null : (regions[rows.region[i]].geometry?.centroids ?? null);
    if (from !== null) out.set(from.subarray(2 * s, 2 * s + 2), 2 * i);
  }
  return out;
}

/** The unit of "global": micrometres if the store says so, else steps of unknown size, or the scale known before, taken along. */
function scaled(
  before: Positions | null,
  regions: readonly Region[],
  [a, b, , d, e]: readonly number[],
  report: Draft,
): Pick<Positions, "unit" | "micronsPerUnit"> {
  if (regions.some(({ placement }) => placement?.isMicrons)) return { unit: "um", micronsPerUnit: 1 };
  const step = Math.sqrt(Math.abs(a * e - b * d));
  if (before !== null && before.unit !== "px" && step === 1) return before;
  if (before !== null && before.micronsPerUnit !== null)
    return { unit: step === 1 ? before.unit : "px", micronsPerUnit: before.micronsPerUnit / step };
  report.warnings.push("The store does not say what a step of its coordinates is.");
  return { unit: "px", micronsPerUnit: null };
}

function dropUnjoined(ds: SpatialDataset, attrs: Annotation, report: Draft): SpatialDataset {
  if (ds.positions === null) return ds;
  const { data, rows, cols } = ds.positions;
  const kept: number[] = [];
  for (let i = 0; i < rows; i++)
    if (data.subarray(i * cols, (i + 1) * cols).every(Number.isFinite)) kept.push(i);
  if (kept.length === rows) return ds;
  const where = attrs.regions.join(", ");
  if (kept.length === 0) {
    throw new SpatialError("join", `No row of the table has a place in ${where || "any element"}.`, {
      subject: where || "tables",
      hint: `The column "${attrs.instanceKey}" of the table must name the instances of the elements.`,
    });
  }
  report.dropped.push({ what: ds.observation, count: rows - kept.length, why: `no place in ${where}` });
  return selectCells(ds, kept);
}
