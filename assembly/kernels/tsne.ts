// The gradient of t-SNE in the plane: attraction along the edges of a graph, repulsion by a tree (Barnes and Hut).
// Points lie along a curve through the plane. Leaves of the tree are 8 points that follow each other, a node above holds 4 nodes of
// the level below, so that no pointers are needed. `levels` holds, from the leaves up to level `top`, the first node and the
// number of nodes of each level. A node is 8 numbers: least x, least y, greatest x, greatest y, mean x, mean y, number of points,
// and the square of the distance from which on it may stand for its points. Coordinates x and y are padded to whole leaves.

// Brings the nodes up to date with where `n` points are. A node may stand for its points at distance width / angle;
// `sharpness` is 1 / angle^2.
export function tsneTree(
  n: i32,
  x: usize,
  y: usize,
  nodes: usize,
  levels: usize,
  top: i32,
  sharpness: f32,
): void {
  const leaves = load<i32>(levels, 4);
  for (let t = 0; t < leaves; t++) {
    const first = t << 3;
    const last = min(n, first + 8);
    let lowX = Infinity as f32;
    let lowY = Infinity as f32;
    let highX = -Infinity as f32;
    let highY = -Infinity as f32;
    let sumX: f32 = 0;
    let sumY: f32 = 0;
    for (let i = first; i < last; i++) {
      const px = load<f32>(x + ((<usize>i) << 2));
      const py = load<f32>(y + ((<usize>i) << 2));
      lowX = min(lowX, px);
      lowY = min(lowY, py);
      highX = max(highX, px);
      highY = max(highY, py);
      sumX += px;
      sumY += py;
    }
    const count = <f32>(last - first);
    put(nodes + ((<usize>t) << 5), lowX, lowY, highX, highY, sumX / count, sumY / count, count, sharpness);
  }
  for (let level = 1; level <= top; level++) {
    const at = levels + ((<usize>level) << 3);
    const below = nodes + ((<usize>load<i32>(at - 8)) << 5);
    const own = nodes + ((<usize>load<i32>(at)) << 5);
    const children = load<i32>(at - 4);
    const count = load<i32>(at, 4);
    for (let t = 0; t < count; t++) {
      let lowX = Infinity as f32;
      let lowY = Infinity as f32;
      let highX = -Infinity as f32;
      let highY = -Infinity as f32;
      let sumX: f32 = 0;
      let sumY: f32 = 0;
      let sum: f32 = 0;
      const last = min(children, (t << 2) + 4);
      for (let c = t << 2; c < last; c++) {
        const child = below + ((<usize>c) << 5);
        lowX = min(lowX, load<f32>(child));
        lowY = min(lowY, load<f32>(child, 4));
        highX = max(highX, load<f32>(child, 8));
        highY = max(highY, load<f32>(child, 12));
        const points = load<f32>(child, 24);
        sumX += points * load<f32>(child, 16);
        sumY += points * load<f32>(child, 20);
        sum += points;
      }
      put(own + ((<usize>t) << 5), lowX, lowY, highX, highY, sumX / sum, sumY / sum, sum, sharpness);
    }
  }
}

function put(
  node: usize,
  lowX: f32,
  lowY: f32,
  highX: f32,
  highY: f32,
  meanX: f32,
  meanY: f32,
  points: f32,
  sharpness: f32,
): void {
  const width = max(highX - lowX, highY - lowY);
  store<f32>(node, lowX);
  store<f32>(node, lowY, 4);
  store<f32>(node, highX, 8);
  store<f32>(node, highY, 12);
  store<f32>(node, meanX, 16);
  store<f32>(node, meanY, 20);
  store<f32>(node, points, 24);
  store<f32>(node, width * width * sharpness, 28);
}

// For the points of the leaves [from, to): the sums over all points j of w (itself among them) and of w^2 (x_i - x_j), where
// w = 1 / (1 + d^2), nodes standing for their points where the whole leaf is far enough; and the sum of p w (x_i - x_j) over the
// edges [starts[i], starts[i + 1]) of each point, multiples of 4. `out` has room for five arrays of `padded` numbers: pulls in x and y,
// pushes in x and y, sums of w. `pairs` holds x and y of each point side by side.
export function tsneForces(
  from: i32,
  to: i32,
  n: i32,
  padded: i32,
  x: usize,
  y: usize,
  pairs: usize,
  nodes: usize,
  levels: usize,
  top: i32,
  starts: usize,
  others: usize,
  strengths: usize,
  out: usize,
): void {
  const row = (<usize>padded) << 2;
  for (let leaf = from; leaf < to; leaf++) {
    push(leaf, n, x, y, nodes, levels, top, out + 2 * row, row);
    const last = min(n, (leaf << 3) + 8);
    for (let i = leaf << 3; i < last; i++) pull(i, pairs, starts, others, strengths, out, row);
  }
}

