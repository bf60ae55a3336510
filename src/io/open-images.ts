import { checkOptions, oneOf, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkAborted } from "../core/progress.ts";
import type { Affine, ImagePyramid } from "../model/image.ts";
import { zarrPyramids } from "./multiscale.ts";
import { draft } from "./report.ts";
import { openSource } from "./url.ts";
import { openZarr } from "./zarr.ts";
import { findZarr } from "./zarr-documents.ts";
import type { Source } from "./source.ts";
import { isTiff, TIFF_NAME } from "./tiff.ts";
import { type TiffImage, tiffImages } from "./tiff-images.ts";

/** Options of `openImages`. */
export interface OpenImagesOptions {
  /** What the pixels are, where their looks deceive: masks of cells are "labels". */
  readonly role?: ImagePyramid["role"];
  /** Takes positions to pixels; [1, 0, 0, 0, 1, 0] where positions are pixels of the image, as with Visium. */
  readonly toPixels?: Affine;
  readonly signal?: AbortSignal;
}

const rules = {
  role: oneOf("intensity", "color", "labels"),
  toPixels: such(
    "six finite numbers [a, b, c, d, e, f]",
    (v) => Array.isArray(v) && v.length === 6 && v.every(Number.isFinite),
  ),
  signal: such("an AbortSignal", (v) => v instanceof AbortSignal),
};

/**
 * Opens the images of a TIFF, OME-TIFF or BigTIFF file, or of all of them in a folder, and the images and labels of a
 * SpatialData store (which needs no table), without reading pixels: pyramids of levels, channels by name, also where every channel lies in a file of its own. Where a file says how large
 * its pixels are, positions in micrometres lead to them.
 *
 * @param input a path (Node, Deno), an http(s) address, or a source
 * @returns one pyramid per image and focal plane, by file name
 * @throws {SpatialError} `not-found` where there is no image; `format` for damaged files; `unsupported` for samples of odd
 * sizes; `aborted`
 *
 * Cost: a few kilobytes per file, whatever its size. Pixels checked against tifffile on every compression (none,
 * LZW, deflate, PackBits, JPEG, JPEG 2000), layout and byte order.
 *
 * @example
 * ```ts
 * import { memorySource, openImages } from "tissular/io";
 * // Two pixels, 3 and 5, as a TIFF of 1 x 2 pixels of 8 bits.
 * const tags = [[256, 2], [257, 1], [258, 8], [259, 1], [262, 1], [273, 8], [277, 1], [278, 1], [279, 2]];
 * const words = [0x4949, 42, 10, 0, 0x0503, tags.length, ...tags.flatMap(([tag, value]) => [tag, 3, 1, 0, value, 0]), 0, 0];
 * const source = memorySource(new Map([["two.tif", new Uint8Array(Uint16Array.from(words).buffer)]]));
 * const [image] = await openImages(source);
 * const { data } = await image.read(0);
 * if (image.levels[0].width !== 2 || data.join() !== "3,5") throw new Error("two pixels");
 * ```
 */
export async function openImages(
  input: string | Source,
  options: OpenImagesOptions = {},
): Promise<readonly ImagePyramid[]> {
  checkOptions("openImages", options, rules);
  const source = typeof input === "string" ? await openSource(input, undefined) : input;
  const names = source.names.length === 1 ? source.names : source.names.filter((n) => TIFF_NAME.test(n));
  const found: ImagePyramid[] = [];
  for (const folder of findZarr(source))
    for (const image of zarrPyramids(await openZarr(source, folder), draft()))
      found.push({
        ...image,
        role: options.role ?? image.role,
        toPixels: options.toPixels ?? image.toPixels,
      });
  for (const image of await tiffsOf(source, names, options.signal))
    found.push(image.placed(options.toPixels ?? microns(image), image.name, options.role));
  if (found.length > 0) return found;
  throw new SpatialError(
    "not-found",
    `${source.label} must hold a TIFF image or a SpatialData with images, but it does not.`,
    {
      subject: source.label,
      hint: "PNG and JPEG images are read with their sample, by readSample.",
    },
  );
}

/** Images of some files in their order; what belongs to an image described before is not told twice. */
export async function tiffsOf(
  source: Source,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TiffImage[]> {
  const found: TiffImage[] = [];
  const used = new Set<string>();
  for (const name of names) {
    checkAborted(signal);
    if (used.has(name) || !(await isTiff(source, name))) continue;
    for (const image of await tiffImages(source, name)) {
      found.push(image);
      for (const file of image.files) used.add(file);
    }
  }
  return found;
}

/** From micrometres to pixels, where the file says how large these are. */
export function microns({ pixelSize }: TiffImage): Affine | null {
  return pixelSize && [1 / pixelSize[0], 0, 0, 0, 1 / pixelSize[1], 0];
}
