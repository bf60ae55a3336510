import { delaunayGraph, gridGraph, kNearestGraph } from "../graph/index.ts";
import { isCategorical, type Categorical, type Graph, type SpatialDataset } from "../model/index.ts";
import type { SpatialGraphStep } from "./analysis.ts";

/** Neighbors that a cell's expression is averaged with when tissue modules are sought. */
const MODULE_NEIGHBORS = 25;

/** Nearest neighbors in three dimensions, where there is no triangulation: about as many as touch in a tissue. */
const NEAREST = 12;

/**
 * The first ring of an array, else a Delaunay triangulation without its long edges; in three dimensions the nearest
 * neighbors.
 */
export function spatialGraph(ds: SpatialDataset): SpatialGraphStep {
  const sample = sampleOf(ds);
  const row = ds.cells.columns["array_row"];
  const col = ds.cells.columns["array_col"];
  if (ds.observation !== "cell" && row instanceof Int32Array && col instanceof Int32Array) {
    return { graph: gridGraph(row, col, { sample }), rule: "first ring of the array" };
  }
  if (ds.positions!.cols === 3) {
    const k = Math.min(NEAREST, ds.cells.ids.length - 1);
    return { graph: kNearestGraph(ds.positions!, { k, sample }), rule: `${k} nearest in three dimensions` };
  }
  const result = delaunayGraph(ds.positions!, { sample });
  const unit = ds.positions!.unit === "array" ? "array steps" : ds.positions!.unit;
  return {
    graph: result.graph,
    rule: `Delaunay triangulation, edges up to ${Number(result.maxLength.toPrecision(3))} ${unit}`,
  };
}

/** The neighbors that expression is averaged with: the first ring of spots, the 25 nearest cells. */
export function averagingGraph(ds: SpatialDataset, spatial: Graph): Graph {
  if (ds.observation !== "cell") return spatial;
  return kNearestGraph(ds.positions!, {
    k: Math.min(MODULE_NEIGHBORS, ds.cells.ids.length - 1),
    sample: sampleOf(ds),
  });
}

/** The samples of a dataset that holds several: no spatial edge joins two of them. */
export function sampleOf(ds: SpatialDataset): Categorical | undefined {
  const sample = ds.cells.columns["sample"];
  return sample !== undefined && isCategorical(sample) ? sample : undefined;
}
