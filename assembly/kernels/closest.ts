// The nearest point of a tree to each point of a node of the same or another tree.
import { firstOf, NODE, rightOf, sizeOf } from "./forest";

let nodes: usize = 0;
let exact: usize = 0;
let x: f64 = 0;
let y: f64 = 0;
let self: i32 = 0;
let best: f64 = 0;

// For `count` tasks (a node, the root of a tree, offset in `found`, unused): writes found[offset + place - first place of the node],
// the square of the distance from each place of the node to the nearest other place of the tree, as f64; Infinity where there is none.
export function closestSquares(tasks: usize, count: i32, nodesAt: usize, exactAt: usize, found: usize): void {
  nodes = nodesAt;
  exact = exactAt;
  for (let t = 0; t < count; t++) {
    const task = tasks + ((<usize>t) << 4);
    const node = nodes + <usize>load<i32>(task) * NODE;
    ask(
      node,
      nodes + <usize>load<i32>(task, 4) * NODE,
      found + ((<usize>(load<i32>(task, 8) - firstOf(node))) << 3),
    );
  }
}

function ask(node: usize, root: usize, out: usize): void {
  if (rightOf(node) > 0) {
    ask(node + NODE, root, out);
    ask(nodes + <usize>rightOf(node) * NODE, root, out);
    return;
  }
  const end = firstOf(node) + sizeOf(node);
  for (self = firstOf(node); self < end; self++) {
    const at = exact + ((<usize>self) << 4);
    x = load<f64>(at);
    y = load<f64>(at, 8);
    best = Infinity;
    seek(root);
    store<f64>(out + ((<usize>self) << 3), best);
  }
}

function seek(node: usize): void {
  if (rightOf(node) == 0) {
    const end = firstOf(node) + sizeOf(node);
    for (let place = firstOf(node); place < end; place++) {
      const at = exact + ((<usize>place) << 4);
      const dx = load<f64>(at) - x;
      const dy = load<f64>(at, 8) - y;
      const square = dx * dx + dy * dy;
      if (square < best && place != self) best = square;
    }
    return;
  }
  const left = node + NODE;
  const right = nodes + <usize>rightOf(node) * NODE;
  const toLeft = squareTo(left);
  const toRight = squareTo(right);
  const near = toLeft <= toRight ? left : right;
  if (min(toLeft, toRight) < best) seek(near);
  if (max(toLeft, toRight) < best) seek(near == left ? right : left);
}

// From the point to the box of a node.
function squareTo(node: usize): f64 {
  const dx = max(max(load<f64>(node) - x, x - load<f64>(node, 16)), 0);
  const dy = max(max(load<f64>(node, 8) - y, y - load<f64>(node, 24)), 0);
  return dx * dx + dy * dy;
}
