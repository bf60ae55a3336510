// Lists of neighbors, ascending by (squared distance, index): the squared distances, then the indices.

/** What a free place holds. */
export const NONE: i32 = 0x7fffffff;
/** The bit of an index that came with the last merge. */
export const NEW: i32 = 1 << 31;

export function clear(list: usize, slots: i32): void {
  const end = list + ((<usize>slots) << 3);
  for (; list < end; list += 16) v128.store(list, i32x4.splat(NONE));
}

// Merges a new list into a list, from the end on.
export function mergeLists(list: usize, kept: i32, start: usize, room: i32): void {
  const indices = (<usize>kept) << 2;
  const newIndices = (<usize>room) << 2;
  for (let at = list + indices; at < list + (indices << 1); at += 16)
    v128.store(at, v128.and(v128.load(at), i32x4.splat(~NEW)));
  // How many of the new ones stay: those that precede the old one whose place they take.
  let old = list + indices - 4;
  let recent = start;
  while (recent < start + newIndices && old >= list) {
    if (load<i32>(recent + newIndices) == NONE || !precedes(recent, newIndices, old, indices)) break;
    recent += 4;
    old -= 4;
  }
  recent -= 4;
  for (let to = list + indices - 4; recent >= start; to -= 4) {
    if (old >= list && precedes(recent, newIndices, old, indices)) {
      store<i32>(to, load<i32>(old));
      store<i32>(to + indices, load<i32>(old + indices));
      old -= 4;
    } else {
      store<i32>(to, load<i32>(recent));
      store<i32>(to + indices, load<i32>(recent + newIndices) | NEW);
      recent -= 4;
    }
  }
}

// Whether the entry at a comes before the one at b, by (squared distance, index); their indices lie further on.
function precedes(a: usize, toIndexA: usize, b: usize, toIndexB: usize): bool {
  const s = load<i32>(a);
  const t = load<i32>(b);
  return s < t || (s == t && load<i32>(a + toIndexA) < load<i32>(b + toIndexB));
}
