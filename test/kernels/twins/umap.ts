const f = Math.fround;
const one = new Float32Array(1);
const bits = new Int32Array(one.buffer);

/** x^y as exp2(y log2 x), in the kernel's steps. */
export function power(x: number, y: number): number {
  return exp2(f(f(y) * log2(x)));
}

function log2(x: number): number {
  one[0] = x;
  const exponent = (bits[0] - 0x3f3504f3) >> 23;
  bits[0] -= exponent << 23;
  const mantissa = one[0];
  const s = f(f(mantissa - 1) / f(mantissa + 1));
  const z = f(s * s);
  let sum = f(0.41219858311113244);
  for (const c of [0.5770780163555854, 0.9617966939259757, 2.8853900817779268]) sum = f(f(sum * z) + f(c));
  return f(exponent + f(s * sum));
}

function exp2(y: number): number {
  const shifted = f(y + 12582912);
  const r = f(f(y - f(shifted - 12582912)) * f(0.6931471805599453));
  let sum = f(0.001388888888888889);
  for (const c of [0.008333333333333333, 0.041666666666666664, 0.16666666666666666, 0.5, 1, 1])
    sum = f(f(sum * r) + f(c));
  one[0] = shifted;
  bits[0] = (bits[0] << 23) + 0x3f800000;
  return f(sum * one[0]);
}

export interface Layout {
  readonly heads: Uint32Array;
  readonly tails: Uint32Array;
  readonly rates: Float32Array;
  readonly now: Float32Array;
  readonly next: Float32Array;
  readonly random: Uint32Array;
}

/** One epoch of the edges [start, end), four draws at a time: heads move in `next`, the others stand as in `now`. */
export function umapEpoch(
  start: number,
  end: number,
  epoch: number,
  step: number,
  a: number,
  b: number,
  negatives: number,
  { heads, tails, rates, now, next, random }: Layout,
): void {
  [a, b, step] = [f(a), f(b), f(step)];
  const nodes = now.length / 2;
  const clip = (v: number): number => Math.min(Math.max(v, -4), 4);
  const due: number[] = [];
  for (let e = start; e < end; e++)
    if (Math.floor(f(epoch * rates[e])) > Math.floor(f((epoch - 1) * rates[e]))) due.push(e);

  for (let first = 0; first < due.length; first += 4) {
    const four = due.slice(first, first + 4);
    const sums: [number, number][] = [];
    const drawn = drawNodes(random, nodes, negatives);
    four.forEach((e, lane) => {
      const [hx, hy] = [next[2 * heads[e]], next[2 * heads[e] + 1]];
      const move = (other: number, numerator: (p: number) => number, apart: number): [number, number] => {
        const dx = f(hx - now[2 * other]);
        const dy = f(hy - now[2 * other + 1]);
        const square = Math.max(f(f(dx * dx) + f(dy * dy)), f(1e-12));
        const p = power(square, b);
        const force = f(numerator(p) / f(f(square + apart) * f(f(a * p) + 1)));
        return [f(clip(f(force * dx)) * step), f(clip(f(force * dy)) * step)];
      };
      const pull = move(tails[e], (p) => f(f(f(-2 * a) * b) * p), 0);
      let sum = pull;
      for (const other of drawn[lane]) {
        const push = move(other, () => f(2 * b), f(0.001));
        sum = [f(sum[0] + push[0]), f(sum[1] + push[1])];
      }
      sums.push(sum);
    });
    four.forEach((e, lane) => {
      next[2 * heads[e]] += sums[lane][0];
      next[2 * heads[e] + 1] += sums[lane][1];
    });
  }
}

/** Nodes for each of four lanes, by a xorshift32 of its own. */
function drawNodes(random: Uint32Array, nodes: number, count: number): number[][] {
  return Array.from({ length: 4 }, (_, lane) =>
    Array.from({ length: count }, () => {
      let state = random[lane];
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      random[lane] = state;
      return Number((BigInt(random[lane]) * BigInt(nodes)) >> 32n);
    }),
  );
}
