import type * as Flechette from "@uwdata/flechette";
import { SpatialError } from "../core/errors.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import type { Column } from "../model/table.ts";
import { checkArrow } from "./arrow-check.ts";
import { unpackLz4 } from "./lz4.ts";
import { asColumn, asNumbers, asTexts, openParquet, type ParquetValues, readParquet } from "./parquet.ts";
import { memorySource } from "./source.ts";
import { type Csv, csvColumn, csvNumbers, csvStrings } from "./text.ts";
import { object } from "./zarr-documents.ts";

/** A table by columns, whatever it is kept as. */
export interface ColumnTable {
  readonly subject: string;
  readonly rows: number;
  readonly names: readonly string[];
  /** The column that pandas kept as names of the rows, or null. */
  readonly index: string | null;
  readonly texts: (name: string) => string[];
  /** NaN where there is no number. */
  readonly numbers: (name: string) => Float64Array;
  readonly column: (name: string) => Column;
  /** Does the column hold texts? */
  readonly isText: (name: string) => boolean;
}

/** Parquet or Arrow by the first bytes of a file; null for anything else. */
export function columnarKind(bytes: Uint8Array): "parquet" | "arrow" | null {
  const head = String.fromCharCode(...bytes.subarray(0, 6));
  if (head.startsWith("PAR1")) return "parquet";
  const isStream = bytes.length > 8 && bytes.subarray(0, 4).every((byte) => byte === 255);
  return head === "ARROW1" || isStream ? "arrow" : null;
}

/**
 * Reads a table of parquet or Arrow (file, stream; Feather 2).
 *
 * @throws {SpatialError} `format` where it is damaged; `unsupported` where it is packed with zstd (Arrow)
 */
export async function readColumns(bytes: Uint8Array, subject: string, run: RunOptions): Promise<ColumnTable> {
  if (columnarKind(bytes) === "arrow") return readArrow(bytes, subject, run);
  const source = memorySource(new Map([[subject, bytes]]));
  const { note } = await openParquet(source, subject);
  return columnTable(subject, await readParquet(source, subject, null, run), note("pandas"));
}

/** A table of text by columns, under these names. */
export function csvColumns(csv: Csv, names: readonly string[]): ColumnTable {
  const at = (name: string): number => names.indexOf(name);
  return {
    subject: csv.subject,
    rows: csv.rows,
    names,
    index: null,
    texts: (name) => csvStrings(csv, at(name)),
    numbers: (name) => csvNumbers(csv, at(name)),
    column: (name) => csvColumn(csv, at(name)),
    isText: (name) => csv.rows > 0 && Number.isNaN(csv.number(0, at(name))),
  };
}

function columnTable(
  subject: string,
  values: Readonly<Record<string, ParquetValues>>,
  pandas: unknown,
): ColumnTable {
  const names = Object.keys(values);
  const listed = object(pandas)["index_columns"];
  const index: unknown = Array.isArray(listed) ? listed[0] : null;
  return {
    subject,
    rows: names.length === 0 ? 0 : values[names[0]].length,
    names,
    index: typeof index === "string" && names.includes(index) ? index : null,
    texts: (name) => asTexts(values[name]),
    numbers: (name) => asNumbers(values[name]),
    column: (name) => asColumn(values[name]),
    isText: (name) => !ArrayBuffer.isView(values[name]),
  };
}

async function readArrow(bytes: Uint8Array, subject: string, run: RunOptions): Promise<ColumnTable> {
  const arrow = await import("@uwdata/flechette");
  const { LZ4_FRAME } = arrow.CompressionType;
  if (arrow.getCompressionCodec(LZ4_FRAME) === null) arrow.setCompressionCodec(LZ4_FRAME, lz4);
  checkAborted(run.signal);
  try {
    checkArrow(bytes);
    const found = arrow.tableFromIPC(bytes, { useBigInt: true });
    const values: Record<string, ParquetValues> = {};
    for (const [k, { name }] of found.schema.fields.entries())
      values[name] = arrowValues(found.getChildAt(k).toArray() as ArrayLike<unknown>);
    run.onProgress?.({ step: `read ${subject}`, fraction: 1 });
    return columnTable(subject, values, JSON.parse(found.schema.metadata?.get("pandas") ?? "null"));
  } catch (cause) {
    const codec = /Missing compression codec "(\w+)"/.exec(String(cause))?.[1];
    if (codec !== undefined)
      throw new SpatialError("unsupported", `${subject} is packed with ${codec}, which is not read here.`, {
        subject,
        hint: "Write it with compression lz4 or none.",
        cause,
      });
    throw new SpatialError("format", `${subject} must be a whole Arrow file, but it cannot be read.`, {
      subject,
      hint: "The file is incomplete or damaged: copy or write it again.",
      cause,
    });
  }
}

const lz4: Flechette.Codec = {
  encode: () => {
    throw new SpatialError("unsupported", "Packing with LZ4 is not done here.");
  },
  decode: (packed: Uint8Array, ...size: readonly number[]) => unpackLz4(packed, size[0]),
};

/** Values of a column as those of parquet: numbers (missing = NaN), truth values, texts (missing = ""). */
function arrowValues(values: ArrayLike<unknown>): ParquetValues {
  if (values instanceof Float64Array || values instanceof Int32Array) return values;
  const isWide = (v: unknown): boolean => typeof v === "bigint" && !Number.isSafeInteger(Number(v));
  const list = Array.from(values);
  const present = list.filter((v) => v !== null && v !== undefined);
  if (present.length > 0 && present.every((v) => typeof v === "boolean"))
    return present.length === list.length
      ? Uint8Array.from(list, Number)
      : Float64Array.from(list, orMissing);
  if (present.every((v) => typeof v === "number" || (typeof v === "bigint" && !isWide(v)))) {
    const numbers = Float64Array.from(list, orMissing);
    return numbers.every((v) => v === (v | 0)) ? Int32Array.from(numbers) : numbers;
  }
  return list.map((v) => (v === null || v === undefined ? "" : String(v as string)));
}

function orMissing(v: unknown): number {
  return v === null || v === undefined ? NaN : Number(v);
}