function push(
  leaf: i32,
  n: i32,
  x: usize,
  y: usize,
  nodes: usize,
  levels: usize,
  top: i32,
  out: usize,
  row: usize,
): void {
  const at = (<usize>leaf) << 5;
  const own = nodes + at;
  const lowX = load<f32>(own);
  const lowY = load<f32>(own, 4);
  const highX = load<f32>(own, 8);
  const highY = load<f32>(own, 12);
  const one = f32x4.splat(1);
  const x0 = v128.load(x + at);
  const x1 = v128.load(x + at, 16);
  const y0 = v128.load(y + at);
  const y1 = v128.load(y + at, 16);
  let fx0 = f32x4.splat(0);
  let fx1 = f32x4.splat(0);
  let fy0 = f32x4.splat(0);
  let fy1 = f32x4.splat(0);
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let level = top;
  let i = 0;
  for (;;) {
    const node = nodes + ((<usize>(load<i32>(levels + ((<usize>level) << 3)) + i)) << 5);
    const meanX = load<f32>(node, 16);
    const meanY = load<f32>(node, 20);
    const awayX = max<f32>(max(lowX - meanX, meanX - highX), 0);
    const awayY = max<f32>(max(lowY - meanY, meanY - highY), 0);
    const far = awayX * awayX + awayY * awayY > load<f32>(node, 28);
    if (!far && level > 0) {
      level--;
      i <<= 2;
      continue;
    }
    // The node as one point of its weight, or the points of a leaf.
    let atX = node + 16;
    let atY = node + 20;
    let points = v128.load32_splat(node, 24);
    let count = 1;
    if (!far) {
      atX = x + ((<usize>i) << 5);
      atY = y + ((<usize>i) << 5);
      points = one;
      count = min(8, n - (i << 3));
    }
    for (; count > 0; count--) {
      const px = v128.load32_splat(atX);
      const py = v128.load32_splat(atY);
      const dx0 = f32x4.sub(x0, px);
      const dx1 = f32x4.sub(x1, px);
      const dy0 = f32x4.sub(y0, py);
      const dy1 = f32x4.sub(y1, py);
      const w0 = f32x4.div(one, f32x4.add(one, f32x4.add(f32x4.mul(dx0, dx0), f32x4.mul(dy0, dy0))));
      const w1 = f32x4.div(one, f32x4.add(one, f32x4.add(f32x4.mul(dx1, dx1), f32x4.mul(dy1, dy1))));
      const all0 = f32x4.mul(points, w0);
      const all1 = f32x4.mul(points, w1);
      sum0 = f32x4.add(sum0, all0);
      sum1 = f32x4.add(sum1, all1);
      const force0 = f32x4.mul(all0, w0);
      const force1 = f32x4.mul(all1, w1);
      fx0 = f32x4.add(fx0, f32x4.mul(force0, dx0));
      fx1 = f32x4.add(fx1, f32x4.mul(force1, dx1));
      fy0 = f32x4.add(fy0, f32x4.mul(force0, dy0));
      fy1 = f32x4.add(fy1, f32x4.mul(force1, dy1));
      atX += 4;
      atY += 4;
    }
    // On to the next sibling, of the node or of one above it.
    for (i++; level < top && ((i & 3) == 0 || i == load<i32>(levels + ((<usize>level) << 3), 4)); i++) {
      i = (i - 1) >> 2;
      level++;
    }
    if (level == top && i == load<i32>(levels + ((<usize>top) << 3), 4)) break;
  }
  v128.store(out + at, fx0);
  v128.store(out + at, fx1, 16);
  v128.store(out + row + at, fy0);
  v128.store(out + row + at, fy1, 16);
  v128.store(out + 2 * row + at, sum0);
  v128.store(out + 2 * row + at, sum1, 16);
}

