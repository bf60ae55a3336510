import { SpatialError } from "../core/errors.ts";
import type { Source } from "./source.ts";

type Json = Readonly<Record<string, unknown>>;

/** Values that are read without asking whether the store can hold them. */
const FEW = 4_194_304;
/** Values that a store of any size may leave to its fill value. */
const FILLED = 16_777_216;
/** The most that a stored byte can stand for. */
const RATIO = 1040;

/**
 * Refuses an array, or chunks of it, of more values than what is stored of it can stand for. Where its files are not
 * listed, that cannot be told.
 */
export function checkRoom(
  source: Source,
  files: ReadonlySet<string> | undefined,
  shape: readonly number[],
  chunks: readonly number[],
): void {
  const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  if (![...shape, ...chunks].every((v) => Number.isSafeInteger(v) && v >= 0) || product(chunks) === 0)
    throw new RangeError("must have a shape of whole numbers");
  const count = product(chunks.map((length, axis) => Math.ceil(shape[axis] / length)));
  const values = Math.max(product(shape), product(chunks));
  if (product(chunks) > Math.max(FILLED, 4 * product(shape)))
    throw new RangeError(`says to hold ${shape.join(" x ")} values in pieces of ${chunks.join(" x ")}`);
  if (values <= FEW && count <= FEW / 1024) return;
  // Of a store whose files are not listed, only parts of so large an array are read.
  if (files === undefined && (count <= 250_000 || values > 200_000_000)) return;
  const stored = [...(files ?? [])].reduce((bytes, name) => bytes + source.size(name), 0);
  if (values > FILLED + RATIO * stored || count > 100_000 + stored / 8)
    throw new RangeError(
      `says to hold ${shape.join(" x ")} values in ${count} pieces, more than its ${stored} bytes can`,
    );
}

/** Refuses a packed piece that says to be larger than it can be: the libraries make room for it before they look. */
export function checkPiece(array: Json | null, piece: Uint8Array, name: string): void {
  const how = JSON.stringify([array?.["compressor"], array?.["codecs"]]);
  const at = how.includes('"blosc"') ? 4 : how.includes('"lz4"') ? 0 : -1;
  if (at < 0 || piece.length < at + 4) return;
  const size = new DataView(piece.buffer, piece.byteOffset, piece.byteLength).getUint32(at, true);
  if (size > FILLED + RATIO * piece.length)
    throw new SpatialError("format", `${name} says to hold ${size} bytes in ${piece.length}.`, {
      subject: name,
      hint: "The store is incomplete or damaged: copy or write it again.",
    });
}

/** Names of everything an array is packed with, inside shards too; null for what has none. */
export function packings(array: Json): (string | null)[] {
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === null ? [] : [value]);
  return ["compressor", "filters", "codecs", "index_codecs"].flatMap((key) =>
    key in array
      ? list(array[key]).flatMap((packing) => {
          const { id, name = id, configuration } = (packing ?? {}) as Json;
          const inner = typeof configuration === "object" && configuration !== null ? configuration : {};
          return [typeof name === "string" ? name : null, ...packings(inner as Json)];
        })
      : [],
  );
}
