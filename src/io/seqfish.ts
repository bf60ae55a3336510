import type { RunOptions } from "../core/progress.ts";
import { centroids, ringMoments } from "../kernels/polygons.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { ids } from "../model/table.ts";
import { type Coordinates, parseCoordinates } from "./coordinates.ts";
import { parseGeoJson } from "./geojson.ts";
import { parseOme } from "./ome.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { readTables } from "./table.ts";
import { isTiff, openTiff } from "./tiff.ts";

/** The files of one region of a seqFISH run (GenePS). */
export interface SeqfishFiles {
  readonly folder: string;
  /** What stands before the vendor's names, e.g. "Roi1_". */
  readonly prefix: string;
  readonly counts: string;
  readonly cells: string;
  readonly outlines: string | null;
  /** An image whose header tells the size of a pixel. */
  readonly image: string | null;
}

const TIFF = ["tiff", "tif", "ome.tiff", "ome.tif"];

/** All regions of a source: a CellxGene table with CellCoordinates beside it, with the same words before and after. */
export function findSeqfish(source: Source): SeqfishFiles[] {
  const samples: SeqfishFiles[] = [];
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*?)(?:CellxGene|CxG)([^/]*?)\.csv(\.gz)?$/i.exec(name);
    if (match === null) continue;
    const [, folder = "", prefix, suffix, packed] = match;
    if (packed !== undefined && source.names.includes(name.slice(0, -packed.length))) continue;
    const find = (what: string, ...endings: readonly string[]): string | null => {
      const wanted = endings.map((end) => `${folder}${prefix}${what}${suffix}.${end}`.toLowerCase());
      return source.names.find((n) => wanted.includes(n.toLowerCase())) ?? null;
    };
    const cells = find("CellCoordinates", "csv", "csv.gz");
    const outlines = find("Boundaries", "geojson", "geojson.gz");
    const image = find("DAPI", ...TIFF) ?? find("Segmentation", ...TIFF);
    if (cells !== null)
      samples.push({ folder, prefix: prefix + suffix, counts: name, cells, outlines, image });
  }
  return samples;
}

/** Reads a region: cells x genes, centers joined by label, outlines in their coordinates. */
export async function readSeqfish(
  source: Source,
  files: SeqfishFiles,
  outlines: boolean,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  report.files.push(files.counts, files.cells);
  const cells = await unpacked(source, files.cells);
  const places = await withScale(
    parseCoordinates(cells, files.cells, { id: "label" }),
    source,
    files.image,
    report,
  );
  const layout = { orientation: "cells-by-genes", observation: "cell", values } as const;
  const counts = await unpacked(source, files.counts);
  const ds = await readTables(counts, files.counts, places, layout, report, run);
  const shapes =
    outlines && files.outlines !== null
      ? await readOutlines(source, files.outlines, places, report, run)
      : null;
  return dataset({ ...ds, platform: "seqfish", ...(shapes && { shapes: { cell_boundaries: shapes } }) });
}

/**
 * Coordinates with the scale that the header of an image tells. Releases differ: coordinates that fit into the image's
 * micrometres are such, others are pixels.
 */
async function withScale(
  places: Coordinates,
  source: Source,
  image: string | null,
  report: Draft,
): Promise<Coordinates> {
  const description =
    image === null || !(await isTiff(source, image))
      ? ""
      : (await openTiff(source, image)).pages[0].description;
  const ome = parseOme(description).find(({ pixelSize }) => pixelSize !== null);
  if (image === null || ome?.pixelSize === undefined || ome.pixelSize === null) {
    report.warnings.push(
      "No header of an image (DAPI or Segmentation) tells the size of a pixel: micrometres are unknown.",
    );
    return places;
  }
  report.files.push(image);
  const [across, down] = ome.pixelSize;
  const isMicrons =
    !places.x.some((v) => v > ome.width * across) && !places.y.some((v) => v > ome.height * down);
  report.found.push(
    `Coordinates are ${isMicrons ? "micrometres" : "pixels"} by the header of ${image}: ${ome.width} x ${ome.height} pixels of ${across.toPrecision(4)} um.`,
  );
  return { ...places, unit: isMicrons ? "um" : "px", micronsPerUnit: isMicrons ? 1 : across };
}

