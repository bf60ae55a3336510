import { checkOptions, integer, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, inParts, type RunOptions } from "../core/progress.ts";
import type { Affine, Image, ImagePyramid, ImageWindow, Raster } from "../model/image.ts";
import { encodePng } from "./images.ts";
import { colored } from "./thumbnail-colors.ts";
import { IDENTITY, inverse } from "./transforms.ts";

/** Options of `thumbnail`. */
export interface ThumbnailOptions extends RunOptions {
  /** Channels by name, each in a color of its own; one alone is gray. Default: nuclei (DAPI), else the first. */
  readonly channels?: readonly string[];
  /** Pixels of the longer side, at most. Default 1024. */
  readonly size?: number;
  /** A box [x0, y0, x1, y1] in the positions' coordinates. Default: what the image covers. */
  readonly region?: readonly [number, number, number, number];
  /** Percentiles of a channel that are shown as black and as full. Default 1 and 99.8. */
  readonly limits?: readonly [number, number];
}

const rules = {
  channels: such(
    "a list of names",
    (v) => Array.isArray(v) && v.length > 0 && v.every((name) => typeof name === "string"),
  ),
  size: integer(1, 8192),
  region: such(
    "a box [x0, y0, x1, y1] with x0 < x1 and y0 < y1",
    (v) => Array.isArray(v) && v.length === 4 && v.every(Number.isFinite) && v[0] < v[2] && v[1] < v[3],
  ),
  limits: such(
    "two percentiles, the lower first",
    (v) => Array.isArray(v) && v.length === 2 && v[0] >= 0 && v[0] < v[1] && v[1] <= 100,
  ),
  ...runRules,
};

/** Values of a level read at once. */
const BLOCK = 16_777_216;

/** How the pixels of a thumbnail lie in a level. */
export interface ThumbnailPlan {
  readonly level: number;
  readonly width: number;
  readonly height: number;
  /** Thumbnail pixels per unit of the positions. */
  readonly scale: number;
  readonly origin: readonly [number, number];
  /** From thumbnail pixels to pixels of the level. */
  readonly toLevel: Affine;
  /** Level pixels per thumbnail pixel. */
  readonly step: number;
}

/**
 * A picture of an image as it lies among the positions (turned, mirrored, cut out as need be), as a PNG for plots,
 * reports and h5ad: of the smallest level that is fine enough, pixels averaged, brightness between two
 * percentiles of what is shown. Masks get a color per cell. Where the place of the image is not known, positions
 * are taken to be its pixels.
 *
 * @throws {SpatialError} `option`; `input` for a region that the image does not touch; what `read` throws
 *
 * Cost: reads one level in parts of 16 million values; about a second per 5 million pixels of JPEG 2000.
 *
 * @example
 * ```ts
 * import { memorySource, openImages, thumbnail } from "tissular/io";
 * // Two pixels, 3 and 5, as a TIFF of 1 x 2 pixels of 8 bits.
 * const tags = [[256, 2], [257, 1], [258, 8], [259, 1], [262, 1], [273, 8], [277, 1], [278, 1], [279, 2]];
 * const words = [0x4949, 42, 10, 0, 0x0503, tags.length, ...tags.flatMap(([tag, value]) => [tag, 3, 1, 0, value, 0]), 0, 0];
 * const source = memorySource(new Map([["two.tif", new Uint8Array(Uint16Array.from(words).buffer)]]));
 * const [image] = await openImages(source);
 * const small = await thumbnail(image);
 * if (small.width !== 2 || small.height !== 1 || small.scale !== 1) throw new Error("as large as the image");
 * ```
 */
export async function thumbnail(pyramid: ImagePyramid, options: ThumbnailOptions = {}): Promise<Image> {
  checkOptions("thumbnail", options, rules);
  const plan = thumbnailPlan(pyramid, options.size ?? 1024, options.region);
  const { width, height } = plan;
  const channels = options.channels ?? defaultChannels(pyramid);
  const planes = await resampled(pyramid, plan, channels, options);
  const picture = await inParts(colored(planes, pyramid, options.limits ?? [1, 99.8]), options.signal);
  const isMoved = plan.origin[0] !== 0 || plan.origin[1] !== 0;
  return {
    kind: "image",
    name: pyramid.name,
    width,
    height,
    encoded: {
      type: "image/png",
      bytes: await encodePng({ width, height, data: picture.data }, picture.channels),
    },
    scale: plan.scale,
    ...(isMoved ? { origin: plan.origin } : {}),
  };
}

/** All of a color image or mask, else the stain of nuclei, else the first. */
function defaultChannels({ role, channels }: ImagePyramid): readonly string[] {
  if (role === "color") return channels.slice(0, 3);
  const nuclei = channels.find((name) => /dapi|hoechst|nucle/i.test(name));
  return [nuclei ?? channels[0]];
}

