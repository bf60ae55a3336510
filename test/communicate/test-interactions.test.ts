import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import {
  parseInteractions,
  testInteractions,
  type InteractionTable,
  type TestInteractionsResult,
} from "../../src/communicate/index.ts";
import {
  categorical,
  categories,
  dense,
  expression,
  selectRows,
  sparse,
  toDense,
  toSparse,
  type Categorical,
  type Expression,
  type Graph,
  type Sparse,
} from "../../src/model/index.ts";
import { shuffleInto } from "../kernels/twins/permutation.ts";
import { normal } from "../../src/kernels/random.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

const tableOf = (pairs: readonly (readonly string[])[]): InteractionTable =>
  parseInteractions(["ligand,receptor", ...pairs.map((p) => `${p[0]},${p[1]}`)].join("\n"), "own.csv");
const nameOf = (c: Categorical, r: number): string => c.categories[c.codes[r]];
const keyOf = (t: TestInteractionsResult, r: number): string =>
  [t.ligand, t.receptor, t.sender, t.receiver].map((c) => nameOf(c, r)).join(" ");
const rowOf = (t: TestInteractionsResult): Map<string, number> =>
  new Map(Array.from(t.p, (_, r) => [keyOf(t, r), r]));

/** p with the 1 added, as this library has it, from a plain share of B permutations. */
const withOne = (share: number, b: number): number => (share * b + 1) / (b + 1);

/** How far a p from 1,000 permutations may lie off: 0.03, or 4 standard errors. */
const chance = (p: number): number => Math.max(0.03, 4 * Math.sqrt((p * (1 - p)) / 1000));

describe("testInteractions agrees with squidpy (own fixture)", async () => {
  const fixture = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/ligrec.json"), "utf8")) as {
    labels: string;
    genes: string[];
    values: number[];
    rows: [string, string, string, string, number, number | null][];
  };
  const cells = fixture.labels.length;
  const x = expression(
    toSparse(dense(cells, fixture.genes.length, Float32Array.from(fixture.values))),
    "log",
  );
  const table = tableOf(fixture.rows.map((r) => [r[0], r[1]]));
  const result = await testInteractions(x, categories([...fixture.labels]), fixture.genes, table, {
    permutations: 10000,
  });
  const rows = rowOf(result);

  it("tests the same rows with the same means", () => {
    const tested = fixture.rows.filter((r) => r[5] !== null);
    expect(result.p.length).toBe(tested.length);
    for (const row of tested) {
      const r = rows.get(row.slice(0, 4).join(" "))!;
      expect(Math.abs(result.score[r] - row[4])).toBeLessThan(1e-6);
    }
  });

  it("gives the same p within the error of 10,000 permutations", () => {
    let planted = 1;
    for (const row of fixture.rows) {
      if (row[5] === null) continue;
      const p = result.p[rows.get(row.slice(0, 4).join(" "))!];
      const expected = withOne(row[5], 10000);
      expect(Math.abs(p - expected)).toBeLessThan(0.02);
      if (row.slice(0, 4).join(" ") === "G0 G1 a b") planted = p;
    }
    expect(planted).toBeLessThan(0.001);
  });
});

