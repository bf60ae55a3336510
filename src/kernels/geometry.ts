/**
 * Finding points in the plane or in space: a k-d tree for what is near, a hash for what is exactly here.
 * Both are exact for any distribution of points; equal distances are settled by index.
 */

/** Points of a leaf, at most. */
const LEAF = 8;

/** Points in tree order. A node is a range; its halves are its children; a range of at most 8 points is a leaf. */
export interface PointTree {
  readonly size: number;
  /** original index of the point at each place, length size */
  readonly order: Uint32Array;
  /** coordinates by place, length size each; z is 0 in the plane */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  /** axis and coordinate that part the halves of each inner node (children of node v: 2v + 1, 2v + 2) */
  readonly axis: Uint8Array;
  readonly split: Float64Array;
}

/** Builds the tree over n x 2 or n x 3 row-major finite coordinates. Cost O(n log n). */
export function pointTree(points: Float64Array, dimensions: number): PointTree {
  const size = points.length / dimensions;
  const order = new Uint32Array(size);
  const axes = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < size; i++) {
    order[i] = i;
    for (let c = 0; c < dimensions; c++) axes[c][i] = points[i * dimensions + c];
  }
  let inner = 1;
  while (Math.ceil(size / inner) > LEAF) inner *= 2;
  const axis = new Uint8Array(inner);
  const split = new Float64Array(inner);

  const build = (node: number, start: number, end: number): void => {
    if (end - start <= LEAF) return;
    let widest = 0;
    let width = -1;
    for (let c = 0; c < dimensions; c++) {
      const values = axes[c];
      let low = values[start];
      let high = low;
      for (let i = start + 1; i < end; i++) {
        const v = values[i];
        if (v < low) low = v;
        else if (v > high) high = v;
      }
      if (high - low > width) {
        width = high - low;
        widest = c;
      }
    }
    const middle = (start + end) >>> 1;
    const others = axes.filter((_, c) => c !== widest);
    partition(axes[widest], others[0], others[1], order, start, end - 1, middle);
    axis[node] = widest;
    split[node] = axes[widest][middle];
    build(2 * node + 1, start, middle);
    build(2 * node + 2, middle, end);
  };
  build(0, 0, size);
  return { size, order, x: axes[0], y: axes[1], z: axes[2], axis, split };
}

/** Moves what belongs below place `middle` by `key` before it and the rest behind it (Hoare's selection). */
function partition(
  key: Float64Array,
  b: Float64Array,
  c: Float64Array,
  order: Uint32Array,
  left: number,
  right: number,
  middle: number,
): void {
  while (left < right) {
    const [first, centre, last] = [key[left], key[(left + right) >>> 1], key[right]];
    const pivot = Math.max(Math.min(first, centre), Math.min(Math.max(first, centre), last));
    let i = left;
    let j = right;
    while (i <= j) {
      while (key[i] < pivot) i++;
      while (key[j] > pivot) j--;
      if (i > j) break;
      const [k, u, v, o] = [key[i], b[i], c[i], order[i]];
      key[i] = key[j];
      b[i] = b[j];
      c[i] = c[j];
      order[i++] = order[j];
      key[j] = k;
      b[j] = u;
      c[j] = v;
      order[j--] = o;
    }
    if (middle <= j) right = j;
    else if (middle >= i) left = i;
    else return;
  }
}

/** Gives the leaves that may hold something within reach of a point, nearest half first. */
export interface Walk {
  /** the leaf, as places [start, end) */
  start: number;
  end: number;
  /** Starts at the root from the point at a place; leaves that end at or before place `after` are left out. */
  enter(place: number, after: number): void;
  /** Starts at the root from any point. */
  enterAt(px: number, py: number, pz: number): void;
  /** Moves to the next leaf with a point possibly within the squared distance `reach`. */
  next(reach: number): boolean;
}

export function walk({ size, x, y, z, axis, split }: PointTree): Walk {
  const depth = 64;
  const nodes = new Int32Array(depth);
  const starts = new Uint32Array(depth);
  const ends = new Uint32Array(depth);
  const away = new Float64Array(3 * depth); // squared distance to the node's range along each axis
  const at = new Float64Array(3);
  let after = 0;
  let top = 0;

  const enter = (place: number, skip: number): void => {
    enterAt(x[place], y[place], z[place]);
    after = skip;
  };
  const enterAt = (px: number, py: number, pz: number): void => {
    at[0] = px;
    at[1] = py;
    at[2] = pz;
    after = 0;
    nodes[0] = starts[0] = away[0] = away[1] = away[2] = 0;
    ends[0] = size;
    top = 1;
  };
  const next = (reach: number): boolean => {
    while (top > 0) {
      top--;
      const ax = away[3 * top];
      const ay = away[3 * top + 1];
      const az = away[3 * top + 2];
      if (ax + ay + az > reach) continue;
      let node = nodes[top];
      let start = starts[top];
      let end = ends[top];
      while (end - start > LEAF) {
        const a = axis[node];
        const difference = at[a] - split[node];
        const square = difference * difference;
        const middle = (start + end) >>> 1;
        const below = difference < 0;
        if ((a === 0 ? square : ax) + (a === 1 ? square : ay) + (a === 2 ? square : az) <= reach) {
          nodes[top] = 2 * node + (below ? 2 : 1);
          starts[top] = below ? middle : start;
          ends[top] = below ? end : middle;
          away[3 * top] = ax;
          away[3 * top + 1] = ay;
          away[3 * top + 2] = az;
          away[3 * top + a] = square;
          if (ends[top] > after) top++;
        }
        node = 2 * node + (below ? 1 : 2);
        if (below) end = middle;
        else start = middle;
        if (end <= after) break;
      }
      if (end <= after) continue;
      step.start = start;
      step.end = end;
      return true;
    }
    return false;
  };
  const step: Walk = { start: 0, end: 0, enter, enterAt, next };
  return step;
}

