import { checkOptions, such } from "../core/check.ts";
import { nearestOthers, pointTree } from "../kernels/geometry.ts";
import { luneSearch } from "../kernels/lune.ts";
import type { Categorical, Graph, Positions } from "../model/index.ts";
import { isCategorical, pairList } from "./assemble.ts";
import { type Triangulation, triangulate } from "./triangulation.ts";

export interface ProximityGraphOptions {
  /** Sample of each observation; samples are never joined. */
  readonly sample?: Categorical;
}

export interface ProximityGraphResult {
  readonly graph: Graph;
  /** Observations at the very place of an earlier one, joined to the first there alone. */
  readonly coincident: number;
}

/**
 * Who are neighbors with nobody between them? Joins i and j where the closed disc on the line from i to j as diameter holds
 * no other place: d(i, j)^2 < d(i, r)^2 + d(j, r)^2 for every other r.
 *
 * A part of every Delaunay triangulation, with fewer long edges and the same on any lattice: a place on the disc's rim parts i
 * and j, so a square lattice gets its sides and no diagonals. Observations at one place count as one, the first, and
 * each other one is joined to that first one alone, at distance 0.
 *
 * @param positions n x 2
 * @returns `graph`: undirected, n nodes, weights 1, distances Euclidean in the unit of the positions
 * @throws {SpatialError} `input` for positions that are not finite or not two columns; `option`
 *
 * Cost: O(n log n), as `delaunayGraph`. Checked against brute force, ties and duplicates included. Gabriel and Sokal 1969,
 * doi:10.2307/2412323.
 *
 * @example
 * ```ts
 * import { gabrielGraph } from "tissular/graph";
 * import { positions } from "tissular/model";
 * const square = positions(Float64Array.of(0, 0, 1, 0, 1, 1, 0, 1), "um", 1);
 * if (gabrielGraph(square).graph.indices.length !== 2 * 4) throw new Error("four sides, no diagonal");
 * ```
 */
export function gabrielGraph(
  positions: Positions,
  options: ProximityGraphOptions = {},
): ProximityGraphResult {
  return proximityGraph("gabrielGraph", positions, options, (part) => (e) => isGabriel(part, e));
}

/**
 * Who are neighbors with nobody nearer to both? Joins i and j where no other r has d(i, r) < d(i, j) and d(j, r) < d(i, j).
 *
 * Sparser than the Gabriel graph, of which it is a part, and connected: it holds a minimum spanning tree. Equal distances do
 * not part: an equilateral triangle keeps its three sides, a hexagonal lattice its six neighbors. Observations at one
 * place count as one, the first, and each other one is joined to that first one alone, at distance 0.
 *
 * @param positions n x 2
 * @returns `graph`: undirected, n nodes, weights 1, distances Euclidean in the unit of the positions
 * @throws {SpatialError} `input` for positions that are not finite or not two columns; `option`
 *
 * Cost: O(n log n) on tissue; a million cells in about 5 s. Checked against brute force, ties and duplicates included. Toussaint 1980,
 * doi:10.1016/0031-3203(80)90066-7.
 *
 * @example
 * ```ts
 * import { relativeNeighborGraph } from "tissular/graph";
 * import { positions } from "tissular/model";
 * const { graph } = relativeNeighborGraph(positions(Float64Array.of(0, 0, 4, 0, 2, 1), "um", 1));
 * if (graph.indices.join() !== "2,2,0,1") throw new Error("0 - 2 - 1: the third is nearer to both");
 * ```
 */
export function relativeNeighborGraph(
  positions: Positions,
  options: ProximityGraphOptions = {},
): ProximityGraphResult {
  return proximityGraph("relativeNeighborGraph", positions, options, (part) => {
    const { places, ends } = part;
    const between = luneSearch(pointTree(places, 2));
    return (e) => {
      if (!isGabriel(part, e)) return false;
      const [i, j] = [2 * ends[2 * e], 2 * ends[2 * e + 1]];
      const [dx, dy] = [places[i] - places[j], places[i + 1] - places[j + 1]];
      return !between(places[i], places[i + 1], places[j], places[j + 1], dx * dx + dy * dy);
    };
  });
}

/**
 * Whose neighborhoods overlap? Draws around each observation the circle through its nearest other one, and joins
 * natural neighbors (an edge of the Delaunay triangulation) whose circles cross: d(i, j) < r_i + r_j.
 *
 * Follows the local density: dense clusters are joined within, and not to sparse surroundings. Circles that only touch do not cross. As
 * in R's spdep the graph is taken within the triangulation, so it is planar; where four or more observations lie on
 * one circle the triangulation, and so this graph, is one of several. Observations at one place count as one, the first, and each
 * other one is joined to that first one alone, at distance 0.
 *
 * @param positions n x 2
 * @returns `graph`: undirected, n nodes, weights 1, distances Euclidean in the unit of the positions
 * @throws {SpatialError} `input` for positions that are not finite or not two columns; `option`
 *
 * Cost: O(n log n); a million cells in about 3 s. Checked against brute force over the triangulation. Jaromczyk and Toussaint 1992,
 * doi:10.1109/5.163414.
 *
 * @example
 * ```ts
 * import { sphereOfInfluenceGraph } from "tissular/graph";
 * import { positions } from "tissular/model";
 * // Two close pairs, far apart.
 * const pairs = positions(Float64Array.of(0, 0, 1, 0, 9, 0, 9, 1), "um", 1);
 * if (sphereOfInfluenceGraph(pairs).graph.indices.join() !== "1,0,3,2") throw new Error("each pair on its own");
 * ```
 */
export function sphereOfInfluenceGraph(
  positions: Positions,
  options: ProximityGraphOptions = {},
): ProximityGraphResult {
  return proximityGraph("sphereOfInfluenceGraph", positions, options, ({ places, ends, lengths }) => {
    if (ends.length === 0) return () => false;
    const radii = nearestOthers(pointTree(places, 2), 1).squares.map(Math.sqrt);
    return (e) => lengths[e] < radii[ends[2 * e]] + radii[ends[2 * e + 1]];
  });
}

function proximityGraph(
  verb: string,
  positions: Positions,
  options: ProximityGraphOptions,
  rule: (part: Triangulation) => (edge: number) => boolean,
): ProximityGraphResult {
  checkOptions(verb, options, { sample: such("a categorical", isCategorical) });
  const pairs = pairList(verb);
  const { parts, coincident } = triangulate(verb, positions, options.sample, pairs);
  for (const part of parts) {
    const holds = rule(part);
    for (let e = 0; e < part.lengths.length; e++)
      if (holds(e)) pairs.push(part.rows[part.ends[2 * e]], part.rows[part.ends[2 * e + 1]], part.lengths[e]);
  }
  return { graph: pairs.graph(positions.rows), coincident };
}

/**
 * Whether the closed disc on edge e as diameter holds no other place. Of all places on one side of a Delaunay edge the third
 * corner of its triangle sees it under the widest angle, so the two third corners decide.
 */
function isGabriel({ places, ends, opposite }: Triangulation, e: number): boolean {
  const [i, j] = [2 * ends[2 * e], 2 * ends[2 * e + 1]];
  for (let side = 0; side < 2; side++) {
    const r = 2 * opposite[2 * e + side];
    if (r < 0) continue;
    const ax = places[i] - places[r];
    const ay = places[i + 1] - places[r + 1];
    const bx = places[j] - places[r];
    const by = places[j + 1] - places[r + 1];
    if (ax * bx + ay * by <= 0) return false;
  }
  return true;
}
