import { boolean, type Rule, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { geneNames, selectGenes, type SpatialDataset } from "../model/dataset.ts";
import { idList, type Table } from "../model/table.ts";
import { type Region, regionRule, withinRegion } from "./region.ts";
import { counted, type Draft, grouped, sample } from "./report.ts";

/** What of a sample is read; the same for every platform. */
export interface Choice {
  /** Only observations in this part of the section, in the unit of the positions; outlines of the others go too. */
  readonly region?: Region;
  /** Only these genes, by name or id, in the sample's order; a name that repeats stands for all of its genes. */
  readonly genes?: readonly string[];
  /** Which kinds of features that are no genes are kept ("Antibody Capture", "Blank", ...); default all. */
  readonly features?: readonly string[];
  /** Are outlines of cells and nuclei read into `shapes` where there are any? Default true. */
  readonly shapes?: boolean;
  /** Are images of the tissue kept where there are any? Pixels of large ones are read when asked for. Default true. */
  readonly images?: boolean;
}

const names: Rule = such(
  "a list of names",
  (v) => Array.isArray(v) && v.every((name) => typeof name === "string"),
);

export const choiceRules: Readonly<Record<keyof Choice, Rule>> = {
  region: regionRule,
  genes: names,
  features: names,
  shapes: boolean(),
  images: boolean(),
};

/**
 * What was chosen of a dataset.
 *
 * @throws {SpatialError} `input` where no observation lies in the region; `not-found` where no gene has a name asked for
 */
export function chosen(whole: SpatialDataset, choice: Choice, report: Draft): SpatialDataset {
  const { shapes, images, pyramids, ...bare } = whole;
  let ds: SpatialDataset = {
    ...bare,
    ...(shapes !== undefined && choice.shapes !== false ? { shapes } : {}),
    ...(images !== undefined && choice.images !== false ? { images } : {}),
    ...(pyramids !== undefined && choice.images !== false ? { pyramids } : {}),
  };
  if (choice.features !== undefined) ds = withFeatures(ds, choice.features, report);
  if (choice.genes !== undefined) ds = withGenes(ds, choice.genes, report);
  return choice.region === undefined ? ds : withinRegion(ds, choice.region, report);
}

function withFeatures(ds: SpatialDataset, kinds: readonly string[], report: Draft): SpatialDataset {
  const there = Object.keys(ds.features);
  const unknown = kinds.filter((kind) => !there.includes(kind));
  if (unknown.length > 0)
    report.warnings.push(
      `There are no features of kind ${sample(unknown)}; there are ${sample(there, 12) || "none but genes"}.`,
    );
  for (const kind of there) {
    if (kinds.includes(kind)) continue;
    const count = ds.features[kind].table.ids.length;
    report.dropped.push({ what: "feature", count, why: `of kind ${kind}, not asked for` });
  }
  return {
    ...ds,
    features: Object.fromEntries(Object.entries(ds.features).filter(([kind]) => kinds.includes(kind))),
  };
}

function withGenes(ds: SpatialDataset, wanted: readonly string[], report: Draft): SpatialDataset {
  const columns = chooseGenes(ds.genes, wanted, report);
  return columns.length === ds.genes.ids.length ? ds : selectGenes(ds, columns);
}

/**
 * Rows of the genes with one of the names or ids, ascending.
 *
 * @throws {SpatialError} `not-found` where there is none
 */
export function chooseGenes(genes: Table, wanted: readonly string[], report: Draft): Uint32Array {
  const { columns, unknown } = findGenes(genes, wanted);
  if (columns.length === 0)
    throw new SpatialError(
      "not-found",
      `The sample has none of the genes asked for, ${sample(wanted) || "which are none"}: it has ${sample(geneNames(genes))}.`,
      { subject: "genes", hint: "Genes are asked for by name or id, as the sample spells them." },
    );
  if (unknown.length > 0)
    report.warnings.push(`Genes asked for that are not in the sample: ${sample(unknown, 12)}.`);
  const p = genes.ids.length;
  report.found.push(`${counted(columns.length, "gene")} of ${grouped(p)} as asked for.`);
  if (columns.length < p)
    report.dropped.push({ what: "gene", count: p - columns.length, why: "not asked for" });
  return Uint32Array.from(columns);
}

/** Which genes have one of the names or ids, ascending, and which of these no gene has. */
function findGenes(genes: Table, wanted: readonly string[]): { columns: number[]; unknown: string[] } {
  const asked = new Set(wanted);
  const named = geneNames(genes);
  const found = new Set<string>();
  const columns = idList(genes.ids).flatMap((id, j) => {
    const hits = [id, named[j]].filter((name) => asked.has(name));
    for (const name of hits) found.add(name);
    return hits.length > 0 ? [j] : [];
  });
  return { columns, unknown: [...asked].filter((name) => !found.has(name)) };
}
