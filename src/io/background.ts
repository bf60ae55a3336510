import { checkOptions, runRules } from "../core/check.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import type { Positions, SpatialDataset } from "../model/dataset.ts";
import type { Image } from "../model/image.ts";
import { coveredBox, thumbnail, thumbnailPlan } from "./thumbnail.ts";

/** What `background` returns. */
export interface BackgroundResult {
  /** null where there is none to be had for little. */
  readonly image: Image | null;
  /** Why there is none although there are images; null otherwise. */
  readonly why: string | null;
}

/** Pixels of the longer side. */
const SIZE = 1200;
/** Pixels that may be read for a picture nobody asked for. */
const CHEAP = 16_777_216;
type Box = readonly [number, number, number, number];

/**
 * Which picture of the tissue lies under the observations? A thumbnail of the first image that covers most of them (of
 * several focal planes the middle one), cut out around them where they fill less than a quarter of it, if a level
 * of at most 16 million pixels is enough for it.
 *
 * @throws {SpatialError} what `thumbnail` throws
 *
 * @example
 * ```ts
 * import { background } from "tissular/io";
 * import { simulateTissue } from "tissular/simulate";
 * const { dataset } = simulateTissue({ observations: 100, genes: 200 });
 * const { image } = await background(dataset);
 * if (image !== null) throw new Error("there are no images to make it from");
 * ```
 */
export async function background(ds: SpatialDataset, run: RunOptions = {}): Promise<BackgroundResult> {
  checkOptions("background", run, runRules);
  checkAborted(run.signal);
  const pictures = (ds.pyramids ?? []).filter(({ role }) => role !== "labels");
  if (ds.positions === null || pictures.length === 0) return { image: null, why: null };
  const placed = pictures.filter(({ toPixels }) => toPixels !== null);
  if (placed.length === 0) return { image: null, why: "where the images lie is not known" };
  const points = ds.positions;
  const covering = placed.filter((pyramid) => isUnder(coveredBox(pyramid), points));
  if (covering.length === 0) return { image: null, why: "no image lies under most of the observations" };
  const planes = covering.filter(({ name }) => stem(name) === stem(covering[0].name));
  const pyramid = planes[planes.length >> 1];
  const region = cutOut(coveredBox(pyramid), boxOf(points));
  const plan = thumbnailPlan(pyramid, SIZE, region);
  const pixels = plan.width * plan.height * plan.step * plan.step;
  if (pixels > CHEAP) {
    const why = `${pyramid.name} has no smaller level: make a picture with thumbnail and add it to the images`;
    return { image: null, why };
  }
  return { image: await thumbnail(pyramid, { size: SIZE, ...(region && { region }), ...run }), why: null };
}

function stem(name: string): string {
  return name.replace(/_z\d+$/, "");
}

function boxOf({ data, rows, cols }: Positions): Box {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < rows; i++) {
    const [x, y] = [data[i * cols], data[i * cols + 1]];
    if (!Number.isFinite(x + y)) continue;
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
  }
  return [x0, y0, x1, y1];
}

function isUnder([x0, y0, x1, y1]: Box, { data, rows, cols }: Positions): boolean {
  let inside = 0;
  for (let i = 0; i < rows; i++) {
    const [x, y] = [data[i * cols], data[i * cols + 1]];
    if (x >= x0 && x <= x1 && y >= y0 && y <= y1) inside++;
  }
  return inside > rows / 2;
}

/** The part of an image around the observations; undefined: all of it. */
function cutOut(image: Box, [x0, y0, x1, y1]: Box): Box | undefined {
  const area = ([a, b, c, d]: Box): number => (c - a) * (d - b);
  const margin = 0.05 * Math.max(x1 - x0, y1 - y0);
  if (!(area([x0, y0, x1, y1]) < area(image) / 4) || margin === 0) return undefined;
  const near: Box = [x0 - margin, y0 - margin, x1 + margin, y1 + margin];
  return [
    Math.max(image[0], near[0]),
    Math.max(image[1], near[1]),
    Math.min(image[2], near[2]),
    Math.min(image[3], near[3]),
  ];
}
