import { checkOptions, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, forEachBlock, inParts, type RunOptions } from "../core/progress.ts";
import { type PolygonIndex, polygonIndexInParts } from "../kernels/locate.ts";
import { centroids } from "../kernels/polygons.ts";
import { startTally } from "../kernels/tally.ts";
import {
  dataset,
  expression,
  type FeatureSet,
  type Ids,
  ids,
  positions,
  type Shapes,
  type Sparse,
  selectColumns,
  type SpatialDataset,
  table,
  type Transcripts,
} from "../model/index.ts";

/** Transcripts that are located in one go. */
const BLOCK = 131_072;
const GENES = "Gene Expression";

/**
 * In which shape does each transcript lie? The number of the first shape around it, -1 in none; length n.
 *
 * A point is inside where a ray from it crosses the rings of a shape an odd number of times, so holes are outside. Decided
 * exactly; a transcript on an edge goes to the shape on the side of greater x (of a horizontal edge: greater y), so
 * that shapes which share an edge never both have it. Without a place (NaN): in none.
 *
 * @param transcripts n molecules
 * @param shapes outlines in the same coordinates, closed or not
 * @throws {SpatialError} `input` where a corner is not finite; `aborted`
 *
 * Cost: O(corners) to begin with, then about 0.1 us per transcript, whatever the number of shapes. Checked against shapely's
 * `contains` and brute force.
 *
 * @example
 * ```ts
 * import { ids, type Shapes, transcripts } from "tissular/model";
 * import { assignTranscripts } from "tissular/preprocess";
 * const square: Shapes = {
 *   kind: "shapes",
 *   ids: ids(["a"]),
 *   shapeOffsets: Uint32Array.of(0, 1),
 *   ringOffsets: Uint32Array.of(0, 4),
 *   coordinates: Float64Array.of(0, 0, 2, 0, 2, 2, 0, 2),
 * };
 * const molecules = transcripts({
 *   x: Float64Array.of(1, 3),
 *   y: Float64Array.of(1, 1),
 *   feature: Uint32Array.of(0, 0),
 *   features: ["CD4"],
 * });
 * if ((await assignTranscripts(molecules, square)).join() !== "0,-1") throw new Error("one in, one out");
 * ```
 */
export async function assignTranscripts(
  transcripts: Transcripts,
  shapes: Shapes,
  options: RunOptions = {},
): Promise<Int32Array> {
  checkOptions("assignTranscripts", options, runRules);
  checkCorners("assignTranscripts", shapes);
  const own = Uint32Array.from({ length: shapes.ids.length }, (_, s) => s);
  const index = await inParts(polygonIndexInParts(shapes, own), options.signal);
  const out = new Int32Array(transcripts.length);
  await locateAll(index, transcripts, out, options);
  return out;
}

/** What `countTranscripts` returns. */
export interface CountTranscriptsResult {
  /**
   * Counts per cell and gene, features of other kinds apart; cells in the order of their first shape (or as named), genes by
   * name. Cells without a transcript stay, with no counts. Where shapes were given also their centroids as positions.
   */
  readonly dataset: SpatialDataset;
  /** Transcripts in a cell. */
  readonly assigned: number;
  /** Transcripts in none. */
  readonly outside: number;
  /** Transcripts in the shapes of several cells, among those assigned; they are counted once, for the first of them. */
  readonly several: number;
}

