import { SpatialError } from "../core/errors.ts";
import { isGzip, type Source } from "./source.ts";

/** Bytes read at once. */
const PART = 4_194_304;
/** Longest line. */
const LINE = 67_108_864;
const LINE_FEED = 10;

/** Whole lines of a text file, and how much of the file has been read with them (0 to 1). */
export interface LineBlock {
  readonly bytes: Uint8Array;
  readonly fraction: number;
}

/**
 * A text file of any size in blocks of whole lines, unpacked while it is read where it is gzip by content.
 *
 * @throws {SpatialError} `format` where unpacking fails
 */
export async function* lineBlocks(source: Source, name: string): AsyncGenerator<LineBlock> {
  const size = source.size(name);
  let read = 0;
  const raw = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const part = await source.slice(name, read, Math.min(size, read + PART));
      read += part.length;
      if (part.length > 0) controller.enqueue(part);
      if (part.length === 0 || read >= size) controller.close();
    },
  });
  const isPacked = isGzip(await source.slice(name, 0, 3));
  const text = isPacked
    ? raw.pipeThrough(new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>)
    : raw;
  const reader = text.getReader();
  let rest: Uint8Array = new Uint8Array(0);
  let isOpen = true;
  try {
    while (isOpen) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        isOpen = false;
        throw isPacked ? damaged(name, cause) : cause;
      });
      const bytes = joined(rest, value);
      if (done) isOpen = false;
      const cut = done ? bytes.length : bytes.lastIndexOf(LINE_FEED) + 1;
      if (cut > 0) yield { bytes: bytes.subarray(0, cut), fraction: size === 0 ? 1 : read / size };
      rest = bytes.slice(cut);
      if (rest.length > LINE)
        throw new SpatialError("format", `${name} must consist of lines, but one has over ${LINE} bytes.`, {
          subject: name,
        });
    }
  } finally {
    if (isOpen) await reader.cancel();
  }
}

function joined(a: Uint8Array, b: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (a.length === 0) return b;
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function damaged(name: string, cause: unknown): SpatialError {
  return new SpatialError("format", `${name} must be a whole gzip file, but unpacking it failed.`, {
    subject: name,
    hint: "The file is truncated or damaged: copy or download it again.",
    cause,
  });
}
