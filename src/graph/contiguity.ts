import { checkOptions, number, oneOf, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, forEachBlock, type RunOptions } from "../core/progress.ts";
import { contactSearch, outlines } from "../kernels/contacts.ts";
import { centroids } from "../kernels/polygons.ts";
import type { Categorical, Graph, Ids, Shapes } from "../model/index.ts";
import { isCategorical, sampleRows } from "./assemble.ts";

export interface ContiguityGraphOptions extends RunOptions {
  /** How far apart outlines may be and still touch, in the unit of the shapes; default 0: they meet (up to rounding). */
  readonly tolerance?: number;
  /** "queen" (default): any contact, a corner is enough; "rook": a shared border. */
  readonly contact?: "queen" | "rook";
  /** Sample of each observation; samples are never joined. */
  readonly sample?: Categorical;
}

export interface ContiguityGraphResult {
  readonly graph: Graph;
  /** Length of the shared border of each entry of the graph, in the unit of the shapes, length m. */
  readonly borders: Float64Array;
  /** Observations without a shape; they have no neighbors. */
  readonly withoutShape: number;
  /** Shapes of no observation, left out. */
  readonly withoutObservation: number;
}

/** Observations per block. */
const BLOCK = 500;
/** More contacts than this (2 GB) are refused. */
const MOST_CONTACTS = 50_000_000;

/**
 * Which cells touch? Joins observations whose outlines meet or come within a tolerance of each other.
 *
 * The shared border of two cells is the length of outline within the tolerance of the other's, mean of both. With contact "rook" it must be longer
 * than 2 * tolerance, which is what two squares have that touch at a corner (and than a millionth of the largest coordinate). Segmented cells seldom share
 * their very corners: give a tolerance (1 um, say). A cell that lies within another without coming near its outline does not touch it. Shapes of
 * one id are parts of one observation.
 *
 * @param shapes outlines and holes, in any order; rings closed or not
 * @param cells ids of the n observations, e.g. `dataset.cells.ids`; each shape belongs to the first of its id
 * @returns `graph`: undirected, n nodes, weights 1, distances between centroids; `borders` to weigh by
 * @throws {SpatialError} `input` where no shape has the id of an observation or corners are not finite; `memory` beyond 50
 *   million contacts; `option`; `aborted`
 *
 * Cost: O(corners) where outlines are of similar detail, by tiles of the plane; 100,000 cells of 25 corners in about 4 s, a million in 40. Checked against
 * libpysal 4.15.1 `Queen` and `Rook`, and shapely 2.2.0 (borders).
 *
 * @example
 * ```ts
 * import { contiguityGraph } from "tissular/graph";
 * import { ids, type Shapes } from "tissular/model";
 * // Two unit squares side by side, and a third that touches the second at a corner.
 * const shapes: Shapes = {
 *   kind: "shapes",
 *   ids: ids(["a", "b", "c"]),
 *   shapeOffsets: Uint32Array.of(0, 1, 2, 3),
 *   ringOffsets: Uint32Array.of(0, 4, 8, 12),
 *   coordinates: Float64Array.of(0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 2, 0, 2, 1, 1, 1, 2, 1, 3, 1, 3, 2, 2, 2),
 * };
 * const queen = await contiguityGraph(shapes, shapes.ids);
 * const rook = await contiguityGraph(shapes, shapes.ids, { contact: "rook" });
 * if (queen.graph.indices.join() !== "1,0,2,1" || rook.graph.indices.join() !== "1,0") throw new Error("wrong");
 * if (Math.abs(rook.borders[0] - 1) > 1e-6) throw new Error("they share one side");
 * ```
 */
