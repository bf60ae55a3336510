import { type Rng, stream } from "../core/rng.ts";
import { growAnatomy } from "./anatomy.ts";
import { slide } from "./observations.ts";
import type { SimulatedTissue } from "./tissue.ts";

/** Colors of the empty slide, of connective tissue and of nuclei under hematoxylin and eosin. */
const GLASS = [243, 241, 244];
const EOSIN = [232, 168, 200];
const HEMATOXYLIN = [120, 84, 156];

/**
 * A picture of the slide as a microscope would show it, drawn from the tissue's outline and modules: modules differ in how
 * densely nuclei lie. It shows where the tissue is; no method should learn from it.
 *
 * @returns PNG bytes and image pixels per full-resolution pixel; the longer side has `side` pixels
 */
export async function drawHistology(
  tissue: SimulatedTissue,
  side: number,
): Promise<{ readonly png: Uint8Array; readonly scale: number }> {
  const { seed, modules, observations } = tissue.params;
  const anatomy = growAnatomy(seed, modules);
  const frame = slide(observations);
  const scale = side / Math.max(frame.width, frame.height);
  const width = Math.round(frame.width * scale);
  const height = Math.round(frame.height * scale);
  const fibers = smoothNoise(stream(seed, 7, 0), 48);
  const patches = smoothNoise(stream(seed, 7, 1), 12);
  const pixels = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const rng = stream(seed, 7, 2, y);
    for (let x = 0; x < width; x++) {
      const { u, v } = frame.toTissue((x + 0.5) / scale, (y + 0.5) / scale);
      const grain = rng.uniform() - 0.5;
      let color = GLASS.map((c) => c + 4 * grain);
      const reach = anatomy.reach(u, v);
      if (reach < 1 + 0.03 * (fibers(u, v) - 0.5)) {
        const cellular = 0.15 + 0.6 * ((0.618 * anatomy.moduleAt(u, v)) % 1);
        const nucleus = rng.uniform() < 0.25 + 0.4 * cellular ? 0.25 : 0;
        const stain = cellular + nucleus + 0.35 * (fibers(u, v) - 0.5) + 0.25 * (patches(u, v) - 0.5);
        const share = Math.min(1, Math.max(0, stain));
        color = EOSIN.map((c, k) => c + (HEMATOXYLIN[k] - c) * share + 14 * grain);
      }
      for (let k = 0; k < 3; k++)
        pixels[3 * (y * width + x) + k] = Math.min(255, Math.max(0, Math.round(color[k])));
    }
  }
  const { encode } = await import("fast-png");
  return { png: encode({ width, height, data: pixels, channels: 3, depth: 8 }), scale };
}

/** Noise between 0 and 1 that varies smoothly over the tissue, on a grid of the given size. */
function smoothNoise(rng: Rng, size: number): (u: number, v: number) => number {
  const knots = Float64Array.from({ length: size * size }, () => rng.uniform());
  const at = (a: number, b: number): number => knots[(b % size) * size + (a % size)];
  return (u, v) => {
    const x = (u + 4) * (size / 4);
    const y = (v + 4) * (size / 4);
    const a = Math.floor(x);
    const b = Math.floor(y);
    const fx = (x - a) * (x - a) * (3 - 2 * (x - a));
    const fy = (y - b) * (y - b) * (3 - 2 * (y - b));
    const top = at(a, b) + (at(a + 1, b) - at(a, b)) * fx;
    const bottom = at(a, b + 1) + (at(a + 1, b + 1) - at(a, b + 1)) * fx;
    return top + (bottom - top) * fy;
  };
}
