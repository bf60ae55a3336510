import type { RunOptions } from "../core/progress.ts";
import { breathe, checkAborted } from "../core/progress.ts";
import type { Geometry } from "./geometry.ts";
import type { Draft } from "./report.ts";
import { multiscale } from "./multiscale.ts";
import type { Placement } from "./transforms.ts";
import type { ZarrTree } from "./zarr.ts";

/** Pixels read at once, and at most in all. */
const BLOCK = 4_194_304;
const MOST = 2_000_000_000;

/** Where a mask of labels goes and, if asked for, the centers of its labels (pixel centers at half steps). */
export async function readLabels(
  tree: ZarrTree,
  path: string,
  isWanted: boolean,
  report: Draft,
  run: RunOptions,
): Promise<{ readonly placement: Placement | null; readonly geometry: Geometry | null }> {
  const { axes, levels, placement: whole } = multiscale(tree, path);
  const level = levels[0] ?? `${path}/0`;
  const shape = tree.has(level) && !tree.isGroup(level) ? tree.info(level).shape : null;
  if (!isWanted) return { placement: whole, geometry: null };
  if (shape?.length !== 2 || axes.join("") !== "yx" || !(shape[0] * shape[1] <= MOST)) {
    report.warnings.push(`The centers of "${path}" are not found: it is no plane of labels of a fair size.`);
    return { placement: whole, geometry: null };
  }
  return { placement: whole, geometry: await centers(tree, level, shape[0], shape[1], run) };
}

async function centers(
  tree: ZarrTree,
  level: string,
  height: number,
  width: number,
  run: RunOptions,
): Promise<Geometry> {
  const rowOf = new Map<number, number>();
  const sums: number[] = [];
  const step = Math.max(1, Math.floor(BLOCK / Math.max(1, width)));
  for (let start = 0; start < height; start += step) {
    checkAborted(run.signal);
    const pixels = await tree.numbers(level, start, Math.min(height, start + step));
    let last = 0;
    let at = -1;
    for (let k = 0; k < pixels.length; k++) {
      const label = pixels[k];
      if (label === 0) continue;
      if (label !== last || at < 0) {
        at = rowOf.get(label) ?? rowOf.size;
        if (at === rowOf.size) {
          rowOf.set(label, at);
          sums.push(0, 0, 0);
        }
        last = label;
      }
      sums[3 * at]++;
      sums[3 * at + 1] += (k % width) + 0.5;
      sums[3 * at + 2] += start + Math.floor(k / width) + 0.5;
    }
    run.onProgress?.({ step: `read ${level}`, fraction: Math.min(1, (start + step) / height) });
    await breathe();
  }
  const centroids = new Float64Array(2 * rowOf.size);
  for (let s = 0; s < rowOf.size; s++) {
    centroids[2 * s] = sums[3 * s + 1] / sums[3 * s];
    centroids[2 * s + 1] = sums[3 * s + 2] / sums[3 * s];
  }
  return { names: Array.from(rowOf.keys(), String), centroids, radius: null, shapes: null, multiple: 0 };
}
