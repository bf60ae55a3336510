import type { RunOptions } from "../core/progress.ts";
import type { Column } from "../model/table.ts";
import { columnarKind } from "./columns.ts";
import { asColumn, asNumbers, asTexts, readParquet } from "./parquet.ts";
import { parsePositions, positionColumns, type PositionTable } from "./positions.ts";
import { type Source, unpacked } from "./source.ts";

/** Reads a table of coordinates, as text (packed or not) or as parquet. */
export async function readPositions(source: Source, name: string, run: RunOptions): Promise<PositionTable> {
  if (columnarKind(await source.slice(name, 0, 4)) !== "parquet")
    return parsePositions(await unpacked(source, name), name);
  const read = await readParquet(source, name, null, run);
  const header = Object.keys(read);
  const { idColumn, xColumn, yColumn, unit, micronsPerUnit } = positionColumns(header, name);
  const columns: Record<string, Column> = {};
  header.forEach((column, j) => {
    const isIndex = column === "" || column.startsWith("__index_level_");
    if (j !== idColumn && j !== xColumn && j !== yColumn && !isIndex)
      columns[column] = asColumn(read[column]);
  });
  return {
    subject: name,
    ids: asTexts(read[header[idColumn]]),
    x: asNumbers(read[header[xColumn]]),
    y: asNumbers(read[header[yColumn]]),
    unit,
    micronsPerUnit,
    columns,
  };
}
