import { SpatialError } from "../core/errors.ts";
import type { Categorical, Graph, Positions } from "../model/index.ts";

/** Edges of an undirected graph as they are found, each once. */
export interface Pairs {
  push(i: number, j: number, distance: number): void;
  /** The graph of all pairs pushed: both ways, rows ascending, weights 1. */
  graph(nodes: number): Graph;
}

/** More pairs than this (3 GB as a graph) are refused. */
const MOST_PAIRS = 100_000_000;

/** An empty list of pairs; `verb` is named if they become too many. */
export function pairList(verb: string): Pairs {
  let from = new Uint32Array(1024);
  let to = new Uint32Array(1024);
  let distances = new Float64Array(1024);
  let count = 0;

  const push = (i: number, j: number, distance: number): void => {
    if (count === from.length) {
      if (count >= MOST_PAIRS) {
        throw new SpatialError("memory", `${verb}: the graph would have over ${MOST_PAIRS} edges, 3 GB.`, {
          hint: "Ask for nearer neighbors only, or for a fixed number of them (kNearestGraph).",
        });
      }
      const size = Math.min(MOST_PAIRS, 2 * count);
      from = grown(from, size);
      to = grown(to, size);
      distances = grown(distances, size);
    }
    from[count] = i;
    to[count] = j;
    distances[count++] = distance;
  };

  const graph = (nodes: number): Graph => {
    const indptr = new Uint32Array(nodes + 1);
    for (let e = 0; e < count; e++) {
      indptr[from[e] + 1]++;
      indptr[to[e] + 1]++;
    }
    for (let i = 0; i < nodes; i++) indptr[i + 1] += indptr[i];
    const indices = new Uint32Array(2 * count);
    const ordered = new Float64Array(2 * count);
    const next = indptr.slice(0, nodes);
    for (let e = 0; e < count; e++) {
      const [i, j] = [from[e], to[e]];
      const there = next[i]++;
      const back = next[j]++;
      indices[there] = j;
      indices[back] = i;
      ordered[there] = ordered[back] = distances[e];
    }
    for (let i = 0; i < nodes; i++) sortRow(indices, ordered, indptr[i], indptr[i + 1]);
    return {
      kind: "graph",
      nodes,
      directed: false,
      indptr,
      indices,
      weights: new Float32Array(2 * count).fill(1),
      distances: ordered,
    };
  };
  return { push, graph };
}

/** Puts the entries [start, end) in ascending order of index (insertion at shrinking distances, Shell's sort). */
export function sortRow(indices: Uint32Array, distances: Float64Array, start: number, end: number): void {
  let gap = 1;
  while (gap < (end - start) / 9) gap = 3 * gap + 1;
  for (; gap >= 1; gap = (gap - 1) / 3) {
    for (let e = start + gap; e < end; e++) {
      const index = indices[e];
      const distance = distances[e];
      let f = e;
      for (; f >= start + gap && indices[f - gap] > index; f -= gap) {
        indices[f] = indices[f - gap];
        distances[f] = distances[f - gap];
      }
      indices[f] = index;
      distances[f] = distance;
    }
  }
}

function grown<A extends Uint32Array | Float64Array>(values: A, size: number): A {
  const larger = new (values.constructor as new (size: number) => A)(size);
  larger.set(values);
  return larger;
}

/** The rows of each sample, ascending; one group of all rows where no samples are given. */
export function sampleRows(verb: string, n: number, sample: Categorical | undefined): Uint32Array[] {
  if (sample === undefined) return [new Uint32Array(n).map((_, i) => i)];
  if (sample.codes.length !== n) {
    throw new SpatialError("input", `${verb}: sample must have ${n} values, found ${sample.codes.length}.`, {
      subject: "sample",
    });
  }
  const sizes = new Uint32Array(sample.categories.length);
  for (let i = 0; i < n; i++) {
    if (sample.codes[i] < 0) {
      throw new SpatialError("input", `${verb}: every row must have a sample, row ${i} has none.`, {
        subject: "sample",
      });
    }
    sizes[sample.codes[i]]++;
  }
  const groups = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let i = 0; i < n; i++) groups[sample.codes[i]][sizes[sample.codes[i]]++] = i;
  return groups;
}

/** The coordinates of some rows, checked to be finite and of an allowed number of columns. */
export function coordinates(
  verb: string,
  positions: Positions,
  rows: Uint32Array,
  allowed: readonly number[],
  otherwise?: string,
): Float64Array {
  const { cols, data } = positions;
  if (!allowed.includes(cols)) {
    throw new SpatialError(
      "input",
      `${verb} needs positions with ${allowed.join(" or ")} columns, found ${cols}.`,
      { subject: "positions", hint: otherwise },
    );
  }
  const points = new Float64Array(rows.length * cols);
  for (let r = 0; r < rows.length; r++) {
    for (let c = 0; c < cols; c++) {
      const value = data[rows[r] * cols + c];
      if (!Number.isFinite(value)) {
        throw new SpatialError("input", `${verb}: positions must be finite, row ${rows[r]} holds ${value}.`, {
          subject: "positions",
          hint: "Select the observations that have a position first (selectCells).",
        });
      }
      points[r * cols + c] = value;
    }
  }
  return points;
}

/** The rule for the option `sample`. */
export function isCategorical(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as Categorical).kind === "categorical";
}
