import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Shapes } from "../model/shapes.ts";
import { isPoint, moved, parseWkb } from "./geometry.ts";
import { type H5File, withHdf5 } from "./hdf5.ts";
import { mosaicTransform } from "./merscope-mosaic.ts";
import { asNumbers, asTexts, openParquet, type ParquetFile } from "./parquet.ts";
import { type Part, type ShapeBuilder, shapeBuilder } from "./polygons.ts";
import { counted, type Draft, sample } from "./report.ts";
import type { Source } from "./source.ts";

/** Where a segmentation keeps the outlines of its cells: one table, or a file for each field of view. */
export interface OutlineFiles {
  readonly kind: "parquet" | "hdf5";
  readonly names: readonly string[];
  /** Are they in pixels of the mosaic instead of micrometres? */
  readonly mosaic: boolean;
}

/**
 * The outlines that belong to a `cell_by_gene` of that prefix and suffix: a table of its own name, else the only table of
 * that folder (the vendor's tool names it after the method), else files of fields of view, else a table in pixels.
 */
export function findOutlines(
  source: Source,
  folder: string,
  prefix: string,
  suffix: string,
  report: Draft,
): OutlineFiles | null {
  const inside = source.names.filter((n) => n.startsWith(folder) && !n.slice(folder.length).includes("/"));
  const tables = (ending: string): OutlineFiles | null => {
    const own = `${folder}${prefix}${ending}${suffix}.parquet`;
    const named = inside.filter((n) => n.endsWith(`${ending}${suffix}.parquet`));
    if (named.length > 1 && !named.includes(own)) {
      report.warnings.push(
        `Outlines are in ${sample(named)}: which belong to ${prefix}cell_by_gene${suffix} cannot be told, so none were read.`,
      );
      return null;
    }
    const name = named.includes(own) ? own : named[0];
    return name === undefined ? null : { kind: "parquet", names: [name], mosaic: ending === "mosaic_space" };
  };
  const fields = new RegExp(`^cell_boundaries${suffix}/[^/]*\\.hdf5$`);
  const names = source.names.filter((n) => n.startsWith(folder) && fields.test(n.slice(folder.length)));
  return (
    tables("cell_boundaries") ??
    tables("micron_space") ??
    (names.length > 0 ? { kind: "hdf5", names, mosaic: false } : tables("mosaic_space"))
  );
}

/** Outlines on one plane, and what was left out. */
interface Found {
  readonly shapes: ShapeBuilder;
  /** The plane that was taken; null where the outlines have none. */
  readonly plane: number | null;
  /** Outlines of other planes, and of no polygon. */
  readonly elsewhere: number;
  readonly empty: number;
}

/**
 * Reads the outlines of cells in micrometres. Instruments write the same outline on each of seven planes, or each plane's own:
 * the middle plane is taken. Of a cell in several pieces the largest is kept.
 */
export async function readOutlines(
  source: Source,
  files: OutlineFiles,
  folder: string,
  isCell: (id: string) => boolean,
  report: Draft,
  run: RunOptions,
): Promise<Shapes | null> {
  const what = files.names.length === 1 ? files.names[0] : counted(files.names.length, "file");
  const transform = files.mosaic ? await mosaicTransform(source, folder) : null;
  if (files.mosaic && transform === null) {
    report.warnings.push(
      `${what} has outlines in pixels, and no images/micron_to_mosaic_pixel_transform.csv: they were not read.`,
    );
    return null;
  }
  report.files.push(...files.names);
  const found = await (files.kind === "parquet"
    ? fromParquet(source, files.names[0], run)
    : fromHdf5(source, files.names, run));
  const read = found.shapes.finish();
  const shapes = transform ? { ...read, coordinates: moved(read.coordinates, transform.toMicrons) } : read;
  const drop = (count: number, why: string): void => {
    if (count > 0) report.dropped.push({ what: "outline", count, why });
  };
  const plane = found.plane === null ? "" : ` on plane ${found.plane}`;
  drop(found.elsewhere, `on other planes than ${found.plane}, the middle one`);
  drop(found.empty, "not a polygon");
  let known = 0;
  for (let s = 0; s < shapes.ids.length; s++) if (isCell(shapes.ids.at(s))) known++;
  if (known === 0) {
    drop(shapes.ids.length, `no cell has the ids of ${what}`);
    return null;
  }
  report.found.push(`${counted(shapes.ids.length, "outline")}${plane} from ${what}.`);
  if (found.shapes.multiple() > 0)
    report.warnings.push(
      `${counted(found.shapes.multiple(), "outline")} of several pieces: the largest of each is kept.`,
    );
  return shapes;
}

