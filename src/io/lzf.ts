import { SpatialError } from "../core/errors.ts";
import { type H5File, withHdf5 } from "./hdf5.ts";
import { memorySource, type Source } from "./source.ts";

/** The number under which LZF is registered as a filter. */
const LZF = 32000;
/** Files are rewritten in memory. */
const LIMIT = 1_500_000_000;

/**
 * The source itself, or, where datasets of the HDF5 file are packed with LZF (h5py's own filter, which the library here
 * lacks), a copy in memory with their chunks unpacked. The description of a chunk says which filters it skipped: the
 * unpacked chunks stand at the end of the file and skip LZF.
 *
 * @throws {SpatialError} `unsupported` where chunks are listed in a newer way than h5py's default
 */
export async function unpackLzf(source: Source, name: string): Promise<Source> {
  const isPacked = await withHdf5(source, name, (file) => hasLzf(file, ""));
  if (!isPacked) return source;
  if (source.size(name) > LIMIT) {
    throw new SpatialError("memory", `${name} is packed with LZF and too large to be unpacked in memory.`, {
      subject: name,
      hint: "Write it again with gzip: adata.write_h5ad(path, compression='gzip').",
    });
  }
  const bytes = await source.bytes(name);
  try {
    return memorySource(new Map([[name, unpack(bytes)]]), source.label);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new SpatialError("unsupported", `${name} is packed with LZF in a way that is not read here.`, {
      subject: name,
      hint: "Write it again with gzip: adata.write_h5ad(path, compression='gzip').",
      cause,
    });
  }
}

function hasLzf(file: H5File, path: string): boolean {
  if (!file.has(path)) return false;
  if (!file.isGroup(path)) return isDataset(file, path) && file.filters(path).includes("lzf");
  return file.keys(path).some((key) => hasLzf(file, path === "" ? key : `${path}/${key}`));
}

function isDataset(file: H5File, path: string): boolean {
  return file.info(path).shape !== null;
}

/** A chunk of a dataset packed with LZF: where its description stands and what is to be undone. */
interface Chunk {
  /** Where its packed size, skipped filters and, later, its address are written. */
  readonly key: number;
  readonly addressAt: number;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Place of LZF among the filters, and how many follow it. */
  readonly filter: number;
  readonly after: number;
}

/** Reads the oldest layout of HDF5 (superblock 0 and 1, B-trees of version 1); anything else is a RangeError. */
function unpack(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(8);
  if (version > 1 || view.getUint8(13) !== 8 || view.getUint8(14) !== 8)
    throw new RangeError("another layout");
  const start = version === 0 ? 24 : 28;
  if (address(view, start) !== 0) throw new RangeError("a file within a file");
  const chunks: Chunk[] = [];
  visitObject(view, address(view, start + 40), chunks, new Set());
  const parts = chunks.map((chunk) => unpackChunk(bytes, view, chunk));
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, bytes.length));
  out.set(bytes);
  const changed = new DataView(out.buffer);
  let end = bytes.length;
  chunks.forEach((chunk, k) => {
    out.set(parts[k], end);
    changed.setUint32(chunk.key, parts[k].length, true);
    const skipped = (1 << (chunk.filter + chunk.after + 1)) - (1 << chunk.filter);
    changed.setUint32(chunk.key + 4, changed.getUint32(chunk.key + 4, true) | skipped, true);
    changed.setBigUint64(chunk.addressAt, BigInt(end), true);
    end += parts[k].length;
  });
  changed.setBigUint64(start + 16, BigInt(end), true);
  return out;
}

function unpackChunk(bytes: Uint8Array, view: DataView, chunk: Chunk): Uint8Array {
  const from = address(view, chunk.addressAt);
  const stored = bytes.subarray(from, from + view.getUint32(chunk.key, true) - 4 * chunk.after);
  const isSkipped = (view.getUint32(chunk.key + 4, true) >> chunk.filter) & 1;
  return isSkipped ? stored.slice() : decodeLzf(stored, chunk.size);
}

function address(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (value > view.byteLength) throw new RangeError("an address beyond the file");
  return value;
}

