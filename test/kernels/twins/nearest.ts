export interface Kept {
  readonly distances: Float32Array;
  readonly indices: Uint32Array;
  readonly limits: Float32Array;
}

/** The kernel of the same name: squares of the upper half of all pairs, one after the other. */
export function nearestSquares(
  points: Float32Array,
  norms: Float32Array,
  dims: number,
  side: number,
  [row, col, count]: readonly [number, number, number],
  kept: number,
  state: Kept,
): void {
  const padded = norms.length;
  const span = (k: number): readonly [number, number] => [k * side, Math.min(padded, (k + 1) * side)];
  for (let t = 0; t < count; t++) {
    nearestTile(points, norms, dims, span(row), span(col), kept, state);
    if (++col === Math.ceil(padded / side)) col = ++row;
  }
}

/** The pairs of one tile in the kernel's order, each distance norm_i + (norm_j - 2 dot) in single precision. */
function nearestTile(
  points: Float32Array,
  norms: Float32Array,
  dims: number,
  rows: readonly [number, number],
  cols: readonly [number, number],
  kept: number,
  state: Kept,
): void {
  const f = Math.fround;
  const at = (i: number, d: number): number => points[(i >> 3) * dims * 8 + d * 8 + (i & 7)];
  const offer = (point: number, other: number, s: number): void => {
    if (!(s <= state.limits[point] && s < Infinity)) return;
    const first = point * kept;
    let slot = first + kept - 1;
    if (s === state.limits[point] && other > state.indices[slot]) return;
    for (; slot > first; slot--) {
      const before = state.distances[slot - 1];
      if (before < s || (before === s && state.indices[slot - 1] < other)) break;
      state.distances[slot] = before;
      state.indices[slot] = state.indices[slot - 1];
    }
    state.distances[slot] = s;
    state.indices[slot] = other;
    state.limits[point] = state.distances[first + kept - 1];
  };
  for (let quad = rows[0]; quad < rows[1]; quad += 4) {
    for (let panel = Math.max(cols[0], quad & ~7); panel < cols[1]; panel += 8) {
      for (let i = quad; i < quad + 4; i++) {
        for (let j = Math.max(panel, i + 1); j < panel + 8; j++) {
          let dot = 0;
          for (let d = 0; d < dims; d++) dot = f(dot + f(at(i, d) * at(j, d)));
          const s = f(norms[i] + f(norms[j] - f(dot + dot)));
          offer(i, j, s);
          offer(j, i, s);
        }
      }
    }
  }
}
