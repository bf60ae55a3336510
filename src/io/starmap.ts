import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, positions, type SpatialDataset } from "../model/dataset.ts";
import { dense, toSparse, type Values } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { assemble, checkFinite } from "./assemble.ts";
import { pause } from "./count-stream.ts";
import { shapesFromCorners } from "./polygons.ts";
import { dropUnplaced } from "./positions.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { kindByName } from "./table.ts";
import { csvNumbers, csvStrings, parseCsv } from "./text.ts";

/** The files of one STARmap experiment as published with the method. */
export interface StarmapFiles {
  readonly folder: string;
  readonly counts: string;
  readonly genes: string;
  readonly centroids: string;
  readonly hulls: string | null;
}

/** All STARmap experiments of a source. */
export function findStarmap(source: Source): StarmapFiles[] {
  return source.names.flatMap((counts) => {
    const folder = counts.slice(0, counts.lastIndexOf("/") + 1);
    const beside = (name: string): string | null =>
      source.names.includes(folder + name) ? folder + name : null;
    if (counts !== `${folder}cell_barcode_count.csv`) return [];
    const genes = beside("genes.csv") ?? beside("cell_barcode_names.csv");
    const centroids = beside("centroids.tsv");
    if (genes === null || centroids === null) return [];
    return [{ folder, counts, genes, centroids, hulls: beside("qhulls.tsv") }];
  });
}

/**
 * Reads a STARmap experiment: cells x genes without names, names of genes, centers (y, x) in the order of the cells and
 * hulls (number of the cell, y, x). Cells are called starmap1, starmap2, ... as Seurat calls them.
 *
 * @throws {SpatialError} `format` where the files do not fit each other
 */
export async function readStarmap(
  source: Source,
  files: StarmapFiles,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const read = async (name: string): Promise<ReturnType<typeof parseCsv>> => {
    report.files.push(name);
    return parseCsv(await unpacked(source, name), name, { header: false });
  };
  const [counts, genes, centers] = [
    await read(files.counts),
    await read(files.genes),
    await read(files.centroids),
  ];
  const [n, p] = [counts.rows, counts.header.length];
  const names = csvStrings(genes, genes.header.length > 2 ? 2 : 0).map((name) => name.trim());
  if (names.length !== p || centers.rows !== n || centers.header.length !== 2) {
    throw new SpatialError(
      "format",
      `${files.counts} holds ${n} cells x ${p} genes, but ${files.genes} names ${names.length} genes and ${files.centroids} places ${centers.rows} cells.`,
      { subject: files.counts },
    );
  }
  const x = dense(n, p);
  for (let i = 0; i < n; i++) for (let j = 0; j < p; j++) x.data[i * p + j] = counts.number(i, j);
  checkFinite(files.counts, x.data);
  await pause(run, 1);
  const cellIds = Array.from({ length: n }, (_, i) => `starmap${i + 1}`);
  const parts = assemble(
    {
      subject: files.counts,
      cellIds,
      cellColumns: {},
      featureIds: names,
      featureNames: names,
      featureKinds: names.map(kindByName),
      featureColumns: {},
      matrix: toSparse(x),
    },
    "cell",
    values,
    report,
  );
  const xy = Float64Array.from({ length: 2 * n }, (_, k) => centers.number(k >> 1, k % 2 === 0 ? 1 : 0));
  report.joined.push(`Centers by order: ${counted(n, "cell")}.`);
  const shapes = files.hulls === null ? null : hulls(await read(files.hulls), files.hulls);
  return dropUnplaced(
    dataset({
      ...parts,
      platform: "starmap",
      positions: positions(xy, "px", null),
      ...(shapes === null ? {} : { shapes: { cell_boundaries: shapes } }),
    }),
    report,
  );
}

/** Hulls as outlines, closed. */
function hulls(csv: ReturnType<typeof parseCsv>, subject: string): Shapes {
  const cells = csvStrings(csv, 0);
  const [ys, xs] = [csvNumbers(csv, 1), csvNumbers(csv, 2)];
  const names: string[] = [];
  const [x, y]: [number[], number[]] = [[], []];
  let first = 0;
  cells.forEach((cell, k) => {
    if (cell !== cells[first]) first = k;
    for (const corner of cells[k + 1] === cell ? [k] : [k, first]) {
      names.push(`starmap${cell}`);
      x.push(xs[corner]);
      y.push(ys[corner]);
    }
  });
  return shapesFromCorners(names, Float64Array.from(x), Float64Array.from(y), null, subject);
}
