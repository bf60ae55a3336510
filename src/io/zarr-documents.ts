import { SpatialError } from "../core/errors.ts";
import type { Source } from "./source.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Metadata files of both versions; what else lies in a store are chunks (or, in SpatialData, parquet). */
export const METADATA: RegExp = /(^|\/)(zarr\.json|\.zgroup|\.zarray|\.zattrs|\.zmetadata|zmetadata)$/;

/** The outermost folders of a source that are zarr stores, "" or ending in "/". */
export function findZarr(source: Source): string[] {
  const folders = source.names.filter((n) => METADATA.test(n)).map((n) => n.slice(0, n.lastIndexOf("/") + 1));
  const roots = new Set<string>();
  for (const folder of [...new Set(folders)].sort())
    if (![...roots].some((root) => folder.startsWith(root))) roots.add(folder);
  return [...roots];
}

export interface Node {
  readonly attributes: Json;
  /** The description of an array; null for a group. */
  readonly array: Json | null;
}

/** The paths that a consolidated document of either version describes. */
export function consolidated(bytes: Uint8Array, name: string): string[] {
  const document = parseJson(bytes, name);
  return Object.keys(object(document["metadata"] ?? object(document["consolidated_metadata"])["metadata"]));
}

/** Every metadata document by its name below the root. */
export async function readDocuments(source: Source, root: string): Promise<Map<string, Json>> {
  const documents = new Map<string, Json>();
  const listed = source.names.filter((n) => n.startsWith(root) && METADATA.test(n));
  const isConsolidated = (n: string): boolean => /zmetadata$/.test(n) || n === `${root}zarr.json`;
  for (const file of [...listed.filter(isConsolidated), ...listed.filter((n) => !isConsolidated(n))]) {
    const path = file.slice(root.length);
    if (documents.has(path)) continue;
    const document = parseJson(await source.bytes(file), file);
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    if (/zmetadata$/.test(path)) {
      for (const [key, value] of Object.entries(object(document["metadata"])))
        if (!documents.has(folder + key)) documents.set(folder + key, object(value));
      continue;
    }
    const { consolidated_metadata: inside, ...own } = document;
    documents.set(path, own);
    for (const [key, value] of Object.entries(object(object(inside)["metadata"]))) {
      const { consolidated_metadata: _, ...rest } = object(value);
      if (!documents.has(`${folder}${key}/zarr.json`)) documents.set(`${folder}${key}/zarr.json`, rest);
    }
  }
  return documents;
}

function parseJson(bytes: Uint8Array, subject: string): Json {
  try {
    return object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new SpatialError("format", `${subject} must be JSON, but it is not.`, { subject, cause });
  }
}

/** The value if it is a JSON object, else {}. */
export function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function toNodes(documents: ReadonlyMap<string, Json>): Map<string, Node> {
  const nodes = new Map<string, Node>([["", { attributes: {}, array: null }]]);
  for (const [key, document] of documents) {
    const cut = key.lastIndexOf("/");
    const path = key.slice(0, Math.max(0, cut));
    for (let up = path; up !== ""; up = up.slice(0, Math.max(0, up.lastIndexOf("/"))))
      if (!nodes.has(up)) nodes.set(up, { attributes: {}, array: null });
    const file = key.slice(cut + 1);
    const { attributes, array } = nodes.get(path) ?? { attributes: {}, array: null };
    if (file === ".zattrs") nodes.set(path, { attributes: document, array });
    else if (file === ".zarray") nodes.set(path, { attributes, array: document });
    else if (file === "zarr.json") {
      const isArray = document["node_type"] === "array";
      nodes.set(path, { attributes: object(document["attributes"]), array: isArray ? document : null });
    }
  }
  return nodes;
}

export function toChildren(nodes: ReadonlyMap<string, Node>): Map<string, string[]> {
  const children = new Map<string, string[]>();
  for (const path of [...nodes.keys()].sort()) {
    if (path === "") continue;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    const list = children.get(parent) ?? [];
    list.push(path.slice(path.lastIndexOf("/") + 1));
    children.set(parent, list);
  }
  return children;
}
