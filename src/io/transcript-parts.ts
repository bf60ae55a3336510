import { SpatialError } from "../core/errors.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import { type Names, startNames } from "./names.ts";
import { openParquet, type ParquetFile, type ParquetValues, asNumbers } from "./parquet.ts";
import type { Source } from "./source.ts";
import { fieldEnd, fieldNumber, fieldText, sniffDelimiter, textStart } from "./text.ts";
import { lineBlocks } from "./text-blocks.ts";
import type { TranscriptFiles } from "./transcript-files.ts";
import {
  isNoCell,
  type NameRole,
  type NumberRole,
  type Role,
  type TranscriptLayout,
  transcriptLayout,
} from "./transcript-layout.ts";

/** Some rows of a table of transcripts, only the columns that were asked for. */
export interface TranscriptPart {
  readonly rows: number;
  readonly numbers: Readonly<Partial<Record<NumberRole, Float64Array>>>;
  /** numbers of names, -1 for none */
  readonly names: Readonly<Partial<Record<NameRole, Int32Array>>>;
  /** Rows of which the file itself says that none is wanted, before these. */
  readonly passed: number;
}

/** An open table of transcripts; nothing but its header was read. */
export interface TranscriptTable {
  readonly layout: TranscriptLayout;
  /** Rows, where the file says so. */
  readonly total: number | null;
  readonly names: Readonly<Record<NameRole, Names>>;
  /** One pass; `isWanted` is asked of parts about which the file says in what range their values lie. */
  readonly parts: (
    roles: readonly Role[],
    isWanted: (range: (role: Role) => readonly [unknown, unknown] | null) => boolean,
    run: RunOptions,
  ) => AsyncGenerator<TranscriptPart>;
}

const NAMES: readonly NameRole[] = ["feature", "cell", "fov", "compartment"];
const isName = (role: Role): role is NameRole => (NAMES as readonly Role[]).includes(role);

export async function openTable(source: Source, found: TranscriptFiles): Promise<TranscriptTable> {
  const names = {
    feature: startNames(),
    cell: startNames(isNoCell),
    fov: startNames((name) => name === ""),
    compartment: startNames((name) => ["", "0", "None", "NA"].includes(name)),
  };
  for (const feature of found.store?.listed.keys() ?? []) names.feature.ofText(feature);
  return found.kind === "csv" ? openText(source, found, names) : openParts(source, found, names);
}

async function openParts(
  source: Source,
  { files, store }: TranscriptFiles,
  names: TranscriptTable["names"],
): Promise<TranscriptTable> {
  const opened: ParquetFile[] = [];
  for (const name of files) opened.push(await openParquet(source, name));
  const layout = transcriptLayout(opened[0].columns, files[0], store?.keys);
  const total = opened.reduce((n, { rows }) => n + rows, 0);

  async function* parts(
    ...[roles, isWanted, run]: Parameters<TranscriptTable["parts"]>
  ): ReturnType<TranscriptTable["parts"]> {
    const { asked, columns } = askedOf(layout, roles);
    let [passed, done] = [0, 0];
    for (const file of opened) {
      const bounds = new Map(asked.map((role) => [role, file.bounds(layout.columns[role] as string)]));
      const wanted = file.sizes.map((_, g) => isWanted((role) => bounds.get(role)?.[g] ?? null));
      let g = 0;
      const skip = (): void => {
        for (; g < wanted.length && !wanted[g]; g++) passed += file.sizes[g];
      };
      const progress: RunOptions = {
        ...run,
        onProgress: ({ fraction }) =>
          run.onProgress?.({ step: "transcripts", fraction: (done + fraction * file.rows) / total }),
      };
      for await (const group of file.groups(columns, progress, (k) => wanted[k])) {
        skip();
        const rows = file.sizes[g++];
        yield { ...fromColumns(layout, asked, rows, group, names), passed };
        passed = 0;
      }
      skip();
      done += file.rows;
    }
    if (passed > 0) yield { rows: 0, numbers: {}, names: {}, passed };
  }
  return { layout, total, names, parts };
}

/** The roles that the table has, and their columns, each once. */
function askedOf(layout: TranscriptLayout, roles: readonly Role[]): { asked: Role[]; columns: string[] } {
  const needed =
    layout.byField && roles.includes("cell") && !roles.includes("fov") ? [...roles, "fov" as const] : roles;
  const asked = needed.filter((role) => layout.columns[role] !== undefined);
  return { asked, columns: [...new Set(asked.map((role) => layout.columns[role] as string))] };
}

function fromColumns(
  layout: TranscriptLayout,
  asked: readonly Role[],
  rows: number,
  group: Readonly<Record<string, ParquetValues>>,
  names: TranscriptTable["names"],
): Omit<TranscriptPart, "passed"> {
  const numbers: Partial<Record<NumberRole, Float64Array>> = {};
  const codes: Partial<Record<NameRole, Int32Array>> = {};
  const column = (role: Role): ParquetValues => group[layout.columns[role] as string];
  for (const role of asked) {
    if (!isName(role)) numbers[role] = asNumbers(column(role));
    else if (role !== "cell" || !layout.byField) codes[role] = codesOf(column(role), names[role]);
  }
  if (layout.byField && asked.includes("cell"))
    codes.cell = fieldCells(asNumbers(column("fov")), asNumbers(column("cell")), names.cell);
  return { rows, numbers, names: codes };
}

/** Bytes of a dictionary are looked up once. */
const SEEN = 65_536;

