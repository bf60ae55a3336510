import type * as NodeFs from "node:fs";
import type * as NodePath from "node:path";
import { boolean, checkOptions } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { builtin, readAt } from "./node.ts";
import type { OutputFile } from "./source.ts";

type Fs = typeof NodeFs;
type Path = typeof NodePath;

/** What a file is going to hold: bytes, text, or what a function writes into it part by part. */
export type FileContent = Uint8Array | string | ((file: OutputFile) => void | Promise<void>);

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

/** The most that is written at once. */
const MOST = 1_073_741_824;

/** Puts content on disk. */
async function put(fs: Fs, path: string, content: FileContent): Promise<void> {
  if (typeof content !== "function") return fs.promises.writeFile(path, content);
  const handle = fs.openSync(path, "w+");
  try {
    await content({
      write: (bytes, position) => {
        for (let done = 0; done < bytes.length;)
          done += fs.writeSync(handle, bytes, done, Math.min(MOST, bytes.length - done), position + done);
      },
      read: (into, position) => readAt(fs, handle, into, position),
      truncate: (length) => fs.ftruncateSync(handle, length),
    });
  } finally {
    fs.closeSync(handle);
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
  files: ReadonlyMap<string, FileContent>,
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
      await put(fs, path, content);
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
    if (cause instanceof SpatialError) throw cause;
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

/**
 * Writes one file or nothing: it is written beside its place and then takes its name. Node and Deno only.
 *
 * @throws {SpatialError} `output` where the disk refuses; what a function as content throws
 *
 * @example
 * ```ts
 * import { writeFile } from "tissular/io";
 * // Content that is not at hand as a whole is written in parts; where a part fails, nothing is left.
 * const failing = writeFile("cells.csv", (file) => {
 *   file.write(new TextEncoder().encode("cell,x\n"), 0);
 *   throw new Error("no second part");
 * });
 * const said = await failing.catch((error: Error) => error.message);
 * if (!said.includes("no second part")) throw new Error("the reason comes out");
 * ```
 */
export async function writeFile(path: string, content: FileContent): Promise<string> {
  const fs = builtin<Fs>("node:fs");
  const { resolve, dirname, basename, join } = builtin<Path>("node:path");
  const target = resolve(path);
  const fresh = join(dirname(target), `.${basename(target)}.new-${globalThis.process.pid}`);
  const done = removedAtExit(fs, fresh);
  try {
    fs.mkdirSync(dirname(target), { recursive: true });
    await put(fs, fresh, content);
    fs.renameSync(fresh, target);
    return target;
  } catch (cause) {
    if (fs.existsSync(fresh)) fs.rmSync(fresh);
    if (cause instanceof SpatialError) throw cause;
    throw new SpatialError("output", `${path} could not be written: ${(cause as Error).message}`, {
      subject: path,
      cause,
    });
  } finally {
    done();
  }
}
