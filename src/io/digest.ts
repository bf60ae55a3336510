import { type H5File, withHdf5 } from "./hdf5.ts";
import { memorySource } from "./source.ts";

/**
 * The SHA-256 of what an HDF5 file holds: names, attributes, types, shapes and values, whatever the layout, packing
 * and time stamps. Files of equal digest read alike.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, sparse, table } from "tissular/model";
 * import { hdf5Digest, writeH5ad } from "tissular/io";
 * const counts = expression(sparse(1, 1, Uint32Array.of(0, 1), Uint32Array.of(0), Float32Array.of(2)), "counts");
 * const made = dataset({ counts, cells: table(ids(["a"])), genes: table(ids(["g"]), { name: ["g"] }) });
 * const [one, two] = [await writeH5ad(made), await writeH5ad(made)];
 * if ((await hdf5Digest(one)) !== (await hdf5Digest(two))) throw new Error("equal content");
 * ```
 */
export async function hdf5Digest(bytes: Uint8Array): Promise<string> {
  return withHdf5(memorySource(new Map([["file", bytes]])), "file", async (file) => {
    const lines: string[] = [];
    await walk(file, "", lines);
    return sha256(new TextEncoder().encode(lines.join("\n")));
  });
}

async function walk(file: H5File, path: string, lines: string[]): Promise<void> {
  for (const name of file.attributes(path).sort())
    lines.push(`${path}@${name} ${JSON.stringify(file.attribute(path, name))}`);
  if (file.isGroup(path)) {
    lines.push(`${path}/`);
    for (const key of file.keys(path).sort()) await walk(file, path === "" ? key : `${path}/${key}`, lines);
    return;
  }
  const { type, shape } = file.info(path);
  const text = new TextEncoder();
  const values =
    type === "string" ? text.encode(JSON.stringify(file.strings(path))) : asBytes(file.numbers(path));
  lines.push(`${path} ${type} ${JSON.stringify(shape)} ${await sha256(values)}`);
}

function asBytes(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * The SHA-256 of bytes as hex, by the runtime's own Web Crypto.
 *
 * @example
 * ```ts
 * import { sha256 } from "tissular/io";
 * const digest = await sha256(new TextEncoder().encode("hello"));
 * if (!digest.startsWith("2cf24dba5fb0a30e")) throw new Error("the digest of hello");
 * ```
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  return Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("");
}
