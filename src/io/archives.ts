import { isTar, tarSource } from "./tar.ts";
import type { Source } from "./source.ts";
import { isZip, zipSource } from "./zip.ts";

/** A source with the content of its archives, and which these are. */
export interface Unwrapped {
  readonly source: Source;
  readonly archives: readonly string[];
}

/** Parts of a vendor's folder that are handed out packed, by the name of what is in them. */
const PART =
  /^((?:.*\/)?[^/]*?)(spatial|filtered_feature_bc_matrix|binned_outputs|segmented_outputs)\.(tar|tar\.gz|tgz)$/;

/**
 * A source that is one archive (zip, tar, tar.gz) as what is in it; in a folder, the vendor's packed parts
 * (`<prefix>_spatial.tar.gz`) as the folders that they hold, where these do not lie there already.
 */
export async function unwrapped(given: Source): Promise<Unwrapped> {
  const [only] = given.names;
  if (given.names.length === 1) {
    if (await isZip(given, only)) return withParts(await zipSource(given, only), [only]);
    if (await isTar(given, only)) return withParts(await tarSource(given, only), [only]);
  }
  return withParts(given, []);
}

async function withParts(whole: Source, archives: readonly string[]): Promise<Unwrapped> {
  const source = withoutJunk(whole);
  const parts = new Map<string, { readonly archive: Source; readonly name: string }>();
  const used: string[] = [];
  for (const file of source.names) {
    const [, base, part] = PART.exec(file) ?? [];
    if (part === undefined || isThere(source, base, part) || !(await isTar(source, file))) continue;
    const archive = withoutJunk(await tarSource(source, file));
    for (const name of archive.names)
      parts.set(base + part + name.replace(new RegExp(`^(?:${part})?/?`), "/"), { archive, name });
    used.push(file);
  }
  if (used.length === 0) return { source, archives };
  const routed =
    <A extends readonly unknown[], R>(verb: (from: Source, name: string, ...more: A) => R) =>
    (name: string, ...more: A): R => {
      const part = parts.get(name);
      return part === undefined ? verb(source, name, ...more) : verb(part.archive, part.name, ...more);
    };
  return {
    source: {
      ...source,
      names: [...source.names, ...parts.keys()].sort(),
      size: routed((from, name) => from.size(name)),
      bytes: routed((from, name) => from.bytes(name)),
      slice: routed((from, name, start: number, end: number) => from.slice(name, start, end)),
      open: routed((from, name) => from.open(name)),
    },
    archives: [...archives, ...used],
  };
}

/** Does a part lie there unpacked, or as HDF5? */
function isThere(source: Source, base: string, part: string): boolean {
  const folder = base.slice(0, base.lastIndexOf("/") + 1);
  return source.names.some(
    (n) => n === `${base}${part}.h5` || n.startsWith(`${base}${part}/`) || n.startsWith(`${folder}${part}/`),
  );
}

/** Without the shadow files that macOS leaves in folders and archives. */
function withoutJunk(source: Source): Source {
  const names = source.names.filter((n) => !/(^|\/)(\._[^/]*|\.DS_Store|__MACOSX\/.*)$/.test(n));
  return names.length === source.names.length ? source : { ...source, names };
}
