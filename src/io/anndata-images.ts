import type { Image } from "../model/image.ts";
import type { Elements } from "./elements.ts";
import { encodePng } from "./images.ts";
import type { Draft } from "./report.ts";

/** Values of the largest image that is read: 11,500 x 11,500 pixels in three colors. */
const LARGEST_IMAGE = 400_000_000;

/** The tissue images of uns/spatial as PNG. */
export async function readImages(file: Elements, report: Draft): Promise<Image[]> {
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
        images.push({ kind: "image", name, width: pixels.width, height: pixels.height, encoded, scale });
        report.found.push(`Image ${name}, ${pixels.width} x ${pixels.height} pixels.`);
      }
    }
  }
  return images;
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
