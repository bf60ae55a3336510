import { SpatialError } from "../core/errors.ts";
import type { SampleType } from "../model/image.ts";
import { SAMPLE_TYPES } from "./pyramid.ts";
import type { Source } from "./source.ts";

/** Numbers of a tag, which may be very many: read when asked for. */
export interface TagValues {
  readonly count: number;
  /** Values [from, to). */
  readonly read: (from: number, to: number) => Promise<Float64Array>;
}

/** One picture of a TIFF: what its directory says. Pixels lie in chunks (tiles, or strips as wide as the picture). */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly samples: SampleType;
  readonly samplesPerPixel: number;
  /** Are the samples of a pixel in planes of their own? */
  readonly isPlanar: boolean;
  readonly photometric: number;
  readonly compression: number;
  readonly predictor: number;
  /** Tiles are whole at the right and lower edges; the last strip ends with the picture. */
  readonly isTiled: boolean;
  readonly chunkWidth: number;
  readonly chunkHeight: number;
  readonly offsets: TagValues;
  readonly byteCounts: TagValues;
  readonly jpegTables: TagValues | null;
  readonly isLittleEndian: boolean;
  /** Is it a smaller version of another picture? */
  readonly isReduced: boolean;
  readonly description: string;
  /** Its smaller versions, if they hang below it. */
  readonly below: readonly TiffPage[];
}

/** A TIFF or BigTIFF file: its pictures in their order. */
export interface Tiff {
  readonly name: string;
  readonly source: Source;
  readonly pages: readonly TiffPage[];
}

/** Bytes per value of the field types; 0: unknown. */
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const MOST_PAGES = 65_536;
const MOST_TAGS = 4096;
const MOST_TEXT = 16_777_216;
/** Tables up to this many values are read once and kept. */
const KEPT = 65_536;
/** A directory is mostly smaller than this. */
const HEAD = 4096;

/** Names that TIFF files go by. */
export const TIFF_NAME: RegExp = /\.(tif|tiff|btf|tf8)$/i;

/** Is this a TIFF or BigTIFF by content? */
export async function isTiff(source: Source, name: string): Promise<boolean> {
  return byteOrder(await source.slice(name, 0, 4)) !== null;
}

function byteOrder(head: Uint8Array): { readonly little: boolean; readonly big: boolean } | null {
  const [a, b, c, d] = head;
  const little = a === 0x49 && b === 0x49 && d === 0;
  if (!little && !(a === 0x4d && b === 0x4d && c === 0)) return null;
  const version = little ? c : d;
  return version === 42 || version === 43 ? { little, big: version === 43 } : null;
}

/**
 * Reads the directories of a TIFF by slices; pixels stay where they are.
 *
 * @throws {SpatialError} `format` for what is no TIFF, or a damaged one; `unsupported` for samples of other than 8, 16, 32 or
 * 64 bits
 */
