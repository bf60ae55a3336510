import { SpatialError } from "../core/errors.ts";

/**
 * Okabe and Ito's seven colors (doi:10.1038/nmeth.1618), then 41 more, each chosen as the candidate farthest in OKLab
 * from all before it as seen with normal, deuteranope and protanope vision (matrices: doi:10.1109/TVCG.2009.113), kept
 * away from white and black paper.
 */
const groupColors: readonly string[] = (
  "0072B2 E69F00 009E73 D55E00 CC79A7 56B4E9 F0E442 971C65 505103 541FB4 8966F9 88636D 73F094 47C86E 584E87 BD3743 " +
  "394FD8 738DE2 BA3BB4 753642 F8495A 49EAF2 2B5460 B7D341 898B48 75AE81 E790FA 5F6847 56838B 499FB8 A21C10 C671FE " +
  "9CE4BD 984F92 DD939E EE5EC7 546FDE 75329D AF8686 99C68F D98941 CD5394 F9AEA2 D6B4F0 536480 9E74A8 37911F FA9D68"
)
  .split(" ")
  .map((hex) => `#${hex}`);

/** The color of missing values. */
export const missingColor: string = "#B8BEC6";

/** Viridis (Smith and van der Walt, public domain) at eleven even steps from low to high. */
export const sequentialStops: readonly string[] = [
  "#440154",
  "#482475",
  "#414487",
  "#355F8D",
  "#2A788E",
  "#21918C",
  "#22A884",
  "#44BF70",
  "#7AD151",
  "#BDDF26",
  "#FDE725",
];

/** Blue through near-white to red (ColorBrewer RdBu, reversed): below, at and above the middle. */
export const divergingStops: readonly string[] = [
  "#2166AC",
  "#67A9CF",
  "#D1E5F0",
  "#F7F7F7",
  "#FDDBC7",
  "#EF8A62",
  "#B2182B",
];

/**
 * Colors for groups, told apart with the common kinds of color blindness as far as their number allows. The first
 * `count` of a fixed list, so a group keeps its color when groups are added behind it; beyond 48 the list repeats.
 *
 * @example
 * ```ts
 * import { categoricalColors } from "tissular/plot";
 * const colors = categoricalColors(3);
 * if (colors.length !== 3 || new Set(colors).size !== 3) throw new Error("three different colors");
 * ```
 */
export function categoricalColors(count: number): string[] {
  return Array.from({ length: count }, (_, k) => groupColors[k % groupColors.length]);
}

/** Red, green, blue (0 to 255) of "#RRGGBB". */
export function parseColor(hex: string): readonly [number, number, number] {
  const value = /^#[0-9a-f]{6}$/i.test(hex) ? parseInt(hex.slice(1), 16) : NaN;
  if (value !== value) throw new SpatialError("input", `A color must be #RRGGBB, found "${hex}".`);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The color at `fraction` (0 to 1, clipped) along evenly spaced stops. */
export function colorAt(stops: readonly string[], fraction: number): readonly [number, number, number] {
  const at = Math.min(1, Math.max(0, fraction)) * (stops.length - 1);
  const k = Math.min(stops.length - 2, Math.floor(at));
  const low = parseColor(stops[k]);
  const high = parseColor(stops[k + 1]);
  const mix = (c: 0 | 1 | 2): number => Math.round(low[c] + (at - k) * (high[c] - low[c]));
  return [mix(0), mix(1), mix(2)];
}

/** 256 packed colors (0xAABBGGRR, as an ImageData holds them in little-endian memory) along the stops. */
export function packedRamp(stops: readonly string[]): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, k) => packColor(colorAt(stops, k / 255)));
}

/** An opaque color as an ImageData holds it in little-endian memory. */
export function packColor([r, g, b]: readonly [number, number, number]): number {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}
