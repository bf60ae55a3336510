import { checkOptions, integer, oneOf } from "../core/check.ts";
import {
  categorical,
  dataset,
  type Expression,
  ids,
  positions,
  type Positions,
  type Sparse,
  type SpatialDataset,
  table,
  type Table,
} from "../model/index.ts";
import { growAnatomy } from "./anatomy.ts";
import { cellTypes } from "./catalog.ts";
import { drawControls, drawCounts } from "./counts.ts";
import { type Difficulty, difficulties, type Layout, type Parameters } from "./difficulty.ts";
import { writeProgram, type Program } from "./genes.ts";
import { populate, type Population } from "./population.ts";
import { MICRONS_PER_PIXEL, place, type Places } from "./observations.ts";

/** What to simulate; everything has a default. */
export interface SimulateTissueOptions {
  /** `visium`: hexagonal spots 100 um apart, each over several cells; `cells`: cells one by one. Default "visium". */
  readonly layout?: Layout;
  /** How many spots (at most 14,336) or cells. Default 2,000 spots or 4,000 cells. */
  readonly observations?: number;
  /** Default 1,000 for spots, 400 for cells. */
  readonly genes?: number;
  /** 5 to 12. Default 8. */
  readonly cellTypes?: number;
  /** True modules, 3 to 10: curved layers, and one kind of island (two from 5 modules on). Default 6. */
  readonly modules?: number;
  /** Default "medium". */
  readonly difficulty?: Difficulty;
  /** Default 0. */
  readonly seed?: number;
}

/** A dataset whose counts are in memory and whose positions are known. */
export type SimulatedDataset = SpatialDataset & {
  readonly counts: Expression<Sparse>;
  readonly positions: Positions;
};

/** A tissue with everything that is true of it. */
export interface SimulatedTissue {
  /** Counts, positions and controls as an instrument would give them; nothing of the truth. */
  readonly dataset: SimulatedDataset;
  readonly truth: {
    /** n rows: `module`, `cell_type` (of a spot: its most frequent), and of spots `cells` and a column `share <type>` per type. */
    readonly cells: Table;
    /** p rows: `name`, `class` (planted, cell-type, module, null), `target` (type, module or pattern), `fold`. */
    readonly genes: Table;
    /** One row per pair: `ligand`, `receptor`, `class` (planted, null), `sender`, `receiver` (cell types; empty for null). */
    readonly pairs: Table;
  };
  /** Spots of the capture area outside the tissue, with array_row, array_col, x, y; null for free cells. */
  readonly offTissue: Table | null;
  /** All options after defaults, and what the difficulty means in numbers. */
  readonly params: Required<SimulateTissueOptions> & { readonly parameters: Parameters };
}

/** Files in a vendor's layout, and the names that the vendor gives the cells, in the order of the dataset. */
export interface VendorFiles {
  readonly files: Map<string, Uint8Array>;
  readonly ids: readonly string[];
}

/**
 * A synthetic tissue whose modules, cell types, spatially variable genes and ligand-receptor pairs are known:
 * to try the library without data, and to measure any method against the truth.
 *
 * An outline holds curved layers and islands (the true modules). Each module mixes its resident cell types with the
 * tissue-wide mix. A gene rises in one cell type, in one module, along a planted spatial pattern (gradient, hotspot,
 * stripes), or nowhere. Of every observation's molecules a fixed share falls to genes that vary, so that a null
 * gene's expected share is the same everywhere. Counts are negative binomial around depth x rate, with a capture
 * efficiency per observation. The three difficulties are stated in `params.parameters` and in docs/simulation.md.
 *
 * Shapes: counts n observations x p genes. Positions: pixels of 0.5 um for spots, micrometres for cells.
 * Cost: about 80 ns per observation and gene; memory for the stored counts only.
 *
 * @throws {SpatialError} `option` for an unknown or impossible option (more spots than a capture area has)
 *
 * @example
 * ```ts
 * import { simulateTissue } from "tissular/simulate";
 * const tissue = simulateTissue({ observations: 300, genes: 200, modules: 4, seed: 1 });
 * if (tissue.dataset.counts?.rows !== 300) throw new Error("300 spots");
 * const { module } = tissue.truth.cells.columns;
 * if (!("codes" in module) || module.categories.length !== 4) throw new Error("4 true modules");
 * ```
 */
