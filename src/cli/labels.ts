import { SpatialError } from "../core/errors.ts";
import { csvStrings, parseCsv, pathSource } from "../io/index.ts";
import { unpacked } from "../io/source.ts";
import { categories, type Categorical, type Table } from "../model/index.ts";

/** Columns that cells.csv fills itself; labels of these names are written beside them. */
const TAKEN: readonly string[] = [
  "id",
  "sample",
  "x",
  "y",
  "total_counts",
  "n_genes",
  "pct_mito",
  "cluster",
  "module",
  "umap1",
  "umap2",
];

/** Reads `file.csv:column` and joins it to the observations by id (a column named id, barcode or cell, else the first). */
export async function readLabels(
  argument: string,
  cells: Table,
): Promise<{ readonly name: string; readonly values: Categorical }> {
  const colon = argument.lastIndexOf(":");
  if (colon < 1) {
    throw new SpatialError("option", `--labels must be FILE.csv:COLUMN, found "${argument}".`, {
      subject: "labels",
    });
  }
  const path = argument.slice(0, colon);
  const column = argument.slice(colon + 1);
  const source = await pathSource(path);
  if (source.names.length !== 1) {
    throw new SpatialError("input", `--labels must name one file, found the folder ${path}.`, {
      subject: "labels",
    });
  }
  const csv = parseCsv(await unpacked(source, source.names[0]), path);
  const at = csv.header.indexOf(column);
  if (at < 0) {
    throw new SpatialError("not-found", `${path} has no column "${column}".`, {
      subject: path,
      hint: `It has: ${csv.header.join(", ")}.`,
    });
  }
  const idColumn = csv.header.findIndex((name) =>
    ["id", "barcode", "cell_id", "cell"].includes(name.toLowerCase()),
  );
  const names = csvStrings(csv, Math.max(0, idColumn));
  if (new Set(names).size < names.length) {
    throw new SpatialError("format", `${path} must label each id once, but some stand more than once.`, {
      subject: path,
    });
  }
  const values = csvStrings(csv, at);
  const labels = new Array<string>(cells.ids.length).fill("");
  let joined = 0;
  names.forEach((name, row) => {
    const i = cells.ids.indexOf(name);
    if (i < 0) return;
    labels[i] = values[row];
    joined++;
  });
  if (joined === 0) {
    throw new SpatialError(
      "join",
      `No id of ${path} (${names.slice(0, 2).join(", ")}) is among the sample's (${cells.ids.at(0)}).`,
      {
        subject: path,
        hint: "Name the column that holds the ids of the sample id, barcode or cell_id.",
      },
    );
  }
  const groups = categories(labels);
  const found = groups.categories.length;
  if (found === 0 || found > joined / 2) {
    throw new SpatialError(
      "input",
      `--labels must name groups, but "${column}" of ${path} has ${found} different values for ${joined} observations.`,
      { subject: "labels", hint: "Name a column whose values repeat." },
    );
  }
  const taken = TAKEN.includes(column) || Object.hasOwn(cells.columns, column);
  return { name: taken ? `label_${column}` : column, values: groups };
}
