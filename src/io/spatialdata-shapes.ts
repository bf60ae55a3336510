import { SpatialError } from "../core/errors.ts";
import type { Shapes } from "../model/shapes.ts";
import { fromRagged, type Geometry, moved } from "./geometry.ts";
import { readGeoParquet } from "./geoparquet.ts";
import { counted, type Draft } from "./report.ts";
import type { Source } from "./source.ts";
import { type Placement, placement } from "./transforms.ts";
import type { ZarrTree } from "./zarr.ts";
import { object } from "./zarr-documents.ts";

/** Shapes as GeoParquet (0.2 on) or as ragged arrays in the store (0.1). */
export async function readShapes(
  source: Source,
  root: string,
  tree: ZarrTree,
  path: string,
): Promise<Geometry> {
  const parquet = `${root}${path}/shapes.parquet`;
  if (source.names.includes(parquet)) return readGeoParquet(source, parquet);
  const coordinates = `${path}/coords`;
  const dimensions = tree.has(coordinates) ? tree.info(coordinates).shape?.[1] : undefined;
  if ((dimensions !== 2 && dimensions !== 3) || !tree.has(`${path}/Index`)) {
    throw new SpatialError("format", `"${path}" of ${tree.name} must hold shapes, but it does not.`, {
      subject: tree.name,
    });
  }
  const index = `${path}/Index`;
  const names =
    tree.info(index).type === "string"
      ? await tree.strings(index)
      : Array.from(await tree.numbers(index), String);
  const keys = tree.keys(path).filter((key) => /^offset\d+$/.test(key));
  const offsets: Uint32Array[] = [];
  for (const key of keys) offsets.push(await tree.offsets(`${path}/${key}`));
  const radius = tree.has(`${path}/radius`) ? Float64Array.from(await tree.numbers(`${path}/radius`)) : null;
  const data = Float64Array.from(await tree.numbers(coordinates));
  return fromRagged(names, data, dimensions, offsets, radius, path);
}

/** What an element is called: by our own writer, or by its place in the store. */
export function nameOf(tree: ZarrTree, element: string): string {
  const { name } = object(tree.json(`shapes/${element}`)["tissular"]) as { name?: unknown };
  return typeof name === "string" ? name : element;
}

/** Polygons that the table does not describe (nuclei), in "global" too; circles and points stay in the store. */
export async function readOtherShapes(
  source: Source,
  root: string,
  tree: ZarrTree,
  regions: readonly string[],
  report: Draft,
): Promise<Record<string, Shapes>> {
  const found: Record<string, Shapes> = {};
  for (const element of tree.isGroup("shapes") ? tree.keys("shapes") : []) {
    if (regions.includes(element)) continue;
    const path = `shapes/${element}`;
    const affine = placementOf(tree, path)?.affine ?? null;
    const { shapes } = affine === null ? { shapes: null } : await readShapes(source, root, tree, path);
    if (shapes === null || affine === null) {
      const why = "the table does not describe them, and they are no polygons with a way to the positions";
      report.dropped.push({ what: `shapes "${element}"`, count: 1, why });
      continue;
    }
    report.files.push(`${root}${path}`);
    report.found.push(`${counted(shapes.ids.length, "outline")} in "${element}".`);
    found[nameOf(tree, element)] = { ...shapes, coordinates: moved(shapes.coordinates, affine) };
  }
  return found;
}

export function placementOf(tree: ZarrTree, path: string): Placement | null {
  const attrs = tree.json(path);
  const axes = Array.isArray(attrs["axes"]) ? attrs["axes"].map(String) : ["x", "y"];
  return placement(attrs["coordinateTransformations"], axes);
}
