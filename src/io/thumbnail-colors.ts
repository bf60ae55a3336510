import type { ImagePyramid } from "../model/image.ts";

/** Light that channels are shown in when there are several: nuclei blue, then what the eye tells apart. */
const LIGHTS: readonly (readonly [number, number, number])[] = [
  [0.25, 0.45, 1],
  [0.1, 0.9, 0.3],
  [1, 0.2, 0.7],
  [1, 0.85, 0.1],
  [0.1, 0.9, 0.9],
  [1, 0.3, 0.15],
];

/** 8-bit pixels out of the values of channels: gray (1 per pixel) or red, green, blue (3); NaN is outside of the image. */
export function* colored(
  planes: readonly Float32Array[],
  { role, samples }: ImagePyramid,
  limits: readonly [number, number],
): Generator<void, { readonly data: Uint8Array; readonly channels: 1 | 3 }> {
  const pixels = planes[0].length;
  if (role === "labels") return { data: labelColors(planes[0]), channels: 3 };
  if (role === "color" && planes.length === 3) {
    const out = new Uint8Array(3 * pixels).fill(255);
    for (const [c, plane] of planes.entries()) {
      const [low, high] = samples === "uint8" ? [0, 255] : percentiles(plane, [0, 100]);
      yield;
      plane.forEach((v, i) => {
        if (v === v) out[3 * i + c] = level(v, low, high, 255);
      });
      yield;
    }
    return { data: out, channels: 3 };
  }
  if (planes.length === 1) {
    const [low, high] = percentiles(planes[0], limits);
    yield;
    const gray = new Uint8Array(pixels);
    for (let i = 0; i < pixels; i++) gray[i] = level(planes[0][i], low, high, 255);
    return { data: gray, channels: 1 };
  }
  const sums = new Float32Array(3 * pixels);
  for (const [k, plane] of planes.entries()) {
    const [low, high] = percentiles(plane, limits);
    yield;
    const light = LIGHTS[k % LIGHTS.length];
    plane.forEach((v, i) => {
      for (let c = 0; c < 3; c++) sums[3 * i + c] += light[c] * level(v, low, high, 255);
    });
    yield;
  }
  return { data: Uint8Array.from(sums, (v) => Math.min(255, Math.round(v))), channels: 3 };
}

function level(value: number, low: number, high: number, most: number): number {
  if (value !== value) return 0;
  return Math.round(most * Math.max(0, Math.min(1, (value - low) / (high - low))));
}

/** Values at two percentiles of what lies in the image, apart from each other. */
function percentiles(plane: Float32Array, at: readonly [number, number]): readonly [number, number] {
  const values = plane.filter((v) => Number.isFinite(v)).sort();
  if (values.length === 0) return [0, 1];
  const [low, high] = at.map((p) => values[Math.floor((p / 100) * (values.length - 1))]);
  if (high > low) return [low, high];
  const most = values[values.length - 1];
  return [low, most > low ? most : low + 1];
}

/** A color for each label by its number, so that neighbors differ; what is no cell is white. */
function labelColors(plane: Float32Array): Uint8Array {
  const out = new Uint8Array(3 * plane.length).fill(255);
  plane.forEach((v, i) => {
    if (!(v > 0)) return;
    const mixed = Math.imul(v ^ (v >>> 15), 0x2c1b3c6d);
    for (let c = 0; c < 3; c++) out[3 * i + c] = 60 + ((mixed >>> (8 * c + 4)) & 127);
  });
  return out;
}
