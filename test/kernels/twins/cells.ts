const f = Math.fround;

/** Squared distance in four lanes of coordinates, added pairwise. */
export function squaredInLanes(a: Float32Array, b: Float32Array): number {
  const lanes = [0, 0, 0, 0];
  a.forEach((v, d) => {
    const difference = f(v - b[d]);
    lanes[d % 4] = f(lanes[d % 4] + f(difference * difference));
  });
  return f(f(lanes[0] + lanes[2]) + f(lanes[1] + lanes[3]));
}

/** The center with the least norm / 2 - dot product, each dot product one chain; the first of equals. */
export function nearestCenter(
  point: Float32Array,
  centers: readonly Float32Array[],
  halfNorms: Float32Array,
): number {
  let best = 0;
  let least = Infinity;
  centers.forEach((center, c) => {
    let dot = 0;
    point.forEach((v, d) => (dot = f(dot + f(v * center[d]))));
    const s = f(halfNorms[c] - dot);
    if (s < least) [least, best] = [s, c];
  });
  return best;
}
