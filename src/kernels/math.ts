/**
 * Elementary functions in plain IEEE arithmetic: the same bits in every engine (V8 versions disagree on Math.exp and kin).
 * Arguments are reduced exactly (Cody and Waite) and minimax polynomials finish; errors stay below 1 ulp for exp and log
 * and within a few ulp for the others. The polynomials' coefficients are those of Sun's freely distributable math library.
 */

export const PI: number = 3.141592653589793;
export const E: number = 2.718281828459045;
export const LN2: number = 0.6931471805599453;
export const LN10: number = 2.302585092994046;

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer);

/** x * 2^k for |k| <= 2200, correct to the last bit outside subnormals. */
function scale2(x: number, k: number): number {
  while (k > 1023) {
    x *= 8.98846567431158e307;
    k -= 1023;
  }
  while (k < -1022) {
    x *= 2.2250738585072014e-308;
    k += 1022;
  }
  u32[0] = 0;
  u32[1] = (k + 1023) << 20;
  return x * f64[0];
}

/** e^x. */
export function exp(x: number): number {
  if (x !== x) return NaN;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019411) return 0;
  const k = Math.floor(x / LN2 + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (1.66666666666666019037e-1 +
        t *
          (-2.77777777770155933842e-3 +
            t *
              (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  return scale2(1 - (low - (r * c) / (2 - c) - high), k);
}

/** Natural logarithm; -Infinity at 0, NaN below. */
export function log(x: number): number {
  if (x !== x || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return Infinity;
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984;
    k = -54;
  }
  f64[0] = x;
  let high = u32[1];
  k += (high >>> 20) - 1023;
  high &= 0xfffff;
  const up = (high + 0x95f64) & 0x100000;
  u32[1] = high | (up ^ 0x3ff00000);
  k += up >>> 20;
  const f = f64[0] - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const even =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + odd + even) + k * LN2_LOW) - f);
}

/** log(1 + x) without loss near 0. */
export function log1p(x: number): number {
  const u = 1 + x;
  if (u === 1) return x;
  if (!(u > 0) || u === Infinity) return log(u);
  return log(u) + (x - (u - 1)) / u;
}

/** e^x - 1 without loss near 0. */
export function expm1(x: number): number {
  if (Math.abs(x) < 1e-5) return x + 0.5 * x * x + (x * x * x) / 6;
  if (x > 40 || x < -40) return exp(x) - 1;
  const u = exp(x);
  const d = u - 1;
  return d === -1 ? -1 : (d * x) / log(u);
}

export function log2(x: number): number {
  f64[0] = x;
  if (u32[0] === 0 && (u32[1] & 0x800fffff) === 0 && u32[1] !== 0 && u32[1] !== 0x7ff00000)
    return (u32[1] >>> 20) - 1023;
  return log(x) / LN2;
}

export function log10(x: number): number {
  const y = log(x) / LN10;
  const whole = Math.round(y);
  return Math.abs(y - whole) < 1e-14 * Math.abs(y) && integerPower(10, whole) === x ? whole : y;
}

function integerPower(x: number, n: number): number {
  let base = n < 0 ? 1 / x : x;
  let result = 1;
  for (let k = Math.abs(n); k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) result *= base;
    base *= base;
  }
  return n < 0 && Math.abs(n) < 23 ? 1 / integerPower(x, -n) : result;
}

/** x^y; whole y up to 1024 by multiplication, else through exp and log (relative error about |y log x| ulp). */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (y === Math.floor(y) && Math.abs(y) <= 1024) return integerPower(x, y);
  if (x === 0) return y > 0 ? 0 : Infinity;
  return exp(y * log(x));
}

const PIO2_1 = 1.57079632673412561417;
const PIO2_2 = 6.0771005063039659766e-11;
const PIO2_3 = 2.0222662487111664558e-21;

function sinKernel(x: number): number {
  const z = x * x;
  return (
    x +
    x *
      z *
      (-1.66666666666666324348e-1 +
        z *
          (8.33333333332248946124e-3 +
            z *
              (-1.98412698298579493134e-4 +
                z *
                  (2.75573137070700676789e-6 +
                    z * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)))))
  );
}

function cosKernel(x: number): number {
  const z = x * x;
  const tail =
    z *
    z *
    (4.16666666666666019037e-2 +
      z *
        (-1.38888888888741095749e-3 +
          z *
            (2.48015872894767294178e-5 +
              z *
                (-2.75573143513906633035e-7 +
                  z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11)))));
  return 1 - (0.5 * z - tail);
}

/** Sine of x radians, |x| up to about 1e6. */
export function sin(x: number): number {
  const n = Math.round(x / 1.5707963267948966);
  const r = x - n * PIO2_1 - n * PIO2_2 - n * PIO2_3;
  const q = ((n % 4) + 4) % 4;
  return q === 0 ? sinKernel(r) : q === 1 ? cosKernel(r) : q === 2 ? -sinKernel(r) : -cosKernel(r);
}

/** Cosine of x radians, |x| up to about 1e6. */
export function cos(x: number): number {
  const n = Math.round(x / 1.5707963267948966);
  const r = x - n * PIO2_1 - n * PIO2_2 - n * PIO2_3;
  const q = ((n % 4) + 4) % 4;
  return q === 0 ? cosKernel(r) : q === 1 ? -sinKernel(r) : q === 2 ? -cosKernel(r) : sinKernel(r);
}

export function tanh(x: number): number {
  if (x > 20) return 1;
  if (x < -20) return -1;
  const e = expm1(2 * x);
  return e / (e + 2);
}

/** Angle of the point (x, y) in (-pi, pi]. */
export function atan2(y: number, x: number): number {
  if (x !== x || y !== y) return NaN;
  if (y === 0) return x < 0 || Object.is(x, -0) ? (Object.is(y, -0) ? -PI : PI) : y;
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  const a = ax >= ay ? atanUnit(ay / ax) : PI / 2 - atanUnit(ax / ay);
  const b = x < 0 ? PI - a : a;
  return y < 0 ? -b : b;
}

/** atan on [0, 1]: two half-angle steps, then the series. */
function atanUnit(t: number): number {
  t = t / (1 + Math.sqrt(1 + t * t));
  t = t / (1 + Math.sqrt(1 + t * t));
  const z = t * t;
  let sum = 0;
  for (let k = 21; k >= 0; k--) sum = 1 / (2 * k + 1) - z * sum;
  return 4 * t * sum;
}

/** Euclidean length of (x, y). */
export function hypot(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
