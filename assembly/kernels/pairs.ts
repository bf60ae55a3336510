// Histograms of distances between groups of points in the plane, by two trees at once (forest.ts). Rounding keeps order, so a box is
// within a threshold exactly where all of its points are.
import { addTo, binOf, firstOf, largestSquare, leastSquare, NODE, rightOf, sizeOf } from "./forest";
import { countOne, countRow, flushHistogram, openHistogram } from "./histogram";

let nodes: usize = 0;
let squares: usize = 0;
let bins: i32 = 0;
let out: usize = 0;

// Adds the pairs of `count` tasks (four numbers each: two nodes, offset of their bins in `found`, row) to f64 found[]. Where both nodes
// are the same, each pair counts once. The rest is described in histogram.ts.
export function countPairs(
  tasks: usize,
  count: i32,
  nodesAt: usize,
  x: usize,
  y: usize,
  exact: usize,
  squaresAt: usize,
  binCount: i32,
  scale: f32,
  start: f32,
  uncertain: f32,
  tableBits: i32,
  histogramAt: usize,
  tableAt: usize,
  found: usize,
): void {
  nodes = nodesAt;
  squares = squaresAt;
  bins = binCount;
  openHistogram(x, y, exact, squares, bins, scale, start, uncertain, tableBits, histogramAt, tableAt);
  for (let t = 0; t < count; t++) {
    const task = tasks + ((<usize>t) << 4);
    out = found + ((<usize>load<u32>(task, 8)) << 3);
    count2(load<i32>(task), load<i32>(task, 4), 0, bins);
    if (t + 1 < count && load<i32>(task, 24) == load<i32>(task, 8)) continue;
    flushHistogram(out);
  }
}

// The pairs of two nodes, all of which belong to bins from `low` to `high`.
function count2(a: i32, b: i32, low: i32, high: i32): void {
  const one = nodes + <usize>a * NODE;
  const other = nodes + <usize>b * NODE;
  low = binOf(squares, leastSquare(one, other), low, high);
  if (low == bins) return;
  high = binOf(squares, largestSquare(one, other), low, high);
  if (low == high) {
    const n = <f64>sizeOf(one);
    addTo(out + ((<usize>low) << 3), a == b ? (n * (n - 1)) / 2 : n * <f64>sizeOf(other));
    return;
  }
  const right = rightOf(one);
  const otherRight = rightOf(other);
  if (a == b && right > 0) {
    count2(a + 1, a + 1, low, high);
    count2(right, right, low, high);
    count2(a + 1, right, low, high);
  } else if (right > 0 && (otherRight == 0 || sizeOf(one) >= sizeOf(other))) {
    count2(a + 1, b, low, high);
    count2(right, b, low, high);
  } else if (otherRight > 0) {
    count2(a, b + 1, low, high);
    count2(a, otherRight, low, high);
  } else if (a == b) countWithin(one, low, high);
  else {
    const first = firstOf(one);
    const end = first + sizeOf(one);
    const column = firstOf(other);
    for (let i = first; i < end; i++) countRow(i, column, column + sizeOf(other), low, high);
  }
}

function countWithin(leaf: usize, low: i32, high: i32): void {
  const first = firstOf(leaf);
  const end = first + sizeOf(leaf);
  for (let i = first; i < end; i++) for (let j = i + 1; j < end; j++) countOne(i, j, low, high);
}
