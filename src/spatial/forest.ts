import { pointTree } from "../kernels/geometry.ts";

/** Groups of points in the plane. */
export interface PointGroups {
  /** x, y of each point, group by group, length 2 n */
  readonly at: Float64Array;
  /** length groups + 1; group g owns points starts[g] to starts[g + 1] */
  readonly starts: ArrayLike<number>;
}

/** Points by group, those of group -1 left out. */
export function grouped(at: ArrayLike<number>, groups: number, groupOf: (i: number) => number): PointGroups {
  const of = Int32Array.from({ length: at.length / 2 }, (_, i) => groupOf(i));
  const starts = new Uint32Array(groups + 1);
  for (const g of of) if (g >= 0) starts[g + 1]++;
  for (let g = 0; g < groups; g++) starts[g + 1] += starts[g];
  const next = starts.slice();
  const sorted = new Float64Array(2 * starts[groups]);
  of.forEach((g, i) => {
    if (g < 0) return;
    const place = next[g]++;
    sorted[2 * place] = at[2 * i];
    sorted[2 * place + 1] = at[2 * i + 1];
  });
  return { at: sorted, starts };
}

/** Are these distances that a histogram may have? */
export function isAscending(value: unknown): boolean {
  const list = Array.from((value ?? []) as ArrayLike<unknown>);
  return (
    list.length > 0 &&
    list.every(
      (v, t) => typeof v === "number" && v >= 0 && v < Infinity && (t === 0 || v > (list[t - 1] as number)),
    )
  );
}

/** Trees over groups of points, as the kernels of `assembly/kernels/pairs.ts` read them. */
export interface Forest {
  /** 48 bytes a node, in preorder: the box as 4 doubles, first place, points, right child (0 in a leaf), unused */
  readonly nodes: Float64Array;
  /** root of each group's tree, -1 where the group is empty */
  readonly roots: Int32Array;
  /** the point at each place, -1 where a leaf is filled up to a multiple of 8 */
  readonly order: Int32Array;
}

/** Points of a leaf, at most. */
const LEAF = 64;
/** Doubles per node. */
export const NODE = 6;

/** Builds one tree per group. Cost O(n log n). */
export function plantForest({ at, starts }: PointGroups): Forest {
  const groups = starts.length - 1;
  let [nodeCount, places] = [0, 0];
  const measure = (size: number): void => {
    nodeCount++;
    if (size <= LEAF) {
      places += Math.ceil(size / 8) * 8;
      return;
    }
    measure(size >>> 1);
    measure(size - (size >>> 1));
  };
  for (let g = 0; g < groups; g++) if (starts[g + 1] > starts[g]) measure(starts[g + 1] - starts[g]);

  const nodes = new Float64Array(NODE * nodeCount);
  const words = new Uint32Array(nodes.buffer);
  const order = new Int32Array(places).fill(-1);
  const roots = new Int32Array(groups).fill(-1);
  let [node, place] = [0, 0];
  for (let g = 0; g < groups; g++) {
    const first = starts[g];
    if (starts[g + 1] === first) continue;
    const tree = pointTree(at.subarray(2 * first, 2 * starts[g + 1]), 2);
    const add = (start: number, end: number): number => {
      const own = node++;
      const box = nodes.subarray(NODE * own, NODE * own + 4);
      words[2 * (NODE * own + 4)] = place;
      words[2 * (NODE * own + 4) + 1] = end - start;
      if (end - start <= LEAF) {
        box.set([Infinity, Infinity, -Infinity, -Infinity]);
        for (let i = start; i < end; i++) {
          order[place + i - start] = first + tree.order[i];
          widen(box, tree.x[i], tree.y[i], tree.x[i], tree.y[i]);
        }
        place += Math.ceil((end - start) / 8) * 8;
        return own;
      }
      const middle = (start + end) >>> 1;
      box.set(nodes.subarray(NODE * add(start, middle)).subarray(0, 4));
      const right = add(middle, end);
      words[2 * (NODE * own + 5)] = right;
      widen(
        box,
        nodes[NODE * right],
        nodes[NODE * right + 1],
        nodes[NODE * right + 2],
        nodes[NODE * right + 3],
      );
      return own;
    };
    roots[g] = add(0, tree.size);
  }
  return { nodes, roots, order };
}