/**
 * How many transcripts of each gene has each cell, given other outlines (a new segmentation, nuclei only, regions)?
 * Or, given the names of cells instead: as the vendor assigned the transcripts.
 *
 * Whether cells or nuclei are counted depends on the shapes that are given. Shapes of one name (the nuclei of one cell) count
 * together. Inside or outside is decided as by `assignTranscripts`.
 *
 * @param transcripts n molecules, or blocks of them as `openTranscripts(...).blocks()` gives them
 * @param cells outlines in the coordinates of the transcripts, or names of cells
 * @throws {SpatialError} `input` where a corner is not finite, or names are given and the transcripts have no cells; `join` where
 * there are transcripts and not one is of the cells named, or within the box around all shapes; `aborted`
 *
 * Cost: as `assignTranscripts`; memory of the index, a block and the counts. Checked against geopandas `sjoin` and counts by the
 * vendor's cells.
 *
 * @example
 * ```ts
 * import { ids, toDense, transcripts } from "tissular/model";
 * import { countTranscripts } from "tissular/preprocess";
 * const molecules = transcripts({
 *   x: Float64Array.of(1, 2, 3, 4),
 *   y: Float64Array.of(1, 1, 1, 1),
 *   feature: Uint32Array.of(0, 1, 0, 0),
 *   features: ["CD4", "CD8A"],
 *   cell: { kind: "categorical", codes: Int32Array.of(0, 0, 0, -1), categories: ["c1"] },
 * });
 * const { dataset, outside } = await countTranscripts(molecules, ids(["c1", "c2"]));
 * const counts = dataset.counts;
 * if (counts?.kind !== "sparse" || toDense(counts).data.join() !== "2,1,0,0") throw new Error("two cells, two genes");
 * if (outside !== 1) throw new Error("one in no cell");
 * ```
 */
export async function countTranscripts(
  transcripts: Transcripts | AsyncIterable<Transcripts>,
  cells: Shapes | Ids,
  options: RunOptions = {},
): Promise<CountTranscriptsResult> {
  checkOptions("countTranscripts", options, runRules);
  const shapes = "kind" in cells ? cells : null;
  const { names, owner } = "kind" in cells ? owners(cells) : { names: cells, owner: new Uint32Array(0) };
  const find = shapes === null ? byName(names) : await byShape(shapes, owner, options);
  const tally = startTally(names.length);
  const features = startNames();
  let [assigned, outside, several] = [0, 0, 0];
  let place: Pick<Transcripts, "unit" | "micronsPerUnit"> | null = null;
  const isNear = shapes === null ? () => false : insideBox(shapes);
  let near = false;
  for await (const block of "kind" in transcripts ? [transcripts] : transcripts) {
    checkAborted(options.signal);
    if (place !== null && block.unit !== place.unit)
      throw new SpatialError("input", `Blocks must have one unit, found ${place.unit} and ${block.unit}.`, {
        subject: "transcripts",
      });
    place = block;
    const cell = new Int32Array(block.length);
    several += await find(block, cell);
    const column = features.columns(block);
    const count = (start: number, end: number): void => {
      for (let i = start; i < end; i++) {
        if (cell[i] < 0) {
          outside++;
          near ||= isNear(block.x[i], block.y[i]);
        } else {
          tally.add(cell[i], column[block.feature[i]]);
          assigned++;
        }
      }
    };
    await forEachBlock("transcripts", block.length, BLOCK, count, { signal: options.signal });
  }
  if (assigned === 0 && outside > 0 && !near) {
    throw new SpatialError(
      "join",
      shapes === null
        ? `Not one of ${outside} transcripts is of the cells named.`
        : `Not one of ${outside} transcripts lies anywhere near the ${shapes.ids.length} shapes.`,
      { subject: "cells", hint: "Both must come from one sample and be in the same coordinates and unit." },
    );
  }
  const { order, kinds } = features.sorted();
  const counts = tally.finish(order);
  const centers = shapes === null ? null : centroids(shapes, owner, names.length);
  const parts = {
    ...byKind(counts, kinds),
    platform: "transcripts",
    cells: table(names),
    ...(shapes !== null && { shapes: { cells: shapes } }),
    ...(centers !== null && {
      positions: positions(centers, place?.unit ?? "px", place?.micronsPerUnit ?? null),
    }),
  };
  return { dataset: dataset(parts), assigned, outside, several };
}

async function locateAll(
  index: PolygonIndex,
  { x, y, length }: Transcripts,
  out: Int32Array,
  run: RunOptions,
): Promise<number> {
  let several = 0;
  await forEachBlock(
    "transcripts",
    length,
    BLOCK,
    (start, end) => void (several += index.locate(x, y, start, end, out)),
    run,
  );
  return several;
}

/** Writes the row of each transcript's cell, -1 for none, and returns how many have several. */
type Find = (block: Transcripts, rows: Int32Array) => Promise<number>;

async function byShape(shapes: Shapes, owner: Uint32Array, run: RunOptions): Promise<Find> {
  checkCorners("countTranscripts", shapes);
  await breathe();
  const index = await inParts(polygonIndexInParts(shapes, owner), run.signal);
  return (block, rows) => locateAll(index, block, rows, run);
}

