import { SpatialError } from "../core/errors.ts";
import type { Affine, ImagePyramid } from "../model/image.ts";
import { type OmeImage, parseOme } from "./ome.ts";
import { imagePyramid, samplesOf } from "./pyramid.ts";
import type { Source } from "./source.ts";
import { openTiff, type Tiff, type TiffPage } from "./tiff.ts";
import { readPage } from "./tiff-pixels.ts";

/** An image that was found in one or several TIFF files, before it has a place. */
export interface TiffImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly files: readonly string[];
  /** Micrometres per pixel, if the file says so. */
  readonly pixelSize: readonly [number, number] | null;
  /** What is not there: channels whose file is missing. */
  readonly missing: readonly string[];
  readonly channels: readonly Channel[];
  readonly placed: (toPixels: Affine | null, name?: string, role?: ImagePyramid["role"]) => ImagePyramid;
}

/** One channel: a sample of a page and of its smaller versions. */
export interface Channel {
  readonly name: string;
  readonly file: string;
  readonly levels: readonly TiffPage[];
  readonly sample: number;
}

/**
 * The images of a TIFF: of OME-TIFF one per image and focal plane, its channels where the description says, be it in
 * files beside; else the pages of the first one's size as channels of one image and smaller ones as its levels.
 */
export async function tiffImages(source: Source, name: string): Promise<TiffImage[]> {
  const first = await openTiff(source, name);
  const files = new Map<string, Promise<Tiff>>([[name, Promise.resolve(first)]]);
  const open = (file: string): Promise<Tiff> => {
    const tiff = files.get(file) ?? openTiff(source, file);
    files.set(file, tiff);
    return tiff;
  };
  const stem = name.replace(/^.*\//, "").replace(/(\.ome)?\.[^.]+$/i, "");
  const described = parseOme(first.pages[0].description);
  if (described.length === 0) return [plainImage(source, first, stem)];
  const found: TiffImage[] = [];
  for (const [k, ome] of described.entries()) {
    const base = k === 0 ? stem : `${stem}_${ome.name || k}`;
    for (let z = 0; z < ome.depth; z++) {
      const title = ome.depth > 1 ? `${base}_z${z}` : base;
      const image = await omeImage(source, name, ome, z, title, open);
      if (image !== null) found.push(image);
    }
  }
  return found.length > 0 ? found : [plainImage(source, first, stem)];
}

async function omeImage(
  source: Source,
  name: string,
  ome: OmeImage,
  z: number,
  title: string,
  open: (file: string) => Promise<Tiff>,
): Promise<TiffImage | null> {
  const folder = name.slice(0, name.lastIndexOf("/") + 1);
  const named = new Set(ome.channels.map((_, c) => ome.plane(c, z)?.file ?? null));
  const channels: Channel[] = [];
  const missing: string[] = [];
  for (const [c, { name: label }] of ome.channels.entries()) {
    const plane = ome.plane(c, z);
    if (plane === null) continue;
    const beside = plane.file === null ? name : folder + plane.file.replace(/^.*[/\\]/, "");
    const isRenamed = named.size === 1 && !source.names.includes(beside);
    const file = isRenamed ? name : beside;
    if (file !== name && !source.names.includes(file)) {
      missing.push(`channel ${label || c} in ${file}`);
      continue;
    }
    const page = (await open(file)).pages[plane.page];
    if (page === undefined || page.width !== ome.width || page.height !== ome.height) {
      missing.push(`channel ${label || c}, page ${plane.page} of ${file}`);
      continue;
    }
    channels.push(...channelsOf(file, page, [], label === "" ? String(c) : label, ome.channels.length > 1));
  }
  return channels.length === 0 ? null : toImage(source, title, channels, ome.pixelSize, missing);
}

function plainImage(source: Source, tiff: Tiff, stem: string): TiffImage {
  const [first, ...others] = tiff.pages;
  const isSame = (page: TiffPage): boolean =>
    page.width === first.width && page.height === first.height && page.samples === first.samples;
  const planes = [first, ...others.filter((page) => !page.isReduced && isSame(page))];
  const smaller = planes.length > 1 ? [] : others;
  const channels = planes.flatMap((page, c) =>
    channelsOf(tiff.name, page, smaller, String(c), planes.length > 1),
  );
  return toImage(source, stem, channels, null, []);
}

/** The channels of a page: its samples; colors where it has such. */
function channelsOf(
  file: string,
  page: TiffPage,
  smaller: readonly TiffPage[],
  label: string,
  isOneOfMany: boolean,
): Channel[] {
  const levels = [page];
  const all = [...page.below, ...smaller].sort((a, b) => b.width - a.width);
  for (const next of all) {
    const last = levels[levels.length - 1];
    const isAlike = next.samples === page.samples && next.samplesPerPixel === page.samplesPerPixel;
    const ratio = (next.width * page.height) / (next.height * page.width);
    const slack = 0.01 + 2 / Math.min(next.width, next.height);
    if (isAlike && next.width < last.width && Math.abs(ratio - 1) < slack) levels.push(next);
  }
  const n = page.samplesPerPixel;
  const names = isColor(page) ? ["red", "green", "blue", "alpha"].slice(0, n) : undefined;
  return Array.from({ length: n }, (_, sample) => {
    const own = names?.[sample] ?? (n === 1 ? label : String(sample));
    return { file, levels, sample, name: n > 1 && isOneOfMany ? `${label} ${own}` : own };
  });
}

function isColor(page: TiffPage): boolean {
  return (
    (page.photometric === 2 || page.photometric === 6) &&
    page.samplesPerPixel >= 3 &&
    page.samplesPerPixel <= 4
  );
}

function toImage(
  source: Source,
  stem: string,
  list: readonly Channel[],
  pixelSize: readonly [number, number] | null,
  missing: readonly string[],
): TiffImage {
  const channels = distinct(list);
  const [first] = channels[0].levels;
  const odd = channels.find(
    ({ levels: [page] }) =>
      page.width !== first.width || page.height !== first.height || page.samples !== first.samples,
  );
  if (odd !== undefined)
    throw new SpatialError(
      "format",
      `The channels of ${stem} must be of one size and kind, but ${odd.name} is not.`,
      {
        subject: odd.file,
      },
    );
  const depth = Math.min(...channels.map(({ levels }) => levels.length));
  const levels = channels[0].levels.slice(0, depth).map(({ width, height }) => ({ width, height }));
  const fetch: Parameters<typeof imagePyramid>[0]["fetch"] = async (level, window, wanted, signal) => {
    const area = window.width * window.height;
    const out = samplesOf(first.samples, area * wanted.length);
    const pages = new Map<TiffPage, { readonly file: string; readonly at: number[] }>();
    wanted.forEach((c, k) => {
      const page = channels[c].levels[level];
      const group = pages.get(page) ?? { file: channels[c].file, at: [] };
      group.at.push(k);
      pages.set(page, group);
    });
    for (const [page, { file, at }] of pages) {
      const samples = at.map((k) => channels[wanted[k]].sample);
      const data = await readPage(source, file, page, window, samples, signal);
      at.forEach((k, s) => out.set(data.subarray(s * area, (s + 1) * area), k * area));
    }
    return out;
  };
  const color = channels.every(({ levels: [page] }) => isColor(page)) && channels.length <= 4;
  return {
    name: stem,
    width: first.width,
    height: first.height,
    files: [...new Set(channels.map(({ file }) => file))],
    pixelSize,
    missing,
    channels,
    placed: (toPixels, name = stem, role = color ? "color" : "intensity") =>
      imagePyramid({
        name,
        role,
        channels: channels.map((channel) => channel.name),
        samples: first.samples,
        levels,
        toPixels,
        fetch,
      }),
  };
}

/** Images of one channel and one size, by what they show, as the channels of one. */
export function joinImages(
  source: Source,
  name: string,
  parts: readonly { readonly label: string; readonly image: TiffImage }[],
): TiffImage {
  const channels = parts.flatMap(({ label, image }) =>
    image.channels.map((channel) => ({
      ...channel,
      name: image.channels.length === 1 ? label : `${label} ${channel.name}`,
    })),
  );
  return toImage(source, name, channels, parts[0].image.pixelSize, []);
}

/** Channels of one name are told apart by a number. */
function distinct(channels: readonly Channel[]): Channel[] {
  const seen = new Map<string, number>();
  return channels.map((channel) => {
    const before = seen.get(channel.name) ?? 0;
    seen.set(channel.name, before + 1);
    return before === 0 ? channel : { ...channel, name: `${channel.name} (${before + 1})` };
  });
}
