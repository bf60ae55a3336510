import type { Affine } from "../model/image.ts";
import { object } from "./zarr-documents.ts";

type Json = Readonly<Record<string, unknown>>;

export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

/** Where coordinates of an element go, and what a step is there, as far as that is stated. */
export interface Placement {
  readonly system: string;
  readonly affine: Affine | null;
  readonly isMicrons: boolean;
}

/**
 * The way from an element's own coordinates to "global" (or the only system there is) from its list of
 * transformations; the affine is null where one is of a kind that is not read.
 */
export function placement(transformations: unknown, axes: readonly string[]): Placement | null {
  const list = (Array.isArray(transformations) ? transformations : []).map(object);
  const target = (t: Json): string => String(object(t["output"])["name"] ?? "");
  const named = list.filter((t) => target(t) !== "");
  const chosen = named.find((t) => target(t) === "global") ?? named[0];
  if (chosen === undefined) return null;
  const units = axesOf(chosen["output"]).map((axis) => String(axis["unit"] ?? ""));
  return {
    system: target(chosen),
    affine: toAffine(chosen, axes),
    isMicrons: units.length > 0 && units.every((unit) => /^(micro|um$|µm$)/.test(unit)),
  };
}

function axesOf(end: unknown): Json[] {
  const axes = object(end)["axes"];
  return Array.isArray(axes) ? axes.map(object) : [];
}

function names(end: unknown, otherwise: readonly string[]): readonly string[] {
  const found = axesOf(end).map((axis) => String(axis["name"]));
  return found.length > 0 ? found : otherwise;
}

/** One transformation as an affine of x and y; null for kinds and forms that are not known. */
export function toAffine(t: Json, axes: readonly string[]): Affine | null {
  const from = names(t["input"], axes);
  const to = names(t["output"], from);
  const vector = (key: string): readonly [number, number] | null => {
    const v = t[key];
    if (!Array.isArray(v) || v.length !== from.length) return null;
    const xy = [Number(v[from.indexOf("x")]), Number(v[from.indexOf("y")])] as const;
    return xy.every(Number.isFinite) ? xy : null;
  };
  switch (t["type"]) {
    case "identity":
      return IDENTITY;
    case "scale": {
      const s = vector("scale");
      return s && [s[0], 0, 0, 0, s[1], 0];
    }
    case "translation": {
      const s = vector("translation");
      return s && [1, 0, s[0], 0, 1, s[1]];
    }
    case "mapAxis": {
      const map = object(t["mapAxis"]);
      const row = (axis: string): number[] => (map[axis] === "x" ? [1, 0, 0] : [0, 1, 0]);
      const known = ["x", "y"].every((axis) => map[axis] === "x" || map[axis] === "y");
      return known ? ([...row("x"), ...row("y")] as unknown as Affine) : null;
    }
    case "affine": {
      const rows = t["affine"];
      if (!Array.isArray(rows)) return null;
      const row = (axis: string): number[] => {
        const values = (rows as unknown[])[to.indexOf(axis)];
        if (!Array.isArray(values)) return [NaN];
        return [from.indexOf("x"), from.indexOf("y"), from.length].map((k) => Number(values[k]));
      };
      const affine = [...row("x"), ...row("y")];
      return affine.length === 6 && affine.every(Number.isFinite) ? (affine as unknown as Affine) : null;
    }
    case "sequence": {
      const steps = t["transformations"];
      if (!Array.isArray(steps)) return null;
      return steps.reduce<Affine | null>((all, step) => {
        const next = toAffine(object(step), from);
        return all && next && after(all, next);
      }, IDENTITY);
    }
    default:
      return null;
  }
}

/** First one, then the other. */
export function after(first: Affine, then: Affine): Affine {
  const [a, b, c, d, e, f] = first;
  const [g, h, i, j, k, l] = then;
  return [g * a + h * d, g * b + h * e, g * c + h * f + i, j * a + k * d, j * b + k * e, j * c + k * f + l];
}

/** The way back; null where there is none. */
export function inverse([a, b, c, d, e, f]: Affine): Affine | null {
  const det = a * e - b * d;
  if (det === 0 || !Number.isFinite(det)) return null;
  return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det];
}
