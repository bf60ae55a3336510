import { checkOptions, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { polygonIndex } from "../kernels/locate.ts";
import { nearestSegments } from "../kernels/segments.ts";
import type { Categorical, Graph, Positions, Shapes } from "../model/index.ts";

/**
 * How far is each observation from a vessel, a fibre, a tumour's outline, or from any marked point?
 *
 * Of points: the distance to the nearest one. Of outlines: to the nearest edge, negative inside an outline. The unit is that of the positions,
 * in which the feature must be given too.
 *
 * @param positions n x 2
 * @param feature m x 2 points, or outlines (holes are outside)
 * @returns length n; NaN for positions that are not finite
 * @throws {SpatialError} `input` for other than 2 columns, a feature without points or edges, or one that is not finite
 *
 * Cost: O((n + m) log m). Checked against brute force.
 *
 * @example
 * ```ts
 * import { ids, positions, type Shapes } from "tissular/model";
 * import { distanceToFeature } from "tissular/spatial";
 * const cells = positions(Float64Array.of(5, 1, 5, 14), "um", 1);
 * const vessel: Shapes = {
 *   kind: "shapes", ids: ids(["vessel"]), shapeOffsets: Uint32Array.of(0, 1), ringOffsets: Uint32Array.of(0, 4),
 *   coordinates: Float64Array.of(0, 0, 10, 0, 10, 10, 0, 10),
 * };
 * if (distanceToFeature(cells, vessel).join() !== "-1,4") throw new Error("one inside, one 4 um away");
 * ```
 */
export function distanceToFeature(positions: Positions, feature: Positions | Shapes): Float64Array {
  checkPlane("distanceToFeature", positions);
  const ends = feature.kind === "shapes" ? edgesOf(feature) : pointsOf(feature);
  if (ends.length === 0 || !ends.every(Number.isFinite)) {
    throw new SpatialError(
      "input",
      `distanceToFeature: the feature must have finite points or edges, found ${ends.length === 0 ? "none" : "others"}.`,
      { subject: "feature" },
    );
  }
  const n = positions.rows;
  const nearest = nearestSegments(ends);
  const distance = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const [x, y] = [positions.data[2 * i], positions.data[2 * i + 1]];
    distance[i] = Number.isFinite(x) && Number.isFinite(y) ? nearest(x, y).distance : NaN;
  }
  if (feature.kind === "shapes") {
    const owner = new Uint32Array(feature.ids.length);
    const inside = new Int32Array(n);
    const axis = (c: number): Float64Array =>
      Float64Array.from({ length: n }, (_, i) => positions.data[2 * i + c]);
    polygonIndex(feature, owner).locate(axis(0), axis(1), 0, n, inside);
    inside.forEach((shape, i) => shape >= 0 && (distance[i] = -distance[i]));
  }
  return distance;
}

export interface ModuleBoundaryOptions {
  /** The category whose observations get negative distances. */
  readonly inside: string;
  /** The category on the other side; default all others. */
  readonly outside?: string;
  /** Sample of each observation; only boundaries of its own sample count. */
  readonly sample?: Categorical;
}

export interface ModuleBoundaryResult {
  /** to the boundary, negative inside, in the unit of the positions; NaN for observations on neither side or in a sample without one; length n */
  readonly distance: Float64Array;
  /** middles of the edges that cross the boundary, m x 2 row by row */
  readonly crossings: Float64Array;
  /** the observations such an edge joins, the inner one first, 2 m */
  readonly pairs: Uint32Array;
  readonly params: { readonly inside: string; readonly outside: string | null };
}

/**
 * How deep does each observation lie on its side of the boundary between two tissue modules (tumour and stroma)?
 *
 * The boundary is where edges of the graph join both sides: the middles of these edges. Distances go to the nearest of them, so they are as
 * fine as half the distance of neighbors. Follow with `distanceGradient` to see which genes change towards it.
 *
 * @param labels modules over n observations; those without a label (-1) are on neither side
 * @param graph over the same n observations, e.g. `delaunayGraph`
 * @param positions n x 2
 * @throws {SpatialError} `input` where lengths differ or positions have not 2 columns; `option` for a category that is not there
 *
 * Cost: one pass over the edges and O((n + m) log m) for m of them across. Checked against brute force.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * import { categories, positions } from "tissular/model";
 * import { moduleBoundary } from "tissular/spatial";
 * const col = Int32Array.of(0, 1, 2, 3);
 * const places = positions(Float64Array.of(0, 0, 10, 0, 20, 0, 30, 0), "um", 1);
 * const labels = categories(["tumour", "tumour", "stroma", "stroma"]);
 * const { distance } = moduleBoundary(labels, gridGraph(new Int32Array(4), col), places, { inside: "tumour" });
 * if (distance.join() !== "-15,-5,5,15") throw new Error("the boundary lies at 15");
 * ```
 */
