import type { Positions } from "../model/dataset.ts";

type Json = Readonly<Record<string, unknown>>;

/** The coordinate system in micrometres beside "global", where positions have another unit of known size. */
const MICRONS = "micrometers";

const isSpace = (axis: string): boolean => axis !== "c";

function system(name: string, axes: readonly string[], unit: string): Json {
  return {
    name,
    axes: axes.map((axis) =>
      isSpace(axis) ? { name: axis, type: "space", unit } : { name: axis, type: "channel" },
    ),
  };
}

/**
 * The ways of an element to "global", which has the unit of the positions, and, where a unit of known size is no
 * micrometre, to "micrometers". `perUnit` of the element's own steps make one unit; `origin` is where its (0, 0) lies.
 */
export function transformations(
  place: Pick<Positions, "unit" | "micronsPerUnit"> | null,
  axes: readonly string[],
  perUnit: number = 1,
  origin: readonly [number, number] = [0, 0],
): Json[] {
  const own = system(axes.join(""), axes, "unit");
  const to = (name: string, unit: string, size: number): Json => {
    const ends = { input: own, output: system(name, axes, unit) };
    const step = size / perUnit;
    const [x, y] = origin;
    if (x === 0 && y === 0)
      return step === 1
        ? { type: "identity", ...ends }
        : { type: "scale", scale: axes.map((axis) => (isSpace(axis) ? step : 1)), ...ends };
    const shift = (axis: string): number => (axis === "x" ? x * size : axis === "y" ? y * size : 0);
    const row = (axis: string): number[] => [
      ...axes.map((other) => (other === axis ? (isSpace(axis) ? step : 1) : 0)),
      shift(axis),
    ];
    return { type: "affine", affine: axes.map(row), ...ends };
  };
  const microns = place?.micronsPerUnit ?? null;
  if (place?.unit === "um") return [to("global", "micrometer", 1)];
  return [to("global", "unit", 1), ...(microns === null ? [] : [to(MICRONS, "micrometer", microns)])];
}