describe.skipIf(oracles === null)("testInteractions agrees with squidpy and liana", async () => {
  if (oracles === null) return;
  const core = join(oracles, "core");
  const json = (name: string): Record<string, string[]> =>
    JSON.parse(readFileSync(join(core, `${name}.json`), "utf8")) as Record<string, string[]>;
  const input = readNpz(join(core, "input.npz"));
  const names = json("input");
  const logged = readNpz(join(core, "normalize.npz"))["t1e4_log1p_data"].data as Float32Array;
  const x = expression(
    sparse(
      600,
      300,
      Uint32Array.from(input["X__indptr"].data as Int32Array),
      Uint32Array.from(input["X__indices"].data as Int32Array),
      Float32Array.from(logged),
    ),
    "log",
  );
  const labels = categories(names["domain"]);
  const genes = names["var_names"].map((gene) => gene.toUpperCase());

  it("squidpy 1.8.3 gr.ligrec: means to 1e-6, p within chance", async () => {
    const ligrec = json("ligrec");
    const arrays = readNpz(join(core, "ligrec.npz"));
    const means = arrays["means"].data as Float64Array;
    const p = arrays["pvalues_mean"].data as Float64Array;
    const table = tableOf(ligrec["row_source"].map((ligand, i) => [ligand, ligrec["row_target"][i]]));
    const result = await testInteractions(x, labels, genes, table, {
      minFraction: 0.01,
      permutations: 10000,
    });
    const rows = rowOf(result);
    let compared = 0;
    let worst = 0;
    ligrec["row_source"].forEach((ligand, i) =>
      ligrec["col_source"].forEach((sender, j) => {
        const at = i * ligrec["col_source"].length + j;
        const r = rows.get([ligand, ligrec["row_target"][i], sender, ligrec["col_target"][j]].join(" "));
        if (r === undefined || Number.isNaN(p[at])) return;
        compared++;
        expect(Math.abs(result.score[r] / means[at] - 1)).toBeLessThan(1e-6);
        worst = Math.max(worst, Math.abs(result.p[r] - withOne(p[at], 1000)) / chance(p[at]));
      }),
    );
    expect(compared).toBeGreaterThan(950);
    expect(compared).toBe(result.p.length);
    expect(worst).toBeLessThan(1);
  });

  it("liana 1.10.0 cellphonedb: the same rows, complexes included, means to 1e-5, p within chance", async () => {
    const given = json("liana_resource");
    const expected = json("liana_cellphonedb");
    const arrays = readNpz(join(core, "liana_cellphonedb.npz"));
    const column = (name: string): Float64Array => Float64Array.from(arrays[name].data as Float64Array);
    const table = tableOf(given["ligand"].map((ligand, i) => [ligand, given["receptor"][i]]));
    const result = await testInteractions(x, labels, genes, table, { permutations: 10000 });
    const rows = rowOf(result);
    expect(result.p.length).toBe(expected["source"].length);
    const pairsOfColumns: [string, Float64Array][] = [
      ["lr_means", result.score],
      ["ligand_means", result.ligandMean],
      ["receptor_means", result.receptorMean],
      ["ligand_props", result.ligandFraction],
      ["receptor_props", result.receptorFraction],
    ];
    const at = expected["source"].map((sender, i) => {
      const complexes = [expected["ligand_complex"][i], expected["receptor_complex"][i]];
      return rows.get(
        [...complexes.map((c) => c.replaceAll("_", "+")), sender, expected["target"][i]].join(" "),
      )!;
    });
    for (const [name, ours] of pairsOfColumns) {
      const theirs = column(name);
      at.forEach((r, i) => expect(Math.abs(ours[r] / theirs[i] - 1), `${name} ${i}`).toBeLessThan(1e-5));
    }
    const p = column("cellphone_pvals");
    // liana shuffles a complex as the subunit that was least in the data; here the least is sought anew each time,
    // so only pairs of single genes have the same null.
    const single = at.flatMap((r, i) => (keyOf(result, r).includes("+") ? [] : [i]));
    expect(single.length).toBeGreaterThan(900);
    for (const i of single)
      expect(Math.abs(result.p[at[i]] - withOne(p[i], 1000))).toBeLessThan(chance(p[i]));
  });
});

/** n cells of noise, about half of them zero. */
function noise(n: number, p: number, seed: number): Expression<Sparse> {
  const rng = stream(seed);
  const values = Float32Array.from({ length: n * p }, () => Math.max(0, normal(rng)));
  return expression(toSparse(dense(n, p, values)), "log");
}
const geneList = (p: number): string[] => Array.from({ length: p }, (_, j) => `G${j}`);