export async function openTiff(source: Source, name: string): Promise<Tiff> {
  const size = source.size(name);
  const fail = (what: string): SpatialError =>
    new SpatialError("format", `${name} must be a TIFF image, but ${what}.`, {
      subject: name,
      hint: "The file is incomplete or damaged: copy or download it again.",
    });
  const head = await source.slice(name, 0, 16);
  const order = byteOrder(head);
  if (order === null || head.length < 8) throw fail("it does not begin as one");
  const { little, big } = order;
  const viewOf = (bytes: Uint8Array): DataView =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = (view: DataView, at: number): number => {
    const value = big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
    if (!Number.isSafeInteger(value)) throw fail("it points beyond 2^53");
    return value;
  };
  /** A part of the file that must be whole. */
  const part = async (start: number, length: number): Promise<DataView> => {
    if (start < 0 || length < 0 || start + length > size) throw fail("it ends before what it points to");
    const bytes = await source.slice(name, start, start + length);
    if (bytes.length !== length) throw fail("it ends before what it points to");
    return viewOf(bytes);
  };
  if (big && head.length < 16) throw fail("it ends in its header");

  const seen = new Set<number>();
  const readPage = async (at: number, depth: number): Promise<{ page: TiffPage; next: number }> => {
    if (seen.has(at) || seen.size >= MOST_PAGES) throw fail("its directories run in a circle");
    seen.add(at);
    const [countSize, entrySize, pointer] = big ? [8, 20, 8] : [2, 12, 4];
    let view = await part(at, Math.min(HEAD, Math.max(0, size - at)));
    if (view.byteLength < countSize) throw fail("it ends before what it points to");
    const count = big ? long(view, 0) : view.getUint16(0, little);
    if (count > MOST_TAGS) throw fail(`a directory claims ${count} entries`);
    const length = countSize + count * entrySize + pointer;
    if (length > view.byteLength) view = await part(at, length);
    const tags = new Map<number, TagValues & { readonly type: number; readonly inline: number[] | null }>();
    for (let k = 0; k < count; k++) {
      const entry = countSize + k * entrySize;
      const tag = view.getUint16(entry, little);
      const type = view.getUint16(entry + 2, little);
      const values = long(view, entry + 4);
      const bytes = SIZES[type] ?? 0;
      if (bytes === 0) continue;
      const isInline = values * bytes <= pointer;
      const from = entry + 4 + pointer;
      const start = isInline ? at + from : long(view, from);
      if (values * bytes > size || start + values * bytes > size)
        throw fail("a list of values is longer than the file");
      const inline = isInline ? Array.from(decode(view, from, type, values, little)) : null;
      let kept: Promise<Float64Array> | null = null;
      const fetch = async (a: number, b: number): Promise<Float64Array> =>
        decode(await part(start + a * bytes, (b - a) * bytes), 0, type, b - a, little);
      const read = async (a: number, b: number): Promise<Float64Array> => {
        if (a < 0 || b > values) throw fail("a list of values is too short");
        if (inline !== null) return Float64Array.from(inline.slice(a, b));
        if (values > KEPT) return fetch(a, b);
        return (await (kept ??= fetch(0, values))).subarray(a, b);
      };
      tags.set(tag, { count: values, read, type, inline });
    }
    const number = async (tag: number, otherwise: number): Promise<number> => {
      const values = tags.get(tag);
      return values === undefined || values.count === 0 ? otherwise : (await values.read(0, 1))[0];
    };
    const text = tags.get(270);
    const width = await number(256, 0);
    const height = await number(257, 0);
    const [offsets, byteCounts] = tags.has(324)
      ? [tags.get(324), tags.get(325)]
      : [tags.get(273), tags.get(279)];
    if (!(width > 0 && height > 0) || offsets === undefined || byteCounts === undefined)
      throw fail("a directory describes no picture");
    const isTiled = tags.has(324);
    const bits = await number(258, 1);
    const format = await number(339, 1);
    const chunkHeight = isTiled ? await number(323, 0) : Math.min(height, await number(278, height));
    const page = {
      width,
      height,
      samples: sampleType(bits, format, name),
      samplesPerPixel: await number(277, 1),
      isPlanar: (await number(284, 1)) === 2,
      photometric: await number(262, 1),
      compression: await number(259, 1),
      predictor: await number(317, 1),
      isTiled,
      chunkWidth: isTiled ? await number(322, 0) : width,
      chunkHeight,
      offsets,
      byteCounts,
      jpegTables: tags.get(347) ?? null,
      isLittleEndian: little,
      isReduced: ((await number(254, 0)) & 1) === 1,
      description: "",
      below: [] as TiffPage[],
    };
    const { chunkWidth, samplesPerPixel } = page;
    const sizes = [width, height, chunkWidth, chunkHeight, samplesPerPixel];
    if (
      !sizes.every((v) => Number.isSafeInteger(v) && v > 0 && v < 2_147_483_648) ||
      samplesPerPixel > 65_536
    )
      throw fail(`a directory claims sizes of ${sizes.join(", ")}`);
    const chunks =
      Math.ceil(width / chunkWidth) * Math.ceil(height / chunkHeight) * (page.isPlanar ? samplesPerPixel : 1);
    if (offsets.count < chunks || byteCounts.count < chunks)
      throw fail(`a picture of ${chunks} parts lists ${Math.min(offsets.count, byteCounts.count)}`);
    if (text !== undefined) {
      if (text.count > MOST_TEXT) throw fail("its description is too long");
      const bytes = Uint8Array.from(await text.read(0, text.count));
      page.description = new TextDecoder().decode(bytes).replace(/\0[^]*$/, "");
    }
    const subs = tags.get(330);
    if (depth === 0 && subs !== undefined && subs.count > 0 && subs.count < 64)
      for (const sub of await subs.read(0, subs.count)) page.below.push((await readPage(sub, 1)).page);
    return { page, next: long(view, countSize + count * entrySize) };
  };

  const pages: TiffPage[] = [];
  let next = long(viewOf(head), big ? 8 : 4);
  while (next !== 0) {
    const read = await readPage(next, 0);
    pages.push(read.page);
    next = read.next;
  }
  if (pages.length === 0) throw fail("it has no pictures");
  return { name, source, pages };
}

function decode(view: DataView, at: number, type: number, count: number, little: boolean): Float64Array {
  const out = new Float64Array(count);
  const size = SIZES[type];
  for (let k = 0; k < count; k++) {
    const p = at + k * size;
    if (type === 3) out[k] = view.getUint16(p, little);
    else if (type === 4 || type === 13) out[k] = view.getUint32(p, little);
    else if (type === 16 || type === 18) out[k] = Number(view.getBigUint64(p, little));
    else if (size === 1) out[k] = view.getUint8(p);
    else if (type === 11) out[k] = view.getFloat32(p, little);
    else if (type === 12) out[k] = view.getFloat64(p, little);
    else if (type === 5) out[k] = view.getUint32(p, little) / view.getUint32(p + 4, little);
    else out[k] = type === 8 ? view.getInt16(p, little) : view.getInt32(p, little);
  }
  return out;
}

function sampleType(bits: number, format: number, name: string): SampleType {
  const kind = format === 2 ? "int" : format === 3 ? "float" : "uint";
  const type = `${kind}${bits}`;
  const known: readonly string[] = SAMPLE_TYPES;
  if (known.includes(type)) return type as SampleType;
  throw new SpatialError("unsupported", `${name} holds samples of ${type}, which are not read.`, {
    subject: name,
    hint: "Write the image with 8, 16 or 32 bits per sample.",
  });
}
