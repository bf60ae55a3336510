import type { ColumnMetaData, Compressors, SchemaElement } from "hyparquet";
import { checkDeltas, checkPrefixes, checkRuns } from "./parquet-encodings.ts";
import { type Cursor, type Fields, thriftStruct } from "./parquet-thrift.ts";
import { unzstd } from "./zstd.ts";

/** The most bytes that one packed byte can stand for. */
const RATIO: Readonly<Record<string, number>> = {
  UNCOMPRESSED: 1,
  SNAPPY: 22,
  LZ4: 256,
  LZ4_RAW: 256,
  GZIP: 1040,
  ZSTD: 33_000,
};
const LARGEST_PAGE = 1_073_741_824;

/** Unpacks a page of known size. */
export type Unpack = (packed: Uint8Array, size: number) => Uint8Array | Promise<Uint8Array>;

/**
 * Decompressors that end on any input: zstd and framed lz4 are replaced, brotli is left out, because those of the
 * library run on and on over damaged bytes.
 */
export function boundedUnpackers(library: Compressors): Readonly<Record<string, Unpack>> {
  const { SNAPPY, GZIP, LZ4, LZ4_RAW } = library as Required<Compressors>;
  return {
    UNCOMPRESSED: (packed) => packed,
    SNAPPY,
    GZIP,
    LZ4_RAW,
    LZ4: (packed, size) => (isFramed(packed) ? LZ4 : LZ4_RAW)(packed, size),
    ZSTD: (packed) => unzstd(packed, "A page"),
  };
}

/** Is this lz4 in frames of two big-endian sizes each, as Hadoop writes it? */
function isFramed(packed: Uint8Array): boolean {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let at = 0;
  while (at + 8 <= packed.length) at += 8 + view.getUint32(at + 4);
  return at === packed.length;
}

/** Pages of a column that were looked through: their unpacked values by where the packed ones begin. */
export type Pages = ReadonlyMap<number, Uint8Array>;

/**
 * Looks through the pages of one flat column of a row group before the library reads them, which trusts every number
 * in them: sizes must fit the bytes, counts the rows, runs the counts. Unpacks them on the way.
 */
export async function checkPages(
  chunk: Uint8Array,
  meta: ColumnMetaData,
  element: SchemaElement,
  rows: number,
  unpackers: Readonly<Record<string, Unpack>>,
): Promise<Pages> {
  const pages = new Map<number, Uint8Array>();
  const unpack = async (start: number, end: number, size: number, codec: string): Promise<Uint8Array> => {
    const packed = chunk.subarray(start, end);
    need(size <= RATIO[codec] * packed.length + 64 && size <= LARGEST_PAGE, `a page of ${size} bytes`);
    const page = size === 0 ? new Uint8Array(0) : await unpackers[codec](packed, size);
    need(page.length === size, `a page of ${page.length} bytes, not ${size}`);
    if (codec !== "UNCOMPRESSED") pages.set(start, page);
    return page;
  };
  need(meta.type === element.type, "values of another type");
  const optional = element.repetition_type !== "REQUIRED";
  const reader: Cursor = { bytes: chunk, at: 0 };
  let dictionary = 0;
  let seen = 0;
  while (seen < rows && reader.at < chunk.length - 1) {
    const header = thriftStruct(reader);
    const [type, size, packed] = [1, 2, 3].map((k) => whole(header, k));
    const start = reader.at;
    const end = start + packed;
    need(packed >= 0 && size >= 0 && end <= chunk.length, `a page of ${packed} packed bytes`);
    reader.at = end;
    if (type === DICTIONARY) {
      await unpack(start, end, size, meta.codec);
      dictionary = whole(part(header, 7), 1);
      need(dictionary >= 0 && dictionary <= 8 * size, `a dictionary of ${dictionary} values`);
      continue;
    }
    need(type === DATA || type === DATA_V2, `a page of kind ${type}`);
    const data = part(header, type === DATA ? 5 : 8);
    const count = whole(data, 1);
    need(count >= 0 && count <= rows - seen, `${count} values for ${rows - seen} rows`);
    seen += count;
    if (type === DATA) {
      const page = await unpack(start, end, size, meta.codec);
      const levels = optional ? 4 + u32(page, 0) : 0;
      need(levels <= page.length, "levels beyond their page");
      const present = optional ? checkRuns(page, 4, levels, 1, count) : count;
      checkValues(page.subarray(levels), type, whole(data, 2), present, dictionary, element);
    } else {
      const [nulls, , encoding, levels, repeats] = [2, 3, 4, 5, 6].map((k) => whole(data, k));
      need(nulls >= 0 && nulls <= count && levels >= 0 && repeats === 0, "levels of another length");
      need(levels <= packed && levels <= size, "levels beyond their page");
      if (optional)
        need(checkRuns(chunk, start, start + levels, 1, count) === count - nulls, `${nulls} missing values`);
      const codec = data.get(7) === false ? "UNCOMPRESSED" : meta.codec;
      const page = await unpack(start + levels, end, size - levels, codec);
      checkValues(page, type, encoding, count - nulls, dictionary, element);
    }
  }
  need(seen === rows, `${seen} values for ${rows} rows`);
  return pages;
}

const DATA = 0;
const DICTIONARY = 2;
const DATA_V2 = 3;

/** Checks the stored values of a page against how many there are said to be. */
function checkValues(
  page: Uint8Array,
  kind: number,
  encoding: number,
  count: number,
  dictionary: number,
  { type, type_length }: SchemaElement,
): void {
  if (count === 0) return;
  if (encoding === 2 || encoding === 8) {
    need(dictionary > 0 && type !== "BOOLEAN", "no dictionary");
    need(page.length > 0 && page[0] <= 32, "values without width");
    if (page[0] > 0 || kind === DATA_V2) checkRuns(page, 1, page.length, page[0], count);
  } else if (encoding === 3) {
    need(type === "BOOLEAN", "runs of no truth values");
    checkRuns(page, 4, Math.min(page.length, 4 + u32(page, 0)), 1, count);
  } else if (encoding === 5 || encoding === 6) checkDeltas(page, 0, count);
  else if (encoding === 7) checkPrefixes(page, count);
  else if (encoding === 9) {
    const width = type === "FIXED_LEN_BYTE_ARRAY" ? (type_length ?? 0) : 4;
    need(width > 0 && width * count <= page.length, `${count} values in ${page.length} bytes`);
  }
}

function whole(fields: Fields, key: number): number {
  const value = fields.get(key);
  if (value === undefined) return 0;
  if (typeof value !== "number") throw new RangeError(`field ${key} is no number`);
  return value;
}

function part(fields: Fields, key: number): Fields {
  const value = fields.get(key);
  if (!(value instanceof Map)) throw new RangeError(`field ${key} is missing`);
  return value;
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

function need(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(what);
}