describe("testInteractions always", () => {
  it("calls 3 to 7 % of 1,000 null pairs at p < 0.05", async () => {
    const rng = stream(11);
    const labels = categorical(
      Int32Array.from({ length: 200 }, () => rng.below(2)),
      ["a", "b"],
    );
    const table = tableOf(Array.from({ length: 1000 }, (_, i) => [`G${i}`, `G${1000 + i}`]));
    const result = await testInteractions(noise(200, 2000, 12), labels, geneList(2000), table, {
      permutations: 500,
    });
    for (const [sender, receiver] of [
      ["a", "b"],
      ["b", "b"],
    ]) {
      const p = Array.from(result.p).filter(
        (_, r) => nameOf(result.sender, r) === sender && nameOf(result.receiver, r) === receiver,
      );
      expect(p.length).toBe(1000);
      const share = p.filter((v) => v < 0.05).length / p.length;
      expect(share).toBeGreaterThan(0.03);
      expect(share).toBeLessThan(0.07);
      expect(p.reduce((a, b) => a + b) / p.length).toBeGreaterThan(0.46);
      expect(p.reduce((a, b) => a + b) / p.length).toBeLessThan(0.54);
    }
    expect(Array.from(result.pAdjusted).filter((q) => q < 0.05).length).toBeLessThan(5);
  });

  it("matches the definition, complexes, missing labels and all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
        const rng = stream(seed, 5);
        const n = 12 + rng.below(20);
        const x = noise(n, 6, seed);
        const full = new Float64Array(n * 6);
        for (let i = 0; i < n; i++)
          for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) full[i * 6 + x.indices[e]] = x.data[e];
        const labels = categorical(
          Int32Array.from({ length: n }, () => rng.below(4) - 1),
          ["a", "b", "c"],
        );
        const pairs = [
          [[0], [1]],
          [
            [2, 3],
            [4, 5, 0],
          ],
          [[1], [1]],
        ];
        const table = tableOf(pairs.map((pair) => pair.map((side) => side.map((j) => `G${j}`).join("_"))));
        const minFraction = 0.3;
        const result = await testInteractions(x, labels, geneList(6), table, {
          minFraction,
          permutations: 1,
        });
        const side = (genes: number[], c: number, f: (v: number) => number): number => {
          const cells = [...labels.codes.keys()].filter((i) => labels.codes[i] === c);
          return Math.min(
            ...genes.map((j) => cells.reduce((sum, i) => sum + f(full[i * 6 + j]), 0) / cells.length),
          );
        };
        let r = 0;
        for (let pair = 0; pair < 3; pair++)
          for (let s = 0; s < 3; s++)
            for (let t = 0; t < 3; t++) {
              const [ligand, receptor] = pairs[pair];
              const fractions = [side(ligand, s, (v) => +(v > 0)), side(receptor, t, (v) => +(v > 0))];
              if (!(fractions[0] >= minFraction && fractions[1] >= minFraction)) continue;
              expect([result.pair[r], result.sender.codes[r], result.receiver.codes[r]]).toEqual([
                pair,
                s,
                t,
              ]);
              expect(result.ligandFraction[r]).toBeCloseTo(fractions[0], 12);
              expect(result.receptorFraction[r]).toBeCloseTo(fractions[1], 12);
              expect(result.ligandMean[r]).toBeCloseTo(
                side(ligand, s, (v) => v),
                10,
              );
              expect(result.receptorMean[r]).toBeCloseTo(
                side(receptor, t, (v) => v),
                10,
              );
              expect(result.score[r]).toBe((result.ligandMean[r] + result.receptorMean[r]) / 2);
              r++;
            }
        expect(result.p.length).toBe(r);
      }),
      { numRuns: 40 },
    );
  });

  it("recomputes the least subunit in every permutation: p equals full enumeration", async () => {
    // 3 + 3 cells: 20 labelings, all counted by hand against 20,000 random ones.
    const values = [3, 0, 0, 2, 2, 0, 1, 3, 0, 0, 1, 2, 0, 2, 3, 1, 0, 1];
    const x = expression(toSparse(dense(6, 3, Float32Array.from(values))), "log");
    const labels = categorical(Int32Array.from([0, 0, 0, 1, 1, 1]), ["a", "b"]);
    const result = await testInteractions(x, labels, ["L1", "L2", "R"], tableOf([["L1_L2", "R"]]), {
      permutations: 20000,
      minFraction: 0,
    });
    const score = (inA: number[], s: number, t: number): number => {
      const mean = (j: number, c: number): number =>
        [0, 1, 2, 3, 4, 5]
          .filter((i) => inA.includes(i) === (c === 0))
          .reduce((m, i) => m + values[i * 3 + j], 0);
      return Math.min(mean(0, s), mean(1, s)) + mean(2, t);
    };
    const labelings: number[][] = [];
    for (let a = 0; a < 6; a++)
      for (let b = a + 1; b < 6; b++) for (let c = b + 1; c < 6; c++) labelings.push([a, b, c]);
    for (let r = 0; r < 4; r++) {
      const s = result.sender.codes[r];
      const t = result.receiver.codes[r];
      const exact = labelings.filter((l) => score(l, s, t) >= score([0, 1, 2], s, t)).length / 20;
      expect(Math.abs(result.p[r] - exact)).toBeLessThan(0.015);
    }
  });

  it.each([1, 2, 3, 4, 5, 7])("counts exactly the %i shuffles of its streams", async (permutations) => {
    const n = 40;
    const x = noise(n, 3, 31);
    const rng = stream(32);
    const codes = Int32Array.from({ length: n }, () => rng.below(3));
    const labels = categorical(codes, ["a", "b", "c"]);
    const result = await testInteractions(x, labels, geneList(3), tableOf([["G0_G1", "G2"]]), {
      permutations,
      seed: 9,
      minFraction: 0,
    });
    const full = toDense(x).data;
    const score = (labeling: Int32Array, s: number, t: number): number => {
      const mean = (j: number, c: number): number => {
        const own = [...labeling.keys()].filter((i) => labeling[i] === c);
        return own.reduce((sum, i) => sum + full[i * 3 + j], 0) / own.length;
      };
      return Math.min(mean(0, s), mean(1, s)) + mean(2, t);
    };
    for (let r = 0; r < 9; r++) {
      const [s, t] = [Math.floor(r / 3), r % 3];
      let reached = 0;
      for (let b = 0; b < permutations; b++) {
        const shuffled = new Int32Array(n);
        shuffleInto(codes, shuffled, stream(9, b));
        if (score(shuffled, s, t) >= score(codes, s, t)) reached++;
      }
      expect(result.p[r]).toBe((1 + reached) / (1 + permutations));
    }
  });

  it("gives the same numbers for the same seed, others for another, and changes nothing it was given", async () => {
    const x = noise(60, 8, 3);
    const rng = stream(4);
    const labels = categorical(
      Int32Array.from({ length: 60 }, () => rng.below(3)),
      ["a", "b", "c"],
    );
    const table = tableOf([
      ["G0", "G1"],
      ["G2_G3", "G4"],
    ]);
    const before = [x.data.slice(), labels.codes.slice(), JSON.stringify(table)];
    const run = (seed: number): Promise<TestInteractionsResult> =>
      testInteractions(x, labels, geneList(8), table, { seed, permutations: 99 });
    const [a, b, c] = [await run(1), await run(1), await run(2)];
    expect(a).toEqual(b);
    expect(Array.from(a.p)).not.toEqual(Array.from(c.p));
    expect(a.params).toEqual({ permutations: 99, minFraction: 0.1, seed: 1, table: "own.csv", graph: false });
    expect([x.data, labels.codes, JSON.stringify(table)]).toEqual(before);
  });

  it("does not hang on the order of cells, but for the permutations' chance", async () => {
    const x = noise(300, 8, 21);
    const codes = Int32Array.from({ length: 300 }, (_, i) => i % 3);
    const order = Uint32Array.from({ length: 300 }, (_, i) => (i * 77 + 13) % 300);
    const table = tableOf([
      ["G0", "G1"],
      ["G2_G3", "G4_G5"],
    ]);
    const one = await testInteractions(x, categorical(codes, ["a", "b", "c"]), geneList(8), table);
    const two = await testInteractions(
      selectRows(x, order),
      categorical(
        Int32Array.from(order, (i) => codes[i]),
        ["a", "b", "c"],
      ),
      geneList(8),
      table,
    );
    one.score.forEach((score, r) => expect(two.score[r]).toBeCloseTo(score, 12));
    expect(two.ligandFraction).toEqual(one.ligandFraction);
    one.p.forEach((p, r) => expect(Math.abs(two.p[r] - p)).toBeLessThan(0.09));
  });
});

