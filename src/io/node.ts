import type * as NodeCrypto from "node:crypto";
import type * as NodeFs from "node:fs";
import type * as NodePath from "node:path";
import { boolean, checkOptions } from "../core/check.ts";
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

function builtin<T>(name: string): T {
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
  const read = (into: Uint8Array, position: number): number => {
    let done = 0;
    while (done < into.length) {
      const n = fs.readSync(handle, into, done, into.length - done, position + done);
      if (n === 0) break;
      done += n;
    }
    return done;
  };
  return { size, read, close: () => fs.closeSync(handle) };
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

/** Options of `writeFolder`. */
export interface WriteFolderOptions {
  /** Write into a folder that is not empty and not ours; files of other names stay. */
  readonly force?: boolean;
}

/** A folder is ours when its run.json says so. */
export const TOOL = "tissular";

/**
 * Refuses a folder that may not be written: a file of that name, or a folder that is not empty and that no earlier
 * run wrote (its run.json says `"tool": "tissular"`); a zarr store of another tool even with `force`. Worth calling before
 * hours of work.
 *
 * @throws {SpatialError} `output`
 */
export function checkFolder(folder: string, options: WriteFolderOptions = {}): void {
  checkOptions("writeFolder", options, { force: boolean() });
  const fs = builtin<Fs>("node:fs");
  const { dirname } = builtin<Path>("node:path");
  for (let above = dirname(folder); !fs.existsSync(folder); above = dirname(above)) {
    if (fs.existsSync(above) && fs.statSync(above).isDirectory()) return;
    if (fs.existsSync(above)) {
      throw new SpatialError("output", `${above} must be a folder to write into, found a file.`, {
        subject: folder,
        hint: "Name another folder.",
      });
    }
  }
  const info = fs.statSync(folder);
  if (!info.isDirectory()) {
    throw new SpatialError("output", `${folder} must be a folder, found a file.`, {
      subject: folder,
      hint: "Name another folder.",
    });
  }
  if (fs.readdirSync(folder).length === 0) return;
  if (isStore(fs, folder) && !STORE_NOTES.some((notes) => fs.existsSync(`${folder}/${notes}`))) {
    throw new SpatialError("output", `${folder} is a zarr store that another tool wrote.`, {
      subject: folder,
      hint: "Name another folder, or delete this one yourself.",
    });
  }
  if (options.force !== true && !isOurs(fs, folder)) {
    throw new SpatialError("output", `${folder} is not empty and holds no run.json of an earlier run.`, {
      subject: folder,
      hint: "Name another folder, empty this one, or write into it with --force.",
    });
  }
}

/** Where a zarr store says that our own writer made it. */
const STORE_NOTES = ["uns/tissular/.zgroup", "tables/table/uns/tissular/.zgroup"];

function isStore(fs: Fs, folder: string): boolean {
  return [".zgroup", ".zattrs", "zarr.json"].some((name) => fs.existsSync(`${folder}/${name}`));
}

function isOurs(fs: Fs, folder: string): boolean {
  return earlierRun(fs, folder)?.tool === TOOL;
}

/** The run.json of an earlier run, or null where there is none that can be read as such. */
function earlierRun(fs: Fs, folder: string): { tool?: unknown; outputs?: unknown } | null {
  const file = `${folder}/run.json`;
  if (!fs.existsSync(file)) return null;
  try {
    const run: unknown = JSON.parse(fs.readFileSync(file, "utf8"));
    return typeof run === "object" && run !== null ? run : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Removes what is half-written should the process end (Ctrl-C) before the returned function is called. */
function removedAtExit(fs: Fs, path: string): () => void {
  const remove = (): void => fs.rmSync(path, { recursive: true, force: true });
  globalThis.process.once("exit", remove);
  return () => void globalThis.process.off("exit", remove);
}

/**
 * Writes a folder of files or nothing. All files are first written to a folder beside it; only when every one stands
 * does it take the name, or, where the folder exists, are its files moved in (run.json last). What an earlier
 * run listed under `outputs` in its run.json and this one does not write is removed; any other file stays. A zarr store of
 * our own is replaced as a whole.
 *
 * @returns the folder's path
 * @throws {SpatialError} `output` as `checkFolder`, or where the disk refuses
 */
export async function writeFolder(
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
  options: WriteFolderOptions = {},
): Promise<string> {
  const fs = builtin<Fs>("node:fs");
  const { resolve, dirname, basename, join, sep } = builtin<Path>("node:path");
  checkFolder(folder, options);
  const target = resolve(folder);
  const fresh = join(dirname(target), `.${basename(target)}.new-${globalThis.process.pid}`);
  const done = removedAtExit(fs, fresh);
  try {
    fs.rmSync(fresh, { recursive: true, force: true });
    fs.mkdirSync(dirname(target), { recursive: true });
    fs.mkdirSync(fresh);
    for (const [name, content] of files) {
      const path = join(fresh, name);
      fs.mkdirSync(dirname(path), { recursive: true });
      await fs.promises.writeFile(path, content);
    }
    if (!fs.existsSync(target)) {
      fs.renameSync(fresh, target);
      return target;
    }
    if (isStore(fs, target)) {
      const old = `${fresh}-old`;
      fs.renameSync(target, old);
      fs.renameSync(fresh, target);
      fs.rmSync(old, { recursive: true });
      return target;
    }
    const earlier = isOurs(fs, target) ? earlierRun(fs, target)?.outputs : [];
    for (const name of Array.isArray(earlier) ? earlier : []) {
      const path = join(target, String(name));
      if (!files.has(String(name)) && path.startsWith(target + sep)) fs.rmSync(path, { force: true });
    }
    const last = (name: string): number => (name === "run.json" ? 1 : 0);
    for (const name of [...files.keys()].sort((a, b) => last(a) - last(b))) {
      const path = join(target, name);
      fs.mkdirSync(dirname(path), { recursive: true });
      fs.renameSync(join(fresh, name), path);
    }
    return target;
  } catch (cause) {
    throw new SpatialError("output", `${folder} could not be written: ${(cause as Error).message}`, {
      subject: folder,
      hint: "Check that the folder above exists, may be written and has space.",
      cause,
    });
  } finally {
    if (fs.existsSync(fresh)) fs.rmSync(fresh, { recursive: true });
    done();
  }
}

/** Writes one file or nothing: it is written beside its place and then takes its name. */
export async function writeFile(path: string, content: Uint8Array | string): Promise<string> {
  const fs = builtin<Fs>("node:fs");
  const { resolve, dirname, basename, join } = builtin<Path>("node:path");
  const target = resolve(path);
  const fresh = join(dirname(target), `.${basename(target)}.new-${globalThis.process.pid}`);
  const done = removedAtExit(fs, fresh);
  try {
    fs.mkdirSync(dirname(target), { recursive: true });
    await fs.promises.writeFile(fresh, content);
    fs.renameSync(fresh, target);
    return target;
  } catch (cause) {
    if (fs.existsSync(fresh)) fs.rmSync(fresh);
    throw new SpatialError("output", `${path} could not be written: ${(cause as Error).message}`, {
      subject: path,
      cause,
    });
  } finally {
    done();
  }
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
