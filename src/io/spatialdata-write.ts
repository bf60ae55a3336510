import { checkOptions } from "../core/check.ts";
import { checkAborted } from "../core/progress.ts";
import type { SpatialDataset } from "../model/dataset.ts";
import type { Image } from "../model/image.ts";
import type { Shapes, Transcripts } from "../model/shapes.ts";
import { categorical, type Column, idList, withColumns } from "../model/table.ts";
import { spotDiameterOf } from "./anndata-images.ts";
import { namesOf } from "./anndata-notes.ts";
import { anndataParts, anndataRules, type WriteAnndataOptions, writeElements } from "./anndata-write.ts";
import { naming, writeBelow } from "./elements-write.ts";
import { circlesFile, polygonsFile } from "./geoparquet-write.ts";
import type { Rgb } from "./images.ts";
import { leftOut } from "./left-out.ts";
import { parquetColumn, parquetFile } from "./parquet-write.ts";
import { FEATURES } from "./transcript-files.ts";
import { transformations } from "./transforms-write.ts";
import { createZarr, type ZarrWriter } from "./zarr-write.ts";

/** Options of `writeSpatialData`; the diameter of a spot is that of the circles. */
export type WriteSpatialDataOptions = Omit<WriteAnndataOptions, "library">;

/**
 * A dataset as a SpatialData store, as files by relative name for `writeFolder`: the table (as `writeAnndataZarr`), outlines as
 * polygons, transcripts as points, images. The table annotates the first outlines that have every cell; where none have, it
 * annotates circles at the positions: of a spot's diameter, else as wide as the square that an observation has on average.
 *
 * "global" has the unit of the positions (its axes say "micrometer" where that is so); pixels of known size have a
 * second system, "micrometers". It is version 0.1 of the container, on version 2 of zarr, which every SpatialData opens.
 * `readSample` makes the same dataset of it again, all but what `leftOut(ds, "spatialdata")` names; rings that are open come back
 * closed. Transcripts come with `transcripts: true`, in the unit of the positions, those of a quality below 20 left out and reported.
 *
 * @throws {SpatialError} `input` where `x` names no matrix or counts are not in memory; `option`; `aborted`
 *
 * Cost: linear in the stored values, corners and transcripts. Checked against spatialdata 0.7 (with
 * anndata 0.12: it opens no table with 0.13) and 0.8 value for value.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, positions, sparse, table } from "tissular/model";
 * import { memorySource, readSample, writeSpatialData } from "tissular/io";
 * const counts = expression(sparse(1, 1, Uint32Array.of(0, 1), Uint32Array.of(0), Float32Array.of(2)), "counts");
 * const made = dataset({
 *   counts, cells: table(ids(["a"])), genes: table(ids(["g"]), { name: ["g"] }),
 *   positions: positions(Float64Array.of(3, 4), "um", 1),
 * });
 * const { dataset: read } = await readSample(memorySource(await writeSpatialData(made)));
 * if (read.positions?.unit !== "um" || read.positions.data[1] !== 4) throw new Error("the same place");
 * ```
 */
export async function writeSpatialData(
  ds: SpatialDataset,
  options: WriteSpatialDataOptions = {},
): Promise<Map<string, Uint8Array>> {
  const { library: _, ...rules } = anndataRules;
  checkOptions("writeSpatialData", options, rules);
  const parts = await anndataParts("writeSpatialData", ds, options.x);
  checkAborted(options.signal);
  const outlines = named(ds.shapes ?? {});
  const region = regionOf(ds, outlines);
  const regionKey = free("region", ds);
  const instanceKey = free("instance_id", ds);
  return createZarr(async (w) => {
    w.group("", {
      spatialdata_attrs: { version: "0.1", spatialdata_software_version: "tissular" },
      tissular: { added: region === null ? [] : [regionKey, instanceKey] },
    });
    w.group("tables");
    const rows: Record<string, Column> =
      region === null
        ? {}
        : {
            [regionKey]: categorical(new Int32Array(ds.cells.ids.length), [region]),
            [instanceKey]: idList(ds.cells.ids),
          };
    const annotates: Record<string, string> =
      region === null ? {} : { region, region_key: regionKey, instance_key: instanceKey };
    const uns = region === null ? options.uns : { ...options.uns, spatialdata_attrs: annotates };
    const table = { ...ds, cells: withColumns(ds.cells, rows), shapes: {}, images: [] };
    await writeElements(
      writeBelow(w, "tables/table"),
      { ...parts, ds: table, pixels: [] },
      { ...options, uns },
      leftOut(ds, "spatialdata"),
      { "spatialdata-encoding-type": "ngff:regions_table", ...annotates, version: "0.1" },
    );
    w.group("shapes");
    for (const [order, [element, [name, shapes]]] of [...outlines].entries()) {
      writeShapes(w, ds, `shapes/${element}`, { name, order });
      w.file(`shapes/${element}/shapes.parquet`, await polygonsFile(shapes));
    }
    if (region !== null && !outlines.has(region) && ds.positions !== null) {
      writeShapes(w, ds, `shapes/${region}`, { circles: true });
      w.file(`shapes/${region}/shapes.parquet`, await circles(ds, options.spotDiameter));
    }
    if (ds.transcripts !== undefined) await writePoints(w, ds, ds.transcripts);
    w.group("images");
    const images = named(Object.fromEntries(parts.pixels.map((p) => [p.image.name, p])));
    for (const [order, [element, [, { image, rgb }]]] of [...images].entries())
      writeImage(w, ds, `images/${element}`, image, rgb, order);
  }, options);
}

