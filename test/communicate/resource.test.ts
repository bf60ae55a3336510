import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { interactionTable } from "../../src/communicate/index.ts";
import { complexName, pairName } from "../../src/communicate/resource.ts";
import { ROWS } from "../../src/communicate/table.ts";

const human = interactionTable("human");
const mouse = interactionTable("mouse");
const find = (table: typeof human, name: string): (typeof human.pairs)[number] | undefined =>
  table.pairs.find((pair) => pairName(pair) === name);

describe("the built-in interaction table", () => {
  it("holds over 1,000 pairs, a third with complexes, in under 80 kB", () => {
    expect(human.pairs.length).toBeGreaterThan(1000);
    expect(human.pairs.filter((p) => p.ligand.length + p.receptor.length > 2).length).toBeGreaterThan(300);
    expect(ROWS.length).toBeLessThan(80_000);
    expect(human.version).toMatch(/^\d+ \(\d{4}-\d{2}\)$/);
    expect(human.dropped).toEqual([]);
  });

  it("is counted rightly in docs/interactions.md", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/interactions.md"), "utf8");
    const complexes = human.pairs.filter((p) => p.ligand.length + p.receptor.length > 2).length;
    const families = new Set(human.pairs.map((p) => p.family)).size;
    const papers = human.pairs.filter((p) => /PMID|PDB|DOI/.test(p.source)).length;
    const count = `${Math.floor(human.pairs.length / 1000)},${String(human.pairs.length % 1000).padStart(3, "0")}`;
    expect(page).toContain(
      `Version ${human.version}: ${count} human pairs in ${families} families, ${complexes} of them with a complex`,
    );
    expect(page).toContain(`${papers} rows have one`);
    expect(page).toContain(`${mouse.dropped.length} pairs hold a gene`);
  });

  it("names no pair twice, in either order of subunits", () => {
    for (const table of [human, mouse]) {
      const names = table.pairs.map((p) =>
        [complexName([...p.ligand].sort()), complexName([...p.receptor].sort())].join(" > "),
      );
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it("gives every row a family, a kind and a source that can be looked up", () => {
    for (const pair of human.pairs) {
      expect(pair.family).not.toBe("");
      expect(["secreted", "ecm", "contact"]).toContain(pair.annotation);
      const sources = pair.source.split("; ");
      for (const source of sources)
        expect(source).toMatch(
          /^(PMID:\d{7,8}|PDB:\w{4}|DOI:10\.\S+|CellPhoneDB v5|CellChatDB|connectomeDB2020|ICELLNET|Guide to Pharmacology|HPMR|CellTalkDB)$/,
        );
      expect(sources.length).toBeGreaterThanOrEqual(2);
      for (const gene of [...pair.ligand, ...pair.receptor]) expect(gene).toMatch(/^[A-Z][A-Z0-9-]*$/);
    }
  });

  it.each([
    ["TGFB1 > TGFBR1+TGFBR2", "TGF-beta", "secreted"],
    ["IL6 > IL6R+IL6ST", "Interleukin, gp130", "secreted"],
    ["IL12A+IL12B > IL12RB1+IL12RB2", "Interleukin, IL-12 family", "secreted"],
    ["IL23A+IL12B > IL12RB1+IL23R", "Interleukin, IL-12 family", "secreted"],
    ["WNT3A > FZD1+LRP6", "WNT", "secreted"],
    ["INHBA > ACVR1B+ACVR2A", "Activin", "secreted"],
    ["CXCL12 > CXCR4", "CXC chemokine", "secreted"],
    ["CD274 > PDCD1", "Checkpoint", "contact"],
    ["CD47 > SIRPA", "Checkpoint", "contact"],
    ["HLA-A > CD8A", "Antigen presentation", "contact"],
    ["SPP1 > CD44", "Osteopontin", "ecm"],
    ["COL1A1 > ITGA2+ITGB1", "Collagen", "ecm"],
    ["MIF > CD74+CXCR4", "MIF", "secreted"],
    ["GAS6 > AXL", "TAM receptor", "secreted"],
    ["CSF1 > CSF1R", "Colony-stimulating factor", "secreted"],
    ["DLL4 > NOTCH1", "Notch", "contact"],
  ])("knows %s", (name, family, annotation) => {
    expect(find(human, name)).toMatchObject({ family, annotation });
  });

  it("turns human symbols into mouse symbols and says which pairs have none", () => {
    expect(mouse.pairs.length + mouse.dropped.length).toBe(human.pairs.length);
    expect(mouse.pairs.length).toBeGreaterThan(900);
    for (const name of [
      "Tgfb1 > Tgfbr1+Tgfbr2",
      "H2-K1 > Cd8a",
      "Hc > C5ar1",
      "Ccl21a > Ccr7",
      "Il11 > Il11ra1+Il6st",
      "Kitl > Kit",
    ])
      expect(find(mouse, name), name).toBeDefined();
    expect(find(mouse, "Il6 > Il6ra+Il6st")).toBeDefined();
    expect(mouse.dropped).toContain("CXCL8 > CXCR2: no mouse counterpart of CXCL8");
    expect(mouse.pairs.some((p) => [...p.ligand, ...p.receptor].some((g) => /^(HLA|KIR)/i.test(g)))).toBe(
      false,
    );
  });

  it("refuses another species", () => {
    expect(() => interactionTable("rat" as "mouse")).toThrow(/"human" or "mouse", found "rat"/);
  });
});
