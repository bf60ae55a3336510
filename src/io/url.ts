import { checkOptions, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { fetchPart, findRemote, LARGEST, type Remote, tooLarge } from "./http.ts";
import { pathSource } from "./node.ts";
import type { Source } from "./source.ts";
import { consolidated } from "./zarr-documents.ts";

/** Options of `urlSource`. */
export interface UrlSourceOptions {
  /** Names of the files below the address, relative, with "/"; over HTTP a folder cannot be listed. */
  readonly names?: readonly string[];
  /** Stops what is being fetched. */
  readonly signal?: AbortSignal;
}

/** Bytes fetched at once, and files asked for at a time. */
const [PART, TOGETHER] = [33_554_432, 8];

/**
 * A source over a file, an archive or a zarr store behind an `http(s)` address, or over the named files below one.
 * Parts are read by range requests; where a server gives none, a file is fetched whole, once, up to 2 GB. A zarr store
 * (an address that ends in .zarr) must have consolidated metadata.
 *
 * @throws {SpatialError} `not-found`, with the status, where a server has no such file or cannot be reached;
 * `format` where a body ends too early; `memory` where a file is too large to be fetched whole; `option` for an
 * address that is no file
 *
 * Cost: one request per file for its size, then one per part that is read. HDF5 files are fetched whole.
 *
 * @example
 * ```ts
 * import { urlSource } from "tissular/io";
 * const refused = await urlSource("ftp://example.org/a.h5ad").catch((error) => error.code);
 * if (refused !== "option") throw new Error("only http and https");
 * ```
 */
export async function urlSource(url: string, options: UrlSourceOptions = {}): Promise<Source> {
  const { signal } = options;
  const isNames = (v: unknown): boolean => Array.isArray(v) && v.every(isSafe);
  checkOptions("urlSource", options, {
    names: such('a list of relative names without ".."', isNames),
    signal: runRules["signal"],
  });
  const base = address(url);
  const label = base.origin + base.pathname;
  const last = decodeURIComponent(base.pathname.replace(/^.*\//, ""));
  const isStore = options.names === undefined && /\.zarr\/?$/.test(base.pathname);
  const isFolder = isStore || options.names !== undefined;
  if (!isFolder && last === "")
    throw new SpatialError("option", `${label} must be the address of a file, found a folder.`, {
      subject: label,
      hint: "Name its files with urlSource's option names.",
    });
  const place = (name: string): string => {
    const full = new URL(base);
    if (isFolder)
      full.pathname = `${base.pathname.replace(/\/$/, "")}/${name.split("/").map(encodeURIComponent).join("/")}`;
    return full.href;
  };
  const remotes = new Map<string, Promise<Remote>>();
  const sizes = new Map<string, number>();
  const remote = (name: string): Promise<Remote> => {
    const known =
      remotes.get(name) ?? findRemote(place(name), `${label}${isFolder ? ` (${name})` : ""}`, signal);
    remotes.set(name, known);
    return known;
  };
  const probe = async (name: string): Promise<void> => void sizes.set(name, (await remote(name)).size);
  const slice = async (name: string, start: number, end: number): Promise<Uint8Array> => {
    const { size, whole } = await remote(name);
    const stop = Math.min(end, size);
    if (whole !== null) return whole.subarray(start, stop);
    return stop <= start ? new Uint8Array(0) : fetchPart(place(name), name, start, stop, signal);
  };
  const bytes = async (name: string): Promise<Uint8Array> => {
    const { size, whole } = await remote(name);
    if (whole !== null) return whole;
    if (size > LARGEST) throw tooLarge(name, size);
    const all = new Uint8Array(size);
    for (let at = 0; at < size; at += PART) all.set(await slice(name, at, at + PART), at);
    return all;
  };
  const names = options.names ?? (isStore ? await storeNames(label, bytes) : [last]);
  for (let k = 0; k < names.length; k += TOGETHER) await Promise.all(names.slice(k, k + TOGETHER).map(probe));
  return {
    kind: "source",
    label,
    names: [...names].sort(),
    size: (name) => {
      const size = sizes.get(name);
      if (size !== undefined) return size;
      throw new SpatialError("not-found", `${label} must hold the file ${name}, but it does not.`, {
        subject: name,
      });
    },
    probe,
    bytes,
    slice,
    open: () => null,
  };
}

/** A source over what a person names: an `http(s)` address, or (Node, Deno) a path. */
export function openSource(input: string, signal?: AbortSignal): Promise<Source> {
  return /^https?:\/\//i.test(input) ? urlSource(input, signal && { signal }) : pathSource(input);
}

const isSafe = (name: unknown): boolean =>
  typeof name === "string" &&
  name !== "" &&
  !name.split("/").some((part) => part === "" || /^\.\.?$/.test(part));

function address(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return parsed;
  throw new SpatialError(
    "option",
    `urlSource needs an address of http or https, found ${url.slice(0, 80)}.`,
    {
      subject: "url",
    },
  );
}

/** The documents of a zarr store, and the shapes that SpatialData keeps as parquet beside them. */
async function storeNames(label: string, bytes: (name: string) => Promise<Uint8Array>): Promise<string[]> {
  const roots = ["zarr.json", ".zmetadata", "zmetadata", ".zgroup", ".zattrs"];
  const there = async (name: string): Promise<Uint8Array | null> =>
    bytes(name).catch((error: unknown) => {
      if (error instanceof SpatialError && error.code === "not-found") return null;
      throw error;
    });
  const documents = await Promise.all(roots.map(there));
  const keys = documents.flatMap((document, k) =>
    document === null ? [] : consolidated(document, roots[k]),
  );
  if (keys.length === 0)
    throw new SpatialError(
      "not-found",
      `${label} must be a zarr store with consolidated metadata, but it is not.`,
      {
        subject: label,
        hint: "Consolidate it (zarr.consolidate_metadata), or name its files with urlSource's option names.",
      },
    );
  const shapes = new Set(keys.flatMap((key) => /^(?:.*\/)?shapes\/[^/.][^/]*/.exec(key)?.[0] ?? []));
  const parquet = [...shapes].map((folder) => `${folder}/shapes.parquet`).filter(isSafe);
  const found = await Promise.all(parquet.map(there));
  return [...roots.filter((_, k) => documents[k] !== null), ...parquet.filter((_, k) => found[k] !== null)];
}
