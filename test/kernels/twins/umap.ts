import type { Graph } from "../../../src/model/index.ts";

const f = Math.fround;
const one = new Float32Array(1);
const bits = new Int32Array(one.buffer);

/** Force over distance at a squared distance, linear within the pieces of a table of values and slopes. */
export function tabulated(table: Float32Array, square: number): number {
  one[0] = square;
  const at = Math.max(Math.min(bits[0], 0x497fffff), 0x35800000) - 0x35800000;
  const piece = at >>> 17;
  return f(table[2 * piece] + f(table[2 * piece + 1] * f(at & 0x1ffff)));
}

export interface Layout {
  readonly heads: Uint32Array;
  readonly tails: Uint32Array;
  readonly rates: Float32Array;
  readonly now: Float32Array;
  readonly next: Float32Array;
  readonly pulls: Float32Array;
  readonly pushes: Float32Array;
  readonly random: Uint32Array;
}

/**
 * One epoch of the edges [start, end), four draws at a time: heads move in `next`, where the nodes [from, from + own) go; the
 * others stand as in `now`.
 */
export function umapEpoch(
  start: number,
  end: number,
  epoch: number,
  step: number,
  from: number,
  own: number,
  negatives: number,
  { heads, tails, rates, now, next, pulls, pushes, random }: Layout,
): void {
  const nodes = now.length / 2;
  next.set(now.subarray(2 * from, 2 * (from + own)), 2 * from);
  const clip = (v: number): number => Math.min(Math.max(v, -4), 4);
  const due: number[] = [];
  for (let e = start; e < end; e++)
    if (Math.floor(f(epoch * rates[e])) > Math.floor(f((epoch - 1) * rates[e]))) due.push(e);

  for (let first = 0; first < due.length; first += 4) {
    const four = due.slice(first, first + 4);
    const drawn = drawNodes(random, nodes, negatives);
    const moves = four.map((e, lane): [number, number] => {
      let [x, y] = [0, 0];
      const move = (other: number, table: Float32Array): void => {
        const there = other >= from && other < from + own ? next : now;
        const dx = f(next[2 * heads[e]] - there[2 * other]);
        const dy = f(next[2 * heads[e] + 1] - there[2 * other + 1]);
        const force = tabulated(table, f(f(dx * dx) + f(dy * dy)));
        x = f(x + clip(f(force * dx)));
        y = f(y + clip(f(force * dy)));
      };
      move(tails[e], pulls);
      for (const other of drawn[lane]) move(other, pushes);
      return [f(x * f(step)), f(y * f(step))];
    });
    four.forEach((e, lane) => {
      next[2 * heads[e]] += moves[lane][0];
      next[2 * heads[e] + 1] += moves[lane][1];
    });
  }
}

/** Nodes for each of four lanes, by a xorshift32 of its own. */
function drawNodes(random: Uint32Array, nodes: number, count: number): number[][] {
  return Array.from({ length: 4 }, (_, lane) =>
    Array.from({ length: count }, () => {
      let state = random[lane];
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      random[lane] = state;
      return Number((BigInt(random[lane]) * BigInt(nodes)) >> 32n);
    }),
  );
}

/** The edges of the nodes at [from, to) as (head, tail, weight): the first of every node, then the second ... */
export function listEdges(
  { indptr, indices, weights }: Pick<Graph, "indptr" | "indices" | "weights">,
  order: Uint32Array,
  places: Uint32Array,
  from: number,
  to: number,
): (readonly [number, number, number])[] {
  const listed = Array.from({ length: to - from }, (_, t) => {
    const edges = Array.from(indices.subarray(indptr[order[from + t]], indptr[order[from + t] + 1]).keys());
    return edges.map((round) => {
      const e = indptr[order[from + t]] + round;
      return { round, edge: [from + t, places[indices[e]], weights[e]] as const };
    });
  });
  return listed
    .flat()
    .sort((a, b) => a.round - b.round || a.edge[0] - b.edge[0])
    .map(({ edge }) => edge);
}
