import { describe } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { mouseSymbol } from "./orthologs.ts";
import { ROWS, SOURCES, VERSION } from "./table.ts";

/** One ligand and its receptor; several subunits make a complex that needs all of them. */
export interface Interaction {
  /** gene symbols of the ligand's subunits, at least one */
  readonly ligand: readonly string[];
  /** gene symbols of the receptor's subunits, at least one */
  readonly receptor: readonly string[];
  /** Pathway family, e.g. "TGF-beta"; may be empty in a table of your own. */
  readonly family: string;
  /** How the ligand travels: "secreted", "ecm" (held in the matrix) or "contact"; free text in a table of your own. */
  readonly annotation: string;
  /** Where the pair is documented: papers and public databases. */
  readonly source: string;
}

/** Ligand-receptor pairs to test. */
export interface InteractionTable {
  readonly kind: "interactions";
  /** Whose gene symbols they are; null for a table of your own. */
  readonly species: "human" | "mouse" | null;
  /** Version and date of the built-in table, or where your own came from. */
  readonly version: string;
  readonly pairs: readonly Interaction[];
  /** Rows of the origin that are not in `pairs`, each with the reason. */
  readonly dropped: readonly string[];
}

/**
 * The built-in ligand-receptor pairs: about 1,000 textbook pairs of families that matter in tissue and tumors, with
 * complexes, family, kind (secreted, matrix, contact) and a source per row. Each row is confirmed by at least two
 * independent public curations, or by one and a paper; see docs/interactions.md.
 *
 * The mouse table is the human one with mouse symbols (TGFB1 becomes Tgfb1, CCL21 becomes Ccl21a); pairs with a gene
 * that has no clear mouse counterpart (CXCL8, KIR and others) are listed in `dropped`.
 *
 * @param species whose gene symbols to use
 * @returns a new table; cost: parses about 25 kB
 *
 * @example
 * ```ts
 * import { interactionTable } from "tissular/communicate";
 * const mouse = interactionTable("mouse");
 * const il6 = mouse.pairs.find((pair) => pair.ligand[0] === "Il6");
 * if (il6?.receptor.join("+") !== "Il6ra+Il6st") throw new Error("IL-6 acts through two chains");
 * ```
 */
export function interactionTable(species: "human" | "mouse"): InteractionTable {
  const human = parseRows();
  if (species === "human") return table("human", human, []);
  if (species !== "mouse") {
    throw new SpatialError("option", `species must be "human" or "mouse", found ${describe(species)}.`, {
      subject: "species",
      hint: "For another species bring your own pairs with parseInteractions.",
    });
  }
  const pairs: Interaction[] = [];
  const dropped: string[] = [];
  for (const pair of human) {
    const without: string[] = [];
    const toMouse = (gene: string): string => {
      const name = mouseSymbol(gene);
      if (name === null) without.push(gene);
      return name ?? gene;
    };
    const inMouse = { ...pair, ligand: pair.ligand.map(toMouse), receptor: pair.receptor.map(toMouse) };
    if (without.length === 0) pairs.push(inMouse);
    else dropped.push(`${pairName(pair)}: no mouse counterpart of ${without.join(", ")}`);
  }
  return table("mouse", pairs, dropped);
}

/** The name of a ligand or receptor: its subunits joined by "+". */
export function complexName(subunits: readonly string[]): string {
  return subunits.join("+");
}

/** "IL6 > IL6R+IL6ST" */
export function pairName(pair: Interaction): string {
  return `${complexName(pair.ligand)} > ${complexName(pair.receptor)}`;
}

function table(
  species: "human" | "mouse",
  pairs: readonly Interaction[],
  dropped: readonly string[],
): InteractionTable {
  return { kind: "interactions", species, version: VERSION, pairs, dropped };
}

function parseRows(): Interaction[] {
  const pairs: Interaction[] = [];
  let family = "";
  let annotation = "";
  for (const line of ROWS.split("\n")) {
    const fields = line.split("\t");
    if (line.startsWith("# ")) {
      family = fields[0].slice(2);
      annotation = fields[1];
      continue;
    }
    const [ligand, receptor, letters, ...papers] = fields;
    const source = [
      ...papers.map((paper) => (/^\d/.test(paper) ? `PMID:${paper}` : paper)),
      ...[...letters].map((letter) => SOURCES[letter]),
    ].join("; ");
    pairs.push({ ligand: ligand.split("+"), receptor: receptor.split("+"), family, annotation, source });
  }
  return pairs;
}