/** Parts by names that an element may have, each with the name that it has. */
function named<T>(parts: Readonly<Record<string, T>>): Map<string, readonly [name: string, part: T]> {
  const written = naming(Object.keys(parts), true);
  return new Map(Object.entries(parts).map((entry) => [written(entry[0]), entry]));
}

/** The element that the table annotates: the first outlines with every cell, else circles, else none. */
function regionOf(
  ds: SpatialDataset,
  outlines: ReadonlyMap<string, readonly [string, Shapes]>,
): string | null {
  for (const [element, [, shapes]] of outlines) {
    const names = new Set(idList(shapes.ids));
    if (names.size === shapes.ids.length && idList(ds.cells.ids).every((id) => names.has(id))) return element;
  }
  if (ds.positions === null) return null;
  let element = `${ds.observation}s`;
  while (outlines.has(element)) element += "_";
  return element;
}

/** A name that no part of the dataset has, whatever the case of its letters. */
function free(name: string, ds: SpatialDataset): string {
  const taken = new Set(namesOf(ds).map((other) => other.toLowerCase()));
  let column = name;
  while (taken.has(column)) column += "_";
  return column;
}

function writeShapes(w: ZarrWriter, ds: SpatialDataset, path: string, note: object): void {
  w.group(path, {
    "encoding-type": "ngff:shapes",
    axes: ["x", "y"],
    coordinateTransformations: transformations(ds.positions, ["x", "y"]),
    spatialdata_attrs: { version: "0.2" },
    tissular: note,
  });
}

function circles(ds: SpatialDataset, spotDiameter: number | undefined): Promise<Uint8Array> {
  const names = idList(ds.cells.ids);
  const { data, cols } = ds.positions as NonNullable<typeof ds.positions>;
  const centers = Float64Array.from({ length: 2 * names.length }, (_, k) => data[(k >> 1) * cols + (k & 1)]);
  const known = spotDiameter ?? (ds.observation === "spot" ? spotDiameterOf(ds) : null);
  const radius = known === null ? averageRadius(centers) : known / 2;
  return circlesFile(names, centers, new Float64Array(names.length).fill(radius));
}

/** Half the side of a square of the n-th part of the box around n points; 1 where the box has no area. */
function averageRadius(centers: Float64Array): number {
  const span = (axis: number): number => {
    let [low, high] = [Infinity, -Infinity];
    for (let k = axis; k < centers.length; k += 2) {
      if (centers[k] < low) low = centers[k];
      if (centers[k] > high) high = centers[k];
    }
    return high - low;
  };
  const radius = Math.sqrt((span(0) * span(1)) / (centers.length / 2)) / 2;
  return radius > 0 && Number.isFinite(radius) ? radius : 1;
}

async function writePoints(w: ZarrWriter, ds: SpatialDataset, t: Transcripts): Promise<void> {
  const axes = t.z === null ? ["x", "y"] : ["x", "y", "z"];
  const place = ds.positions ?? t;
  const perUnit =
    place.unit === t.unit || place.micronsPerUnit === null || t.micronsPerUnit === null
      ? 1
      : place.micronsPerUnit / t.micronsPerUnit;
  const columns: Record<string, Column> = {
    x: t.x,
    y: t.y,
    ...(t.z === null ? {} : { z: t.z }),
    feature_name: categorical(Int32Array.from(t.feature), t.features),
    ...(t.cell === null ? {} : { cell_id: t.cell }),
    ...(t.quality === null ? {} : { qv: t.quality }),
    ...t.columns,
  };
  w.group("points");
  w.group("points/transcripts", {
    "encoding-type": "ngff:points",
    axes,
    coordinateTransformations: transformations(place, axes, perUnit),
    spatialdata_attrs: {
      feature_key: "feature_name",
      ...(t.cell === null ? {} : { instance_key: "cell_id" }),
      version: "0.1",
    },
    [FEATURES]: { names: t.features, kinds: t.featureKinds },
  });
  const written = Object.entries(columns).map(([name, column]) => parquetColumn(name, column));
  w.file("points/transcripts/points.parquet/part.0.parquet", await parquetFile(written));
}

/** An image as OME-Zarr of one level: channels, rows, columns. */
function writeImage(
  w: ZarrWriter,
  ds: SpatialDataset,
  path: string,
  image: Image,
  { width, height, data }: Rgb,
  order: number,
): void {
  const axes = ["c", "y", "x"];
  const planes = new Uint8Array(data.length);
  for (let c = 0; c < 3; c++)
    for (let k = 0; k < width * height; k++) planes[c * width * height + k] = data[3 * k + c];
  w.group(path, {
    omero: { channels: ["r", "g", "b"].map((label) => ({ label })) },
    multiscales: [
      {
        name: image.name,
        version: "0.4-dev-spatialdata",
        axes: [
          { name: "c", type: "channel" },
          { name: "y", type: "space" },
          { name: "x", type: "space" },
        ],
        datasets: [{ path: "0", coordinateTransformations: [{ type: "scale", scale: [1, 1, 1] }] }],
        coordinateTransformations: transformations(ds.positions, axes, image.scale, image.origin),
      },
    ],
    spatialdata_attrs: { version: "0.2" },
    tissular: { name: image.name, order, scale: image.scale, origin: image.origin ?? null },
  });
  w.numbers(`${path}/0`, planes, undefined, [3, height, width]);
}
