import { SpatialError } from "../core/errors.ts";
import { gunzip, isGzip, memorySource, type Source } from "./source.ts";
import { beginning } from "./text-shape.ts";

/** Where a file lies in an archive. */
interface Entry {
  readonly start: number;
  readonly size: number;
}

const BLOCK = 512;
/** Longest name that is read, and largest packed archive that is unpacked in memory. */
const [LONGEST, LARGEST] = [65_536, 1_000_000_000];
const decoder = new TextDecoder();

/** Is it, by content, a tar archive, packed with gzip or not? */
export async function isTar(source: Source, name: string): Promise<boolean> {
  const head = await source.slice(name, 0, Math.min(65_536, source.size(name)));
  return isHeader(isGzip(head) ? await beginning(head) : head);
}

/**
 * The files inside a tar archive of a source, as a source. One that is packed with gzip is unpacked in memory, else files
 * are read where they lie.
 *
 * @throws {SpatialError} `format` where the archive is damaged; `memory` where it is too large to be unpacked
 */
export async function tarSource(source: Source, name: string): Promise<Source> {
  const plain = isGzip(await source.slice(name, 0, 3)) ? await unpackedArchive(source, name) : source;
  const entries = await listEntries(plain, name);
  const get = (file: string): Entry => {
    const entry = entries.get(file);
    if (entry === undefined)
      throw new SpatialError("not-found", `${name} must hold the file ${file}, but it does not.`, {
        subject: file,
      });
    return entry;
  };
  const slice = (file: string, from: number, to: number): Promise<Uint8Array> => {
    const { start, size } = get(file);
    return plain.slice(name, start + Math.min(from, size), start + Math.min(to, size));
  };
  return {
    kind: "source",
    label: source.label,
    names: [...entries.keys()].sort(),
    size: (file) => get(file).size,
    bytes: (file) => slice(file, 0, Infinity),
    slice,
    open: (file) => {
      const { start, size } = get(file);
      const whole = plain.open(name);
      if (whole === null) return null;
      const read = (into: Uint8Array, position: number): number =>
        whole.read(into.subarray(0, Math.max(0, size - position)), start + position);
      return { size, read, close: whole.close };
    },
  };
}

async function unpackedArchive(source: Source, name: string): Promise<Source> {
  if (source.size(name) > LARGEST)
    throw new SpatialError("memory", `${name} is too large to be unpacked in memory.`, {
      subject: name,
      hint: "Unpack the archive and give the folder.",
    });
  return memorySource(new Map([[name, await gunzip(await source.bytes(name), name)]]), source.label);
}

/** Does a block begin a file? Its sum, with blanks in the sum's place, stands in it. */
function isHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK || block[0] === 0) return false;
  let sum = 0;
  for (let k = 0; k < BLOCK; k++) sum += k >= 148 && k < 156 ? 32 : block[k];
  return sum === octal(block.subarray(148, 156));
}

/** A number in octal digits, or (from 8 GB) in binary. */
function octal(field: Uint8Array): number {
  if ((field[0] & 0x80) !== 0) return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
  return parseInt(text(field).trim() || "0", 8);
}

function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

/** Every plain file by name; names and sizes that do not fit a header stand in blocks before it. */
async function listEntries(source: Source, name: string): Promise<Map<string, Entry>> {
  const total = source.size(name);
  const damaged = (what: string): SpatialError =>
    new SpatialError("format", `${name} must be a whole tar archive, but ${what}.`, {
      subject: name,
      hint: "The file is incomplete or damaged: copy or download it again.",
    });
  const entries = new Map<string, Entry>();
  let said: { path?: string; size?: string } = {};
  for (let at = 0; at + BLOCK <= total;) {
    const head = await source.slice(name, at, at + BLOCK);
    if (head[0] === 0) return entries;
    if (!isHeader(head)) throw damaged(`what begins at byte ${at} is no file`);
    const kind = String.fromCharCode(head[156]);
    const size = said.size === undefined ? octal(head.subarray(124, 136)) : Number(said.size);
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0 || start + size > total)
      throw damaged(`a file of ${size} bytes at byte ${at} does not end in it`);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (kind === "x" || kind === "L") {
      if (size > LONGEST) throw damaged(`a name has ${size} bytes`);
      const bytes = await source.slice(name, start, start + size);
      said = kind === "L" ? { ...said, path: text(bytes) } : { ...said, ...records(bytes) };
      continue;
    }
    const prefix = text(head.subarray(257, 262)) === "ustar" ? text(head.subarray(345, 500)) : "";
    const own = text(head.subarray(0, 100));
    const path = (said.path ?? (prefix === "" ? own : `${prefix}/${own}`)).replace(/^(\.?\/)+/, "");
    if (kind === "0" || kind === "\0" || kind === "7") entries.set(path, { start, size });
    if (kind !== "g") said = {};
  }
  if (entries.size === 0) throw damaged("it ends at once");
  return entries;
}

/** Path and size among the records "length key=value" of an extended header. */
function records(bytes: Uint8Array): { path?: string; size?: string } {
  const found: Record<string, string> = {};
  for (let at = 0; at < bytes.length;) {
    const length = parseInt(decoder.decode(bytes.subarray(at, at + 20)), 10);
    if (!(length > 0)) break;
    const [, key, value] =
      /^\d+ ([^=]+)=([^]*)\n$/.exec(decoder.decode(bytes.subarray(at, at + length))) ?? [];
    if (key === "path" || key === "size") found[key] = value;
    at += length;
  }
  return found;
}
