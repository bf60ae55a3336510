const f = Math.fround;

/** A layout of n points as the kernels hold it; see assembly/kernels/tsne.ts. */
export interface Points {
  readonly n: number;
  readonly padded: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly pairs: Float32Array;
  readonly nodes: Float32Array;
  /** first node and number of nodes of each level */
  readonly levels: Uint32Array;
  readonly starts: Uint32Array;
  readonly others: Uint32Array;
  readonly strengths: Float32Array;
  readonly forces: Float32Array;
  readonly state: Float32Array;
}

export function tsneTree({ n, x, y, nodes, levels }: Points, sharpness: number): void {
  const put = (node: number, of: { box: number[]; weight: number; at: number[] }[]): void => {
    const [lowX, lowY, highX, highY] = [0, 1, 2, 3].map((c) =>
      of.reduce(
        (v, { box }) => (c < 2 ? Math.min(v, box[c]) : Math.max(v, box[c])),
        c < 2 ? Infinity : -Infinity,
      ),
    );
    const sum = (value: (t: number) => number): number => of.reduce((s, _, t) => f(s + value(t)), 0);
    const weight = sum((t) => of[t].weight);
    const mean = [0, 1].map((c) => f(sum((t) => f(of[t].weight * of[t].at[c])) / weight));
    const width = Math.max(f(highX - lowX), f(highY - lowY));
    nodes.set([lowX, lowY, highX, highY, ...mean, weight, f(f(width * width) * f(sharpness))], 8 * node);
  };
  for (let leaf = 0; leaf < levels[1]; leaf++) {
    const points = Array.from({ length: Math.min(8, n - 8 * leaf) }, (_, t) => 8 * leaf + t);
    put(
      leaf,
      points.map((i) => ({ box: [x[i], y[i], x[i], y[i]], weight: 1, at: [x[i], y[i]] })),
    );
  }
  for (let level = 1; 2 * level < levels.length; level++) {
    const [below, children, own, count] = levels.subarray(2 * level - 2, 2 * level + 2);
    for (let t = 0; t < count; t++) {
      const held = Array.from({ length: Math.min(4, children - 4 * t) }, (_, c) =>
        nodes.slice(8 * (below + 4 * t + c), 8 * (below + 4 * t + c + 1)),
      );
      put(
        own + t,
        held.map((v) => ({ box: [...v.subarray(0, 4)], weight: v[6], at: [v[4], v[5]] })),
      );
    }
  }
}

export function tsneForces(from: number, to: number, points: Points): void {
  const { n, padded, x, y, pairs, starts, others, strengths, forces } = points;
  const inverse = (dx: number, dy: number): number => f(1 + f(f(dx * dx) + f(dy * dy)));
  for (let leaf = from; leaf < to; leaf++) {
    const seen = standIns(leaf, points);
    for (let i = 8 * leaf; i < 8 * leaf + 8; i++) {
      let [fx, fy, sum] = [0, 0, 0];
      for (const [px, py, weight] of seen) {
        const [dx, dy] = [f(x[i] - px), f(y[i] - py)];
        const w = f(1 / inverse(dx, dy));
        const all = f(weight * w);
        sum = f(sum + all);
        fx = f(fx + f(f(all * w) * dx));
        fy = f(fy + f(f(all * w) * dy));
      }
      forces[2 * padded + i] = fx;
      forces[3 * padded + i] = fy;
      forces[4 * padded + i] = sum;
      if (i >= n) continue;
      const lanes = [0, 1, 2, 3].map((lane) => {
        let [gx, gy] = [0, 0];
        for (let e = starts[i] + lane; e < starts[i + 1]; e += 4) {
          const [dx, dy] = [0, 1].map((c) => f(pairs[2 * i + c] - pairs[2 * others[e] + c]));
          const force = f(strengths[e] / inverse(dx, dy));
          gx = f(gx + f(force * dx));
          gy = f(gy + f(force * dy));
        }
        return [gx, gy];
      });
      for (const c of [0, 1])
        forces[c * padded + i] = f(f(lanes[0][c] + lanes[2][c]) + f(lanes[1][c] + lanes[3][c]));
    }
  }
}

/** x, y and weight of what repels the points of a leaf, in the order in which the tree is walked. */
function standIns(leaf: number, { n, x, y, nodes, levels }: Points): number[][] {
  const [lowX, lowY, highX, highY] = nodes.subarray(8 * leaf, 8 * leaf + 4);
  const found: number[][] = [];
  const visit = (level: number, i: number): void => {
    const [meanX, meanY, weight, reach] = nodes.subarray(8 * (levels[2 * level] + i) + 4);
    const awayX = Math.max(f(lowX - meanX), f(meanX - highX), 0);
    const awayY = Math.max(f(lowY - meanY), f(meanY - highY), 0);
    if (f(f(awayX * awayX) + f(awayY * awayY)) > reach) found.push([meanX, meanY, weight]);
    else if (level === 0) for (let j = 8 * i; j < Math.min(n, 8 * i + 8); j++) found.push([x[j], y[j], 1]);
    else for (let c = 4 * i; c < Math.min(levels[2 * level - 1], 4 * i + 4); c++) visit(level - 1, c);
  };
  const top = levels.length / 2 - 1;
  for (let i = 0; i < levels[2 * top + 1]; i++) visit(top, i);
  return found;
}

export function tsneMove(
  { padded, x, y, pairs, forces, state }: Points,
  exaggeration: number,
  scale: number,
  momentum: number,
  rate: number,
): void {
  for (let i = 0; i < padded; i++) {
    for (const [axis, where] of [x, y].entries()) {
      const at = axis * padded + i;
      const gradient = f(f(forces[at] * f(exaggeration)) - f(forces[2 * padded + at] * f(scale)));
      const gain = state[2 * padded + at];
      const turned = f(state[at] * gradient) < 0;
      state[2 * padded + at] = Math.max(turned ? f(gain + f(0.2)) : f(gain * f(0.8)), f(0.01));
      state[at] = f(f(f(momentum) * state[at]) - f(f(f(rate) * state[2 * padded + at]) * gradient));
      where[i] += state[at];
      pairs[2 * i + axis] = where[i];
    }
  }
}
