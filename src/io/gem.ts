import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, positions, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { ids, table } from "../model/table.ts";
import { assemble, GENES } from "./assemble.ts";
import { type Draft, grouped } from "./report.ts";
import type { Source } from "./source.ts";
import { areaOf, type Pass, pause, type PlacedCounts, sumEntries, sumSquares } from "./count-stream.ts";
import { binDataset, DEFAULT_BIN, PITCH, stepsOf } from "./stereoseq-bins.ts";
import { fieldEnd, fieldNumber, fieldText } from "./text.ts";
import { lineBlocks } from "./text-blocks.ts";

/** Names of the columns of a GEM file, over the years. */
const COLUMNS = {
  id: ["geneid", "gene"],
  name: ["genename"],
  x: ["x"],
  y: ["y"],
  count: ["midcount", "midcounts", "umicount", "umicounts"],
  cell: ["cellid", "cell", "label"],
} as const;
type Columns = Record<keyof typeof COLUMNS, number>;

const [TAB, HASH] = [9, 35];

/** Is this the first line of a GEM file of Stereo-seq? */
export function isGem(first: readonly string[]): boolean {
  return first[0].startsWith("#FileFormat=GEM") || columnsOf(first) !== null;
}

function columnsOf(header: readonly string[]): Columns | null {
  const lower = header.map((h) => h.trim().toLowerCase());
  const at = (names: readonly string[]): number => lower.findIndex((h) => names.includes(h));
  const found = Object.entries(COLUMNS).map(([key, names]) => [key, at(names)]);
  const columns = Object.fromEntries(found) as Columns;
  return Math.min(columns.id, columns.x, columns.y, columns.count) < 0 ? null : columns;
}

/** The lines of a GEM file by gene: place and count of each, cell (0: none) where there is one. */
interface Molecules {
  readonly genes: readonly string[];
  readonly names: readonly string[];
  /** length genes + 1: gene j owns lines offsets[j] to offsets[j + 1] */
  readonly offsets: Uint32Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly count: Int32Array;
  readonly cell: Int32Array | null;
}

/**
 * Reads a GEM file: its cells where it names them and no size of bins is asked for, else bins.
 *
 * @throws {SpatialError} `format` for lines that are no counts at a place
 */
export async function readGem(
  source: Source,
  name: string,
  binSize: number | undefined,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(name);
  const molecules = await readMolecules(source, name, run);
  if (molecules.cell !== null && binSize === undefined)
    return cellDataset(molecules, molecules.cell, name, values, report);
  const size = binSize === undefined ? DEFAULT_BIN : stepsOf(binSize, PITCH);
  const { genes, names } = molecules;
  async function* pieces(part: RunOptions): AsyncGenerator<PlacedCounts> {
    for (const piece of piecesOf(molecules)) {
      yield piece;
      await pause(part, (piece.gene + 1) / genes.length);
    }
  }
  const squares = await sumSquares({ subject: name, genes: genes.length, pieces }, size, run);
  return binDataset(squares, size, PITCH, table(ids(genes), { name: names }), name, values, report);
}

function piecesOf({ genes, offsets, x, y, count }: Molecules): PlacedCounts[] {
  return genes.map((_, gene) => ({ gene, x, y, count, start: offsets[gene], end: offsets[gene + 1] }));
}

async function readMolecules(source: Source, name: string, run: RunOptions): Promise<Molecules> {
  const fail = (what: string): SpatialError =>
    new SpatialError("format", `${name} must hold genes, places and counts, but ${what}.`, { subject: name });
  const geneOf = new Map<string, number>();
  const names: string[] = [];
  let columns: Columns | null = null;
  let header: string[] = [];
  let lines = 0;
  /** gene, x, y, count, cell of each line */
  let packed = new Int32Array(5 * 65_536);
  const starts = new Uint32Array(64);
  const ends = new Uint32Array(64);
  for await (const { bytes, fraction } of lineBlocks(source, name)) {
    const text = (c: number): string => fieldText(bytes, starts[c], ends[c]);
    const whole = (c: number): number => {
      const v = fieldNumber(bytes, starts[c], ends[c]);
      if (v === (v | 0)) return v;
      throw fail(`line ${grouped(lines + 1)} of counts has "${text(c)}" as ${header[c]}`);
    };
    for (let at = 0; at < bytes.length;) {
      let width = 0;
      for (let more = true; more; width++) {
        if (width === starts.length) throw fail("a line has more than 64 fields");
        const end = fieldEnd(bytes, at, TAB);
        starts[width] = at;
        ends[width] = end;
        at = end + 1;
        more = bytes[end] === TAB;
      }
      if (bytes[starts[0]] === HASH || (width === 1 && text(0) === "")) continue;
      if (columns === null) {
        header = Array.from({ length: width }, (_, c) => text(c));
        columns = columnsOf(header);
        if (columns === null) throw fail("its first line names no geneID, x, y and MIDCount");
        continue;
      }
      if (width !== header.length) throw fail(`a line has ${width} fields for ${header.length} columns`);
      const id = text(columns.id);
      let gene = geneOf.get(id);
      if (gene === undefined) {
        geneOf.set(id, (gene = geneOf.size));
        names.push(columns.name < 0 ? id : text(columns.name));
      }
      const to = 5 * lines;
      if (to === packed.length) {
        const larger = new Int32Array(2 * packed.length);
        larger.set(packed);
        packed = larger;
      }
      packed[to] = gene;
      packed[to + 1] = whole(columns.x);
      packed[to + 2] = whole(columns.y);
      packed[to + 3] = whole(columns.count);
      packed[to + 4] = columns.cell < 0 ? 0 : whole(columns.cell);
      lines++;
    }
    await pause(run, fraction);
  }
  if (columns === null) throw fail("it is empty");
  return byGene(packed, lines, [...geneOf.keys()], names, columns.cell >= 0);
}

