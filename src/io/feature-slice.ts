import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, positions, type Positions, selectCells, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { squareBinIds } from "../model/square-bins.ts";
import { table } from "../model/table.ts";
import { featureTable, noteRepeats, place } from "./assemble.ts";
import { type PlacedCounts, pause, type SquareBins, sumSquares } from "./count-stream.ts";
import { type H5File, withHdf5 } from "./hdf5.ts";
import { counted, type Draft } from "./report.ts";
import type { Source } from "./source.ts";
import { tenxFeatures } from "./tenx.ts";
import { parseJson } from "./visium.ts";

/** What feature_slice.h5 says of its array of finest bins. */
interface Slide {
  readonly rows: number;
  readonly cols: number;
  /** micrometres between neighbors */
  readonly pitch: number;
  /** column, row, 1 to x, y of the center in pixels, row-major 3 x 3 with perspective; null where none is stored */
  readonly transform: readonly number[] | null;
}

/**
 * Reads bins of any size from feature_slice.h5 of Visium HD: one sparse image of 2 um per gene. Squares with a bin in tissue
 * are kept.
 *
 * @throws {SpatialError} `option` for a size that is no multiple of the finest
 */
export async function readFeatureSlice(
  source: Source,
  name: string,
  binSize: number,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(name);
  return withHdf5(source, name, async (file) => {
    const slide = slideOf(file);
    const factor = binSize / slide.pitch;
    if (!Number.isSafeInteger(factor) || factor < 1) {
      throw new SpatialError("option", `binSize must be a multiple of ${slide.pitch} um, found ${binSize}.`, {
        subject: "binSize",
      });
    }
    const genes = file.info("features/id").length;
    const features = tenxFeatures(file, genes, report, "features");
    const squares = await sumSquares(
      { subject: name, genes, pieces: (r) => slices(file, genes, slide, r) },
      factor,
      run,
    );
    const [down, across] = [Math.ceil(slide.rows / factor), Math.ceil(slide.cols / factor)];
    const row = squares.y.map((v) => v / factor);
    const col = squares.x.map((v) => v / factor);
    const at = Uint32Array.from(row, (r, i) => r * across + col[i]);
    const geneTable = featureTable(
      features,
      Uint32Array.from({ length: genes }, (_, j) => j),
    );
    noteRepeats(geneTable, report);
    const names = squareBinIds(binSize, down, across);
    const whole = dataset({
      platform: "visium-hd",
      observation: "bin",
      cells: table(
        {
          length: at.length,
          at: (i) => names.at(at[i] ?? NaN),
          indexOf: (id) => at.indexOf(names.indexOf(id)),
        },
        { array_row: row, array_col: col },
      ),
      genes: geneTable,
      positions: centers(squares, factor, slide, report),
      ...place(squares.counts, values, report),
    });
    const kept = inTissue(file, slide, factor, across, at);
    report.found.push(
      `${counted(genes, "gene")} x ${counted(at.length, "bin")} of ${binSize} um from ${name}.`,
    );
    if (kept.length === at.length) return whole;
    report.dropped.push({ what: "bin", count: at.length - kept.length, why: "not in tissue" });
    return selectCells(whole, kept);
  });
}

function slideOf(file: H5File): Slide {
  const text = String(file.attribute("", "metadata_json") ?? "");
  const meta = parseJson(new TextEncoder().encode(text), `metadata_json of ${file.name}`);
  const [rows, cols, pitch] = ["nrows", "ncols", "spot_pitch"].map((key) => Number(meta[key]));
  const isSize = (v: number): boolean => Number.isSafeInteger(v) && v > 0 && v < 65_536;
  if (!isSize(rows) || !isSize(cols) || !(pitch > 0)) {
    throw new SpatialError("format", `${file.name} must say nrows, ncols and spot_pitch in metadata_json.`, {
      subject: file.name,
    });
  }
  const transforms = (meta["transform_matrices"] ?? {}) as Readonly<Record<string, unknown>>;
  const stored =
    transforms["spot_colrow_to_microscope_colrow"] ?? transforms["spot_colrow_to_cytassist_colrow"];
  const numbers = Array.isArray(stored) ? (stored.flat() as unknown[]).map(Number) : [];
  const transform = numbers.length === 9 && numbers.every(Number.isFinite) ? numbers : null;
  return { rows, cols, pitch, transform };
}

/** The images of all genes that have one, ascending. */
async function* slices(
  file: H5File,
  genes: number,
  slide: Slide,
  run: RunOptions,
): AsyncGenerator<PlacedCounts> {
  for (let gene = 0; gene < genes; gene++) {
    const path = `feature_slices/${gene}`;
    if (file.has(path)) {
      const { x, y, count } = image(file, path, slide);
      yield { gene, x, y, count, start: 0, end: count.length };
    }
    await pause(run, (gene + 1) / genes);
  }
}

function image(
  file: H5File,
  path: string,
  { rows, cols }: Slide,
): Record<"x" | "y" | "count", ArrayLike<number>> {
  const [y, x, count] = ["row", "col", "data"].map((part) => file.numbers(`${path}/${part}`));
  const fits = x.length === count.length && y.length === count.length;
  if (fits && y.every((v) => v >= 0 && v < rows) && x.every((v) => v >= 0 && v < cols))
    return { x, y, count };
  throw new SpatialError("format", `"${path}" of ${file.name} must lie within ${rows} x ${cols} bins.`, {
    subject: file.name,
  });
}

/** Which squares hold a finest bin of the mask of tissue; all where there is none. */
function inTissue(file: H5File, slide: Slide, factor: number, across: number, at: Uint32Array): Uint32Array {
  const all = Uint32Array.from(at.keys());
  if (!file.has("masks/filtered")) return all;
  const { x, y, count } = image(file, "masks/filtered", slide);
  const tissue = new Uint8Array(across * Math.ceil(slide.rows / factor));
  for (let k = 0; k < count.length; k++)
    if (count[k] !== 0) tissue[Math.floor(y[k] / factor) * across + Math.floor(x[k] / factor)] = 1;
  return all.filter((i) => tissue[at[i]] === 1);
}

/** Centers of squares in pixels of the image, or in steps of the array where no image is placed. */
function centers({ x, y }: SquareBins, factor: number, slide: Slide, report: Draft): Positions {
  const [a, b, c, d, e, f, g, h, w] = slide.transform ?? [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const project = (col: number, row: number): readonly [number, number] => {
    const scale = g * col + h * row + w;
    return [(a * col + b * row + c) / scale, (d * col + e * row + f) / scale];
  };
  const xy = new Float64Array(2 * x.length);
  for (let i = 0; i < x.length; i++) xy.set(project(x[i] + (factor - 1) / 2, y[i] + (factor - 1) / 2), 2 * i);
  if (slide.transform === null) {
    report.warnings.push("No image is placed on the array: coordinates are its steps.");
    return positions(xy, "array", slide.pitch);
  }
  const [col, row] = [slide.cols / 2, slide.rows / 2];
  const [ax, ay] = project(col, row);
  const step = ([bx, by]: readonly [number, number]): number =>
    Math.sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay));
  return positions(xy, "px", (2 * slide.pitch) / (step(project(col + 1, row)) + step(project(col, row + 1))));
}
