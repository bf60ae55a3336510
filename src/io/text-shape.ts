import type { Source } from "./source.ts";
import { isGzip } from "./source.ts";
import { fieldEnd, fieldText, sniffDelimiter, textStart } from "./text.ts";

/** What the first lines of a text file say about it. */
export interface TextShape {
  readonly name: string;
  /** Numbers under names, coordinates of observations, or any other table. */
  readonly kind: "matrix" | "coordinates" | "other";
  /** Fields of the first line. */
  readonly first: readonly string[];
  /** The first field of the second line: the name of the first row. */
  readonly row: string;
}

const LINE_FEED = 10;
/** Bytes of a file that are looked at, more where two lines need it. */
const LOOKS = [65_536, 1_048_576, 16_777_216];

/** Is it, by its name, a table of text? */
export function isTextName(name: string): boolean {
  return /\.(csv|tsv|txt|tab)(\.gz)?$/i.test(name) && !/(^|\/)\._/.test(name);
}

/** Looks at the first two lines of a file; null where it is no table. */
export async function textShape(source: Source, name: string): Promise<TextShape | null> {
  for (const look of LOOKS) {
    const packed = await source.slice(name, 0, Math.min(look, source.size(name)));
    const head = isGzip(packed) ? await beginning(packed) : packed;
    if (head.includes(0)) return null;
    const whole = packed.length === source.size(name);
    const start = textStart(head);
    const end = head.indexOf(LINE_FEED, start);
    const next = end < 0 ? -1 : head.indexOf(LINE_FEED, end + 1);
    if (next < 0 && !whole) continue;
    const delimiter = sniffDelimiter(head, start);
    const first = fields(head.subarray(start, end < 0 ? head.length : end), delimiter);
    const second = end < 0 ? [] : fields(head.subarray(end + 1, next < 0 ? head.length : next), delimiter);
    return { name, first, row: second[0] ?? "", kind: kindOf(first, second) };
  }
  return null;
}

/** As much of a packed file as its first bytes hold. */
export async function beginning(packed: Uint8Array): Promise<Uint8Array> {
  const { Gunzip } = await import("fflate");
  const parts: Uint8Array[] = [];
  const unpack = new Gunzip((part) => void parts.push(part));
  try {
    unpack.push(packed);
  } catch {
    return Uint8Array.of(0); // damaged: reading it whole says how, here it is no table
  }
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function fields(line: Uint8Array, delimiter: number): string[] {
  const found: string[] = [];
  for (let at = 0; at <= line.length;) {
    const end = fieldEnd(line, at, delimiter);
    found.push(fieldText(line, at, end).trim());
    at = end + 1;
  }
  return found;
}

export function isNumeric(field: string): boolean {
  return field.trim() !== "" && Number.isFinite(Number(field));
}

function kindOf(first: readonly string[], second: readonly string[]): TextShape["kind"] {
  const numbers = second.filter(isNumeric).length;
  const named = !first.some(isNumeric);
  const typed = second[0] === "TYPE" && second.includes("numeric");
  if (named && axesOf(first) !== null && (typed || numbers >= 2)) return "coordinates";
  const bare = first.length === second.length && first.length <= 3 && first.length >= 2;
  if (bare && [first, second].every((line) => line.slice(-2).every(isNumeric))) return "coordinates";
  const values = second.slice(1);
  const square = first.length === second.length || first.length === second.length - 1;
  if (square && values.length > 0 && values.every(isNumeric) && areNames(first.slice(1), second[0]))
    return "matrix";
  return "other";
}

/** Are these names of columns? Numbers are, where they are whole, differ, and stand over a named row. */
function areNames(header: readonly string[], row: string): boolean {
  if (!header.every(isNumeric)) return true;
  const whole = header.every((h) => /^\d+$/.test(h)) && new Set(header).size === header.length;
  return whole && header.length > 0 && !isNumeric(row);
}

/** Names under which tables keep x and y, in the order they are looked for, and whether they are micrometres. */
const AXES: readonly (readonly [x: string, y: string, micrometres: boolean])[] = [
  ["pxl_col_in_fullres", "pxl_row_in_fullres", false],
  ["x_centroid", "y_centroid", true],
  ["x_um", "y_um", true],
  ["x_px", "y_px", false],
  ["center_x", "center_y", false],
  ["centroid_x", "centroid_y", false],
  ["x", "y", false],
  ["xcoord", "ycoord", false],
  ["x_coord", "y_coord", false],
  ["x_location", "y_location", false],
  ["spatial_x", "spatial_y", false],
  ["sdimx", "sdimy", false],
  ["imagecol", "imagerow", false],
];

/** Which columns of a header are x and y, or null. */
export function axesOf(
  header: readonly string[],
): { readonly x: number; readonly y: number; readonly micrometres: boolean } | null {
  const lower = header.map((h) => h.trim().toLowerCase());
  for (const [xName, yName, micrometres] of AXES) {
    const x = lower.indexOf(xName);
    const y = lower.indexOf(yName);
    if (x >= 0 && y >= 0) return { x, y, micrometres };
  }
  return null;
}
