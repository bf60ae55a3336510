import { exp } from "../../../src/kernels/math.ts";

/** n points, row-major, d columns; what each kernel puts out, two lanes of each number; see assembly/kernels/mixture.ts. */
export interface Points {
  readonly n: number;
  readonly d: number;
  readonly data: Float64Array;
}

/** Point `i` of a quad that is filled up with zeros. */
const at = ({ n, d, data }: Points, i: number, c: number): number => (i < n ? data[i * d + c] : 0);

export function gatherShares(
  points: Points,
  from: number,
  to: number,
  slopes: Float64Array,
  offsets: Float64Array,
): Float64Array {
  const { n, d } = points;
  const k = offsets.length;
  const out = new Float64Array(6 + 2 * k * (d + 1)).fill(1, 2, 4);
  for (let quad = from; quad < to; quad++) {
    const places = [0, 1, 2, 3].map((t) => 4 * quad + t);
    const scores = places.map((i) =>
      Array.from(offsets, (offset, g) => {
        let score = offset;
        for (let c = 0; c < d; c++) score += at(points, i, c) * slopes[g * d + c];
        return score;
      }),
    );
    const tops = scores.map((s) => Math.max(...s));
    const raw = scores.map((s, t) => s.map((v) => (v - tops[t] > -25 ? exp(v - tops[t]) : 0)));
    const totals = raw.map((e) => e.reduce((a, b) => a + b, 0));
    const live = places.map((i) => i < n);
    for (const lane of [0, 1]) {
      const ends = [lane, lane + 2];
      const [a, b] = ends.map((t) => (live[t] ? totals[t] : 1));
      out[lane] += ends.reduce((sum, t) => sum + (live[t] ? tops[t] : 0), 0);
      out[2 + lane] *= a * b;
      for (; out[2 + lane] >= 2; out[2 + lane] /= 2) out[4 + lane]++;
      for (let g = 0; g < k; g++) {
        const [r, s] = ends.map((t) => (live[t] ? raw[t][g] * (1 / totals[t]) : 0));
        const sum = 6 + 2 * g * (d + 1) + lane;
        out[sum] += r + s;
        for (let c = 0; c < d; c++)
          out[sum + 2 + 2 * c] += at(points, places[lane], c) * r + at(points, places[lane + 2], c) * s;
      }
    }
  }
  return out;
}

export function gatherNearest(points: Points, from: number, to: number, centers: Float64Array): Float64Array {
  const { n, d } = points;
  const k = centers.length / d;
  const out = new Float64Array(6 + 2 * k * (d + 1));
  for (let i = 4 * from; i < Math.min(n, 4 * to); i++) {
    const squares = Array.from({ length: k }, (_, g) => {
      let sum = 0;
      for (let c = 0; c < d; c++) sum += (at(points, i, c) - centers[g * d + c]) ** 2;
      return sum;
    });
    const sum = 6 + 2 * squares.indexOf(Math.min(...squares)) * (d + 1) + (i & 1);
    out[sum]++;
    for (let c = 0; c < d; c++) out[sum + 2 + 2 * c] += at(points, i, c);
  }
  return out;
}

/** The group that costs least to merge with `tip`, of several `before`, then the first; and what it costs. */
export function nearestGroup(
  { n, d, data }: Points,
  sizes: Float64Array,
  tip: number,
  before: number,
): [number, number] {
  const cost = (s: number): number => {
    let sum = 0;
    for (let c = 0; c < d; c++) sum += (data[tip * d + c] - data[s * d + c]) ** 2;
    return (sum * sizes[tip] * sizes[s]) / (sizes[tip] + sizes[s]);
  };
  let best = before;
  let least = before < 0 ? Infinity : cost(before);
  for (let s = 0; s < n; s++) {
    if (s === tip || !(cost(s) < least)) continue;
    best = s;
    least = cost(s);
  }
  return [best, least];
}