function widen(box: Float64Array, x0: number, y0: number, x1: number, y1: number): void {
  box[0] = Math.min(box[0], x0);
  box[1] = Math.min(box[1], y0);
  box[2] = Math.max(box[2], x1);
  box[3] = Math.max(box[3], y1);
}

/** Two groups, and the row of results that their pairs of points add to; the groups of a row have one window. */
export type GroupPair = readonly [group: number, other: number, row: number];

/** How many rows there are. */
export const rowsOf = (pairs: readonly GroupPair[]): number =>
  pairs.reduce((most, [, , row]) => Math.max(most, row + 1), 0);

/** Work on pairs of nodes, in calls of about `most` pairs of points each. */
export interface PairTasks {
  /** four numbers each: two nodes, offset of the result in `slots * width`, row */
  readonly tasks: Uint32Array;
  /** runs of tasks, one per call */
  readonly calls: readonly (readonly [number, number])[];
  /** the row that each slot of results belongs to; a slot is written by one call */
  readonly slots: readonly number[];
}

/** Cuts pairs of groups into pairs of nodes; those more than `reach` apart are left out. */
export function pairTasks(
  { nodes, roots }: Forest,
  pairs: readonly GroupPair[],
  reach: number,
  width: number,
  most: number,
): PairTasks {
  const words = new Uint32Array(nodes.buffer);
  const tasks: number[] = [];
  const calls: [number, number][] = [];
  const slots: number[] = [];
  let from = 0;
  let load = 0;
  const sizeOf = (node: number): number => words[2 * (NODE * node + 4) + 1];
  const rightOf = (node: number): number => words[2 * (NODE * node + 5)];
  const apart = (a: number, b: number): number => {
    const gap = (axis: number): number =>
      Math.max(
        nodes[NODE * b + axis] - nodes[NODE * a + axis + 2],
        nodes[NODE * a + axis] - nodes[NODE * b + axis + 2],
        0,
      );
    const [dx, dy] = [gap(0), gap(1)];
    return dx * dx + dy * dy;
  };
  const close = (): void => {
    if (tasks.length / 4 > from) calls.push([from, tasks.length / 4]);
    from = tasks.length / 4;
    load = 0;
  };
  const add = (a: number, b: number, row: number): void => {
    if (apart(a, b) > reach * reach) return;
    const size = sizeOf(a) * sizeOf(b);
    const [left, right] = [rightOf(a), rightOf(b)];
    if (size > most && a === b && left > 0) {
      add(a + 1, a + 1, row);
      add(left, left, row);
      add(a + 1, left, row);
    } else if (size > most && left > 0 && (right === 0 || sizeOf(a) >= sizeOf(b))) {
      add(a + 1, b, row);
      add(left, b, row);
    } else if (size > most && right > 0) {
      add(a, b + 1, row);
      add(a, right, row);
    } else {
      if (load + size > most) close();
      if (load === 0 || slots[slots.length - 1] !== row) slots.push(row);
      tasks.push(a, b, (slots.length - 1) * width, row);
      load += size;
    }
  };
  for (const [g, h, row] of pairs) if (roots[g] >= 0 && roots[h] >= 0) add(roots[g], roots[h], row);
  close();
  return { tasks: Uint32Array.from(tasks), calls, slots };
}

/** x, y of the point at each place; 0 where there is none. */
export function placed({ order }: Forest, at: Float64Array, out: Float64Array): void {
  order.forEach((i, place) => {
    if (i >= 0) {
      out[2 * place] = at[2 * i];
      out[2 * place + 1] = at[2 * i + 1];
    }
  });
}
