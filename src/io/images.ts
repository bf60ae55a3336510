import { SpatialError } from "../core/errors.ts";
import type { Image } from "../model/image.ts";

/** An image file with its size from its header; pixels are not touched. */
export function imageFile(name: string, bytes: Uint8Array, scale: number, subject: string): Image {
  const size = pngSize(bytes) ?? jpegSize(bytes);
  if (size === null) {
    throw new SpatialError("format", `${subject} must be a PNG or JPEG image, but it is not.`, {
      subject,
      hint: "The file is incomplete or damaged: copy or download it again.",
    });
  }
  return {
    kind: "image",
    name,
    width: size.width,
    height: size.height,
    encoded: { type: size.type, bytes },
    scale,
  };
}

interface Size {
  readonly type: Image["encoded"]["type"];
  readonly width: number;
  readonly height: number;
}

function pngSize(bytes: Uint8Array): Size | null {
  const signature = [137, 80, 78, 71, 13, 10, 26, 10];
  if (bytes.length < 24 || signature.some((b, k) => bytes[k] !== b)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { type: "image/png", width: view.getUint32(16), height: view.getUint32(20) };
}

function jpegSize(bytes: Uint8Array): Size | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = bytes[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { type: "image/jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return null;
}

/** Pixels of 8-bit RGB, row-major, 3 bytes each. */
export interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The pixels of a PNG as RGB; transparency is laid on white, 16 bits become 8. */
export async function decodePng(bytes: Uint8Array, subject: string): Promise<Rgb> {
  const { decode, convertIndexedToRgb } = await import("fast-png");
  try {
    const png = decode(bytes);
    const indexed = png.palette !== undefined;
    const data = indexed ? convertIndexedToRgb(png) : png.data;
    const channels = indexed ? (png.palette as number[][])[0].length : png.channels;
    return { width: png.width, height: png.height, data: toRgb(data, channels, indexed ? 8 : png.depth) };
  } catch (cause) {
    throw new SpatialError("format", `${subject} must be a whole PNG image, but it cannot be read.`, {
      subject,
      hint: "The file is incomplete or damaged: copy or download it again.",
      cause,
    });
  }
}

/** The pixels of an image as RGB, whichever kind of file it is. */
export async function decodeImage({ name, encoded, width, height }: Image): Promise<Rgb> {
  const subject = `Image ${name}`;
  if (encoded.type === "image/png") return decodePng(encoded.bytes, subject);
  const { decode } = await import("jpeg-js");
  try {
    const limits = { maxResolutionInMP: (width * height) / 1e6 + 1, maxMemoryUsageInMB: 2048 };
    const jpeg = decode(encoded.bytes, { ...limits, useTArray: true, formatAsRGBA: false });
    return { width: jpeg.width, height: jpeg.height, data: jpeg.data };
  } catch (cause) {
    throw new SpatialError("format", `${subject} must be a whole JPEG image, but it cannot be read.`, {
      subject,
      hint: "The file is incomplete or damaged: copy or download it again.",
      cause,
    });
  }
}

function toRgb(data: ArrayLike<number>, channels: number, depth: number): Uint8Array {
  const shift = depth === 16 ? 257 : depth === 8 ? 1 : 0;
  if (shift === 0) throw new RangeError(`${depth} bits per channel`);
  const pixels = data.length / channels;
  const out = new Uint8Array(3 * pixels);
  const gray = channels < 3;
  const hasAlpha = channels === 2 || channels === 4;
  for (let i = 0; i < pixels; i++) {
    const alpha = hasAlpha ? data[i * channels + channels - 1] / (255 * shift) : 1;
    for (let c = 0; c < 3; c++) {
      const v = data[i * channels + (gray ? 0 : c)] / shift;
      out[3 * i + c] = Math.round(v * alpha + 255 * (1 - alpha));
    }
  }
  return out;
}

/** Pixels of 8 bits, RGB or gray, as a PNG file. */
export async function encodePng(image: Rgb, channels: 1 | 3 = 3): Promise<Uint8Array> {
  const { encode } = await import("fast-png");
  return encode({ ...image, channels, depth: 8 });
}
