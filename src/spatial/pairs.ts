import { forEachBlock, type RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { shuffle } from "../kernels/random.ts";
import type { Dense, Expression, Graph, Sparse } from "../model/index.ts";
import { adjustPValues } from "../stats/index.ts";
import type { AutocorrelationSettings, AutocorrelationTest } from "./autocorrelation.ts";
import { difference } from "./autocorrelation.ts";
import { checkPairs } from "./genes.ts";
import { standardized, valuesOf } from "./local.ts";
import { logTail, rankTail, tail } from "./tails.ts";

/** Sums over a matrix V, on which the moments of sum_ij V_ij x_i y_j depend; "off" leaves out the diagonal. */
export interface FormSums {
  /** sum of the diagonal, and of its squares */
  readonly diagonal: number;
  readonly diagonalSquares: number;
  /** sum_i V_ii (row sum off + column sum off) */
  readonly touching: number;
  /** off: sum V_ij, sum V_ij^2, sum V_ij V_ji */
  readonly total: number;
  readonly squares: number;
  readonly mutual: number;
  /** off: sum of squared row sums, of squared column sums, of row sum * column sum */
  readonly rows: number;
  readonly columns: number;
  readonly chains: number;
}

/** A statistic sum_ij V_ij x_i y_j * scale of two standardized genes (mean 0, variance 1). */
export interface PairForm {
  readonly scale: number;
  readonly sums: FormSums;
  readonly of: (x: Float64Array, y: Float64Array) => number;
}

/**
 * Mean and variance of sum_ij V_ij x_i y_j over all orders of the observations, x and y of one staying together (for Moran's I:
 * Czaplewski and Reich 1993; for L: Lee 2004). x and y have mean 0 and sum of squares n; c = x_i y_i has the sum m11, its squares m22.
 */
export function formMoments(
  v: FormSums,
  n: number,
  m11: number,
  m22: number,
): { readonly mean: number; readonly variance: number } {
  const two = n * (n - 1);
  const three = two * (n - 2);
  const four = three * (n - 3);
  const mean = (v.diagonal * m11) / n - (v.total * m11) / two;
  const own =
    (v.diagonalSquares * m22) / n + ((v.diagonal * v.diagonal - v.diagonalSquares) * (m11 * m11 - m22)) / two;
  const both =
    (-v.touching * m22) / two + ((v.diagonal * v.total - v.touching) * (2 * m22 - m11 * m11)) / three;
  const apart = v.total * v.total + v.squares + v.mutual - v.rows - v.columns - 2 * v.chains;
  const off =
    (v.squares * (n * n - m22) + v.mutual * (m11 * m11 - m22)) / two +
    ((v.rows + v.columns - 2 * v.squares) * (2 * m22 - n * n) +
      2 * (v.chains - v.mutual) * (2 * m22 - m11 * m11)) /
      three +
    (apart * (2 * m11 * m11 + n * n - 6 * m22)) / four;
  return { mean, variance: n < 4 ? NaN : difference(own + 2 * both + off, mean * mean) };
}

/** A test of every pair of genes; arrays have length m. */
export interface PairTest extends Omit<AutocorrelationTest, "expected"> {
  /** The statistic expected without pattern: it depends on how the two genes go together within an observation. */
  readonly expected: Float64Array;
}

/** Tests a statistic for every pair of columns of x. */
export async function testPairs(
  verb: string,
  name: string,
  x: Expression<Sparse> | Expression<Dense>,
  pairs: readonly (readonly [number, number])[],
  graph: Graph,
  form: PairForm,
  { alternative, permutations, seed }: AutocorrelationSettings,
  run: RunOptions,
): Promise<PairTest & { readonly statistic: Float64Array }> {
  checkPairs(verb, pairs, x);
  const values = await valuesOf(verb, x, graph, run);
  const n = x.rows;
  const none = (): Float64Array => new Float64Array(pairs.length).fill(NaN);
  const out = {
    statistic: none(),
    expected: none(),
    variance: none(),
    z: none(),
    p: none(),
    logP: none(),
    zPermutation: none(),
    variancePermutation: none(),
    pPermutation: none(),
  };
  let held: { x: Float64Array; y: Float64Array } | null = null;
  let [sum, squares, upper, lower] = [0, 0, 0, 0];
  const [px, py] = [new Float64Array(n), new Float64Array(n)];
  const place = new Uint32Array(n);

  const observe = (k: number): void => {
    const [zx, zy] = [standardized(values(pairs[k][0])), standardized(values(pairs[k][1]))];
    held = null;
    if (zx === null || zy === null) return;
    out.statistic[k] = form.scale * form.of(zx, zy);
    let [m11, m22] = [0, 0];
    for (let i = 0; i < n; i++) {
      const c = zx[i] * zy[i];
      m11 += c;
      m22 += c * c;
    }
    const moments = formMoments(form.sums, n, m11, m22);
    out.expected[k] = form.scale * moments.mean;
    out.variance[k] = form.scale * form.scale * moments.variance;
    if (!(out.variance[k] > 0)) return;
    out.z[k] = (out.statistic[k] - out.expected[k]) / Math.sqrt(out.variance[k]);
    out.p[k] = tail(out.z[k], alternative);
    out.logP[k] = logTail(out.z[k], alternative);
    held = { x: zx, y: zy };
    [sum, squares, upper, lower] = [0, 0, 0, 0];
  };
  const permute = (k: number, b: number): void => {
    if (held === null) return;
    for (let i = 0; i < n; i++) place[i] = i;
    shuffle(stream(seed, b), place);
    for (let i = 0; i < n; i++) {
      px[i] = held.x[place[i]];
      py[i] = held.y[place[i]];
    }
    const d = form.scale * form.of(px, py) - out.statistic[k];
    const slack = 1e-8 * Math.sqrt(out.variance[k]);
    sum += d;
    squares += d * d;
    if (d >= -slack) upper++;
    if (d <= slack) lower++;
    if (b < permutations - 1) return;
    const mean = sum / permutations;
    out.variancePermutation[k] = squares / permutations - mean * mean;
    out.zPermutation[k] = -mean / Math.sqrt(out.variancePermutation[k]);
    out.pPermutation[k] = rankTail(upper, lower, permutations, alternative);
  };
  const steps = 1 + permutations;
  const step = (at: number): void => {
    const k = Math.floor(at / steps);
    if (at % steps === 0) observe(k);
    else permute(k, (at % steps) - 1);
  };
  await forEachBlock(name, pairs.length * steps, 1, step, run);
  return {
    ...out,
    pAdjusted: adjustPValues(out.p),
    pPermutationAdjusted: adjustPValues(out.pPermutation),
  };
}
