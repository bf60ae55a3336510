import type { ColumnMetaData, FileMetaData, RowGroup, SchemaElement } from "hyparquet";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Column } from "../model/table.ts";
import { boundedUnpackers, checkPages } from "./parquet-pages.ts";
import { thriftStruct } from "./parquet-thrift.ts";
import type { Source } from "./source.ts";
import { textColumn } from "./text.ts";

/** Values of one column: numbers (missing = NaN), truth values, texts (missing = ""), or bytes as they lie there. */
export type ParquetValues =
  Float64Array | Int32Array | Uint8Array | readonly string[] | readonly (Uint8Array | null)[];

/** An open parquet file; only its footer has been read. */
export interface ParquetFile {
  readonly name: string;
  readonly rows: number;
  /** Names of the flat columns. */
  readonly columns: readonly string[];
  /** What its writer noted under a key ("geo", "pandas"), parsed as JSON; null where there is nothing such. */
  readonly note: (key: string) => unknown;
  /** Rows of each group. */
  readonly sizes: readonly number[];
  /** The least and the largest value of a column in each group, where the file says so. */
  readonly bounds: (column: string) => readonly (readonly [least: unknown, largest: unknown] | null)[];
  /** The named columns, one group of rows after the other; nothing else of the file is read, nor groups not wanted. */
  readonly groups: (
    columns: readonly string[],
    run?: RunOptions,
    isWanted?: (group: number) => boolean,
  ) => AsyncGenerator<Readonly<Record<string, ParquetValues>>>;
}

/** Opens a parquet file of a source. */
export async function openParquet(source: Source, name: string): Promise<ParquetFile> {
  const [{ parquetMetadataAsync, parquetRead }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const size = source.size(name);
  const slice = async (start: number, end: number = size): Promise<ArrayBuffer> =>
    (await source.slice(name, start, end)).slice().buffer as ArrayBuffer;
  const raw = (bytes: Uint8Array): Uint8Array => bytes;
  const whole = { geoparquet: false, parsers: { geometryFromBytes: raw, geographyFromBytes: raw } };
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw damaged(name, cause);
    }
  };
  const metadata = await guarded(async () => {
    await checkFooter(slice, size);
    const found = await parquetMetadataAsync({ byteLength: size, slice }, whole);
    checkPlaces(found, size);
    return found;
  });
  const flat = new Map(flatColumns(metadata).map((element) => [element.name, element]));
  const unpackers = boundedUnpackers(compressors);

  /** One column of one group of rows. */
  const readColumn = async (group: RowGroup, element: SchemaElement): Promise<ParquetValues> => {
    const chunks = group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === element.name);
    const meta = chunks[0]?.meta_data;
    if (chunks.length !== 1 || meta === undefined) throw new RangeError(`${chunks.length} places`);
    if (!(meta.codec in unpackers)) throw unpackable(name, meta.codec);
    const rows = Number(group.num_rows);
    const [start, end] = placeOf(meta);
    const bytes = await slice(start, end);
    const pages = await checkPages(new Uint8Array(bytes), meta, element, rows, unpackers);
    const unpacked = (packed: Uint8Array): Uint8Array => pages.get(packed.byteOffset) as Uint8Array;
    const parts: ArrayLike<unknown>[] = [];
    await parquetRead({
      ...whole,
      file: { byteLength: size, slice: async () => bytes },
      metadata: { ...metadata, num_rows: group.num_rows, row_groups: [group] },
      compressors: { [meta.codec]: unpacked },
      utf8: false,
      columns: [element.name],
      onChunk: ({ columnData }) => void parts.push(columnData),
    });
    return values(parts, element, rows);
  };

  async function* groups(
    columns: readonly string[],
    run: RunOptions = {},
    isWanted: (group: number) => boolean = () => true,
  ): AsyncGenerator<Readonly<Record<string, ParquetValues>>> {
    for (const column of columns) {
      if (flat.has(column)) continue;
      throw new SpatialError(
        "format",
        `${name} must have the column ${column}, found ${[...flat.keys()].join(", ")}.`,
        { subject: name },
      );
    }
    let end = 0;
    for (const [g, group] of metadata.row_groups.entries()) {
      checkAborted(run.signal);
      if (!isWanted(g)) {
        end += Number(group.num_rows);
        continue;
      }
      const out: Record<string, ParquetValues> = {};
      for (const column of columns)
        out[column] = await guarded(() => readColumn(group, flat.get(column) as SchemaElement));
      end += Number(group.num_rows);
      run.onProgress?.({ step: `read ${name}`, fraction: end / Number(metadata.num_rows) });
      yield out;
      await breathe();
    }
  }

  const note = (key: string): unknown => {
    const text = metadata.key_value_metadata?.find((pair) => pair.key === key)?.value ?? "null";
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw damaged(name, cause);
    }
  };
  const bounds: ParquetFile["bounds"] = (column) =>
    metadata.row_groups.map(({ columns }) => {
      const place = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === column);
      const { min_value: least, max_value: largest } = place?.meta_data?.statistics ?? {};
      return least === undefined || largest === undefined ? null : [least, largest];
    });
  const sizes = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  return { name, rows: Number(metadata.num_rows), columns: [...flat.keys()], note, sizes, bounds, groups };
}

