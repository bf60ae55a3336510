import { SpatialError } from "../core/errors.ts";

/** Reads parts of one file without waiting: of a file system, of memory, and in a browser's Worker of a blob. */
export interface SyncFile {
  readonly size: number;
  /** Fills `into` from `position` and returns how many bytes there were. */
  readonly read: (into: Uint8Array, position: number) => number;
  readonly close: () => void;
}

/**
 * Writes a file part by part, in any order, without waiting: on disk, in memory, and in a browser's Worker to a handle from
 * `createSyncAccessHandle`. What is longer than written so far is zero.
 */
export interface OutputFile {
  /** Writes all bytes from `position`, or throws. */
  readonly write: (bytes: Uint8Array, position: number) => void;
  /** Fills `into` from `position` with what was written and returns how many bytes there were. */
  readonly read: (into: Uint8Array, position: number) => number;
  readonly truncate: (length: number) => void;
}

/** A folder or a single file, wherever it lies: on disk, in a browser's file dialog or in memory. */
export interface Source {
  readonly kind: "source";
  /** What a person calls it, for messages. */
  readonly label: string;
  /** Names of all files, relative, with "/", ascending by code unit. */
  readonly names: readonly string[];
  readonly size: (name: string) => number;
  readonly bytes: (name: string) => Promise<Uint8Array>;
  readonly slice: (name: string, start: number, end: number) => Promise<Uint8Array>;
  /** Opens a file for synchronous reading, or null where that is not possible. */
  readonly open: (name: string) => SyncFile | null;
  /** Learns the size of a file that is not among the names, where that takes asking a server. */
  readonly probe?: (name: string) => Promise<void>;
  /** Of a single text file: names of files in its folder and in the folders beside that, which can be read too. */
  readonly nearby?: () => readonly string[];
}

/**
 * A source over bytes in memory, by relative name; the bytes are shared.
 *
 * @example
 * ```ts
 * import { memorySource } from "tissular/io";
 * const source = memorySource(new Map([["outs/a.csv", new Uint8Array(3)]]));
 * if (source.size("outs/a.csv") !== 3) throw new Error("three bytes");
 * ```
 */
export function memorySource(files: ReadonlyMap<string, Uint8Array>, label: string = "memory"): Source {
  const get = (name: string): Uint8Array => files.get(name) ?? missing(name, label);
  return {
    kind: "source",
    label,
    names: [...files.keys()].sort(),
    size: (name) => get(name).length,
    bytes: async (name) => get(name),
    slice: async (name, start, end) => get(name).subarray(start, end),
    open: (name) => syncBytes(get(name)),
  };
}

/** Bytes in memory as a file that is read without waiting. */
export function syncBytes(bytes: Uint8Array): SyncFile {
  const read = (into: Uint8Array, position: number): number => {
    const part = bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  };
  return { size: bytes.length, read, close: () => undefined };
}

/**
 * A file to write in memory. `room` is how long it is going to be, about: without it, what was written is copied again
 * and again as it grows.
 */
export function memoryOutput(room: number): OutputFile & { readonly bytes: () => Uint8Array } {
  let memory = new Uint8Array(room);
  let end = 0;
  const reach = (length: number): void => {
    if (length > memory.length) {
      const larger = new Uint8Array(Math.max(length, Math.ceil(1.5 * memory.length)));
      larger.set(memory.subarray(0, end));
      memory = larger;
    }
    end = Math.max(end, length);
  };
  return {
    write: (bytes, position) => {
      reach(position + bytes.length);
      memory.set(bytes, position);
    },
    read: (into, position) => {
      const part = memory.subarray(position, Math.min(end, position + into.length));
      into.set(part);
      return part.length;
    },
    truncate: (length) => {
      reach(length);
      memory.fill(0, length, end);
      end = length;
    },
    bytes: () => memory.subarray(0, end),
  };
}

/** Writes text part by part, as UTF-8. */
export function writeText(file: OutputFile, parts: Iterable<string>): void {
  const encoder = new TextEncoder();
  let at = 0;
  for (const part of parts) {
    const bytes = encoder.encode(part);
    file.write(bytes, at);
    at += bytes.length;
  }
}

/**
 * A source over a browser's `File` objects (a dropped folder, an input element) or named blobs. Files from a chosen
 * folder keep their relative paths; a message to a Worker loses these, so send `{name, blob}` there. HDF5 files are read
 * where they lie in a Worker, and whole (up to 512 MB) on the page itself.
 *
 * @example
 * ```ts
 * import { blobSource } from "tissular/io";
 * const source = blobSource([{ name: "outs/a.csv", blob: new Blob(["id\n"]) }]);
 * if ((await source.bytes("outs/a.csv")).length !== 3) throw new Error("three bytes");
 * ```
 */
