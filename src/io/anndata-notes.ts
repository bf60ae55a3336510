import { SpatialError } from "../core/errors.ts";
import type { Positions, SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { type Table, table } from "../model/table.ts";
import { type Elements, readTexts } from "./elements.ts";
import { DICT, type ElementWriter, type Notes, writeNotes } from "./elements-write.ts";

/** Where our own writer keeps what AnnData has no place for. */
export const OWN = "uns/tissular";

/** What our own writer noted, so that a file reads back as the sample it was. */
export interface OwnNotes {
  readonly platform: string;
  readonly observation: SpatialDataset["observation"];
  /** What X is: "counts" or the name of a layer. */
  readonly x: string;
  /** What counts and layers hold, by name. */
  readonly values: ReadonlyMap<string, Values>;
  readonly positions: Pick<Positions, "unit" | "micronsPerUnit"> | null;
  /** Names of images in their order. */
  readonly images: readonly string[];
  /** The name that was written so. */
  readonly original: (written: string) => string;
}

/** Writes the notes; group uns is there. */
export function writeOwnNotes(
  w: ElementWriter,
  ds: SpatialDataset,
  x: string,
  leftOut: readonly string[],
): void {
  const kept = (list: readonly string[], key: string): Notes => (list.length > 0 ? { [key]: list } : {});
  const renamed = namesOf(ds).filter((name) => w.name(name) !== name);
  w.group(OWN, DICT);
  writeNotes(w, OWN, {
    platform: ds.platform,
    observation: ds.observation,
    x,
    values: Object.fromEntries(
      Object.entries({ ...(ds.counts ? { counts: ds.counts } : {}), ...ds.layers }).map(([k, m]) => [
        k,
        m.values,
      ]),
    ),
    ...(ds.positions ? { unit: ds.positions.unit, microns_per_unit: ds.positions.micronsPerUnit } : {}),
    graphs: Object.fromEntries(Object.entries(ds.graphs).map(([name, g]) => [name, g.directed])),
    ...kept(
      (ds.images ?? []).map((image) => image.name),
      "images",
    ),
    ...kept(renamed, "renamed"),
    ...kept(renamed.map(w.name), "renamed_as"),
    ...kept(leftOut, "left_out"),
  });
}

/** All names that become parts of paths. */
export function namesOf(ds: SpatialDataset): string[] {
  const tables = [ds.cells, ds.genes, ...Object.values(ds.features).map((set) => set.table)];
  const records = [
    ds.layers,
    ds.embeddings,
    ds.features,
    ds.graphs,
    ds.shapes ?? {},
    ...tables.map((t) => t.columns),
  ];
  const images = (ds.images ?? []).map((image) => image.name);
  return [...new Set([...records.flatMap((record) => Object.keys(record)), ...images])];
}

/** Reads the notes; null where the file is not by our own writer. */
export async function readOwnNotes(file: Elements): Promise<OwnNotes | null> {
  if (!file.isGroup(`${OWN}/values`)) return null;
  const texts = async (key: string): Promise<readonly string[]> =>
    file.has(`${OWN}/${key}`) ? readTexts(file, `${OWN}/${key}`) : [];
  const one = async <T extends string>(key: string, choices: readonly T[]): Promise<T> => {
    const [text] = await texts(key);
    if (!choices.includes(text as T)) throw strange(file, `${OWN}/${key}`, choices, text);
    return text as T;
  };
  const written = await texts("renamed_as");
  const renamed = new Map((await texts("renamed")).map((name, k) => [written[k], name]));
  const original = (name: string): string => renamed.get(name) ?? name;
  const values = new Map<string, Values>();
  for (const key of file.keys(`${OWN}/values`)) values.set(original(key), await one(`values/${key}`, VALUES));
  const microns = `${OWN}/microns_per_unit`;
  const micronsPerUnit = file.has(microns) ? (await file.numbers(microns))[0] : null;
  return {
    platform: (await texts("platform"))[0] ?? "",
    observation: await one("observation", ["cell", "spot", "bin"]),
    x: (await texts("x"))[0] ?? "",
    values,
    positions: file.has(`${OWN}/unit`)
      ? { unit: await one("unit", ["um", "px", "array"]), micronsPerUnit }
      : null,
    images: await texts("images"),
    original,
  };
}

export const VALUES: readonly Values[] = ["counts", "normalized", "log", "scaled"];

function strange(
  file: Elements,
  path: string,
  choices: readonly string[],
  found: string | undefined,
): SpatialError {
  return new SpatialError(
    "format",
    `"${path}" of ${file.name} must be one of ${choices.join(", ")}, found ${found ?? "nothing"}.`,
    { subject: file.name, hint: "Delete uns['tissular'] of the file to read it as any other AnnData." },
  );
}

/** The same columns under the names that they had. */
export function restored(frame: Table, own: OwnNotes): Table {
  const columns = Object.entries(frame.columns).map(([name, column]) => [own.original(name), column]);
  return table(frame.ids, Object.fromEntries(columns));
}
