import { SpatialError } from "../core/errors.ts";

/** Reads parts of one file without waiting; only where the runtime has a file system. */
export interface SyncFile {
  readonly size: number;
  /** Fills `into` from `position` and returns how many bytes there were. */
  readonly read: (into: Uint8Array, position: number) => number;
  readonly close: () => void;
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
}

/** A source over bytes in memory, by relative name. */
export function memorySource(files: ReadonlyMap<string, Uint8Array>, label: string = "memory"): Source {
  const get = (name: string): Uint8Array => files.get(name) ?? missing(name, label);
  return {
    kind: "source",
    label,
    names: [...files.keys()].sort(),
    size: (name) => get(name).length,
    bytes: async (name) => get(name),
    slice: async (name, start, end) => get(name).subarray(start, end),
    open: (name) => {
      const bytes = get(name);
      const read = (into: Uint8Array, position: number): number => {
        const part = bytes.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      };
      return { size: bytes.length, read, close: () => undefined };
    },
  };
}

/**
 * A source over a browser's `File` objects (a dropped folder, an input element) or named blobs. Files from a chosen
 * folder keep their relative paths.
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
    open: () => null,
  };
}

/** The part of a source below a folder; names become relative to it. `folder` is "" or ends in "/". */
export function subSource(source: Source, folder: string): Source {
  if (folder === "") return source;
  return {
    kind: "source",
    label: `${source.label.replace(/\/+$/, "")}/${folder.slice(0, -1)}`,
    names: source.names.filter((n) => n.startsWith(folder)).map((n) => n.slice(folder.length)),
    size: (name) => source.size(folder + name),
    bytes: (name) => source.bytes(folder + name),
    slice: (name, start, end) => source.slice(folder + name, start, end),
    open: (name) => source.open(folder + name),
  };
}

/** The whole file, unpacked if it is gzip by content. */
export async function unpacked(source: Source, name: string): Promise<Uint8Array> {
  const bytes = await source.bytes(name);
  return isGzip(bytes) ? gunzip(bytes, name) : bytes;
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks gzip with the runtime's own decompressor. */
export async function gunzip(bytes: Uint8Array, subject: string): Promise<Uint8Array> {
  try {
    return await through(bytes, new DecompressionStream("gzip"));
  } catch (cause) {
    throw new SpatialError("format", `${subject} must be a whole gzip file, but unpacking it failed.`, {
      subject,
      hint: "The file is truncated or damaged: copy or download it again.",
      cause,
    });
  }
}

/** Packs bytes as gzip; the packed bytes may differ between runtimes, the content does not. */
export function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new CompressionStream("gzip"));
}

async function through(
  bytes: Uint8Array,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const blob = new Blob([bytes as BlobPart]);
  return new Uint8Array(await new Response(blob.stream().pipeThrough(transform)).arrayBuffer());
}

function missing(name: string, label: string): never {
  throw new SpatialError("not-found", `${label} must hold the file ${name}, but it does not.`, {
    subject: name,
  });
}