export function moduleBoundary(
  labels: Categorical,
  graph: Graph,
  positions: Positions,
  options: ModuleBoundaryOptions,
): ModuleBoundaryResult {
  const isCategory = such(`one of ${labels.categories.join(", ")}`, (v) =>
    labels.categories.includes(v as string),
  );
  checkOptions(
    "moduleBoundary",
    { ...options, inside: options.inside ?? null },
    {
      inside: isCategory,
      outside: isCategory,
      sample: such("a categorical", (v) => (v as Categorical | null)?.kind === "categorical"),
    },
  );
  checkPlane("moduleBoundary", positions);
  const n = positions.rows;
  const sample = options.sample?.codes ?? new Int32Array(n);
  if (labels.codes.length !== n || graph.nodes !== n || sample.length !== n) {
    throw new SpatialError(
      "input",
      `moduleBoundary needs a label, a node, a position (and a sample) per observation, found ${labels.codes.length} labels, ${graph.nodes} nodes, ${n} positions and ${sample.length} samples.`,
      { subject: "graph" },
    );
  }
  const inside = labels.categories.indexOf(options.inside);
  const outside = options.outside === undefined ? -1 : labels.categories.indexOf(options.outside);
  const side = labels.codes.map((c) =>
    c === inside ? -1 : c >= 0 && (outside < 0 || c === outside) ? 1 : 0,
  );
  const pairs: number[] = [];
  const seen = new Set<number>();
  for (let i = 0; i < n; i++) {
    for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++) {
      const j = graph.indices[e];
      if (side[i] * side[j] >= 0 || sample[i] !== sample[j] || sample[i] < 0) continue;
      const [inner, outer] = side[i] < 0 ? [i, j] : [j, i];
      if (seen.has(inner * n + outer)) continue;
      seen.add(inner * n + outer);
      pairs.push(inner, outer);
    }
  }
  const { data } = positions;
  const middle = (at: number, c: number): number =>
    (data[2 * pairs[at] + c] + data[2 * pairs[at + 1] + c]) / 2;
  const crossings = Float64Array.from(pairs, (_, at) => middle(at & ~1, at & 1));
  const distance = new Float64Array(n).fill(NaN);
  for (const s of new Set(sample)) {
    const ends: number[] = [];
    for (let at = 0; at < pairs.length; at += 2)
      if (sample[pairs[at]] === s)
        ends.push(crossings[at], crossings[at + 1], crossings[at], crossings[at + 1]);
    if (ends.length === 0) continue;
    const nearest = nearestSegments(Float64Array.from(ends));
    for (let i = 0; i < n; i++)
      if (sample[i] === s && side[i] !== 0)
        distance[i] = side[i] * nearest(data[2 * i], data[2 * i + 1]).distance;
  }
  const params = { inside: options.inside, outside: options.outside ?? null };
  return { distance, crossings, pairs: Uint32Array.from(pairs), params };
}

function checkPlane(verb: string, positions: Positions): void {
  if (positions.cols === 2) return;
  throw new SpatialError("input", `${verb} needs positions in the plane, found ${positions.cols} columns.`, {
    subject: "positions",
    hint: "Take the sections of a stack one by one, x and y only.",
  });
}

/** Points as segments without length. */
function pointsOf(points: Positions): Float64Array {
  checkPlane("distanceToFeature", points);
  return Float64Array.from({ length: 4 * points.rows }, (_, e) => points.data[2 * (e >> 2) + (e & 1)]);
}

/** The edges of every ring, closed. */
function edgesOf({ ringOffsets, coordinates }: Shapes): Float64Array {
  const ends: number[] = [];
  for (let r = 0; r + 1 < ringOffsets.length; r++) {
    const [from, to] = [ringOffsets[r], ringOffsets[r + 1]];
    for (let c = from; c < to; c++) {
      const next = c + 1 < to ? c + 1 : from;
      ends.push(coordinates[2 * c], coordinates[2 * c + 1], coordinates[2 * next], coordinates[2 * next + 1]);
    }
  }
  return Float64Array.from(ends);
}
