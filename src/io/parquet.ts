import type { FileMetaData, SchemaElement } from "hyparquet";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Column } from "../model/table.ts";
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
  /** The named columns, one group of rows after the other; nothing else of the file is read. */
  readonly groups: (
    columns: readonly string[],
    run?: RunOptions,
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
  const file = { byteLength: size, slice };
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
    const found = await parquetMetadataAsync(file, whole);
    checkPlaces(found, size);
    return found;
  });
  const flat = new Map(flatColumns(metadata).map((element) => [element.name, element]));

  async function* groups(
    columns: readonly string[],
    run: RunOptions = {},
  ): AsyncGenerator<Readonly<Record<string, ParquetValues>>> {
    for (const column of columns) {
      if (flat.has(column)) continue;
      throw new SpatialError(
        "format",
        `${name} must have the column ${column}, found ${[...flat.keys()].join(", ")}.`,
        { subject: name },
      );
    }
    let start = 0;
    for (const group of metadata.row_groups) {
      checkAborted(run.signal);
      const rowStart = start;
      const rowEnd = start + Number(group.num_rows);
      start = rowEnd;
      const parts = new Map<string, ArrayLike<unknown>[]>(columns.map((c) => [c, []]));
      await guarded(() =>
        parquetRead({
          ...whole,
          file,
          metadata,
          compressors,
          utf8: false,
          columns: [...columns],
          rowStart,
          rowEnd,
          onChunk: ({ columnName, columnData }) => void parts.get(columnName)?.push(columnData),
        }),
      );
      const out: Record<string, ParquetValues> = {};
      for (const [column, chunks] of parts)
        out[column] = await guarded(async () =>
          values(chunks, flat.get(column) as SchemaElement, rowEnd - rowStart),
        );
      run.onProgress?.({ step: `read ${name}`, fraction: rowEnd / Number(metadata.num_rows) });
      yield out;
      await breathe();
    }
  }

  return { name, rows: Number(metadata.num_rows), columns: [...flat.keys()], groups };
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
    if ((element.num_children ?? 0) === 0 && element.repetition_type !== "REPEATED") flat.push(element);
    skip();
  }
  return flat;
}

/** Refuses a footer that points outside the file or asks for more than fits, before anything is read. */
function checkPlaces({ num_rows, row_groups }: FileMetaData, size: number): void {
  const rows = row_groups.reduce((n, group) => n + Number(group.num_rows), 0);
  if (rows !== Number(num_rows) || !(rows < 4294967296)) throw new RangeError(`${num_rows} rows`);
  for (const group of row_groups) {
    for (const { meta_data } of group.columns) {
      if (meta_data === undefined) throw new RangeError("a column without place");
      const start = Number(meta_data.dictionary_page_offset ?? meta_data.data_page_offset);
      const length = Number(meta_data.total_compressed_size);
      const full = Number(meta_data.total_uncompressed_size);
      if (!(start >= 4 && length >= 0 && start + length <= size && full < 2_000_000_000))
        throw new RangeError(`a column at ${start} of ${length} bytes`);
    }
  }
}

/** Values of one group by the column's type. */
function values(chunks: readonly ArrayLike<unknown>[], element: SchemaElement, rows: number): ParquetValues {
  const found = chunks.reduce((n, chunk) => n + chunk.length, 0);
  if (found !== rows) throw new RangeError(`${found} values for ${rows} rows`);
  const all: ArrayLike<unknown> = chunks.length === 1 ? chunks[0] : chunks.flatMap((c) => Array.from(c));
  let missing = false;
  for (let i = 0; i < rows && !missing; i++) missing = all[i] === null || all[i] === undefined;
  const first = firstOf(all);
  if (element.type === "BOOLEAN" || typeof first === "boolean") {
    if (missing)
      return Float64Array.from(all, (v) => (v === null || v === undefined ? NaN : v === true ? 1 : 0));
    return Uint8Array.from(all, (v) => (v === true || v === 1 ? 1 : 0));
  }
  if (typeof first === "bigint") return wide(all as ArrayLike<bigint | null | undefined>, missing);
  if (typeof first === "number") {
    if (element.type === "INT32" && !missing && element.converted_type !== "UINT_32")
      return all instanceof Int32Array ? all : Int32Array.from(all as ArrayLike<number>);
    return Float64Array.from(all, (v) => (typeof v === "number" ? v : NaN));
  }
  if (first instanceof Uint8Array) return Array.from(all, (v) => (v instanceof Uint8Array ? v : null));
  if (first === null && (element.type === "FLOAT" || element.type === "DOUBLE" || element.type === "INT32"))
    return new Float64Array(rows).fill(NaN);
  return Array.from(all, (v) => (v === null || v === undefined ? "" : String(v)));
}

function firstOf(all: ArrayLike<unknown>): unknown {
  for (let i = 0; i < all.length; i++) if (all[i] !== null && all[i] !== undefined) return all[i];
  return null;
}

/** 64-bit integers: numbers where all are exact as such, else texts (names are often wider than numbers). */
function wide(all: ArrayLike<bigint | null | undefined>, missing: boolean): ParquetValues {
  const numbers = Float64Array.from(all, (v) => (v === null || v === undefined ? NaN : Number(v)));
  if (!numbers.every((v) => Number.isNaN(v) || Number.isSafeInteger(v)))
    return Array.from(all, (v) => (v === null || v === undefined ? "" : String(v)));
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

function damaged(name: string, cause: unknown): SpatialError {
  if (cause instanceof SpatialError) return cause;
  return new SpatialError("format", `${name} must be a whole parquet file, but it cannot be read.`, {
    subject: name,
    hint: "The file is incomplete or damaged: copy or download it again.",
    cause,
  });
}
