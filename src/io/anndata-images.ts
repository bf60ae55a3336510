import type { SpatialDataset } from "../model/dataset.ts";
import type { Image } from "../model/image.ts";
import type { OwnNotes } from "./anndata-notes.ts";
import type { Elements } from "./elements.ts";
import { ARRAY, DICT, type ElementWriter, typed } from "./elements-write.ts";
import { decodeImage, encodePng, type Rgb } from "./images.ts";
import type { Draft } from "./report.ts";

/** Values of the largest image that is read: 11,500 x 11,500 pixels in three colors. */
const LARGEST_IMAGE = 400_000_000;

/** The tissue images of uns/spatial as PNG. */
export async function readImages(file: Elements, own: OwnNotes | null, report: Draft): Promise<Image[]> {
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
        const { width, height } = pixels;
        const named = own?.original(name) ?? name;
        images.push({ kind: "image", name: named, width, height, encoded, scale });
        report.found.push(`Image ${name}, ${width} x ${height} pixels.`);
      }
    }
  }
  const order = (image: Image): number => own?.images.indexOf(image.name) ?? 0;
  return images.sort((a, b) => order(a) - order(b));
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

/** The images of a dataset with their pixels. */
export type Pixels = readonly { readonly image: Image; readonly rgb: Rgb }[];

export function unpackImages(ds: SpatialDataset): Promise<Pixels> {
  return Promise.all((ds.images ?? []).map(async (image) => ({ image, rgb: await decodeImage(image) })));
}

/** Writes images and scale factors where scanpy and squidpy look for them. */
export function writeImages(
  w: ElementWriter,
  ds: SpatialDataset,
  pixels: Pixels,
  library: string,
  spotDiameter: number | undefined,
): void {
  const at = `uns/spatial/${w.name(library)}`;
  w.group("uns/spatial", DICT);
  w.group(at, DICT);
  w.group(`${at}/images`, DICT);
  const factors: Record<string, number> = {};
  for (const { image, rgb } of pixels) {
    factors[`tissue_${w.name(image.name)}_scalef`] = image.scale;
    w.numbers(`${at}/images/${w.name(image.name)}`, rgb.data, ARRAY, [rgb.height, rgb.width, 3]);
  }
  const diameter = spotDiameter ?? spotDiameterOf(ds);
  if (diameter !== null) factors["spot_diameter_fullres"] = diameter;
  w.group(`${at}/scalefactors`, DICT);
  for (const [key, value] of Object.entries(factors))
    w.numbers(`${at}/scalefactors/${key}`, Float64Array.of(value), typed("numeric-scalar", "0.2.0"), []);
  w.group(`${at}/metadata`, DICT);
}

/** 55 um in units of the positions, or null where the scale is not known. */
export function spotDiameterOf(ds: SpatialDataset): number | null {
  const scale = ds.positions?.micronsPerUnit ?? null;
  return scale === null ? null : 55 / scale;
}
