import { boolean, checkOptions, integer, oneOf, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { placeIndex } from "../kernels/geometry.ts";
import type { Categorical, Graph } from "../model/index.ts";
import { isCategorical, pairList, sampleRows } from "./assemble.ts";

export interface GridGraphOptions {
  /** "hex", "square", or "auto" (default): hex where row + column has the same parity everywhere. */
  readonly lattice?: "auto" | "hex" | "square";
  /** Join spots of a square array that touch at a corner too: 8 neighbors instead of 4 ("auto" then means square). Default false. */
  readonly corners?: boolean;
  /** How many steps from spot to spot make a neighbor; default 1. */
  readonly rings?: number;
  /** Sample of each spot; samples are never joined. */
  readonly sample?: Categorical;
}

const hexSteps = [0, -2, 0, 2, -1, -1, -1, 1, 1, -1, 1, 1];
const squareSteps = [0, -1, 0, 1, -1, 0, 1, 0];
const cornerSteps = [-1, -1, -1, 1, 1, -1, 1, 1];

/**
 * Which spots touch on a regular array? Joins the spots (or bins) of a Visium-like lattice by their array rows and
 * columns, not by pixels, so that rotation and rounding do not matter.
 *
 * On a hexagonal array (row + column all even, or all odd) the neighbors of (r, c) are (r, c +- 2) and (r +- 1, c +- 1);
 * on a square array (r, c +- 1) and (r +- 1, c), and with `corners` (r +- 1, c +- 1). With `rings: k`, spots up to k steps away are joined; a step goes
 * from one occupied spot to another, so a hole in the tissue is walked around.
 *
 * @param arrayRow array row of each spot, length n
 * @param arrayCol array column of each spot, length n
 * @returns an undirected graph of n nodes; weights are 1, distances are ring numbers (1, 2, ...). A spot without
 *   neighbors has an empty row.
 * @throws {SpatialError} `input` where the lengths differ, where two spots of a sample share an array position (a sign
 *   of several samples without `sample`), or where lattice "hex" meets both parities; `option` for a bad option
 *
 * Cost: O(n * rings^2). Checked against squidpy 1.8.3 `spatial_neighbors_grid`, one and two rings, exactly.
 *
 * @example
 * ```ts
 * import { gridGraph } from "tissular/graph";
 * // Two hexagonal rows: 0 2 4 and, between them, 1 3.
 * const graph = gridGraph(Int32Array.of(0, 0, 0, 1, 1), Int32Array.of(0, 2, 4, 1, 3));
 * const middle = graph.indices.slice(graph.indptr[1], graph.indptr[2]);
 * if (middle.join() !== "0,2,3,4") throw new Error("the middle spot touches all others");
 * ```
 */
export function gridGraph(arrayRow: Int32Array, arrayCol: Int32Array, options: GridGraphOptions = {}): Graph {
  checkOptions("gridGraph", options, {
    lattice: oneOf("auto", "hex", "square"),
    corners: boolean(),
    rings: integer(1, 1000),
    sample: such("a categorical", isCategorical),
  });
  const { lattice = "auto", corners = false, rings = 1, sample } = options;
  if (corners && lattice === "hex") {
    throw new SpatialError("option", `gridGraph: on a hexagonal array no spots touch at corners.`, {
      subject: "corners",
      hint: 'Leave corners out, or use lattice "square".',
    });
  }
  const n = arrayRow.length;
  if (arrayCol.length !== n) {
    throw new SpatialError(
      "input",
      `gridGraph needs one array row and column per spot, found ${n} rows and ${arrayCol.length} columns.`,
      { subject: "arrayCol" },
    );
  }
  const pairs = pairList("gridGraph");
  for (const rows of sampleRows("gridGraph", n, sample)) {
    const places = new Float64Array(2 * rows.length);
    rows.forEach((i, r) => {
      places[2 * r] = arrayRow[i];
      places[2 * r + 1] = arrayCol[i];
    });
    const hexagonal = isHexagonal(places, corners && lattice === "auto" ? "square" : lattice);
    const steps = hexagonal ? hexSteps : corners ? [...squareSteps, ...cornerSteps] : squareSteps;
    const touching = touchingSpots(places, rows, steps);
    joinRings(touching, rows, rings, pairs.push);
  }
  return pairs.graph(n);
}

function isHexagonal(places: Float64Array, lattice: "auto" | "hex" | "square"): boolean {
  if (lattice === "square") return false;
  const odd = (r: number): boolean => (places[2 * r] + places[2 * r + 1]) % 2 !== 0;
  for (let r = 1; r < places.length / 2; r++) {
    if (odd(r) === odd(0)) continue;
    if (lattice === "auto") return false;
    throw new SpatialError(
      "input",
      `gridGraph: on a hexagonal array, row + column must be even everywhere or odd everywhere, found both.`,
      { subject: "lattice", hint: 'Use lattice "square", or "auto" to have it told by parity.' },
    );
  }
  return true;
}

/** Place of the spot at each step from each spot, -1 where there is none; length spots * steps. */
function touchingSpots(places: Float64Array, rows: Uint32Array, steps: readonly number[]): Int32Array {
  const index = placeIndex(places);
  const degree = steps.length / 2;
  const touching = new Int32Array(rows.length * degree);
  for (let r = 0; r < rows.length; r++) {
    if (index.first[r] !== r) {
      throw new SpatialError(
        "input",
        `gridGraph: array positions must differ, spots ${rows[index.first[r]]} and ${rows[r]} are both at row ${places[2 * r]}, column ${places[2 * r + 1]}.`,
        { subject: "arrayRow", hint: "Where several samples are read together, give the option sample." },
      );
    }
    for (let s = 0; s < degree; s++)
      touching[r * degree + s] = index.find(
        places[2 * r] + steps[2 * s],
        places[2 * r + 1] + steps[2 * s + 1],
      );
  }
  return touching;
}

/** Walks outward from each spot, `rings` steps far, and joins it to what it meets at a later place. */
function joinRings(
  touching: Int32Array,
  rows: Uint32Array,
  rings: number,
  join: (i: number, j: number, distance: number) => void,
): void {
  const n = rows.length;
  const degree = n === 0 ? 0 : touching.length / n;
  const seenFrom = new Int32Array(n).fill(-1);
  const met = new Uint32Array(n);
  for (let r = 0; r < n; r++) {
    seenFrom[r] = r;
    met[0] = r;
    let begin = 0;
    let end = 1;
    for (let ring = 1; ring <= rings && begin < end; ring++) {
      const until = end;
      for (; begin < until; begin++) {
        for (let s = 0; s < degree; s++) {
          const other = touching[met[begin] * degree + s];
          if (other < 0 || seenFrom[other] === r) continue;
          seenFrom[other] = r;
          met[end++] = other;
          if (other > r) join(rows[r], rows[other], ring);
        }
      }
    }
  }
}
