import { SpatialError } from "../core/errors.ts";
import {
  interactionTable,
  matchInteractions,
  type InteractionMatch,
  type InteractionTable,
} from "../communicate/index.ts";
import { geneNames, idList, type SpatialDataset } from "../model/index.ts";
import type { AnalysisNote } from "./analysis.ts";
import { inferSpecies } from "./defaults.ts";
import type { AnalyzeOptions } from "./options.ts";

/** Which ligand-receptor pairs are tested, and how many of them the sample's genes can answer. */
export interface ChosenPairs {
  readonly species: "human" | "mouse";
  readonly table: InteractionTable;
  /** null where interactions are left out as asked */
  readonly match: InteractionMatch | null;
}

/**
 * The user's table or the built-in one of the species; refuses a table of the user's own that matches nothing, and a
 * species that the gene names contradict.
 */
export function choosePairs(ds: SpatialDataset, options: AnalyzeOptions, notes: AnalysisNote[]): ChosenPairs {
  const names = geneNames(ds.genes);
  const wanted = !(options.skip ?? []).includes("interactions");
  const species = chooseSpecies(ds, names, options, wanted, notes);
  const table = options.pairs ?? interactionTable(species);
  const match = wanted ? matchInteractions(table, names) : null;
  if (options.pairs !== undefined && match !== null && match.complete === 0) {
    throw new SpatialError(
      "input",
      `None of the ${match.pairs} pairs has all its genes among the sample's ${names.length} genes.`,
      {
        subject: "pairs",
        hint: match.likelyCause ?? "Compare the gene symbols of the pairs with those of the sample.",
      },
    );
  }
  return { species, table, match };
}

function chooseSpecies(
  ds: SpatialDataset,
  names: readonly string[],
  options: AnalyzeOptions,
  wanted: boolean,
  notes: AnalysisNote[],
): "human" | "mouse" {
  const seen = inferSpecies(idList(ds.genes.ids), names);
  const builtIn = wanted && options.pairs === undefined;
  if (options.species === undefined) {
    if (seen === "mouse" && builtIn)
      notes.push({
        step: "interactions",
        kind: "note",
        text: "the gene names are those of the mouse: the mouse table is used",
      });
    return seen ?? "human";
  }
  if (seen !== null && seen !== options.species && builtIn) {
    throw new SpatialError(
      "input",
      `The species is said to be ${options.species}, but the gene names look like ${seen} (${names.slice(0, 3).join(", ")}).`,
      { subject: "species", hint: `Use --species ${seen}, or leave it out.` },
    );
  }
  return options.species;
}
