import { SpatialError } from "../core/errors.ts";
import type { Affine } from "../model/image.ts";
import { sample } from "./report.ts";
import type { Source } from "./source.ts";
import { IDENTITY, placement } from "./transforms.ts";
import type { Role } from "./transcript-layout.ts";
import { openZarr } from "./zarr.ts";
import { findZarr, object } from "./zarr-documents.ts";

/** The transcripts of one sample: one table, or the parts of one. */
export interface TranscriptFiles {
  /** What a person calls them. */
  readonly name: string;
  readonly folder: string;
  readonly kind: "csv" | "parquet";
  readonly files: readonly string[];
  /** Of a SpatialData store: the way to its common coordinates and what these are, and the columns it names. */
  readonly store: {
    readonly affine: Affine;
    readonly isMicrons: boolean;
    readonly keys: Readonly<Partial<Record<Role, string>>>;
    /** Features that the store lists, those without a transcript too, and their kinds. */
    readonly listed: ReadonlyMap<string, string>;
  } | null;
}

/** Attribute of points written here: `names` and `kinds` of all features. */
export const FEATURES = "tissular_features";

const NAMED = /^(.*\/)?([^/]*(?:transcripts|tx_file|transcriptlist)[^/]*)\.(parquet|csv|csv\.gz)$/i;
const ENDINGS: readonly string[] = ["parquet", "csv.gz", "csv"];

/** All tables of transcripts of a source, parquet before text; a single file whatever its name. */
export async function findTranscripts(source: Source): Promise<TranscriptFiles[]> {
  const stores = findZarr(source);
  const best = new Map<string, TranscriptFiles & { readonly rank: number }>();
  for (const name of source.names) {
    const match =
      NAMED.exec(name) ??
      (source.names.length === 1 ? /^(.*\/)?(.+?)\.(parquet|csv|csv\.gz)$/.exec(name) : null);
    if (match === null || name.includes(".parquet/") || stores.some((root) => name.startsWith(root)))
      continue;
    const [, folder = "", stem, ending] = match;
    const rank = ENDINGS.indexOf(ending.toLowerCase());
    const known = best.get(folder + stem);
    if (known !== undefined && known.rank < rank) continue;
    const kind = rank === 0 ? "parquet" : "csv";
    best.set(folder + stem, { name, folder, kind, files: [name], store: null, rank });
  }
  const found: TranscriptFiles[] = [...best.values()].map(({ rank: _, ...files }) => files);
  for (const root of stores) found.push(...(await storedPoints(source, root)));
  return found;
}

/** The points of a SpatialData store; elements without parquet are none. */
async function storedPoints(source: Source, root: string): Promise<TranscriptFiles[]> {
  if (!source.names.some((n) => n.startsWith(`${root}points/`))) return [];
  const tree = await openZarr(source, root);
  return (tree.isGroup("points") ? tree.keys("points") : []).flatMap((element) => {
    const path = `points/${element}`;
    const inside = `${root}${path}/points.parquet`;
    const files = source.names.filter(
      (n) => n === inside || (n.startsWith(`${inside}/`) && n.endsWith(".parquet")),
    );
    if (files.length === 0) return [];
    const part = (name: string): number => Number(/(\d+)[^/\d]*$/.exec(name)?.[1] ?? 0);
    const attrs = tree.json(path);
    const axes = Array.isArray(attrs["axes"]) ? attrs["axes"].map(String) : ["x", "y"];
    const place = placement(attrs["coordinateTransformations"], axes);
    const own = object(attrs["spatialdata_attrs"]);
    const keys: Partial<Record<Role, string>> = {};
    if (typeof own["feature_key"] === "string") keys.feature = own["feature_key"];
    if (typeof own["instance_key"] === "string") keys.cell = own["instance_key"];
    const store = {
      affine: place?.affine ?? IDENTITY,
      isMicrons: place?.isMicrons ?? false,
      keys,
      listed: listedFeatures(object(attrs[FEATURES])),
    };
    return [
      {
        name: `${root}${path}`,
        folder: root,
        kind: "parquet" as const,
        files: files.sort((a, b) => part(a) - part(b)),
        store,
      },
    ];
  });
}

/** The features in an attribute of points, where they stand with their kinds. */
function listedFeatures({ names, kinds }: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const listed = new Map<string, string>();
  if (!Array.isArray(names) || !Array.isArray(kinds) || kinds.length !== names.length) return listed;
  for (const [f, name] of names.entries()) listed.set(String(name), String(kinds[f]));
  return listed;
}

/**
 * The one table of transcripts, or the one that is asked for.
 *
 * @throws {SpatialError} `not-found` where there is none, `input` where there are several
 */
export async function chooseTranscripts(source: Source, asked: string | undefined): Promise<TranscriptFiles> {
  const found = await findTranscripts(source);
  const fitting =
    asked === undefined ? found : found.filter((f) => f.name === asked || f.files.includes(asked));
  if (fitting.length === 1) return fitting[0];
  const names = found.map(({ name }) => name);
  if (fitting.length === 0) {
    throw new SpatialError(
      "not-found",
      asked === undefined
        ? `No transcripts were found in ${source.label}. Looked for transcripts.parquet or .csv (Xenium), detected_transcripts (MERSCOPE), tx_file (CosMx), TranscriptList.csv (seqFISH) and points of SpatialData.`
        : `${source.label} must hold the transcripts ${asked}, found ${sample(names, 12) || "none"}.`,
      { subject: source.label, hint: "Give the folder that the vendor's software wrote, or the one file." },
    );
  }
  throw new SpatialError(
    "input",
    `${source.label} must hold the transcripts of one sample, found ${names.length}: ${sample(names, 12)}.`,
    { subject: source.label, hint: "Name one of them, or say which with the option file." },
  );
}
