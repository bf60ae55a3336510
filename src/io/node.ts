import type * as NodeCrypto from "node:crypto";
import type * as NodeFs from "node:fs";
import type * as NodePath from "node:path";
import { SpatialError } from "../core/errors.ts";
import { breathe } from "../core/progress.ts";
import type { Source, SyncFile } from "./source.ts";
import { isTextName } from "./text-shape.ts";

type Fs = typeof NodeFs;
type Path = typeof NodePath;
type Crypto = typeof NodeCrypto;

/** How deep and how much of a folder is listed; beyond it a sample is not looked for. */
const DEPTH = 6;
const ENTRIES = 20_000;
/** How many folders beside a file's own are looked into for its other half. */
const BESIDE = 100;
/** Bytes read at once. */
const PART = 33_554_432;
/** Folders whose insides are not files of a sample. */
const OPAQUE = /(\.n5|^node_modules|^\.git)$/;
/** A zarr store is deeper, but only its descriptions are listed. */
const ZARR_DEPTH = 14;

/** A module of Node, by its name. */
export function builtin<T>(name: string): T {
  const found = globalThis.process?.getBuiltinModule?.(name);
  if (found === undefined) {
    throw new SpatialError("unsupported", `Reading from a path needs ${name}, which this runtime lacks.`, {
      hint: "In a browser, hand over files with blobSource(files) or bytes with memorySource(map).",
    });
  }
  return found as T;
}

/**
 * A source over a folder (with everything below it, six folders deep) or over one file; nothing is read yet. Node and
 * Deno only.
 *
 * @throws {SpatialError} `not-found`, with what lies beside; `unsupported` in a browser
 *
 * @example
 * ```ts
 * import { pathSource } from "tissular/io";
 * const source = await pathSource(".");
 * for (const name of source.names) if (name.startsWith("/")) throw new Error("names are relative");
 * ```
 */
export async function pathSource(path: string): Promise<Source> {
  const fs = builtin<Fs>("node:fs");
  const { join, basename, dirname } = builtin<Path>("node:path");
  const info = fs.statSync(path, { throwIfNoEntry: false });
  if (info === undefined) {
    const parent = dirname(path);
    const beside = fs.existsSync(parent) ? fs.readdirSync(parent).sort().slice(0, 12) : [];
    throw new SpatialError("not-found", `There is no file or folder ${path}.`, {
      subject: path,
      hint: beside.length > 0 ? `${parent} has: ${beside.join(", ")}.` : `Nor is there a folder ${parent}.`,
    });
  }
  const root = info.isDirectory() ? path : dirname(path);
  const names = info.isDirectory() ? listFolder(fs, path) : [basename(path)];
  const full = (name: string): string => join(root, name);
  return {
    kind: "source",
    label: path,
    names,
    size: (name) => fileSize(fs, full(name)),
    bytes: async (name) => {
      const file = openFile(fs, full(name));
      try {
        const bytes = new Uint8Array(file.size);
        for (let at = 0; at < bytes.length; at += PART) {
          file.read(bytes.subarray(at, at + PART), at);
          await breathe();
        }
        return bytes;
      } finally {
        file.close();
      }
    },
    slice: async (name, start, end) => {
      const file = openFile(fs, full(name));
      try {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, file.size) - start));
        file.read(bytes, start);
        return bytes;
      } finally {
        file.close();
      }
    },
    open: (name) => openFile(fs, full(name)),
    nearby: () => (info.isDirectory() || !isTextName(path) ? [] : listNearby(fs, root)),
  };
}

/** Files in a folder and in the folders beside it, from there; a folder that may not be read has none. */
function listNearby(fs: Fs, folder: string): string[] {
  const list = (path: string): NodeFs.Dirent[] => {
    try {
      return fs.readdirSync(`${folder}/${path}`, { withFileTypes: true });
    } catch (cause) {
      if (["EACCES", "EPERM"].includes(String((cause as NodeJS.ErrnoException).code))) return [];
      throw cause;
    }
  };
  const filesOf = (path: string): string[] =>
    list(path)
      .flatMap((entry) => (entry.isFile() ? [path + entry.name] : []))
      .sort();
  const folders = list("../")
    .flatMap((entry) => (entry.isDirectory() ? [`../${entry.name}/`] : []))
    .sort()
    .slice(0, BESIDE);
  return [...filesOf(""), ...folders.flatMap(filesOf)].slice(0, ENTRIES);
}

