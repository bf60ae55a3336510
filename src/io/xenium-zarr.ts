import { SpatialError } from "../core/errors.ts";
import type { Shapes } from "../model/shapes.ts";
import { type Column, ids } from "../model/table.ts";
import type { PositionTable } from "./positions.ts";
import type { Source } from "./source.ts";
import { openZarr, type ZarrTree } from "./zarr.ts";
import { zipSource } from "./zip.ts";

/** A zarr store of a Xenium folder (`cells`, `analysis`), packed or not; null where there is none. */
export async function xeniumStore(source: Source, base: string): Promise<ZarrTree | null> {
  const packed = `${base}.zarr.zip`;
  if (source.names.includes(packed))
    return openZarr({ ...(await zipSource(source, packed)), label: packed }, "");
  const folder = `${base}.zarr/`;
  return source.names.some((n) => n.startsWith(folder)) ? openZarr(source, folder) : null;
}

/** What cell_summary holds where it does not say so: seven columns before version 2, the eighth since. */
const SUMMARY = [
  "cell_centroid_x",
  "cell_centroid_y",
  "cell_area",
  "nucleus_centroid_x",
  "nucleus_centroid_y",
  "nucleus_area",
  "z_level",
  "nucleus_count",
];

/** Names of cells: whole numbers before version 1.3, since then a number in letters and the number of the set. */
export async function storedCells(tree: ZarrTree): Promise<string[]> {
  const values = await tree.numbers("cell_id");
  const shape = tree.info("cell_id").shape ?? [];
  if (shape[1] !== 2) return Array.from(values, String);
  return Array.from({ length: shape[0] }, (_, i) => cellName(values[2 * i], values[2 * i + 1]));
}

/** 12345678, 1 is "aalmgbeo-1": eight hexadecimal digits written as a to p. */
function cellName(number: number, set: number): string {
  const digits = number.toString(16).padStart(8, "0");
  return `${Array.from(digits, (d) => String.fromCharCode(97 + parseInt(d, 16))).join("")}-${set}`;
}

/** The table of cells, as cells.csv would have it; `label` is the number of a cell in the masks. */
export async function storedTable(tree: ZarrTree): Promise<PositionTable> {
  const names = await storedCells(tree);
  const n = names.length;
  const width = tree.info("cell_summary").shape?.[1] ?? 0;
  const values = await tree.numbers("cell_summary");
  const listed = tree.attribute("cell_summary", "column_names");
  const header =
    Array.isArray(listed) && listed.length === width ? listed.map(String) : SUMMARY.slice(0, width);
  const column = (name: string): Float64Array | null => {
    const j = header.indexOf(name);
    return j < 0 ? null : Float64Array.from({ length: n }, (_, i) => values[i * width + j]);
  };
  const [x, y] = [column("cell_centroid_x"), column("cell_centroid_y")];
  if (x === null || y === null || values.length !== n * width) {
    throw new SpatialError(
      "format",
      `cell_summary of ${tree.name} must have a line with the center of each of ${n} cells, found ${values.length} values.`,
      { subject: tree.name },
    );
  }
  const columns: Record<string, Column> = { label: Int32Array.from({ length: n }, (_, i) => i + 1) };
  for (const name of ["cell_area", "nucleus_area", "z_level"]) {
    const found = column(name);
    if (found !== null) columns[name] = found;
  }
  const nuclei = column("nucleus_count");
  if (nuclei !== null) columns["nucleus_count"] = Int32Array.from(nuclei);
  const method = await segmentation(tree, n);
  if (method !== null) columns["segmentation_method"] = method;
  return { subject: tree.name, ids: names, x, y, unit: "um", micronsPerUnit: 1, columns };
}

/** By what each cell was outlined. */
async function segmentation(tree: ZarrTree, n: number): Promise<Column | null> {
  const names = tree.attribute("", "segmentation_methods");
  if (!Array.isArray(names) || !tree.has("polygon_sets/1/method")) return null;
  const [method, cell] = [
    await tree.numbers("polygon_sets/1/method"),
    await tree.numbers("polygon_sets/1/cell_index"),
  ];
  const codes = new Int32Array(n).fill(-1);
  cell.forEach((i, p) => {
    if (i < n && method[p] < names.length) codes[i] = method[p];
  });
  return { kind: "categorical", codes, categories: names.map(String) };
}