/** What the image covers, in the positions' coordinates: a box [x0, y0, x1, y1]. */
export function coveredBox(pyramid: ImagePyramid): readonly [number, number, number, number] {
  const { width, height } = pyramid.levels[0];
  const [a, b, c, d, e, f] = inverse(pyramid.toPixels ?? IDENTITY) ?? IDENTITY;
  const xs = [0, width].flatMap((x) => [0, height].map((y) => a * x + b * y + c));
  const ys = [0, width].flatMap((x) => [0, height].map((y) => d * x + e * y + f));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Which level a thumbnail is made from, and how. */
export function thumbnailPlan(
  pyramid: ImagePyramid,
  size: number,
  region: ThumbnailOptions["region"],
): ThumbnailPlan {
  const box = coveredBox(pyramid);
  const [x0, y0, x1, y1] = region ?? box;
  if (x0 >= box[2] || x1 <= box[0] || y0 >= box[3] || y1 <= box[1])
    throw new SpatialError("input", `The region must touch the image ${pyramid.name}, but it does not.`, {
      subject: "region",
      hint: `The image covers ${box.map((v) => Math.round(v)).join(", ")}.`,
    });
  const [a, b, c, d, e, f] = pyramid.toPixels ?? IDENTITY;
  const density = Math.sqrt(Math.abs(a * e - b * d));
  const scale = Math.min(density, size / Math.max(x1 - x0, y1 - y0));
  const [full] = pyramid.levels;
  let level = 0;
  pyramid.levels.forEach(({ width }, k) => {
    if ((width / full.width) * density >= 0.999 * scale) level = k;
  });
  const [sx, sy] = [pyramid.levels[level].width / full.width, pyramid.levels[level].height / full.height];
  return {
    level,
    width: Math.max(1, Math.round((x1 - x0) * scale)),
    height: Math.max(1, Math.round((y1 - y0) * scale)),
    scale,
    origin: [x0, y0],
    toLevel: [
      (sx * a) / scale,
      (sx * b) / scale,
      sx * (a * x0 + b * y0 + c),
      (sy * d) / scale,
      (sy * e) / scale,
      sy * (d * x0 + e * y0 + f),
    ],
    step: (sx * density) / scale,
  };
}

/** Each channel at the thumbnail's pixels; NaN outside of the image. */
async function resampled(
  pyramid: ImagePyramid,
  plan: ThumbnailPlan,
  channels: readonly string[],
  run: RunOptions,
): Promise<Float32Array[]> {
  const { width, height, level } = plan;
  const planes = channels.map(() => new Float32Array(width * height).fill(NaN));
  const average = pyramid.role === "labels" ? 1 : plan.step;
  for (let top = 0, rows = height; top < height; top += rows) {
    checkAborted(run.signal);
    let window = windowOf(plan, pyramid.levels[level], top, (rows = Math.min(rows, height - top)), average);
    while (window !== null && rows > 1 && window.width * window.height * channels.length > BLOCK) {
      rows = Math.max(1, rows >> 1);
      window = windowOf(plan, pyramid.levels[level], top, rows, average);
    }
    if (window !== null) {
      const raster = await pyramid.read(level, {
        window,
        channels,
        ...(run.signal && { signal: run.signal }),
      });
      for (let y = top; y < top + rows; y++) {
        fillRow(planes, raster, window, plan, y, average);
        if ((y & 15) === 0) await breathe();
      }
    }
    run.onProgress?.({ step: "thumbnail", fraction: (top + rows) / height });
  }
  return planes;
}

/** Pixels of the level under some rows of the thumbnail; null where there are none. */
function windowOf(
  { toLevel: [a, b, c, d, e, f], width }: ThumbnailPlan,
  level: { readonly width: number; readonly height: number },
  top: number,
  rows: number,
  average: number,
): ImageWindow | null {
  const us = [0, width].flatMap((x) => [top, top + rows].map((y) => a * x + b * y + c));
  const vs = [0, width].flatMap((x) => [top, top + rows].map((y) => d * x + e * y + f));
  const x = Math.max(0, Math.floor(Math.min(...us) - average / 2));
  const y = Math.max(0, Math.floor(Math.min(...vs) - average / 2));
  const right = Math.min(level.width, Math.ceil(Math.max(...us) + average / 2));
  const bottom = Math.min(level.height, Math.ceil(Math.max(...vs) + average / 2));
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null;
}

/** One row of the thumbnail: means of the pixels of the level around each of its own. */
function fillRow(
  planes: readonly Float32Array[],
  { data }: Raster,
  window: ImageWindow,
  { toLevel: [a, b, c, d, e, f], width }: ThumbnailPlan,
  y: number,
  average: number,
): void {
  const area = window.width * window.height;
  const half = average > 1.01 ? average / 2 : 0;
  for (let x = 0; x < width; x++) {
    const u = a * (x + 0.5) + b * (y + 0.5) + c - window.x;
    const v = d * (x + 0.5) + e * (y + 0.5) + f - window.y;
    if (!(u >= 0 && v >= 0 && u < window.width && v < window.height)) continue;
    const left = Math.max(0, Math.round(u - half));
    const right = half === 0 ? 0 : Math.min(window.width, Math.round(u + half));
    const top = Math.max(0, Math.round(v - half));
    const bottom = half === 0 ? 0 : Math.min(window.height, Math.round(v + half));
    planes.forEach((plane, k) => {
      if (right <= left || bottom <= top) {
        plane[y * width + x] = data[k * area + Math.floor(v) * window.width + Math.floor(u)];
        return;
      }
      let sum = 0;
      for (let r = top; r < bottom; r++)
        for (let q = k * area + r * window.width + left, end = q + right - left; q < end; q++) sum += data[q];
      plane[y * width + x] = sum / ((right - left) * (bottom - top));
    });
  }
}
