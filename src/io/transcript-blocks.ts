import type { RunOptions } from "../core/progress.ts";
import type { Affine } from "../model/image.ts";
import type { Column } from "../model/table.ts";
import { insideRegion, type Region } from "./region.ts";
import type { Role } from "./transcript-layout.ts";
import type { TranscriptTable } from "./transcript-parts.ts";

/** Which transcripts are wanted, and the way from the file's coordinates to those in which a region is given. */
export interface TranscriptChoice {
  readonly affine: Affine;
  readonly region: Region | null;
  readonly genes: ReadonlySet<string> | null;
  readonly minQuality: number | null;
}

/** Rows that were passed over, by the first reason that held for each; `unread`: in groups that were not read at all. */
export interface Dropped {
  readonly quality: number;
  readonly region: number;
  readonly genes: number;
  readonly unread: number;
}

/** Columns of some transcripts; null for what the file has not. */
export interface Packed {
  readonly length: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array | null;
  readonly quality: Float64Array | null;
  readonly feature: Uint32Array;
  readonly cell: Int32Array | null;
  readonly columns: Readonly<Record<string, Column>>;
  readonly dropped: Dropped;
}

const ROWS = 131_072;
const ROLES: readonly Role[] = ["x", "y", "z", "quality", "nucleus", "feature", "cell", "fov", "compartment"];

/** The wanted rows of a table, in blocks of at most 131,072. */
export async function* packed(
  table: TranscriptTable,
  choice: TranscriptChoice,
  run: RunOptions,
): AsyncGenerator<Packed> {
  const { affine, region, minQuality } = choice;
  const [a, b, c, d, e, f] = affine;
  const isInside = region && insideRegion(region);
  const isGene = choice.genes && wantedCodes(table, choice.genes);
  const has = (role: Role): boolean => table.layout.columns[role] !== undefined;
  const start = (): Filling => ({
    x: new Float64Array(ROWS),
    y: new Float64Array(ROWS),
    z: has("z") ? new Float64Array(ROWS) : null,
    quality: has("quality") ? new Float64Array(ROWS) : null,
    nucleus: has("nucleus") ? new Uint8Array(ROWS) : null,
    feature: new Uint32Array(ROWS),
    cell: has("cell") ? new Int32Array(ROWS) : null,
    fov: has("fov") ? new Int32Array(ROWS) : null,
    compartment: has("compartment") ? new Int32Array(ROWS) : null,
  });
  let into = start();
  let n = 0;
  let dropped = { quality: 0, region: 0, genes: 0, unread: 0 };
  const take = (): Packed => {
    const block = cut(into, n, dropped, table);
    into = start();
    n = 0;
    dropped = { quality: 0, region: 0, genes: 0, unread: 0 };
    return block;
  };
  for await (const { rows, numbers, names, passed } of table.parts(ROLES, wantedGroups(choice), run)) {
    dropped.unread += passed;
    const { x, y, z, quality, nucleus } = numbers;
    const { feature, cell, fov, compartment } = names;
    if (x === undefined || y === undefined || feature === undefined) continue;
    for (let i = 0; i < rows; i++) {
      const [px, py] = [a * x[i] + b * y[i] + c, d * x[i] + e * y[i] + f];
      if (isGene !== null && !isGene(feature[i])) dropped.genes++;
      else if (isInside !== null && !isInside(px, py)) dropped.region++;
      else if (minQuality !== null && quality !== undefined && quality[i] < minQuality) dropped.quality++;
      else {
        into.x[n] = px;
        into.y[n] = py;
        into.feature[n] = feature[i];
        if (into.z !== null && z !== undefined) into.z[n] = z[i];
        if (into.quality !== null && quality !== undefined) into.quality[n] = quality[i];
        if (into.nucleus !== null && nucleus !== undefined) into.nucleus[n] = nucleus[i] === 1 ? 1 : 0;
        if (into.cell !== null && cell !== undefined) into.cell[n] = cell[i];
        if (into.fov !== null && fov !== undefined) into.fov[n] = fov[i];
        if (into.compartment !== null && compartment !== undefined) into.compartment[n] = compartment[i];
        if (++n === ROWS) yield take();
      }
    }
  }
  if (n > 0 || dropped.quality + dropped.region + dropped.genes + dropped.unread > 0) yield take();
}

interface Filling {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array | null;
  readonly quality: Float64Array | null;
  readonly nucleus: Uint8Array | null;
  readonly feature: Uint32Array;
  readonly cell: Int32Array | null;
  readonly fov: Int32Array | null;
  readonly compartment: Int32Array | null;
}

function cut(of: Filling, n: number, dropped: Dropped, { names }: TranscriptTable): Packed {
  const columns: Record<string, Column> = {};
  const categories = (codes: Int32Array, role: "fov" | "compartment"): Column => ({
    kind: "categorical",
    codes: codes.slice(0, n),
    categories: names[role].list(),
  });
  if (of.fov !== null) columns["fov"] = categories(of.fov, "fov");
  if (of.nucleus !== null) columns["overlaps_nucleus"] = of.nucleus.slice(0, n);
  if (of.compartment !== null) columns["compartment"] = categories(of.compartment, "compartment");
  return {
    length: n,
    x: of.x.slice(0, n),
    y: of.y.slice(0, n),
    z: of.z && of.z.slice(0, n),
    quality: of.quality && of.quality.slice(0, n),
    feature: of.feature.slice(0, n),
    cell: of.cell && of.cell.slice(0, n),
    columns,
    dropped,
  };
}

/** Whether a number stands for one of the names; names are looked at once. */
function wantedCodes({ names }: TranscriptTable, genes: ReadonlySet<string>): (code: number) => boolean {
  const known: boolean[] = [];
  return (code) => {
    if (code >= known.length) {
      const list = names.feature.list();
      while (known.length < list.length) known.push(genes.has(list[known.length]));
    }
    return known[code] ?? false;
  };
}

type Range = readonly [unknown, unknown] | null;

/** Can a group of rows hold any wanted one, as far as the ranges of its values tell? */
function wantedGroups({
  affine,
  region,
  genes,
  minQuality,
}: TranscriptChoice): (range: (role: Role) => Range) => boolean {
  const [a, b, c, d, e, f] = affine;
  const box = region && boxOf(region);
  const plain = genes !== null && [...genes].every((name) => /^[\x20-\x7e]*$/.test(name));
  return (range) => {
    const quality = numeric(range("quality"));
    if (minQuality !== null && quality !== null && quality[1] < minQuality) return false;
    const [x, y] = [numeric(range("x")), numeric(range("y"))];
    if (box !== null && x !== null && y !== null) {
      const corners = x.flatMap((u) => y.map((v) => [a * u + b * v + c, d * u + e * v + f] as const));
      for (const axis of [0, 1] as const) {
        const values = corners.map((corner) => corner[axis]);
        if (Math.max(...values) < box[axis] || Math.min(...values) > box[axis + 2]) return false;
      }
    }
    const [least, largest] = range("feature") ?? [null, null];
    if (!plain || genes === null || typeof least !== "string" || typeof largest !== "string") return true;
    return [...genes].some((name) => name >= least && name <= largest);
  };
}

function numeric(range: Range): readonly [number, number] | null {
  const [low, high] = range ?? [];
  return typeof low === "number" && typeof high === "number" && low <= high ? [low, high] : null;
}

function boxOf(region: Region): readonly [number, number, number, number] {
  if (typeof region[0] === "number") return region as readonly [number, number, number, number];
  const corners = region as readonly (readonly [number, number])[];
  const [x, y] = [corners.map((corner) => corner[0]), corners.map((corner) => corner[1])];
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}
