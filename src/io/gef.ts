import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { ids, type Table, table } from "../model/table.ts";
import type { H5File, Records } from "./hdf5.ts";
import { type CountStream, pause } from "./count-stream.ts";
import { PITCH } from "./stereoseq-bins.ts";

/** Rows read at once: 9 to 12 MB. */
export const BLOCK = 1_048_576;

/** Nanometres between neighbors on the chip, as the dataset or the file says it. */
export function pitchOf(file: H5File, path: string): number {
  for (const at of [path, ""]) {
    const value = file.attribute(at, "resolution");
    const nanometres = Number(Array.isArray(value) ? value[0] : value);
    if (nanometres > 0 && Number.isFinite(nanometres)) return nanometres;
  }
  return PITCH;
}

/** Genes by id, with their names: SAW 8 has both, earlier ones one of them. */
export function geneTable(file: H5File, path: string): Table {
  const rows = file.records(path);
  const named = ["geneID", "gene", "geneName"].map((key) => rows[key]).find(isTexts);
  if (named === undefined)
    throw new SpatialError("format", `"${path}" of ${file.name} must name genes, but it does not.`, {
      subject: file.name,
    });
  return table(ids(named), { name: isTexts(rows["geneName"]) ? rows["geneName"] : named });
}

function isTexts(column: Records[string] | undefined): column is readonly string[] {
  return Array.isArray(column);
}

/** The whole numbers of a member of compound rows. */
export function member(
  file: H5File,
  path: string,
  rows: Records,
  ...names: readonly string[]
): ArrayLike<number> {
  const column = names.map((name) => rows[name]).find((c) => c !== undefined);
  if (column !== undefined && !isTexts(column)) return column as ArrayLike<number>;
  throw new SpatialError("format", `"${path}" of ${file.name} must have the numbers ${names.join(" or ")}.`, {
    subject: file.name,
  });
}

/** The counts of a group of bins, gene after gene. */
export async function expression(file: H5File, group: string, genes: number): Promise<CountStream> {
  const path = `${group}/expression`;
  const rows = file.info(path).length;
  const table = file.records(`${group}/gene`);
  const offset = member(file, `${group}/gene`, table, "offset");
  const count = member(file, `${group}/gene`, table, "count");
  let at = 0;
  for (let j = 0; j < genes; j++) {
    if (offset[j] !== at) throw misplaced(file, path, rows);
    at += count[j];
  }
  if (at !== rows) throw misplaced(file, path, rows);
  async function* pieces(run: RunOptions): ReturnType<CountStream["pieces"]> {
    let gene = 0;
    for (let start = 0; start < rows; start += BLOCK) {
      const end = Math.min(rows, start + BLOCK);
      const part = file.records(path, start, end);
      const x = member(file, path, part, "x");
      const y = member(file, path, part, "y");
      const values = member(file, path, part, "count", "MIDcount", "MIDCount");
      for (; gene < genes && offset[gene] < end; gene++) {
        const stop = Math.min(offset[gene] + count[gene], end);
        yield { gene, x, y, count: values, start: Math.max(offset[gene], start) - start, end: stop - start };
        if (offset[gene] + count[gene] > end) break;
      }
      await pause(run, end / rows);
    }
  }
  return { subject: file.name, genes, pieces };
}

function misplaced(file: H5File, path: string, rows: number): SpatialError {
  return new SpatialError(
    "format",
    `The genes of ${file.name} must divide the ${rows} rows of "${path}" among them, but they do not.`,
    { subject: file.name, hint: "The file is damaged: copy or download it again." },
  );
}
