import type { ColumnSource } from "hyparquet-writer";
import { type Column, type Table, isCategorical } from "../model/table.ts";
import { columnsWithIds } from "./arrow-write.ts";

/**
 * A table as a Parquet file: ids as the first column, `id`, texts, truth values, 32-bit whole numbers, doubles, categoricals
 * as texts of a dictionary. Missing values (NaN, code -1) are nulls. The order of categories, and those that no row
 * has, are kept by Arrow only: `writeArrowTable`. Read by pyarrow, pandas, polars, DuckDB, Spark.
 *
 * @returns the bytes of the file, packed with snappy
 * @throws {SpatialError} `input` where a column is called "id"
 *
 * Cost: linear in the values. Checked against pyarrow value for value.
 *
 * @example
 * ```ts
 * import { categories, ids, table } from "tissular/model";
 * import { writeParquetTable } from "tissular/io";
 * const cells = table(ids(["a", "b"]), { kind: categories(["T", ""]), area: Float64Array.of(1.5, NaN) });
 * const bytes = await writeParquetTable(cells);
 * if (new TextDecoder().decode(bytes.subarray(0, 4)) !== "PAR1") throw new Error("a Parquet file");
 * ```
 */
export async function writeParquetTable(frame: Table): Promise<Uint8Array> {
  return parquetFile(columnsWithIds(frame).map(([name, column]) => parquetColumn(name, column)));
}

/** A Parquet file of columns, with notes of its writer. */
export async function parquetFile(
  columnData: ColumnSource[],
  notes: Readonly<Record<string, unknown>> = {},
): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const kvMetadata = Object.entries(notes).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: "tissular" }));
}

/** A column as Parquet has it; missing values are nulls. */
export function parquetColumn(name: string, column: Column): ColumnSource {
  if (isCategorical(column)) {
    const data = Array.from(column.codes, (code) => column.categories[code] ?? null);
    return { name, data, type: "STRING" };
  }
  if (column instanceof Uint8Array)
    return { name, data: Array.from(column, (v) => v !== 0), type: "BOOLEAN", nullable: false };
  if (column instanceof Int32Array) return { name, data: column, type: "INT32", nullable: false };
  if (column instanceof Float64Array) {
    const isWhole = column.every((v) => !Number.isNaN(v));
    const data = isWhole ? column : Array.from(column, (v) => (Number.isNaN(v) ? null : v));
    return { name, data, type: "DOUBLE", nullable: !isWhole };
  }
  return { name, data: column as string[], type: "STRING", nullable: false };
}
