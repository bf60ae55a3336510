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
  const isPacked = isGzip(await source.slice(name, 0, 3));
  let rest: Uint8Array = new Uint8Array(0);
  let fraction = size === 0 ? 1 : 0;
  const note = (read: number): void => void (fraction = Math.max(fraction, read / size));
  const text = isPacked ? unpackedParts(source, name, note) : rawParts(source, name, 0, size, note);
  for await (const part of text) {
    const bytes = joined(rest, part);
    const cut = bytes.lastIndexOf(LINE_FEED) + 1;
    if (cut > 0) yield { bytes: bytes.subarray(0, cut), fraction };
    rest = bytes.slice(cut);
    if (rest.length > LINE)
      throw new SpatialError("format", `${name} must consist of lines, but one has over ${LINE} bytes.`, {
        subject: name,
      });
  }
  if (rest.length > 0) yield { bytes: rest, fraction: 1 };
}

/** A part of a file as it is; `note` is told how far the file has been read. */
async function* rawParts(
  source: Source,
  name: string,
  start: number,
  end: number,
  note: (read: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const part = await source.slice(name, at, Math.min(end, at + PART));
    if (part.length === 0) return;
    at += part.length;
    note(at);
    yield part;
  }
}

/**
 * A gzip file unpacked by the runtime, which checks its sums. Where that refuses files of several members (bgzip, or
 * written in pieces), they are unpacked one by one, from where it stopped.
 */
async function* unpackedParts(
  source: Source,
  name: string,
  note: (read: number) => void,
): AsyncGenerator<Uint8Array> {
  const size = source.size(name);
  let given = 0;
  try {
    for await (const part of unpacked(rawParts(source, name, 0, size, note))) {
      given += part.length;
      yield part;
    }
  } catch (cause) {
    if (cause instanceof SpatialError) throw cause;
    const starts = await memberStarts(source, name).catch(() => []);
    if (starts.length < 2) throw damaged(name, cause);
    let done = 0;
    try {
      for (const [k, start] of starts.entries()) {
        for await (const part of unpacked(rawParts(source, name, start, starts[k + 1] ?? size, note))) {
          done += part.length;
          if (done > given) yield part.subarray(Math.max(0, part.length - (done - given)));
          given = Math.max(given, done);
        }
      }
    } catch (again) {
      throw again instanceof SpatialError ? again : damaged(name, again);
    }
  }
}

async function* unpacked(parts: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const packed = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await parts.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
  const gunzip = new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>;
  const reader = packed.pipeThrough(gunzip).getReader();
  let isOpen = true;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        isOpen = false;
        throw cause;
      });
      if (done) break;
      yield value;
    }
    isOpen = false;
  } finally {
    if (isOpen) await reader.cancel();
  }
}

/** Where each member of a gzip file begins. */
async function memberStarts(source: Source, name: string): Promise<number[]> {
  const { Gunzip } = await import("fflate");
  const starts: number[] = [0];
  const scan = new Gunzip(() => undefined);
  scan.onmember = (at) => void starts.push(at);
  for await (const part of rawParts(source, name, 0, source.size(name), () => undefined)) scan.push(part);
  return starts;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
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