/**
 * The k nearest other points of every point, by (distance, index): `indices[i * k + r]` and their squared distances.
 * Points at the same place are neighbors at distance 0. Needs k < size.
 */
export function nearestOthers(
  tree: PointTree,
  k: number,
): { readonly indices: Uint32Array; readonly squares: Float64Array } {
  const { size, order, x, y, z } = tree;
  const indices = new Uint32Array(size * k);
  const squares = new Float64Array(size * k);
  const near = new Float64Array(k);
  const who = new Uint32Array(k);
  const leaves = walk(tree);
  for (let place = 0; place < size; place++) {
    const px = x[place];
    const py = y[place];
    const pz = z[place];
    near.fill(Infinity);
    who.fill(size);
    leaves.enter(place, 0);
    while (leaves.next(near[k - 1])) {
      const end = leaves.end;
      for (let other = leaves.start; other < end; other++) {
        const dx = x[other] - px;
        const dy = y[other] - py;
        const dz = z[other] - pz;
        const square = dx * dx + dy * dy + dz * dz;
        if (square > near[k - 1] || other === place) continue;
        const index = order[other];
        if (square === near[k - 1] && index > who[k - 1]) continue;
        let r = k - 1;
        for (; r > 0 && (near[r - 1] > square || (near[r - 1] === square && who[r - 1] > index)); r--) {
          near[r] = near[r - 1];
          who[r] = who[r - 1];
        }
        near[r] = square;
        who[r] = index;
      }
    }
    indices.set(who, order[place] * k);
    squares.set(near, order[place] * k);
  }
  return { indices, squares };
}

/** Calls `found` once for every pair of points at most `radius` apart (original indices, in no stated order). */
export function pairsWithin(
  tree: PointTree,
  radius: number,
  found: (i: number, j: number, distance: number) => void,
): void {
  const { size, order, x, y, z } = tree;
  const reach = radius * radius;
  const leaves = walk(tree);
  for (let place = 0; place < size; place++) {
    leaves.enter(place, place + 1);
    while (leaves.next(reach)) {
      for (let other = Math.max(leaves.start, place + 1); other < leaves.end; other++) {
        const dx = x[other] - x[place];
        const dy = y[other] - y[place];
        const dz = z[other] - z[place];
        const square = dx * dx + dy * dy + dz * dz;
        if (square <= reach) found(order[place], order[other], Math.sqrt(square));
      }
    }
  }
}

/** Which point lies exactly at a place of the plane. */
export interface PlaceIndex {
  /** for each point the first point with the same coordinates (itself where it is the first), length n */
  readonly first: Uint32Array;
  /** The first point at (x, y), or -1. */
  find(x: number, y: number): number;
}

/** An open-addressing hash of n x 2 row-major coordinates. Cost O(n). */
export function placeIndex(points: Float64Array): PlaceIndex {
  const n = points.length / 2;
  let slots = 16;
  while (slots < 2 * n) slots *= 2;
  const table = new Int32Array(slots).fill(-1);
  const bits = new Float64Array(2);
  const words = new Uint32Array(bits.buffer);
  const slot = (x: number, y: number): number => {
    bits[0] = x + 0; // -0 and 0 are one place
    bits[1] = y + 0;
    let h = 0;
    for (let w = 0; w < 4; w++) {
      h = Math.imul(h ^ words[w], 0x21f0aaad);
      h ^= h >>> 15;
    }
    h = Math.imul(h, 0x735a2d97);
    h = (h ^ (h >>> 15)) & (slots - 1);
    while (table[h] >= 0 && (points[2 * table[h]] !== x || points[2 * table[h] + 1] !== y))
      h = (h + 1) & (slots - 1);
    return h;
  };
  const first = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const h = slot(points[2 * i], points[2 * i + 1]);
    if (table[h] < 0) table[h] = i;
    first[i] = table[h];
  }
  return { first, find: (x, y) => table[slot(x, y)] };
}
