import { SpatialError } from "../core/errors.ts";
import type { Shapes } from "../model/shapes.ts";
import { shapesFromCorners } from "./polygons.ts";
import { sample } from "./report.ts";
import { gunzip, isGzip } from "./source.ts";
import { csvNumbers, csvStrings, parseCsv, textStart } from "./text.ts";
import { openSource } from "./url.ts";

/**
 * Regions drawn in Xenium Explorer, as it exports their coordinates: lines of comment, then `X,Y`, or `Selection,X,Y` for
 * several. Micrometres, so they fit the sample's positions and transcripts: count in them, or read only what lies in one.
 *
 * @param input a path, an `http(s)` address, or the file's bytes
 * @throws {SpatialError} `format` where there are no such columns, or a corner is no number
 *
 * @example
 * ```ts
 * import { readSelection } from "tissular/io";
 * const csv = "#Selection name: Tumor\n#Area (um^2): 50\nX,Y\n0,0\n10,0\n10,10\n";
 * const regions = await readSelection(new TextEncoder().encode(csv));
 * if (regions.ids.at(0) !== "Tumor" || regions.coordinates.length !== 6) throw new Error("one triangle");
 * ```
 */
export async function readSelection(input: string | Uint8Array): Promise<Shapes> {
  const source = typeof input === "string" ? await openSource(input) : null;
  const subject = source?.names[0] ?? "selection";
  const given = source === null ? (input as Uint8Array) : await source.bytes(subject);
  const bytes = isGzip(given) ? await gunzip(given, subject) : given;
  const { start, names } = comments(bytes);
  const csv = parseCsv(bytes.subarray(start), subject);
  const lower = csv.header.map((h) => h.trim().toLowerCase());
  const [x, y, selection] = ["x", "y", "selection"].map((name) => lower.indexOf(name));
  if (x < 0 || y < 0) {
    throw new SpatialError(
      "format",
      `${subject} must have the columns X and Y, found ${sample(csv.header, 8)}.`,
      {
        subject,
        hint: "Export the coordinates of the selections from Xenium Explorer, not their cells.",
      },
    );
  }
  const ids =
    selection < 0 ? new Array<string>(csv.rows).fill(names[0] ?? "selection") : csvStrings(csv, selection);
  return shapesFromCorners(ids, csvNumbers(csv, x), csvNumbers(csv, y), null, subject);
}

/** Where the table begins after lines of comment, and the names of selections in these. */
function comments(bytes: Uint8Array): { readonly start: number; readonly names: readonly string[] } {
  const decoder = new TextDecoder();
  const names: string[] = [];
  let start = textStart(bytes);
  while (bytes[start] === 35 || bytes[start] === 34) {
    const end = bytes.indexOf(10, start);
    const line = decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    if (!/^"?#/.test(line)) break;
    const name = /^"?#\s*Selection names?:\s*(.*?)"?\s*$/i.exec(line)?.[1];
    if (name !== undefined) names.push(name);
    start = end < 0 ? bytes.length : end + 1;
  }
  return { start, names };
}
