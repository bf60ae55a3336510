import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adjustedRandIndex } from "../../src/cluster/index.ts";
import { gridGraph, kNearestGraph } from "../../src/graph/index.ts";
import { readSample } from "../../src/io/index.ts";
import { categories, type Expression, idList, type Positions, type Sparse } from "../../src/model/index.ts";
import { tissueModules } from "../../src/modules/index.ts";
import { log1p, normalizeTotal } from "../../src/preprocess/index.ts";
import { realData } from "../support/shared.ts";

/** Adjusted Rand index of five seeds against annotated regions, over the labelled observations; the median. */
async function score(sample: string, truthFile: string, modules: number): Promise<number> {
  const { dataset } = await readSample(join(realData ?? "", "st", sample));
  const lines = readFileSync(join(realData ?? "", "truth", truthFile), "utf8")
    .trim()
    .split(/\r?\n/);
  const labelOf = new Map(lines.slice(1).map((line) => line.split(",") as [string, string]));
  const truth = categories(idList(dataset.cells.ids).map((id) => labelOf.get(id) ?? ""));
  const { array_row: row, array_col: col } = dataset.cells.columns;
  const graph =
    dataset.observation === "spot"
      ? gridGraph(row as Int32Array, col as Int32Array)
      : kNearestGraph(dataset.positions as Positions, { k: 25 });
  const x = log1p(normalizeTotal(dataset.counts as Expression<Sparse>));
  const scores: number[] = [];
  for (let seed = 0; seed < 5; seed++)
    scores.push(adjustedRandIndex((await tissueModules(x, graph, { modules, seed })).labels, truth));
  return scores.sort((a, b) => a - b)[2];
}

describe.skipIf(realData === null)("tissueModules on annotated tissue", () => {
  it.each([
    ["visium_dlpfc_151673", "visium_dlpfc_151673.domain.csv", 7, 0.55],
    ["visium_dlpfc_151674", "visium_dlpfc_151674.domain.csv", 7, 0.55],
    ["starmap_mpfc/20180417_BZ5_control.h5ad", "starmap_mpfc_BZ5.domain.csv", 4, 0.85],
  ])("%s", async (sample, truth, modules, least) => {
    expect(await score(sample, truth, modules)).toBeGreaterThan(least);
  });
});
