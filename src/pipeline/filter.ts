import { SpatialError } from "../core/errors.ts";
import {
  categorical,
  geneNames,
  selectCells,
  selectGenes,
  type Categorical,
  type Expression,
  type SpatialDataset,
  type Sparse,
  type Values,
} from "../model/index.ts";
import { filterCells, filterGenes, qcMetrics } from "../preprocess/index.ts";
import type { AnalysisNote } from "./analysis.ts";
import { startingMatrix } from "./defaults.ts";
import type { AnalyzeOptions } from "./options.ts";

/** What passed the filter, and the user's labels of it. */
export interface Filtered {
  readonly kept: SpatialDataset;
  readonly userLabels: { readonly name: string; readonly labels: Categorical } | null;
}

/** Drops observations and genes by the cutoffs; values that are not counts pass as they are. */
export function filter(
  source: SpatialDataset,
  kind: Values,
  options: AnalyzeOptions,
  notes: AnalysisNote[],
): Filtered {
  const start = startingMatrix(source);
  const names = geneNames(source.genes);
  const n = source.cells.ids.length;
  if (options.labels !== undefined && options.labels.values.codes.length !== n) {
    throw new SpatialError(
      "input",
      `labels must have ${n} values, found ${options.labels.values.codes.length}.`,
      { subject: "labels" },
    );
  }
  const without = options.labels?.values.codes.filter((code) => code < 0).length ?? 0;
  if (without > 0) {
    notes.push({
      step: "labels",
      kind: "note",
      text: `${without} of ${n} ${source.observation}s have no label and are compared with no group`,
    });
  }
  if (kind !== "counts" || start.kind !== "sparse") {
    for (const name of ["minCounts", "minGenes", "maxMito"] as const) {
      if (options[name] !== undefined) {
        throw new SpatialError("values", `The cutoff ${name} needs counts, found ${kind} values.`, {
          subject: name,
          hint: "Leave the cutoff out.",
        });
      }
    }
    return {
      kept: source,
      userLabels: options.labels ? { name: options.labels.name, labels: options.labels.values } : null,
    };
  }
  if (options.maxMito !== undefined && qcMetrics(start, { names }).pctMito === null) {
    notes.push({
      step: "filter",
      kind: "note",
      text: "the mitochondrial cutoff was not applied: the sample has no mitochondrial genes",
    });
  }
  const cells = filterCells(start, {
    minCounts: options.minCounts ?? 1,
    minGenes: options.minGenes ?? 0,
    ...(options.maxMito === undefined ? {} : { maxPctMito: options.maxMito, names }),
  });
  if (cells.length === 0 && start.data.every((v) => v === 0)) {
    throw new SpatialError("input", `All counts of the ${n} ${source.observation}s are 0.`, {
      hint: "Was the right matrix read? tissular info says what was found.",
    });
  }
  if (cells.length === 0) {
    throw new SpatialError("input", `No ${source.observation} passes the filter (${n} were read).`, {
      hint: "Lower the cutoffs (--min-counts, --min-genes) or raise --max-mito.",
    });
  }
  const some = cells.length === n ? source : selectCells(source, cells);
  const genes = filterGenes(startingMatrix(some) as Expression<Sparse>, {
    minCells: Math.min(options.minCells ?? 3, cells.length),
  });
  if (genes.length === 0) {
    throw new SpatialError(
      "input",
      `No gene is found in at least ${options.minCells ?? 3} ${source.observation}s.`,
    );
  }
  const kept = genes.length === source.genes.ids.length ? some : selectGenes(some, genes);
  const labels = options.labels;
  return {
    kept,
    userLabels: labels
      ? {
          name: labels.name,
          labels: categorical(
            Int32Array.from(cells, (i) => labels.values.codes[i]),
            labels.values.categories,
          ),
        }
      : null,
  };
}