/** The middle of the planes that there are; of an even number the upper one. */
export function middle(planes: ReadonlySet<number>): number | null {
  const sorted = [...planes].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}

async function fromParquet(source: Source, name: string, run: RunOptions): Promise<Found> {
  const file = await openParquet(source, name);
  const column = (wanted: string): string | undefined => file.columns.find((c) => c.toLowerCase() === wanted);
  const [id, z, shape] = ["entityid", "zindex", "geometry"].map(column);
  if (id === undefined || shape === undefined) {
    throw new SpatialError(
      "format",
      `${name} must have the columns EntityID and Geometry, found ${sample(file.columns, 12)}.`,
      { subject: name },
    );
  }
  const plane = z === undefined ? null : middle(await planesOf(file, z, run));
  const shapes = shapeBuilder();
  let [elsewhere, empty] = [0, 0];
  for await (const group of file.groups(z === undefined ? [id, shape] : [id, shape, z], run)) {
    const planes = z === undefined ? null : asNumbers(group[z]);
    const names = asTexts(group[id]);
    for (let i = 0; i < names.length; i++) {
      if (planes !== null && plane !== null && planes[i] !== plane) elsewhere++;
      else {
        const value = group[shape][i];
        const parts = value instanceof Uint8Array ? parseWkb(value, name) : [];
        if (isPoint(parts) || parts.length === 0) empty++;
        else shapes.add(names[i], parts);
      }
    }
  }
  return { shapes, plane, elsewhere, empty };
}

async function planesOf(file: ParquetFile, column: string, run: RunOptions): Promise<Set<number>> {
  const planes = new Set<number>();
  for await (const group of file.groups([column], run))
    for (const z of asNumbers(group[column])) if (!Number.isNaN(z)) planes.add(z);
  return planes;
}

async function fromHdf5(source: Source, names: readonly string[], run: RunOptions): Promise<Found> {
  const shapes = shapeBuilder();
  let plane: number | null = null;
  let [elsewhere, empty] = [0, 0];
  // These files are small and have very many groups: each is read whole, not by parts.
  const whole: Source = { ...source, open: () => null };
  for (const [k, name] of names.entries()) {
    checkAborted(run.signal);
    await withHdf5(whole, name, (file) => {
      const cells = file.has("featuredata") ? file.keys("featuredata") : [];
      const planesOfCells = cells.map((cell) =>
        file.keys(`featuredata/${cell}`).flatMap((key) => /^zIndex_(\d+)$/.exec(key)?.slice(1) ?? []),
      );
      plane ??= middle(new Set(planesOfCells.flat().map(Number)));
      cells.forEach((cell, c) => {
        const own = planesOfCells[c].find((z) => Number(z) === plane);
        elsewhere += planesOfCells[c].length - (own === undefined ? 0 : 1);
        if (own === undefined) return;
        const path = `featuredata/${cell}/zIndex_${own}`;
        const parts = file
          .keys(path)
          .filter((key) => /^p_\d+$/.test(key))
          .map((key) => ringsOf(file, `${path}/${key}/coordinates`, name));
        if (parts.length === 0) empty++;
        else shapes.add(cell, parts);
      });
    });
    run.onProgress?.({ step: "read", fraction: (k + 1) / names.length });
    await breathe();
  }
  return { shapes, plane, elsewhere, empty };
}

/** One polygon: rings x corners x 2, the first ring its outline. */
function ringsOf(file: H5File, path: string, name: string): Part {
  const shape = file.info(path).shape ?? [];
  const [rings, corners] = shape.length === 2 ? [1, shape[0]] : shape;
  if (shape.at(-1) !== 2 || shape.length > 3 || corners === undefined) {
    throw new SpatialError(
      "format",
      `"${path}" of ${name} must hold rings of x and y, found ${shape.join(" x ")}.`,
      { subject: name },
    );
  }
  const values = file.numbers(path);
  return Array.from({ length: rings }, (_, r) => values.subarray(2 * corners * r, 2 * corners * (r + 1)));
}
