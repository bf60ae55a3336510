import { SpatialError } from "../core/errors.ts";
import type { Raster } from "../model/image.ts";
import { decodeJpeg2000 } from "./jpeg2000.ts";
import { samplesOf } from "./pyramid.ts";
import type { TiffPage } from "./tiff.ts";

/** Compressions that are read, by their number in the file. */
const NONE = 1;
const LZW = 5;
const JPEG = 7;
const DEFLATE = [8, 32946];
const PACKBITS = 32773;
const JPEG2000 = [33003, 33004, 33005, 34712];
const NAMES: Readonly<Record<number, string>> = {
  2: "CCITT",
  3: "CCITT fax 3",
  4: "CCITT fax 4",
  6: "JPEG of the old kind",
  34887: "LERC",
  34925: "LZMA",
  34927: "WebP",
  50000: "Zstandard",
  50001: "WebP",
  50002: "JPEG XL",
  52546: "JPEG XL",
};

/** Are chunks stored as they are, so that rows of them can be read alone? */
export function isPlain(page: TiffPage): boolean {
  return page.compression === NONE && page.predictor === 1;
}

/**
 * The samples of one chunk (`chunkWidth` x `rows` x `perPixel`, pixel by pixel) out of its bytes in the file.
 *
 * @throws {SpatialError} `format` where they do not unpack to just that; `unsupported` for other compressions
 */
export async function unpackChunk(
  page: TiffPage,
  packed: Uint8Array,
  rows: number,
  perPixel: number,
  name: string,
): Promise<Raster["data"]> {
  const values = samplesOf(page.samples, page.chunkWidth * rows * perPixel);
  const size = values.BYTES_PER_ELEMENT;
  try {
    if (page.compression === JPEG || JPEG2000.includes(page.compression)) {
      const pixels =
        page.compression === JPEG
          ? await decodeJpeg(page, packed, page.chunkWidth, rows, perPixel)
          : await decodeJpeg2000(packed, page.chunkWidth, rows, perPixel, 8 * size);
      values.set(pixels);
      return values;
    }
    const bytes = new Uint8Array(values.buffer);
    await unpack(page, packed, bytes, name);
    if (page.predictor === 3) return floatPredicted(values, page.chunkWidth, rows, perPixel);
    if (!page.isLittleEndian && size > 1) swap(bytes, size);
    if (page.predictor === 2) differences(values, page.chunkWidth, rows, perPixel);
    return values;
  } catch (cause) {
    if (cause instanceof SpatialError) throw cause;
    throw new SpatialError("format", `A part of ${name} cannot be unpacked.`, {
      subject: name,
      hint: "The file is incomplete or damaged: copy or download it again.",
      cause,
    });
  }
}

async function unpack(page: TiffPage, packed: Uint8Array, out: Uint8Array, name: string): Promise<void> {
  if (page.compression === NONE) {
    if (packed.length < out.length) throw new RangeError("too few bytes");
    out.set(packed.subarray(0, out.length));
  } else if (page.compression === LZW) unpackLzw(packed, out);
  else if (page.compression === PACKBITS) unpackBits(packed, out);
  else if (DEFLATE.includes(page.compression)) {
    const { unzlibSync } = await import("fflate");
    if (unzlibSync(packed, { out }).length !== out.length) throw new RangeError("another length");
  } else {
    const what = NAMES[page.compression] ?? `method ${page.compression}`;
    throw new SpatialError("unsupported", `${name} is compressed with ${what}, which is not read.`, {
      subject: name,
      hint: "Write it again with deflate, LZW, JPEG or JPEG 2000, e.g. tiffcp -c zip old.tif new.tif.",
    });
  }
}

