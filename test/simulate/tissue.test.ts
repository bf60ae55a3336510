import fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Categorical, idList, sparse, toDense } from "../../src/model/index.ts";
import { interactionTable } from "../../src/communicate/index.ts";
import { cellTypes, silentPairs, talkingPairs } from "../../src/simulate/catalog.ts";
import { simulateTissue, type SimulatedTissue } from "../../src/simulate/index.ts";

const codes = (tissue: SimulatedTissue, name: string): Int32Array =>
  (tissue.truth.cells.columns[name] as Categorical).codes;
const texts = (column: unknown): readonly string[] => column as readonly string[];
const mean = (x: ArrayLike<number>): number => Array.from(x).reduce((a, b) => a + b, 0) / x.length;

/** Mean over observations where `inside`, of each gene's share of the observation's molecules. */
function shares(tissue: SimulatedTissue, inside: (i: number) => boolean): Float64Array {
  const { rows, cols, indptr, indices, data } = tissue.dataset.counts;
  const sum = new Float64Array(cols);
  let n = 0;
  for (let i = 0; i < rows; i++) {
    if (!inside(i)) continue;
    const row = data.subarray(indptr[i], indptr[i + 1]);
    const total = row.reduce((a, b) => a + b, 0);
    n++;
    row.forEach((v, e) => (sum[indices[indptr[i] + e]] += v / total));
  }
  return sum.map((s) => s / n);
}

function digest(tissue: SimulatedTissue): string {
  const { counts, positions, cells } = tissue.dataset;
  const hash = createHash("sha256");
  for (const part of [counts.indptr, counts.indices, counts.data, positions.data, codes(tissue, "module")])
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.update(idList(cells.ids).join()).digest("hex").slice(0, 16);
}

describe("simulateTissue agrees with its own truth", () => {
  const tissue = simulateTissue({
    layout: "cells",
    observations: 6000,
    genes: 600,
    difficulty: "easy",
    seed: 3,
  });
  const { genes, pairs } = tissue.truth;
  const classes = texts(genes.columns["class"]);
  const targets = texts(genes.columns["target"]);
  const folds = genes.columns["fold"] as Float64Array;
  const types = tissue.truth.cells.columns["cell_type"] as Categorical;
  const modules = tissue.truth.cells.columns["module"] as Categorical;

  /** Ratio of mean shares inside and outside a group, averaged (on the log scale) over its genes relative to the stated fold. */
  function recovered(kind: string, groups: Categorical): number {
    const errors: number[] = [];
    groups.categories.forEach((name, k) => {
      const up = shares(tissue, (i) => groups.codes[i] === k);
      const down = shares(tissue, (i) => groups.codes[i] !== k);
      classes.forEach((c, j) => {
        if (c === kind && targets[j] === name) errors.push(Math.log(up[j] / down[j] / folds[j]));
      });
    });
    return Math.exp(mean(errors));
  }

  it("cell-type and module genes rise by their folds", () => {
    expect(recovered("cell-type", types)).toBeGreaterThan(0.85);
    expect(recovered("cell-type", types)).toBeLessThan(1.15);
    expect(recovered("module", modules)).toBeGreaterThan(0.85);
    expect(recovered("module", modules)).toBeLessThan(1.15);
  });

  it("null genes take the same share of molecules in every type and module", () => {
    const everywhere = shares(tissue, () => true);
    for (const groups of [types, modules]) {
      groups.categories.forEach((_, k) => {
        const here = shares(tissue, (i) => groups.codes[i] === k);
        const ratios = classes.flatMap((c, j) => (c === "null" ? [here[j] / everywhere[j]] : []));
        expect(Math.abs(mean(ratios) - 1)).toBeLessThan(0.02);
      });
    }
  });

  it("planted pairs rise in sender and receiver, null pairs nowhere", () => {
    const names = texts(genes.columns["name"]);
    texts(pairs.columns["ligand"]).forEach((ligand, k) => {
      const receptor = texts(pairs.columns["receptor"])[k];
      const planted = texts(pairs.columns["class"])[k] === "planted";
      const [a, b] = [names.indexOf(ligand), names.indexOf(receptor)];
      expect(a >= 0 && b >= 0).toBe(true);
      expect([classes[a], classes[b]]).toEqual(planted ? ["cell-type", "cell-type"] : ["null", "null"]);
      expect([targets[a], targets[b]]).toEqual([
        texts(pairs.columns["sender"])[k],
        texts(pairs.columns["receiver"])[k],
      ]);
    });
    expect(texts(pairs.columns["class"]).filter((c) => c === "planted").length).toBeGreaterThanOrEqual(8);
    expect(texts(pairs.columns["class"]).filter((c) => c === "null").length).toBeGreaterThanOrEqual(20);
  });

  it("every pair stands in the built-in interaction table, and no gene plays two parts", () => {
    const known = new Set(
      interactionTable("human").pairs.map((p) => `${p.ligand.join("+")} ${p.receptor.join("+")}`),
    );
    const all = [...talkingPairs, ...silentPairs];
    expect(all.filter((p) => !known.has(`${p.ligand} ${p.receptor}`))).toEqual([]);
    const names = [...all.flatMap((p) => [p.ligand, p.receptor]), ...cellTypes.flatMap((t) => t.markers)];
    expect(new Set(names).size).toBe(names.length);
  });

  it("counts have the stated depth", () => {
    const { counts } = tissue.dataset;
    const depth = counts.data.reduce((a, b) => a + b, 0) / counts.rows / counts.cols;
    expect(Math.abs(depth / tissue.params.parameters.depth - 1)).toBeLessThan(0.03);
  });

  it("spots hold several cells, whose shares add up, and mix modules only on borders", () => {
    const spots = simulateTissue({ observations: 800, genes: 200, cellTypes: 12, seed: 5 });
    const { columns } = spots.truth.cells;
    const held = columns["cells"] as Int32Array;
    expect(Math.abs(mean(held) - 8)).toBeLessThan(0.5);
    const shareNames = Object.keys(columns).filter((name) => name.startsWith("share "));
    expect(shareNames.length).toBe(12);
    held.forEach((_, i) => {
      expect(mean(shareNames.map((name) => (columns[name] as Float64Array)[i])) * 12).toBeCloseTo(1, 9);
    });
  });

  it("spots lie on Visium's lattice, 100 um apart", () => {
    const spots = simulateTissue({ observations: 500, genes: 200 }).dataset;
    const row = spots.cells.columns["array_row"] as Int32Array;
    const col = spots.cells.columns["array_col"] as Int32Array;
    const micron = spots.positions.micronsPerUnit ?? NaN;
    let nearest = Infinity;
    for (let i = 0; i < 500; i++) {
      expect(row[i] % 2).toBe(col[i] % 2);
      const dx = (spots.positions.data[2 * i] - spots.positions.data[0]) * micron;
      const dy = (spots.positions.data[2 * i + 1] - spots.positions.data[1]) * micron;
      if (i > 0) nearest = Math.min(nearest, Math.hypot(dx, dy));
    }
    expect(nearest).toBeGreaterThan(99);
    expect(nearest).toBeLessThan(101);
  });
});