function listFolder(fs: Fs, root: string): string[] {
  const names: string[] = [];
  let level = [""];
  for (let depth = 0; depth < ZARR_DEPTH && level.length > 0; depth++) {
    const below: string[] = [];
    for (const folder of level) {
      const zarr = ZARR.filter((file) => fs.existsSync(`${root}/${folder}${file}`));
      if (depth >= DEPTH && zarr.length === 0) continue;
      if (isZarrArray(fs, `${root}/${folder}`, zarr)) {
        for (const file of zarr) names.push(folder + file);
        continue;
      }
      for (const entry of fs.readdirSync(`${root}/${folder}`, { withFileTypes: true })) {
        if (names.length >= ENTRIES) return names.sort();
        const name = folder + entry.name;
        const isFolder =
          entry.isDirectory() ||
          (entry.isSymbolicLink() &&
            fs.statSync(`${root}/${name}`, { throwIfNoEntry: false })?.isDirectory() === true);
        if (!isFolder) names.push(name);
        else if (!OPAQUE.test(entry.name)) below.push(`${name}/`);
      }
    }
    level = below;
  }
  return names.sort();
}

/** What describes a group or an array of a zarr store. */
const ZARR: readonly string[] = ["zarr.json", ".zgroup", ".zarray", ".zattrs"];

/** Is a folder an array? Its chunks, of which there may be very many, are then not listed; they can be read by name. */
function isZarrArray(fs: Fs, folder: string, found: readonly string[]): boolean {
  if (found.includes(".zarray")) return true;
  if (!found.includes("zarr.json")) return false;
  const text = fs.readFileSync(`${folder}/zarr.json`, "utf8");
  try {
    return (JSON.parse(text) as { node_type?: unknown } | null)?.node_type === "array";
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function fileSize(fs: Fs, path: string): number {
  const info = fs.statSync(path, { throwIfNoEntry: false });
  if (info === undefined) throw new SpatialError("not-found", `There is no file ${path}.`, { subject: path });
  return info.size;
}

function openFile(fs: Fs, path: string): SyncFile {
  const size = fileSize(fs, path);
  const handle = fs.openSync(path, "r");
  return {
    size,
    read: (into, position) => readAt(fs, handle, into, position),
    close: () => fs.closeSync(handle),
  };
}

interface Reader {
  readSync(handle: number, into: Uint8Array, offset: number, length: number, position: number): number;
}

/** Fills `into` from a place of an open file; returns how many bytes there were. */
export function readAt(fs: Reader, handle: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const n = fs.readSync(handle, into, done, into.length - done, position + done);
    if (n === 0) break;
    done += n;
  }
  return done;
}

/**
 * The SHA-256 of the named files of a source, by name, as hex; files are read in parts. Node and Deno only.
 *
 * @example
 * ```ts
 * import { memorySource, sha256Files } from "tissular/io";
 * const source = memorySource(new Map([["a", new TextEncoder().encode("hello")]]));
 * const { a } = await sha256Files(source, ["a"]);
 * if (!a.startsWith("2cf24dba5fb0a30e")) throw new Error("the digest of hello");
 * ```
 */
export async function sha256Files(source: Source, names: readonly string[]): Promise<Record<string, string>> {
  const { createHash } = builtin<Crypto>("node:crypto");
  const digests: Record<string, string> = {};
  for (const name of names) {
    const hash = createHash("sha256");
    const size = source.size(name);
    for (let at = 0; at < size; at += PART)
      hash.update(await source.slice(name, at, Math.min(size, at + PART)));
    digests[name] = hash.digest("hex");
  }
  return digests;
}

/** A text file as UTF-8. */
export async function readText(path: string): Promise<string> {
  const fs = builtin<Fs>("node:fs");
  const info = fs.statSync(path, { throwIfNoEntry: false });
  if (info === undefined) throw new SpatialError("not-found", `There is no file ${path}.`, { subject: path });
  if (info.isDirectory())
    throw new SpatialError("input", `${path} must be a file, found a folder.`, { subject: path });
  return fs.promises.readFile(path, "utf8");
}