/** The named columns (all flat ones without names) of a parquet file, whole. */
export async function readParquet(
  source: Source,
  name: string,
  columns: readonly string[] | null,
  run: RunOptions = {},
): Promise<Readonly<Record<string, ParquetValues>>> {
  const file = await openParquet(source, name);
  const wanted = columns ?? file.columns;
  const parts = new Map<string, ParquetValues[]>(wanted.map((c) => [c, []]));
  for await (const group of file.groups(wanted, run))
    for (const column of wanted) parts.get(column)?.push(group[column]);
  return Object.fromEntries([...parts].map(([column, list]) => [column, joined(list)]));
}

/** Values as texts: names of any kind, whatever they are stored as; missing ones are empty. */
export function asTexts(values: ParquetValues): string[] {
  if (ArrayBuffer.isView(values))
    return Array.from(values as Float64Array, (v) => (Number.isNaN(v) ? "" : String(v)));
  const seen = new Map<Uint8Array, string>();
  return Array.from(values as readonly (string | Uint8Array | null)[], (v) => {
    if (typeof v === "string") return v;
    if (v === null) return "";
    let text = seen.get(v);
    if (text === undefined) seen.set(v, (text = bytesText(v)));
    return text;
  });
}

/** Values as numbers; NaN where there is none. */
export function asNumbers(values: ParquetValues): Float64Array {
  if (ArrayBuffer.isView(values)) return Float64Array.from(values as Float64Array);
  return Float64Array.from(values as readonly unknown[], (v) =>
    typeof v === "string" && v.trim() !== "" ? Number(v) : NaN,
  );
}

/** Values as a column of a table. */
export function asColumn(values: ParquetValues): Column {
  return ArrayBuffer.isView(values) ? (values as Float64Array) : textColumn(asTexts(values));
}

/** Bytes that are text as text, others as hex. */
function bytesText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  }
}

const strict = new TextDecoder("utf-8", { fatal: true });

/** Columns that are no lists and not part of a group. */
function flatColumns({ schema }: FileMetaData): SchemaElement[] {
  const flat: SchemaElement[] = [];
  let at = 1;
  const skip = (): void => {
    for (let children = schema[at++]?.num_children ?? 0; children > 0 && at < schema.length; children--)
      skip();
  };
  for (let k = schema[0]?.num_children ?? 0; k > 0 && at < schema.length; k--) {
    const element = schema[at];
    const isFlat = (element.num_children ?? 0) === 0 && element.repetition_type !== "REPEATED";
    if (isFlat && typeof element.name === "string") flat.push(element);
    skip();
  }
  return flat;
}

/** Goes through the footer before the library does, which takes any number in it for true. */
async function checkFooter(
  slice: (start: number, end: number) => Promise<ArrayBuffer>,
  size: number,
): Promise<void> {
  if (size < 12) throw new RangeError(`${size} bytes`);
  const length = new DataView(await slice(size - 8, size - 4)).getUint32(0, true);
  if (length > size - 12) throw new RangeError(`a footer of ${length} bytes`);
  thriftStruct({ bytes: new Uint8Array(await slice(size - 8 - length, size - 8)), at: 0 });
}

