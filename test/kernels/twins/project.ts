/**
 * Takes from each of `count` rows (length n, a multiple of 4, from row `at` on) its components along the rows [from, to), four
 * at a time, in the kernel's order; adds their sizes to sizes[c * width + i].
 */
export function projectRows(
  rows: Float64Array,
  n: number,
  from: number,
  to: number,
  at: number,
  count: number,
  sizes: Float64Array,
  width: number,
): void {
  const along = (i: number, row: number): number => {
    const lanes = [0, 0, 0, 0];
    for (let j = 0; j < n; j++) lanes[j % 4] += rows[row * n + j] * rows[i * n + j];
    return lanes[0] + lanes[2] + (lanes[1] + lanes[3]);
  };
  let i = from;
  for (; i + 4 <= to; i += 4) {
    for (let c = 0; c < count; c++) {
      const s = [0, 1, 2, 3].map((r) => along(i + r, at + c));
      for (let j = 0; j < n; j++) {
        const [low, high] = [0, 2].map(
          (r) => s[r] * rows[(i + r) * n + j] + s[r + 1] * rows[(i + r + 1) * n + j],
        );
        rows[(at + c) * n + j] -= low + high;
      }
      s.forEach((v, r) => (sizes[c * width + i + r] += v));
    }
  }
  for (; i < to; i++) {
    for (let c = 0; c < count; c++) {
      const s = along(i, at + c);
      for (let j = 0; j < n; j++) rows[(at + c) * n + j] -= s * rows[i * n + j];
      sizes[c * width + i] += s;
    }
  }
}
