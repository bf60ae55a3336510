import { pow } from "../kernels/math.ts";
import type { Covariance, Likelihoods } from "./nngp.ts";

/** Where a gene's likelihood is largest. */
export interface Optimum {
  readonly statistic: number;
  readonly length: number;
  readonly share: number;
}

/** Steps of the lattice per doubling of the length scale, and from no share to all of it. */
const PER_DOUBLING = 4;
const SHARES = 32;
/** Shares that every gene is tried at, by steps. */
const FIRST_SHARES = [1, 2, 4, 8, 12, 16, 20, 24, 28, 32];
/** More moves than this on one level are not made. */
const MOVES = 12;
/** Some noise is always left, so that places at one coordinate may differ. */
const MOST = 0.999;

/** The share at step t: 3 t^2 - 2 t^3, dense at both ends, where the likelihood is. */
function shareAt(t: number): number {
  const s = t / SHARES;
  return MOST * s * s * (3 - 2 * s);
}

/**
 * The largest likelihood of each gene over length scales from `shortest` to `longest` and all shares. All genes share one lattice, so that
 * each covariance is made once: first all are tried at every doubling of the length scale, then each climbs to the best of its 8
 * neighbors with steps of 1/2 and 1/4 doubling; a parabola through the last nine gives the top. A statistic below 0 is that of no
 * share, 0.
 */
export async function climb(
  { evaluate }: Likelihoods,
  genes: number,
  shortest: number,
  longest: number,
  progress: (fraction: number) => void,
): Promise<Optimum[]> {
  let doublings = 0;
  while (shortest * pow(2, doublings) < longest) doublings++;
  const last = doublings * PER_DOUBLING;
  const lengthAt = (a: number): number => shortest * pow(2, a / PER_DOUBLING);
  const covariance = (point: number): Covariance => ({
    length: lengthAt(Math.floor(point / (SHARES + 1))),
    share: shareAt(point % (SHARES + 1)),
  });
  const pointAt = (a: number, t: number): number => a * (SHARES + 1) + t;

  const all = Uint32Array.from({ length: genes }, (_, g) => g);
  const best = new Float64Array(genes).fill(-Infinity);
  const center = new Uint32Array(genes);
  for (let a = 0; a <= last; a += PER_DOUBLING) {
    const points = FIRST_SHARES.map((t) => pointAt(a, t));
    const found = await evaluate(
      points.map(covariance),
      points.map(() => all),
    );
    found.forEach((values, s) =>
      values.forEach((v, g) => {
        if (v > best[g]) [best[g], center[g]] = [v, points[s]];
      }),
    );
    progress((0.8 * (a + PER_DOUBLING)) / (last + PER_DOUBLING));
  }

  /** Values around each center, (da + 1) * 3 + dt + 1; NaN beyond the lattice. */
  const around = new Float64Array(9 * genes).fill(NaN);
  for (const step of [2, 1]) {
    let moving = all.filter((g) => best[g] > -Infinity);
    for (let move = 0; move < MOVES && moving.length > 0; move++) {
      const asked = new Map<number, number[]>();
      for (const g of moving) {
        const [a, t] = [Math.floor(center[g] / (SHARES + 1)), center[g] % (SHARES + 1)];
        for (let e = 0; e < 9; e++) {
          const [na, nt] = [a + step * (Math.floor(e / 3) - 1), t + step * ((e % 3) - 1)];
          around[9 * g + e] = e === 4 ? best[g] : nt === 0 && na >= 0 && na <= last ? 0 : NaN;
          if (e === 4 || na < 0 || na > last || nt < 1 || nt > SHARES) continue;
          const point = pointAt(na, nt);
          const list = asked.get(point);
          if (list) list.push(9 * g + e);
          else asked.set(point, [9 * g + e]);
        }
      }
      const points = [...asked.keys()].sort((x, y) => x - y);
      const slots = points.map((point) => asked.get(point)!);
      const found = await evaluate(
        points.map(covariance),
        slots.map((list) => list.map((slot) => Math.floor(slot / 9))),
      );
      slots.forEach((list, s) => list.forEach((slot, e) => (around[slot] = found[s][e])));
      moving = moving.filter((g) => {
        const values = around.subarray(9 * g, 9 * g + 9);
        let top = 4;
        for (let e = 0; e < 9; e++) if (values[e] > values[top]) top = e;
        const [a, t] = [Math.floor(center[g] / (SHARES + 1)), center[g] % (SHARES + 1)];
        const [na, nt] = [a + step * (Math.floor(top / 3) - 1), t + step * ((top % 3) - 1)];
        if (top === 4 || nt === 0) return false;
        best[g] = values[top];
        center[g] = pointAt(na, nt);
        return true;
      });
    }
    progress(step === 2 ? 0.9 : 1);
  }
  return Array.from(all, (g) => {
    if (best[g] === -Infinity) return { statistic: NaN, length: NaN, share: NaN };
    const { gain, da, dt } = topOf(around.subarray(9 * g, 9 * g + 9));
    const statistic = best[g] + gain;
    if (!(statistic > 0)) return { statistic: 0, length: NaN, share: 0 };
    return {
      statistic,
      length: lengthAt(Math.floor(center[g] / (SHARES + 1)) + da),
      share: shareAt((center[g] % (SHARES + 1)) + dt),
    };
  });
}

/** The top of the parabola through nine values, of which the middle one is the largest. */
function topOf(f: Float64Array): { readonly gain: number; readonly da: number; readonly dt: number } {
  const slope = (low: number, high: number): number => (f[high] - f[low]) / 2;
  const bend = (low: number, high: number): number => f[high] + f[low] - 2 * f[4];
  const [ga, gt, haa, htt] = [slope(1, 7), slope(3, 5), bend(1, 7), bend(3, 5)];
  const cross = (f[8] + f[0] - f[2] - f[6]) / 4;
  const within = (v: number): number => Math.max(-1, Math.min(1, v));
  const determinant = haa * htt - cross * cross;
  if (haa < 0 && determinant > 0) {
    const da = within((cross * gt - htt * ga) / determinant);
    const dt = within((cross * ga - haa * gt) / determinant);
    return { gain: ga * da + gt * dt + (haa * da * da + htt * dt * dt) / 2 + cross * da * dt, da, dt };
  }
  // At an end of the lattice, along the other axis only.
  const da = haa < 0 ? within(-ga / haa) : 0;
  const dt = htt < 0 ? within(-gt / htt) : 0;
  const [alongA, alongT] = [da === 0 ? 0 : (ga * da) / 2, dt === 0 ? 0 : (gt * dt) / 2];
  return alongA > alongT ? { gain: alongA, da, dt: 0 } : { gain: alongT, da: 0, dt };
}
