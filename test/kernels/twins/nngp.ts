import { exp } from "../../../src/kernels/math.ts";

export interface Process {
  readonly places: Float64Array;
  readonly dims: number;
  readonly m: number;
  /** n x m */
  readonly neighbors: Uint32Array;
  readonly gaussian: boolean;
  readonly length: number;
  readonly share: number;
}

/** What the kernel of weights does, in the same order: n x (m + 1). */
export function nngpWeights({ places, dims, m, neighbors, gaussian, length, share }: Process): Float64Array {
  const n = places.length / dims;
  const weights = new Float64Array(n * (m + 1));
  const inverse = 1 / length;
  const correlation = (i: number, j: number): number => {
    let square = 0;
    for (let d = 0; d < dims; d++) {
      const off = (places[i * dims + d] - places[j * dims + d]) * inverse;
      square += off * off;
    }
    return exp(gaussian ? -0.5 * square : -Math.sqrt(square));
  };
  for (let i = 0; i < n; i++) {
    const near = Array.from(neighbors.subarray(i * m, (i + 1) * m)).filter((j) => j !== i);
    const lower: number[][] = [];
    const v: number[] = [];
    let rest = 1;
    near.forEach((ia, a) => {
      const row: number[] = [];
      let pivot = 1;
      for (let b = 0; b < a; b++) {
        let s = share * correlation(ia, near[b]);
        for (let c = 0; c < b; c++) s -= row[c] * lower[b][c];
        s /= lower[b][b];
        row.push(s);
        pivot -= s * s;
      }
      row.push(Math.sqrt(pivot));
      lower.push(row);
      let s = share * correlation(i, ia);
      for (let c = 0; c < a; c++) s -= row[c] * v[c];
      s /= row[a];
      v.push(s);
      rest -= s * s;
    });
    const scale = 1 / Math.sqrt(rest);
    weights[i * (m + 1)] = scale;
    for (let a = near.length - 1; a >= 0; a--) {
      const s = v[a] / lower[a][a];
      for (let c = 0; c < a; c++) v[c] -= s * lower[a][c];
      weights[i * (m + 1) + a + 1] = -s * scale;
    }
  }
  return weights;
}

/** Values of one gene (or column of the design) by those weights. */
export function whiten(
  { m, neighbors }: Process,
  weights: Float64Array,
  values: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(values, (own, i) => {
    let sum = weights[i * (m + 1)] * own;
    for (let a = 0; a < m; a++) sum += weights[i * (m + 1) + a + 1] * values[neighbors[i * m + a]];
    return sum;
  });
}