export async function contiguityGraph(
  shapes: Shapes,
  cells: Ids,
  options: ContiguityGraphOptions = {},
): Promise<ContiguityGraphResult> {
  checkOptions("contiguityGraph", options, {
    tolerance: number(0),
    contact: oneOf("queen", "rook"),
    sample: such("a categorical", isCategorical),
    ...runRules,
  });
  const { tolerance = 0, contact = "queen", sample } = options;
  const n = cells.length;
  sampleRows("contiguityGraph", n, sample);
  const { owner, withoutShape, withoutObservation } = ownersOf(shapes, cells);
  const rest = async (): Promise<void> => {
    await breathe();
    checkAborted(options.signal);
  };
  await rest();
  const lines = outlines(shapes, owner, n, tolerance);
  await rest();
  const search = contactSearch(lines);
  await rest();
  const apart = sample?.codes;
  const touches: number[] = [];
  const lengths: number[] = [];
  const starts = new Uint32Array(n + 1);
  await forEachBlock(
    "contacts",
    n,
    BLOCK,
    (start, end) => {
      for (let i = start; i < end; i++) {
        search(i, (j, border) => {
          if (apart !== undefined && apart[i] !== apart[j]) return;
          touches.push(j);
          lengths.push(border);
        });
        starts[i + 1] = touches.length;
        if (touches.length > MOST_CONTACTS) {
          throw new SpatialError(
            "memory",
            `contiguityGraph: there are over ${MOST_CONTACTS} contacts within ${tolerance}.`,
            { subject: "tolerance", hint: "Give a tolerance well below the size of a cell." },
          );
        }
      }
    },
    options,
  );
  const least = contact === "rook" ? 1.001 * Math.max(2 * tolerance, 1e-6 * lines.span) : -1;
  const { graph, borders } = bothWays(starts, Uint32Array.from(touches), Float64Array.from(lengths), least);
  await rest();
  const centers = centroids(shapes, owner, n + 1);
  for (let i = 0; i < n; i++) {
    for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++) {
      const j = graph.indices[e];
      const [dx, dy] = [centers[2 * i] - centers[2 * j], centers[2 * i + 1] - centers[2 * j + 1]];
      graph.distances[e] = Math.sqrt(dx * dx + dy * dy);
    }
  }
  return { graph, borders, withoutShape, withoutObservation };
}

/** The observation of each shape, n where there is none. */
function ownersOf(
  shapes: Shapes,
  cells: Ids,
): { owner: Uint32Array; withoutShape: number; withoutObservation: number } {
  const strange = shapes.coordinates.findIndex((v) => !Number.isFinite(v));
  if (strange >= 0) {
    throw new SpatialError(
      "input",
      `contiguityGraph: corners must be finite, corner ${strange >> 1} holds ${shapes.coordinates[strange]}.`,
      { subject: "shapes" },
    );
  }
  const n = cells.length;
  const shaped = new Uint8Array(n);
  let withoutObservation = 0;
  const owner = Uint32Array.from({ length: shapes.ids.length }, (_, s) => {
    const i = cells.indexOf(shapes.ids.at(s));
    if (i < 0) withoutObservation++;
    else shaped[i] = 1;
    return i < 0 ? n : i;
  });
  if (n > 0 && owner.length > 0 && withoutObservation === owner.length) {
    throw new SpatialError(
      "input",
      `contiguityGraph: no shape has the id of an observation, found shape "${shapes.ids.at(0)}" and observation "${cells.at(0)}".`,
      { subject: "cells", hint: "Give the ids that the shapes were read with." },
    );
  }
  return { owner, withoutShape: shaped.reduce((left, v) => left - v, n), withoutObservation };
}

/** The undirected graph of contacts found from either side, with the mean of both borders where it is at least `least`. */
function bothWays(
  starts: Uint32Array,
  touches: Uint32Array,
  lengths: Float64Array,
  least: number,
): { graph: Graph; borders: Float64Array } {
  const n = starts.length - 1;
  const backStarts = new Uint32Array(n + 1);
  for (const j of touches) backStarts[j + 1]++;
  for (let i = 0; i < n; i++) backStarts[i + 1] += backStarts[i];
  const next = backStarts.slice(0, n);
  const back = new Uint32Array(touches.length);
  const backLengths = new Float64Array(touches.length);
  for (let i = 0; i < n; i++) {
    for (let e = starts[i]; e < starts[i + 1]; e++) {
      const at = next[touches[e]]++;
      back[at] = i;
      backLengths[at] = lengths[e];
    }
  }
  const indptr = new Uint32Array(n + 1);
  const indices = new Uint32Array(2 * touches.length);
  const borders = new Float64Array(2 * touches.length);
  let count = 0;
  for (let i = 0; i < n; i++) {
    let [e, f] = [starts[i], backStarts[i]];
    while (e < starts[i + 1] || f < backStarts[i + 1]) {
      const out = e < starts[i + 1] ? touches[e] : n;
      const into = f < backStarts[i + 1] ? back[f] : n;
      const other = Math.min(out, into);
      const border = ((out === other ? lengths[e++] : 0) + (into === other ? backLengths[f++] : 0)) / 2;
      if (border < least) continue;
      indices[count] = other;
      borders[count++] = border;
    }
    indptr[i + 1] = count;
  }
  const graph: Graph = {
    kind: "graph",
    nodes: n,
    directed: false,
    indptr,
    indices: indices.slice(0, count),
    weights: new Float32Array(count).fill(1),
    distances: new Float64Array(count),
  };
  return { graph, borders: borders.slice(0, count) };
}
