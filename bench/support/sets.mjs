import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeSample } from "./make.mjs";

const set = (cells, genes, density, hexagonal = false) => ({ cells, genes, density, hexagonal });

/** The samples by name: spots of a whole transcriptome, panels of cells, and four sizes of one panel. */
export const sets = {
  t500: set(500, 400, 0.3),
  t1k: set(1000, 1000, 0.1),
  v4k: set(4000, 18000, 0.07, true),
  x50k: set(50000, 500, 0.08),
  m100k: set(100000, 2000, 0.06),
  m1m: set(1000000, 300, 0.1),
  ...Object.fromEntries([1, 2, 3, 4].map((k) => [`g${k}k`, set(1000 * k, 500, 0.08)])),
  ...Object.fromEntries([12.5, 25, 50, 100].map((k) => [`g${k}k`, set(1000 * k, 500, 0.08)])),
};

/** Where a sample lies; it is made where it is not there yet. */
export async function sample(name, folder) {
  if (!(name in sets)) throw new Error(`no set is called ${name}; there are ${Object.keys(sets).join(", ")}`);
  const h5 = join(folder, `${name}.h5`);
  const csv = join(folder, `${name}_obs.csv`);
  if (!existsSync(h5) || !existsSync(csv)) {
    mkdirSync(folder, { recursive: true });
    const seed = Object.keys(sets).indexOf(name) + 1;
    await makeSample(h5, csv, { ...sets[name], seed });
    console.log(`made ${h5}`);
  }
  return { h5, csv };
}

/** A temporary folder that is gone when the process ends. */
export function temporary() {
  const folder = mkdtempSync(join(tmpdir(), "tissular-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What every tool's steps start from, computed once by tissular: a folder of plain arrays (`tools/prepare.mjs`). */
export async function prepared(name, data, folder) {
  const { h5, csv } = await sample(name, data);
  const inputs = join(folder, name);
  if (!existsSync(inputs))
    execFileSync(process.execPath, [resolve(import.meta.dirname, "../tools/prepare.mjs"), h5, csv, inputs], {
      stdio: "inherit",
    });
  return inputs;
}