function pull(
  i: i32,
  pairs: usize,
  starts: usize,
  others: usize,
  strengths: usize,
  out: usize,
  row: usize,
): void {
  const one = f32x4.splat(1);
  const own = pairs + ((<usize>i) << 3);
  const x = v128.load32_splat(own);
  const y = v128.load32_splat(own, 4);
  const entry = starts + ((<usize>i) << 2);
  const last = (<usize>load<u32>(entry, 4)) << 2;
  let fx = f32x4.splat(0);
  let fy = f32x4.splat(0);
  for (let e = (<usize>load<u32>(entry)) << 2; e < last; e += 16) {
    const p0 = pairs + ((<usize>load<u32>(others + e)) << 3);
    const p1 = pairs + ((<usize>load<u32>(others + e, 4)) << 3);
    const p2 = pairs + ((<usize>load<u32>(others + e, 8)) << 3);
    const p3 = pairs + ((<usize>load<u32>(others + e, 12)) << 3);
    const p01 = v128.load64_lane(p1, v128.load64_zero(p0), 1);
    const p23 = v128.load64_lane(p3, v128.load64_zero(p2), 1);
    const dx = f32x4.sub(x, v128.shuffle<f32>(p01, p23, 0, 2, 4, 6));
    const dy = f32x4.sub(y, v128.shuffle<f32>(p01, p23, 1, 3, 5, 7));
    const square = f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy));
    const force = f32x4.div(v128.load(strengths + e), f32x4.add(one, square));
    fx = f32x4.add(fx, f32x4.mul(force, dx));
    fy = f32x4.add(fy, f32x4.mul(force, dy));
  }
  const at = out + ((<usize>i) << 2);
  store<f32>(at, total(fx));
  store<f32>(at + row, total(fy));
}

function total(v: v128): f32 {
  const two = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1);
}

// Moves `padded` points (a multiple of 4) down the gradient pull * exaggeration - push * scale. A coordinate's step is momentum times
// the last one minus rate * gain * gradient; its gain grows by 0.2 where the gradient turns against the last step, else shrinks to
// 0.8, at least 0.01. `forces` is what tsneForces put out, `state` has four arrays: the last steps in x and y, and the gains.
export function tsneMove(
  padded: i32,
  x: usize,
  y: usize,
  pairs: usize,
  forces: usize,
  state: usize,
  exaggeration: f32,
  scale: f32,
  momentum: f32,
  rate: f32,
): void {
  const row = (<usize>padded) << 2;
  for (let at = <usize>0; at < row; at += 16) {
    move(x + at, forces + at, 2 * row, state + at, exaggeration, scale, momentum, rate);
    move(y + at, forces + row + at, 2 * row, state + row + at, exaggeration, scale, momentum, rate);
    const px = v128.load(x + at);
    const py = v128.load(y + at);
    v128.store(pairs + 2 * at, v128.shuffle<f32>(px, py, 0, 4, 1, 5));
    v128.store(pairs + 2 * at, v128.shuffle<f32>(px, py, 2, 6, 3, 7), 16);
  }
}

// Four coordinates; `apart` bytes lie between a pull and its push, and between a step and its gain.
function move(
  where: usize,
  forces: usize,
  apart: usize,
  state: usize,
  exaggeration: f32,
  scale: f32,
  momentum: f32,
  rate: f32,
): void {
  const gradient = f32x4.sub(
    f32x4.mul(v128.load(forces), f32x4.splat(exaggeration)),
    f32x4.mul(v128.load(forces + apart), f32x4.splat(scale)),
  );
  const step = v128.load(state);
  let gain = v128.load(state + apart);
  const turned = f32x4.lt(f32x4.mul(step, gradient), f32x4.splat(0));
  gain = v128.bitselect(f32x4.add(gain, f32x4.splat(0.2)), f32x4.mul(gain, f32x4.splat(0.8)), turned);
  gain = f32x4.pmax(gain, f32x4.splat(0.01));
  const next = f32x4.sub(
    f32x4.mul(f32x4.splat(momentum), step),
    f32x4.mul(f32x4.mul(f32x4.splat(rate), gain), gradient),
  );
  v128.store(state, next);
  v128.store(state + apart, gain);
  v128.store(where, f32x4.add(v128.load(where), next));
}
