import { exp, log, log1p, PI } from "./math.ts";

/**
 * Tails of the normal and of Student's t distribution, kept as logarithms too, because markers and spatial statistics
 * reach p-values far below the smallest double.
 */

const HALF_LOG_2PI = 0.9189385332046727;
const SQRT_PI = 1.7724538509055161;
const SQRT_HALF = 0.7071067811865476;
const LN2 = 0.6931471805599453;

/** log of the gamma function for x > 0; NaN below, Infinity at 0. Absolute error below 1e-14 (1 + |result|). */
export function lgamma(x: number): number {
  if (!(x >= 0)) return NaN;
  if (x === Infinity || x === 0) return Infinity;
  let product = 1;
  while (x < 15) product *= x++;
  const z = 1 / (x * x);
  const series =
    1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188 - z * (691 / 360360 - z / 156)))));
  return (x - 0.5) * log(x) - x + HALF_LOG_2PI + series / x - log(product);
}

/** Chebyshev coefficients of (1 + 2x) e^(x^2) erfc(x) in y = (x - 3.75) / (x + 3.75), for x >= 0. */
const SCALED_ERFC = [
  2.3551578691348035, -0.0045900545806464773, -0.084249133366517916, 0.05920993999819189,
  -0.026658668435305752, 0.0090749976707052651, -0.0024131635404176082, 0.00049077583652580863,
  -0.000069169733025012064, 4.13902798607301e-6, 7.740383066198491e-7, -2.18864010492344e-7,
  1.076499946567091e-8, 4.521959811218287e-9, -7.75440020883135e-10, -6.31808834088668e-11,
  2.86879509503067e-11, 1.94558685457773e-13, -9.65469674843344e-13, 3.25254814814874e-14,
  3.34781194828681e-14, -1.86456288041931e-15, -1.25079505306886e-15, 7.41823525662e-17, 5.0681489048e-17,
];

/** e^(x^2) erfc(x) for x >= 0, by one Chebyshev series over the half line. */
function scaledErfc(x: number): number {
  if (x > 1e8) return 1 / (x * SQRT_PI);
  const y = (x - 3.75) / (x + 3.75);
  let b1 = 0;
  let b2 = 0;
  for (let j = SCALED_ERFC.length - 1; j > 0; j--) {
    const b0 = 2 * y * b1 - b2 + SCALED_ERFC[j];
    b2 = b1;
    b1 = b0;
  }
  return (y * b1 - b2 + 0.5 * SCALED_ERFC[0]) / (1 + 2 * x);
}

/** e^(-x^2 / 2) with the square split, so that the rounding of x^2 does not reach the result. */
function bell(x: number): number {
  const head = Math.fround(x);
  return exp(-0.5 * head * head) * exp(-0.5 * (x - head) * (x + head));
}

/** P(Z > z) of a standard normal; relative error about 1e-15 down to underflow (z about 38). */
export function normalUpperTail(z: number): number {
  if (z < 0) return 1 - normalUpperTail(-z);
  if (z > 39) return 0;
  return 0.5 * scaledErfc(z * SQRT_HALF) * bell(z);
}

/** log P(Z > z) of a standard normal, for any z. */
export function logNormalUpperTail(z: number): number {
  if (z < 0) return log1p(-normalUpperTail(-z));
  if (z === Infinity) return -Infinity;
  return log(scaledErfc(z * SQRT_HALF)) - LN2 - 0.5 * z * z;
}

/**
 * P(X > x) of a gamma distribution with shape a > 0 and scale 1: chi-squared with df degrees of freedom beyond c is
 * a = df / 2, x = c / 2. Relative error about 1e-13 for a up to 1,000.
 */
export function gammaUpperTail(a: number, x: number): number {
  if (!(a > 0) || !(x === x)) return NaN;
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const density = exp(a * log(x) - x - lgamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let k = 1; k < 100_000 && term > sum * 1e-17; k++) sum += term *= x / (a + k);
    return 1 - density * sum;
  }
  // The continued fraction of the upper incomplete gamma function (Lentz).
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let f = d;
  for (let k = 1; k < 100_000; k++) {
    const numerator = -k * (k - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    const step = c * d;
    f *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return density * f;
}

/** P(|T| > |t|) of Student's t with `df` > 0 degrees of freedom (not necessarily whole, Infinity allowed). */
export function studentTTwoSided(t: number, df: number): number {
  return exp(logStudentTTwoSided(t, df));
}

/** log P(|T| > |t|) of Student's t; relative error of the probability about 1e-13. */
export function logStudentTTwoSided(t: number, df: number): number {
  if (!(df > 0) || t !== t) return NaN;
  if (t === 0) return 0;
  if (t === Infinity || t === -Infinity) return -Infinity;
  if (df === Infinity) return LN2 + logNormalUpperTail(Math.abs(t));
  const r = (t * t) / df;
  const q = log1p(r);
  if (df >= 50 && q < 0.5) {
    const s = Math.sqrt(df * q);
    const tail = tailSeries(s, df) / tailSeries(0, df);
    return tail > 0.5 ? log(tail * exp(-0.5 * s * s)) : log(tail) - 0.5 * s * s;
  }
  const a = 0.5 * df;
  const logBeta =
    df >= 50 ? log(2 * tailSeries(0, df)) - 0.5 * log(df) : lgamma(a) + 0.5 * log(PI) - lgamma(a + 0.5);
  const logPower = -a * q + 0.5 * (log(r) - q) - logBeta;
  if (1 / (1 + r) < (a + 1) / (a + 2.5)) {
    return logPower - log(a) + log(betaFraction(a, 0.5, 1 / (1 + r)));
  }
  return log1p(-2 * exp(logPower) * betaFraction(0.5, a, r / (1 + r)));
}

/** Taylor coefficients of sqrt(q / (1 - e^-q)). */
const TAIL_TERMS = [
  1, 0.25, 0.010416666666666667, -0.0026041666666666667, -0.00009765625, 5.1540798611111111e-5,
  1.2756024718915344e-6, -1.1100970878802911e-6, -1.9670584004181823e-8, 2.4836319884715678e-8,
  3.3966619960386745e-10, -5.6900718339421876e-10, -6.3372301556671302e-12, 1.3251315155878904e-11,
];

/**
 * With s^2 = df log(1 + t^2/df) the density of t becomes e^(-s^2/2) sqrt(q / (1 - e^-q)) ds, q = s^2/df, up to
 * a constant. This is e^(s^2/2) times its integral from s on, term by term with the moments of the normal tail;
 * for df >= 50, q < 0.5.
 */
function tailSeries(s: number, df: number): number {
  let moment = SQRT_HALF * SQRT_PI * scaledErfc(s * SQRT_HALF);
  let boundary = s;
  let sum = moment;
  for (let k = 1; k < TAIL_TERMS.length; k++) {
    moment = (boundary + (2 * k - 1) * moment) / df;
    boundary *= (s * s) / df;
    sum += TAIL_TERMS[k] * moment;
  }
  return sum;
}

/** The continued fraction of the incomplete beta function: I_x(a, b) = x^a (1-x)^b / (a B(a, b)) times this. */
function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let f = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    f *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    const step = d * c;
    f *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return f;
}