/** Names of properties, in lower case, under which a feature may say which cell it is. */
const LABELS: readonly string[] = ["label", "cell_id", "cellid", "cell", "id", "name"];

/**
 * Outlines by label, or in the order of the cells where they have no labels of theirs. They are in pixels, centers in
 * pixels or micrometres: the step between the two is found by laying outlines around the centers.
 */
async function readOutlines(
  source: Source,
  name: string,
  places: Coordinates,
  report: Draft,
  run: RunOptions,
): Promise<Shapes | null> {
  report.files.push(name);
  const labelOf = (properties: Readonly<Record<string, unknown>>): string => {
    const entries = Object.entries(properties).map(([key, value]) => [key.toLowerCase(), value] as const);
    const found = LABELS.flatMap((label) => entries.filter(([key]) => key === label)).at(0)?.[1];
    return typeof found === "number" || typeof found === "string" ? String(found) : "";
  };
  const { shapes, multiple } = await parseGeoJson(await unpacked(source, name), labelOf, name, run);
  const labels = places.ids ?? [];
  const byLabel = stepBetween(shapes, places);
  const inOrder = { ...shapes, ids: ids(labels) };
  const byOrder =
    byLabel === null && shapes.ids.length === labels.length ? stepBetween(inOrder, places) : null;
  const step = byLabel ?? byOrder;
  if (step === null) {
    report.dropped.push({
      what: `outline of ${name}`,
      count: shapes.ids.length,
      why: "they do not lie around the centers of cells of their labels",
    });
    return null;
  }
  if (byOrder !== null)
    report.warnings.push(
      `${name} names no cells: outlines were taken to be in the order of ${places.subject}.`,
    );
  const named = byOrder === null ? shapes : inOrder;
  if (multiple > 0)
    report.warnings.push(`${counted(multiple, "outline")} of several pieces: the largest of each is kept.`);
  report.found.push(
    `${counted(named.ids.length, "outline")} from ${name}${step === 1 ? "" : `, brought to the coordinates of the centers: ${step.toPrecision(4)} per pixel`}.`,
  );
  return step === 1 ? named : { ...named, coordinates: named.coordinates.map((v) => v * step) };
}

/** By what outlines must be multiplied so that most lie around the centers of their cells; null where nothing does it. */
function stepBetween(outlines: Shapes, places: Coordinates): number | null {
  const rowOf = new Map(places.ids?.map((label, i) => [label, i]));
  const middles = centroids(outlines);
  const { shapeOffsets, ringOffsets, coordinates } = outlines;
  const rows = Int32Array.from(
    { length: outlines.ids.length },
    (_, s) => rowOf.get(outlines.ids.at(s)) ?? -1,
  );
  let [known, both, own] = [0, 0, 0];
  rows.forEach((i, s) => {
    const [x, y] = [middles[2 * s], middles[2 * s + 1]];
    if (i < 0 || !Number.isFinite(places.x[i] * x + places.y[i] * y)) return;
    known++;
    both += places.x[i] * x + places.y[i] * y;
    own += x * x + y * y;
  });
  const fits = (step: number): boolean => {
    let around = 0;
    rows.forEach((i, s) => {
      if (i < 0) return;
      const first = shapeOffsets[s];
      const ring = coordinates.subarray(2 * ringOffsets[first], 2 * ringOffsets[first + 1]);
      const [dx, dy] = [places.x[i] - step * middles[2 * s], places.y[i] - step * middles[2 * s + 1]];
      if (dx * dx + dy * dy < (step * step * Math.abs(ringMoments(ring)[0])) / 2) around++;
    });
    return step > 0 && 2 * around > known;
  };
  return [1, both / own].find(fits) ?? null;
}
