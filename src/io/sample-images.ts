import { SpatialError } from "../core/errors.ts";
import type { Image, ImagePyramid } from "../model/image.ts";
import type { SpatialDataset } from "../model/dataset.ts";
import type { Candidate } from "./detect.ts";
import { placeFields } from "./cosmx-fields.ts";
import { mosaicTransform } from "./merscope-mosaic.ts";
import { microns } from "./open-images.ts";
import { counted, type Draft, sample } from "./report.ts";
import type { Source } from "./source.ts";
import { isTiff } from "./tiff.ts";
import { joinImages, type TiffImage, tiffImages } from "./tiff-images.ts";
import { IDENTITY } from "./transforms.ts";
import { parseJson } from "./visium.ts";

/** Largest file in an archive whose header is looked at: it has to be unpacked for that. */
const MOST_PACKED = 67_108_864;

/** What finding a platform's images needs. */
interface Search {
  readonly source: Source;
  readonly folder: string;
  readonly ds: SpatialDataset;
  readonly report: Draft;
  readonly isArchive: boolean;
}

/** The dataset with the vendor's images, of which only headers are read; a damaged one is reported and left out. */
export async function withSampleImages(
  source: Source,
  candidate: Candidate,
  ds: SpatialDataset,
  report: Draft,
  isArchive: boolean,
): Promise<SpatialDataset> {
  const search = { source, folder: candidate.folder, ds, report, isArchive };
  const finders: Readonly<Record<string, (search: Search) => Promise<ImagePyramid[]>>> = {
    xenium: xeniumImages,
    merscope: merscopeImages,
    cosmx: cosmxImages,
    visium: visiumImages,
    "visium-hd": visiumImages,
  };
  const found = [...(ds.pyramids ?? []), ...((await finders[candidate.platform]?.(search)) ?? [])];
  if (found.length === 0) return ds;
  const described = found.map(
    ({ name, channels, levels: [{ width, height }] }) =>
      `${name} (${width} x ${height}, ${counted(channels.length, "channel")})`,
  );
  report.found.push(`${counted(found.length, "image")} to be read when asked for: ${sample(described, 8)}.`);
  const lost = found.filter(({ toPixels }) => toPixels === null).map(({ name }) => name);
  if (lost.length > 0)
    report.warnings.push(`Where these images lie is not known: ${sample(lost, 8)}; give it with openImages.`);
  return { ...ds, pyramids: found };
}

/** Files of the sample's folder whose name below it fits, by name. */
function filesOf({ source, folder }: Search, pattern: RegExp): string[] {
  return source.names.filter((n) => n.startsWith(folder) && pattern.test(n.slice(folder.length)));
}

/** The images of some files; what cannot be opened is reported. */
async function open({ source, report, isArchive }: Search, names: readonly string[]): Promise<TiffImage[]> {
  const found: TiffImage[] = [];
  const used = new Set<string>();
  const drop = (name: string, why: string): void =>
    void report.dropped.push({ what: `image ${name}`, count: 1, why });
  for (const name of names) {
    if (used.has(name)) continue;
    if (isArchive && source.size(name) > MOST_PACKED) {
      drop(name, "large images are not read inside an archive: unpack it and give the folder");
      continue;
    }
    try {
      if (!(await isTiff(source, name))) throw new SpatialError("format", `${name} is no TIFF image.`);
      for (const image of await tiffImages(source, name)) {
        found.push(image);
        for (const file of image.files) used.add(file);
        for (const what of image.missing) drop(what, "it is not there");
      }
    } catch (error) {
      if (!(error instanceof SpatialError) || error.code === "aborted") throw error;
      drop(name, error.message);
    }
  }
  report.files.push(...used);
  return found;
}

/** Morphology of Xenium: one file with levels (1.x) or one per stain in a folder (2 on); positions are micrometres. */
async function xeniumImages(search: Search): Promise<ImagePyramid[]> {
  const [experiment] = filesOf(search, /^[^/]*experiment\.xenium$/);
  const said =
    experiment === undefined
      ? NaN
      : Number(parseJson(await search.source.bytes(experiment), experiment)["pixel_size"]);
  const found: ImagePyramid[] = [];
  const kinds = ["morphology_focus/[^/]*", "[^/]*morphology_focus", "[^/]*morphology_mip", "[^/]*morphology"];
  for (const kind of kinds) {
    const images = await open(search, filesOf(search, new RegExp(`^${kind}\\.ome\\.tiff?$`, "i")));
    for (const image of images) {
      const isFolder = kind.startsWith("morphology_focus/") && images.length === 1;
      const place = microns(image) ?? (said > 0 ? ([1 / said, 0, 0, 0, 1 / said, 0] as const) : null);
      found.push(image.placed(place, isFolder ? "morphology_focus" : image.name));
    }
  }
  return found;
}

/** Mosaics of MERSCOPE: a file per stain and plane; the stains of a plane are channels. */
async function merscopeImages(search: Search): Promise<ImagePyramid[]> {
  const { source } = search;
  const pattern = /(?:^|\/)images\/mosaic_([^/]+?)(?:_z(\d+))?\.(?:tiff?|btf)$/i;
  const planes = new Map<string, { readonly label: string; readonly image: TiffImage }[]>();
  for (const image of await open(
    search,
    source.names.filter((n) => pattern.test(n)),
  )) {
    const [, label, z] = pattern.exec(image.files[0]) as unknown as [string, string, string | undefined];
    const name = z === undefined ? "mosaic" : `mosaic_z${z}`;
    const key = `${name} ${image.width} ${image.height}`;
    const parts = planes.get(key) ?? [];
    parts.push({ label, image });
    planes.set(key, parts);
  }
  if (planes.size === 0) return [];
  const transform = await mosaicTransform(source, search.folder);
  return [...planes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, parts]) => {
      const name = key.slice(0, key.indexOf(" "));
      return joinImages(source, name, parts).placed(transform?.toPixels ?? null, name);
    });
}

/** Masks and images of CosMx: one per field of view. */
async function cosmxImages(search: Search): Promise<ImagePyramid[]> {
  const pattern = /(^|\/)[^/]*_F(\d+)[^/]*\.tiff?$/i;
  const place = placeFields(search.ds);
  const images = await open(search, filesOf(search, pattern));
  return images.map((image) => {
    const [, , fov] = pattern.exec(image.files[0]) as unknown as [string, string, string];
    const role = /labels|compartment/i.test(image.name) ? "labels" : undefined;
    return image.placed(place(Number(fov), image.height), image.name, role);
  });
}

/** The image that spots were placed on, whatever its name: its size is that of the small ones, scaled. */
async function visiumImages(search: Search): Promise<ImagePyramid[]> {
  const small = search.ds.images?.[0];
  const names = filesOf(search, /^([^/]+\/)?[^/]+\.(tiff?|btf)$/i);
  if (small === undefined || names.length === 0) return [];
  const images = await open(search, names);
  for (const { files, width, height } of images.filter((image) => !isScaled(image, small)))
    search.report.dropped.push({
      what: `image ${files[0]}`,
      count: 1,
      why: `${width} x ${height} pixels are not the size of the image that the spots were placed on`,
    });
  return images.filter((image) => isScaled(image, small)).map((image) => image.placed(IDENTITY));
}

function isScaled(full: TiffImage, small: Image): boolean {
  const off = (a: number, b: number): boolean => Math.abs(a * small.scale - b) <= 1;
  return off(full.width, small.width) && off(full.height, small.height);
}