describe("simulateTissue always", () => {
  it("gives the same numbers for the same seed, in every runtime (pinned)", () => {
    const spots = simulateTissue({ observations: 300, genes: 250, seed: 11 });
    const cells = simulateTissue({ layout: "cells", observations: 300, genes: 250, seed: 11 });
    expect([digest(spots), digest(cells)]).toMatchInlineSnapshot(`
      [
        "1cd1f24514740e9f",
        "440a68c3170f3796",
      ]
    `);
    expect(digest(simulateTissue({ observations: 300, genes: 250, seed: 11 }))).toBe(digest(spots));
    expect(digest(simulateTissue({ observations: 300, genes: 250, seed: 12 }))).not.toBe(digest(spots));
  });

  it("gives a valid matrix, different ids, and truth for every row, for any options", () => {
    const options = fc.record({
      layout: fc.constantFrom("visium" as const, "cells" as const),
      observations: fc.integer({ min: 100, max: 260 }),
      genes: fc.integer({ min: 200, max: 300 }),
      cellTypes: fc.integer({ min: 5, max: 12 }),
      modules: fc.integer({ min: 3, max: 10 }),
      difficulty: fc.constantFrom("easy" as const, "medium" as const, "hard" as const),
      seed: fc.integer({ min: 0, max: 1e9 }),
    });
    fc.assert(
      fc.property(options, (wanted) => {
        const { dataset, truth, params } = simulateTissue(wanted);
        expect(params).toMatchObject(wanted);
        const { counts } = dataset;
        sparse(counts.rows, counts.cols, counts.indptr, counts.indices, counts.data);
        expect([counts.rows, counts.cols]).toEqual([wanted.observations, wanted.genes]);
        expect(toDense(counts).data.every((v) => v >= 0 && v === Math.floor(v))).toBe(true);
        for (const table of [dataset.cells, dataset.genes])
          expect(new Set(idList(table.ids)).size).toBe(table.ids.length);
        const names = texts(dataset.genes.columns["name"]);
        expect(new Set(names).size).toBe(wanted.genes);
        expect(idList(truth.cells.ids)).toEqual(idList(dataset.cells.ids));
        expect(idList(truth.genes.ids)).toEqual(idList(dataset.genes.ids));
        expect(dataset.positions.data.every((v) => v >= 0)).toBe(true);
        expect(Object.keys(dataset.cells.columns)).not.toContain("module");
      }),
      { numRuns: 25 },
    );
  });

  it("finds room for every module in a tissue of the default size", () => {
    for (let modules = 3; modules <= 10; modules++) {
      const tissue = simulateTissue({ genes: 200, modules, seed: modules });
      const sizes = new Float64Array(modules);
      codes(tissue, "module").forEach((m) => sizes[m]++);
      expect(Math.min(...sizes)).toBeGreaterThan(0.3 * (2000 / modules));
    }
  });
});

describe("simulateTissue at the edges", () => {
  it("fills the larger capture area and refuses more spots than it has", () => {
    const full = simulateTissue({ observations: 14336, genes: 200 });
    expect(full.dataset.counts.rows).toBe(14336);
    expect(full.offTissue?.ids.length).toBe(0);
    expect(() => simulateTissue({ observations: 14337 })).toThrow(/14336 spots, found 14337/);
  });

  it("refuses what it does not know", () => {
    expect(() => simulateTissue({ cellTypes: 4 })).toThrow(/cellTypes.*from 5 to 12/);
    expect(() => simulateTissue({ modules: 11 })).toThrow(/modules.*from 3 to 10/);
    expect(() => simulateTissue({ difficulty: "trivial" as never })).toThrow(/"easy", "medium", "hard"/);
    expect(() => simulateTissue({ spots: 5 } as never)).toThrow(/no option "spots"/);
  });

  it("panels of cells hold no mitochondrial genes, slides of spots hold all 13", () => {
    const count = (layout: "visium" | "cells"): number =>
      texts(simulateTissue({ layout, observations: 100, genes: 300 }).dataset.genes.columns["name"]).filter(
        (n) => n.startsWith("MT-"),
      ).length;
    expect([count("visium"), count("cells")]).toEqual([13, 0]);
  });
});
