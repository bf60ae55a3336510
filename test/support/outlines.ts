import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect } from "vitest";
import { centroids, ringMoments } from "../../src/kernels/polygons.ts";
import type { Shapes } from "../../src/model/index.ts";

/** Made by test/oracles/read_outlines.py. */
const truth = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/real-outlines.json"), "utf8"),
) as Readonly<Record<string, Readonly<Record<string, number | string>>>>;

/** Compares outlines with what Python finds in the sample of that name. */
export function compareOutlines(outlines: Shapes, name: string): void {
  const { ids, shapeOffsets, ringOffsets, coordinates } = outlines;
  const want = truth[name];
  const sum = (axis: number): number => coordinates.reduce((a, v, k) => (k % 2 === axis ? a + v : a), 0);
  let area = 0;
  let weighted = 0;
  const centers = centroids(outlines);
  for (let s = 0; s < ids.length; s++) {
    for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
      const ring = coordinates.subarray(2 * ringOffsets[r], 2 * ringOffsets[r + 1]);
      area += ((r === shapeOffsets[s] ? 1 : -1) * Math.abs(ringMoments(ring)[0])) / 2;
    }
    weighted += (s + 1) * (centers[2 * s] + 2 * centers[2 * s + 1]);
  }
  expect([ids.length, coordinates.length / 2]).toEqual([want["shapes"], want["corners"]]);
  expect([ids.at(0), ids.at(ids.length - 1)]).toEqual([want["first"], want["last"]]);
  for (const [what, found] of Object.entries({ x: sum(0), y: sum(1), area, centroids: weighted }))
    expect(found / (want[what] as number), `${what} of ${name}`).toBeCloseTo(1, 9);
}