/** Refuses a footer that points outside the file or asks for more than fits, before anything is read. */
function checkPlaces({ num_rows, row_groups }: FileMetaData, size: number): void {
  const rows = row_groups.reduce((n, group) => n + Number(group.num_rows), 0);
  if (rows !== Number(num_rows) || !(rows <= 1_000_000 + 16 * size)) throw new RangeError(`${num_rows} rows`);
  for (const group of row_groups) {
    if (!(group.num_rows >= 0)) throw new RangeError(`${group.num_rows} rows in a group`);
    for (const { meta_data } of group.columns) {
      if (meta_data === undefined) throw new RangeError("a column without place");
      const [start, end] = placeOf(meta_data);
      if (!(start >= 4 && start <= end && end <= size && meta_data.total_uncompressed_size < 2_000_000_000))
        throw new RangeError(`a column from ${start} to ${end}`);
    }
  }
}

/** Where a column of a group begins and ends. */
function placeOf(meta: ColumnMetaData): [start: number, end: number] {
  const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
  return [start, start + Number(meta.total_compressed_size)];
}

/** Values of one group by the column's type. */
function values(chunks: readonly ArrayLike<unknown>[], element: SchemaElement, rows: number): ParquetValues {
  const found = chunks.reduce((n, chunk) => n + chunk.length, 0);
  if (found !== rows) throw new RangeError(`${found} values for ${rows} rows`);
  const all: ArrayLike<unknown> = chunks.length === 1 ? chunks[0] : chunks.flatMap((c) => Array.from(c));
  let missing = false;
  for (let i = 0; i < rows; i++) {
    if (all[i] === undefined) throw new RangeError("a value that is not in the dictionary");
    missing ||= all[i] === null;
  }
  const first = firstOf(all);
  if (element.type === "BOOLEAN" || typeof first === "boolean") {
    if (missing) return Float64Array.from(all, (v) => (v === null ? NaN : v === true ? 1 : 0));
    return Uint8Array.from(all, (v) => (v === true || v === 1 ? 1 : 0));
  }
  if (typeof first === "bigint") return wide(all as ArrayLike<bigint | null>, missing);
  if (typeof first === "number") {
    if (element.type === "INT32" && !missing && element.converted_type !== "UINT_32")
      return all instanceof Int32Array ? all : Int32Array.from(all as ArrayLike<number>);
    return Float64Array.from(all, (v) => (typeof v === "number" ? v : NaN));
  }
  if (first instanceof Uint8Array) return Array.from(all, (v) => (v instanceof Uint8Array ? v : null));
  if (first === null && (element.type === "FLOAT" || element.type === "DOUBLE" || element.type === "INT32"))
    return new Float64Array(rows).fill(NaN);
  return Array.from(all, (v) => (v === null ? "" : String(v)));
}

function firstOf(all: ArrayLike<unknown>): unknown {
  for (let i = 0; i < all.length; i++) if (all[i] !== null) return all[i];
  return null;
}

/** 64-bit integers: numbers where all are exact as such, else texts (names are often wider than numbers). */
function wide(all: ArrayLike<bigint | null>, missing: boolean): ParquetValues {
  const numbers = Float64Array.from(all, (v) => (v === null ? NaN : Number(v)));
  if (!numbers.every((v) => Number.isNaN(v) || Number.isSafeInteger(v)))
    return Array.from(all, (v) => (v === null ? "" : String(v)));
  return !missing && numbers.every((v) => v === (v | 0)) ? Int32Array.from(numbers) : numbers;
}

/** The values of all groups, of the widest kind that one of them has. */
function joined(parts: readonly ParquetValues[]): ParquetValues {
  if (parts.length === 1) return parts[0];
  const numeric = parts.filter((p) => ArrayBuffer.isView(p));
  if (numeric.length < parts.length)
    return numeric.length === 0
      ? (parts.flat() as readonly string[])
      : parts.flatMap((part) => asTexts(part));
  const same = parts.every((p) => p.constructor === parts[0]?.constructor);
  const Kind = (same ? parts[0]?.constructor : undefined) as Float64ArrayConstructor | undefined;
  const out = new (Kind ?? Float64Array)(numeric.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of numeric) {
    out.set(part as Float64Array, at);
    at += part.length;
  }
  return out;
}

function unpackable(name: string, codec: string): SpatialError {
  return new SpatialError("unsupported", `${name} is packed with ${codec}, which is not unpacked here.`, {
    subject: name,
    hint: "Write it again with zstd, snappy or gzip.",
  });
}

function damaged(name: string, cause: unknown): SpatialError {
  if (cause instanceof SpatialError) return cause;
  return new SpatialError("format", `${name} must be a whole parquet file, but it cannot be read.`, {
    subject: name,
    hint: "The file is incomplete or damaged: copy or download it again.",
    cause,
  });
}
