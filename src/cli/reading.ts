import type { ReadOptions } from "../io/index.ts";
import type { Values } from "../model/index.ts";
import type { Arguments, Flag } from "./arguments.ts";

/** The options of every command that reads a sample. */
export const readFlags: Readonly<Record<string, Flag>> = {
  positions: "text",
  values: "text",
  "bin-size": "number",
};

export function readOptions(args: Arguments): ReadOptions {
  return {
    positions: args.text("positions"),
    values: args.text("values") as Values | undefined,
    binSize: args.number("bin-size") as ReadOptions["binSize"],
    shapes: false,
  };
}
