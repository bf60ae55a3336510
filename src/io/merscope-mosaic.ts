import { SpatialError } from "../core/errors.ts";
import { type Draft, sample } from "./report.ts";
import type { Source } from "./source.ts";
import type { Affine } from "../model/image.ts";
import { inverse } from "./transforms.ts";
import { parseJson } from "./visium.ts";
import { object } from "./zarr-documents.ts";

/** How micrometres become pixels of the mosaic images and back, and the file that says it. */
export interface MosaicTransform {
  readonly name: string;
  readonly toPixels: Affine;
  readonly toMicrons: Affine;
}

const TRANSFORM = "micron_to_mosaic_pixel_transform.csv";

/** A file of the folder `images` of a run: beside the tables, or beside the folder of a segmentation that holds them. */
function imagesFile(source: Source, folder: string, name: string): string | null {
  for (let at = folder; ; at = at.slice(0, at.lastIndexOf("/", at.length - 2) + 1)) {
    const found = `${at}images/${name}`;
    if (source.names.includes(found)) return found;
    if (at === "") return null;
  }
}

/**
 * From micrometres to pixels of the mosaic: the vendor's 3 x 3 matrix, or else the outer bounds of the mosaic; null where
 * there is neither.
 *
 * @throws {SpatialError} `format` where the matrix is none of a plane
 */
export async function mosaicTransform(source: Source, folder: string): Promise<MosaicTransform | null> {
  const name = imagesFile(source, folder, TRANSFORM);
  if (name !== null) {
    const text = new TextDecoder().decode(await source.bytes(name)).trim();
    const [a, b, c, d, e, f, ...last] = text.split(/[\s,]+/).map(Number);
    const toPixels: Affine = [a, b, c, d, e, f];
    const toMicrons = inverse(toPixels);
    if (!toPixels.every(Number.isFinite) || last.join() !== "0,0,1" || toMicrons === null) {
      throw new SpatialError(
        "format",
        `${name} must hold a 3 x 3 matrix of a plane that can be turned round, found ${JSON.stringify(text.slice(0, 80))}.`,
        { subject: name, hint: "Copy the file again from the instrument, or leave it out." },
      );
    }
    return { name, toPixels, toMicrons };
  }
  const manifest = imagesFile(source, folder, "manifest.json");
  if (manifest === null) return null;
  const json = parseJson(await source.bytes(manifest), manifest);
  const box = json["bbox_microns"];
  const [x0, y0, x1, y1] = (Array.isArray(box) ? box : []).map(Number);
  const across = Number(json["mosaic_width_pixels"]) / (x1 - x0);
  const down = Number(json["mosaic_height_pixels"]) / (y1 - y0);
  const toPixels: Affine = [across, 0, -across * x0, 0, down, -down * y0];
  const toMicrons = inverse(toPixels);
  return toMicrons && { name: manifest, toPixels, toMicrons };
}

/** Notes which mosaic images the folder `images` lists, and how large their pixels are. */
export async function noteMosaic(source: Source, folder: string, report: Draft): Promise<void> {
  const transform = await mosaicTransform(source, folder);
  if (transform === null) return;
  report.files.push(transform.name);
  const [a, , , d] = transform.toPixels;
  const size = (1 / Math.sqrt(a * a + d * d)).toFixed(4);
  const manifest = imagesFile(source, folder, "manifest.json");
  const listed = manifest === null ? null : parseJson(await source.bytes(manifest), manifest)["mosaic_files"];
  if (manifest !== null) report.files.push(manifest);
  const images = (Array.isArray(listed) ? listed : []).map(object);
  const stains = [...new Set(images.map((image) => String(image["stain"])))].sort();
  const which = stains.length === 0 ? "" : `: ${images.length} of ${sample(stains, 12)}`;
  report.found.push(`Mosaic images of ${size} um per pixel${which}.`);
}
