import { SpatialError } from "../core/errors.ts";
import { positions, type Positions } from "../model/dataset.ts";
import { type Dense, dense } from "../model/matrix.ts";
import type { Table } from "../model/table.ts";
import type { OwnNotes } from "./anndata-notes.ts";
import { ownFeatureKeys } from "./anndata-own.ts";
import type { Elements } from "./elements.ts";
import type { Draft } from "./report.ts";
import { micronsPerPixel } from "./visium.ts";

/** The matrices of obsm by name, without reading them; null for what is none. */
interface Obsm {
  readonly cols: number;
  readonly read: () => Promise<Float64Array | Float32Array | Int32Array | Uint8Array>;
}

async function listObsm(file: Elements, n: number): Promise<Map<string, Obsm | null>> {
  const found = new Map<string, Obsm | null>();
  if (!file.has("obsm")) return found;
  if (!file.isGroup("obsm")) {
    for (const [key, values] of Object.entries(await file.records("obsm"))) {
      const isNumbers = ArrayBuffer.isView(values) && n > 0 && values.length % n === 0;
      found.set(key, isNumbers ? { cols: values.length / n, read: async () => values } : null);
    }
    return found;
  }
  for (const key of file.keys("obsm")) {
    const info = file.isGroup(`obsm/${key}`) ? null : file.info(`obsm/${key}`);
    const isNumbers = info?.shape?.length === 2 && (info.type === "float" || info.type === "integer");
    const [rows, cols] = info?.shape ?? [];
    const read = async (): ReturnType<Obsm["read"]> => file.numbers(`obsm/${key}`);
    found.set(key, isNumbers && rows === n ? { cols, read } : null);
  }
  return found;
}

const SPATIAL = ["spatial", "X_spatial"];

export async function readSpatial(
  file: Elements,
  cells: Table,
  own: OwnNotes | null,
  report: Draft,
): Promise<Positions | null> {
  if (own !== null && own.positions === null) return null;
  const obsm = await listObsm(file, cells.ids.length);
  const path = SPATIAL.find((key) => obsm.has(key));
  if (path === undefined) return null;
  const found = obsm.get(path) ?? null;
  if (found === null || (found.cols !== 2 && found.cols !== 3)) {
    throw new SpatialError(
      "format",
      `"obsm/${path}" of ${file.name} must be ${cells.ids.length} x 2 or 3 numbers, but it is not.`,
      { subject: file.name },
    );
  }
  const dimensions = found.cols as 2 | 3;
  const data = Float64Array.from(await found.read());
  report.joined.push(`Coordinates from obsm/${path}, row by row.`);
  if (own !== null && own.positions !== null)
    return positions(data, own.positions.unit, own.positions.micronsPerUnit, dimensions);
  const take = (axis: number): Float64Array =>
    Float64Array.from({ length: cells.ids.length }, (_, i) => data[i * dimensions + axis]);
  const hasArray = "array_row" in cells.columns && "array_col" in cells.columns;
  const scale = hasArray
    ? micronsPerPixel(
        {
          subject: file.name,
          ids: [],
          x: take(0),
          y: take(1),
          unit: "px",
          micronsPerUnit: null,
          columns: cells.columns,
        },
        report,
      )
    : null;
  return positions(data, "px", scale, dimensions);
}

export async function readEmbeddings(
  file: Elements,
  n: number,
  own: OwnNotes | null,
  report: Draft,
): Promise<Record<string, Dense>> {
  const found: Record<string, Dense> = {};
  const others = own === null ? SPATIAL : ["spatial", ...ownFeatureKeys(file)];
  for (const [key, obsm] of await listObsm(file, n)) {
    if (others.includes(key)) continue;
    if (obsm === null) {
      report.dropped.push({ what: `obsm "${key}"`, count: 1, why: "it is no matrix of numbers" });
      continue;
    }
    const data = await obsm.read();
    const name = key.replace(/^X_/, "");
    const isDouble = own !== null && data instanceof Float64Array;
    found[own?.original(name) ?? name] = dense(n, obsm.cols, isDouble ? data : Float32Array.from(data));
  }
  return found;
}