export function simulateTissue(options: SimulateTissueOptions = {}): SimulatedTissue {
  checkOptions("simulateTissue", options, {
    layout: oneOf("visium", "cells"),
    observations: integer(100, 1_000_000),
    genes: integer(200, 40_000),
    cellTypes: integer(5, cellTypes.length),
    modules: integer(3, 10),
    difficulty: oneOf("easy", "medium", "hard"),
    seed: integer(0),
  });
  const layout = options.layout ?? "visium";
  const difficulty = options.difficulty ?? "medium";
  const parameters = difficulties[layout][difficulty];
  const params = {
    layout,
    observations: options.observations ?? (layout === "visium" ? 2000 : 4000),
    genes: options.genes ?? (layout === "visium" ? 1000 : 400),
    cellTypes: options.cellTypes ?? 8,
    modules: options.modules ?? 6,
    difficulty,
    seed: options.seed ?? 0,
    parameters,
  };

  const { seed, modules } = params;
  const anatomy = growAnatomy(seed, modules);
  const places = place(seed, layout, params.observations, anatomy);
  const population = populate(seed, layout, params.cellTypes, modules, parameters, anatomy, places);
  const program = writeProgram(seed, params.genes, params.cellTypes, modules, layout, parameters);
  const typeNames = cellTypes.slice(0, params.cellTypes).map((t) => t.name);
  const moduleNames = Array.from({ length: modules }, (_, m) =>
    m < anatomy.layers ? `layer ${m + 1}` : `island ${m - anatomy.layers + 1}`,
  );

  const geneIds = ids(program.genes.map((_, j) => `ENSG9${String(j + 1).padStart(10, "0")}`));
  const names = program.genes.map((g) => g.name);
  const spots = layout === "visium";
  return {
    dataset: {
      ...dataset({
        platform: "simulated",
        observation: spots ? "spot" : "cell",
        cells: table(
          ids(places.ids),
          spots
            ? { array_row: places.arrayRow, array_col: places.arrayCol }
            : { cell_area: population.cellArea, nucleus_area: population.nucleusArea },
        ),
        genes: table(geneIds, { name: names }),
        features: spots ? {} : drawControls(seed, params.observations),
      }),
      counts: drawCounts(seed, parameters, program, population, places),
      positions: positions(places.xy, spots ? "px" : "um", spots ? MICRONS_PER_PIXEL : 1),
    },
    truth: {
      cells: cellTruth(places, population, typeNames, moduleNames, spots),
      genes: geneTruth(geneIds, program, typeNames, moduleNames),
      pairs: pairTruth(program, typeNames),
    },
    offTissue: places.offTissue && {
      ids: ids(places.offTissue.ids),
      columns: {
        array_row: places.offTissue.arrayRow,
        array_col: places.offTissue.arrayCol,
        x: places.offTissue.xy.filter((_, k) => k % 2 === 0),
        y: places.offTissue.xy.filter((_, k) => k % 2 === 1),
      },
    },
    params,
  };
}

function cellTruth(
  places: Places,
  population: Population,
  types: readonly string[],
  modules: readonly string[],
  spots: boolean,
): Table {
  const columns: Record<string, Table["columns"][string]> = {
    module: categorical(population.module, modules),
    cell_type: categorical(population.type, types),
  };
  if (spots) {
    columns["cells"] = population.cells;
    types.forEach((name, t) => {
      columns[`share ${name}`] = population.typeShare.filter((_, k) => k % types.length === t);
    });
  }
  return table(ids(places.ids), columns);
}

function geneTruth(
  geneIds: Table["ids"],
  program: Program,
  types: readonly string[],
  modules: readonly string[],
): Table {
  const { genes, patterns } = program;
  return table(geneIds, {
    name: genes.map((g) => g.name),
    class: genes.map((g) => g.class),
    target: genes.map((g) => {
      if (g.class === "cell-type") return types[g.target];
      if (g.class === "module") return modules[g.target];
      return g.class === "planted" ? patterns[g.target].kind : "";
    }),
    fold: Float64Array.from(genes, (g) => g.fold),
  });
}

function pairTruth(program: Program, types: readonly string[]): Table {
  const { pairs } = program;
  return table(ids(pairs.map((p) => `${p.ligand}-${p.receptor}`)), {
    ligand: pairs.map((p) => p.ligand),
    receptor: pairs.map((p) => p.receptor),
    class: pairs.map((p) => (p.sender >= 0 ? "planted" : "null")),
    sender: pairs.map((p) => types[p.sender] ?? ""),
    receiver: pairs.map((p) => types[p.receiver] ?? ""),
  });
}