/** Goes through an object's header, version 1: a group's children, or a dataset's chunks. */
function visitObject(view: DataView, at: number, chunks: Chunk[], seen: Set<number>): void {
  if (seen.has(at)) return;
  seen.add(at);
  if (view.getUint8(at) !== 1) throw new RangeError("a newer header");
  let filters: readonly number[] = [];
  let layout = -1;
  const blocks = [[at + 16, view.getUint32(at + 8, true)]];
  for (const [from, length] of blocks) {
    for (let m = from; m + 8 <= from + length; m += 8 + view.getUint16(m + 2, true)) {
      const type = view.getUint16(m, true);
      const body = m + 8;
      if (type === 0x10) {
        if (blocks.length > 1000) throw new RangeError("a header without end");
        blocks.push([address(view, body), Number(view.getBigUint64(body + 8, true))]);
      } else if (type === 0x11) visitGroup(view, address(view, body), chunks, seen);
      else if (type === 0x0b) filters = filterIds(view, body);
      else if (type === 0x08 && view.getUint8(body) === 3 && view.getUint8(body + 1) === 2) layout = body;
      else if (type === 0x08 && view.getUint8(body) > 3) layout = -2;
    }
  }
  const filter = filters.indexOf(LZF);
  if (filter < 0 || layout === -1) return;
  if (layout === -2) throw new RangeError("chunks listed in a newer way");
  const after = filters.length - 1 - filter;
  if (filters.slice(filter + 1).some((id) => id !== 3)) throw new RangeError("filters after LZF");
  const dimensions = view.getUint8(layout + 2);
  let size = 1;
  for (let d = 0; d < dimensions; d++) size *= view.getUint32(layout + 11 + 4 * d, true);
  if (view.getBigUint64(layout + 3, true) === 0xffffffffffffffffn) return;
  visitChunks(view, address(view, layout + 3), dimensions, { size, filter, after }, chunks, seen);
}

/** Filter numbers of a pipeline message, version 1. */
function filterIds(view: DataView, at: number): number[] {
  if (view.getUint8(at) !== 1) throw new RangeError("a newer list of filters");
  const found: number[] = [];
  let p = at + 8;
  for (let k = view.getUint8(at + 1); k > 0; k--) {
    found.push(view.getUint16(p, true));
    const values = view.getUint16(p + 6, true);
    p += 8 + view.getUint16(p + 2, true) + 4 * (values + (values & 1));
  }
  return found;
}

/** The tree of a group's names: leaves list the headers of its children. */
function visitGroup(view: DataView, at: number, chunks: Chunk[], seen: Set<number>): void {
  if (seen.has(at)) return;
  seen.add(at);
  const signature = view.getUint32(at, false);
  if (signature === 0x534e4f44) {
    for (let k = 0; k < view.getUint16(at + 6, true); k++) {
      const entry = at + 8 + 40 * k;
      if (view.getUint32(entry + 16, true) !== 2) visitObject(view, address(view, entry + 8), chunks, seen);
    }
    return;
  }
  if (signature !== 0x54524545 || view.getUint8(at + 4) !== 0) throw new RangeError("no tree of names");
  for (let k = 0; k < view.getUint16(at + 6, true); k++)
    visitGroup(view, address(view, at + 32 + 16 * k), chunks, seen);
}

/** The tree of a dataset's chunks. */
function visitChunks(
  view: DataView,
  at: number,
  dimensions: number,
  what: Omit<Chunk, "key" | "addressAt">,
  chunks: Chunk[],
  seen: Set<number>,
): void {
  if (seen.has(at)) return;
  seen.add(at);
  if (view.getUint32(at, false) !== 0x54524545 || view.getUint8(at + 4) !== 1)
    throw new RangeError("no tree of chunks");
  const isLeaf = view.getUint8(at + 5) === 0;
  const keySize = 8 + 8 * dimensions;
  for (let k = 0; k < view.getUint16(at + 6, true); k++) {
    const key = at + 24 + k * (keySize + 8);
    const addressAt = key + keySize;
    if (isLeaf) chunks.push({ ...what, key, addressAt });
    else visitChunks(view, address(view, addressAt), dimensions, what, chunks, seen);
  }
}

/**
 * Unpacks LZF: a byte below 32 announces that many plain bytes and one more; any other a copy of earlier bytes, its upper three
 * bits the length less 2 (7: the next byte adds to it), the rest and the next byte the distance less 1.
 */
export function decodeLzf(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at < packed.length;) {
    const control = packed[at++];
    if (control < 32) {
      if (to + control + 1 > size || at + control + 1 > packed.length) throw new RangeError("damaged");
      out.set(packed.subarray(at, at + control + 1), to);
      at += control + 1;
      to += control + 1;
      continue;
    }
    let length = (control >> 5) + 2;
    if (length === 9) length += packed[at++];
    let from = to - ((control & 31) << 8) - packed[at++] - 1;
    if (!(from >= 0) || to + length > size) throw new RangeError("damaged");
    for (; length > 0; length--) out[to++] = out[from++];
  }
  if (to !== size) throw new RangeError("damaged");
  return out;
}