export function blobSource(
  files: Iterable<File | { readonly name: string; readonly blob: Blob }>,
  label: string = "files",
): Source {
  const blobs = new Map<string, Blob>();
  for (const file of files) {
    if ("blob" in file) blobs.set(file.name, file.blob);
    else blobs.set(file.webkitRelativePath || file.name, file);
  }
  const get = (name: string): Blob => blobs.get(name) ?? missing(name, label);
  const read = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());
  return {
    kind: "source",
    label,
    names: [...blobs.keys()].sort(),
    size: (name) => get(name).size,
    bytes: (name) => read(get(name)),
    slice: (name, start, end) => read(get(name).slice(start, end)),
    open: (name) => (hasSyncReader ? syncBlob(get(name)) : null),
  };
}

/** Only the Workers of a browser can read a blob without waiting. */
const hasSyncReader: boolean = "FileReaderSync" in globalThis;
/** Bytes of a blob that are fetched and kept at once, since HDF5 reads in small steps. */
const BLOCK = 1_048_576;

/** Reads a blob without waiting. */
function syncBlob(blob: Blob): SyncFile {
  const reader = new (globalThis as unknown as { FileReaderSync: new () => SyncReader }).FileReaderSync();
  const fetched = (start: number, length: number): Uint8Array =>
    new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, start + length)));
  let block: Uint8Array = new Uint8Array(0);
  let first = 0;
  const read = (into: Uint8Array, position: number): number => {
    let part: Uint8Array;
    if (into.length >= BLOCK) part = fetched(position, into.length);
    else {
      const end = Math.max(position, Math.min(position + into.length, blob.size));
      if (position < first || end > first + block.length) block = fetched((first = position), BLOCK);
      part = block.subarray(position - first, end - first);
    }
    into.set(part);
    return part.length;
  };
  return { size: blob.size, read, close: () => undefined };
}

interface SyncReader {
  readonly readAsArrayBuffer: (blob: Blob) => ArrayBuffer;
}

/** The whole file, unpacked if it is gzip by content. */
export async function unpacked(source: Source, name: string): Promise<Uint8Array> {
  const bytes = await source.bytes(name);
  return isGzip(bytes) ? gunzip(bytes, name) : bytes;
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Bytes that a packed file may come to: a few MB of gzip can claim to hold any number. */
const UNPACKED = 4_000_000_000;

/**
 * Unpacks gzip with the runtime's own decompressor, which checks its sums. Files of several members (bgzip, or
 * written in pieces, as R does) are taken apart first where the runtime refuses them whole.
 *
 * @throws {SpatialError} `format` for truncated and damaged files, `memory` for more than `most` bytes unpacked
 */
export async function gunzip(
  bytes: Uint8Array,
  subject: string,
  most: number = UNPACKED,
): Promise<Uint8Array> {
  const unpack = (part: Uint8Array): Promise<Uint8Array> =>
    through([part], new DecompressionStream("gzip"), subject, most);
  try {
    return await unpack(bytes);
  } catch (whole) {
    if (whole instanceof SpatialError) throw whole;
    try {
      const starts = await memberStarts(bytes);
      if (starts.length < 2) throw whole;
      const parts: Uint8Array[] = [];
      for (let k = 0; k < starts.length; k++)
        parts.push(await unpack(bytes.subarray(starts[k], starts[k + 1])));
      return concatenated(parts);
    } catch (cause) {
      if (cause instanceof SpatialError) throw cause;
      throw new SpatialError("format", `${subject} must be a whole gzip file, but unpacking it failed.`, {
        subject,
        hint: "The file is truncated or damaged: copy or download it again.",
        cause,
      });
    }
  }
}

/** Where each member of a gzip file begins. */
async function memberStarts(bytes: Uint8Array): Promise<number[]> {
  const { Gunzip } = await import("fflate");
  const starts = [0];
  const scan = new Gunzip(() => undefined);
  scan.onmember = (at) => void starts.push(at);
  scan.push(bytes);
  return starts;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Packs bytes as gzip; the packed bytes may differ between runtimes, the content does not. */
export function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  return gzipParts([bytes]);
}

/** The same of bytes in parts, of which no whole is made. */
export function gzipParts(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return through(parts, new CompressionStream("gzip"), "The packed file");
}

async function through(
  parts: readonly Uint8Array[],
  transform: CompressionStream | DecompressionStream,
  subject: string,
  most: number = UNPACKED,
): Promise<Uint8Array> {
  const blob = new Blob(parts as readonly BlobPart[] as BlobPart[]);
  const reader = blob.stream().pipeThrough(transform).getReader();
  const out: Uint8Array[] = [];
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    out.push(next.value);
    length += next.value.length;
    if (length > most) {
      await reader.cancel();
      throw new SpatialError("memory", `${subject} unpacks to more than ${most / 1e9} GB.`, {
        subject,
        hint: "Unpack the file and give it as it is.",
      });
    }
  }
  return out.length === 1 ? out[0] : concatenated(out);
}

function missing(name: string, label: string): never {
  throw new SpatialError("not-found", `${label} must hold the file ${name}, but it does not.`, {
    subject: name,
  });
}
