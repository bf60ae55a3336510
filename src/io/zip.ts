import { SpatialError } from "../core/errors.ts";
import type { Source } from "./source.ts";

/** Where a file lies in an archive. */
interface Entry {
  /** 0: as it is; 8: deflated. */
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly header: number;
}

/** Largest file that is unpacked. */
const LIMIT = 2_000_000_000;

export async function isZip(source: Source, name: string): Promise<boolean> {
  const head = await source.slice(name, 0, 4);
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

/**
 * The files inside a zip archive of a source, as a source; each is read and unpacked when asked for.
 *
 * @throws {SpatialError} `format` where the archive is damaged or packed otherwise than by deflate
 */
export async function zipSource(source: Source, name: string): Promise<Source> {
  const entries = await listEntries(source, name);
  const get = (file: string): Entry => {
    const entry = entries.get(file);
    if (entry === undefined)
      throw new SpatialError("not-found", `${name} must hold the file ${file}, but it does not.`, {
        subject: file,
      });
    return entry;
  };
  /** Where the packed bytes of a file begin. */
  const begin = async (file: string): Promise<number> => {
    const entry = get(file);
    const head = await source.slice(name, entry.header, entry.header + 30);
    if (head.length < 30 || view(head).getUint32(0, true) !== 0x04034b50) throw damaged(name, file);
    return entry.header + 30 + view(head).getUint16(26, true) + view(head).getUint16(28, true);
  };
  const bytes = async (file: string): Promise<Uint8Array> => {
    const entry = get(file);
    const start = await begin(file);
    const packed = await source.slice(name, start, start + entry.packed);
    const whole = entry.method === 0 ? packed : await inflate(packed, entry, name, file);
    if (whole.length !== entry.size) throw damaged(name, file);
    return whole;
  };
  /** The file that was last unpacked for a part of it. */
  let last: { readonly file: string; readonly whole: Promise<Uint8Array> } | null = null;
  return {
    kind: "source",
    label: source.label,
    names: [...entries.keys()].sort(),
    size: (file) => get(file).size,
    bytes,
    slice: async (file, start, end) => {
      const { method, size } = get(file);
      if (method === 0) {
        const first = await begin(file);
        return source.slice(name, first + Math.min(start, size), first + Math.min(end, size));
      }
      if (last?.file !== file) last = { file, whole: bytes(file) };
      return (await last.whole).subarray(start, end);
    },
    open: () => null,
  };
}

/** Unpacks deflate part by part and stops where it grows beyond what the archive says. */
async function inflate(packed: Uint8Array, entry: Entry, name: string, file: string): Promise<Uint8Array> {
  if (entry.size > LIMIT) {
    throw new SpatialError("memory", `${file} in ${name} is too large to be unpacked in memory.`, {
      subject: name,
      hint: "Unpack the archive and give the folder.",
    });
  }
  const out = new Uint8Array(entry.size);
  let at = 0;
  try {
    const stream = new Blob([packed as BlobPart])
      .stream()
      .pipeThrough(new DecompressionStream("deflate-raw"));
    const reader = stream.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      out.set(part.value, at);
      at += part.value.length;
    }
  } catch (cause) {
    throw damaged(name, file, cause);
  }
  if (at !== entry.size) throw damaged(name, file);
  return out;
}

/** The list at the archive's end, also in the form for large archives. */
async function listEntries(source: Source, name: string): Promise<Map<string, Entry>> {
  const size = source.size(name);
  const tail = await source.slice(name, Math.max(0, size - 65_557), size);
  let end = tail.length - 22;
  while (end >= 0 && view(tail).getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw damaged(name, "its list of files");
  let length = view(tail).getUint32(end + 12, true);
  let start = view(tail).getUint32(end + 16, true);
  if ((start === 0xffffffff || length === 0xffffffff) && end >= 20) {
    const at = whole(view(tail), end - 20 + 8, name);
    const large = await source.slice(name, at, at + 56);
    if (large.length < 56 || view(large).getUint32(0, true) !== 0x06064b50)
      throw damaged(name, "its list of files");
    length = whole(view(large), 40, name);
    start = whole(view(large), 48, name);
  }
  if (start + length > size) throw damaged(name, "its list of files");
  const list = await source.slice(name, start, start + length);
  const entries = new Map<string, Entry>();
  const decoder = new TextDecoder();
  for (let at = 0; at + 46 <= list.length && view(list).getUint32(at, true) === 0x02014b50;) {
    const [nameLength, extra, comment] = [28, 30, 32].map((k) => view(list).getUint16(at + k, true));
    const file = decoder.decode(list.subarray(at + 46, at + 46 + nameLength));
    const entry = toEntry(list.subarray(at, at + 46 + nameLength + extra), nameLength, name);
    if (entry.method !== 0 && entry.method !== 8) {
      throw new SpatialError("unsupported", `${file} in ${name} is packed in a way that is not read here.`, {
        subject: name,
        hint: "Unpack the archive and give the folder.",
      });
    }
    if (entry.method === 0 && entry.packed !== entry.size) throw damaged(name, file);
    if (!file.endsWith("/")) entries.set(file, entry);
    at += 46 + nameLength + extra + comment;
  }
  return entries;
}

/** One line of the list; sizes and places of 64 bits stand in its extra fields. */
function toEntry(line: Uint8Array, nameLength: number, name: string): Entry {
  const at = view(line);
  let [packed, size, header] = [20, 24, 42].map((k) => at.getUint32(k, true));
  for (let p = 46 + nameLength; p + 4 <= line.length; p += 4 + at.getUint16(p + 2, true)) {
    if (at.getUint16(p, true) !== 1) continue;
    let next = p + 4;
    const wide = (value: number): number => {
      if (value !== 0xffffffff || next + 8 > line.length) return value;
      next += 8;
      return whole(at, next - 8, name);
    };
    size = wide(size);
    packed = wide(packed);
    header = wide(header);
  }
  return { method: at.getUint16(10, true), packed, size, header };
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function whole(at: DataView, offset: number, name: string): number {
  const value = Number(at.getBigUint64(offset, true));
  if (!Number.isSafeInteger(value)) throw damaged(name, "its list of files");
  return value;
}

function damaged(name: string, what: string, cause?: unknown): SpatialError {
  return new SpatialError("format", `${name} must be a whole zip archive, but ${what} cannot be read.`, {
    subject: name,
    hint: "The file is incomplete or damaged: copy or download it again.",
    cause,
  });
}
