// Conditional permutations of local statistics: what each node's neighborhood would give, were its neighbors drawn from the others.

// For `count` permutations of `width` drawn numbers each (different ones in [0, nodes - 1)): node i with d weights takes the first d
// as its neighbors, those from i on moved up by one, so that it is never its own. With su = sum w u and sv = sum w v over them the
// value is su (kind 0), sv - 2 u_i su (kind 1) or su sv (kind 2). Adds to upper[i] where it is at least, to lower[i] where it is at
// most observed[i], up to `slack`.
export function rankNeighborhoods(
  nodes: i32,
  indptr: usize,
  weights: usize,
  drawn: usize,
  width: i32,
  count: i32,
  u: usize,
  v: usize,
  kind: i32,
  observed: usize,
  slack: f64,
  upper: usize,
  lower: usize,
): void {
  for (let b = 0; b < count; b++) {
    const draws = drawn + ((<usize>(b * width)) << 2);
    for (let i = 0; i < nodes; i++) {
      const ends = indptr + ((<usize>i) << 2);
      const first = load<u32>(ends);
      const degree = load<u32>(ends, 4) - first;
      if (degree == 0) continue;
      const own = weights + ((<usize>first) << 3);
      let su: f64 = 0;
      let sv: f64 = 0;
      for (let m: u32 = 0; m < degree; m++) {
        const place = load<u32>(draws + ((<usize>m) << 2));
        const other = (<usize>(place + u32(place >= <u32>i))) << 3;
        const w = load<f64>(own + ((<usize>m) << 3));
        su += w * load<f64>(u + other);
        if (kind > 0) sv += w * load<f64>(v + other);
      }
      const node = (<usize>i) << 3;
      let value = su;
      if (kind == 1) value = sv - 2 * load<f64>(u + node) * su;
      if (kind == 2) value = su * sv;
      const off = value - load<f64>(observed + node);
      const above = upper + ((<usize>i) << 2);
      const below = lower + ((<usize>i) << 2);
      store<u32>(above, load<u32>(above) + u32(off >= -slack));
      store<u32>(below, load<u32>(below) + u32(off <= slack));
    }
  }
}
