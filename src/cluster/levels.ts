import type { RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { shuffle } from "../kernels/random.ts";
import { moveNodes } from "./moving.ts";
import { aggregate, membersOf, type Network } from "./network.ts";
import { refine } from "./refine.ts";

/** How one pass goes. */
export interface Pass {
  /** What becomes the nodes of the next level: well-connected parts of communities (Leiden), or communities (Louvain). */
  readonly join: "parts" | "communities";
  readonly seed: number;
  readonly pass: number;
}

/** Communities, and an order of the nodes that keeps them, and the parts within them, together. */
export interface Improved {
  readonly community: Uint32Array;
  readonly order: Uint32Array;
}

/** Nodes that stay together in the random orders of later passes, when neighbors are near each other in memory. */
const TOGETHER = 32;

/**
 * One pass from the given communities (numbered below n): nodes move, parts become the nodes of a smaller network, those
 * move, until nothing joins. Pass 0, a rough start, looks at each node of a level once only: emptying the queue there takes
 * twice the time, and leads to worse answers after some passes (50,000 to 1 million nodes).
 */
export async function improve(
  network: Network,
  start: Uint32Array,
  { join, seed, pass }: Pass,
  run: RunOptions,
): Promise<Improved> {
  const together = pass === 0 ? 1 : TOGETHER;
  const levels: { parts: Uint32Array; count: number }[] = [];
  let level = network;
  let community = start.slice();
  for (let depth = 0; ; depth++) {
    const { nodes } = level;
    const most = pass === 0 ? nodes : Infinity;
    await moveNodes(level, community, randomOrder(nodes, together, seed, pass, depth, 0), most, run);
    const parts =
      join === "communities"
        ? community.slice()
        : await refine(level, community, randomOrder(nodes, together, seed, pass, depth, 1), run);
    const count = compact(parts, nodes);
    if (count === nodes) break;
    levels.push({ parts, count });
    const above = new Uint32Array(count);
    for (let v = 0; v < nodes; v++) above[parts[v]] = community[v];
    compact(above, nodes);
    level = await aggregate(level, parts, count, run);
    community = above;
  }
  let order = membersOf(community, level.nodes).members;
  for (const { parts, count } of levels.reverse()) {
    community = parts.map((p) => community[p]);
    const { starts, members } = membersOf(parts, count);
    const below = new Uint32Array(parts.length);
    let m = 0;
    for (const p of order) for (let k = starts[p]; k < starts[p + 1]; k++) below[m++] = members[k];
    order = below;
  }
  return { community, order };
}

/** The numbers below n in random order, runs of `together` consecutive ones staying as they are. */
function randomOrder(n: number, together: number, ...key: [number, number, number, number]): Uint32Array {
  const runs = shuffle(
    stream(...key),
    Uint32Array.from({ length: Math.ceil(n / together) }, (_, i) => i),
  );
  const order = new Uint32Array(n);
  let m = 0;
  for (const run of runs)
    for (let v = run * together; v < Math.min(n, (run + 1) * together); v++) order[m++] = v;
  return order;
}

/** Renumbers in place, from values below `below`, from 0 in order of appearance; how many there are. */
function compact(numbers: Uint32Array, below: number): number {
  const to = new Int32Array(below).fill(-1);
  let count = 0;
  for (let i = 0; i < numbers.length; i++) {
    if (to[numbers[i]] < 0) to[numbers[i]] = count++;
    numbers[i] = to[numbers[i]];
  }
  return count;
}

/** Whether two groupings put the same nodes together. */
export function samePartition(a: Uint32Array, b: Uint32Array): boolean {
  const x = a.slice();
  const y = b.slice();
  compact(x, x.length);
  compact(y, y.length);
  return x.every((v, i) => v === y[i]);
}