function byGene(
  packed: Int32Array,
  lines: number,
  genes: readonly string[],
  names: readonly string[],
  hasCells: boolean,
): Molecules {
  const offsets = new Uint32Array(genes.length + 1);
  for (let i = 0; i < lines; i++) offsets[packed[5 * i] + 1]++;
  for (let j = 0; j < genes.length; j++) offsets[j + 1] += offsets[j];
  const next = offsets.slice();
  const [x, y, count, cell] = Array.from({ length: 4 }, () => new Int32Array(lines));
  for (let i = 0; i < lines; i++) {
    const to = next[packed[5 * i]]++;
    x[to] = packed[5 * i + 1];
    y[to] = packed[5 * i + 2];
    count[to] = packed[5 * i + 3];
    cell[to] = packed[5 * i + 4];
  }
  return { genes, names, offsets, x, y, count, cell: hasCells ? cell : null };
}

/** The cells of a GEM file; each lies at the mean of the places where it has counts. */
async function cellDataset(
  molecules: Molecules,
  cell: Int32Array,
  name: string,
  values: Values | undefined,
  report: Draft,
): Promise<SpatialDataset> {
  const { genes, names } = molecules;
  const numbers = Int32Array.from(new Set(cell)).sort();
  const rowOf = new Map(
    Array.from(
      numbers.filter((v) => v !== 0),
      (v, i) => [v, i],
    ),
  );
  const row = cell.map((v) => rowOf.get(v) ?? -1);
  const outside = row.reduce((n, r) => n + (r < 0 ? 1 : 0), 0);
  if (outside > 0) report.dropped.push({ what: "line", count: outside, why: "in no cell (0)" });
  const pieces = piecesOf(molecules);
  const each: Pass = async (work) => pieces.forEach(work);
  const { columns, squares } = await areaOf(each, name, 1);
  const matrix = await sumEntries(each, rowOf.size, { subject: name, genes: genes.length }, (_, e) => row[e]);
  const parts = assemble(
    {
      subject: name,
      cellIds: Array.from(rowOf.keys(), String),
      cellColumns: {},
      featureIds: genes,
      featureNames: names,
      featureKinds: genes.map(() => GENES),
      featureColumns: {},
      matrix,
    },
    "cell",
    values,
    report,
  );
  report.warnings.push(
    `${name} has no centers of cells: each lies at the mean of the places where it has counts.`,
  );
  const xy = meanPlaces(molecules, row, rowOf.size, columns, squares);
  return dataset({ ...parts, platform: "stereo-seq", positions: positions(xy, "px", PITCH / 1000) });
}

/** x, y of the mean of the places of each row; a place counts once, however many genes are seen there. */
function meanPlaces(
  { x, y }: Molecules,
  row: Int32Array,
  rows: number,
  columns: number,
  squares: number,
): Float64Array {
  const seen = new Uint32Array(Math.ceil(squares / 32));
  const xy = new Float64Array(2 * rows);
  const places = new Uint32Array(rows);
  for (let e = 0; e < row.length; e++) {
    const place = y[e] * columns + x[e];
    const bit = 1 << (place & 31);
    if (row[e] < 0 || (seen[place >>> 5] & bit) !== 0) continue;
    seen[place >>> 5] |= bit;
    xy[2 * row[e]] += x[e];
    xy[2 * row[e] + 1] += y[e];
    places[row[e]]++;
  }
  return xy.map((v, k) => v / places[k >> 1]);
}
