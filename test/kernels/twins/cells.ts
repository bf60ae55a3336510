/** Squared distance of two points on the lattice. */
export function squaredDistance(a: Int16Array, b: Int16Array): number {
  return a.reduce((sum, v, d) => sum + (v - b[d]) ** 2, 0);
}

/** The nearest center; the first of equals. */
export function nearestCenter(point: Int16Array, centers: readonly Int16Array[]): number {
  const squares = centers.map((center) => squaredDistance(point, center));
  return squares.indexOf(Math.min(...squares));
}