describe("testInteractions at the edges", () => {
  const x = noise(8, 3, 1);
  const ones = expression(toSparse(dense(4, 2, new Float32Array(8).fill(1))), "log");
  const table = tableOf([["G0", "G1"]]);
  const code = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => "nothing thrown",
      (error: unknown) => error,
    );

  it("gives p = 1 for a single cluster and for constant genes", async () => {
    const single = await testInteractions(x, categories(new Array(8).fill("a")), geneList(3), table, {
      minFraction: 0,
    });
    expect(Array.from(single.p)).toEqual([1]);
    const constant = await testInteractions(ones, categories(["a", "a", "b", "b"]), geneList(2), table);
    expect(Array.from(constant.p)).toEqual([1, 1, 1, 1]);
    expect(Array.from(constant.score)).toEqual([1, 1, 1, 1]);
  });

  it("leaves out clusters without cells and cells without a cluster", async () => {
    const labels = categorical(Int32Array.from([2, 2, -1, -1]), ["a", "b", "c"]);
    const result = await testInteractions(ones, labels, geneList(2), table, { minFraction: 0 });
    expect(Array.from(result.sender.codes)).toEqual([2]);
    expect(Array.from(result.pAdjusted)).toEqual([1]);
  });

  it("returns no rows where a pair is present but not expressed", async () => {
    const empty = expression(toSparse(dense(4, 2)), "log");
    const result = await testInteractions(empty, categories(["a", "a", "b", "b"]), geneList(2), table);
    expect(result.p.length).toBe(0);
    expect(result.pairs.length).toBe(1);
  });

  it("takes the first of two columns with one name", async () => {
    const twice = expression(toSparse(dense(2, 3, Float32Array.from([5, 1, 2, 5, 1, 2]))), "log");
    const result = await testInteractions(twice, categories(["a", "a"]), ["G0", "G0", "G1"], table);
    expect(result.ligandMean[0]).toBe(5);
  });

  it("counts edges once in an undirected graph and compares them with chance", async () => {
    // a path 0 - 1 - 2 - 3 with labels a a b b
    const path: Graph = {
      kind: "graph",
      nodes: 4,
      directed: false,
      indptr: Uint32Array.from([0, 1, 3, 5, 6]),
      indices: Uint32Array.from([1, 0, 2, 1, 3, 2]),
      weights: new Float32Array(6).fill(1),
      distances: new Float64Array(6).fill(1),
    };
    const labels = categories(["a", "a", "b", "b"]);
    const result = await testInteractions(ones, labels, geneList(2), table, { graph: path });
    expect(Array.from(result.edges)).toEqual([1, 1, 1, 1]);
    // 3 edges over 6 pairs of cells: 0.5 expected within a cluster, 2 between the two
    const expected = [0.5, 2, 2, 0.5].map((e) => Math.log2(2 / (e + 1)));
    result.edgeEnrichment.forEach((v, r) => expect(v).toBeCloseTo(expected[r], 12));
    const directed = await testInteractions(ones, labels, geneList(2), table, {
      graph: { ...path, directed: true },
    });
    expect(Array.from(directed.edges)).toEqual([2, 1, 1, 2]);
    const without = await testInteractions(ones, labels, geneList(2), table);
    expect(without.edges.every(Number.isNaN)).toBe(true);
    expect(without.edgeEnrichment.every(Number.isNaN)).toBe(true);
    expect(without.p).toEqual(result.p);
  });

  it("names what is wrong", async () => {
    const labels = categories(new Array(8).fill("a"));
    const genes = geneList(3);
    expect(await code(testInteractions({ ...x, values: "counts" }, labels, genes, table))).toMatchObject({
      code: "values",
      message: "testInteractions needs log or normalized values, found counts.",
    });
    expect(await code(testInteractions({ ...x, values: "scaled" }, labels, genes, table))).toMatchObject({
      code: "values",
    });
    expect(
      await code(testInteractions(x, labels, ["Tgfb1", "Tgfbr1", "Tgfbr2"], tableOf([["TGFB1", "TGFBR1"]]))),
    ).toMatchObject({
      code: "input",
      hint: expect.stringMatching(/mouse symbols/) as string,
    });
    expect(await code(testInteractions(x, labels, ["x", "y", "z"], table))).toMatchObject({
      code: "input",
      message: "testInteractions: none of the 1 pairs has all its genes among the 3 gene names.",
    });
    expect(await code(testInteractions(x, labels, ["G0"], table))).toMatchObject({ subject: "genes" });
    expect(await code(testInteractions(x, categories(["a"]), genes, table))).toMatchObject({
      subject: "labels",
    });
    expect(
      await code(testInteractions(x, categorical(new Int32Array(8).fill(-1), []), genes, table)),
    ).toMatchObject({
      message: "testInteractions: no cell has a label.",
    });
    const bad = { ...x, data: x.data.map((v, i) => (i === 0 ? NaN : v)) };
    const all = tableOf([["G0_G1_G2", "G0"]]);
    expect(await code(testInteractions(bad, labels, genes, all))).toMatchObject({
      subject: "x",
      code: "input",
    });
    const options = { permutation: 5 } as object;
    expect(await code(testInteractions(x, labels, genes, table, options))).toMatchObject({ code: "option" });
    const graph = { kind: "graph", nodes: 3 } as Graph;
    expect(await code(testInteractions(x, labels, genes, table, { graph }))).toMatchObject({
      subject: "graph",
    });
  });

  it("stops when asked and reports progress", async () => {
    const labels = categories(["a", "a", "a", "a", "b", "b", "b", "b"]);
    const controller = new AbortController();
    const seen: number[] = [];
    const run = testInteractions(x, labels, geneList(3), table, {
      minFraction: 0,
      permutations: 1e6,
      signal: controller.signal,
      onProgress: ({ fraction }) => {
        seen.push(fraction);
        if (seen.length === 3) controller.abort();
      },
    });
    expect(await code(run)).toMatchObject({ code: "aborted" });
    expect(seen.length).toBe(3);
  });
});
