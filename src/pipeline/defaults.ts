import { SpatialError } from "../core/errors.ts";
import type { BlockedMatrix, Dense, Expression, SpatialDataset, Sparse, Values } from "../model/index.ts";

/** Panels up to this size are analysed whole. */
const PANEL = 2000;
/** A whole-transcriptome assay with fewer genes than this has been cut down before it came to us. */
const WHOLE_TRANSCRIPTOME = 10000;

/** The matrix the default path starts from: counts where there are any, else the least processed layer. */
export function startingMatrix(ds: SpatialDataset): Expression<Sparse> | Expression<Dense> {
  if (ds.counts !== null) return inMemoryOnly(ds.counts);
  const layers = Object.values(ds.layers);
  for (const wanted of ["counts", "normalized", "log", "scaled"] satisfies Values[]) {
    const found = layers.find((layer) => layer.values === wanted);
    if (found !== undefined) return found;
  }
  throw new SpatialError("input", "The sample holds no expression matrix.", { subject: ds.platform });
}

function inMemoryOnly(counts: Expression<Sparse> | Expression<BlockedMatrix>): Expression<Sparse> {
  if (counts.kind === "sparse") return counts;
  throw new SpatialError("memory", "analyze needs the matrix in memory, found one that is read in blocks.", {
    hint: "Select a region or a set of genes when reading.",
  });
}

/** How many variable genes to use by default, and why all of them where that is the answer. */
export function variableGenesDefault(ds: SpatialDataset): {
  readonly top: number | "all";
  readonly why: string | null;
} {
  const p = ds.genes.ids.length;
  if (p <= PANEL) return { top: "all", why: `the panel has ${p} genes (at most ${PANEL}): all are used` };
  const whole = ds.observation !== "cell" || ds.platform === "10x-h5" || ds.platform === "10x-mtx";
  if (whole && p < WHOLE_TRANSCRIPTOME) {
    return {
      top: "all",
      why: `${p} genes of a whole-transcriptome assay are a selection already: all are used`,
    };
  }
  return { top: 2000, why: null };
}

/** The species whose gene names these look like: by Ensembl prefix, else by the case of the symbols; null if undecided. */
export function inferSpecies(ids: readonly string[], names: readonly string[]): "human" | "mouse" | null {
  let human = 0;
  let mouse = 0;
  for (let j = 0; j < names.length; j++) {
    if (ids[j].startsWith("ENSMUSG")) mouse++;
    else if (ids[j].startsWith("ENSG")) human++;
    else if (/^[A-Z][A-Z0-9-]{2,}$/.test(names[j]) && /[A-Z]{2}/.test(names[j])) human++;
    else if (/^[A-Z][a-z][a-z0-9-]+$/.test(names[j])) mouse++;
  }
  if (human > 3 * mouse && human > 0) return "human";
  return mouse > 3 * human && mouse > 0 ? "mouse" : null;
}
