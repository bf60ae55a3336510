import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readArray } from "./arrays.mjs";

/** The arrays of `prepare.mjs`, each read when first asked for. */
export function inputs(folder) {
  const known = new Map();
  const array = (name) => {
    if (!known.has(name)) known.set(name, readArray(folder, name));
    return known.get(name);
  };
  return { ...JSON.parse(readFileSync(join(folder, "sample.json"), "utf8")), array };
}
