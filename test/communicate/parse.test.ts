import { describe, expect, it } from "vitest";
import type { SpatialError } from "../../src/core/index.ts";
import { interactionTable, matchInteractions, parseInteractions } from "../../src/communicate/index.ts";

const failure = (csv: string): SpatialError => {
  try {
    parseInteractions(csv, "mine.csv");
  } catch (error) {
    return error as SpatialError;
  }
  throw new Error("nothing was thrown");
};

describe("parseInteractions", () => {
  it("reads commas and tabs, quotes, both joints, any order and case of columns", () => {
    const comma = parseInteractions(
      '\uFEFFsource,Receptor,extra,LIGAND\r\n"Smith, ""2020""",ITGAV_ITGB3,7,FN1\r\n\r\n# note\r\n,B+C,,A\r\n',
      "mine.csv",
    );
    expect(comma.pairs).toEqual([
      { ligand: ["FN1"], receptor: ["ITGAV", "ITGB3"], family: "", annotation: "", source: 'Smith, "2020"' },
      { ligand: ["A"], receptor: ["B", "C"], family: "", annotation: "", source: "" },
    ]);
    expect(comma).toMatchObject({ species: null, version: "mine.csv", dropped: [] });
    const tab = parseInteractions("ligand\treceptor\tfamily\tannotation\nA\tB\tx, y\tcontact", "t.tsv");
    expect(tab.pairs[0]).toMatchObject({ family: "x, y", annotation: "contact" });
  });

  it("keeps a repeated pair once and says so", () => {
    const table = parseInteractions("ligand,receptor\nA,B\nA,C\nA,B\n", "mine.csv");
    expect(table.pairs.length).toBe(2);
    expect(table.dropped).toEqual(["A > B: line 4 repeats line 2"]);
  });

  it.each([
    ["", /mine.csv is empty/],
    ["A,B\nC,D\n", /Line 1 of mine.csv must name the columns ligand and receptor, found a, b/],
    ["ligand,receptor\nA,B\nC\n", /Line 3 of mine.csv must name a ligand and a receptor/],
    ["ligand,receptor\nA_,B\n", /Line 2 of mine.csv must name a ligand/],
    ["ligand,receptor\n,B\n", /Line 2/],
    ['ligand,receptor\nA,"B\n', /Line 2 of mine.csv has a quote that does not close/],
    ["ligand,receptor\n", /no pair below its header/],
  ])("refuses %j by line", (csv, message) => {
    const error = failure(csv);
    expect(error).toMatchObject({ code: "format", subject: "mine.csv" });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/ligand,receptor/);
  });
});

describe("matchInteractions", () => {
  const table = parseInteractions("ligand,receptor\nL1,R1_R2\nL1,R3\nL2,R3\nL3,L3\n", "mine.csv");

  it("counts complete pairs and the pairs that each missing subunit costs", () => {
    const match = matchInteractions(table, ["L1", "R1", "R3", "other"]);
    expect(match).toMatchObject({ pairs: 4, complete: 1, likelyCause: null });
    expect([...match.present]).toEqual([1]);
    expect(match.missing).toEqual([
      { gene: "L2", pairs: 1 },
      { gene: "L3", pairs: 1 },
      { gene: "R2", pairs: 1 },
    ]);
  });

  const human = interactionTable("human");
  const mouse = interactionTable("mouse");
  const genesOf = (t: typeof human): string[] => [
    ...new Set(t.pairs.flatMap((pair) => [...pair.ligand, ...pair.receptor])),
  ];

  it("finds everything in its own symbols", () => {
    for (const t of [human, mouse])
      expect(matchInteractions(t, genesOf(t))).toMatchObject({
        complete: t.pairs.length,
        missing: [],
        likelyCause: null,
      });
  });

  it("tells mouse symbols from human ones", () => {
    const cause = matchInteractions(human, genesOf(mouse)).likelyCause;
    expect(cause).toMatch(/the sample has mouse symbols, the table human ones\. Use the mouse table\.$/);
    expect(matchInteractions(mouse, genesOf(human)).likelyCause).toMatch(/sample has human symbols/);
    const own = parseInteractions("ligand,receptor\nTGFB1,TGFBR1_TGFBR2\n", "own.csv");
    expect(matchInteractions(own, ["Tgfb1", "Tgfbr1", "Tgfbr2"]).likelyCause).toMatch(
      /3 symbols .* or mouse symbols in your pairs/,
    );
    expect(matchInteractions(own, ["tgfB1"]).likelyCause).toMatch(/agree but for their capitals/);
  });

  it("sees ids in place of symbols", () => {
    const cause = matchInteractions(human, ["ENSG00000141510", "ENSG00000012048.23", "MT-CO1"]).likelyCause;
    expect(cause).toMatch(/Ensembl ids \(ENSG00000141510\)/);
    expect(matchInteractions(mouse, ["ENSMUSG00000059552"]).likelyCause).toMatch(/by symbols \(Tgfb1\)/);
  });

  it("blames nothing on a panel that has none of the genes", () => {
    expect(matchInteractions(human, ["KRT5", "ACTB"]).likelyCause).toBeNull();
  });
});
