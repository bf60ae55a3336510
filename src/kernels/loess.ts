/**
 * Local quadratic regression with one predictor, on an interpolated surface: Cleveland and Grosse 1991
 * (doi:10.1007/BF01890836), as used for the mean-variance trend of counts. The range of x is cut at data points
 * until no cell holds more than a fifth of a neighborhood; at each cut a weighted parabola is fitted to the
 * nearest `span * n` points, and its values and slopes are joined by cubics. Fitting at the cuts only makes the
 * cost O(n log n + span n / 0.2), and it defines the result: fits at every point differ in the third digit.
 *
 * Where a neighborhood holds fewer than three different x, the fit drops to a line or a mean (other
 * implementations stop there).
 *
 * @param x length n, finite
 * @param y length n, finite
 * @param span fraction of the points in a neighborhood
 * @returns the fitted value at each x, length n
 */
export function loess(x: Float64Array, y: Float64Array, span: number): Float64Array {
  const n = x.length;
  if (n === 0) return new Float64Array(0);
  const order = Uint32Array.from(x, (_, i) => i).sort((a, b) => x[a] - x[b] || a - b);
  const xs = Float64Array.from(order, (i) => x[i]);
  const ys = Float64Array.from(order, (i) => y[i]);
  const neighbors = Math.max(1, Math.min(n, Math.floor(n * span + 1e-5)));
  const knots = cuts(xs, Math.floor(n * span * 0.2));
  const value = new Float64Array(knots.length);
  const slope = new Float64Array(knots.length);
  for (let k = 0; k < knots.length; k++) [value[k], slope[k]] = fitAt(knots[k], xs, ys, neighbors);

  const fitted = new Float64Array(n);
  let k = 0;
  for (let i = 0; i < n; i++) {
    while (k < knots.length - 2 && xs[i] >= knots[k + 1]) k++;
    const width = knots[k + 1] - knots[k];
    const h = (xs[i] - knots[k]) / width;
    const g = 1 - h;
    fitted[order[i]] =
      g * g * (1 + 2 * h) * value[k] +
      h * h * (3 - 2 * h) * value[k + 1] +
      h * g * (g * slope[k] - h * slope[k + 1]) * width;
  }
  return fitted;
}

/**
 * Where the range of the ascending x is cut: both ends (a little outside) and medians of cells with over `most`
 * points.
 */
function cuts(xs: Float64Array, most: number): Float64Array {
  const n = xs.length;
  const range = Math.max(xs[n - 1] - xs[0], 1e-10 * Math.max(Math.abs(xs[0]), Math.abs(xs[n - 1])) + 1e-30);
  const low = xs[0] - 0.005 * range;
  const high = xs[n - 1] + 0.005 * range;
  const found = [low, high];
  const split = (first: number, last: number, from: number, to: number): void => {
    if (last - first + 1 <= Math.max(most, 1)) return;
    const middle = lastBeforeStep(xs, first, last);
    const cut = xs[middle];
    if (cut === from || cut === to) return;
    found.push(cut);
    split(first, middle, from, cut);
    split(middle + 1, last, cut, to);
  };
  split(0, n - 1, low, high);
  return Float64Array.from(found).sort();
}

/**
 * The index nearest the middle after which x steps up, looking right before left; the middle itself where
 * nothing steps.
 */
function lastBeforeStep(xs: Float64Array, first: number, last: number): number {
  const middle = ((first + last + 2) >> 1) - 1;
  for (
    let offset = 0;
    middle + offset < last && middle + offset >= first;
    offset = offset > 0 ? -offset : 1 - offset
  ) {
    if (xs[middle + offset] !== xs[middle + offset + 1]) return middle + offset;
  }
  return middle;
}

/** Value and slope at z of the parabola fitted to the nearest points with tricube weights. */
function fitAt(z: number, xs: Float64Array, ys: Float64Array, neighbors: number): [number, number] {
  let start = 0;
  let end = xs.length - neighbors;
  while (start < end) {
    const middle = (start + end) >> 1;
    if (z - xs[middle] > xs[middle + neighbors] - z) start = middle + 1;
    else end = middle;
  }
  const reach = Math.max(z - xs[start], xs[start + neighbors - 1] - z);
  const equallyFar = xs.subarray(start, start + neighbors).every((v) => Math.abs(v - z) === reach);
  const columns = [0, 1, 2].map(() => new Float64Array(neighbors));
  const target = new Float64Array(neighbors);
  for (let i = 0; i < neighbors; i++) {
    const u = reach > 0 ? (xs[start + i] - z) / reach : 0;
    const d = Math.abs(u);
    const rest = 1 - d * d * d;
    const root = d < 1 ? rest * Math.sqrt(rest) : equallyFar ? 1 : 0;
    columns[0][i] = root;
    columns[1][i] = root * u;
    columns[2][i] = root * u * u;
    target[i] = root * ys[start + i];
  }
  const [value, slope] = leastSquares(columns, target);
  return [value, reach > 0 ? slope / reach : 0];
}

/**
 * Coefficients of the target in the columns (which are overwritten); a column that adds nothing to those before
 * it gets 0.
 */
function leastSquares(columns: Float64Array[], target: Float64Array): Float64Array {
  const p = columns.length;
  const upper = new Float64Array(p * p);
  const along = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    const before = Math.sqrt(dot(columns[j], columns[j]));
    for (let k = 0; k < j; k++) {
      upper[k * p + j] = dot(columns[k], columns[j]);
      subtract(columns[j], upper[k * p + j], columns[k]);
    }
    const norm = Math.sqrt(dot(columns[j], columns[j]));
    if (norm <= 1e-7 * before) {
      columns[j].fill(0);
      continue;
    }
    upper[j * p + j] = norm;
    for (let i = 0; i < target.length; i++) columns[j][i] /= norm;
    along[j] = dot(columns[j], target);
    subtract(target, along[j], columns[j]);
  }
  const coefficients = new Float64Array(p);
  for (let j = p - 1; j >= 0; j--) {
    if (upper[j * p + j] === 0) continue;
    let rest = along[j];
    for (let k = j + 1; k < p; k++) rest -= upper[j * p + k] * coefficients[k];
    coefficients[j] = rest / upper[j * p + j];
  }
  return coefficients;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function subtract(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i] -= factor * b[i];
}
