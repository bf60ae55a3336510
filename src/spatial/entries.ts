import { SpatialError } from "../core/errors.ts";
import type { Categorical, Graph } from "../model/index.ts";

/** Which nodes a graph joins, without weights. */
export type Entries = Pick<Graph, "nodes" | "directed" | "indptr" | "indices">;

/** The labelled nodes, sample after sample (sample s: nodes parts[s] to parts[s + 1]), and the entries between them. */
export interface Labelled {
  readonly parts: readonly number[];
  readonly codes: Int32Array;
  readonly edges: Entries;
}

/** Refuses labels of another number than the graph's nodes. */
export function checkLabels(verb: string, labels: Categorical, graph: Graph): void {
  if (labels.codes.length !== graph.nodes) {
    throw new SpatialError(
      "input",
      `${verb} needs one label per node of the graph, found ${labels.codes.length} labels and ${graph.nodes} nodes.`,
      { subject: "labels", hint: "Build the graph on the same observations as the labels." },
    );
  }
}

/** Sorts the labelled nodes by sample; observations without a label (-1) are left out with their entries. */
export function labelled(
  verb: string,
  labels: Categorical,
  graph: Graph,
  sample: Categorical | undefined,
): Labelled {
  const n = graph.nodes;
  if (sample === undefined && !labels.codes.includes(-1))
    return { parts: [0, n], codes: labels.codes, edges: graph };
  const sampleOf = sample?.codes ?? new Int32Array(n);
  if (sampleOf.length !== n || sampleOf.includes(-1)) {
    throw new SpatialError("input", `${verb}: each of ${n} observations must have a sample.`, {
      subject: "sample",
    });
  }
  const parts = new Array<number>((sample?.categories.length ?? 1) + 1).fill(0);
  for (let i = 0; i < n; i++) if (labels.codes[i] >= 0) parts[sampleOf[i] + 1]++;
  for (let s = 1; s < parts.length; s++) parts[s] += parts[s - 1];
  const place = new Int32Array(n).fill(-1);
  const order = new Uint32Array(parts[parts.length - 1]);
  const next = parts.slice();
  for (let i = 0; i < n; i++) {
    if (labels.codes[i] < 0) continue;
    place[i] = next[sampleOf[i]]++;
    order[place[i]] = i;
  }

  const indptr = new Uint32Array(order.length + 1);
  const indices = new Uint32Array(graph.indices.length);
  let count = 0;
  for (let q = 0; q < order.length; q++) {
    const i = order[q];
    for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++) {
      const j = graph.indices[e];
      if (place[j] < 0) continue;
      if (sampleOf[j] !== sampleOf[i]) {
        throw new SpatialError("input", `${verb}: the graph joins samples (nodes ${i} and ${j}).`, {
          subject: "graph",
          hint: "Build the graph with the same option sample.",
        });
      }
      indices[count++] = place[j];
    }
    indptr[q + 1] = count;
  }
  const edges = { nodes: order.length, directed: graph.directed, indptr, indices: indices.slice(0, count) };
  return { parts, codes: Int32Array.from(order, (i) => labels.codes[i]), edges };
}

/** Sample s alone. */
export function samplePart({ parts, codes, edges }: Labelled, s: number): Labelled {
  const [from, to] = [parts[s], parts[s + 1]];
  const start = edges.indptr[from];
  return {
    parts: [0, to - from],
    codes: codes.subarray(from, to),
    edges: {
      nodes: to - from,
      directed: edges.directed,
      indptr: edges.indptr.subarray(from, to + 1).map((e) => e - start),
      indices: edges.indices.subarray(start, edges.indptr[to]).map((j) => j - from),
    },
  };
}

/** Entries to later nodes only: each edge of an undirected graph once. */
export function laterHalf({ nodes, directed, indptr, indices }: Entries): Entries {
  const starts = new Uint32Array(nodes + 1);
  const later = new Uint32Array(indices.length / 2);
  let count = 0;
  for (let i = 0; i < nodes; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) if (indices[e] > i) later[count++] = indices[e];
    starts[i + 1] = count;
  }
  return { nodes, directed, indptr: starts, indices: later };
}

/** Counts entries by the codes (all >= 0) of both ends: `found[a * k + b]`, overwritten. */
export function tally(
  { nodes, indptr, indices }: Entries,
  codes: Int32Array,
  k: number,
  found: Uint32Array = new Uint32Array(k * k),
): Uint32Array {
  found.fill(0);
  for (let i = 0; i < nodes; i++) {
    const base = codes[i] * k;
    const end = indptr[i + 1];
    for (let e = indptr[i]; e < end; e++) found[base + codes[indices[e]]]++;
  }
  return found;
}