function byName(names: Ids): Find {
  const rowOf: number[] = [];
  let known: readonly string[] = [];
  return async ({ cell }, rows) => {
    if (cell === null) {
      throw new SpatialError("input", "The transcripts do not say which cell they are in.", {
        subject: "transcripts",
        hint: "Give outlines instead of names.",
      });
    }
    const { codes, categories } = cell;
    if (known.length > 0 && categories[known.length - 1] !== known[known.length - 1]) rowOf.length = 0;
    known = categories;
    for (let k = rowOf.length; k < categories.length; k++) rowOf.push(names.indexOf(categories[k]));
    for (let i = 0; i < codes.length; i++) rows[i] = codes[i] < 0 ? -1 : rowOf[codes[i]];
    return 0;
  };
}

/** One row for each name, in the order of first shapes. */
function owners(shapes: Shapes): { readonly names: Ids; readonly owner: Uint32Array } {
  const rowOf = new Map<string, number>();
  const owner = Uint32Array.from({ length: shapes.ids.length }, (_, s) => {
    const name = shapes.ids.at(s);
    const row = rowOf.get(name) ?? rowOf.size;
    rowOf.set(name, row);
    return row;
  });
  return { names: ids([...rowOf.keys()]), owner };
}

/** Numbers the features of blocks by name and kind. */
function startNames(): {
  readonly columns: (block: Transcripts) => Uint32Array;
  /** Where each number goes when sorted by name, and the kinds of the names. */
  readonly sorted: () => { order: Uint32Array; kinds: readonly (readonly [name: string, kind: string])[] };
} {
  const numberOf = new Map<string, number>();
  const kinds: (readonly [string, string])[] = [];
  let known: readonly string[] | null = null;
  let numbers = new Uint32Array(0);
  const columns = ({ features, featureKinds }: Transcripts): Uint32Array => {
    if (features === known) return numbers;
    known = features;
    numbers = Uint32Array.from(features, (name, k) => {
      const number = numberOf.get(name) ?? numberOf.size;
      if (number === numberOf.size) kinds.push([name, featureKinds[k]]);
      numberOf.set(name, number);
      return number;
    });
    return numbers;
  };
  const sorted = (): ReturnType<ReturnType<typeof startNames>["sorted"]> => {
    const by = kinds.map((_, k) => k).sort((a, b) => (kinds[a][0] < kinds[b][0] ? -1 : 1));
    const order = new Uint32Array(by.length);
    by.forEach((k, column) => void (order[k] = column));
    return { order, kinds: by.map((k) => kinds[k]) };
  };
  return { columns, sorted };
}

function byKind(
  all: Sparse,
  kinds: readonly (readonly [name: string, kind: string])[],
): Pick<SpatialDataset, "counts" | "genes" | "features"> {
  const of = (kind: string): FeatureSet => {
    const columns = kinds.flatMap(([, k], j) => (k === kind ? [j] : []));
    const names = columns.map((j) => kinds[j][0]);
    return {
      values: expression(selectColumns(all, columns), "counts"),
      table: table(ids(names), { name: names }),
    };
  };
  const others = [...new Set(kinds.map(([, kind]) => kind))].filter((kind) => kind !== GENES).sort();
  const genes = of(GENES);
  return {
    counts: genes.values,
    genes: genes.table,
    features: Object.fromEntries(others.map((kind) => [kind, of(kind)])),
  };
}

/** Says of a point whether it lies in the box around all shapes. */
function insideBox({ coordinates }: Shapes): (x: number, y: number) => boolean {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let k = 0; k < coordinates.length; k += 2) {
    x0 = Math.min(x0, coordinates[k]);
    x1 = Math.max(x1, coordinates[k]);
    y0 = Math.min(y0, coordinates[k + 1]);
    y1 = Math.max(y1, coordinates[k + 1]);
  }
  return (x, y) => x >= x0 && x <= x1 && y >= y0 && y <= y1;
}

function checkCorners(verb: string, { coordinates }: Shapes): void {
  const bad = coordinates.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new SpatialError("input", `${verb} needs finite corners, found ${coordinates[bad]}.`, {
      subject: "shapes",
    });
}
