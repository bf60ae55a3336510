// The nearest among candidates by distances in double precision.

import { NEW, NONE } from "./neighbor-lists";

// For the points order[from, to), from lists of `kept` candidates as assembly/kernels/nearest has them, whose indices are places in
// `order`: the k nearest by (distance, index), their indices and distances in rows by point. Points have `dims` coordinates (f32).
export function refineNearest32(
  from: i32,
  to: i32,
  k: i32,
  kept: i32,
  lists: usize,
  order: usize,
  points: usize,
  dims: i32,
  indices: usize,
  distances: usize,
): void {
  refine<f32>(from, to, k, kept, lists, order, points, dims, indices, distances);
}

// The same for coordinates in double precision.
export function refineNearest64(
  from: i32,
  to: i32,
  k: i32,
  kept: i32,
  lists: usize,
  order: usize,
  points: usize,
  dims: i32,
  indices: usize,
  distances: usize,
): void {
  refine<f64>(from, to, k, kept, lists, order, points, dims, indices, distances);
}

function refine<T>(
  from: i32,
  to: i32,
  k: i32,
  kept: i32,
  lists: usize,
  order: usize,
  points: usize,
  dims: i32,
  indices: usize,
  distances: usize,
): void {
  const width = <usize>dims * sizeof<T>();
  for (let at = <usize>from; at < <usize>to; at++) {
    const i = <usize>load<u32>(order + (at << 2));
    const own = points + i * width;
    const row = indices + ((i * <usize>k) << 2);
    const squares = distances + ((i * <usize>k) << 3);
    let held: usize = 0;
    let worst = Infinity;
    const list = lists + ((at * <usize>kept) << 3);
    for (let c = list; c < list + ((<usize>kept) << 2); c += 4) {
      if (load<i32>(c) == NONE) break;
      const j = load<u32>(order + ((<usize>(load<i32>(c + ((<usize>kept) << 2)) & ~NEW)) << 2));
      const other = points + <usize>j * width;
      let sum: f64 = 0;
      for (let d: usize = 0; d < width && !(sum > worst); d += sizeof<T>()) {
        const difference = <f64>load<T>(own + d) - <f64>load<T>(other + d);
        sum += difference * difference;
      }
      if (held == <usize>k) {
        if (sum > worst || (sum == worst && j > load<u32>(row + ((held - 1) << 2)))) continue;
        held--;
      }
      let slot = held++;
      for (; slot > 0; slot--) {
        const before = load<f64>(squares + ((slot - 1) << 3));
        const name = load<u32>(row + ((slot - 1) << 2));
        if (before < sum || (before == sum && name < j)) break;
        store<f64>(squares + (slot << 3), before);
        store<u32>(row + (slot << 2), name);
      }
      store<f64>(squares + (slot << 3), sum);
      store<u32>(row + (slot << 2), j);
      if (held == <usize>k) worst = load<f64>(squares + ((held - 1) << 3));
    }
    for (let t: usize = 0; t < held; t++) store<f64>(squares + (t << 3), sqrt(load<f64>(squares + (t << 3))));
  }
}
