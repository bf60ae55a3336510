/** How hard a simulated tissue is. */
export type Difficulty = "easy" | "medium" | "hard";

/** Where the observations lie: Visium's hexagonal spots, each over several cells, or cells one by one. */
export type Layout = "visium" | "cells";

/** What a difficulty means in numbers; folds are ratios of expression. */
export interface Parameters {
  /** Share of a module's cells that come from the tissue-wide mix of types instead of the module's own residents. */
  readonly mixing: number;
  /** Rise of a cell-type gene in its type. */
  readonly typeFold: number;
  /** Rise of a module gene in its module, whatever the cell's type. */
  readonly moduleFold: number;
  /** Rise of a planted gene from the lowest to the highest point of its pattern. */
  readonly plantedFold: number;
  /** Mean count per gene and observation. */
  readonly depth: number;
  /** Of the negative binomial: variance = mean + dispersion * mean^2. */
  readonly dispersion: number;
  /** Standard deviation of the log of an observation's own capture efficiency. */
  readonly depthSpread: number;
}

const visium: Readonly<Record<Difficulty, Parameters>> = {
  easy: {
    mixing: 0.4,
    typeFold: 8,
    moduleFold: 2.5,
    plantedFold: 2.4,
    depth: 2,
    dispersion: 0.2,
    depthSpread: 0.25,
  },
  medium: {
    mixing: 0.6,
    typeFold: 8,
    moduleFold: 1.6,
    plantedFold: 2.4,
    depth: 2,
    dispersion: 0.2,
    depthSpread: 0.3,
  },
  hard: {
    mixing: 0.75,
    typeFold: 8,
    moduleFold: 1.4,
    plantedFold: 2.7,
    depth: 1.5,
    dispersion: 0.25,
    depthSpread: 0.35,
  },
};

const cells: Readonly<Record<Difficulty, Parameters>> = {
  easy: {
    mixing: 0.1,
    typeFold: 10,
    moduleFold: 3,
    plantedFold: 3,
    depth: 0.8,
    dispersion: 0.3,
    depthSpread: 0.3,
  },
  medium: {
    mixing: 0.35,
    typeFold: 8,
    moduleFold: 2,
    plantedFold: 3.3,
    depth: 0.7,
    dispersion: 0.4,
    depthSpread: 0.35,
  },
  hard: {
    mixing: 0.6,
    typeFold: 8,
    moduleFold: 1.5,
    plantedFold: 4,
    depth: 0.6,
    dispersion: 0.5,
    depthSpread: 0.4,
  },
};

/** The stated parameters of each layout and difficulty. */
export const difficulties: Readonly<Record<Layout, Readonly<Record<Difficulty, Parameters>>>> = {
  visium,
  cells,
};
