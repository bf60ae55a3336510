import { SpatialError } from "../core/index.ts";
import type { ReadOptions, Region } from "../io/index.ts";
import type { Values } from "../model/index.ts";
import type { Arguments, Flag } from "./arguments.ts";

/** The options of every command that reads a sample. */
export const readFlags: Readonly<Record<string, Flag>> = {
  positions: "text",
  values: "text",
  "bin-size": "number",
  region: "text",
  genes: "text",
  features: "text",
};

export function readOptions(args: Arguments): ReadOptions {
  const list = (name: string): string[] | undefined =>
    args
      .text(name)
      ?.split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  return {
    positions: args.text("positions"),
    values: args.text("values") as Values | undefined,
    binSize: args.number("bin-size"),
    region: region(args.text("region")),
    genes: list("genes"),
    features: list("features"),
    shapes: false,
  };
}

/** "x0,y0,x1,y1" is a box, six numbers or more are the corners of a polygon. */
function region(text: string | undefined): Region | undefined {
  if (text === undefined) return undefined;
  const numbers = text.split(",").map((v) => (v.trim() === "" ? NaN : Number(v)));
  if (numbers.length % 2 !== 0 || numbers.length < 4 || !numbers.every(Number.isFinite))
    throw new SpatialError(
      "option",
      `--region must be a box x0,y0,x1,y1 or the corners of a polygon x0,y0,x1,y1,x2,y2,..., found "${text}".`,
      { subject: "region", hint: "Numbers are in the unit of the positions, as tissular info says it." },
    );
  if (numbers.length === 4) return numbers as unknown as Region;
  return Array.from({ length: numbers.length / 2 }, (_, k) => [numbers[2 * k], numbers[2 * k + 1]] as const);
}
