import { existsSync } from "node:fs";
import { SpatialError } from "../core/errors.ts";
import {
  checkFolder,
  type FileContent,
  type Format,
  leftOut,
  pathSource,
  readSample,
  writeAnndataZarr,
  writeArrowTable,
  writeFile,
  writeFolder,
  writeGeoJson,
  writeH5adTo,
  writeMtx,
  writeParquetTable,
  writeSpatialData,
  writeTenxH5,
} from "../io/index.ts";
import { writeText } from "../io/source.ts";
import { csvParts } from "../io/text.ts";
import { type Column, type SpatialDataset, type Table, table } from "../model/index.ts";
import { type Arguments, readArguments } from "./arguments.ts";
import { readFlags, readOptions } from "./reading.ts";

type Files = ReadonlyMap<string, Uint8Array>;
type Written = FileContent | Files;

/** How each format is written: as one file, or as a folder of files. */
const WRITERS: Readonly<Record<Format, (ds: SpatialDataset, args: Arguments) => Promise<Written> | Written>> =
  {
    h5ad: (ds, args) => (file) => writeH5adTo(ds, file, { compression: args.on("gzip") ? "gzip" : null }),
    "anndata-zarr": (ds) => writeAnndataZarr(ds),
    spatialdata: (ds) => writeSpatialData(ds),
    "10x-h5": (ds) => writeTenxH5(ds),
    mtx: (ds) => writeMtx(ds),
    parquet: (ds) => writeParquetTable(cellsWithPlaces(ds)),
    arrow: (ds) => writeArrowTable(cellsWithPlaces(ds)),
    csv: (ds) => {
      const { ids, columns } = cellsWithPlaces(ds);
      return (file) => writeText(file, csvParts({ id: ids, ...columns }));
    },
    geojson: (ds, args) => writeGeoJson(outlines(ds, args)),
  };
const FOLDERS: readonly Format[] = ["anndata-zarr", "spatialdata", "mtx"];

/** Formats by how a name ends; a name without an ending is a 10x text folder. */
const ENDINGS: readonly (readonly [RegExp, Format])[] = [
  [/\.h5ad$/i, "h5ad"],
  [/\.zarr$/i, "spatialdata"],
  [/\.h5$/i, "10x-h5"],
  [/\.parquet$/i, "parquet"],
  [/\.(arrow|feather)$/i, "arrow"],
  [/\.csv$/i, "csv"],
  [/\.geojson$/i, "geojson"],
  [/(^|[/\\])[^./\\]+[/\\]?$/, "mtx"],
];

/** `tissular convert INPUT OUT` */
export async function runConvert(argv: readonly string[]): Promise<void> {
  const flags = {
    ...readFlags,
    to: "text",
    outlines: "text",
    gzip: "switch",
    force: "switch",
    quiet: "switch",
  } as const;
  const args = readArguments("convert", argv, flags, ["INPUT", "OUT"]);
  const [input, target] = args.positionals;
  const format = formatOf(target, args.text("to"));
  const force = args.on("force");
  if (FOLDERS.includes(format)) checkFolder(target, { force });
  else if (existsSync(target) && !force) {
    throw new SpatialError("output", `${target} exists already.`, {
      subject: target,
      hint: "Name another file, or replace it with --force.",
    });
  }
  const options = { ...readOptions(args), shapes: true };
  const { dataset } = await readSample(await pathSource(input), options);
  const written = await WRITERS[format](dataset, args);
  if (written instanceof Map) await writeFolder(target, written as Files, { force });
  else await writeFile(target, written as FileContent);
  if (args.on("quiet")) return;
  const lost = leftOut(dataset, format);
  process.stdout.write(
    `${dataset.cells.ids.length} ${dataset.observation}s x ${dataset.genes.ids.length} genes: ${target} (${format})\n` +
      lost.map((what) => `left out, as ${format} has no place for it: ${what}\n`).join(""),
  );
}

function formatOf(target: string, asked: string | undefined): Format {
  const known = Object.keys(WRITERS) as Format[];
  if (asked !== undefined) {
    const format = known.find((name) => name === asked);
    if (format !== undefined) return format;
    throw new SpatialError("option", `--to must be one of ${known.join(", ")}, found "${asked}".`, {
      subject: "to",
    });
  }
  const ending = ENDINGS.find(([pattern]) => pattern.test(target));
  if (ending !== undefined) return ending[1];
  throw new SpatialError("option", `The end of "${target}" names no format.`, {
    subject: "OUT",
    hint: `It may be .h5ad, .zarr, .h5, .parquet, .arrow, .csv, .geojson or a folder; or say --to ${known.join("|")}.`,
  });
}

/** The cells with x, y (and z) before their columns; `position_x` where a column is called x. */
function cellsWithPlaces({ cells, positions }: SpatialDataset): Table {
  const places: Record<string, Column> = {};
  for (let axis = 0; positions !== null && axis < positions.cols; axis++) {
    const name = "xyz"[axis];
    const of = (_: unknown, i: number): number => positions.data[i * positions.cols + axis];
    places[name in cells.columns ? `position_${name}` : name] = Float64Array.from(
      { length: positions.rows },
      of,
    );
  }
  return table(cells.ids, { ...places, ...cells.columns });
}

/** The outlines that --outlines names, or the first. */
function outlines(
  { shapes = {} }: SpatialDataset,
  args: Arguments,
): NonNullable<SpatialDataset["shapes"]>[string] {
  const names = Object.keys(shapes);
  const name = args.text("outlines") ?? names[0];
  if (name !== undefined && Object.hasOwn(shapes, name)) return shapes[name];
  throw new SpatialError(
    "not-found",
    name === undefined ? "The sample has no outlines." : `There are no outlines "${name}".`,
    {
      subject: "outlines",
      hint:
        names.length > 0
          ? `There are: ${names.join(", ")}.`
          : "Only cells that were segmented have outlines.",
    },
  );
}
