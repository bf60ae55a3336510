import { checkOptions, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkAborted } from "../core/progress.ts";
import type { ImagePyramid, ImageWindow, Raster, SampleType } from "../model/image.ts";

/** Values read at once at most; a file can claim any size. */
const MOST = 200_000_000;

/** What makes a pyramid besides its reader: pixels of some channels (by number) of a window that lies in the level. */
export interface PyramidParts extends Omit<ImagePyramid, "kind" | "read"> {
  readonly fetch: (
    level: number,
    window: ImageWindow,
    channels: readonly number[],
    signal: AbortSignal | undefined,
  ) => Promise<Raster["data"]>;
}

const rules = {
  window: such(
    "{x, y, width, height} of whole numbers",
    (v) =>
      typeof v === "object" &&
      v !== null &&
      ["x", "y", "width", "height"].every((k) => Number.isSafeInteger((v as Record<string, unknown>)[k])),
  ),
  channels: such(
    "a list of names",
    (v) => Array.isArray(v) && v.length > 0 && v.every((name) => typeof name === "string"),
  ),
  signal: such("an AbortSignal", (v) => v instanceof AbortSignal),
};

/** A pyramid that checks what is asked of it before anything is read or room is made. */
export function imagePyramid(parts: PyramidParts): ImagePyramid {
  const { fetch, ...rest } = parts;
  const refuse = (message: string): SpatialError =>
    new SpatialError("input", message, { subject: parts.name });
  const read: ImagePyramid["read"] = async (level, options = {}) => {
    checkOptions("read", options, rules);
    const size = parts.levels[level];
    if (size === undefined)
      throw refuse(`${parts.name} has levels 0 to ${parts.levels.length - 1}, asked for ${level}.`);
    const window = options.window ?? { x: 0, y: 0, width: size.width, height: size.height };
    const { x, y, width, height } = window;
    if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > size.width || y + height > size.height)
      throw refuse(
        `A window must lie within ${size.width} x ${size.height} pixels of level ${level} of ${parts.name}, found ${width} x ${height} at ${x}, ${y}.`,
      );
    const names = options.channels ?? parts.channels;
    const numbers = new Map(parts.channels.map((name, at) => [name, at]));
    const channels = names.map((name) => {
      const at = numbers.get(name);
      if (at === undefined)
        throw refuse(`${parts.name} has the channels ${parts.channels.join(", ")}, asked for "${name}".`);
      return at;
    });
    if (width * height * channels.length > MOST)
      throw new SpatialError(
        "memory",
        `${width} x ${height} pixels of ${channels.length} channels of ${parts.name} are more than can be read at once.`,
        {
          subject: parts.name,
          hint: "Read a window, fewer channels or a smaller level, or make a thumbnail.",
        },
      );
    checkAborted(options.signal);
    const data = await fetch(level, window, channels, options.signal);
    return { kind: "raster", width, height, channels: names, data };
  };
  return { kind: "pyramid", ...rest, read };
}

const makers: Readonly<Record<SampleType, new (length: number) => Raster["data"]>> = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Every type of samples. */
export const SAMPLE_TYPES: readonly SampleType[] = Object.keys(makers) as SampleType[];

/** Room for values of a type. */
export function samplesOf(type: SampleType, length: number): Raster["data"] {
  return new makers[type](length);
}
