import { SpatialError } from "../core/errors.ts";
import { csvStrings, parseCsv, pathSource } from "../io/index.ts";
import { categories, type Categorical, type Ids } from "../model/index.ts";

/** Reads `file.csv:column` and joins it to the observations by id (a column named id, barcode or cell, else the first). */
export async function readLabels(
  argument: string,
  observations: Ids,
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
  const csv = parseCsv(await source.bytes(source.names[0]), path);
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
  const values = csvStrings(csv, at);
  const labels = new Array<string>(observations.length).fill("");
  let joined = 0;
  names.forEach((name, row) => {
    const i = observations.indexOf(name);
    if (i < 0) return;
    labels[i] = values[row];
    joined++;
  });
  if (joined === 0) {
    throw new SpatialError(
      "join",
      `No id of ${path} (${names.slice(0, 2).join(", ")}) is among the sample's (${observations.at(0)}).`,
      {
        subject: path,
        hint: "Name the column that holds the ids of the sample id, barcode or cell_id.",
      },
    );
  }
  return {
    name: column === "cluster" || column === "module" ? `label_${column}` : column,
    values: categories(labels),
  };
}