function codesOf(values: ParquetValues, names: Names): Int32Array {
  const out = new Int32Array(values.length);
  if (ArrayBuffer.isView(values)) {
    const seen = new Map<number, number>();
    for (let i = 0; i < out.length; i++) {
      const v = (values as Float64Array)[i];
      let code = seen.get(v);
      if (code === undefined) seen.set(v, (code = names.ofText(Number.isNaN(v) ? "" : String(v))));
      out[i] = code;
    }
    return out;
  }
  const seen = new Map<Uint8Array, number>();
  (values as readonly (string | Uint8Array | null)[]).forEach((v, i) => {
    if (v === null || typeof v === "string") out[i] = names.ofText(v ?? "");
    else {
      let code = seen.get(v);
      if (code === undefined) {
        code = names.ofBytes(v, 0, v.length);
        if (seen.size < SEEN) seen.set(v, code);
      }
      out[i] = code;
    }
  });
  return out;
}

/** Cells that are numbered within their field of view: "12_345"; number 0 is none. */
function fieldCells(fov: Float64Array, cell: Float64Array, names: Names): Int32Array {
  const seen = new Map<number, Map<number, number>>();
  return Int32Array.from(cell, (number, i) => {
    if (!(number > 0)) return -1;
    let field = seen.get(fov[i]);
    if (field === undefined) seen.set(fov[i], (field = new Map()));
    let code = field.get(number);
    if (code === undefined) field.set(number, (code = names.ofText(`${fov[i]}_${number}`)));
    return code;
  });
}

async function openText(
  source: Source,
  { files: [name] }: TranscriptFiles,
  names: TranscriptTable["names"],
): Promise<TranscriptTable> {
  const header = await readHeader(source, name);
  const layout = transcriptLayout(header.fields, name);
  const width = header.fields.length;

  async function* parts(
    ...[roles, , run]: Parameters<TranscriptTable["parts"]>
  ): ReturnType<TranscriptTable["parts"]> {
    const { asked } = askedOf(layout, roles);
    const places = asked.map((role) => header.fields.indexOf(layout.columns[role] as string));
    const wanted = Int32Array.from({ length: width }, (_, j) => places.indexOf(j));
    let line = 0;
    for await (const { bytes, fraction } of lineBlocks(source, name)) {
      checkAborted(run.signal);
      const starts = asked.map(() => new Uint32Array(countLines(bytes)));
      const ends = asked.map((_, a) => new Uint32Array(starts[a].length));
      let rows = 0;
      for (let at = line === 0 ? textStart(bytes) : 0; at < bytes.length;) {
        if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF)) {
          at += bytes[at] === CR ? 2 : 1;
          continue;
        }
        let found = 0;
        for (;;) {
          const end = fieldEnd(bytes, at, header.delimiter);
          const a = found < width ? wanted[found] : -1;
          if (a >= 0) {
            starts[a][rows] = at;
            ends[a][rows] = end;
          }
          found++;
          at = end + 1;
          if (bytes[end] !== header.delimiter) break;
        }
        if (found !== width) {
          throw new SpatialError(
            "format",
            `${name}: every line must have ${width} fields as the first has, found ${found} in line ${line + 1}.`,
            { subject: name },
          );
        }
        if (line++ > 0) rows++;
      }
      const part = fromFields(layout, asked, rows, bytes, starts, ends, names);
      run.onProgress?.({ step: "transcripts", fraction });
      if (rows > 0) yield { ...part, passed: 0 };
    }
  }
  return { layout, total: null, names, parts };
}

const LF = 10;
const CR = 13;

function countLines(bytes: Uint8Array): number {
  let lines = 1;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines++;
  return lines;
}

async function readHeader(
  source: Source,
  name: string,
): Promise<{ readonly fields: string[]; readonly delimiter: number }> {
  for await (const { bytes } of lineBlocks(source, name)) {
    let at = textStart(bytes);
    const delimiter = sniffDelimiter(bytes, at);
    const fields: string[] = [];
    for (;;) {
      const end = fieldEnd(bytes, at, delimiter);
      fields.push(fieldText(bytes, at, end).trim());
      at = end + 1;
      if (bytes[end] !== delimiter) return { fields, delimiter };
    }
  }
  throw new SpatialError("format", `${name} must hold a table, but it is empty.`, { subject: name });
}

function fromFields(
  layout: TranscriptLayout,
  asked: readonly Role[],
  rows: number,
  bytes: Uint8Array,
  starts: readonly Uint32Array[],
  ends: readonly Uint32Array[],
  names: TranscriptTable["names"],
): Omit<TranscriptPart, "passed"> {
  const numbers: Partial<Record<NumberRole, Float64Array>> = {};
  const codes: Partial<Record<NameRole, Int32Array>> = {};
  const number = (a: number): Float64Array => {
    const out = new Float64Array(rows);
    for (let i = 0; i < rows; i++) out[i] = fieldNumber(bytes, starts[a][i], ends[a][i]);
    return out;
  };
  asked.forEach((role, a) => {
    if (role === "nucleus") numbers.nucleus = truths(rows, (i) => fieldText(bytes, starts[a][i], ends[a][i]));
    else if (!isName(role)) numbers[role] = number(a);
    else if (role !== "cell" || !layout.byField) {
      const out = new Int32Array(rows);
      for (let i = 0; i < rows; i++) out[i] = names[role].ofBytes(bytes, starts[a][i], ends[a][i]);
      codes[role] = out;
    }
  });
  if (layout.byField && asked.includes("cell"))
    codes.cell = fieldCells(number(asked.indexOf("fov")), number(asked.indexOf("cell")), names.cell);
  return { rows, numbers, names: codes };
}

function truths(rows: number, text: (row: number) => string): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => (/^(1|true)$/i.test(text(i)) ? 1 : 0));
}
