/** Twice the log-likelihood above that without space of y under a Gaussian process, by the full covariance. */
export function denseStatistic(
  y: ArrayLike<number>,
  columns: readonly (readonly number[])[],
  correlation: (i: number, j: number) => number,
  share: number,
): number {
  const at = (s: number): { readonly rss: number; readonly determinant: number } => {
    const n = y.length;
    const lower = Array.from({ length: n }, (_, i) =>
      Array.from({ length: i + 1 }, (_, j) => (i === j ? 1 : s * correlation(i, j))),
    );
    let determinant = 0;
    for (let i = 0; s > 0 && i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = lower[i][j];
        for (let k = 0; k < j; k++) sum -= lower[i][k] * lower[j][k];
        lower[i][j] = i === j ? Math.sqrt(sum) : sum / lower[j][j];
      }
      determinant += 2 * Math.log(lower[i][i]);
    }
    const whiten = (b: ArrayLike<number>): number[] => {
      const u = Array.from(b);
      if (s === 0) return u;
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < i; k++) u[i] -= lower[i][k] * u[k];
        u[i] /= lower[i][i];
      }
      return u;
    };
    const u = whiten(y);
    const kept: number[][] = [];
    for (const column of columns) {
      const v = whiten(column);
      for (const q of kept) subtract(v, q);
      const size = Math.sqrt(dot(v, v));
      kept.push(v.map((e) => e / size));
    }
    for (const q of kept) subtract(u, q);
    return { rss: dot(u, u), determinant };
  };
  const [full, none] = [at(share), at(0)];
  return y.length * Math.log(none.rss / full.rss) - full.determinant;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, i) => s + v * b[i], 0);

function subtract(v: number[], q: readonly number[]): void {
  const along = dot(v, q);
  q.forEach((e, i) => (v[i] -= along * e));
}
