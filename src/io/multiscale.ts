import { checkAborted } from "../core/progress.ts";
import type { ImagePyramid } from "../model/image.ts";
import { imagePyramid, samplesOf } from "./pyramid.ts";
import type { Draft } from "./report.ts";
import { ownImage } from "./spatialdata-images.ts";
import { after, inverse, type Placement, placement, toAffine } from "./transforms.ts";
import type { ZarrTree } from "./zarr.ts";
import { object } from "./zarr-documents.ts";

/** What a group of a zarr store says of the image in it. */
interface Multiscale {
  readonly axes: readonly string[];
  /** Paths of its arrays, the largest first. */
  readonly levels: readonly string[];
  readonly channels: readonly string[];
  /** Where the pixels of the first level go. */
  readonly placement: Placement | null;
}

/** Pixels read at once, so that an abort takes effect. */
const BLOCK = 16_777_216;

/** Reads the attributes of an OME-Zarr image, version 0.4 or 0.5 (which has them under "ome"). */
export function multiscale(tree: ZarrTree, path: string): Multiscale {
  const attrs = tree.json(path);
  const ome = "multiscales" in attrs ? attrs : object(attrs["ome"]);
  const scales = object(list(ome["multiscales"])[0]);
  const axes = list(scales["axes"]).map((axis) => String(object(axis)["name"]));
  const datasets = list(scales["datasets"]).map(object);
  const own = datasets[0]?.["coordinateTransformations"];
  const first = Array.isArray(own) ? toAffine({ type: "sequence", transformations: own }, axes) : null;
  const place = placement(scales["coordinateTransformations"], axes);
  return {
    axes,
    levels: datasets.map((dataset) => `${path}/${String(dataset["path"])}`),
    channels: list(object(ome["omero"])["channels"]).map((channel) => String(object(channel)["label"])),
    placement: place && {
      ...place,
      affine: place.affine && (first === null ? place.affine : after(first, place.affine)),
    },
  };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Images and labels of a SpatialData store as pyramids that read chunks when asked for; what is none is reported. Those of
 * our own writer are images of the dataset.
 */
export function zarrPyramids(tree: ZarrTree, report: Draft): ImagePyramid[] {
  const found: ImagePyramid[] = [];
  for (const group of ["images", "labels"] as const)
    for (const name of tree.isGroup(group) ? tree.keys(group) : []) {
      if (ownImage(tree, `${group}/${name}`) !== null) continue;
      const pyramids = elementPyramids(tree, `${group}/${name}`, name, group === "labels");
      if (typeof pyramids === "string")
        report.dropped.push({ what: `${group}/${name}`, count: 1, why: pyramids });
      else found.push(...pyramids);
    }
  return found;
}

/** One pyramid, or one per plane where there is a z axis; or what speaks against it. */
function elementPyramids(
  tree: ZarrTree,
  path: string,
  name: string,
  isLabels: boolean,
): ImagePyramid[] | string {
  const { axes, levels: paths, channels: labels, placement: place } = multiscale(tree, path);
  const order = axes.join("");
  if (!/^c?z?yx$/.test(order)) return `its axes are ${order || "unknown"}, not c, y and x`;
  const arrays = paths.filter((p) => tree.has(p) && !tree.isGroup(p));
  const shapes = arrays.map((p) => tree.info(p).shape ?? []);
  const sound = (size: number | undefined): boolean => Number.isSafeInteger(size) && (size as number) > 0;
  if (shapes.length === 0 || !shapes.every((shape) => shape.length === axes.length && shape.every(sound)))
    return "its arrays are missing or of another shape";
  const samples = tree.samples(arrays[0]);
  if (samples === null || !arrays.every((p) => tree.samples(p) === samples))
    return "its pixels are no numbers that are read";
  const sizeOf = (axis: string): number => (axes.includes(axis) ? shapes[0][axes.indexOf(axis)] : 1);
  const [count, depth] = [sizeOf("c"), sizeOf("z")];
  if (count * depth > 65_536) return `it has ${count} channels and ${depth} planes`;
  if (!shapes.every((shape) => axes[0] !== "c" || shape[0] === count))
    return "its levels have other channels";
  const channels = Array.from({ length: count }, (_, c) => labels[c] ?? String(c));
  const isColor =
    samples === "uint8" && /^(0,1,2|r,g,b|red,green,blue)(,3|,a|,alpha)?$/i.test(channels.join());
  const levels = shapes.map((shape) => ({ width: shape[axes.length - 1], height: shape[axes.length - 2] }));
  const fetch =
    (z: number): Parameters<typeof imagePyramid>[0]["fetch"] =>
    async (level, { x, y, width, height }, wanted, signal) => {
      const out = samplesOf(samples, width * height * wanted.length);
      const isRun = wanted.every((c, k) => c === wanted[0] + k);
      const groups = isRun ? [wanted] : wanted.map((c) => [c]);
      let done = 0;
      for (const group of groups) {
        const step = Math.max(1, Math.floor(BLOCK / (width * group.length)));
        for (let row = y; row < y + height; row += step) {
          checkAborted(signal);
          const end = Math.min(y + height, row + step);
          const c = [group[0], group[0] + group.length];
          const parts = { c, z: [z, z + 1], y: [row, end], x: [x, x + width] };
          const part = await tree.pixels(
            arrays[level],
            axes.map((axis) => parts[axis as "x"] as [number, number]),
          );
          const size = (end - row) * width;
          for (let k = 0; k < group.length; k++)
            out.set(part.subarray(k * size, (k + 1) * size), ((done + k) * height + row - y) * width);
        }
        done += group.length;
      }
      return out;
    };
  return Array.from({ length: depth }, (_, z) =>
    imagePyramid({
      name: depth > 1 ? `${name}_z${z}` : name,
      role: isLabels ? "labels" : isColor ? "color" : "intensity",
      channels: new Set(channels).size === count ? channels : channels.map((_, c) => String(c)),
      samples,
      levels,
      toPixels: place?.affine ? inverse(place.affine) : null,
      fetch: fetch(z),
    }),
  );
}
