import type { RunOptions } from "../core/progress.ts";
import { type Call, withThreads } from "../kernels/wasm/threads.ts";
import { NODE, placed, plantForest, type PointGroups } from "./forest.ts";

/** Points that one call asks for: about 5 ms. */
const QUERIES = 8192;

/**
 * Squared distance from each point of the first group of a pair to the nearest other point of the second, for each pair in the
 * order of the first group's points; Infinity where there is none. Exact. Cost O(log n) per point, about 0.3 us.
 */
export async function closestSquares(
  points: PointGroups,
  pairs: readonly (readonly [number, number])[],
  step: string,
  run: RunOptions,
): Promise<readonly Float64Array[]> {
  const forest = plantForest(points);
  const { roots, order } = forest;
  const words = new Uint32Array(forest.nodes.buffer);
  const firstOf = (node: number): number => words[2 * (NODE * node + 4)];
  const sizeOf = (node: number): number => words[2 * (NODE * node + 4) + 1];
  const rightOf = (node: number): number => words[2 * (NODE * node + 5)];
  const tasks: number[] = [];
  const runs: [number, number][] = [];
  const offsets: number[] = [];
  let [from, load, room] = [0, 0, 0];
  const add = (node: number, root: number, offset: number): void => {
    if (sizeOf(node) > QUERIES && rightOf(node) > 0) {
      add(node + 1, root, offset);
      add(rightOf(node), root, offset);
      return;
    }
    tasks.push(node, root, offset + firstOf(node), 0);
    load += sizeOf(node);
    if (load < QUERIES) return;
    runs.push([from, tasks.length / 4]);
    from = tasks.length / 4;
    load = 0;
  };
  for (const [g, h] of pairs) {
    const start = roots[g] < 0 ? 0 : firstOf(roots[g]);
    offsets.push(room - start);
    if (roots[g] < 0) continue;
    if (roots[h] >= 0) add(roots[g], roots[h], room - start);
    room += placesOf(roots[g]);
  }
  if (tasks.length / 4 > from) runs.push([from, tasks.length / 4]);

  /** Places of a tree, those that are filled up included. */
  function placesOf(node: number): number {
    if (rightOf(node) > 0) return placesOf(node + 1) + placesOf(rightOf(node));
    return Math.ceil(sizeOf(node) / 8) * 8;
  }

  const bytes = 4 * tasks.length + forest.nodes.byteLength + 16 * order.length + 8 * room;
  return withThreads(bytes, run, async (arena) => {
    const work = arena.u32(tasks.length);
    const nodes = arena.f64(forest.nodes.length);
    const exact = arena.f64(2 * order.length);
    const found = arena.f64(room).fill(Infinity);
    work.set(tasks);
    nodes.set(forest.nodes);
    placed(forest, points.at, exact);
    const calls = runs.map(([start, end]): Call => [
      work.byteOffset + 16 * start,
      end - start,
      nodes.byteOffset,
      exact.byteOffset,
      found.byteOffset,
    ]);
    await arena.spread(step, "closestSquares", calls);
    return pairs.map(([g], pair) => {
      const squares = new Float64Array(points.starts[g + 1] - points.starts[g]);
      if (roots[g] < 0) return squares;
      const start = firstOf(roots[g]);
      const end = start + placesOf(roots[g]);
      for (let place = start; place < end; place++)
        if (order[place] >= 0) squares[order[place] - points.starts[g]] = found[offsets[pair] + place];
      return squares;
    });
  });
}