/** Outlines that are read at once. */
const BLOCK = 100_000;

/** Outlines of nuclei (0) or cells (1), micrometres; cells without one have none, cells of several nuclei several. */
export async function storedOutlines(tree: ZarrTree, set: 0 | 1): Promise<Shapes | null> {
  const cells = await storedCells(tree);
  const folder = `polygon_sets/${set}`;
  const isOld = !tree.isGroup(folder);
  if (isOld && !tree.has("polygon_num_vertices")) return null;
  const sizes = isOld
    ? (await tree.numbers("polygon_num_vertices", set, set + 1)).subarray(0, cells.length)
    : await tree.numbers(`${folder}/num_vertices`);
  const owner = isOld ? sizes.map((_, i) => i) : await tree.numbers(`${folder}/cell_index`);
  const path = isOld ? "polygon_vertices" : `${folder}/vertices`;
  const width = tree.info(path).shape?.at(-1) ?? 0;
  const bad = sizes.findIndex((n, p) => !(n >= 0 && 2 * n <= width && owner[p] < cells.length));
  if (bad >= 0 || owner.length !== sizes.length) {
    throw new SpatialError(
      "format",
      `Outline ${bad} of ${tree.name} must have at most ${width / 2} corners and a cell, found ${sizes[bad]} and ${owner[bad]}.`,
      { subject: tree.name, hint: "The store is incomplete or damaged: copy it again." },
    );
  }
  const kept = Array.from(sizes.keys()).filter((p) => sizes[p] > 0);
  const ringOffsets = new Uint32Array(kept.length + 1);
  kept.forEach((p, k) => void (ringOffsets[k + 1] = ringOffsets[k] + sizes[p]));
  const coordinates = new Float64Array(2 * ringOffsets[kept.length]);
  const old = isOld ? await tree.numbers(path, set, set + 1) : null;
  let k = 0;
  for (let start = 0; start < sizes.length; start += BLOCK) {
    const end = Math.min(sizes.length, start + BLOCK);
    const corners = old?.subarray(start * width, end * width) ?? (await tree.numbers(path, start, end));
    for (; k < kept.length && kept[k] < end; k++) {
      const from = (kept[k] - start) * width;
      coordinates.set(corners.subarray(from, from + 2 * sizes[kept[k]]), 2 * ringOffsets[k]);
    }
  }
  return {
    kind: "shapes",
    ids: ids(kept.map((p) => cells[owner[p]])),
    shapeOffsets: Uint32Array.from({ length: kept.length + 1 }, (_, s) => s),
    ringOffsets,
    coordinates,
  };
}

/** Clusterings of analysis.zarr, by name: a text for each of n cells in the order of the matrix, "" for none. */
export async function storedClusters(tree: ZarrTree, n: number): Promise<Map<string, string[]>> {
  const listed = tree.attribute("cell_groups", "grouping_names");
  const groups = tree.json("cell_groups")["group_names"];
  const found = new Map<string, string[]>();
  for (const [g, name] of (Array.isArray(listed) ? listed : []).entries()) {
    const path = `cell_groups/${g}`;
    if (!tree.has(`${path}/indices`)) continue;
    const [starts, cells] = [await tree.numbers(`${path}/indptr`), await tree.numbers(`${path}/indices`)];
    const names: unknown = Array.isArray(groups) ? groups[g] : null;
    const labels = new Array<string>(n).fill("");
    starts.forEach((from, k) => {
      const label = Array.isArray(names) && k < names.length ? String(names[k]) : String(k + 1);
      for (let e = from; e < (starts[k + 1] ?? cells.length); e++)
        if (cells[e] < n) labels[cells[e]] = label.replace(/^Cluster (?=\d+$)/, "");
    });
    found.set(String(name), labels);
  }
  return found;
}
