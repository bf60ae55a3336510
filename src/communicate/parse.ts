import { SpatialError } from "../core/errors.ts";
import { type Interaction, type InteractionTable, pairName } from "./resource.ts";

/**
 * Ligand-receptor pairs of your own, from the text of a CSV or TSV file. The first line names the columns: `ligand`
 * and `receptor` must be there, `family`, `annotation` and `source` may be, others are ignored; upper or lower case.
 * Subunits of a complex are joined by "_" or "+" (ITGAV_ITGB3). Fields may stand in double quotes. Empty lines and
 * lines that begin with "#" are skipped; a pair that stands twice is kept once and named in `dropped`.
 *
 * @param csv the file's text
 * @param subject the file's name, for messages and as the table's `version`
 * @throws {SpatialError} `format`, naming the line: no such columns, an empty ligand or receptor, an unclosed quote;
 *   `format` too when there is no pair at all
 *
 * @example
 * ```ts
 * import { parseInteractions } from "tissular/communicate";
 * const table = parseInteractions("ligand,receptor\nIL6,IL6R_IL6ST\n", "mine.csv");
 * if (table.pairs[0].receptor[1] !== "IL6ST") throw new Error("two subunits");
 * ```
 */
export function parseInteractions(csv: string, subject: string): InteractionTable {
  const lines = csv.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const first = lines.findIndex((line) => !isEmpty(line));
  if (first < 0) throw broken(subject, `${subject} is empty`);
  const separator = lines[first].includes("\t") ? "\t" : ",";
  const header = fieldsOf(lines[first], separator, subject, first).map((name) => name.toLowerCase());
  const ligandAt = header.indexOf("ligand");
  const receptorAt = header.indexOf("receptor");
  if (ligandAt < 0 || receptorAt < 0) {
    throw broken(
      subject,
      `Line ${first + 1} of ${subject} must name the columns ligand and receptor, found ${header.join(", ")}`,
    );
  }
  const pairs: Interaction[] = [];
  const dropped: string[] = [];
  const lineOf = new Map<string, number>();
  for (let at = first + 1; at < lines.length; at++) {
    if (isEmpty(lines[at])) continue;
    const fields = fieldsOf(lines[at], separator, subject, at);
    const field = (name: string): string => fields[header.indexOf(name)] ?? "";
    const pair: Interaction = {
      ligand: subunits(fields[ligandAt]),
      receptor: subunits(fields[receptorAt]),
      family: field("family"),
      annotation: field("annotation"),
      source: field("source"),
    };
    if (pair.ligand.length === 0 || pair.receptor.length === 0) {
      throw broken(subject, `Line ${at + 1} of ${subject} must name a ligand and a receptor`);
    }
    const name = pairName(pair);
    const before = lineOf.get(name);
    if (before !== undefined) {
      dropped.push(`${name}: line ${at + 1} repeats line ${before}`);
      continue;
    }
    lineOf.set(name, at + 1);
    pairs.push(pair);
  }
  if (pairs.length === 0) throw broken(subject, `${subject} holds no pair below its header`);
  return { kind: "interactions", species: null, version: subject, pairs, dropped };
}

function broken(subject: string, what: string): SpatialError {
  return new SpatialError("format", `${what}.`, {
    subject,
    hint: "A table of pairs is a CSV or TSV file with a header: ligand,receptor[,family,annotation,source].",
  });
}

function isEmpty(line: string): boolean {
  return line.trim() === "" || line.startsWith("#");
}

function subunits(name: string | undefined): string[] {
  const parts = (name ?? "").split(/[_+]/).map((part) => part.trim());
  return parts.includes("") ? [] : parts;
}

/** The fields of one line; a field in double quotes may hold the separator and doubled quotes. */
function fieldsOf(line: string, separator: string, subject: string, at: number): string[] {
  const fields: string[] = [];
  for (let start = 0; start <= line.length;) {
    let end = line.indexOf(separator, start);
    if (line[start] === '"') {
      let close = line.indexOf('"', start + 1);
      while (close >= 0 && line[close + 1] === '"') close = line.indexOf('"', close + 2);
      if (close < 0) throw broken(subject, `Line ${at + 1} of ${subject} has a quote that does not close`);
      fields.push(
        line
          .slice(start + 1, close)
          .replaceAll('""', '"')
          .trim(),
      );
      end = line.indexOf(separator, close);
    } else {
      fields.push(line.slice(start, end < 0 ? undefined : end).trim());
    }
    start = end < 0 ? line.length + 1 : end + 1;
  }
  return fields;
}