/** LZW as TIFF has it: codes of 9 to 12 bits, the highest bit first. */
function unpackLzw(packed: Uint8Array, out: Uint8Array): void {
  const prefix = new Uint16Array(4096);
  const last = new Uint8Array(4096);
  const length = new Uint16Array(4096);
  for (let k = 0; k < 256; k++) {
    last[k] = k;
    length[k] = 1;
  }
  let next = 258;
  let width = 9;
  let before = -1;
  let bits = 0;
  let held = 0;
  let at = 0;
  let done = 0;
  while (done < out.length) {
    while (held < width) {
      if (at >= packed.length) throw new RangeError("too few bytes");
      bits = ((bits << 8) | packed[at++]) & 0xffffff;
      held += 8;
    }
    const code = (bits >>> (held - width)) & ((1 << width) - 1);
    held -= width;
    if (code === 257) break;
    if (code === 256) {
      next = 258;
      width = 9;
      before = -1;
      continue;
    }
    if (before < 0 ? code > 255 : code > next) throw new RangeError("a code before its time");
    const isNew = before >= 0 && code === next;
    const string = isNew ? before : code;
    const total = length[string] + (isNew ? 1 : 0);
    let first = string;
    let end = done + length[string] - 1;
    for (; length[first] > 1; end--, first = prefix[first]) out[end] = last[first];
    out[end] = last[first];
    if (isNew) out[done + total - 1] = last[first];
    done += total;
    if (before >= 0 && next < 4096) {
      prefix[next] = before;
      last[next] = last[first];
      length[next] = length[before] + 1;
      next++;
    }
    if (next >= (1 << width) - 1 && width < 12) width++;
    before = code;
  }
  if (done < out.length) throw new RangeError("too few values");
}

function unpackBits(packed: Uint8Array, out: Uint8Array): void {
  let at = 0;
  let done = 0;
  while (done < out.length) {
    if (at >= packed.length) throw new RangeError("too few bytes");
    const head = packed[at++];
    if (head === 128) continue;
    const n = head < 128 ? head + 1 : 257 - head;
    const fit = Math.min(n, out.length - done);
    if (head < 128) {
      if (at + n > packed.length) throw new RangeError("too few bytes");
      out.set(packed.subarray(at, at + fit), done);
      at += n;
    } else out.fill(packed[at++], done, done + fit);
    done += fit;
  }
}

/** Baseline JPEG; tables that all chunks share stand in the directory. */
async function decodeJpeg(
  page: TiffPage,
  packed: Uint8Array,
  width: number,
  rows: number,
  perPixel: number,
): Promise<Uint8Array> {
  const { decode } = await import("jpeg-js");
  let whole = packed;
  if (page.jpegTables !== null && page.jpegTables.count > 4) {
    const tables = Uint8Array.from(await page.jpegTables.read(0, page.jpegTables.count)).subarray(0, -2);
    whole = new Uint8Array(tables.length + packed.length - 2);
    whole.set(tables);
    whole.set(packed.subarray(2), tables.length);
  }
  const limits = { maxResolutionInMP: (width * rows) / 1e6 + 1, maxMemoryUsageInMB: 2048 };
  const jpeg = decode(whole, {
    ...limits,
    useTArray: true,
    formatAsRGBA: false,
    colorTransform: page.photometric === 6,
  });
  if (jpeg.width !== width || jpeg.height !== rows) throw new RangeError("a picture of another size");
  if (perPixel === 3) return jpeg.data;
  if (perPixel !== 1) throw new RangeError(`${perPixel} samples per pixel`);
  return jpeg.data.filter((_, k) => k % 3 === 0);
}

function swap(bytes: Uint8Array, size: number): void {
  for (let k = 0; k < bytes.length; k += size) bytes.subarray(k, k + size).reverse();
}

/** Each sample was stored as its difference to the one before it in the row. */
function differences(values: Raster["data"], width: number, rows: number, perPixel: number): void {
  const row = width * perPixel;
  for (let y = 0; y < rows; y++)
    for (let k = y * row + perPixel; k < (y + 1) * row; k++) values[k] += values[k - perPixel];
}

/** Floats whose bytes were sorted by their weight, each stored as its difference to the one before. */
function floatPredicted(
  values: Raster["data"],
  width: number,
  rows: number,
  perPixel: number,
): Raster["data"] {
  const size = values.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(values.buffer);
  const row = width * perPixel;
  const line = new Uint8Array(row * size);
  for (let y = 0; y < rows; y++) {
    line.set(bytes.subarray(y * line.length, (y + 1) * line.length));
    for (let k = perPixel; k < line.length; k++) line[k] += line[k - perPixel];
    for (let i = 0; i < row; i++)
      for (let b = 0; b < size; b++) bytes[y * line.length + i * size + b] = line[(size - 1 - b) * row + i];
  }
  return values;
}
