import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Network } from "./network.ts";

/** Nodes between two looks at the signal: some 20 ms. */
const NODES = 16384;

/**
 * Splits each community into parts that hold together: from single nodes, each node that is well connected to its
 * community joins (in the given order) the well-connected part of it where the objective gains most. Returns the part of
 * each node, named by one of its nodes.
 */
export async function refine(
  network: Network,
  community: Uint32Array,
  order: Uint32Array,
  run: RunOptions,
): Promise<Uint32Array> {
  const { nodes, indptr, indices, weights, sizes, penalty } = network;
  const quiet = { signal: run.signal };
  const wholes = new Float64Array(nodes);
  for (let v = 0; v < nodes; v++) wholes[community[v]] += sizes[v];
  const part = Uint32Array.from({ length: nodes }, (_, v) => v);
  const sums = sizes.slice();
  const counts = new Uint32Array(nodes).fill(1);
  /** weight between a part and the rest of its community */
  const cut = new Float64Array(nodes);
  await forEachBlock(
    "parts",
    nodes,
    NODES,
    (start, end) => {
      for (let v = start; v < end; v++) {
        const c = community[v];
        let inside = 0;
        for (let e = indptr[v]; e < indptr[v + 1]; e++) if (community[indices[e]] === c) inside += weights[e];
        cut[v] = inside;
      }
    },
    quiet,
  );
  const weight = new Float64Array(nodes);
  const met = new Uint32Array(nodes);
  const join = (start: number, end: number): void => {
    for (let i = start; i < end; i++) {
      const v = order[i];
      const c = community[v];
      const whole = wholes[c];
      if (counts[part[v]] > 1 || cut[v] < penalty * sums[v] * (whole - sums[v])) continue;
      let count = 0;
      for (let e = indptr[v]; e < indptr[v + 1]; e++) {
        const u = indices[e];
        const w = weights[e];
        if (w === 0 || community[u] !== c) continue;
        const before = weight[part[u]];
        if (before === 0) met[count++] = part[u];
        weight[part[u]] = before + w;
      }
      const scale = penalty * sizes[v];
      let best = v;
      let gain = 0;
      let toBest = 0;
      for (let k = 0; k < count; k++) {
        const p = met[k];
        const g = weight[p] - scale * sums[p];
        if (p !== v && g >= gain && cut[p] >= penalty * sums[p] * (whole - sums[p])) {
          gain = g;
          best = p;
          toBest = weight[p];
        }
        weight[p] = 0;
      }
      if (best === v) continue;
      cut[best] += cut[v] - 2 * toBest;
      sums[best] += sizes[v];
      counts[best]++;
      counts[v] = 0;
      part[v] = best;
    }
  };
  await forEachBlock("parts", nodes, NODES, join, quiet);
  return part;
}
