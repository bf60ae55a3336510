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
  y = Math.min(Math.max(y, -126), 126);
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
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly rates: Float32Array;
  readonly embedding: Float32Array;
  readonly random: Uint32Array;
}

/** One epoch of the nodes [start, end), lane by lane. */
export function umapEpoch(
  start: number,
  end: number,
  epoch: number,
  step: number,
  a: number,
  b: number,
  negatives: number,
  { indptr, indices, rates, embedding, random }: Layout,
): void {
  [a, b, step] = [f(a), f(b), f(step)];
  const nodes = embedding.length / 2;
  const clip = (v: number): number => Math.min(Math.max(v, -4), 4);
  for (let i = start; i < end; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      if (!(Math.floor(f(epoch * rates[e])) > Math.floor(f((epoch - 1) * rates[e])))) continue;
      const [hx, hy] = [embedding[2 * i], embedding[2 * i + 1]];
      const sumX = [0, 0, 0, 0];
      const sumY = [0, 0, 0, 0];
      let tail = [0, 0];
      for (let which = 0; which < Math.ceil((negatives + 1) / 4) * 4; which++) {
        const lane = which % 4;
        let state = random[lane];
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        random[lane] = state;
        const drawn = Number((BigInt(random[lane]) * BigInt(nodes)) >> 32n);
        const other = which === 0 ? indices[e] : drawn;
        const dx = f(hx - embedding[2 * other]);
        const dy = f(hy - embedding[2 * other + 1]);
        const square = Math.max(f(f(dx * dx) + f(dy * dy)), f(1e-12));
        const p = power(square, b);
        const pull = which === 0 ? f(f(-2 * a * b) * p) : 0;
        const push = which > 0 && which <= negatives ? f(2 * b) : 0;
        const below = f(f(square + (which === 0 ? 0 : f(0.001))) * f(f(a * p) + 1));
        const force = f(f(pull + push) / below);
        const fx = f(clip(f(force * dx)) * step);
        const fy = f(clip(f(force * dy)) * step);
        if (which === 0) tail = [fx, fy];
        sumX[lane] = f(sumX[lane] + fx);
        sumY[lane] = f(sumY[lane] + fy);
      }
      const j = indices[e];
      embedding[2 * j] -= tail[0];
      embedding[2 * j + 1] -= tail[1];
      embedding[2 * i] = hx + f(f(sumX[0] + sumX[2]) + f(sumX[1] + sumX[3]));
      embedding[2 * i + 1] = hy + f(f(sumY[0] + sumY[2]) + f(sumY[1] + sumY[3]));
    }
  }
}
