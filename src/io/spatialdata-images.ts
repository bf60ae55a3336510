import type { Image } from "../model/image.ts";
import { encodePng, type Rgb } from "./images.ts";
import type { Draft } from "./report.ts";
import type { ZarrTree } from "./zarr.ts";
import { object } from "./zarr-documents.ts";

/** Values of the largest image that is read whole: 11,500 x 11,500 pixels in three colors. */
const MOST = 400_000_000;

/** What our own writer noted of an image that was a file in the dataset; null for any other image of the store. */
export function ownImage(tree: ZarrTree, path: string): Readonly<Record<string, unknown>> | null {
  const note = object(tree.json(path)["tissular"]);
  return typeof note["name"] === "string" && Number(note["scale"]) > 0 ? note : null;
}

/** The images that our own writer put into a store, as PNG files again, in their order. */
export async function readOwnImages(tree: ZarrTree, report: Draft): Promise<Image[]> {
  const found: { readonly order: number; readonly image: Image }[] = [];
  for (const element of tree.isGroup("images") ? tree.keys("images") : []) {
    const path = `images/${element}`;
    const note = ownImage(tree, path);
    if (note === null) continue;
    const { shape, length, type } = tree.info(`${path}/0`);
    const [channels, height, width] = shape ?? [];
    const isColor =
      shape?.length === 3 && channels === 3 && type === "integer" && length > 0 && length <= MOST;
    const rgb = isColor ? interleaved(await tree.numbers(`${path}/0`), width, height) : null;
    if (rgb === null) {
      report.dropped.push({ what: `image "${element}"`, count: 1, why: "it is no color image any more" });
      continue;
    }
    const name = String(note["name"]);
    const origin = Array.isArray(note["origin"]) ? note["origin"].map(Number) : null;
    const image: Image = {
      kind: "image",
      name,
      width,
      height,
      encoded: { type: "image/png", bytes: await encodePng(rgb) },
      scale: Number(note["scale"]),
      ...(origin === null ? {} : { origin: [origin[0], origin[1]] }),
    };
    found.push({ order: Number(note["order"]), image });
    report.found.push(`Image ${name}, ${width} x ${height} pixels.`);
  }
  return found.sort((a, b) => a.order - b.order).map(({ image }) => image);
}

/** Three planes as pixels; null where a value is no color. */
function interleaved(planes: ArrayLike<number>, width: number, height: number): Rgb | null {
  const data = new Uint8Array(3 * width * height);
  for (let c = 0; c < 3; c++) {
    for (let k = 0; k < width * height; k++) {
      const v = planes[c * width * height + k];
      if (!(v >= 0 && v <= 255)) return null;
      data[3 * k + c] = v;
    }
  }
  return { width, height, data };
}
